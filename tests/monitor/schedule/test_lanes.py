from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import ExternalError, Reason
from monitor.model import Lane, PollOutcome, PollResult
from monitor.schedule import FEED_LIMITS, PAGE_LIMITS, Limits, is_heavy, lane_of, slows_its_host, wants_slow_lane

PARSED = PollOutcome(kind=PollResult.PARSED)
RESTED = PollOutcome(kind=PollResult.NOT_MODIFIED)
FAILED = PollOutcome(kind=PollResult.FAILED, reason=Reason.HTTP_5XX)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], Lane.FAST),
        ([PARSED, RESTED], Lane.FAST),
        ([replace(PARSED, fetched_in_s=9.9)], Lane.FAST),
        ([PARSED, FAILED], Lane.SLOW),
        ([replace(PARSED, fetched_in_s=10.1), RESTED], Lane.SLOW),
        ([replace(RESTED, is_heavy=True)], Lane.SLOW),
    ],
)
def test_R4_a_host_that_failed_or_was_slow_or_large_waits_with_its_like(
    outcomes: list[PollOutcome], expected: Lane
) -> None:
    lane = lane_of(outcomes)

    assert expected is lane


@pytest.mark.parametrize(
    ("body_bytes", "cpu_s", "expected"), [(2_000_000, 1.0, False), (2_000_001, 0.1, True), (10_000, 1.1, True)]
)
def test_a_document_is_heavy_by_its_size_or_by_what_reading_it_takes(
    *, body_bytes: int, cpu_s: float, expected: bool
) -> None:
    assert expected is is_heavy(body_bytes=body_bytes, cpu_s=cpu_s)


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.TOO_LARGE, Reason.WORKER_CPU, Reason.WORKER_MEMORY])
def test_R4_what_is_too_much_for_the_fast_lane_is_tried_in_the_slow_one(reason: Reason) -> None:
    assert wants_slow_lane(Lane.FAST, ExternalError("", reason=reason))
    assert not wants_slow_lane(Lane.SLOW, ExternalError("", reason=reason))


@pytest.mark.parametrize("retryable", [True, False])
def test_R4_a_robots_txt_that_does_not_come_is_waited_for_in_the_slow_lane(*, retryable: bool) -> None:
    assert retryable is wants_slow_lane(Lane.FAST, ExternalError("", reason=Reason.ROBOTS, retryable=retryable))


def test_a_large_page_says_nothing_of_its_host() -> None:
    assert slows_its_host(Reason.TIMEOUT)
    assert slows_its_host(Reason.WORKER_CPU)
    assert not slows_its_host(Reason.TOO_LARGE)


@pytest.mark.parametrize("reason", [Reason.HTTP_5XX, Reason.MALFORMED, Reason.DNS, Reason.ADDRESS_REFUSED])
def test_a_failure_that_the_slow_lane_would_not_mend_is_a_failure(reason: Reason) -> None:
    assert not wants_slow_lane(Lane.FAST, ExternalError("", reason=reason))


@pytest.mark.parametrize("limits", [FEED_LIMITS, PAGE_LIMITS])
def test_the_slow_lane_allows_more(limits: dict[Lane, Limits]) -> None:
    fast, slow = limits[Lane.FAST], limits[Lane.SLOW]

    assert (fast.max_bytes, fast.deadline_s, fast.cpu_s) < (slow.max_bytes, slow.deadline_s, slow.cpu_s)
