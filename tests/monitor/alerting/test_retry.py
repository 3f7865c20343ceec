"""The schedule of promise D7."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import ATTEMPTS, after_interruptions, next_attempt

NOW = datetime(2024, 5, 16, 5, 0, tzinfo=UTC)


def test_D7_the_waits_are_those_of_standard_webhooks() -> None:
    waits = [next_attempt(attempts, now=NOW) for attempts in range(1, ATTEMPTS)]
    hours = [timedelta(hours=count) for count in (2, 5, 10, 14, 20, 24)]

    assert [NOW + wait for wait in (timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *hours)] == waits


def test_D8_after_the_tenth_attempt_there_is_none() -> None:
    assert next_attempt(10, now=NOW) is None
    assert next_attempt(11, now=NOW) is None


def test_the_first_wait_scales_all_of_them() -> None:
    assert NOW + timedelta(seconds=3) == next_attempt(2, now=NOW, first_s=0.05)


def test_no_wait_is_longer_than_the_ceiling() -> None:
    assert NOW + timedelta(seconds=60) == next_attempt(9, now=NOW, max_s=60)


def test_jitter_lengthens_by_up_to_a_tenth() -> None:
    assert NOW + timedelta(seconds=330) == next_attempt(2, now=NOW, jitter=1.0)


@pytest.mark.parametrize(("asked_s", "expected_s"), [(1, 300), (900, 900), (7 * 86400, 86400), (-5, 300)])
def test_D6_retry_after_wins_when_longer_up_to_a_day(asked_s: int, expected_s: int) -> None:
    actual = next_attempt(2, now=NOW, retry_after=timedelta(seconds=asked_s))

    assert NOW + timedelta(seconds=expected_s) == actual


@given(
    attempts=st.integers(1, 9),
    first_s=st.floats(0.001, 100),
    max_s=st.floats(100, 86400),
    jitter=st.floats(0, 1),
    retry_after=st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30)),
)
def test_the_next_attempt_is_after_now_and_within_a_day_and_a_tenth(
    attempts: int, first_s: float, max_s: float, jitter: float, retry_after: timedelta | None
) -> None:
    at = next_attempt(attempts, now=NOW, first_s=first_s, max_s=max_s, jitter=jitter, retry_after=retry_after)

    assert at is not None
    assert NOW < at <= NOW + timedelta(days=1.1)


def test_d9_a_message_that_ends_the_daemon_each_time_waits_ever_longer_and_is_given_up_within_two_days() -> None:
    waits = [after_interruptions(count) for count in range(40)]
    found = [wait.total_seconds() for wait in waits if wait is not None]

    assert [0, 0, 1, 2, 4, 8] == found[:6]
    assert 3600 == max(found)
    assert (40, None) == (len(found), after_interruptions(40))
    assert timedelta(days=1) < timedelta(seconds=sum(found)) < timedelta(days=2)
