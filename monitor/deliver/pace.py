"""How fast messages may follow one another."""

from __future__ import annotations

__all__ = ["Pace"]


class Pace:
    """One message in so many seconds sustained, after a short burst: what a service allows (promise D10).

    Args:
        interval_s: between two messages once the burst is used up, in seconds.
        burst: messages that may go at once.
    """

    def __init__(self, *, interval_s: float = 1.0, burst: int = 5) -> None:
        self._interval_s = interval_s
        self._ahead_s = (burst - 1) * interval_s
        self._due_s = 0.0

    def reserve(self, now_s: float) -> float:
        """Take the next slot, and return how long to wait for it, in seconds.

        >>> pace = Pace(burst=2)
        >>> [pace.reserve(100.0) for _ in range(4)]
        [0.0, 0.0, 1.0, 2.0]
        """
        due_s = max(self._due_s, now_s)
        self._due_s = due_s + self._interval_s
        return max(0.0, due_s - now_s - self._ahead_s)
