"""Entries that left a document early: those around them are still listed. They may have been withdrawn."""

from __future__ import annotations

from monitor.feeds.traces import digest, unpacked
from monitor.links import link_key

__all__ = ["left_out", "names"]


def left_out(before: bytes, after: bytes) -> frozenset[bytes]:
    """Return the names of the entries that a document no longer holds, though it holds one that stood after them.

    What stood last slides off the end: nothing is known of it.

    Args:
        before: traces of the last document, in its order.
        after: traces of this one; none where it was not read so.
    """
    held = {name for trace in unpacked(after).values() for name in (trace.guid, trace.link)} - {digest(None)}
    old = [{trace.guid, trace.link} - {digest(None)} for trace in unpacked(before).values()]
    last = max((place for place, one in enumerate(old) if one & held), default=0)
    return frozenset(name for one in old[:last] if not one & held for name in one)


def names(guid: str | None, link: str | None) -> frozenset[bytes]:
    """Return the names of an entry, as its traces have them."""
    return frozenset((digest(guid), digest(link_key(link) if link else None))) - {digest(None)}
