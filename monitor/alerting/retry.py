"""When a delivery is tried again (promise D7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ATTEMPTS", "after_interruptions", "next_attempt"]

_MINUTE, _HOUR = 60, 3600
# Standard Webhooks 1.0.0, "Delivery success and failure": the waits after each failed attempt, in seconds.
_WAITS_S = (5, 5 * _MINUTE, 30 * _MINUTE, *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)))
ATTEMPTS = 1 + len(_WAITS_S)
_JITTER = 0.1
_RETRY_AFTER_CAP = timedelta(days=1)

# A message whose sending ends the daemon each time is left alone for ever longer, and given up within a day or so.
_INTERRUPTED_OFTEN = 2
_INTERRUPTED_FOR_GOOD = 40
_INTERRUPTED_MOST_S = _HOUR


def next_attempt(
    attempts: int,
    *,
    now: datetime,
    first_s: float = _WAITS_S[0],
    max_s: float = 86400,
    jitter: float = 0.0,
    retry_after: timedelta | None = None,
) -> datetime | None:
    """Return when to try again after a failure that may pass, or None once every attempt was made.

    Args:
        attempts: attempts made so far, at least 1.
        now: the present instant, UTC.
        first_s: the first wait, in seconds; scales the whole schedule.
        max_s: the longest wait, in seconds, before jitter.
        jitter: a random draw, 0 to 1; lengthens the wait by up to a tenth, never shortens it.
        retry_after: what the other side asked for; wins when longer, up to a day.

    >>> from datetime import UTC, datetime
    >>> next_attempt(2, now=datetime(2024, 5, 16, 5, 0, tzinfo=UTC)).isoformat()
    '2024-05-16T05:05:00+00:00'
    """
    if attempts >= ATTEMPTS:
        return None
    wait_s = min(_WAITS_S[attempts - 1] * first_s / _WAITS_S[0], max_s) * (1 + _JITTER * jitter)
    return now + max(timedelta(seconds=wait_s), min(retry_after or timedelta(), _RETRY_AFTER_CAP))


def after_interruptions(count: int) -> timedelta | None:
    """Return how long a message waits whose attempts ended with the daemon, so many in a row; None: it is given up.

    Once is what any kill does. More often, the message itself may be to blame: those behind it go first.

    >>> [after_interruptions(count) for count in (1, 2, 3, 40)]
    [datetime.timedelta(0), datetime.timedelta(seconds=1), datetime.timedelta(seconds=2), None]
    """
    if count < _INTERRUPTED_OFTEN:
        return timedelta()
    if count >= _INTERRUPTED_FOR_GOOD:
        return None
    return timedelta(seconds=min(2 ** (count - _INTERRUPTED_OFTEN), _INTERRUPTED_MOST_S))
