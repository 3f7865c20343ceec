"""Wiring: the one place that knows every concrete class.

`opened` gives a whole App on the settings: database locked, migrated and open, rules loaded and tested, feeds declared.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from monitor import alerting, deliver, extract, feeds, fetch, schedule, sources
from monitor.clock import Clock
from monitor.cookies import load_cookies
from monitor.errors import RoutesError, RulesError, SettingsError, StoreError, VeilleError
from monitor.http import HttpClient, default_user_agent
from monitor.judges import Judge, LocalJudge
from monitor.model import Feed, FeedStatus, Lane, Refusal
from monitor.rulesets import refusal_of
from monitor.runner import EmbeddedRunner
from monitor.settings import PREFIX, Settings
from monitor.stages import Live, Tools, Uplink, hold_less, tell_refusal
from monitor.store import DaemonLock, Store
from monitor.store.connection import database_path
from monitor.store.thread import StoreThread
from monitor.telemetry import Metrics
from monitor.workers import WorkerPool

__all__ = ["App", "check_channels", "load_feeds", "opened", "orphans"]

_log = logging.getLogger(__name__)

_Stamp: TypeAlias = tuple[float, int]  # mtime and size of a file
_NO_FILE: _Stamp = (0.0, -1)

# A round that did not happen for this long means the daemon is stuck, whatever it says.
STALE_AFTER = timedelta(seconds=60)
"""For how long after a round a daemon counts as at work."""
_PAGES = {Lane.FAST: 32, Lane.SLOW: 6}  # in memory at once
# Address space of a child; half of it is there before the first document.
_MB = 1024 * 1024
_FAST_FEEDS_MEMORY = 128 * _MB
_FAST_PAGES_MEMORY = 160 * _MB
_SLOW_LANE_MEMORY = 224 * _MB


@dataclass
class App:
    """A wired daemon: start it, reload it, stop it."""

    tools: Tools
    runner: EmbeddedRunner
    paces: deliver.Paces = field(default_factory=dict)  # of destinations: a reload lets no burst go
    feeds_seen: _Stamp | None = None  # of the feeds file when it was last read
    feeds_changing: _Stamp | None = None  # of the feeds file at the last round, where it was another
    refused: dict[Refusal, datetime] = field(default_factory=dict, init=False)  # since when, since one went live
    untold: Refusal | None = field(default=None, init=False)  # the last one, until the database has its messages
    started: bool = field(default=False, init=False)
    stopped: bool = field(default=False, init=False)

    async def start(self) -> None:
        """Declare the feeds, and tick."""
        await self.declare_feeds()
        self.runner.start()
        self.started = True
        _log.info("started", extra={"status": await self.status()})

    async def declare_feeds(self) -> None:
        """Take up what the last daemon held, promised to hosts or timed by a wrong clock; declare the feeds file."""
        tools = self.tools
        stamp = _stamp(tools.settings.feeds)
        declared = load_feeds(tools.settings)
        if not declared:
            nothing = "nothing is polled until the feeds file names a feed: `veille feeds add URL`"
            _log.warning("no_feeds", extra={"file": str(tools.settings.feeds), "error": nothing})
        await tools.thread.run(tools.store.release_leases, now=tools.clock.now(), interrupted=True)
        await tools.thread.run(tools.store.pull_due, now=tools.clock.now())
        now = tools.clock.now()
        for host in await tools.thread.run(tools.store.held_hosts, now=now):
            feeds, pages = ((until or now) - now for until in (host.feeds_until, host.pages_until))
            tools.gate.hold(host.name, fetch.Hold(feeds, pages))
        await self._sync_feeds(declared)
        self.feeds_seen = stamp
        await self._follow_held()

    async def _follow_held(self) -> None:
        """Let what is held follow the routes that there are now; tell what waits for receivers that are gone."""
        tools = self.tools
        await hold_less(tools)
        for told in orphans(await tools.thread.run(tools.store.unsent_deliveries), tools.routes):
            _log.warning("deliveries_orphaned", extra={"error": told})

    async def _sync_feeds(self, declared: Sequence[Feed]) -> None:
        tools = self.tools
        changes = await tools.thread.run(tools.store.sync_feeds, declared, now=tools.clock.now())
        if changes.added or changes.paused or changes.resumed:
            _log.info(
                "feeds_declared",
                extra={
                    "added": len(changes.added),
                    "paused": len(changes.paused),
                    "resumed": len(changes.resumed),
                },
            )

    async def follow_feeds(self) -> None:
        """Read the feeds file again if it changed and then stood still for a round; it may be saved in pieces.

        One that is broken or gone changes nothing and is told, once.
        """
        stamp = _stamp(self.tools.settings.feeds)
        if stamp == self.feeds_seen:
            return
        if stamp != self.feeds_changing:
            self.feeds_changing = stamp
            return
        await self._read_feeds(stamp)

    async def _read_feeds(self, stamp: _Stamp) -> None:
        try:
            declared = await asyncio.to_thread(load_feeds, self.tools.settings)
        except VeilleError as error:
            self.feeds_seen = stamp
            _log.error("feeds_refused", extra={"error": f"{error}; feeds go on as they were until it can be read"})
            return
        if not declared:
            # An editor may be in the middle of saving it; pausing every feed for that would cost what they publish.
            self.feeds_seen = stamp
            _log.error("feeds_refused", extra={"error": "the feeds file is empty; feeds go on as they were"})
            return
        await self._sync_feeds(declared)
        self.feeds_seen = stamp  # only now: what the database refused is tried again at the next round
        self.runner.nudge()

    async def reload(self) -> None:
        """Read rules, routes and feeds again; what fails leaves the previous live, and people are told."""
        try:
            judge = await self.tools.live.judge.renewed(self.tools.settings)
        except RulesError as error:
            self.tools.metrics.rules_rejected.inc()
            _log.error("rules_refused", extra={"error": str(error), "errors": error.errors})
            self._note_refusal(error)
        else:
            self.tools.live.judge = judge
            self._forget_refusals(of_routes=False)
            self.tools.metrics.rules.set(len(judge.rules))
            _log.info("rules_live", extra={"rules": len(judge.rules)})
        await self.tell_refusal()
        await self._read_routes()
        await self._read_feeds(_stamp(self.tools.settings.feeds))

    async def _read_routes(self) -> None:
        """Read the routes file and the secrets of its receivers again, and make its channels.

        The settings are those of the start, their destinations too.
        """
        tools = self.tools
        settings = tools.settings
        try:
            settings = await self._renewed_settings()
            routes = await asyncio.to_thread(alerting.load_routes, settings, deliver.KINDS)
            channels = _channels(routes, settings, tools.sender, clock=tools.clock, paces=self.paces)
        except (RoutesError, SettingsError) as error:
            told = error.errors if isinstance(error, RoutesError) else ()
            _log.error("routes_refused", extra={"error": str(error), "errors": told})
            self._note_refusal(RoutesError(str(error), errors=told), settings)
            await self.tell_refusal()
            return
        tools.live.routes, tools.live.channels = routes, channels
        self._forget_refusals(of_routes=True)
        for idle in alerting.idle_matchers(routes, tools.live.judge.rules):
            _log.warning("matcher_idle", extra={"error": idle})
        await self.runner.follow_routes()
        await self._follow_held()
        _log.info("routes_live", extra={"receivers": routes.names})

    async def _renewed_settings(self) -> Settings:
        try:
            return await asyncio.to_thread(self.tools.settings.renewed)
        except SettingsError as error:
            # Readers are not told what it says: that may name a place of the machine.
            _log.error("secrets_unread", extra={"error": str(error)})
            raise RoutesError("the secrets cannot be read again; `veille check` says why") from error

    def _note_refusal(self, error: RulesError | RoutesError, settings: Settings | None = None) -> None:
        rules_live = len(self.tools.live.judge.rules)
        refusal = refusal_of(error, settings or self.tools.settings, rules_live=rules_live)
        kind = _kind(refusal)
        self.refused[kind] = alerting.refused_since(self.refused.get(kind), now=self.tools.clock.now())
        self.untold = refusal

    def _forget_refusals(self, *, of_routes: bool) -> None:
        """Forget what was refused of rules, or of routes: a set of theirs went live."""
        self.refused = {refusal: at for refusal, at in self.refused.items() if refusal.of_routes is not of_routes}
        if self.untold is not None and self.untold.of_routes is of_routes:
            self.untold = None

    async def tell_refusal(self) -> None:
        """Plan the messages on a rule set that was refused; where the database cannot take them, the next round does.

        Nothing is told twice: the same refusal is the same alert, and the database has it.
        """
        refusal = self.untold
        if refusal is None:
            return
        try:
            alert = await tell_refusal(self.tools, refusal, since=self.refused[_kind(refusal)])
        except StoreError as error:
            _log.warning("refusal_untold", extra={"error": str(error)})
            return
        if self.untold is refusal:
            self.untold = None
        if alert is not None:
            self.runner.nudge()

    def unready(self) -> str | None:
        """Return why the daemon is not ready, or None when it is."""
        if not self.started:
            return "starting"
        last = self.tools.metrics.last_round_at
        if last is None:
            return "first round under way"
        stale = self.tools.clock.now() - last > STALE_AFTER
        return "no round for a minute: the database or the event loop is stuck" if stale else None

    async def status(self) -> str:
        """Return one line on how things stand, for the service manager."""
        gauges = await self.tools.thread.run(self.tools.store.gauges, now=self.tools.clock.now())
        active = gauges.feeds.get(FeedStatus.ACTIVE, 0)
        return f"{active} feeds, {gauges.entries_waiting} to read, {gauges.outbox_pending} to send"

    async def stop(self, *, grace_s: float) -> None:
        """End what is under way or give it back, and let go of everything. A second call does nothing."""
        if self.stopped:
            return
        self.started, self.stopped = False, True
        await self.runner.stop(grace_s=grace_s)
        pools = {*self.tools.feed_workers.values(), *self.tools.page_workers.values()}
        await asyncio.gather(*(pool.aclose() for pool in pools), self.tools.live.judge.aclose())
        await asyncio.gather(self.tools.client.aclose(), self.tools.sender.aclose())
        self.tools.thread.close()


@contextmanager
def opened(
    settings: Settings,
    *,
    clock: Clock,
    judge: Judge | None = None,
    on_report: Callable[[object], None] | None = None,
) -> Iterator[App]:
    """Lock and open the database, load the rules, and wire the daemon.

    Args:
        settings: the settings.
        clock: the time.
        judge: by the rules of the settings; by default one in this process.
        on_report: called with each stage's report.

    Raises:
        SettingsError, RulesError, RoutesError, SourceError: nothing was started.
        StoreLockedError: another veille holds the database.
    """
    judge = judge or LocalJudge.of(settings)
    load_feeds(settings)
    routes = alerting.load_routes(settings, deliver.KINDS)
    if routes.unused:
        _log.warning("destinations_unused", extra={"settings": routes.unused})
    for told in alerting.idle_matchers(routes, judge.rules):
        _log.warning("matcher_idle", extra={"error": told})
    user_agent = settings.user_agent or default_user_agent(version("veille"), settings.contact)
    client = HttpClient(
        user_agent=user_agent,
        allow_networks=settings.fetch_allow_networks,
        clock=clock,
        cookies=load_cookies(settings.cookies),
    )
    # Several receivers may live on one host and must not wait for each other (promise D9).
    sender = HttpClient(
        user_agent=user_agent, allow_networks=settings.deliver_allow_networks, connections_per_host=8, clock=clock
    )
    paces: deliver.Paces = {}
    channels = _channels(routes, settings, sender, clock=clock, paces=paces)
    with DaemonLock(database_path(settings.database), clock=clock):
        store = Store.open(settings.database)
        try:
            gate = fetch.HostGate(page_interval_s=settings.page_interval_s)
            # One child for all that is heavy, feed or page: one such document at a time is in memory (promise R5).
            heavy_workers = WorkerPool(
                1,
                cpu_s=schedule.FEED_LIMITS[Lane.SLOW].cpu_s,
                memory_bytes=_SLOW_LANE_MEMORY,
                deadline_s=schedule.FEED_LIMITS[Lane.SLOW].deadline_s,
            )
            tools = Tools(
                settings=settings,
                clock=clock,
                owner=f"{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}",
                store=store,
                thread=StoreThread(),
                client=client,
                sender=sender,
                gate=gate,
                permissions=fetch.Permissions(client, gate, clock=clock, tdm_policy=settings.tdm_policy),
                feed_workers={
                    Lane.FAST: feeds.worker_pool(
                        2, cpu_s=schedule.FEED_LIMITS[Lane.FAST].cpu_s, memory_bytes=_FAST_FEEDS_MEMORY
                    ),
                    Lane.SLOW: heavy_workers,
                },
                page_workers={
                    Lane.FAST: extract.worker_pool(
                        settings.workers,
                        cpu_s=schedule.PAGE_LIMITS[Lane.FAST].cpu_s,
                        memory_bytes=_FAST_PAGES_MEMORY,
                    ),
                    Lane.SLOW: heavy_workers,
                },
                page_room={lane: asyncio.Semaphore(pages) for lane, pages in _PAGES.items()},
                live=Live(judge, routes, channels),
                uplink=Uplink(),
                metrics=Metrics(),
            )
            tools.metrics.rules.set(len(judge.rules))
            yield App(tools, EmbeddedRunner(tools, on_report=on_report), paces=paces)
        finally:
            store.close()


def check_channels(settings: Settings) -> tuple[str, ...]:
    """Make every receiver's channel without connecting to anything; return their names, the heartbeat's among them.

    Raises:
        SettingsError, RoutesError: one of them cannot work.
    """
    sender = HttpClient(user_agent="veille", allow_networks=settings.deliver_allow_networks)
    routes = alerting.load_routes(settings, deliver.KINDS)
    return tuple(sorted(_channels(routes, settings, sender)))


def _channels(
    routes: alerting.Routes,
    settings: Settings,
    sender: HttpClient,
    *,
    clock: Clock | None = None,
    paces: deliver.Paces | None = None,
) -> dict[str, deliver.ChannelSender]:
    """Return the channels of the receivers of routes, and of that of heartbeats.

    Raises:
        RoutesError: some cannot work; with one line for each reason.
        SettingsError: so it is, and no routes file says anything of it.
    """
    receivers = (*routes.receivers, *alerting.heartbeat_receivers(settings))
    try:
        return deliver.make_channels(settings, receivers, sender, clock=clock, paces=paces)
    except SettingsError as error:
        if settings.routes is None or all(problem.startswith(PREFIX) for problem in error.problems):
            raise
        raise RoutesError(f"{settings.routes}: refused", errors=error.problems) from None


def load_feeds(settings: Settings) -> tuple[Feed, ...]:
    """Read the feeds file.

    Raises:
        SettingsError: no file is set.
        SourceError: it cannot be read.
    """
    if settings.feeds is None:
        raise SettingsError("VEILLE_FEEDS is not set: name a feeds file, or let `veille init` write one")
    return sources.read_feeds(settings.feeds)


def _kind(refusal: Refusal) -> Refusal:
    """Return what refusals that are the same have in common: how many rules go on meanwhile makes no other."""
    return replace(refusal, rules_live=0)


def orphans(unsent: Mapping[str, int], routes: alerting.Routes) -> tuple[str, ...]:
    """Return a line for each receiver that messages wait for and that is no longer configured (promise D9)."""
    known = {receiver.name for receiver in routes.receivers}
    return tuple(
        f"{name}: messages wait for it, {count} in all, and it is no longer a receiver; configure it again to send them"
        for name, count in sorted(unsent.items())
        if name not in known
    )


def _stamp(path: Path | None) -> _Stamp:
    """Return what changes when a file is written, made or taken away."""
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return _NO_FILE
    return _NO_FILE if stat is None else (stat.st_mtime, stat.st_size)
