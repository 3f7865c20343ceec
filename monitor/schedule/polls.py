"""When a feed is polled next: by its own rhythm, within what settings and the site allow (promises P1, P2, P7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import Hints, PollResult
from monitor.rhythm import expected, is_known, is_learnt, rates

if TYPE_CHECKING:
    from monitor.model import FeedState, PollOutcome
    from monitor.rhythm import Rhythm

__all__ = ["next_check", "wants_unconditional"]

# A feed with one entry an hour is polled at this interval, one with `rate` entries an hour at this / rate ** root. Of
# all ways to spend as many requests, the square root makes the mean delay least (by Lagrange: a feed's entries wait
# rate * interval / 2 an hour and cost 1 / interval); a little less than it is kinder to feeds with few, and makes the
# longest delays shorter at the same mean. `benchmarks/week.py` finds fewer requests and shorter delays than every
# fifteen minutes, both with room to spare.
_PACE_S = 700.0
_ROOT = 0.4
# A rate that was learnt is doubted as long as nothing comes: after this many entries that were expected and did not
# come it is halved, so that a holiday or a dead feed is not polled as if it were an ordinary day.
_DOUBT = 6.0
_LONGEST_DOUBT = timedelta(hours=12)  # it is walked hour by hour, at each poll

_UNREADABLE = frozenset(
    {Reason.EMPTY, Reason.ENCODING, Reason.MALFORMED, Reason.WORKER_CPU, Reason.WORKER_CRASHED, Reason.WORKER_MEMORY}
)

_CHANGED = 0.5  # while a rhythm is not known: the next interval of a feed whose document changed, against its last
_RESTED = 1.5  # and of one whose document did not
_JITTER = 0.1  # intervals are spread by this share of themselves
_MAX_DOUBLINGS = 32
_FAILING_CEILING_S = 6 * 3600.0
_DAY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


def next_check(
    state: FeedState,
    outcome: PollOutcome,
    now: datetime,
    *,
    poll_min_s: float,
    poll_max_s: float,
    max_age_s: float | None = None,
    retry_after: timedelta | None = None,
    gap: bool = False,
    jitter: float = 0.5,
) -> datetime | None:
    """Return when a feed is polled next.

    A feed whose rhythm is known is polled often in the hours of the week in which it brings much, and seldom in the
    others. Until then the interval is halved while its document changes and grows while it rests.

    Args:
        state: the feed before this poll.
        outcome: what this poll gave.
        now: the present instant, in UTC.
        poll_min_s: shortest interval, in seconds.
        poll_max_s: longest interval of a healthy feed, in seconds. A failing one waits up to six hours, or this. Where
            the feed says that it skips hours or days, they are waited for, a day at most.
        max_age_s: how long the answer stays fresh (Cache-Control, Expires); like `ttl` it only lengthens, up to
            `poll_max_s`.
        retry_after: how long the site asked us to wait; obeyed over every ceiling, up to a day.
        gap: whether this poll shared no entry with the one before: it came too late, and the next is as soon as may be.
        jitter: a number in [0, 1) that spreads feeds apart; 0.5 leaves the interval as it is.

    Returns:
        An instant at least `poll_min_s` after `now`, or None for a feed that is gone (410) from where it was declared.
    """
    if outcome.reason is Reason.GONE and state.polled_url is None:
        return None
    failed = outcome.kind is PollResult.FAILED
    if failed:
        ceiling_s = max(poll_max_s, _FAILING_CEILING_S)
        wait_s = poll_min_s * 2.0 ** min(state.failures, _MAX_DOUBLINGS)
    else:
        ceiling_s = poll_max_s
        wait_s = (
            0.0
            if gap
            else max(_wanted_s(state, outcome, now, poll_max_s), max_age_s or 0.0, outcome.hints.ttl_s or 0.0)
        )
    wait_s = _clamp(wait_s, poll_min_s, ceiling_s)
    wait_s = _clamp(wait_s * (1 + _JITTER * (jitter - 0.5)), poll_min_s, ceiling_s)
    if retry_after is not None:
        wait_s = max(wait_s, min(retry_after.total_seconds(), _DAY_S))
    at = now + timedelta(seconds=wait_s)
    if failed:
        return at
    after = _after_skipped(at, outcome.hints, state.rhythm)
    return at if after == at else after + timedelta(seconds=poll_min_s * jitter)


def wants_unconditional(state: FeedState, now: datetime) -> bool:
    """Return whether to ask for the whole document even though we have validators: once a day, in case they lie.

    Each feed has its own moment of the day, so that they do not all ask at midnight; the poll after that moment asks,
    and so do the following ones until one succeeds. So does each poll after a document that could not be read: our
    validators are of the one before it, and that it is still that one would be no answer.

    Args:
        state: the feed before this poll.
        now: the present instant, in UTC.
    """
    if state.last_ok_at is None or state.last_reason in _UNREADABLE:
        return True
    return _day_of(state, now) > _day_of(state, state.last_ok_at)


def _wanted_s(state: FeedState, outcome: PollOutcome, now: datetime, poll_max_s: float) -> float:
    """Return the interval that the feed itself calls for, in seconds."""
    rhythm = state.rhythm
    if rhythm is not None and is_known(rhythm, now):
        return _paced_s(rhythm, now, poll_max_s)
    factor = _CHANGED if outcome.kind is PollResult.PARSED else _RESTED
    # What the syndication module says is the software's default (WordPress: hourly) more often than a fact: it counts
    # only while nothing better is known.
    return max((state.interval_s or 0.0) * factor, outcome.hints.period_s or 0.0)


def _paced_s(rhythm: Rhythm, now: datetime, poll_max_s: float) -> float:
    """Return after how many seconds as much of the pace is walked as one poll is worth; `poll_max_s` at most.

    Hour by hour: an interval that begins in a quiet one ends early in a busy one.
    """
    doubt = 1 / (1 + _missing(rhythm, now) / _DOUBT)
    left, waited_s = 1.0, 0.0
    for hours, rate in rates(rhythm, now, now + timedelta(seconds=poll_max_s)):
        pace: float = (rate * doubt) ** _ROOT / _PACE_S
        span_s = hours * 3600
        if pace * span_s >= left:
            return waited_s + left / pace
        left -= pace * span_s
        waited_s += span_s
    return poll_max_s


def _missing(rhythm: Rhythm, now: datetime) -> float:
    """Return how many entries were expected since the last one."""
    return expected(rhythm, max(rhythm.last_new_at, now - _LONGEST_DOUBT), now)


def _after_skipped(at: datetime, hints: Hints, rhythm: Rhythm | None) -> datetime:
    """Return an instant, or the end of the hours and days that the feed skips, a day later at most.

    Not where it skips all of them, nor where it is known to bring entries in them.
    """
    end, latest = at, at + timedelta(days=1)
    while end < latest and (end.hour in hints.skip_hours or end.weekday() in hints.skip_days):
        end = min(end.replace(minute=0, second=0, microsecond=0) + _HOUR, latest)
    if end != at and rhythm is not None and is_learnt(rhythm, at) and expected(rhythm, at, end) >= 1:
        return at
    return end


def _day_of(state: FeedState, at: datetime) -> int:
    """Return the number of a feed's own day, which begins at a moment drawn from its identity."""
    begins_s = (state.id * 2_654_435_761) % int(_DAY_S)  # Knuth's multiplicative hash
    return int(((at - _EPOCH).total_seconds() - begins_s) // _DAY_S)


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(value, high))
