"""Whether articles were missed between two polls of a feed. Pure: what was known before is given.

A feed lists its latest entries; where none of them was known, those that came and went between the two polls were never
seen. It is no gap where the document is short, much shorter than the one before (a list that begins anew each day), cut
short, or says by its dates or titles that what looks new is not: another selection of old articles, or the same ones
under other addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Entry

__all__ = ["Gap", "find_gap", "may_be_gap"]

_LEAST = 3  # entries that a document must hold to tell anything
_SHRUNK = 0.5  # of the document before: a list that begins anew
_LONGEST = timedelta(days=1)  # after it that the feed or veille was away is told already, or known
_LISTED_LATE = timedelta(hours=1)  # after publication
_MOST_OLD = 0.5  # of the dated entries may have been published before the last poll
_MOST_KNOWN = 1 / 3  # of the titles may be known
_MOST_MISSED = 10_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Between which polls articles may have been missed, and how many, where the entries' dates tell their pace."""

    since: datetime
    until: datetime
    missed: int | None


def may_be_gap(new: int, *, known: int, listed_before: int | None, since: datetime, now: datetime) -> bool:
    """Return whether a document looks like a gap by the numbers alone.

    Args:
        new: entries of the document that this feed never had.
        known: those that it had before.
        listed_before: entries of the document before; None: nobody counted.
        since: the last poll that succeeded.
        now: the present instant.
    """
    if known or listed_before is None or not timedelta() < now - since <= _LONGEST:
        return False
    return min(new, listed_before) >= _LEAST and new >= listed_before * _SHRUNK


def find_gap(entries: Sequence[Entry], *, known_titles: int, since: datetime, now: datetime) -> Gap | None:
    """Return the gap before a document that may be one.

    Args:
        entries: the document's, none of which the feed had before.
        known_titles: how many of them bear a title that the feed had before.
        since: the last poll that succeeded.
        now: the present instant.
    """
    dates = sorted(entry.published_at for entry in entries if entry.published_at is not None)
    old = sum(date < since - _LISTED_LATE for date in dates)
    if old > len(dates) * _MOST_OLD or known_titles > len(entries) * _MOST_KNOWN:
        return None
    return Gap(since, now, _missed([date for date in dates if since < date <= now], since))


def _missed(dates: Sequence[datetime], since: datetime) -> int | None:
    """Return how many entries came before the first of these dates, if they came as fast as these did."""
    span_s = (dates[-1] - dates[0]).total_seconds() if dates else 0.0
    if len(dates) < _LEAST or span_s <= 0:
        return None
    hole_s = (dates[0] - since).total_seconds()
    return min(_MOST_MISSED, max(1, round((len(dates) - 1) * hole_s / span_s)))
