"""When a receiver is left alone, and what of a failure is a message's own (promises D6 to D10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting import BREAK_AFTER, answered, enabled, gave_up, health, may_send, standing, waited_for
from monitor.alerting.endpoints import Failure, failed
from monitor.errors import DeliveryError, Reason
from monitor.model import (
    AlertId,
    Channel,
    Delivery,
    DeliveryId,
    DeliveryState,
    Disabled,
    Endpoint,
    Rendered,
    Standstill,
)

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
WELL = Endpoint("web")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def _message(number: int = 1) -> Delivery:
    return Delivery(
        id=DeliveryId(number),
        alert_id=AlertId("al_1"),
        receiver="web",
        channel=Channel.WEBHOOK,
        message_id=f"msg_{number}",
        rendered=Rendered(b"{}", "application/json"),
        state=DeliveryState.PENDING,
        attempts=1,
        created_at=NOW,
    )


def _error(
    reason: Reason = Reason.CONNECTION, *, status: int | None = None, retry_after: timedelta | None = None
) -> DeliveryError:
    return DeliveryError("web: non", reason=reason, status=status, retry_after=retry_after)


def _failed(
    endpoint: Endpoint,
    error: DeliveryError,
    *,
    number: int = 1,
    at: datetime = NOW,
    first_s: float = 5,
    max_s: float = 86400,
    ours: bool = False,
) -> Failure:
    return failed(endpoint, _message(number), error, now=at, first_s=first_s, max_s=max_s, ours=ours)


def _fails(
    times: int,
    *,
    messages: int = 2,
    at: datetime = NOW,
    every: timedelta = timedelta(),
    first_s: float = 5,
    max_s: float = 86400,
) -> Endpoint:
    """A receiver that was not reached so many times in a row."""
    endpoint = WELL
    for number in range(times):
        endpoint = _failed(
            endpoint, _error(), number=number % messages, at=at + number * every, first_s=first_s, max_s=max_s
        ).endpoint
    return endpoint


def _pauses(endpoint: Endpoint) -> list[timedelta]:
    """The pauses of a receiver that goes on failing, each probe at the end of one."""
    found = []
    for _ in range(9):
        assert endpoint.open_until is not None
        assert endpoint.failed_at is not None
        found.append(endpoint.open_until - endpoint.failed_at)
        endpoint = _failed(endpoint, _error(), number=9, at=endpoint.open_until).endpoint
    return found


# --- the breaker ------------------------------------------------------------------------------------------------------


def test_d9_a_receiver_that_fails_on_several_messages_is_left_alone() -> None:
    endpoints = [_fails(times) for times in (BREAK_AFTER - 1, BREAK_AFTER)]

    assert [None, Standstill.PAUSED] == [standing(endpoint, NOW) for endpoint in endpoints]
    assert [4, 0] == [may_send(endpoint, free=4, idle=True, now=NOW) for endpoint in endpoints]


def test_after_its_pause_one_message_tries_and_nothing_goes_beside_it() -> None:
    endpoint, later = _fails(BREAK_AFTER), NOW + MINUTE

    assert Standstill.PROBING is standing(endpoint, later)
    assert [1, 0, 0] == [
        may_send(endpoint, free=free, idle=idle, now=later) for free, idle in ((4, True), (3, False), (0, True))
    ]


def test_pauses_double_up_to_half_an_hour() -> None:
    minutes = [pause / MINUTE for pause in _pauses(_fails(BREAK_AFTER))]

    assert [1, 2, 4, 8, 16, 30, 30, 30, 30] == minutes


@pytest.mark.parametrize(("first_s", "max_s", "expected_s"), [(0.5, 86400, 6), (5, 20, 20)])
def test_the_waits_of_messages_scale_pauses(first_s: float, max_s: float, expected_s: float) -> None:
    assert NOW + timedelta(seconds=expected_s) == _fails(BREAK_AFTER, first_s=first_s, max_s=max_s).open_until


def test_what_was_under_way_when_a_pause_began_makes_it_no_longer() -> None:
    endpoint = _fails(BREAK_AFTER)

    assert endpoint == replace(
        _failed(endpoint, _error(), at=NOW + timedelta(seconds=9)).endpoint, failed_at=endpoint.failed_at
    )


def test_a_message_that_is_taken_ends_a_pause_and_one_that_is_refused_does_too() -> None:
    endpoint, later = _fails(BREAK_AFTER), NOW + MINUTE
    refused = _failed(endpoint, _error(Reason.HTTP_4XX, status=422), at=later)

    assert Endpoint("web", last_ok_at=later) == answered(endpoint, accepted=True, now=later)
    assert (WELL, True, True) == (refused.endpoint, refused.counts, refused.is_own)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_d9_a_message_that_is_refused_never_pauses_its_receiver(status: int) -> None:
    endpoint = WELL
    for number in range(3 * BREAK_AFTER):
        endpoint = _failed(endpoint, _error(Reason.HTTP_4XX, status=status), number=number).endpoint

    assert endpoint == WELL


def test_what_never_left_says_nothing_of_its_receiver() -> None:
    failing = _fails(3)

    assert failing == _failed(failing, _error(Reason.REJECTED)).endpoint


def test_d9_one_message_that_fails_again_and_again_pauses_nobody() -> None:
    endpoint = _fails(3 * BREAK_AFTER, messages=1)

    assert standing(endpoint, NOW) is None


@pytest.mark.parametrize(
    ("reason", "status", "whole"),
    [
        (Reason.AUTH, 401, True),
        (Reason.HTTP_4XX, 404, True),
        (Reason.RATE_LIMITED, 429, True),
        (Reason.HTTP_5XX, 500, True),
        (Reason.TIMEOUT, None, True),
        (Reason.REDIRECT, 302, True),
        (Reason.HTTP_4XX, 400, False),
        (Reason.REJECTED, 550, False),
        (Reason.TOO_LARGE, None, False),
    ],
)
def test_what_concerns_a_receiver_and_what_a_message(reason: Reason, status: int | None, *, whole: bool) -> None:
    assert int(whole) == _failed(WELL, _error(reason, status=status)).endpoint.failures


def test_how_a_receiver_is_in_one_word() -> None:
    paused = _fails(BREAK_AFTER)
    found = [
        health(endpoint, at)
        for endpoint, at in (
            (WELL, NOW),
            (_fails(1), NOW),
            (paused, NOW),
            (paused, NOW + MINUTE),
            (replace(paused, disabled_at=NOW), NOW),
        )
    ]

    assert ["ok", "failing", "paused", "failing", "disabled"] == found


# --- Retry-After ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "until"), [(timedelta(seconds=9), timedelta(seconds=9)), (DAY, HOUR), (timedelta(), None)]
)
def test_d6_a_receiver_that_asks_for_a_pause_has_it_for_an_hour_at_most(asked: timedelta, until: timedelta) -> None:
    endpoint = _failed(WELL, _error(Reason.RATE_LIMITED, status=429, retry_after=asked)).endpoint

    assert (until and NOW + until, bool(until)) == (endpoint.open_until, endpoint.asked)


def test_d6_a_pause_is_the_longer_of_what_was_asked_and_what_its_failures_make() -> None:
    failing = _fails(BREAK_AFTER - 1)
    pauses = [
        _failed(failing, _error(Reason.UNAVAILABLE, status=503, retry_after=retry_after)).endpoint
        for retry_after in (timedelta(seconds=9), 9 * MINUTE)
    ]

    assert [(NOW + MINUTE, False), (NOW + 9 * MINUTE, True)] == [(each.open_until, each.asked) for each in pauses]


def test_d10_several_answers_of_one_moment_are_one_failure() -> None:
    endpoint = WELL
    for number in range(9):
        asked = _error(Reason.RATE_LIMITED, status=429, retry_after=timedelta(seconds=1 + number % 2))
        endpoint = _failed(endpoint, asked, number=number).endpoint

    assert (1, NOW + timedelta(seconds=2)) == (endpoint.failures, endpoint.open_until)


def test_a_refusal_that_asks_for_a_pause_has_it() -> None:
    endpoint = _failed(WELL, _error(Reason.HTTP_4XX, status=413, retry_after=MINUTE)).endpoint

    assert (0, NOW + MINUTE) == (endpoint.failures, endpoint.open_until)


# --- time -------------------------------------------------------------------------------------------------------------


def test_t7_a_pause_that_began_in_the_future_is_over() -> None:
    endpoint = _fails(BREAK_AFTER)

    assert Standstill.PROBING is standing(endpoint, NOW - timedelta(seconds=1))
    assert None is standing(WELL, NOW)
    assert None is standing(None, NOW)
    assert Standstill.PROBING is standing(replace(endpoint, failed_at=None), NOW)


def test_d8_a_receiver_that_fails_for_five_days_is_disabled() -> None:
    early = _fails(10, every=DAY / 2)
    late = _fails(11, every=DAY / 2)

    assert early.disabled_at is None
    assert (NOW + 5 * DAY, Disabled.FAILING) == (late.disabled_at, late.disabled_why)
    assert Standstill.DISABLED is standing(late, NOW + 9 * DAY)
    assert 0 == may_send(late, free=4, idle=True, now=NOW + 9 * DAY)


def test_d8_days_in_which_nothing_was_tried_are_not_days_of_failing() -> None:
    for gap in (3 * DAY, -DAY):
        endpoint = _failed(_fails(3), _error(), at=NOW + gap).endpoint

        assert (NOW + gap, None) == (endpoint.failing_since, endpoint.disabled_at)


def test_d8_days_in_which_our_own_network_was_down_are_not_days_of_failing() -> None:
    endpoint = _failed(_fails(10, every=DAY / 2), _error(), at=NOW + 5 * DAY, ours=True).endpoint

    assert (NOW + 5 * DAY, None) == (endpoint.failing_since, endpoint.disabled_at)


def test_d6_a_receiver_that_is_gone_is_disabled_at_once_and_its_message_is_not_to_blame() -> None:
    taken = replace(WELL, last_ok_at=NOW + MINUTE)
    failure = _failed(taken, _error(Reason.GONE, status=410), at=NOW + HOUR)

    assert (NOW + HOUR, Disabled.GONE, False) == (
        failure.endpoint.disabled_at,
        failure.endpoint.disabled_why,
        failure.is_own,
    )


def test_what_a_disabled_receiver_still_answers_changes_nothing_of_that() -> None:
    gone = _failed(WELL, _error(Reason.GONE, status=410)).endpoint
    later = NOW + MINUTE

    assert replace(gone, last_ok_at=later) == answered(gone, accepted=True, now=later)
    assert gone == answered(gone, accepted=False, now=later)
    assert NOW == _failed(gone, _error(Reason.GONE), at=later).endpoint.disabled_at


def test_an_enabled_receiver_is_as_if_nothing_had_been_wrong() -> None:
    assert replace(WELL, last_ok_at=NOW) == enabled(replace(_fails(11, every=DAY / 2), last_ok_at=NOW))


# --- the message's own ------------------------------------------------------------------------------------------------


def test_d7_while_a_receiver_fails_on_all_messages_none_of_them_uses_up_its_tries() -> None:
    first = _failed(WELL, _error(Reason.HTTP_5XX))
    second = _failed(first.endpoint, _error(Reason.HTTP_5XX), number=2)
    again = _failed(second.endpoint, _error(Reason.HTTP_5XX))

    assert [(True, True), (False, False), (False, False)] == [
        (failure.counts, failure.is_own) for failure in (first, second, again)
    ]


def test_d8_a_message_that_fails_alone_is_to_blame_unless_its_receiver_was_not_even_reached() -> None:
    found = {reason: _failed(WELL, _error(reason)).is_own for reason in (Reason.TIMEOUT, Reason.DNS, Reason.AUTH)}

    assert {Reason.TIMEOUT: True, Reason.DNS: False, Reason.AUTH: False} == found


def test_d8_a_message_is_to_blame_while_others_are_taken() -> None:
    since, before = (replace(WELL, last_ok_at=NOW + wait) for wait in (MINUTE, -MINUTE))

    assert [True, False] == [_failed(endpoint, _error(Reason.AUTH, status=403)).is_own for endpoint in (since, before)]


def test_d8_a_message_that_fails_alone_for_days_disables_nobody_and_is_forgotten_once_it_is_given_up() -> None:
    endpoint = WELL
    for hours in range(0, 7 * 24, 24):
        endpoint = _failed(endpoint, _error(Reason.HTTP_5XX), at=NOW + hours * HOUR).endpoint

    assert endpoint.disabled_at is None
    assert (0, None) == (gave_up(endpoint).failures, gave_up(endpoint).failing_since)


def test_once_a_receiver_is_well_what_waited_for_it_leaves() -> None:
    paused = _failed(WELL, _error(Reason.RATE_LIMITED, retry_after=MINUTE)).endpoint

    assert frozenset() == waited_for(WELL)
    assert Reason.HTTP_5XX not in waited_for(_fails(1))
    assert Reason.DNS in waited_for(_fails(1))
    assert Reason.HTTP_5XX in waited_for(_fails(2))
    assert Reason.HTTP_5XX in waited_for(paused)
