"""What `veille why` asks the web of an article that no feed listed: its page, the feeds of its site, others to add.

Everything is asked as the daemon asks: one request at a time for each host, robots.txt and reservations obeyed, within
the same bounds, and foreign bytes are read in child processes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor import extract, feeds, fetch, schedule, sources
from monitor.cli.inputs import fetcher
from monitor.clock import SystemClock
from monitor.errors import ExternalError, FetchError, Reason
from monitor.http import origin_of, status_error
from monitor.links import link_key, site_of
from monitor.model import Article, Entry, Lane
from monitor.review import FeedCondition, condition_of
from monitor.settings import TdmPolicy
from monitor.sources.address import canonical

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.extract import Extracted
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import FeedState, Page, ParsedFeed
    from monitor.settings import Settings
    from monitor.workers import WorkerPool

__all__ = ["FeedGlance", "Lookup", "Offer", "PageGlance", "look", "offers_of_catalogue"]

_MOST_FEEDS = 5  # of one site that are asked
_MOST_OFFERS = 6
_MOST_NAMED = 3  # of them, named by the site
_WORD = re.compile(r"[a-z]{4,}")
_POLLED = frozenset({FeedCondition.POLLED, FeedCondition.FAILING, FeedCondition.NEVER_POLLED})


@dataclass(frozen=True, slots=True)
class PageGlance:
    """The page as it is now: what was read of it, or why it could not be."""

    url: str  # where its redirects led
    extracted: Extracted | None = None
    error: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class FeedGlance:
    """A feed as it is now. `entry` is the address's, if the feed lists it."""

    feed: FeedState
    entries: int = 0
    oldest_at: datetime | None = None
    entry: Entry | None = None
    error: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that is not ours and may list such articles. `found_in`: `catalogue`, `page` or `home`."""

    url: str
    title: str | None
    found_in: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the web says of an address."""

    page: PageGlance
    feeds: tuple[FeedGlance, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other addresses of the same page: where it redirects, and what it calls itself."""
        own = self.page.extracted.url if self.page.extracted else None
        return tuple(dict.fromkeys(url for url in (self.page.url, own) if url))

    @property
    def published_at(self) -> datetime | None:
        """When it was published, by the feed that lists it now or by its page."""
        listed = (glance.entry.published_at for glance in self.feeds if glance.entry is not None)
        return next(listed, None) or (self.page.extracted.published_at if self.page.extracted else None)

    def article(self, *, outlet: str) -> Article | None:
        """Return the article as it would be read now; None where neither page nor feed says anything of it."""
        listed = next((glance.entry for glance in self.feeds if glance.entry is not None), None)
        if listed is None and self.page.extracted is None:
            return None
        entry = listed or Entry(keys=(), guid=None, link=self.page.url, title="", summary="")
        return extract.to_article(
            entry, self.page.extracted, outlet=outlet, page_reason=self.page.reason, page_error=self.page.error
        )


async def look(settings: Settings, address: str, ours: Sequence[FeedState], known: Sequence[str]) -> Lookup:
    """Ask for a page, for our feeds of its site, and for others that its site names.

    Args:
        settings: the manners.
        address: the page's.
        ours: feeds of ours that should list it, those asked first in front.
        known: the addresses of all our feeds.
    """
    async with AsyncExitStack() as held:
        client = await held.enter_async_context(fetcher(settings))
        visit = _Visit(
            settings,
            client,
            fetch.HostGate(page_interval_s=settings.page_interval_s),
            await held.enter_async_context(extract.worker_pool(1)),
            await held.enter_async_context(feeds.worker_pool()),
        )
        page, glance = await visit.page(address)
        asked = [state for state in ours if condition_of(state) in _POLLED][:_MOST_FEEDS]
        glances = [await visit.feed(state, address, glance) for state in asked]
        found = [*(await visit.offers(address, page))[:_MOST_NAMED], *_of_catalogue(address)]
        return Lookup(glance, tuple(glances), _unknown(found, known))


def offers_of_catalogue(address: str, known: Sequence[str]) -> tuple[Offer, ...]:
    """Return feeds of the catalogue that are of an address's site and not ours.

    Args:
        address: the page's.
        known: the addresses of all our feeds.
    """
    return _unknown(_of_catalogue(address), known)


def _of_catalogue(address: str) -> list[Offer]:
    site = site_of(address)
    found = [known for known in sources.catalogue() if site_of(known.url) == site]
    words = _words(address)
    found.sort(key=lambda known: (-len(words & _words(known.url)), not known.default))
    return [Offer(known.url, known.feed().title, "catalogue") for known in found]


def _words(url: str) -> frozenset[str]:
    """Return the words of an address's path: a section's feed often bears the name that its pages do."""
    return frozenset(_WORD.findall(urlsplit(url).path.lower()))


def _unknown(offers: Sequence[Offer], known: Sequence[str]) -> tuple[Offer, ...]:
    """Return the offers that are not ours, each address once, a few."""
    ours = {canonical(url) for url in known}
    unique: dict[str, Offer] = {}
    for offer in offers:
        unique.setdefault(canonical(offer.url), offer)
    return tuple(offer for url, offer in unique.items() if url not in ours)[:_MOST_OFFERS]


class _Visit:
    """One polite visit to a site."""

    def __init__(
        self, settings: Settings, client: HttpClient, gate: fetch.HostGate, pages: WorkerPool, documents: WorkerPool
    ) -> None:
        self._client = client
        self._gate = gate
        self._pages = pages
        self._documents = documents
        self._respects = settings.tdm_policy is TdmPolicy.RESPECT
        self._permissions = fetch.Permissions(client, gate, clock=SystemClock(), tdm_policy=settings.tdm_policy)

    async def page(self, url: str) -> tuple[Page | None, PageGlance]:
        """Fetch and read a page."""
        page: Page | None = None
        try:
            page = await self._fetch(url)
            return page, PageGlance(page.final_url, await extract.read(self._pages, page))
        except ExternalError as error:
            return page, PageGlance(page.final_url if page else url, error=str(error), reason=error.reason)

    async def _fetch(self, url: str) -> Page:
        limits = schedule.PAGE_LIMITS[Lane.SLOW]
        crawl_delay_s = await self._permissions.check(url)
        async with self._gate.page(url, crawl_delay_s=crawl_delay_s) as turn:
            page = await fetch.fetch_page(
                self._client,
                url,
                max_bytes=limits.max_bytes,
                deadline_s=limits.deadline_s,
                as_subscriber=lambda _url: True,  # the operator named the page
                permissions=self._permissions,
                turn=turn,
            )
        if page.reserved and self._respects:
            raise FetchError(f"{url}: the site reserves text and data mining", reason=Reason.RESERVED)
        return page

    async def feed(self, state: FeedState, address: str, page: PageGlance) -> FeedGlance:
        """Ask for a whole feed, and look for the page in it."""
        limits = schedule.FEED_LIMITS[Lane.SLOW]
        try:
            if not state.feed.typed:
                await self._permissions.check_robots(state.address)
            async with self._gate.feed(state.address) as turn:
                answer = await self._get(state.address, limits, turn)
            if not answer.is_success:
                raise status_error(answer)
            kind = answer.headers.get("content-type")
            parsed = await feeds.parse(self._documents, answer.body, url=answer.url, content_type=kind)
            parsed = await feeds.with_parts(parsed, self._part)
        except ExternalError as error:
            return FeedGlance(state, error=str(error), reason=error.reason)
        own = page.extracted.url if page.extracted else None
        wanted = {key for url in (address, page.url, own) if url for key in feeds.address_keys(url)}
        dates = [entry.published_at for entry in parsed.entries if entry.published_at]
        listed = (entry for entry in parsed.entries if wanted & {*entry.keys, *_link_keys(entry)})
        return FeedGlance(state, len(parsed.entries), min(dates, default=None), next(listed, None))

    async def _part(self, url: str) -> ParsedFeed:
        """Ask for a sitemap that an index names."""
        limits = schedule.FEED_LIMITS[Lane.SLOW]
        await self._permissions.check_robots(url)
        async with self._gate.feed(url) as turn:
            answer = await self._get(url, limits, turn)
        if not answer.is_success:
            raise status_error(answer)
        return await feeds.parse(self._documents, answer.body, url=answer.url)

    async def _get(self, url: str, limits: schedule.Limits, turn: fetch.Turn) -> HttpResponse:
        return await self._client.get(
            url, max_bytes=limits.max_bytes, deadline_s=limits.deadline_s, before_hop=turn.move
        )

    async def offers(self, address: str, page: Page | None) -> tuple[Offer, ...]:
        """Return the feeds that a page names, or its site's home page where it names none."""
        found = _declared(page, "page")
        if found:
            return found
        try:
            return _declared(await self._fetch(origin_of(address) + "/"), "home")
        except ExternalError:
            return ()


def _declared(page: Page | None, where: str) -> tuple[Offer, ...]:
    links = sources.feed_links(page.body, page.final_url) if page is not None else ()
    return tuple(Offer(link.url, link.title, where) for link in links if link.declared)


def _link_keys(entry: Entry) -> tuple[str, ...]:
    """Return the key of an entry's link even where several entries share it."""
    return (f"l:{link_key(entry.link)}",) if entry.link else ()
