"""Promises P2 and P3: one request at a time for each host, pages spaced, closed when the host says so."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from monitor.errors import FetchError, Reason
from monitor.fetch import gate as gates
from monitor.fetch.gate import Hold, HostGate, Turn
from monitor.model import Lane

A, B = "https://a.example/1", "https://b.example/1"


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    at: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


def gate(time: Time, *, page_interval_s: float = 1.0, wait_s: float = 60.0) -> HostGate:
    return HostGate(page_interval_s=page_interval_s, wait_s=wait_s, monotonic=time.now, sleep=time.sleep)


@dataclass
class Traffic:
    """How many requests were under way at most, and when each began."""

    time: Time
    most: int = 0
    began: list[float] = field(default_factory=list)
    _now: int = 0

    async def through(self, way: AbstractAsyncContextManager[object]) -> None:
        async with way:
            self._now += 1
            self.most = max(self.most, self._now)
            self.began.append(self.time.at)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self._now -= 1


async def asked_away(
    door: HostGate, url: str, seconds: float, *, host: str | None = None, is_page: bool = False
) -> None:
    """Ask for something, and be asked to wait instead."""
    wait = timedelta(seconds=seconds)
    with suppress(FetchError):
        async with door.page(url) if is_page else door.feed(url):
            raise FetchError("429", reason=Reason.RATE_LIMITED, retry_after=wait, status=429, host=host)


def test_P3_one_request_at_a_time_for_each_host() -> None:
    async def run() -> Traffic:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        ways = [door.feed(A), door.page(A), door.feed("http://A.example:80/x"), door.feed(A), door.page(A)]
        await asyncio.gather(*(traffic.through(way) for way in ways[:2] + ways[3:]))
        return traffic

    traffic = asyncio.run(run())

    assert (traffic.most, len(traffic.began)) == (1, 4)


def test_P3_hosts_do_not_wait_for_each_other() -> None:
    async def run() -> Traffic:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        await asyncio.gather(traffic.through(door.feed(A)), traffic.through(door.feed(B)))
        return traffic

    traffic = asyncio.run(run())

    assert traffic.most == 2


@pytest.mark.parametrize(
    ("page_interval_s", "crawl_delay_s", "gaps"), [(1, 0, [1, 1]), (1, 5, [5, 5]), (3, 2, [3, 3]), (0, 0, [0, 0])]
)
def test_P3_pages_keep_the_longer_of_floor_and_crawl_delay(
    page_interval_s: float, crawl_delay_s: float, gaps: list[float]
) -> None:
    async def run() -> Traffic:
        time = Time()
        door, traffic = gate(time, page_interval_s=page_interval_s), Traffic(time)
        await asyncio.gather(*(traffic.through(door.page(A, crawl_delay_s=crawl_delay_s)) for _ in range(3)))
        return traffic

    began = asyncio.run(run()).began

    assert gaps == [after - before for before, after in pairwise(began)]


def test_P3_feeds_do_not_wait_for_the_floor_of_pages() -> None:
    async def run() -> Time:
        time = Time()
        door, traffic = gate(time, page_interval_s=30), Traffic(time)
        await traffic.through(door.page(A))
        await traffic.through(door.feed(A))
        return time

    time = asyncio.run(run())

    assert time.slept == []


def test_r4_a_page_that_waits_for_something_else_keeps_nobody_of_the_other_lane_waiting() -> None:
    async def run() -> Traffic:
        time, room = Time(), asyncio.Event()
        door, traffic = gate(time, page_interval_s=5), Traffic(time)
        slow = asyncio.create_task(traffic.through(door.page(A, lane=Lane.SLOW, before=room.wait)))
        await asyncio.sleep(0)
        await traffic.through(door.feed(A))
        await traffic.through(door.page(A))
        room.set()
        await slow
        return traffic

    traffic = asyncio.run(run())

    assert (traffic.most, traffic.began) == (1, [1000.0, 1000.0, 1005.0])


def test_P2_a_host_that_asks_us_to_wait_is_left_alone() -> None:
    async def run() -> list[float]:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        with pytest.raises(FetchError, match="429"):
            async with door.feed(A):
                raise FetchError("429", reason=Reason.RATE_LIMITED, retry_after=timedelta(seconds=20), status=429)
        await traffic.through(door.feed(B))
        await traffic.through(door.page(A))
        await traffic.through(door.feed(A))
        return traffic.began

    began = asyncio.run(run())

    assert began == [1000, 1020, 1020]


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_P2_who_was_waiting_when_a_host_asked_us_to_wait_waits_too(kind: str) -> None:
    async def run() -> float:
        time = Time()
        door = gate(time)
        asked = asyncio.Event()

        async def refused() -> None:
            async with door.page(A):
                await asked.wait()
                raise FetchError("429", reason=Reason.RATE_LIMITED, retry_after=timedelta(seconds=20), status=429)

        async def waiting() -> float:
            async with door.feed(A) if kind == "feed" else door.page(A, lane=Lane.SLOW):
                return time.now()

        first, second = asyncio.ensure_future(refused()), asyncio.ensure_future(waiting())
        await asyncio.sleep(0)
        asked.set()
        await asyncio.gather(first, return_exceptions=True)
        return await second

    assert 1020.0 == asyncio.run(run())


def test_P2_the_host_that_a_redirect_led_to_is_the_one_left_alone() -> None:
    async def run() -> list[float]:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        await asked_away(door, A, 30, host="b.example")
        await traffic.through(door.feed(A))
        await traffic.through(door.feed(B))
        return traffic.began

    began = asyncio.run(run())

    assert began == [1000, 1030]


DAY_S, HOUR_S = 86_400.0, 3600.0


def holds_of(*asked: dict[str, Any]) -> tuple[float, float]:
    """Return how long the feeds and the pages of b.example are left alone after what was asked, in seconds."""

    async def run() -> tuple[float, float]:
        time = Time()
        door = gate(time)
        for one in asked:
            await asked_away(door, **one)
        held = door.held("b.example")
        return held.feeds.total_seconds(), held.pages.total_seconds()

    return asyncio.run(run())


OF_A_FEED = {"url": B, "seconds": DAY_S}
OF_A_PAGE = {"url": B, "seconds": DAY_S, "is_page": True}
OF_A_REDIRECTED_FEED = {"url": A, "seconds": DAY_S, "host": "b.example"}
OF_A_REDIRECTED_PAGE = {"url": A, "seconds": DAY_S, "host": "b.example", "is_page": True}


def test_P2_what_a_feed_of_a_host_was_answered_holds_all_of_it() -> None:
    assert (DAY_S, DAY_S) == holds_of(OF_A_FEED)
    assert (0, 0) == holds_of({"url": A, "seconds": DAY_S})


@pytest.mark.parametrize("asked", [OF_A_PAGE, OF_A_REDIRECTED_FEED, OF_A_REDIRECTED_PAGE])
def test_P2_what_others_had_us_ask_holds_the_feeds_of_a_host_for_an_hour_at_most(asked: dict[str, Any]) -> None:
    assert (HOUR_S, DAY_S) == holds_of(asked)
    assert (60, 60) == holds_of({**asked, "seconds": 60})


def test_P2_what_others_had_us_ask_holds_feeds_for_an_hour_in_all_before_one_is_asked_for() -> None:
    """Or one link an hour would silence a host for ever."""
    time = Time()
    door = gate(time)

    async def asked(after_s: float, **what: Any) -> float:
        time.at += after_s
        await asked_away(door, **{**OF_A_REDIRECTED_PAGE, **what})
        return door.held("b.example").feeds.total_seconds()

    async def run() -> list[float]:
        held = [await asked(0, seconds=1800), await asked(1800, seconds=1200), await asked(1200), await asked(600)]
        async with door.feed(B):
            pass
        held.append(await asked(0))
        return [*held, await asked(HOUR_S + 61)]

    assert [1800, 1200, 600, 0, HOUR_S, HOUR_S] == asyncio.run(run())


def test_P2_a_shorter_wait_takes_nothing_from_a_longer_one() -> None:
    assert (DAY_S, DAY_S) == holds_of(OF_A_FEED, {**OF_A_REDIRECTED_FEED, "seconds": 5})


def test_P2_what_nobody_answered_holds_no_host() -> None:
    async def run() -> object:
        door = gate(Time())
        with suppress(FetchError):
            async with door.page(A):
                raise FetchError(
                    "no robots.txt", reason=Reason.ROBOTS, retry_after=timedelta(minutes=5), host="b.example"
                )
        return door.held("b.example")

    assert asyncio.run(run()) == Hold()


def test_P2_a_hold_of_pages_alone_lets_feeds_through() -> None:
    async def run() -> list[float]:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        door.hold("a.example", Hold(pages=timedelta(seconds=30)))
        await traffic.through(door.feed(A))
        await traffic.through(door.page(A))
        return traffic.began

    assert asyncio.run(run()) == [1000, 1030]


# --- where redirects lead ---------------------------------------------------------------------------------------------


def test_P3_who_is_redirected_waits_for_the_turn_of_the_other_host() -> None:
    async def run() -> tuple[list[float], bool]:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        await traffic.through(door.page(B))
        async with door.page(A) as turn:
            await turn.move("https://b.example/2")
            traffic.began.append(time.at)
            held = turn.holds(B)
        await traffic.through(door.page(B))
        return traffic.began, held

    began, held = asyncio.run(run())

    assert ([1000, 1001, 1002], True) == (began, held)


def test_P3_who_is_redirected_within_a_host_keeps_its_turn() -> None:
    async def run() -> Time:
        time = Time()
        async with gate(time, page_interval_s=30).page(A) as turn:
            await turn.move("http://a.example/2")
        return time

    assert asyncio.run(run()).slept == []


async def refusal(way: AbstractAsyncContextManager[Turn], **asked: float) -> FetchError:
    """Return why who is redirected to B does not get there."""
    with pytest.raises(FetchError) as caught:
        async with way as turn:
            await turn.move(B, **asked)
    return caught.value


def test_P3_a_turn_that_is_far_off_is_kept_for_who_was_redirected_to_it() -> None:
    """Each has one of its own: if all came back for the same, all but one of them would have come for nothing."""

    async def run() -> list[FetchError]:
        time = Time()
        door = gate(time)
        async with door.page(B, crawl_delay_s=10):
            pass
        refused = [await refusal(door.page(f"https://short{number}.example/"), crawl_delay_s=10) for number in range(3)]
        time.at += 10
        async with door.page(A) as turn:
            await turn.move(B, crawl_delay_s=10)
        return refused

    refused = asyncio.run(run())

    assert [timedelta(seconds=seconds) for seconds in (10, 20, 30)] == [error.retry_after for error in refused]
    assert {(Reason.BUSY, "b.example", None)} == {(error.reason, error.host, error.status) for error in refused}


def test_P3_however_many_are_redirected_to_a_host_the_next_need_not_wait_for_days() -> None:
    async def run() -> list[float]:
        time = Time()
        door = gate(time)
        async with door.page(B, crawl_delay_s=600):
            pass
        waits = []
        for _ in range(20):
            error = await refusal(door.page(A), crawl_delay_s=600)
            waits.append((error.retry_after or timedelta()).total_seconds())
            time.at += 1
        return waits

    assert max(asyncio.run(run())) <= 600 + 3600


def test_P3_pages_that_wait_for_a_host_go_before_those_that_are_redirected_to_it() -> None:
    async def run() -> tuple[list[float], timedelta | None]:
        time = Time()
        door, traffic = gate(time), Traffic(time)
        waiting = [asyncio.ensure_future(traffic.through(door.page(B, crawl_delay_s=10))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(FetchError) as caught:
            async with door.page(A) as turn:
                await turn.move(B, crawl_delay_s=10)
        await asyncio.gather(*waiting)
        return traffic.began, caught.value.retry_after

    assert ([1000, 1010], timedelta(seconds=20)) == asyncio.run(run())


def test_P3_hosts_that_redirect_to_each_other_do_not_wait_for_each_other() -> None:
    async def run() -> list[float]:
        time = Time()
        door, began = gate(time), list[float]()
        both = asyncio.Barrier(2)

        async def through(first: str, then: str) -> None:
            async with door.page(first) as turn:
                await both.wait()
                await turn.move(then)
                began.append(time.at)

        await asyncio.gather(through(A, B), through(B, A))
        return began

    assert asyncio.run(run()) == [1001, 1002]


def test_P3_who_is_sent_back_to_a_host_asks_for_no_other_page_of_it() -> None:
    async def run() -> tuple[list[float], list[float]]:
        time = Time()
        door, traffic = gate(time, page_interval_s=10), Traffic(time)
        async with door.page(A, crawl_delay_s=20) as turn:
            time.at += 1
            await turn.move(B)
            time.at += 1
            await turn.move(A)
            time.at += 1
        slept = list(time.slept)
        await traffic.through(door.page(B))
        await traffic.through(door.page(A))
        return slept, traffic.began

    slept, began = asyncio.run(run())

    assert [] == slept
    assert [1013, 1023] == began  # counted from the end of all


@pytest.mark.parametrize("is_page", [True, False])
def test_P3_one_request_at_a_time_also_where_redirects_lead(monkeypatch: pytest.MonkeyPatch, *, is_page: bool) -> None:
    monkeypatch.setattr(gates, "HOP_WAIT_S", 0.02)

    async def run() -> FetchError:
        door = HostGate(page_interval_s=0)
        async with door.feed(B):
            with pytest.raises(FetchError) as caught:
                async with door.page(A) if is_page else door.feed(A) as turn:
                    await turn.move(B)
            async with door.feed(A):  # is free again
                pass
        return caught.value

    error = asyncio.run(run())

    assert (Reason.BUSY, "b.example", timedelta()) == (error.reason, error.host, error.retry_after)


def test_P2_a_redirect_does_not_lead_to_a_host_that_asked_to_be_left_alone() -> None:
    async def run() -> list[timedelta | None]:
        time = Time()
        door, waits = gate(time), list[timedelta | None]()
        door.hold("b.example", Hold(feeds=timedelta(hours=1), pages=timedelta(hours=2)))
        for way in (door.page(A), door.feed(A)):
            with pytest.raises(FetchError) as caught:
                async with way as turn:
                    await turn.move(B)
            waits.append(caught.value.retry_after)
        return waits

    assert asyncio.run(run()) == [timedelta(hours=2), timedelta(hours=1)]


@pytest.mark.parametrize("first", [A, B])
def test_P2_a_feed_that_is_redirected_is_not_held_by_what_a_page_was_told(first: str) -> None:
    async def run() -> bool:
        door = gate(Time())
        door.hold("www.b.example", Hold(pages=timedelta(hours=2)))
        async with door.feed(first) as turn:
            await turn.move("https://www.b.example/rss")
            return turn.holds("https://www.b.example/")

    assert asyncio.run(run())


def test_P3_who_is_redirected_to_a_host_that_is_busy_with_its_own_pages_has_every_other_turn() -> None:
    async def run() -> list[str]:
        door, turns = HostGate(page_interval_s=0.1), list[str]()

        async def own() -> None:
            async with door.page(B):
                turns.append("own")

        async def redirected(number: int) -> None:
            async with door.page(f"https://short{number}.example/") as turn:
                await turn.move(B)
                turns.append("redirected")

        backlog = [asyncio.create_task(own()) for _ in range(12)]
        await asyncio.sleep(0.01)
        await asyncio.gather(*(redirected(number) for number in range(3)))
        await asyncio.gather(*backlog)
        return turns

    turns = asyncio.run(run())

    assert "redirected" in turns[1:3]
    assert 3 == turns[:8].count("redirected")
    assert ("redirected", "redirected") not in pairwise(turns)


def test_a_failure_lets_the_next_one_through() -> None:
    async def run() -> list[float]:
        time = Time()
        door, traffic = gate(time, page_interval_s=0), Traffic(time)
        for way in (door.feed(A), door.page(A)):
            with pytest.raises(FetchError):
                async with way:
                    raise FetchError("down", reason=Reason.CONNECTION)
        await traffic.through(door.page(A))
        return traffic.began

    began = asyncio.run(run())

    assert began == [1000]


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_a_wait_that_would_be_too_long_is_refused_at_once_with_its_length(kind: str) -> None:
    async def run() -> FetchError:
        door = gate(Time(), wait_s=60)
        await asked_away(door, A, 100)
        with pytest.raises(FetchError) as caught:
            async with getattr(door, kind)(A):
                pass
        return caught.value

    error = asyncio.run(run())

    assert (Reason.BUSY, True, timedelta(seconds=100)) == (error.reason, error.retryable, error.retry_after)
    assert str(error) == "a.example: its next turn is in 100 s"


def test_a_queue_of_pages_that_would_be_too_long_is_refused_at_once() -> None:
    async def run() -> list[FetchError]:
        time = Time()
        door, traffic = gate(time, wait_s=60), Traffic(time)
        ways = [traffic.through(door.page(A, crawl_delay_s=30)) for _ in range(6)]
        results = await asyncio.gather(*ways, return_exceptions=True)
        return [result for result in results if isinstance(result, FetchError)]

    refused = asyncio.run(run())

    assert [timedelta(seconds=90)] * 3 == [error.retry_after for error in refused]


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_a_turn_that_never_comes_is_refused(kind: str) -> None:
    async def run() -> FetchError:
        door = HostGate(page_interval_s=0, wait_s=0.02)
        async with getattr(door, kind)(A):
            with pytest.raises(FetchError) as caught:
                async with getattr(door, kind)(A):
                    pass
        return caught.value

    error = asyncio.run(run())

    assert (Reason.BUSY, True) == (error.reason, error.retryable)


def test_idle_hosts_are_forgotten_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_MAX_HOSTS", 3)

    async def run() -> list[str]:
        time = Time()
        door = gate(time)
        await asked_away(door, A, 30)
        async with door.feed(B):
            for number in range(6):
                async with door.feed(f"https://c{number}.example/"):
                    pass
            return list(door._hosts)

    hosts = asyncio.run(run())

    assert {"a.example", "b.example"} <= set(hosts)
    assert len(hosts) <= 4


def test_an_address_that_is_none_is_refused() -> None:
    async def run() -> None:
        async with gate(Time()).feed("file:///etc/passwd"):
            pass

    with pytest.raises(FetchError) as caught:
        asyncio.run(run())

    assert caught.value.reason is Reason.BAD_URL
