"""May this address be asked, and how often: robots.txt and TDM reservations, cached for each site (promises P4, P5)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import FetchError, Reason
from monitor.fetch import robots, tdm
from monitor.http import host_of, origin_of, path_of
from monitor.settings import TdmPolicy

if TYPE_CHECKING:
    from monitor.clock import Clock
    from monitor.fetch.gate import HostGate
    from monitor.http import HttpClient

__all__ = ["Permissions"]

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
    until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
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

    async def check_hop(self, url: str) -> float:
        """Do as `check` for the target of a redirect, while another host's gate is held.

        The gate is left alone, since two hosts that redirect to each other would wait for each other; the client
        itself never sends one origin two requests at a time.

        Raises:
            FetchError: `robots` or `reserved`.
        """
        return self._decide(await self._site(url, gated=False), url)

    async def reserves(self, url: str) -> bool:
        """Return whether the site's tdmrep.json reserves a page."""
        return (await self._site(url, gated=False)).tdm.reserves(path_of(url))

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

    async def _site(self, url: str, *, gated: bool = True, deadline_s: float = _DEADLINE_S) -> _Site:
        origin = origin_of(url)
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        if len(self._sites) > _MAX_SITES:
            self._sites.popitem(last=False)
        async with site.lock:
            now = self._clock.now()
            has_more_time = site.timed_out_s is not None and site.timed_out_s < deadline_s
            if has_more_time or not now < site.until <= now + _KEPT:
                async with self._gate.feed(origin) if gated else nullcontext():
                    await self._ask(site, origin, deadline_s)
        return site

    async def _ask(self, site: _Site, origin: str, deadline_s: float) -> None:
        try:
            site.robots = await self._ask_robots(origin, deadline_s)
        except FetchError as error:
            site.unreachable = str(error)
            site.timed_out_s = deadline_s if error.reason is Reason.TIMEOUT else None
            site.until = self._clock.now() + _KEPT_UNREACHABLE
            return
        site.unreachable = site.timed_out_s = None
        site.tdm = await self._ask_tdm(origin, deadline_s)
        site.until = self._clock.now() + _KEPT

    async def _ask_robots(self, origin: str, deadline_s: float) -> robots.Robots:
        """Fetch and read robots.txt; RFC 9309 §2.3.1 says what each status means."""
        try:
            response = await self._client.get(
                f"{origin}/robots.txt", max_bytes=robots.MAX_BYTES, deadline_s=deadline_s, truncate=True
            )
        except FetchError as error:
            if error.reason is Reason.REDIRECT:
                return robots.ALLOW_ALL  # §2.3.1.2: more than five redirects
            raise
        if response.is_success:
            return await asyncio.to_thread(robots.parse_robots, response.body)
        if response.status >= 500:  # noqa: PLR2004  §2.3.1.4: unreachable
            raise FetchError(f"answered {response.status}", reason=Reason.HTTP_5XX)
        return robots.ALLOW_ALL  # §2.3.1.3: unavailable

    async def _ask_tdm(self, origin: str, deadline_s: float) -> tdm.TdmRules:
        """Fetch and read tdmrep.json; a reservation that cannot be read is not expressed."""
        try:
            response = await self._client.get(
                f"{origin}/.well-known/tdmrep.json", max_bytes=robots.MAX_BYTES, deadline_s=deadline_s
            )
        except FetchError:
            return tdm.NO_RESERVATIONS
        return tdm.parse_tdmrep(response.body) if response.is_success else tdm.NO_RESERVATIONS
