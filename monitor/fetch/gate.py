"""One request at a time for each host, pages spaced, and no request before the host said so (promises P2, P3).

    gate.feed, gate.page     wait for the host's turn, and hold it
    turn.move                a redirect leads elsewhere: let go of the host, then wait for the other's turn

Nobody waits for one host while holding another, so two that redirect to each other do not wait for each other.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.errors import FetchError, Reason
from monitor.http import host_of
from monitor.model import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["HOP_WAIT_S", "Hold", "HostGate", "Turn"]

_MAX_HOSTS = 5000
# Longest wait for the host that a redirect leads to: it is part of the exchange's deadline, and of a page's time in
# memory.
HOP_WAIT_S = 2.0
_YIELD_S = 0.05  # between two looks whether who came by a redirect has had its turn
_BOOKED_S = 3600.0  # how far off a turn is kept for one that came by a redirect: many of them must not keep it for days
_LENT_S = 3600.0  # how long feeds wait, in all, for what was not asked by one of their host
_CHANCE_S = 60.0  # how long a host must be open for its feeds to have had their turn


@dataclass(slots=True)
class _Host:
    """A host's locks: `pages` spaces a lane's pages out without keeping feeds or the other lane from `request`."""

    request: asyncio.Lock = field(default_factory=asyncio.Lock)
    pages: dict[Lane, asyncio.Lock] = field(default_factory=lambda: {lane: asyncio.Lock() for lane in Lane})
    waiting: int = 0  # for `pages`
    hopping: int = 0  # pages that came by a redirect and wait: they cannot wait for long, and go first
    was_hop: bool = False  # the last page was such a one: the next turn is for the host's own
    next_page_at: float = 0.0  # both of the monotonic clock
    held_until: float = 0.0  # nothing is asked before
    pages_held_until: float = 0.0
    booked_until: float = 0.0  # turns kept for pages that came by a redirect too early
    lent_at: float | None = None  # since when its feeds wait for what others had us ask; None: not since one was asked

    def is_idle(self, now: float) -> bool:
        return not self.request.locked() and not self.ahead and self.page_at <= now

    @property
    def page_at(self) -> float:
        """When it may be asked for a page."""
        return max(self.next_page_at, self.open_at)

    @property
    def open_at(self) -> float:
        """When it may be asked for a page, if none was asked for lately."""
        return max(self.held_until, self.pages_held_until)

    @property
    def ahead(self) -> int:
        """How many pages come before one that joins now."""
        return self.waiting + sum(lock.locked() for lock in self.pages.values())


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a host is still to be left alone: with everything, and with pages."""

    feeds: timedelta = timedelta()
    pages: timedelta = timedelta()


class Turn:
    """The host that is held, and those that were asked before it.

    Args:
        gate: whose hosts they are.
        url: what is asked for first.
        is_page: whether the hosts' pages are spaced out behind it.
    """

    def __init__(self, gate: HostGate, url: str, *, is_page: bool) -> None:
        self.url = url
        self.is_page = is_page
        self._gate = gate
        self._held = ExitStack()  # the locks
        self._name: str | None = None
        self._asked: dict[str, tuple[_Host, float]] = {}  # with the least time to its next page

    def holds(self, url: str) -> bool:
        """Return whether the host of an address is the one that is held."""
        return self._name == host_of(url)

    async def move(self, url: str, *, crawl_delay_s: float = 0.0) -> None:
        """Wait for the turn of the host that a redirect leads to, if it is another one, and hold that instead.

        Raises:
            FetchError: `busy`: its turn is too far off. Nothing was asked of it; it may be after `retry_after`.
        """
        if not self.holds(url):
            self.leave()
            await self._gate.follow(self, url, crawl_delay_s=crawl_delay_s)

    def leave(self) -> None:
        """Let go of the host that is held."""
        self._space(self._name)
        self._name = None
        self._held.close()

    def end(self) -> None:
        """Let go, and count the time to the next page from now for all that were asked: they lead to one another."""
        for name in self._asked:
            self._space(name)
        self.leave()

    def has_asked(self, name: str) -> bool:
        """Return whether a host was asked before."""
        return name in self._asked

    def keep(self, lock: asyncio.Lock) -> None:
        """Hold a lock that was acquired."""
        self._held.callback(lock.release)

    def enter(self, name: str, host: _Host, interval_s: float) -> None:
        """Hold a host whose `request` was acquired."""
        self.keep(host.request)
        self._name = name
        self._asked[name] = (host, max(interval_s, self._asked[name][1] if name in self._asked else 0.0))

    def _space(self, name: str | None) -> None:
        if name is not None and self.is_page:
            host, interval_s = self._asked[name]
            host.next_page_at = max(host.next_page_at, self._gate.now + interval_s)


class HostGate:
    """Let requests through to hosts, one at a time for each.

    An answer with a `retry_after`, which leaves the block as a `FetchError`, closes the host that it names for that
    long: to everything, where it is what a feed of its own was answered. What was asked because an entry links there,
    or a feed of another host redirects there, is in anybody's power: it closes the host to pages, and to its feeds for
    an hour at most; however often it is said again, they have their turn before it counts for more.

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

    @property
    def now(self) -> float:
        """The monotonic clock's time, in seconds."""
        return self._monotonic()

    @asynccontextmanager
    async def feed(self, url: str, *, wait_s: float | None = None) -> AsyncIterator[Turn]:
        """Hold the host of `url` for a request that is not a page: no floor, one at a time.

        Args:
            url: the address.
            wait_s: longest wait, in seconds, where it is not the gate's own.

        Raises:
            FetchError: `busy`: the wait would be too long, nothing was asked; `bad_url`.
        """
        name, host = self._host(url)
        turn = Turn(self, url, is_page=False)
        wait_s = self._wait_s if wait_s is None else wait_s
        try:
            async with self._patience(name, wait_s):
                await self._take_turn(name, host, lambda: host.held_until, wait_s=wait_s)
                turn.enter(name, host, 0.0)
            host.lent_at = None
            with self._listening(name, is_feed=True):
                yield turn
        finally:
            turn.end()

    @asynccontextmanager
    async def page(
        self,
        url: str,
        *,
        crawl_delay_s: float = 0.0,
        lane: Lane = Lane.FAST,
        before: Callable[[], Awaitable[object]] | None = None,
    ) -> AsyncIterator[Turn]:
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
        turn = Turn(self, url, is_page=True)
        self._refuse_if_long(name, self._turn_of_next(host, interval_s), wait_s=self._wait_s)
        try:
            async with self._patience(name, self._wait_s):
                host.waiting += 1
                try:
                    await host.pages[lane].acquire()
                finally:
                    host.waiting -= 1
                turn.keep(host.pages[lane])
                await self._wait_until(name, host.page_at, wait_s=self._wait_s)
                if before is not None:
                    await before()
                await self._take_turn(name, host, lambda: self._own_page_at(host), wait_s=self._wait_s)
                turn.enter(name, host, interval_s)
                host.was_hop = False
            with self._listening(name, is_feed=False):
                yield turn
        finally:
            turn.end()

    async def follow(self, turn: Turn, url: str, *, crawl_delay_s: float) -> None:
        """Hold the host that a redirect leads to; see `Turn.move`."""
        name, host = self._host(url)
        interval_s = max(self._page_interval_s, crawl_delay_s) if turn.is_page else 0.0
        is_new_page = turn.is_page and not turn.has_asked(name)  # who is sent back asks for no other page

        def not_before() -> float:
            if is_new_page:
                return self._page_at(host, yields=host.was_hop and host.ahead > 0)
            return host.open_at if turn.is_page else host.held_until  # what was said of pages holds no feed up

        try:
            if is_new_page:
                self._refuse_if_long(name, self._turn_of_hop(host, interval_s), wait_s=HOP_WAIT_S)
            async with self._patience(name, HOP_WAIT_S):
                host.hopping += is_new_page
                try:
                    await self._take_turn(name, host, not_before, wait_s=HOP_WAIT_S)
                finally:
                    host.hopping -= is_new_page
                turn.enter(name, host, interval_s)
                host.was_hop = is_new_page
        except FetchError as error:
            at = self._book(host, interval_s) if is_new_page else not_before()
            raise self._busy(name, at) from error

    def _turn_of_next(self, host: _Host, interval_s: float) -> float:
        """Return when a page that joins now has its turn, if all before it take no time."""
        return max(host.page_at, self._monotonic()) + host.ahead * interval_s

    def _turn_of_hop(self, host: _Host, interval_s: float) -> float:
        """Return when a page that came by a redirect has its turn: first, or every other one."""
        before = 2 * host.hopping + (host.was_hop and host.ahead > 0)
        return max(host.page_at, self._monotonic()) + before * interval_s

    def _own_page_at(self, host: _Host) -> float:
        return self._page_at(host, yields=host.hopping > 0 and not host.was_hop)

    def _page_at(self, host: _Host, *, yields: bool) -> float:
        """Return when a page may be asked for: its host's own and those that came by a redirect take turns."""
        return max(host.page_at, self._monotonic() + _YIELD_S) if yields else host.page_at

    def _book(self, host: _Host, interval_s: float) -> float:
        """Keep a turn for a page that came too early; return when it is.

        Pages that redirect to one host are put off to turns of their own: if all came back for the same one, all but
        one of them would have asked who redirects them for nothing.
        """
        first = self._turn_of_next(host, interval_s)
        at = min(max(first, host.booked_until), first + _BOOKED_S)
        host.booked_until = at + interval_s
        return at

    async def _take_turn(self, name: str, host: _Host, not_before: Callable[[], float], *, wait_s: float) -> None:
        """Take `request` when the host may be asked; what came between may have put that off."""
        while True:
            await self._wait_until(name, not_before(), wait_s=wait_s)
            await host.request.acquire()
            if not_before() <= self._monotonic():
                return
            host.request.release()

    def hold(self, name: str, hold: Hold) -> None:
        """Let nobody through to a host for so long; what was promised before is kept."""
        now, host = self._monotonic(), self._hosts.setdefault(name, _Host())
        host.held_until = max(host.held_until, now + hold.feeds.total_seconds())
        host.pages_held_until = max(host.pages_held_until, now + hold.pages.total_seconds())

    def held(self, name: str) -> Hold:
        """Return how long a host is still to be left alone."""
        now, host = self._monotonic(), self._hosts.get(name, _Host())
        feeds_s = max(host.held_until - now, 0.0)
        return Hold(timedelta(seconds=feeds_s), timedelta(seconds=max(host.pages_held_until - now, feeds_s)))

    def _host(self, url: str) -> tuple[str, _Host]:
        name = host_of(url)
        if name not in self._hosts and len(self._hosts) >= _MAX_HOSTS:
            now = self._monotonic()
            self._hosts = {name: host for name, host in self._hosts.items() if not host.is_idle(now)}
        return name, self._hosts.setdefault(name, _Host())

    def _refuse_if_long(self, name: str, at: float, *, wait_s: float) -> None:
        if at - self._monotonic() > wait_s:
            raise self._busy(name, at)

    def _busy(self, name: str, at: float) -> FetchError:
        wait_s = max(at - self._monotonic(), 0.0)
        told = f"{name}: its next turn is in {wait_s:.0f} s"
        return FetchError(told, reason=Reason.BUSY, retry_after=timedelta(seconds=wait_s), host=name)

    async def _wait_until(self, name: str, at: float, *, wait_s: float) -> None:
        self._refuse_if_long(name, at, wait_s=wait_s)
        left_s = at - self._monotonic()
        if left_s > 0:
            await self._sleep(left_s)

    @asynccontextmanager
    async def _patience(self, name: str, wait_s: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(wait_s):
                yield
        except TimeoutError as exc:
            raise FetchError(
                f"{name}: others were served for {wait_s:g} s; it is asked again later", reason=Reason.BUSY
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
        if is_own:
            self.hold(name, Hold(wait, wait))
            return
        now, host = self._monotonic(), self._hosts.setdefault(name, _Host())
        if host.lent_at is None or now > host.held_until + _CHANCE_S:
            host.lent_at = now
        left = timedelta(seconds=max(host.lent_at + _LENT_S - now, 0.0))
        self.hold(name, Hold(min(wait, left), wait))
