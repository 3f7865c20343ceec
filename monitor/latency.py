"""How long an article takes on its way to people: published, seen, read, matched, delivered. Pure.

A leg whose ends are not both known, or not in order, is unknown: a publication date in the future, or one so old that
the article was listed anew, says nothing of how fast anybody was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

__all__ = ["LEGS", "legs", "percentile"]

LEGS = ("published_to_seen", "seen_to_read", "read_to_matched", "matched_to_delivered")

_STALE = timedelta(days=30)  # an article that is older when it is first seen was listed anew


def legs(
    *,
    published_at: datetime | None = None,
    seen_at: datetime | None = None,
    read_at: datetime | None = None,
    matched_at: datetime | None = None,
    delivered_at: datetime | None = None,
) -> dict[str, float]:
    """Return the legs that are known, in seconds and in order.

    Args:
        published_at: as the feed or the page says, UTC; so the others, which are ours.
        seen_at: first listed.
        read_at: its text was there.
        matched_at: rules had judged it, and what to tell was planned.
        delivered_at: a receiver accepted it.

    >>> from datetime import UTC
    >>> at = datetime(2024, 5, 16, 5, 12, tzinfo=UTC)
    >>> legs(published_at=at - timedelta(minutes=14), seen_at=at, read_at=at + timedelta(seconds=27))
    {'published_to_seen': 840.0, 'seen_to_read': 27.0}
    """
    if published_at is not None and seen_at is not None and seen_at - published_at > _STALE:
        published_at = None
    instants = (published_at, seen_at, read_at, matched_at, delivered_at)
    return {
        leg: (end - begin).total_seconds()
        for leg, begin, end in zip(LEGS, instants, instants[1:], strict=False)
        if begin is not None and end is not None and begin <= end
    }


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value that this share of the values does not exceed (nearest rank), or None where there is none.

    Args:
        values: in ascending order.
        share: above 0, at most 1.

    >>> percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.95), percentile([], 0.5)
    (2, 4, None)
    """
    return values[ceil(share * len(values)) - 1] if values else None
