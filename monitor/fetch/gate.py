"""One request at a time for each host, pages spaced, and no request before the host said so (promises P2, P3)."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.errors import FetchError, Reason
from monitor.http import host_of
from monitor.model import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["Hold", "HostGate"]

_MAX_HOSTS = 5000
_HOLD_OF_OTHERS = timedelta(hours=1)  # of feeds, for what was not asked by one of them


@dataclass(slots=True)
class _Host:
    """A host's locks: `pages` spaces a lane's pages out without keeping feeds or the other lane from `request`."""

    request: asyncio.Lock = field(default_factory=asyncio.Lock)
    pages: dict[Lane, asyncio.Lock] = field(default_factory=lambda: {lane: asyncio.Lock() for lane in Lane})
    waiting: int = 0  # for `pages`
    next_page_at: float = 0.0  # both of the monotonic clock
    held_until: float = 0.0  # nothing is asked before
    pages_held_until: float = 0.0
    is_owed: bool = False  # a feed, since it was held: no page may hold its feeds again before one was asked for

    def is_idle(self, now: float) -> bool:
        return not self.request.locked() and not self.ahead and self.page_at <= now

    @property
    def page_at(self) -> float:
        """When it may be asked for a page."""
        return max(self.next_page_at, self.held_until, self.pages_held_until)

    @property
    def ahead(self) -> int:
        """How many pages come before one that joins now."""
        return self.waiting + sum(lock.locked() for lock in self.pages.values())


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a host is still to be left alone: with everything, and with pages."""

    feeds: timedelta = timedelta()
    pages: timedelta = timedelta()


class HostGate:
    """Let requests through to hosts, one at a time for each.

    An answer with a `retry_after`, which leaves the block as a `FetchError`, closes the host that it names for that
    long: to everything, where it is what a feed of its own was answered. What was asked because an entry links there,
    or a feed of another host redirects there, is in anybody's power: it closes the host to the like of it, and to its
    feeds for an hour at most, and not again before one of them was asked for.

    Args:
        page_interval_s: least time between the end of a page and the next one of that host, in seconds.
        wait_s: longest wait at the gate, in seconds; beyond it the request is refused, to be tried later.
        monotonic: a clock that never goes back, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        *,
        page_interval_s: float,
        wait_s: float = 120.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._page_interval_s = page_interval_s
        self._wait_s = wait_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def feed(self, url: str) -> AsyncIterator[None]:
        """Hold the host of `url` for a request that is not a page: no floor, one at a time.

        Raises:
            FetchError: `busy`: the wait would be too long, nothing was asked; `bad_url`.
        """
        name, host = self._host(url)
        async with AsyncExitStack() as held:
            async with self._patience(name):
                await self._take_turn(name, host, lambda: host.held_until)
                held.callback(host.request.release)
            host.is_owed = False
            with self._listening(name, is_feed=True):
                yield

    @asynccontextmanager
    async def page(
        self,
        url: str,
        *,
        crawl_delay_s: float = 0.0,
        lane: Lane = Lane.FAST,
        before: Callable[[], Awaitable[object]] | None = None,
    ) -> AsyncIterator[None]:
        """Hold the host of `url` for a page, a while after its last one.

        Args:
            url: the page.
            crawl_delay_s: what robots.txt asks for; the longer of it and `page_interval_s` counts.
            lane: where the page is read; it waits for those of its lane only.
            before: awaited when it is the page's turn and its host is not yet held: what else the page needs.

        Raises:
            FetchError: `busy`: the wait would be too long, nothing was asked; `bad_url`.
        """
        name, host = self._host(url)
        interval_s = max(self._page_interval_s, crawl_delay_s)
        self._refuse_if_long(name, max(host.page_at, self._monotonic()) + host.ahead * interval_s)
        async with AsyncExitStack() as held:
            async with self._patience(name):
                host.waiting += 1
                try:
                    await held.enter_async_context(host.pages[lane])
                finally:
                    host.waiting -= 1
                await self._wait_until(name, host.page_at)
                if before is not None:
                    await before()
                await self._take_turn(name, host, lambda: host.page_at)
                held.callback(host.request.release)
            try:
                with self._listening(name, is_feed=False):
                    yield
            finally:
                host.next_page_at = self._monotonic() + interval_s

    async def _take_turn(self, name: str, host: _Host, not_before: Callable[[], float]) -> None:
        """Take `request` when the host may be asked; what came between may have put that off."""
        while True:
            await self._wait_until(name, not_before())
            await host.request.acquire()
            if not_before() <= self._monotonic():
                return
            host.request.release()

    def hold(self, name: str, hold: Hold) -> None:
        """Let nobody through to a host for so long; what was promised before is kept."""
        now, host = self._monotonic(), self._hosts.setdefault(name, _Host())
        host.held_until = max(host.held_until, now + hold.feeds.total_seconds())
        host.pages_held_until = max(host.pages_held_until, now + hold.pages.total_seconds())
        host.is_owed = host.is_owed or bool(hold.feeds)

    def held(self, name: str) -> Hold:
        """Return how long a host is still to be left alone."""
        now, host = self._monotonic(), self._hosts.get(name, _Host())
        feeds_s = max(host.held_until - now, 0.0)
        return Hold(timedelta(seconds=feeds_s), timedelta(seconds=max(host.pages_held_until - now, feeds_s)))

    def _host(self, url: str) -> tuple[str, _Host]:
        name = host_of(url)
        if len(self._hosts) >= _MAX_HOSTS:
            now = self._monotonic()
            self._hosts = {name: host for name, host in self._hosts.items() if not host.is_idle(now)}
        return name, self._hosts.setdefault(name, _Host())

    def _refuse_if_long(self, name: str, at: float) -> None:
        wait_s = at - self._monotonic()
        if wait_s > self._wait_s:
            raise FetchError(
                f"{name}: its next turn is in {wait_s:.0f} s",
                reason=Reason.BUSY,
                retry_after=timedelta(seconds=wait_s),
                host=name,
            )

    async def _wait_until(self, name: str, at: float) -> None:
        self._refuse_if_long(name, at)
        wait_s = at - self._monotonic()
        if wait_s > 0:
            await self._sleep(wait_s)

    @asynccontextmanager
    async def _patience(self, name: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_s):
                yield
        except TimeoutError as exc:
            raise FetchError(
                f"{name}: others were served for {self._wait_s:g} s; it is asked again later", reason=Reason.BUSY
            ) from exc

    @contextmanager
    def _listening(self, name: str, *, is_feed: bool) -> Iterator[None]:
        try:
            yield
        except FetchError as error:
            if error.retry_after is not None and error.status is not None:
                told = error.host or name
                self._heed(told, error.retry_after, is_own=is_feed and told == name)
            raise

    def _heed(self, name: str, wait: timedelta, *, is_own: bool) -> None:
        """Leave a host alone for as long as an answer asked for."""
        host = self._hosts.setdefault(name, _Host())
        of_others = timedelta() if host.is_owed else min(wait, _HOLD_OF_OTHERS)
        self.hold(name, Hold(wait if is_own else of_others, wait))
