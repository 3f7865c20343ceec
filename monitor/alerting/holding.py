"""When a message may leave: at once, or later, and why.

A route says in what manner it tells: at set times only, not at night, a while after the first, not too often. What may
not leave now is held, with the reason; nothing is dropped (issue of every reader of feeds: quiet hours that lose news).
The reasons are asked in this order: digest, quiet hours, group_wait, cooldown or growth, budget.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from monitor.alerting.matchers import facts_of
from monitor.model import Held, History, NotificationReason, Why
from rules.types import Level

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from monitor.model import HeldMessage, Story
    from rules.types import Match

__all__ = [
    "AT_ONCE",
    "Budget",
    "Manner",
    "QuietHours",
    "group_of",
    "hold",
    "hold_less",
    "hold_on",
    "next_time",
    "spent_until",
]

_LEVELS = tuple(Level)
_DAY = timedelta(days=1)
GROWTH_WAIT = timedelta(hours=1)
"""How long the growth of a story waits after the last message on it where no cooldown is set and the channel rings."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many messages in any such span of time."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a time of day to another, the next day where that is earlier; levels from `except_level` on pass."""

    start: time
    end: time
    except_level: Level | None = None

    def holds(self, local: datetime) -> bool:
        """Tell whether they last at a local instant."""
        at = local.time()
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def ends_at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return when they end that last now, UTC: in autumn a time of day may come a second time (promise T7)."""
        today = now.astimezone(zone).date()
        ends = (
            datetime.combine(today + days * _DAY, self.end.replace(fold=fold), zone).astimezone(UTC)
            for days in (0, 1, 2)  # what is left of a day may be the hour that is skipped in spring
            for fold in (0, 1)
        )
        # in spring a reading of a time that is skipped lies within them
        return min(at for at in ends if at > now and not self.holds(at.astimezone(zone)))


@dataclass(frozen=True, slots=True)
class Manner:
    """In what manner a route tells.

    Attributes:
        group_by: what the messages of a group have in common: story, rule, level, outlet, entity, or a label.
        group_wait: how long the first of a group waits for others; a group that was told longer ago begins anew.
        cooldown: least time between two messages of a group; None: only the growth of a story waits.
        budget: most messages in a span of time; None: any number.
        digest: the times of day at which all is told in one message; none: at once.
        quiet_hours: when nothing leaves.
    """

    group_by: tuple[str, ...] = ("story", "rule")
    group_wait: timedelta = timedelta()
    cooldown: timedelta | None = None
    budget: Budget | None = None
    digest: tuple[time, ...] = ()
    quiet_hours: QuietHours | None = None


AT_ONCE = Manner()


def hold(
    manner: Manner,
    *,
    level: Level,
    reason: NotificationReason,
    rings: bool,
    history: History,
    now: datetime,
    zone: ZoneInfo,
) -> Held | None:
    """Return why a message is held and until when, or None: it leaves now.

    Args:
        manner: the route's.
        level: the match's.
        reason: why the message is sent.
        rings: the receiver cannot change what it was sent: each message rings.
        history: what the route told before.
        now: the present instant, UTC.
        zone: of the route's times of day.
    """
    if manner.digest:
        return Held(Why.DIGEST)
    if (quiet := _quiet(manner, level, now, zone)) is not None:
        return quiet
    if manner.group_wait and _waits(manner, reason, history, now):
        # A clock that was set back holds nothing for longer than the wait itself.
        ends_at = now + manner.group_wait
        return Held(Why.GROUP_WAIT, min(history.waits_until or ends_at, ends_at))
    paused = _paused(manner, reason, rings=rings, history=history, now=now)
    return _over_budget(manner, history, now) if paused is None else paused


def hold_on(manner: Manner, *, level: Level, why: Why, history: History, now: datetime, zone: ZoneInfo) -> Held | None:
    """Return why what was held until now is held still, or None: it leaves.

    A wait that ends at night goes on until the morning, and what ends its wait takes its place in the budget.

    Args:
        manner: the route's.
        level: the highest of those that leave together.
        why: they were held.
        history: what the route told before.
        now: the present instant, UTC.
        zone: of the route's times of day.
    """
    if (quiet := _quiet(manner, level, now, zone)) is not None:
        return quiet
    # quiet hours end with one message, whatever the budget
    return None if why is Why.QUIET_HOURS else _over_budget(manner, history, now)


def hold_less(
    manner: Manner, message: HeldMessage, *, level: Level, rings: bool, history: History, now: datetime, zone: ZoneInfo
) -> Held | None:
    """Return why and until when a message is held, where that is less long than it was held for, or None.

    Its route has another manner since. Only what holds it is asked; `hold_on` asks the rest when it is to leave.

    Args:
        manner: the one that the route has now.
        message: held for another time than a digest's.
        level: what it tells.
        rings: the receiver cannot change what it was sent.
        history: what the route told before.
        now: the present instant, UTC.
        zone: of the route's times of day.
    """
    match message.why:
        case Why.QUIET_HOURS:
            held = _quiet(manner, level, now, zone)
        case Why.GROUP_WAIT:
            held = Held(Why.GROUP_WAIT, max(now, message.created_at + manner.group_wait))
        case Why.BUDGET:
            held = _over_budget(manner, history, now)
        case _:
            held = _paused(manner, message.reason, rings=rings, history=history, now=now)
    why, until = (message.why, now) if held is None or held.until is None else (held.why, held.until)
    return Held(why, until) if message.held_until is not None and until < message.held_until else None


def spent_until(budget: Budget, history: History, now: datetime) -> datetime | None:
    """Return until when a message that leaves now is the last that a budget lets go, or None: it is not.

    The one that ends quiet hours is so too where it is one more than the budget has room for.
    """
    left = (*_until(history.recent, now), now)
    return left[-budget.count] + budget.per if len(left) >= budget.count else None


def group_of(manner: Manner, match: Match, story: Story) -> str:
    """Return the group of a match, as one text: the same for all that a route tells together."""
    facts = facts_of(match, story)
    values = (facts.get(name, "") for name in manner.group_by)
    return "\n".join(value if isinstance(value, str) else ",".join(sorted(value)) for value in values)


def _quiet(manner: Manner, level: Level, now: datetime, zone: ZoneInfo) -> Held | None:
    hours = manner.quiet_hours
    if hours is None or not hours.holds(now.astimezone(zone)) or _passes(level, hours.except_level):
        return None
    return Held(Why.QUIET_HOURS, hours.ends_at(now, zone))


def _waits(manner: Manner, reason: NotificationReason, history: History, now: datetime) -> bool:
    """Tell whether a message waits for others of its group, or with them."""
    told_at = history.told_at
    if told_at is None:
        return True
    if reason is NotificationReason.LEVEL_RAISED:
        return False
    # A group that was told long ago begins anew; within its cooldown it waits for that.
    pause = max(manner.group_wait, manner.cooldown or timedelta())
    is_first = reason is NotificationReason.FIRST_ALERT and now - told_at >= pause
    return is_first or (history.waits_until is not None and now < history.waits_until)


def _over_budget(manner: Manner, history: History, now: datetime) -> Held | None:
    budget, recent = manner.budget, _until(history.recent, now)
    if budget is None or len(recent) < budget.count:
        return None
    return Held(Why.BUDGET, recent[-budget.count] + budget.per)


def _until(instants: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Return those, of some in order, that are not in the future: the clock was set back (promise T7)."""
    return instants[: bisect_right(instants, now)]


def _passes(level: Level, from_: Level | None) -> bool:
    return from_ is not None and _LEVELS.index(level) >= _LEVELS.index(from_)


def _paused(manner: Manner, reason: NotificationReason, *, rings: bool, history: History, now: datetime) -> Held | None:
    why, least = _pause(manner, reason, rings=rings)
    if history.told_at is None or not timedelta() <= now - history.told_at < least:
        return None
    return Held(why, history.told_at + least)


def _pause(manner: Manner, reason: NotificationReason, *, rings: bool) -> tuple[Why, timedelta]:
    """Return how long a message waits after the last of its group, and why; a level that rises waits for nothing."""
    if manner.cooldown is None and reason is NotificationReason.STORY_GREW and rings:
        return Why.GROWTH, GROWTH_WAIT
    is_raised = reason is NotificationReason.LEVEL_RAISED
    return Why.COOLDOWN, timedelta() if is_raised or manner.cooldown is None else manner.cooldown


def next_time(times: tuple[time, ...], now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant after now, UTC, at which a clock in the zone shows one of these times.

    A time that the change to summer skips is the instant at which the clock would have shown it: an hour later by the
    new clock. One that exists twice in autumn is the first (promise T7).

    >>> from zoneinfo import ZoneInfo
    >>> next_time((time(7, 30),), datetime(2024, 5, 16, 6, tzinfo=UTC), ZoneInfo("Europe/Paris")).isoformat()
    '2024-05-17T05:30:00+00:00'
    """
    today = now.astimezone(zone).date()
    found = (datetime.combine(today + days * _DAY, at, zone).astimezone(UTC) for days in range(-1, 3) for at in times)
    return min(at for at in found if at > now)
