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
from monitor.fetch.gate import Hold, HostGate
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

    async def through(self, way: AbstractAsyncContextManager[None]) -> None:
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


def holds_of(*asked: dict[str, Any], feed_after_s: float | None = None) -> tuple[float, float]:
    """Return how long the feeds and the pages of b.example are left alone after what was asked, in seconds."""

    async def run() -> tuple[float, float]:
        time = Time()
        door = gate(time)
        for number, one in enumerate(asked):
            if number and feed_after_s is not None:
                time.at += feed_after_s
                async with door.feed(B):
                    pass
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


def test_P2_what_others_had_us_ask_does_not_hold_feeds_again_before_one_was_asked_for() -> None:
    """Or one link an hour would silence a host for ever."""
    hour = {**OF_A_REDIRECTED_FEED, "seconds": HOUR_S}

    assert (HOUR_S, DAY_S) == holds_of(hour, OF_A_REDIRECTED_PAGE)
    assert (HOUR_S, DAY_S) == holds_of(hour, OF_A_REDIRECTED_PAGE, feed_after_s=HOUR_S)


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
