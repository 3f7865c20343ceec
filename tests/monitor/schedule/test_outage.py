"""Whether it is our own network that is down (promises P7, X3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import ExternalError, FetchError, Reason
from monitor.model import Feed, FeedId, FeedState, FeedStatus
from monitor.schedule import Network, is_unreachable, look, probes, reached

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def state(number: int, *, failures: int = 0, known: bool = True) -> FeedState:
    return FeedState(
        *(FeedId(number), Feed(f"https://{number}.example/"), f"{number}.example", FeedStatus.ACTIVE),
        failures=failures,
        last_ok_at=NOW if known else None,
    )


def after(
    answers: Sequence[bool | None],
    network: Network | None = None,
    *,
    failures: int = 0,
    known: bool = True,
    minutes: float = 0,
) -> tuple[Network, list[int]]:
    """Return what is known once hosts 0, 1, 2 … were asked one after the other; None leaves one out."""
    network = network or Network()
    forgiven: list[int] = []
    for number, answered in enumerate(answers):
        if answered is not None:
            at = NOW + timedelta(minutes=minutes, seconds=number)
            network, wronged = look(network, state(number, failures=failures, known=known), at, answered=answered)
            forgiven += wronged
    return network, forgiven


def test_P7_when_most_hosts_fail_at_once_it_is_us_and_what_was_counted_is_taken_back() -> None:
    network, _ = after([True] * 10)
    down, forgiven = after([False] * 8, network, minutes=5)

    assert NOW + timedelta(minutes=5, seconds=7) == down.down_since
    assert [0, 1, 2, 3, 4, 5, 6] == sorted(forgiven)


@pytest.mark.parametrize("answers", [[False] * 4, [True] * 3 + [False] * 7, [True] * 10])
def test_P7_few_hosts_or_a_part_of_them_are_not_our_network(answers: list[bool]) -> None:
    network, forgiven = after(answers)

    assert (None, []) == (network.down_since, forgiven)


@pytest.mark.parametrize(("failures", "known"), [(3, True), (0, False)])
def test_P7_sites_that_were_dead_before_say_nothing_of_our_network(*, failures: int, known: bool) -> None:
    network, _ = after([False] * 20, failures=failures, known=known)

    assert Network() == network


def test_P7_a_host_that_stays_silent_counts_once() -> None:
    network, _ = after([False])
    for attempt in range(20):
        network, _ = look(network, state(0, failures=attempt), NOW + attempt * SECOND, answered=False)

    assert (1, None) == (len(network.sightings), network.down_since)


def test_P7_all_feeds_of_a_host_that_were_counted_are_taken_back() -> None:
    network = Network()
    for number in (100, 101):
        network, _ = look(network, replace(state(0), id=FeedId(number)), NOW, answered=False)
    _, forgiven = after([None, *[False] * 4], network)

    assert [1, 2, 3, 100, 101] == sorted(forgiven)


def test_P7_our_network_is_back_when_some_hosts_answer() -> None:
    down, _ = after([False] * 10)
    still, _ = after([True] * 2, down, minutes=5)
    back, _ = after([True] * 3, down, minutes=5)

    assert down.down_since == still.down_since
    assert back.down_since is None


def test_P7_what_was_seen_half_an_hour_ago_is_not_looked_at() -> None:
    network, _ = after([False] * 4)
    late = NOW + timedelta(minutes=32)
    network, _ = look(network, state(7), late, answered=False)
    down, _ = after([False] * 5)
    back, _ = look(down, state(9), late + timedelta(minutes=31), answered=True)

    assert (None, 1) == (network.down_since, len(network.sightings))
    assert back.down_since is None


def test_P7_while_we_are_down_a_host_is_asked_now_and_then() -> None:
    down, _ = after([False] * 10)
    begins = NOW + 60 * SECOND
    asked = []
    for second in (0, 1, 14, 15, 16):
        down, count = probes(down, begins + second * SECOND)
        asked.append(count)

    assert [1, 0, 0, 1, 0] == asked
    assert (Network(), None) == probes(Network(), NOW)


def test_P7_once_a_host_answers_more_are_asked_at_once() -> None:
    down, _ = after([False] * 10)
    down, _ = probes(down, NOW + 60 * SECOND)
    down, _ = look(down, state(3), NOW + 62 * SECOND, answered=True)
    down, count = probes(down, NOW + 63 * SECOND)
    _, again = probes(down, NOW + 64 * SECOND)

    assert (3, 0) == (count, again)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FetchError("", reason=Reason.DNS), False),
        (FetchError("", reason=Reason.CONNECTION), False),
        (FetchError("", reason=Reason.TIMEOUT), False),
        (FetchError("", reason=Reason.TIMEOUT, status=408), True),
        (FetchError("", reason=Reason.HTTP_5XX, status=500), True),
        (FetchError("", reason=Reason.ROBOTS), False),
        (FetchError("", reason=Reason.ROBOTS, retryable=False), None),
        (FetchError("", reason=Reason.TLS), None),
        (FetchError("", reason=Reason.BUSY), None),
    ],
)
def test_a_host_that_sent_a_status_was_reached(error: ExternalError, *, expected: bool | None) -> None:
    assert expected is reached(error)
    assert is_unreachable(error) is (expected is False)
