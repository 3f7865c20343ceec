"""May this address be asked, and how often: robots.txt and TDM reservations, cached for each site (promises P4, P5)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from monitor.errors import FetchError, Reason
from monitor.fetch import robots, tdm
from monitor.fetch.gate import HOP_WAIT_S
from monitor.http import host_of, origin_of, path_of
from monitor.settings import TdmPolicy

if TYPE_CHECKING:
    from monitor.clock import Clock
    from monitor.fetch.gate import HostGate, Turn
    from monitor.http import HttpClient, HttpResponse

__all__ = ["Permissions"]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = timedelta(hours=24)
_KEPT_UNREACHABLE = timedelta(minutes=5)
_MAX_SITES = 1000
_DEADLINE_S = 15.0


@dataclass(slots=True)
class _Site:
    """What a site allows; its lock lets the first who asks fetch for all."""

    robots: robots.Robots = robots.DISALLOW_ALL
    tdm: tdm.TdmRules = tdm.NO_RESERVATIONS
    unreachable: str | None = None
    timed_out_s: float | None = None  # what was too little time for its robots.txt
    until: datetime = _NEVER
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Permissions:
    """Ask sites for their robots.txt and tdmrep.json, and remember the answers for a day.

    Args:
        client: the client that fetches.
        gate: the hosts' gate. It must not be held by who calls `check` or `check_robots`.
        clock: for how long answers are remembered.
        tdm_policy: `respect` refuses reserved pages; `ignore` lets them be fetched, and marked.
    """

    def __init__(
        self, client: HttpClient, gate: HostGate, *, clock: Clock, tdm_policy: TdmPolicy = TdmPolicy.RESPECT
    ) -> None:
        self._client = client
        self._gate = gate
        self._clock = clock
        self._tdm_policy = tdm_policy
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    async def check(self, url: str, *, deadline_s: float = _DEADLINE_S) -> float:
        """Return the Crawl-delay to keep before a page is asked, in seconds; 0 where the site asks for none.

        Args:
            url: the page.
            deadline_s: seconds until all of each file is there. Who allows more asks again what took too long for less.

        Raises:
            FetchError: `robots` or `reserved`; `robots` is retryable when robots.txt could not be read.
        """
        return self._decide(await self._site(url, deadline_s=deadline_s), url)

    async def check_robots(self, url: str, *, deadline_s: float = _DEADLINE_S) -> float:
        """Do as `check` for a feed of the catalogue: reservations are about pages, a feed is there to be polled.

        Raises:
            FetchError: `robots`.
        """
        return self._decide(await self._site(url, deadline_s=deadline_s), url, is_page=False)

    async def check_hop(self, url: str, turn: Turn | None = None) -> None:
        """Do as `check` for the target of a redirect, and wait for the turn of its host where that is another.

        Args:
            url: the target.
            turn: who holds the host that redirects; None: nobody does, and the gate is left alone.

        Raises:
            FetchError: `robots` or `reserved`; `busy`: the other host's turn is too far off.
        """
        if turn is None:
            self._decide(await self._site(url, gated=False), url)
            return
        if not self._knows(self._known(url), _DEADLINE_S):
            turn.leave()  # who asks the site meanwhile waits for its host, and would wait for us
        site = await self._site(url, wait_s=HOP_WAIT_S)
        await turn.move(url, crawl_delay_s=self._decide(site, url))

    async def reserves(self, url: str) -> bool:
        """Return whether the site's tdmrep.json reserves a page, as it was when that was allowed."""
        site = self._known(url)
        if site.until == _NEVER:
            site = await self._site(url, gated=False)
        return site.tdm.reserves(path_of(url))

    def _decide(self, site: _Site, url: str, *, is_page: bool = True) -> float:
        host = host_of(url)
        if site.unreachable is not None:
            raise FetchError(
                f"{host}: robots.txt cannot be read, so nothing may be asked: {site.unreachable}",
                reason=Reason.ROBOTS,
                retry_after=max(site.until - self._clock.now(), timedelta()),
                host=host,
            )
        if not site.robots.allows(url):
            raise FetchError(f"{host}: robots.txt disallows this address", reason=Reason.ROBOTS, retryable=False)
        if is_page and self._tdm_policy is TdmPolicy.RESPECT and site.tdm.reserves(path_of(url)):
            raise FetchError(
                f"{host}: the site reserves text and data mining of this page", reason=Reason.RESERVED, retryable=False
            )
        return site.robots.crawl_delay_s

    async def _site(
        self, url: str, *, gated: bool = True, deadline_s: float = _DEADLINE_S, wait_s: float | None = None
    ) -> _Site:
        origin, site = origin_of(url), self._known(url)
        if self._knows(site, deadline_s):
            return site
        async with site.lock:
            if not self._knows(site, deadline_s):
                async with self._gate.feed(origin, wait_s=wait_s) if gated else nullcontext() as turn:
                    await self._ask(_Errand(self._client, origin, deadline_s, turn), site)
        return site

    def _known(self, url: str) -> _Site:
        """Return what is known of a site, if only that nothing is."""
        origin = origin_of(url)
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        if len(self._sites) > _MAX_SITES:
            self._sites.popitem(last=False)
        return site

    def _knows(self, site: _Site, deadline_s: float) -> bool:
        """Return whether a site need not be asked again."""
        now = self._clock.now()
        has_more_time = site.timed_out_s is not None and site.timed_out_s < deadline_s
        return not has_more_time and now < site.until <= now + _KEPT

    async def _ask(self, errand: _Errand, site: _Site) -> None:
        try:
            allowed = await _ask_robots(errand)
        except FetchError as error:
            if error.reason is Reason.BUSY:  # a redirect leads to a host whose turn it is not: nothing is known yet
                raise
            site.unreachable = str(error)
            site.timed_out_s = errand.deadline_s if error.reason is Reason.TIMEOUT else None
            site.until = self._clock.now() + _KEPT_UNREACHABLE
            return
        reserved = await _ask_tdm(errand)
        # All at once: who asks meanwhile whether a page is allowed waits for nobody.
        site.robots, site.tdm = allowed, reserved
        site.unreachable = site.timed_out_s = None
        site.until = self._clock.now() + _KEPT


@dataclass(frozen=True, slots=True)
class _Errand:
    """Which site is asked for its files; `turn` holds its host, where anybody does."""

    client: HttpClient
    origin: str
    deadline_s: float
    turn: Turn | None

    async def get(self, path: str, *, truncate: bool = False) -> HttpResponse:
        """Ask for one of them."""
        return await self.client.get(
            self.origin + path,
            max_bytes=robots.MAX_BYTES,
            deadline_s=self.deadline_s,
            truncate=truncate,
            before_hop=self.turn.move if self.turn else None,
        )


async def _ask_robots(errand: _Errand) -> robots.Robots:
    """Fetch and read robots.txt; RFC 9309 §2.3.1 says what each status means."""
    try:
        response = await errand.get("/robots.txt", truncate=True)
    except FetchError as error:
        if error.reason is Reason.REDIRECT:
            return robots.ALLOW_ALL  # §2.3.1.2: more than five redirects
        raise
    if response.is_success:
        return await asyncio.to_thread(robots.parse_robots, response.body)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # §2.3.1.4: unreachable
        raise FetchError(f"answered {response.status}", reason=Reason.HTTP_5XX)
    return robots.ALLOW_ALL  # §2.3.1.3: unavailable


async def _ask_tdm(errand: _Errand) -> tdm.TdmRules:
    """Fetch and read tdmrep.json; a reservation that cannot be read is not expressed."""
    try:
        if errand.turn is not None:
            await errand.turn.move(errand.origin)  # robots.txt may have been another host's
        response = await errand.get("/.well-known/tdmrep.json")
    except FetchError as error:
        if error.reason is Reason.BUSY:
            raise
        return tdm.NO_RESERVATIONS
    return tdm.parse_tdmrep(response.body) if response.is_success else tdm.NO_RESERVATIONS
