"""Promises S1 to S3 on every way that leads to an address: whatever names this machine is not connected to."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from monitor.errors import FetchError, Reason
from monitor.fetch import HostGate, Permissions, fetch_feed, fetch_page
from monitor.http import HttpClient, Resolver
from monitor.model import Feed, FeedId, FeedState, FeedStatus
from tests.clock import ManualClock
from tests.monitor.http.server import Request, Server, client, response, serving
from tests.monitor.http.spellings import FRONT, LOOPBACK, PUBLIC, gullible

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8")

PAGE = response(200, b"<!doctype html><title>Une</title>", content_type="text/html")
REFUSED = {Reason.ADDRESS_REFUSED, Reason.BAD_URL, Reason.DNS, Reason.ROBOTS}  # a robots.txt that cannot be read


@dataclass
class Place:
    """A site that may be asked, and a service of this machine that may not."""

    http: HttpClient
    site: Server
    secret: Server
    redirects: dict[str, str] = field(default_factory=dict)

    @property
    def front(self) -> str:
        return self.site.url(host=PUBLIC).removesuffix("/")

    @property
    def asks(self) -> Permissions:
        return Permissions(self.http, HostGate(page_interval_s=0), clock=ManualClock())

    async def feed(self, url: str) -> object:
        state = FeedState(FeedId(1), Feed(url), "journal.example", FeedStatus.ACTIVE)
        return await fetch_feed(self.http, state, max_bytes=9999, deadline_s=5)

    async def page(self, url: str, *, permissions: Permissions | None = None) -> object:
        return await fetch_page(self.http, url, max_bytes=9999, deadline_s=5, permissions=permissions)


async def redirected(place: Place, path: str, target: str) -> str:
    place.redirects[path] = target
    return place.front + path


async def feed(place: Place, target: str) -> None:
    await place.feed(target)


async def page(place: Place, target: str) -> None:
    await place.page(target)


async def robots_txt(place: Place, target: str) -> None:
    await place.asks.check(target)


async def message(place: Place, target: str) -> None:
    await place.http.post(target, content=b"{}", headers={})


async def redirect_of_a_feed(place: Place, target: str) -> None:
    await place.feed(await redirected(place, "/rss", target))


async def redirect_of_a_page(place: Place, target: str) -> None:
    await place.page(await redirected(place, "/une", target))


async def redirect_of_a_page_that_robots_txt_allows(place: Place, target: str) -> None:
    await place.page(await redirected(place, "/une", target), permissions=place.asks)


async def redirect_of_robots_txt(place: Place, target: str) -> None:
    await place.asks.check((await redirected(place, "/robots.txt", target)).replace("robots.txt", "une"))


async def redirect_of_tdmrep(place: Place, target: str) -> None:
    """A reservation that cannot be read is none: that is no error, and must be no request either."""
    assert not await place.asks.reserves(await redirected(place, "/.well-known/tdmrep.json", target))
    raise FetchError("not said", reason=Reason.ADDRESS_REFUSED)


DIRECT = (feed, page, robots_txt, message)
REDIRECTED = (
    redirect_of_a_feed,
    redirect_of_a_page,
    redirect_of_a_page_that_robots_txt_allows,
    redirect_of_robots_txt,
    redirect_of_tdmrep,
)
Way = Callable[[Place, str], Awaitable[None]]


@asynccontextmanager
async def opened(resolver: Resolver) -> AsyncIterator[Place]:
    redirects: dict[str, str] = {}

    async def lead(request: Request, writer: asyncio.StreamWriter) -> None:
        target = redirects.get(request.path)
        writer.write(response(302, location=target) if target else PAGE if request.path == "/bonne" else response(404))

    async def tell(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(PAGE)

    allowed = (ip_network(FRONT),)
    async with (
        serving(lead, host=FRONT) as site,
        serving(tell) as secret,
        client(resolver=resolver, allow=allowed) as http,
    ):
        yield Place(http, site, secret, redirects)


async def outcome(way: Way, place: Place, target: str) -> Reason | None:
    try:
        await way(place, target)
    except FetchError as error:
        return Reason.ADDRESS_REFUSED if "not on the public internet" in str(error) else error.reason
    return None


def told(way: Way, targets: tuple[str, ...], resolver: Resolver = gullible) -> tuple[dict[str, Reason | None], int]:
    """Return what came of each target, `{port}` in it being the secret service's, and how often that was reached."""

    async def run() -> tuple[dict[str, Reason | None], int]:
        async with opened(resolver) as place:
            found = {one: await outcome(way, place, one.format(port=place.secret.port)) for one in targets}
            return found, place.secret.connections

    return asyncio.run(run())


@pytest.mark.parametrize("way", [*DIRECT, *REDIRECTED])
def test_s1_no_spelling_of_this_machine_is_connected_to_on_any_way(way: Way) -> None:
    # what a line of a header cannot hold cannot be redirected to
    spellings = [one for one in LOOPBACK if way in DIRECT or one.isprintable()]

    found, connections = told(way, tuple(f"http://{one}:{{port}}/une" for one in spellings))

    assert {} == {target: reason for target, reason in found.items() if reason not in REFUSED}
    assert connections == 0


@pytest.mark.parametrize("way", REDIRECTED[:3])
def test_s1_a_redirect_to_a_site_that_may_be_asked_is_followed(way: Way) -> None:
    """Or the table above would prove nothing."""

    async def run() -> tuple[Reason | None, list[str]]:
        async with opened(gullible) as place:
            return await outcome(way, place, place.front + "/bonne"), place.site.paths

    reason, paths = asyncio.run(run())

    assert (None, "/bonne") == (reason, [path for path in paths if "tdmrep" not in path][-1])


@pytest.mark.parametrize("way", [*DIRECT, *REDIRECTED])
def test_s2_a_name_that_changes_its_answer_is_connected_to_nowhere_but_where_it_was_checked(way: Way) -> None:
    answers = 0

    async def rebinding(host: str, port: int) -> tuple[str, ...]:
        nonlocal answers
        if host == PUBLIC:
            return (FRONT,)
        answers += 1
        return (FRONT,) if answers % 2 else ("127.0.0.1",)

    found, connections = told(way, tuple(f"http://rebinding.example:{{port}}/{n}" for n in range(6)), rebinding)

    assert None not in found.values()
    assert (True, 0) == (answers >= 6, connections)


@pytest.mark.parametrize("way", [*DIRECT, *REDIRECTED])
@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "100.64.0.1", "::1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_s3_one_answer_that_is_not_public_refuses_the_good_ones_too(way: Way, bad: str) -> None:
    async def mixed(host: str, port: int) -> tuple[str, ...]:
        return (FRONT,) if host == PUBLIC else (FRONT, bad)

    found, connections = told(way, ("http://mixed.example:{port}/une",), mixed)

    assert ({"http://mixed.example:{port}/une": Reason.ADDRESS_REFUSED}, 0) == (found, connections)
