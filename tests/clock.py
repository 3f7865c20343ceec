"""A clock for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.clock import SystemClock


@dataclass
class ManualClock:
    """A clock that moves when told."""

    at: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        """Let some seconds pass; a negative number sets the clock back."""
        self.at += timedelta(seconds=seconds)


@dataclass
class ShiftedClock(ManualClock):
    """The machine's clock, set forward or back when told."""

    shift: timedelta = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.shift

    def pass_s(self, seconds: float) -> None:
        self.shift += timedelta(seconds=seconds)
