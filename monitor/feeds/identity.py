"""What identifies an entry inside its document (promise I1)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.feeds.traces import date_key, digest, trace_of
from monitor.links import link_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.feeds.traces import Trace
    from monitor.model import Entry

__all__ = ["address_keys", "identified"]

_LONGEST: Final = 500


def identified(entries: Sequence[Entry], *, home: str | None, others: Sequence[Trace] = ()) -> tuple[Entry, ...]:
    """Return the entries with their keys, each once: listed again with the same guid, link and title, it is the same.

    A guid that several entries of the document carry is no identity, nor is such a link, nor the feed's own home page.
    An entry without a link of its own is known by its title and date, too: its guid may change at each fetch. One with
    neither guid nor link is known by what it says.

    Args:
        entries: the document's.
        home: the feed's own link, or None.
        others: of the same document, those that were in the last one too; they are not returned.
    """
    once = _once([*((None, other) for other in others), *((entry, trace_of(entry)) for entry in entries)])
    counts = _Counts(
        guids=Counter(trace.guid for _, trace in once),
        links=Counter(trace.link for _, trace in once),
        dates=Counter(trace.date for _, trace in once),
    )
    if home:
        counts.links[digest(link_key(home))] += len(once) + 1
    return tuple(replace(entry, keys=tuple(_keys(entry, trace, counts))) for entry, trace in once if entry is not None)


def address_keys(url: str) -> tuple[str, ...]:
    """Return the keys that entries with this address may have: as a link, or as a guid.

    >>> address_keys("https://www.gazette.example/une?utm_source=rss")
    ('l:gazette.example/une', 'g:https://www.gazette.example/une?utm_source=rss')
    """
    return f"l:{_short(link_key(url))}", f"g:{_short(url)}"


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many entries of a document share each guid, link, and title with date."""

    guids: Counter[bytes]
    links: Counter[bytes]
    dates: Counter[bytes]


def _once(pairs: Sequence[tuple[Entry | None, Trace]]) -> list[tuple[Entry | None, Trace]]:
    seen: set[bytes] = set()
    once = []
    for entry, trace in pairs:
        if trace.name not in seen or not trace.is_named:
            once.append((entry, trace))
        seen.add(trace.name)
    return once


def _keys(entry: Entry, trace: Trace, counts: _Counts) -> Iterator[str]:
    """Yield the main key, where there is one, and the key of the link or what stands in for it."""
    has_guid = entry.guid is not None and counts.guids[trace.guid] == 1
    if has_guid:
        yield f"g:{_short(entry.guid or '')}"
    if entry.link and counts.links[trace.link] == 1:
        yield f"l:{_short(link_key(entry.link))}"
        return
    if not has_guid:
        yield f"h:{_digest(entry.guid, entry.title, entry.summary)}"
    date = date_key(entry)
    if date and counts.dates[trace.date] == 1:
        yield date


def _short(identity: str) -> str:
    return identity if len(identity) <= _LONGEST else "sha256:" + hashlib.sha256(identity.encode()).hexdigest()


def _digest(*said: str | None) -> str:
    return hashlib.sha256("\x1f".join(part or "" for part in said).encode()).hexdigest()
