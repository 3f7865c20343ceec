"""When a feed is polled next (promises P1, P2, P7, R4)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Reason
from monitor.model import Feed, FeedId, FeedState, FeedStatus, Hints, PollOutcome, PollResult
from monitor.rhythm import Rhythm
from monitor.schedule import next_check, wants_unconditional

NOW = datetime(2026, 3, 29, 0, 55, tzinfo=UTC)  # five minutes before French clocks spring forward
STATE = FeedState(FeedId(7), Feed("https://journal.example/rss"), "journal.example", FeedStatus.ACTIVE, last_ok_at=NOW)
PARSED = PollOutcome(PollResult.PARSED)
RESTED = PollOutcome(PollResult.NOT_MODIFIED)
SAME = PollOutcome(PollResult.SAME_BODY)
FAILED = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX)
HOUR_S = 3600.0
NO_HINTS = Hints()


def wait_s(
    outcome: PollOutcome,
    *,
    interval_s: float | None = None,
    failures: int = 0,
    poll_min_s: float = 300,
    poll_max_s: float = HOUR_S,
    hint_s: float | None = None,
    hints: Hints = NO_HINTS,
    rhythm: Rhythm | None = None,
    retry_after: timedelta | None = None,
    gap: bool = False,
    jitter: float = 0.5,
    now: datetime = NOW,
) -> float:
    at = next_check(
        replace(STATE, interval_s=interval_s, failures=failures, rhythm=rhythm),
        replace(outcome, hints=hints),
        now,
        poll_min_s=poll_min_s,
        poll_max_s=poll_max_s,
        max_age_s=hint_s,
        retry_after=retry_after,
        gap=gap,
        jitter=jitter,
    )
    assert at is not None
    assert at.tzinfo is UTC
    return (at - now).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "interval_s", "expected_s"),
    [
        (PARSED, None, 300),
        (RESTED, None, 300),
        (PARSED, 1000, 500),
        (PARSED, 400, 300),
        (RESTED, 300, 450),
        (SAME, 400, 600),
        (RESTED, 3000, HOUR_S),
    ],
)
def test_a_feed_is_polled_sooner_while_it_changes_and_later_while_it_rests(
    outcome: PollOutcome, interval_s: float | None, expected_s: float
) -> None:
    waited_s = wait_s(outcome, interval_s=interval_s)

    assert expected_s == waited_s


@pytest.mark.parametrize(("hint_s", "expected_s"), [(None, 300), (0, 300), (60, 300), (900, 900), (86_400, HOUR_S)])
def test_P1_a_hint_only_lengthens_and_only_to_the_longest_interval(hint_s: float | None, expected_s: float) -> None:
    waits_s = {
        wait_s(PARSED, hint_s=hint_s),
        wait_s(PARSED, hints=Hints(ttl_s=hint_s)),
        wait_s(PARSED, hints=Hints(period_s=hint_s)),
    }

    assert {expected_s} == waits_s


# --- the rhythm -------------------------------------------------------------------------------------------------------

MONDAY_8H = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # in Paris


def rhythm_of(*, a_week: float, from_h: int = 0, to_h: int = 24, ends: datetime = MONDAY_8H) -> Rhythm:
    """A rhythm that is long known, with its entries spread over some hours of each day; the last came just now."""
    hours = to_h - from_h
    seen_h = (1 - math.exp(-10)) / (1 - math.exp(-1 / 4))  # what ten weeks weigh
    counts = tuple(a_week / 7 / hours * seen_h if from_h <= hour % 24 < to_h else 0.0 for hour in range(168))
    return Rhythm(ends - timedelta(weeks=10), ends, counts)


@pytest.mark.parametrize(
    ("an_hour", "expected_s"), [(40, 300), (4, 402), (1, 700), (0.25, 1219), (0.01, HOUR_S), (0, HOUR_S)]
)
def test_a_feed_is_polled_by_a_root_of_its_rate(an_hour: float, expected_s: float) -> None:
    waited_s = wait_s(RESTED, rhythm=rhythm_of(a_week=an_hour * 168), now=MONDAY_8H)

    assert expected_s == pytest.approx(waited_s, rel=0.15)


def test_a_feed_is_polled_by_the_hour_of_the_week() -> None:
    rhythm = rhythm_of(a_week=200, from_h=7, to_h=20)
    night, dawn, day = (
        wait_s(RESTED, rhythm=replace(rhythm, last_new_at=now), now=now)
        for now in (MONDAY_8H - timedelta(hours=hours) for hours in (6, 1.5, 0))
    )

    assert 2100 < night <= HOUR_S
    assert 1800 < dawn < 2100  # half an hour of the night, and no more
    assert day < 600


def test_a_feed_that_is_silent_is_doubted() -> None:
    rhythm = rhythm_of(a_week=4 * 168)
    waits = [wait_s(RESTED, rhythm=rhythm, now=MONDAY_8H + timedelta(hours=hours)) for hours in (0, 1.5, 12, 200, 2000)]

    assert waits == sorted(waits)
    assert 1.2 * waits[0] < waits[1] < 1.4 * waits[0]
    assert 2.3 * waits[0] < waits[3] == pytest.approx(waits[4], rel=0.05)


def test_P1_what_a_learnt_feed_asks_for_is_kept_and_what_its_software_says_is_not() -> None:
    rhythm = rhythm_of(a_week=4 * 168)

    assert 1800 == wait_s(RESTED, rhythm=rhythm, now=MONDAY_8H, hints=Hints(ttl_s=1800))
    assert 1800 == wait_s(RESTED, rhythm=rhythm, now=MONDAY_8H, hint_s=1800)
    assert wait_s(RESTED, rhythm=rhythm, now=MONDAY_8H) == wait_s(
        RESTED, rhythm=rhythm, now=MONDAY_8H, hints=Hints(period_s=HOUR_S)
    )


# --- skipped hours and days -------------------------------------------------------------------------------------------

SATURDAY_NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hints", "jitter", "expected_h"),
    [
        (Hints(skip_hours=(13, 14)), 0.0, None),
        (Hints(skip_hours=(12, 13, 14)), 0.0, 3.0),
        (Hints(skip_hours=(12,)), 0.5, 1 + 150 / 3600),
        (Hints(skip_days=(5,)), 0.0, 12.0),
        (Hints(skip_days=(5, 6)), 0.0, 24.0),
        (Hints(skip_days=(6,), skip_hours=(12,)), 0.0, 1.0),
    ],
)
def test_hours_and_days_that_a_feed_skips_are_waited_for(hints: Hints, jitter: float, expected_h: float | None) -> None:
    waited_s = wait_s(RESTED, hints=hints, jitter=jitter, now=SATURDAY_NOON)

    assert waited_s == pytest.approx(300 if expected_h is None else expected_h * HOUR_S, abs=301)


def test_hours_in_which_a_feed_brings_entries_nonetheless_are_not_waited_for() -> None:
    busy, idle = (
        replace(rhythm_of(a_week=a_week), last_new_at=SATURDAY_NOON - timedelta(hours=1)) for a_week in (400, 4)
    )
    waits = [
        wait_s(RESTED, rhythm=rhythm, hints=Hints(skip_hours=(12, 13, 14)), now=SATURDAY_NOON)
        for rhythm in (busy, idle)
    ]

    assert waits[0] < HOUR_S < 3 * HOUR_S <= waits[1]


def test_a_failing_feed_waits_for_no_hours() -> None:
    assert 300 == wait_s(FAILED, hints=Hints(skip_days=(5,)), now=SATURDAY_NOON)


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("poll_min_s", "expected_s"),
    [(300, [300, 600, 1200, 2400, 4800, 9600, 19_200, 21_600, 21_600]), (1, [1, 2, 4, 8, 16, 32, 64, 128, 256])],
)
def test_P7_a_failing_feed_backs_off_by_doubling_up_to_six_hours(poll_min_s: float, expected_s: list[float]) -> None:
    waited_s = [wait_s(FAILED, failures=failures, poll_min_s=poll_min_s) for failures in range(9)]

    assert expected_s == waited_s


def test_P7_a_ceiling_longer_than_six_hours_is_kept_for_a_failing_feed() -> None:
    waited_s = wait_s(FAILED, failures=1_000_000, poll_max_s=12 * HOUR_S)

    assert waited_s == 12 * HOUR_S


def test_P7_a_feed_that_is_gone_is_polled_no_more() -> None:
    at = next_check(STATE, replace(FAILED, reason=Reason.GONE), NOW, poll_min_s=300, poll_max_s=HOUR_S)

    assert at is None


def test_P7_a_feed_that_is_gone_from_where_it_moved_is_asked_for_where_it_was_declared() -> None:
    moved = replace(STATE, polled_url="https://ailleurs.example/rss")

    at = next_check(moved, replace(FAILED, reason=Reason.GONE), NOW, poll_min_s=300, poll_max_s=HOUR_S)

    assert at == NOW + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("retry_after", "expected_s"),
    [(timedelta(seconds=5), 300), (timedelta(hours=9), 9 * HOUR_S), (timedelta(days=9), 24 * HOUR_S)],
)
def test_P2_retry_after_is_obeyed_over_every_ceiling_up_to_a_day(retry_after: timedelta, expected_s: float) -> None:
    waited_s = wait_s(replace(FAILED, reason=Reason.RATE_LIMITED), retry_after=retry_after)

    assert expected_s == waited_s


seconds = st.floats(1, 200_000)
jitters = st.floats(0, 1, exclude_max=True)


@given(
    st.sampled_from([PARSED, RESTED, SAME, FAILED]),
    st.none() | st.floats(0, 1e7),
    st.integers(0, 10_000),
    seconds,
    seconds,
    st.none() | st.floats(0, 1e7),
    jitters,
    st.none() | st.floats(0, 1e4),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_a_wait_is_never_shorter_than_the_least_nor_longer_than_the_ceiling(  # noqa: PLR0917  hypothesis gives them
    outcome: PollOutcome,
    interval_s: float | None,
    failures: int,
    one_s: float,
    other_s: float,
    hint_s: float | None,
    jitter: float,
    a_week: float | None,
    silence: timedelta,
) -> None:
    rhythm = None if a_week is None else rhythm_of(a_week=a_week, from_h=6, to_h=21, ends=NOW - silence)
    least_s, most_s = sorted((one_s, other_s))

    waited_s = wait_s(
        outcome,
        interval_s=interval_s,
        failures=failures,
        poll_min_s=least_s,
        poll_max_s=most_s,
        hint_s=hint_s,
        jitter=jitter,
        rhythm=rhythm,
    )

    ceiling_s = max(most_s, 6 * HOUR_S) if outcome is FAILED else most_s
    assert least_s - 1e-6 <= waited_s <= ceiling_s + 1e-6


@given(st.floats(0, 500), st.floats(1, 20), st.integers(0, 167), jitters)
def test_a_feed_that_brings_more_is_not_polled_less(a_week: float, times: float, hour: int, jitter: float) -> None:
    now = MONDAY_8H + timedelta(hours=hour)
    less, more = (rhythm_of(a_week=rate, from_h=6, to_h=21, ends=now) for rate in (a_week, a_week * times))

    assert wait_s(RESTED, rhythm=more, jitter=jitter, now=now) <= wait_s(RESTED, rhythm=less, jitter=jitter, now=now)


@given(
    st.sets(st.integers(0, 23), max_size=23),
    st.sets(st.integers(0, 6), max_size=6),
    st.integers(0, 167),
    jitters,
    st.none() | st.floats(0, 1e4),
)
def test_no_feed_is_left_alone_for_longer_than_a_day(
    hours: set[int], days: set[int], hour: int, jitter: float, a_week: float | None
) -> None:
    now = MONDAY_8H + timedelta(hours=hour)
    rhythm = None if a_week is None else rhythm_of(a_week=a_week, ends=now)
    hints = Hints(ttl_s=1e6, skip_hours=tuple(sorted(hours)), skip_days=tuple(sorted(days)))

    waited_s = wait_s(RESTED, rhythm=rhythm, hints=hints, jitter=jitter, now=now)

    assert 300 <= waited_s <= HOUR_S + 24 * HOUR_S + 300


@given(st.integers(0, 100), st.floats(1, 3600), jitters)
def test_P7_each_failure_waits_at_least_as_long_as_the_one_before(
    failures: int, poll_min_s: float, jitter: float
) -> None:
    before_s, after_s = (
        wait_s(FAILED, failures=n, poll_min_s=poll_min_s, jitter=jitter) for n in (failures, failures + 1)
    )

    assert before_s <= after_s


@pytest.mark.parametrize(("retry_after", "expected_s"), [(None, 300), (timedelta(hours=2), 2 * HOUR_S)])
def test_a_gap_makes_the_next_interval_the_shortest_unless_the_site_says_otherwise(
    retry_after: timedelta | None, expected_s: float
) -> None:
    assert expected_s == wait_s(PARSED, interval_s=3000, hint_s=1800, retry_after=retry_after, gap=True)


def test_jitter_spreads_feeds_apart() -> None:
    waits = [wait_s(RESTED, interval_s=1000, jitter=jitter) for jitter in (0.0, 0.5, 0.9)]

    assert waits == pytest.approx([1425, 1500, 1560])


@given(st.integers(1, 10**9), st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis wants naive bounds
def test_a_whole_document_is_asked_for_once_a_day(feed: int, start: datetime) -> None:
    state, asked = replace(STATE, id=FeedId(feed), last_ok_at=start), 0
    for hour in range(1, 24 * 5 + 1):
        now = start + timedelta(hours=hour)
        asked += wants_unconditional(state, now)
        state = replace(state, last_ok_at=now)

    assert asked == 5


def test_a_feed_that_never_answered_is_asked_for_its_whole_document() -> None:
    wanted = wants_unconditional(replace(STATE, last_ok_at=None), NOW)

    assert wanted


@pytest.mark.parametrize(
    ("reason", "expected"), [(Reason.MALFORMED, True), (Reason.EMPTY, True), (Reason.TIMEOUT, False), (None, False)]
)
def test_P1_after_a_document_that_could_not_be_read_no_304_is_asked_for(
    reason: Reason | None, *, expected: bool
) -> None:
    assert expected is wants_unconditional(replace(STATE, last_reason=reason), NOW)


def test_a_clock_set_back_asks_for_nothing_more() -> None:
    wanted = wants_unconditional(STATE, NOW - timedelta(days=3))

    assert not wanted
