"""What identifies an entry inside its document (promise I1)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.links import link_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.model import Entry

__all__ = ["address_keys", "identified"]

_LONGEST: Final = 500


def identified(entries: Sequence[Entry], *, home: str | None) -> tuple[Entry, ...]:
    """Return the entries with their keys, each once: listed again with the same guid, link and title, it is the same.

    A guid that several entries of the document carry is no identity, nor is such a link, nor the feed's own home page.
    An entry without a link of its own is known by its title and date, too: its guid may change at each fetch. One with
    neither guid nor link is known by what it says.

    Args:
        entries: the document's.
        home: the feed's own link, or None.
    """
    once = _once(entries)
    guids = Counter(entry.guid for entry in once)
    links = Counter(link_key(entry.link) for entry in once if entry.link)
    dates = Counter(_dated(entry) for entry in once)
    if home:
        links[link_key(home)] += len(once) + 1
    return tuple(replace(entry, keys=tuple(_keys(entry, guids, links, dates))) for entry in once)


def address_keys(url: str) -> tuple[str, ...]:
    """Return the keys that entries with this address may have: as a link, or as a guid.

    >>> address_keys("https://www.gazette.example/une?utm_source=rss")
    ('l:gazette.example/une', 'g:https://www.gazette.example/une?utm_source=rss')
    """
    return f"l:{_short(link_key(url))}", f"g:{_short(url)}"


def _once(entries: Sequence[Entry]) -> list[Entry]:
    seen: set[tuple[str | None, ...]] = set()
    once = []
    for entry in entries:
        named = (entry.guid, entry.link, entry.title)
        if named not in seen or not (entry.guid or entry.link):
            once.append(entry)
        seen.add(named)
    return once


def _keys(entry: Entry, guids: Counter[str | None], links: Counter[str], dates: Counter[str | None]) -> Iterator[str]:
    """Yield the main key, where there is one, and the key of the link or what stands in for it."""
    has_guid = entry.guid is not None and guids[entry.guid] == 1
    if has_guid:
        yield f"g:{_short(entry.guid or '')}"
    link = link_key(entry.link) if entry.link else None
    if link and links[link] == 1:
        yield f"l:{_short(link)}"
        return
    if not has_guid:
        yield f"h:{_digest(entry.guid, entry.title, entry.summary)}"
    date = _dated(entry)
    if date and dates[date] == 1:
        yield date


def _dated(entry: Entry) -> str | None:
    """Return the key of an entry's title and date, or None without a date."""
    return f"d:{_digest(entry.title, entry.published_at.isoformat())}" if entry.published_at else None


def _short(identity: str) -> str:
    return identity if len(identity) <= _LONGEST else "sha256:" + hashlib.sha256(identity.encode()).hexdigest()


def _digest(*said: str | None) -> str:
    return hashlib.sha256("\x1f".join(part or "" for part in said).encode()).hexdigest()
