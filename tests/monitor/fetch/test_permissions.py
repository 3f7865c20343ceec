"""Promises P4 and P5: what a site allows, asked once a day."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import FetchError, Reason
from monitor.fetch import Hold, HostGate, Permissions, fetch_page, permissions
from monitor.http import host_of
from monitor.settings import TdmPolicy
from tests.monitor.http.server import Request, Server, answering, client, response, routing, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from monitor.http import HttpClient
    from tests.monitor.http.server import Handler

ROBOTS, TDMREP = "/robots.txt", "/.well-known/tdmrep.json"
CLOSED = response(200, b"User-agent: *\nDisallow: /abonnes/\nCrawl-delay: 3")
RESERVED = response(200, b'[{"location": "/reserve/", "tdm-reservation": 1}]')
HTML = response(200, b"<html><p>Le phare est rouvert.</p></html>", content_type="text/html")


@dataclass
class Day:
    at: datetime = datetime(2026, 11, 3, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class Site:
    server: Server
    http: HttpClient
    asks: Permissions
    day: Day
    gate: HostGate

    async def refusal(self, path: str) -> FetchError:
        with pytest.raises(FetchError) as caught:
            await self.asks.check(self.server.url(path))
        return caught.value


@asynccontextmanager
async def site(handler: Handler, *, policy: TdmPolicy = TdmPolicy.RESPECT) -> AsyncIterator[Site]:
    async with serving(handler) as server, client() as http:
        day = Day()
        gate = HostGate(page_interval_s=0, wait_s=5)
        yield Site(server, http, Permissions(http, gate, clock=day, tdm_policy=policy), day, gate)


def test_P4_a_site_is_asked_once_and_its_rules_are_obeyed() -> None:
    async def run() -> tuple[float, FetchError, list[str]]:
        async with site(routing({ROBOTS: CLOSED})) as here:
            delays = await asyncio.gather(*(here.asks.check(here.server.url(f"/{n}")) for n in range(5)))
            return max(delays), await here.refusal("/abonnes/une"), here.server.paths

    delay_s, error, paths = asyncio.run(run())

    assert (delay_s, paths) == (3.0, [ROBOTS, TDMREP])
    assert (Reason.ROBOTS, False) == (error.reason, error.retryable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
def test_P4_a_robots_txt_that_is_not_there_allows_all(status: int) -> None:
    async def run() -> float:
        async with site(answering(response(status))) as here:
            return await here.asks.check(here.server.url("/une"))

    delay_s = asyncio.run(run())

    assert delay_s == 0.0


def test_P4_a_robots_txt_behind_too_many_redirects_is_not_there() -> None:
    async def run() -> float:
        async with site(answering(response(302, location="/robots.txt"))) as here:
            return await here.asks.check(here.server.url("/une"))

    delay_s = asyncio.run(run())

    assert delay_s == 0.0


@pytest.mark.parametrize(
    "answer", [response(500), response(503), b"not http\r\n\r\n", response(302, location="http://[::1]/")]
)
def test_P4_a_robots_txt_that_cannot_be_read_closes_the_site_for_a_while(answer: bytes) -> None:
    async def run() -> tuple[FetchError, int, float]:
        routes = {ROBOTS: answer}
        async with site(routing(routes)) as here:
            error = await here.refusal("/une")
            here.day.at += timedelta(minutes=4)
            await here.refusal("/une")
            asked = here.server.paths.count(ROBOTS)
            routes[ROBOTS] = CLOSED
            here.day.at += timedelta(minutes=2)
            return error, asked, await here.asks.check(here.server.url("/une"))

    error, asked, delay_s = asyncio.run(run())

    assert (Reason.ROBOTS, True, timedelta(minutes=5)) == (error.reason, error.retryable, error.retry_after)
    assert (asked, delay_s) == (1, 3.0)


def test_R4_a_robots_txt_that_takes_long_is_waited_for_by_who_has_more_time() -> None:
    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(CLOSED)

    async def run() -> tuple[list[FetchError], int, float]:
        async with site(slow) as here:
            url = here.server.url("/une")
            refusals = []
            for _ in range(2):
                with pytest.raises(FetchError) as caught:
                    await here.asks.check(url, deadline_s=0.1)
                refusals.append(caught.value)
            return refusals, here.server.paths.count(ROBOTS), await here.asks.check(url, deadline_s=5)

    refusals, asked, delay_s = asyncio.run(run())

    assert [(Reason.ROBOTS, True)] * 2 == [(error.reason, error.retryable) for error in refusals]
    assert (asked, delay_s) == (1, 3.0)


@pytest.mark.parametrize(
    ("later", "asked"), [(timedelta(hours=23), 1), (timedelta(hours=25), 2), (timedelta(days=-9), 2)]
)
def test_P4_an_answer_is_kept_a_day_and_no_longer(later: timedelta, asked: int) -> None:
    async def run() -> int:
        async with site(routing({ROBOTS: CLOSED})) as here:
            await here.asks.check(here.server.url("/une"))
            here.day.at += later
            await here.asks.check(here.server.url("/une"))
            return here.server.paths.count(ROBOTS)

    times = asyncio.run(run())

    assert asked == times


def test_P5_a_reserved_page_is_refused_and_its_feed_is_not() -> None:
    async def run() -> tuple[FetchError, float, float]:
        async with site(routing({TDMREP: RESERVED})) as here:
            error = await here.refusal("/reserve/une")
            feed_s = await here.asks.check_robots(here.server.url("/reserve/rss.xml"))
            return error, feed_s, await here.asks.check(here.server.url("/une"))

    error, *delays_s = asyncio.run(run())

    assert (Reason.RESERVED, False) == (error.reason, error.retryable)
    assert delays_s == [0.0, 0.0]


def test_P5_a_reserved_page_is_fetched_and_marked_where_the_operator_ignores_it() -> None:
    async def run() -> list[bool]:
        routes = {TDMREP: RESERVED, "/reserve/une": HTML, "/une": HTML}
        async with site(routing(routes), policy=TdmPolicy.IGNORE) as here:
            marks = []
            for path in ("/reserve/une", "/une"):
                await here.asks.check(here.server.url(path))
                page = await fetch_page(
                    here.http, here.server.url(path), max_bytes=9999, deadline_s=5, permissions=here.asks
                )
                marks.append(page.reserved)
            return marks

    marks = asyncio.run(run())

    assert marks == [True, False]


@pytest.mark.parametrize("answer", [response(500), b"not http\r\n\r\n", response(200, b"[")])
def test_P5_a_reservation_that_cannot_be_read_is_none(answer: bytes) -> None:
    async def run() -> float:
        async with site(routing({TDMREP: answer})) as here:
            return await here.asks.check(here.server.url("/une"))

    delay_s = asyncio.run(run())

    assert delay_s == 0.0


def test_P4_a_redirect_does_not_lead_where_robots_txt_forbids() -> None:
    async def run() -> tuple[Reason, list[str]]:
        routes = {ROBOTS: CLOSED, "/une": response(302, location="/abonnes/une")}
        async with site(routing(routes)) as here:
            with pytest.raises(FetchError) as caught:
                await fetch_page(
                    here.http, here.server.url("/une"), max_bytes=9999, deadline_s=5, permissions=here.asks
                )
            return caught.value.reason, here.server.paths

    reason, paths = asyncio.run(run())

    assert reason is Reason.ROBOTS
    assert "/abonnes/une" not in paths


def test_P3_a_redirect_waits_for_the_crawl_delay_of_the_host_it_leads_to() -> None:
    async def run() -> tuple[FetchError, list[str]]:
        routes: dict[str, bytes] = {}
        async with serving(routing({ROBOTS: CLOSED, "/une": HTML})) as other, site(routing(routes)) as here:
            routes["/une"] = response(302, location=other.url("/une"))
            url, refused = here.server.url("/une"), []
            for _ in range(2):
                async with here.gate.page(url, crawl_delay_s=await here.asks.check(url)) as turn:
                    try:
                        await fetch_page(here.http, url, max_bytes=9999, deadline_s=5, permissions=here.asks, turn=turn)
                    except FetchError as error:
                        refused.append(error)
            return refused[0], other.paths

    error, paths = asyncio.run(run())

    assert [ROBOTS, TDMREP, "/une"] == paths
    assert Reason.BUSY is error.reason
    assert error.retry_after is not None
    assert 2 < error.retry_after.total_seconds() <= 3


def test_P3_a_page_and_who_asks_its_site_again_do_not_wait_for_each_other() -> None:
    async def run() -> tuple[bool, float, int]:
        async with site(routing({ROBOTS: CLOSED, TDMREP: RESERVED})) as here:
            url = here.server.url("/une")
            await here.asks.check(url)
            async with asyncio.timeout(4), here.gate.page(url) as turn:
                here.day.at += timedelta(days=2)
                other = asyncio.create_task(here.asks.check(url))
                await asyncio.sleep(0)
                reserved = await here.asks.reserves(here.server.url("/reserve/une"))
                await here.asks.check_hop(here.server.url("/deux"), turn)
                return reserved, await other, here.server.paths.count(ROBOTS)

    assert asyncio.run(run()) == (True, 3, 2)


def test_P3_a_robots_txt_that_is_kept_at_a_busy_host_is_asked_for_later_and_forbids_nothing() -> None:
    async def run() -> tuple[FetchError, list[str], float]:
        async with serving(routing({"/r": CLOSED, "/t": response(404)})) as other:
            routes = {ROBOTS: response(302, location=other.url("/r"))}
            async with site(routing(routes)) as here:
                busy = Hold(feeds=timedelta(seconds=60))
                here.gate.hold(host_of(other.url("/")), busy)
                error = await here.refusal("/une")
                asked = list(other.paths)
                here.gate._hosts.clear()
                return error, asked, await here.asks.check(here.server.url("/une"))

    error, asked, delay_s = asyncio.run(run())

    assert (Reason.BUSY, []) == (error.reason, asked)
    assert delay_s == 3


def test_P5_a_reservation_that_is_kept_at_a_busy_host_is_asked_for_later() -> None:
    async def run() -> tuple[FetchError, FetchError]:
        routes: dict[str, bytes] = {}
        async with serving(routing({"/t": RESERVED})) as other, site(routing(routes)) as here:
            routes[TDMREP] = response(302, location=other.url("/t"))
            here.gate.hold(host_of(other.url("/")), Hold(feeds=timedelta(seconds=60)))
            early = await here.refusal("/reserve/une")
            here.gate._hosts.clear()
            return early, await here.refusal("/reserve/une")

    early, later = asyncio.run(run())

    assert (Reason.BUSY, Reason.RESERVED) == (early.reason, later.reason)


def test_sites_are_forgotten_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_MAX_SITES", 1)

    async def run() -> int:
        async with site(routing({})) as here, serving(routing({})) as other:
            for server in (here.server, other, here.server):
                await here.asks.check(server.url("/une"))
            return here.server.paths.count(ROBOTS)

    asked = asyncio.run(run())

    assert asked == 2
