"""The interval of a feed: shorter while it changes, longer while it rests, doubled while it fails (promise P7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import PollResult

if TYPE_CHECKING:
    from monitor.model import FeedState, PollOutcome

__all__ = ["next_check", "wants_unconditional"]

_CHANGED = 0.5  # the next interval of a feed whose document changed, against its last
_RESTED = 1.5  # and of one whose document did not
_JITTER = 0.1  # intervals are spread by this share of themselves
_MAX_DOUBLINGS = 32
_FAILING_CEILING_S = 6 * 3600.0
_DAY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_check(
    state: FeedState,
    outcome: PollOutcome,
    now: datetime,
    *,
    poll_min_s: float,
    poll_max_s: float,
    hint_s: float | None = None,
    retry_after: timedelta | None = None,
    jitter: float = 0.5,
) -> datetime | None:
    """Return when a feed is polled next.

    Args:
        state: the feed before this poll.
        outcome: what this poll gave.
        now: the present instant, in UTC.
        poll_min_s: shortest interval, in seconds.
        poll_max_s: longest interval of a healthy feed, in seconds. A failing one waits up to six hours, or this.
        hint_s: how long the feed says it stays the same (max-age, ttl); only lengthens, up to `poll_max_s`.
        retry_after: how long the site asked us to wait; obeyed over every ceiling, up to a day.
        jitter: a number in [0, 1) that spreads feeds apart; 0.5 leaves the interval as it is.

    Returns:
        An instant at least `poll_min_s` after `now`, or None for a feed that is gone (410).
    """
    if outcome.reason is Reason.GONE:
        return None
    if outcome.kind is PollResult.FAILED:
        ceiling_s = max(poll_max_s, _FAILING_CEILING_S)
        wait_s = poll_min_s * 2.0 ** min(state.failures, _MAX_DOUBLINGS)
    else:
        ceiling_s = poll_max_s
        factor = _CHANGED if outcome.kind is PollResult.PARSED else _RESTED
        wait_s = max((state.interval_s or 0.0) * factor, hint_s or 0.0)
    wait_s = _clamp(wait_s, poll_min_s, ceiling_s)
    wait_s = _clamp(wait_s * (1 + _JITTER * (jitter - 0.5)), poll_min_s, ceiling_s)
    if retry_after is not None:
        wait_s = max(wait_s, min(retry_after.total_seconds(), _DAY_S))
    return now + timedelta(seconds=wait_s)


def wants_unconditional(state: FeedState, now: datetime) -> bool:
    """Return whether to ask for the whole document even though we have validators: once a day, in case they lie.

    Each feed has its own moment of the day, so that they do not all ask at midnight; the poll after that moment asks,
    and so do the following ones until one succeeds.

    Args:
        state: the feed before this poll.
        now: the present instant, in UTC.
    """
    return state.last_ok_at is None or _day_of(state, now) > _day_of(state, state.last_ok_at)


def _day_of(state: FeedState, at: datetime) -> int:
    """Return the number of a feed's own day, which begins at a moment drawn from its identity."""
    begins_s = (state.id * 2_654_435_761) % int(_DAY_S)  # Knuth's multiplicative hash
    return int(((at - _EPOCH).total_seconds() - begins_s) // _DAY_S)


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(value, high))
