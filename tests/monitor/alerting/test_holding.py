"""When a message may leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import (
    AT_ONCE,
    Budget,
    Manner,
    QuietHours,
    group_of,
    hold,
    hold_less,
    hold_on,
    next_time,
    spent_until,
)
from monitor.alerting.holding import GROWTH_WAIT
from monitor.model import Held, History, NotificationReason, Why
from rules.types import Level
from tests.monitor.deliver.samples import MATCH, STORY
from tests.monitor.deliver.samples import held as waiting

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 22, tzinfo=UTC)  # 23:00 in Paris
HOUR = timedelta(hours=1)
QUIET = QuietHours(time(22), time(6, 30), Level.CRITICAL)


def held(
    manner: Manner,
    *,
    now: datetime = NOON,
    level: Level = Level.HIGH,
    reason: NotificationReason = NotificationReason.FIRST_ALERT,
    rings: bool = True,
    told_at: datetime | None = None,
    waits_until: datetime | None = None,
    recent: tuple[datetime, ...] = (),
) -> Held | None:
    history = History(told_at, waits_until, recent)
    return hold(manner, level=level, reason=reason, rings=rings, history=history, now=now, zone=PARIS)


def test_without_a_manner_everything_leaves_at_once() -> None:
    assert held(AT_ONCE, told_at=NOON) is None


def test_a_route_with_a_digest_holds_everything_for_it() -> None:
    assert Held(Why.DIGEST) == held(Manner(digest=(time(7),), quiet_hours=QUIET), now=NIGHT)


@pytest.mark.parametrize(
    ("now", "level", "until"),
    [
        (NIGHT, Level.HIGH, datetime(2026, 3, 3, 5, 30, tzinfo=UTC)),
        (NIGHT + 5 * HOUR, Level.LOW, datetime(2026, 3, 3, 5, 30, tzinfo=UTC)),
        (NIGHT, Level.CRITICAL, None),
        (NOON, Level.HIGH, None),
    ],
)
def test_quiet_hours_hold_until_they_end(now: datetime, level: Level, until: datetime | None) -> None:
    expected = None if until is None else Held(Why.QUIET_HOURS, until)

    assert expected == held(Manner(quiet_hours=QUIET), now=now, level=level)


def test_t7_quiet_hours_whose_only_free_hour_is_skipped_in_spring_end_a_day_later() -> None:
    nearly_always = QuietHours(time(3), time(2))
    eve = datetime(2027, 3, 27, 20, tzinfo=UTC)

    assert Held(Why.QUIET_HOURS, datetime(2027, 3, 29, tzinfo=UTC)) == held(Manner(quiet_hours=nearly_always), now=eve)


def test_quiet_hours_of_one_day_and_for_all_levels() -> None:
    lunch = QuietHours(time(12), time(14))

    assert Held(Why.QUIET_HOURS, NOON + 2 * HOUR) == held(Manner(quiet_hours=lunch), level=Level.CRITICAL)
    assert held(Manner(quiet_hours=lunch), now=NOON + 2 * HOUR) is None


def test_the_first_of_a_group_waits_for_others_which_wait_as_long_as_it() -> None:
    manner = Manner(group_wait=timedelta(minutes=5))

    assert Held(Why.GROUP_WAIT, NOON + timedelta(minutes=5)) == held(manner)
    assert Held(Why.GROUP_WAIT, NOON + timedelta(minutes=2)) == held(manner, waits_until=NOON + timedelta(minutes=2))
    assert held(manner, told_at=NOON - timedelta(minutes=4)) is None


def test_a_group_that_was_told_long_ago_waits_anew() -> None:
    wait, before, soon = timedelta(minutes=5), NOON - HOUR, NOON + timedelta(minutes=2)
    manner = Manner(group_wait=wait)
    corrected, raised = NotificationReason.CORRECTED, NotificationReason.LEVEL_RAISED

    assert Held(Why.GROUP_WAIT, NOON + wait) == held(manner, told_at=before)
    assert Held(Why.COOLDOWN, NOON + HOUR) == held(replace(manner, cooldown=2 * HOUR), told_at=before)
    assert held(manner, told_at=before, reason=corrected) is None
    assert Held(Why.GROUP_WAIT, soon) == held(manner, told_at=before, waits_until=soon, reason=corrected)
    assert held(manner, told_at=before, waits_until=soon, reason=raised) is None
    assert held(manner, told_at=before, waits_until=NOON, reason=corrected) is None


def test_within_the_cooldown_a_group_is_not_told_again_save_that_its_level_rose() -> None:
    manner, before = Manner(cooldown=2 * HOUR), NOON - HOUR

    assert Held(Why.COOLDOWN, NOON + HOUR) == held(manner, told_at=before)
    assert held(manner, told_at=before, reason=NotificationReason.LEVEL_RAISED) is None
    assert held(manner, told_at=NOON - 2 * HOUR) is None
    assert held(manner) is None


def test_a_clock_that_was_set_back_holds_nothing() -> None:
    assert held(Manner(cooldown=HOUR), told_at=NOON + 3 * HOUR) is None
    assert held(Manner(budget=Budget(1, HOUR)), recent=(NOON + 3 * HOUR,)) is None
    assert Held(Why.GROUP_WAIT, NOON + HOUR) == held(Manner(group_wait=HOUR), waits_until=NOON + 3 * HOUR)


@pytest.mark.parametrize(
    ("now", "end", "until"),
    [
        # the clock goes from 03:00 back to 02:00: it is 02:10 for the second time
        (datetime(2026, 10, 25, 1, 10, tzinfo=UTC), time(2, 30), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 10, tzinfo=UTC), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # the clock goes from 02:00 to 03:00
        (datetime(2026, 3, 29, 0, 10, tzinfo=UTC), time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (NIGHT, time(6, 30), datetime(2026, 3, 3, 5, 30, tzinfo=UTC)),
    ],
)
def test_t7_quiet_hours_end_on_the_nights_on_which_clocks_change(now: datetime, end: time, until: datetime) -> None:
    assert Held(Why.QUIET_HOURS, until) == held(Manner(quiet_hours=QuietHours(time(22), end)), now=now)


def held_on(manner: Manner, why: Why, *, now: datetime = NOON, recent: tuple[datetime, ...] = ()) -> Held | None:
    return hold_on(manner, level=Level.HIGH, why=why, history=History(recent=recent), now=now, zone=PARIS)


def test_a_wait_that_ends_at_night_goes_on_until_the_morning() -> None:
    manner = Manner(quiet_hours=QUIET, cooldown=HOUR)

    assert Held(Why.QUIET_HOURS, datetime(2026, 3, 3, 5, 30, tzinfo=UTC)) == held_on(manner, Why.COOLDOWN, now=NIGHT)
    assert held_on(manner, Why.COOLDOWN) is None
    assert (
        held_on(replace(manner, quiet_hours=replace(QUIET, except_level=Level.HIGH)), Why.COOLDOWN, now=NIGHT) is None
    )


@pytest.mark.parametrize(
    ("why", "before", "manner", "until"),
    [
        (Why.QUIET_HOURS, 8.0, AT_ONCE, 0.0),
        (Why.QUIET_HOURS, 8.0, Manner(quiet_hours=QuietHours(time(22), time(5))), 6.0),
        (Why.QUIET_HOURS, 7.5, Manner(quiet_hours=QUIET), None),
        (Why.QUIET_HOURS, 7.0, Manner(quiet_hours=QUIET), None),
        (Why.QUIET_HOURS, 7.5, Manner(quiet_hours=replace(QUIET, except_level=Level.HIGH)), 0.0),
        (Why.BUDGET, 12.0, AT_ONCE, 0.0),
        (Why.BUDGET, 12.0, Manner(budget=Budget(2, HOUR)), 0.0),
        (Why.BUDGET, 12.0, Manner(budget=Budget(1, HOUR)), 0.5),
        (Why.COOLDOWN, 2.0, Manner(cooldown=HOUR), 0.5),
        (Why.COOLDOWN, 2.0, AT_ONCE, 0.0),
        (Why.COOLDOWN, 0.25, Manner(cooldown=2 * HOUR), None),
        (Why.GROUP_WAIT, 2.0, Manner(group_wait=HOUR), 0.75),
        (Why.GROUP_WAIT, 2.0, AT_ONCE, 0.0),
    ],
)
def test_what_a_route_held_is_held_no_longer_than_it_says_now(
    why: Why, before: float, manner: Manner, until: float | None
) -> None:
    message = waiting(0, why=why, held_until=NIGHT + before * HOUR, created_at=NIGHT - HOUR / 4)
    history = History(NIGHT - HOUR / 2, None, (NIGHT - HOUR / 2,))
    less = hold_less(manner, message, level=Level.HIGH, rings=True, history=history, now=NIGHT, zone=PARIS)

    assert less == (None if until is None else Held(why, NIGHT + until * HOUR))


def test_growth_that_a_cooldown_held_waits_its_hour_where_there_is_none_any_more() -> None:
    message = waiting(0, why=Why.COOLDOWN, held_until=NOON + 2 * HOUR, reason=NotificationReason.STORY_GREW)
    history = History(NOON - HOUR / 2)
    asked = partial(hold_less, AT_ONCE, message, level=Level.HIGH, history=history, now=NOON, zone=PARIS)

    assert Held(Why.GROWTH, NOON + HOUR / 2) == asked(rings=True)
    assert Held(Why.COOLDOWN, NOON) == asked(rings=False)


def test_what_has_waited_takes_its_place_in_the_budget_save_that_quiet_hours_end_with_one_message() -> None:
    manner, recent = Manner(budget=Budget(1, HOUR)), (NOON - timedelta(minutes=10),)

    assert Held(Why.BUDGET, NOON + timedelta(minutes=50)) == held_on(manner, Why.GROUP_WAIT, recent=recent)
    assert held_on(manner, Why.GROUP_WAIT) is None
    assert held_on(manner, Why.QUIET_HOURS, recent=recent) is None


def test_what_comes_after_a_wait_for_others_leaves_at_once_and_after_a_pause_waits_anew() -> None:
    """The example of docs/routes.md."""
    minute = timedelta(minutes=1)
    manner = Manner(group_by=("rule",), group_wait=minute)
    told_at = NOON + minute

    assert Held(Why.GROUP_WAIT, told_at) == held(manner)
    assert Held(Why.GROUP_WAIT, told_at) == held(manner, now=NOON + minute / 3, waits_until=told_at)
    assert held(manner, now=NOON + minute * 1.5, told_at=told_at) is None
    assert Held(Why.GROUP_WAIT, NOON + minute * 6) == held(manner, now=NOON + minute * 5, told_at=told_at)

    slow = replace(manner, cooldown=minute * 10)
    for minutes in (1.5, 5):
        assert Held(Why.COOLDOWN, told_at + minute * 10) == held(slow, now=NOON + minute * minutes, told_at=told_at)


def test_the_last_message_that_a_budget_lets_go_says_until_when() -> None:
    before = NOON - timedelta(minutes=10)

    assert before + HOUR == spent_until(Budget(2, HOUR), History(recent=(before,)), NOON)
    assert NOON + HOUR == spent_until(Budget(1, HOUR), History(recent=(NOON + HOUR,)), NOON)
    assert spent_until(Budget(3, HOUR), History(recent=(before,)), NOON) is None
    # the night ends with one more than there is room for: the next one waits until all but one left long ago
    assert before + HOUR == spent_until(Budget(2, HOUR), History(recent=(before - HOUR / 2, before)), NOON)


def test_the_growth_of_a_story_waits_by_itself_where_it_would_ring() -> None:
    grew = NotificationReason.STORY_GREW

    assert Held(Why.GROWTH, NOON - timedelta(minutes=1) + GROWTH_WAIT) == held(
        AT_ONCE, reason=grew, told_at=NOON - timedelta(minutes=1)
    )
    assert held(AT_ONCE, reason=grew, told_at=NOON, rings=False) is None
    assert Held(Why.COOLDOWN, NOON + HOUR) == held(Manner(cooldown=HOUR), reason=grew, told_at=NOON, rings=False)


def test_a_budget_that_is_spent_holds_until_its_first_message_is_long_ago() -> None:
    manner = Manner(budget=Budget(2, HOUR))
    recent = (NOON - timedelta(minutes=50), NOON - timedelta(minutes=10))

    assert Held(Why.BUDGET, NOON + timedelta(minutes=10)) == held(manner, recent=recent)
    assert held(manner, recent=recent[1:]) is None


def test_a_group_is_what_its_names_have_in_common() -> None:
    story = replace(STORY, entities=("russie", "chine"))

    assert f"{STORY.id}\naxe-moscou-pekin" == group_of(AT_ONCE, MATCH, story)
    assert "chine,russie\ninternational\n" == group_of(Manner(("entity", "desk", "none")), MATCH, story)


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        # the clock goes from 02:00 to 03:00: 02:30 comes at 03:30
        (datetime(2026, 3, 28, 12, tzinfo=UTC), time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # the clock goes from 03:00 back to 02:00: 02:30 comes once
        (datetime(2026, 10, 24, 12, tzinfo=UTC), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), time(2, 30), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
    ],
)
def test_t7_a_time_of_day_comes_once_whatever_the_clock_does(now: datetime, at: time, expected: datetime) -> None:
    assert expected == next_time((at,), now, PARIS)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), st.times())  # noqa: DTZ001  made aware below
def test_a_time_of_day_comes_within_a_day_or_so(at: datetime, of_day: time) -> None:
    now = at.replace(tzinfo=UTC)
    found = next_time((of_day.replace(second=0, microsecond=0),), now, PARIS)

    assert timedelta() < found - now <= timedelta(hours=26)
