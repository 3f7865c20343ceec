"""Whether it is our own network that is down (promises P7, X3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import ExternalError, FetchError, Reason
from monitor.model import Feed, FeedId, FeedState, FeedStatus
from monitor.schedule import Network, is_unreachable, look, probes, reached

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR_S = 3600


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


@pytest.mark.parametrize(
    "answers", [[False] * 4, [True] * 3 + [False] * 7, [False] * 4 + [True] + [False] * 4, [True] * 10]
)
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


@pytest.mark.parametrize("other_sites", [0, 3, 4, 9])
def test_P7_the_hosts_of_one_site_are_one_unless_there_are_too_few_sites(other_sites: int) -> None:
    network, _ = after([True] * other_sites)
    for number in range(20):
        of_site = replace(state(number), host=f"journal{number}.groupe.example")
        network, _ = look(network, of_site, NOW + (20 + number) * SECOND, answered=False)

    assert (other_sites < 4) is (network.down_since is not None)


def test_P7_our_network_is_back_when_some_sites_answer_and_few_have_yet_to_be_asked() -> None:
    down, _ = after([False] * 7)
    soon, _ = after([True] * 2, down, minutes=5)
    back, _ = after([True] * 3, down, minutes=5)
    few, _ = after([None, None, None, *[False] * 4], soon, minutes=6)
    again, _ = look(few, state(0), NOW + timedelta(minutes=7), answered=True)

    assert [down.down_since] * 2 == [soon.down_since, few.down_since]
    assert [None, None] == [back.down_since, again.down_since]


def test_P7_who_did_not_answer_while_others_did_says_nothing_of_us_until_it_does() -> None:
    down, _ = after([False] * 6)
    for minute in range(1, 3):
        down, _ = look(down, state(9), NOW + timedelta(minutes=minute), answered=True)
        down, _ = after([False] * 6, down, minutes=minute + 0.2)
    back, _ = look(down, state(9), NOW + timedelta(minutes=4), answered=True)
    still, _ = after([False] * 6, back, minutes=5)
    well, _ = after([True] * 6, still, minutes=6)
    down_again, _ = after([False] * 6, well, minutes=7)

    assert down.down_since is not None
    assert {f"{number}.example" for number in range(6)} == back.mute == still.mute
    assert (None, None, frozenset()) == (back.down_since, still.down_since, well.mute)
    assert NOW + timedelta(minutes=7, seconds=5) == down_again.down_since


def test_P7_after_an_hour_we_are_down_only_while_nobody_answers() -> None:
    down, _ = after([False] * 6)
    kept, _ = after([False] * 6, down, minutes=59)
    confirmed, _ = after([False] * 6, kept, minutes=61)
    lonely, _ = look(down, state(0), NOW + timedelta(minutes=61), answered=False)
    answered, _ = look(kept, state(9), NOW + timedelta(minutes=59.5), answered=True)
    over, _ = look(answered, state(0, failures=9, known=False), NOW + timedelta(minutes=61), answered=False)

    assert down.down_since == kept.down_since == confirmed.down_since == answered.down_since
    assert (None, NOW + timedelta(minutes=61)) == (kept.confirmed_at, confirmed.confirmed_at)
    assert (None, None) == (lonely.down_since, over.down_since)


class Press:
    """Sites that are polled as the daemon does, second by second, and of which some do not answer at times."""

    def __init__(self, sites: int, *, poll_s: int = 900) -> None:
        self.chance = random.Random(sites)  # noqa: S311  the same in every run
        self.sites = [state(number) for number in range(sites)]
        self.poll_s = poll_s
        self.due = {site.id: self.chance.randrange(poll_s) for site in self.sites}
        self.network = Network()
        self.down_s: list[int] = []
        self.late_s: list[int] = []  # how long those that answered were kept waiting
        self.most_failures = 0

    def run(self, seconds: range, answers: Callable[[int, int], bool]) -> None:
        for second in seconds:
            now = NOW + second * SECOND
            self.network, room = probes(self.network, now)
            due = sorted((number for number, at in self.due.items() if at <= second), key=self.due.__getitem__)
            for number in due[: 24 if room is None else room]:
                self._poll(number, second, now, answered=answers(number, second))
            self.down_s += [second] if self.network.down_since else []

    def _poll(self, number: FeedId, second: int, now: datetime, *, answered: bool) -> None:
        site = self.sites[number]
        self.network, wronged = look(self.network, site, now, answered=answered)
        for other in wronged:
            self.sites[other] = replace(self.sites[other], failures=0)
            self.due[other] = second + 60
        wait_s = self.chance.randrange(self.poll_s * 9 // 10, self.poll_s * 11 // 10)
        if answered:
            self.late_s.append(second - self.due[number])
            site = replace(site, failures=0)
        elif self.network.down_since is not None:
            wait_s = 60
        else:
            site = replace(site, failures=site.failures + 1)
            wait_s = min(300 * 2**site.failures, 6 * HOUR_S)
        self.sites[number] = site
        self.due[number] = second + wait_s


@pytest.mark.untraced
@pytest.mark.parametrize(("sites", "dead"), [(6, 5), (10, 9), (40, 34), (100, 85), (100, 98)])
@pytest.mark.parametrize("poll_s", [900, HOUR_S])
def test_P7_where_a_provider_takes_most_sites_down_those_that_answer_go_on_and_the_dead_back_off(
    sites: int, dead: int, poll_s: int
) -> None:
    press = Press(sites, poll_s=poll_s)
    press.run(range(HOUR_S), lambda *_: True)
    press.late_s.clear()
    press.run(range(HOUR_S, 12 * HOUR_S), lambda number, _: number >= dead)

    assert 3 * HOUR_S > len(press.down_s)
    assert not [second for second in press.down_s if second > 5 * HOUR_S]
    assert 2 < min(site.failures for site in press.sites[:dead])
    assert 0 == max(site.failures for site in press.sites[dead:])
    assert 120 > sorted(press.late_s)[len(press.late_s) // 2]


@pytest.mark.untraced
@pytest.mark.parametrize("sites", [6, 100])
@pytest.mark.parametrize("lasts_s", [120, 3 * HOUR_S])
def test_P7_when_all_sites_fail_nothing_is_counted_and_all_are_polled_soon_after(sites: int, lasts_s: int) -> None:
    press = Press(sites, poll_s=300)
    press.run(range(HOUR_S), lambda *_: True)
    back = HOUR_S + lasts_s
    press.run(range(HOUR_S, back), lambda *_: False)
    counted = sum(site.failures for site in press.sites) if press.down_s else 0  # few were asked in two minutes
    press.run(range(back, back + 90), lambda *_: True)

    assert 0 == counted
    assert [] == [at for at in press.due.values() if at < back + 85]
    assert None is press.network.down_since


@pytest.mark.untraced
@pytest.mark.parametrize("blip_s", [5, 20])
def test_P7_a_moment_of_network_in_an_outage_holds_nothing_against_anyone(blip_s: int) -> None:
    press = Press(40)
    press.run(range(HOUR_S), lambda *_: True)
    blip = range(2 * HOUR_S, 2 * HOUR_S + blip_s)
    press.run(range(HOUR_S, 3 * HOUR_S), lambda _, second: second in blip)

    assert 0 == sum(site.failures for site in press.sites)


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


def test_P7_once_a_host_answers_all_that_is_due_is_asked_for_a_while() -> None:
    down, _ = after([False] * 10)
    down, _ = probes(down, NOW + 60 * SECOND)
    down, _ = look(down, state(3), NOW + 62 * SECOND, answered=True)
    counts = [probes(down, NOW + second * SECOND)[1] for second in (63, 122, 123)]

    assert [None, None, 1] == counts


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
