"""Which entries of a document are new (promise I1). Pure: the rows that may be the same are given.

- Same guid in this feed: seen, unless both link and title differ from what was stored under it (a guid used again).
- Same link in this feed: seen, whatever the guid (one that changes at each fetch makes no new article). Without a link
  of its own, same title and date.
- Same link, title and summary in another feed, read or to be read there: the same article, listed twice. Under other
  words it is read here too.
- Neither guid nor link: a hash, inside the feed only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor.model import Entry

__all__ = ["Fresh", "Seen", "Sorted", "is_link", "keys_of", "sort_entries"]

_MAIN = ("g:", "h:")  # of a guid, of what is said
_SECOND = ("l:", "d:")  # of a link, of title and date


@dataclass(frozen=True, slots=True)
class Seen:
    """What identifies an entry that was seen before."""

    id: int | None  # None: earlier in the same document
    main_key: str | None
    link_key: str | None
    link: str | None
    title: str
    summary: str
    withheld: bool = False  # of its texts only the title is kept, so nothing can be said of changes in the others
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """An entry that this feed never had."""

    entry: Entry
    main_key: str | None
    link_key: str | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The entries of a document: never seen here, changed since they were seen (with their id), and how many seen.

    `known` counts those that the document itself repeats, `stored` does not. An entry that the document lists twice in
    different words is not known to have changed.
    """

    fresh: tuple[Fresh, ...]
    changed: tuple[tuple[int, Entry], ...]
    known: int
    stored: int


def keys_of(entry: Entry) -> tuple[str | None, str | None]:
    """Return an entry's main key (guid or hash) and its link key (link, or title and date)."""
    main_key = next((key for key in entry.keys if key.startswith(_MAIN)), None)
    link_key = next((key for key in entry.keys if key.startswith(_SECOND)), None)
    return main_key, link_key


def is_link(key: str | None) -> bool:
    """Tell whether a link key is one of a link, which other feeds may list too."""
    return key is not None and key.startswith("l:")


def sort_entries(entries: Sequence[Entry], seen: Iterable[Seen]) -> Sorted:
    """Tell new entries from seen ones.

    Args:
        entries: the document's, in its order.
        seen: this feed's entries that share a key with them, oldest first: the last holder of a guid wins.
    """
    by_main: dict[str | None, list[Seen]] = {}  # a guid may have had several holders
    by_link: dict[str | None, Seen] = {}

    def remember(known: Seen) -> None:
        by_main.setdefault(known.main_key, []).append(known)
        by_link.setdefault(known.link_key, known)

    for known in seen:
        remember(known)
    fresh: list[Fresh] = []
    changed: list[tuple[int, Entry]] = []
    stored = 0
    listed: Counter[int] = Counter()
    for entry in entries:
        main_key, link_key = keys_of(entry)
        holders = by_main.get(main_key, []) if main_key else []
        same = _same(entry, holders, by_link.get(link_key) if link_key else None)
        if same is None:
            fresh.append(Fresh(entry, main_key, link_key))
            remember(Seen(None, main_key, link_key, entry.link, entry.title, entry.summary))
        elif same.id is not None:
            stored += 1
            listed[same.id] += 1
            if _has_changed(same, entry):
                changed.append((same.id, entry))
    once = tuple((id_, entry) for id_, entry in changed if listed[id_] == 1)
    return Sorted(tuple(fresh), once, len(entries) - len(fresh), stored)


def _has_changed(seen: Seen, entry: Entry) -> bool:
    if seen.withheld:
        return seen.title != entry.title
    is_newer = seen.updated_at is not None and entry.updated_at is not None and entry.updated_at > seen.updated_at
    return is_newer or (seen.title, seen.summary) != (entry.title, entry.summary)


def _same(entry: Entry, holders: Sequence[Seen], by_link: Seen | None) -> Seen | None:
    alike = (holder for holder in reversed(holders) if entry.link == holder.link or entry.title == holder.title)
    return next(alike, by_link)
