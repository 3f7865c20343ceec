"""A feed's rhythm: how many new entries it brings in each hour of the week, learnt and forgotten over some four weeks.

Hours are those of French clocks: newsrooms keep to the one on their wall, and what is learnt by UTC would come an hour
late or early for weeks after each change of it. The hours of a span are walked in UTC, so that the nights on which
clocks change need no care: their local hour comes twice, or not at all.

Pure, and cheap: a poll that brings nothing reads a few of the 168 numbers and writes none.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = [
    "Rhythm",
    "arrived_at",
    "begin",
    "expected",
    "is_known",
    "is_learnt",
    "is_quiet",
    "learn",
    "pack",
    "rates",
    "unpack",
]

_ZONE: Final = "Europe/Paris"
_HOURS: Final = 168
_DAY_H: Final = 24
_WEEKEND_H: Final = 5 * _DAY_H
_HOUR: Final = timedelta(hours=1)
_WEEK: Final = timedelta(weeks=1)
_MEMORY_H: Final = 4 * _HOURS  # what is this old weighs 1/e
_FADED: Final = tuple(math.exp(-ago_h / _MEMORY_H) for ago_h in range(_HOURS))
_SEEN: Final = tuple((1 - math.exp(-weeks / 4)) / (1 - math.exp(-1 / 4)) for weeks in range(53))

# An hour of the week is believed as if these hours at the rate of its like had been seen too: the same hour on other
# working days, or of the weekend; and these as if at the rate of the whole week.
_LIKE_H: Final = 2.0
_WEEK_H: Final = 2.0

_MOST_KNOWN: Final = timedelta(days=14)  # that a first document teaches
_LEAST_KNOWN: Final = 5  # entries of it
_KNOWN: Final = timedelta(hours=6)
_LISTED_LATE: Final = timedelta(hours=1)  # after publication

# Days are unlike: on a holiday a newsroom brings a third of what it does otherwise. That is a rate which is itself
# drawn (gamma of this shape, so that counts are negative binomial), and none of E expected is as likely as
# (1 + E / shape) ** -shape. With these two, a feed is quiet when some eleven entries are missing.
_EVENNESS: Final = 6.0
_UNLIKELY: Final = 0.002
_LEAST_SILENCE: Final = timedelta(hours=6)
_MISSING: Final = _EVENNESS * (_UNLIKELY ** (-1 / _EVENNESS) - 1)
_MOST_UNEVEN: Final = 7
_LONGEST_LOOK: Final = timedelta(weeks=26)

_FORM: Final = struct.Struct(f"<dd{_HOURS}f")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """New entries in each hour of the week, from Monday's first, the older the less they count."""

    since: datetime  # from when on it is known what came
    last_new_at: datetime  # when the last one came; `counts` are as of then
    counts: tuple[float, ...]  # each entry weighs exp(-age / 4 weeks)


def begin(published_at: Sequence[datetime], now: datetime) -> Rhythm:
    """Return what the dates of a feed's first document teach, the last two weeks of it at most.

    The oldest tenth is left out: some feeds keep a few old entries in view.

    Args:
        published_at: the dates of its entries, in any order, without those that have none.
        now: the present instant.
    """
    dates = sorted(date for date in published_at if date <= now)
    if len(dates) < _LEAST_KNOWN:
        return Rhythm(now, now, (0.0,) * _HOURS)
    since = max(dates[len(dates) // 10], now - _MOST_KNOWN)
    empty = Rhythm(since, max(since, dates[-1]), (0.0,) * _HOURS)
    return learn(empty, [date for date in dates if date > since])


def arrived_at(published_at: datetime | None, *, last_ok_at: datetime | None, now: datetime) -> datetime:
    """Return when an entry that is new to us came: when it was published where that is plausible, else now.

    An entry that the feed did not list at `last_ok_at` came after it, whatever it says.

    Args:
        published_at: what the entry says.
        last_ok_at: when the feed was last polled with success.
        now: the present instant.
    """
    if published_at is None or last_ok_at is None or not last_ok_at - _LISTED_LATE <= published_at <= now:
        return now
    return published_at


def learn(rhythm: Rhythm, new_entries_at: Sequence[datetime]) -> Rhythm:
    """Return the rhythm with some new entries in it.

    Args:
        rhythm: what was known before.
        new_entries_at: when they came.
    """
    if not new_entries_at:
        return rhythm
    last = max(rhythm.last_new_at, *new_entries_at)
    faded = math.exp(-_hours(last - rhythm.last_new_at) / _MEMORY_H)
    counts = [count * faded for count in rhythm.counts]
    for at in new_entries_at:
        counts[_hour_of_week(at)] += math.exp(-_hours(last - at) / _MEMORY_H)
    return Rhythm(rhythm.since, last, tuple(counts))


def is_known(rhythm: Rhythm | None, now: datetime) -> bool:
    """Return whether a rhythm is good enough to poll by: six hours of it, most often from the feed's first document.

    An hour of the week that was never seen is taken for one like those that were.
    """
    return rhythm is not None and now - rhythm.since >= _KNOWN


def is_learnt(rhythm: Rhythm | None, now: datetime) -> bool:
    """Return whether each hour of the week was seen at least once."""
    return rhythm is not None and now - rhythm.since >= _WEEK


def rates(rhythm: Rhythm, start: datetime, end: datetime) -> Iterator[tuple[float, float]]:
    """Yield the hours of a span, the first and last of them in part: how long, in hours, and the entries an hour.

    They are what was expected when the last entry came.
    """
    reading = _Reading(rhythm)
    while start < end:
        until = min(end, start.replace(minute=0, second=0, microsecond=0) + _HOUR)
        yield _hours(until - start), reading.rate(_hour_of_week(start))
        start = until


def expected(rhythm: Rhythm, start: datetime, end: datetime) -> float:
    """Return how many entries are expected in a span, as far as was known when the last one came."""
    return sum(hours * rate for hours, rate in rates(rhythm, start, end))


def is_quiet(rhythm: Rhythm | None, last_new_at: datetime, now: datetime) -> bool:
    """Return whether a feed that brought nothing new since an instant is quieter than its rhythm.

    Never for one that is not learnt yet, nor in the first six hours. To be on the safe side, days differ: it takes
    some eleven entries that were expected and did not come. That is half a day for a daily's feed in the week, more
    over a night or a weekend on which it rests, eleven days for a feed with an entry a day.

    Args:
        rhythm: as learnt; None: nothing is known.
        last_new_at: when the last new entry came (`rhythm.last_new_at`, unless something else is known).
        now: the present instant.
    """
    if rhythm is None or not is_learnt(rhythm, last_new_at) or now - last_new_at < _LEAST_SILENCE:
        return False
    silence = min(now - last_new_at, _LONGEST_LOOK)
    # Most feeds are nowhere near: a day may bring as much as an ordinary week, and still too little would be missing.
    if _Reading(rhythm).week * _hours(silence) * _MOST_UNEVEN < _MISSING:
        return False
    missing = 0.0
    for hours, rate in rates(rhythm, last_new_at, last_new_at + silence):
        missing += hours * rate
        if missing >= _MISSING:
            return True
    return False


def pack(rhythm: Rhythm) -> bytes:
    """Return a rhythm as 688 bytes."""
    return _FORM.pack(rhythm.since.timestamp(), rhythm.last_new_at.timestamp(), *rhythm.counts)


def unpack(packed: bytes) -> Rhythm:
    """Return the rhythm that was packed, its counts to seven digits."""
    since_s, last_new_s, *counts = _FORM.unpack(packed)
    return Rhythm(datetime.fromtimestamp(since_s, UTC), datetime.fromtimestamp(last_new_s, UTC), tuple(counts))


class _Reading:
    """What all hours of one reading of a rhythm share."""

    __slots__ = ("_age_h", "_counts", "_last", "_rates", "week")

    def __init__(self, rhythm: Rhythm) -> None:
        self._counts = rhythm.counts
        self._age_h = _hours(rhythm.last_new_at - rhythm.since)
        self._last = _hour_of_week(rhythm.last_new_at)
        self._rates: dict[int, float] = {}
        self.week = sum(rhythm.counts) / max(_MEMORY_H * (1 - math.exp(-self._age_h / _MEMORY_H)), _DAY_H)

    def rate(self, hour: int) -> float:
        """Return the entries an hour in an hour of the week."""
        if not self.week:
            return 0.0
        if hour not in self._rates:
            self._rates[hour] = self._rate(hour)
        return self._rates[hour]

    def _rate(self, hour: int) -> float:
        """Return what was seen in an hour of the week, drawn to its like and the week."""
        first, days = (hour % _DAY_H, 5) if hour < _WEEKEND_H else (_WEEKEND_H + hour % _DAY_H, 2)
        came, seen_h = self.week * _WEEK_H, _WEEK_H
        for other in range(first, first + days * _DAY_H, _DAY_H):
            came += self._counts[other]
            seen_h += self._seen_h(other)
        return (self._counts[hour] + came / seen_h * _LIKE_H) / (self._seen_h(hour) + _LIKE_H)

    def _seen_h(self, hour: int) -> float:
        """Return how many hours an hour of the week was seen, the older the less."""
        ago_h = (self._last - hour) % _HOURS
        weeks = int((self._age_h - ago_h) // _HOURS) + 1  # 0, where it was not
        return _FADED[ago_h] * _SEEN[min(weeks, len(_SEEN) - 1)] if weeks > 0 else 0.0


def _hour_of_week(at: datetime) -> int:
    local = at.astimezone(_zone())
    return local.weekday() * _DAY_H + local.hour


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


@cache
def _zone() -> ZoneInfo:
    return ZoneInfo(_ZONE)
