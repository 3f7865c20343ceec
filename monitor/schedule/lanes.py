"""Two lanes: what is slow, large or failing waits with its like, so that healthy hosts never queue behind it (R4).

The fast lane lets a document take little, in time, bytes and CPU. One that needs more is given up there and read in the
slow lane, where few are read at once. So a hundred hostile feeds delay no healthy one, nor do hostile pages, and what
large bodies take in memory is bounded too (promise R5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import Lane, PollResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.errors import ExternalError
    from monitor.model import PollOutcome

__all__ = ["FEED_LIMITS", "PAGE_LIMITS", "Limits", "is_heavy", "lane_of", "slows_its_host", "wants_slow_lane"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may take: bytes of its body, seconds until all of it is there, CPU seconds to read it."""

    max_bytes: int
    deadline_s: float
    cpu_s: float


FEED_LIMITS = {Lane.FAST: Limits(2_000_000, 10.0, 1.0), Lane.SLOW: Limits(10_000_000, 30.0, 5.0)}
# An alert that title and summary owe waits for the page (promise I7): less time than for a feed.
PAGE_LIMITS = {Lane.FAST: Limits(2_000_000, 5.0, 1.0), Lane.SLOW: Limits(5_000_000, 15.0, 5.0)}

_TOO_MUCH = frozenset(
    {
        *(Reason.TOO_LARGE, Reason.TIMEOUT, Reason.INTERRUPTED),
        *(Reason.WORKER_CPU, Reason.WORKER_MEMORY, Reason.WORKER_CRASHED),
    }
)
_OF_PAGE = frozenset({Reason.TOO_LARGE, Reason.INTERRUPTED})


def wants_slow_lane(lane: Lane, error: ExternalError) -> bool:
    """Return whether what failed in this lane may have failed only because the lane allows so little."""
    no_robots = error.reason is Reason.ROBOTS and error.retryable  # robots.txt did not come in time
    return lane is Lane.FAST and (error.reason in _TOO_MUCH or no_robots)


def slows_its_host(reason: Reason) -> bool:
    """Return whether other pages of a host would take too much of the fast lane as well.

    One that is too large costs little to give up, and says nothing of the others; nor does one that was being read
    whenever the daemon was killed.
    """
    return reason not in _OF_PAGE


def is_heavy(*, body_bytes: int, cpu_s: float) -> bool:
    """Return whether a feed of this size, that took this long to read, is too much for the fast lane."""
    fast = FEED_LIMITS[Lane.FAST]
    return body_bytes > fast.max_bytes or cpu_s > fast.cpu_s


def lane_of(outcomes: Sequence[PollOutcome]) -> Lane:
    """Return the lane a host belongs in after these polls."""
    return Lane.SLOW if any(map(_is_slow, outcomes)) else Lane.FAST


def _is_slow(outcome: PollOutcome) -> bool:
    took_long = outcome.fetched_in_s > FEED_LIMITS[Lane.FAST].deadline_s
    return outcome.kind is PollResult.FAILED or took_long or outcome.is_heavy
