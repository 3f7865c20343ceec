"""Look at an address as the daemon would: fetch it, read it as a feed, find the feeds of its site."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.errors import ExternalError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from monitor.fetch import HostGate, Permissions
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import ParsedFeed
    from monitor.settings import Settings
    from monitor.sources import FeedLink
    from monitor.workers import WorkerPool

__all__ = ["Prober", "prober"]


@dataclass(frozen=True)
class Prober:
    """Asks one host one thing at a time, within the limits of the daemon's slow lane."""

    client: HttpClient
    pool: WorkerPool
    gate: HostGate
    permissions: Permissions

    async def fetch(self, url: str, *, typed: bool = True) -> HttpResponse:
        """Fetch an address, whatever the answer's status; robots.txt has a say in what nobody typed."""
        from monitor.model import Lane
        from monitor.schedule import FEED_LIMITS

        limits = FEED_LIMITS[Lane.SLOW]
        if not typed:
            await self.permissions.check_robots(url)
        async with self.gate.feed(url) as turn:
            return await self.client.get(
                url, max_bytes=limits.max_bytes, deadline_s=limits.deadline_s, before_hop=turn.move
            )

    async def parse(self, answer: HttpResponse) -> ParsedFeed:
        """Read an answer as a feed; an index of sitemaps with what it names.

        Raises:
            ExternalError: the status is no success, or it is no feed.
        """
        from monitor import feeds
        from monitor.http import status_error

        if not answer.is_success:
            raise status_error(answer)
        content_type = answer.headers.get("content-type")
        parsed = await feeds.parse(self.pool, answer.body, url=answer.url, content_type=content_type)
        return await feeds.with_parts(parsed, self._part)

    async def feeds_of(self, html: bytes, base_url: str) -> tuple[tuple[FeedLink, ParsedFeed], ...]:
        """Return the feeds that a page declares and that work; else one at the usual places; else a sitemap."""
        from monitor import sources
        from monitor.http import origin_of

        found = []
        for link in sources.feed_links(html, base_url):
            parsed = await self._read(link)
            if parsed is not None:
                found.append((link, parsed))
                if not link.declared:
                    break  # one good guess is enough; what the page itself declares is all taken
        if found:
            return tuple(found)
        try:
            robots = await self.fetch(f"{origin_of(base_url)}/robots.txt")
        except ExternalError:
            return ()
        for link in sources.sitemap_links(robots.body, base_url):
            parsed = await self._read(link)
            if parsed is not None and parsed.entries:
                return ((link, parsed),)
        return ()

    async def _part(self, url: str) -> ParsedFeed:
        return await self.parse(await self.fetch(url, typed=False))

    async def _read(self, link: FeedLink) -> ParsedFeed | None:
        try:
            return await self.parse(await self.fetch(link.url, typed=link.declared))
        except ExternalError:
            return None


@asynccontextmanager
async def prober(settings: Settings) -> AsyncIterator[Prober]:
    """Give one with the manners of the daemon."""
    from monitor import feeds, fetch
    from monitor.cli.inputs import fetcher
    from monitor.clock import SystemClock

    async with fetcher(settings) as client, feeds.worker_pool() as pool:
        gate = fetch.HostGate(page_interval_s=0.0)
        yield Prober(client, pool, gate, fetch.Permissions(client, gate, clock=SystemClock()))
