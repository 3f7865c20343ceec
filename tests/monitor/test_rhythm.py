"""What a feed's rhythm is, and when it is quieter than that (promise X3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rhythm import (
    Rhythm,
    arrived_at,
    begin,
    expected,
    is_known,
    is_learnt,
    is_quiet,
    learn,
    pack,
    rates,
    unpack,
)

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 3, 2, tzinfo=PARIS).astimezone(UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def taught(comes: Callable[[datetime], bool], *, weeks: int = 6, start: datetime = MONDAY) -> Rhythm:
    """Return what weeks teach in which an entry comes in the middle of each French hour that is chosen."""
    rhythm = begin((), start)
    for hour in range(weeks * 168):
        at = start + hour * HOUR + HOUR / 2
        rhythm = learn(rhythm, [at] if comes(at.astimezone(PARIS)) else [])
    return rhythm


def in_the_morning(at: datetime) -> bool:
    return at.weekday() < 5 and 6 <= at.hour < 12


def paris(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def rate_at(rhythm: Rhythm, at: datetime) -> float:
    [(_, rate)] = rates(rhythm, at, at + timedelta(seconds=1))
    return rate


MORNINGS = taught(in_the_morning)
HOURLY = taught(lambda _: True)
WEEKLY = taught(lambda at: at.weekday() == 2 and at.hour == 8, weeks=10)
AFTER = paris(2026, 4, 13, 0)  # a Monday, six weeks later and in summer time


def test_a_rhythm_knows_the_hours_of_the_week() -> None:
    at = [AFTER + timedelta(days=day, hours=hour) for day, hour in ((0, 6), (3, 11), (0, 3), (3, 20), (6, 9))]

    rates = [round(rate_at(MORNINGS, moment)) for moment in at]

    assert [1, 1, 0, 0, 0] == rates


def test_as_many_entries_are_expected_as_come() -> None:
    assert 168 == pytest.approx(expected(HOURLY, AFTER, AFTER + WEEK), rel=0.01)
    assert 30 == pytest.approx(expected(MORNINGS, AFTER, AFTER + WEEK), rel=0.05)
    assert 1 == pytest.approx(expected(WEEKLY, AFTER, AFTER + WEEK), rel=0.1)
    assert 0 == expected(HOURLY, AFTER, AFTER)


@pytest.mark.parametrize(
    ("learnt_from", "asked"),
    [
        (paris(2026, 2, 2, 0), paris(2026, 3, 30, 7)),  # the Monday after clocks sprang forward
        (paris(2026, 9, 7, 0), paris(2026, 10, 26, 7)),  # and after they went back
    ],
)
def test_T7_a_rhythm_keeps_to_french_clocks_when_they_change(learnt_from: datetime, asked: datetime) -> None:
    rhythm = taught(lambda at: at.hour == 7, weeks=7, start=learnt_from)

    rates = [rate_at(rhythm, asked + hours * HOUR) for hours in (-1, 0, 1)]

    assert rates[1] > 8 * max(rates[0], rates[2])


@pytest.mark.parametrize(
    ("start", "hours"),
    [(paris(2026, 3, 29, 0), 23), (paris(2026, 10, 25, 0), 25), (paris(2026, 10, 24, 0), 24)],
)
def test_T7_a_day_on_which_clocks_change_has_the_entries_of_its_hours(start: datetime, hours: int) -> None:
    end = start.astimezone(PARIS).replace(tzinfo=None) + timedelta(days=1)

    coming = expected(HOURLY, start, end.replace(tzinfo=PARIS).astimezone(UTC))

    assert hours == pytest.approx(coming, rel=0.02)


def test_a_span_has_its_first_and_last_hour_in_part() -> None:
    hours = [part for part, _ in rates(HOURLY, AFTER + 0.75 * HOUR, AFTER + 2.5 * HOUR)]

    assert [0.25, 1.0, 0.5] == hours


def test_what_is_old_is_forgotten() -> None:
    was_hourly = taught(lambda at: at < MONDAY + 8 * WEEK or at.hour == 12, weeks=24)

    assert 7 == pytest.approx(expected(was_hourly, was_hourly.last_new_at, was_hourly.last_new_at + WEEK), abs=3)


def test_the_dates_of_a_first_document_teach_what_they_cover() -> None:
    dates = [AFTER - 3 * HOUR * number for number in range(1, 101)]

    rhythm = begin(dates, AFTER)

    assert AFTER - 270 * HOUR == rhythm.since
    assert AFTER - 3 * HOUR == rhythm.last_new_at
    assert is_learnt(rhythm, AFTER)
    assert 56 == pytest.approx(expected(rhythm, AFTER, AFTER + WEEK), rel=0.05)


@pytest.mark.parametrize(("known_for", "known", "learnt"), [(5, False, False), (6, True, False), (168, True, True)])
def test_a_rhythm_is_known_after_six_hours_and_learnt_after_a_week(
    known_for: int, *, known: bool, learnt: bool
) -> None:
    rhythm = begin((), AFTER)
    now = AFTER + known_for * HOUR

    assert (known, learnt) == (is_known(rhythm, now), is_learnt(rhythm, now))
    assert not is_known(None, now)


def test_an_hour_that_was_never_seen_is_taken_for_one_like_the_others() -> None:
    rhythm = begin([AFTER + HOUR * number / 2 for number in range(24)], AFTER + 12 * HOUR)

    assert rate_at(rhythm, AFTER + 40 * HOUR) > 0.5


def test_a_first_document_of_old_entries_shows_a_feed_that_rests() -> None:
    rhythm = begin([AFTER - timedelta(days=100 + day) for day in range(10)], AFTER)

    assert AFTER - timedelta(days=14) == rhythm.since == rhythm.last_new_at
    assert 0 == expected(rhythm, AFTER, AFTER + WEEK)


@pytest.mark.parametrize("ages", [[], [1, 2, 3, 4], [-1, -2, -3, -4, -5]])
def test_a_first_document_with_few_dates_or_future_ones_teaches_nothing(ages: list[int]) -> None:
    rhythm = begin([AFTER - age * HOUR for age in ages], AFTER)

    assert AFTER == rhythm.since
    assert not any(rhythm.counts)
    assert not is_learnt(rhythm, AFTER)


def test_an_old_entry_that_a_feed_keeps_in_view_does_not_thin_its_rhythm() -> None:
    pinned = AFTER - timedelta(days=13)
    dates = [AFTER - HOUR * number for number in range(20)]

    rhythm = begin([pinned, *dates], AFTER)

    assert AFTER - 18 * HOUR == rhythm.since


@pytest.mark.parametrize(
    ("published", "expected_at"),
    [
        (AFTER - HOUR, AFTER - HOUR),
        (AFTER - 2.5 * HOUR, AFTER - 2.5 * HOUR),
        (AFTER - 4 * HOUR, AFTER),
        (AFTER + HOUR, AFTER),
        (None, AFTER),
    ],
    ids=["between polls", "listed late", "not listed before", "future", "undated"],
)
def test_an_entry_came_when_it_was_published_where_that_may_be(
    published: datetime | None, expected_at: datetime
) -> None:
    came = arrived_at(published, last_ok_at=AFTER - 2 * HOUR, now=AFTER)

    assert expected_at == came


def test_the_entry_of_a_feed_that_was_never_polled_comes_now() -> None:
    assert AFTER == arrived_at(AFTER - HOUR, last_ok_at=None, now=AFTER)


def test_nothing_new_changes_nothing() -> None:
    assert HOURLY is learn(HOURLY, [])


@pytest.mark.parametrize(
    ("rhythm", "silence", "expected_quiet"),
    [
        (HOURLY, timedelta(hours=5), False),
        (HOURLY, timedelta(hours=13), True),
        (MORNINGS, timedelta(hours=18), False),
        (MORNINGS, timedelta(days=4), True),
        (WEEKLY, timedelta(days=20), False),
        (WEEKLY, timedelta(weeks=14), True),
        (taught(lambda _: False), timedelta(days=300), False),
        (None, timedelta(days=300), False),
    ],
)
def test_X3_a_feed_is_quiet_when_much_that_was_expected_did_not_come(
    rhythm: Rhythm | None, silence: timedelta, *, expected_quiet: bool
) -> None:
    last_new_at = MONDAY if rhythm is None else rhythm.last_new_at

    quiet = is_quiet(rhythm, last_new_at, last_new_at + silence)

    assert expected_quiet is quiet


def test_X3_a_feed_that_brings_all_in_one_hour_of_the_week_is_quiet_when_that_hour_brought_nothing() -> None:
    hour = AFTER + timedelta(days=2, hours=9)
    rhythm = begin((), hour - 5 * WEEK)
    for weeks in range(1, 5):
        rhythm = learn(rhythm, [hour - weeks * WEEK + HOUR * minute / 60 for minute in range(0, 60, 3)])

    assert not is_quiet(rhythm, rhythm.last_new_at, hour - HOUR)
    assert is_quiet(rhythm, rhythm.last_new_at, hour + HOUR)


def test_X3_a_night_and_a_weekend_of_rest_are_no_silence() -> None:
    friday_noon = AFTER + timedelta(days=4, hours=12)

    assert not is_quiet(MORNINGS, friday_noon, friday_noon + timedelta(days=2, hours=22))


def test_X3_a_feed_that_is_not_learnt_yet_is_never_quiet() -> None:
    young = taught(lambda _: True, weeks=1)

    assert not is_learnt(None, AFTER)
    assert not is_quiet(young, young.last_new_at, young.last_new_at + timedelta(days=30))


instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds


@given(st.lists(instants, max_size=60), instants, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_no_rate_is_negative_nor_more_than_what_came(dates: list[datetime], now: datetime, span: timedelta) -> None:
    rhythm = learn(begin(dates, now), [now])
    kept = unpack(pack(rhythm))

    coming = expected(kept, now, now + span)

    assert rhythm.since == kept.since
    assert rhythm.last_new_at == kept.last_new_at
    assert 0 <= coming <= (len(dates) + 1) * span / HOUR
    assert coming == pytest.approx(expected(rhythm, now, now + span), rel=1e-3, abs=1e-6)


@given(st.lists(instants, min_size=5, max_size=60), instants, st.integers(0, 240), st.integers(0, 240))
def test_X3_a_quiet_feed_stays_quiet_until_something_comes(
    dates: list[datetime], now: datetime, first_h: int, more_h: int
) -> None:
    rhythm = begin(dates, now)
    quiet = [is_quiet(rhythm, now, now + hours * HOUR) for hours in (first_h, first_h + more_h)]

    assert quiet == sorted(quiet)
