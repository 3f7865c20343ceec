"""When a feed is polled next (promises P1, P2, P7, R4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Reason
from monitor.model import Feed, FeedId, FeedState, FeedStatus, PollOutcome, PollResult
from monitor.schedule import next_check, wants_unconditional

NOW = datetime(2026, 3, 29, 0, 55, tzinfo=UTC)  # five minutes before French clocks spring forward
STATE = FeedState(FeedId(7), Feed("https://journal.example/rss"), "journal.example", FeedStatus.ACTIVE, last_ok_at=NOW)
PARSED = PollOutcome(PollResult.PARSED)
RESTED = PollOutcome(PollResult.NOT_MODIFIED)
SAME = PollOutcome(PollResult.SAME_BODY)
FAILED = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX)
HOUR_S = 3600.0


def wait_s(
    outcome: PollOutcome,
    *,
    interval_s: float | None = None,
    failures: int = 0,
    poll_min_s: float = 300,
    poll_max_s: float = HOUR_S,
    hint_s: float | None = None,
    retry_after: timedelta | None = None,
    jitter: float = 0.5,
) -> float:
    at = next_check(
        replace(STATE, interval_s=interval_s, failures=failures),
        outcome,
        NOW,
        poll_min_s=poll_min_s,
        poll_max_s=poll_max_s,
        hint_s=hint_s,
        retry_after=retry_after,
        jitter=jitter,
    )
    assert at is not None
    assert at.tzinfo is UTC
    return (at - NOW).total_seconds()


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
    waited_s = wait_s(PARSED, hint_s=hint_s)

    assert expected_s == waited_s


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
)
def test_a_wait_is_never_shorter_than_the_least_nor_longer_than_the_ceiling(  # noqa: PLR0917  hypothesis gives them
    outcome: PollOutcome,
    interval_s: float | None,
    failures: int,
    one_s: float,
    other_s: float,
    hint_s: float | None,
    jitter: float,
) -> None:
    least_s, most_s = sorted((one_s, other_s))

    waited_s = wait_s(
        outcome,
        interval_s=interval_s,
        failures=failures,
        poll_min_s=least_s,
        poll_max_s=most_s,
        hint_s=hint_s,
        jitter=jitter,
    )

    ceiling_s = max(most_s, 6 * HOUR_S) if outcome is FAILED else most_s
    assert least_s - 1e-6 <= waited_s <= ceiling_s + 1e-6


@given(st.integers(0, 100), st.floats(1, 3600), jitters)
def test_P7_each_failure_waits_at_least_as_long_as_the_one_before(
    failures: int, poll_min_s: float, jitter: float
) -> None:
    before_s, after_s = (
        wait_s(FAILED, failures=n, poll_min_s=poll_min_s, jitter=jitter) for n in (failures, failures + 1)
    )

    assert before_s <= after_s


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


def test_a_clock_set_back_asks_for_nothing_more() -> None:
    wanted = wants_unconditional(STATE, NOW - timedelta(days=3))

    assert not wanted
