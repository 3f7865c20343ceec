"""What a feed's last document held, so that only what is new in the next one is parsed.

Parsing is most of what a poll costs, and most of a document was in the last one, byte for byte. Such an entry was
stored or judged then, so nothing of it is needed but what tells the others apart: whether they share its guid, its
link, its date. That is kept as short digests, 32 bytes for an entry.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.links import link_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.model import Entry

__all__ = [
    "MOST_TRACES",
    "TRACE_BYTES",
    "Trace",
    "date_key",
    "digest",
    "listed",
    "packed",
    "source_of",
    "trace_of",
    "unpacked",
]

MOST_TRACES: Final = 300
"""Entries of a document that are remembered; those after them are parsed each time."""

_SOURCE: Final = 8
_NAME: Final = 6
TRACE_BYTES: Final = _SOURCE + 4 * _NAME
_NOTHING: Final = bytes(_NAME)


@dataclass(frozen=True, slots=True)
class Trace:
    """What identifies an entry, as digests; of nothing, nothing."""

    guid: bytes
    link: bytes
    date: bytes  # title and date
    name: bytes  # guid, link and title

    @property
    def is_named(self) -> bool:
        """Whether it has a guid or a link."""
        return self.guid != _NOTHING or self.link != _NOTHING


def trace_of(entry: Entry) -> Trace:
    """Return an entry's trace."""
    return Trace(
        guid=digest(entry.guid),
        link=digest(link_key(entry.link) if entry.link else None),
        date=digest(date_key(entry)),
        name=digest(f"{entry.guid}\x1f{entry.link}\x1f{entry.title}"),
    )


def date_key(entry: Entry) -> str | None:
    """Return the key of an entry's title and date, or None without a date."""
    if entry.published_at is None:
        return None
    said = f"{entry.title}\x1f{entry.published_at.isoformat()}"
    return f"d:{hashlib.sha256(said.encode()).hexdigest()}"


def source_of(text: str) -> bytes:
    """Return a digest of an entry as it is written."""
    return hashlib.sha256(text.encode()).digest()[:_SOURCE]


def packed(traces: Iterable[tuple[bytes, Trace]]) -> bytes:
    """Return traces, each with its source's digest, as the store keeps them."""
    return b"".join(source + one.guid + one.link + one.date + one.name for source, one in traces)


def listed(entries: Sequence[Entry]) -> bytes:
    """Return traces of entries of a document that is read whole each time: by them is told which left it."""
    return packed((source_of(str(place)), trace_of(entry)) for place, entry in enumerate(entries[:MOST_TRACES]))


def unpacked(memory: bytes) -> Mapping[bytes, Trace]:
    """Return traces by their source's digest."""
    rows = (memory[at : at + TRACE_BYTES] for at in range(0, len(memory), TRACE_BYTES))
    return {row[:_SOURCE]: Trace(*(row[at : at + _NAME] for at in range(_SOURCE, TRACE_BYTES, _NAME))) for row in rows}


def digest(text: str | None) -> bytes:
    """Return a short digest of what identifies an entry; of nothing, nothing."""
    return hashlib.sha256(text.encode()).digest()[:_NAME] if text is not None else _NOTHING
