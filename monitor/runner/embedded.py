"""The embedded runner: one process, one event loop, APScheduler as the tick.

APScheduler only says "look now": due times, leases and back-off are columns in the store, so a tick that is late,
doubled or missed changes nothing but the moment (dependencies.md: one job per feed stalls, and its defaults skip).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor import alerting, schedule, stages
from monitor.errors import StoreError
from monitor.model import Delivery, EntryClaim, Health, HostClaim, Lane
from monitor.receivers import HEARTBEAT
from monitor.runner.pump import Pump

__all__ = ["EmbeddedRunner"]

_log = logging.getLogger(__name__)

_TICK_S = 1
_ROUND_S = 5
_STALL_CHECK_S = 0.05
_INCIDENTS_EVERY = timedelta(minutes=1)  # that sources, and veille itself, are looked at
# How many hosts at once: healthy ones have more room than slow or failing ones, and never wait for them.
_HOSTS = {Lane.FAST: 24, Lane.SLOW: 8}
_ARTICLES = {Lane.FAST: 96, Lane.SLOW: 16}  # most of them wait for their host's turn
_MESSAGES = 4  # to one receiver at once
_RELEASE_S = 2.0  # to give leases back at the end


class _Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires now, and then every so many seconds.

    Unlike APScheduler's own, it leaves no missed times behind to be counted one by one: after a clock that was wrong
    by years (a board without one of its own) that would take minutes.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval = timedelta(seconds=interval_s)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else max(previous_fire_time, now) + self._interval


async def _drained(pumps: Iterable[Pump[Any]]) -> int:
    """Let pumps work until each finds nothing; return how much they found.

    Raises:
        StoreError: one of them could not claim; the others have ended too.
    """
    results = await asyncio.gather(*(pump.drain() for pump in pumps), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result for result in results if isinstance(result, int))


class EmbeddedRunner:
    """Runs the stages until stopped, or once.

    Args:
        tools: what the stages work with.
        on_report: called with each stage's report, for progress bars and summaries.
    """

    def __init__(self, tools: stages.Tools, *, on_report: Callable[[object], None] | None = None) -> None:
        self._tools = tools
        self._on_report = on_report
        self._due_by: datetime | None = None  # run_once: what becomes due while it runs is left to the next run
        self._scheduler: AsyncIOScheduler | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._senders: dict[str, asyncio.Task[None]] = {}  # of each receiver
        self._rounds: list[Callable[[], Awaitable[None]]] = [
            self._recap,
            self._incidents,
            self._undelivered,
            self._held,
            self._canaries,
        ]
        self._incidents_at: datetime | None = None  # when that was last done
        self._repairs = 0  # rounds that are still to repair what the clock, set back, left due too late
        self.hosts = {lane: self._host_pump(lane, limit) for lane, limit in _HOSTS.items()}
        self.articles = {lane: self._article_pump(lane, limit) for lane, limit in _ARTICLES.items()}
        self.messages = {name: self._delivery_pump(name) for name in self._names}
        self._canary: asyncio.Task[None] | None = None  # on its way, or the last one

    # --- life -------------------------------------------------------------------------------------------------------

    def each_round(self, action: Callable[[], Awaitable[None]]) -> None:
        """Do this too at each round in which the database could be written, every few seconds."""
        self._rounds.append(action)

    def start(self) -> None:
        """Tick from now on. Needs a running event loop."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_listener(self._missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        scheduler.add_job(self.nudge, _Every(_TICK_S), id="tick")
        scheduler.add_job(self._round, _Every(_ROUND_S), id="round")
        scheduler.start()
        self._scheduler = scheduler
        pumps: Sequence[Pump[Any]] = (*self.hosts.values(), *self.articles.values())
        self._tasks = [asyncio.create_task(pump.run(), name=f"pump:{pump.name}") for pump in pumps]
        self._senders = {name: self._running(pump) for name, pump in self.messages.items()}
        self._tasks.append(asyncio.create_task(self._watch_loop(), name="watch_loop"))

    async def stop(self, *, grace_s: float) -> None:
        """Start nothing more, let what runs end within `grace_s` seconds, give the rest back."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        canary = () if self._canary is None else (self._canary,)
        running = (*self._tasks, *self._senders.values(), *canary)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        cancelled = await asyncio.gather(*(pump.stop(grace_s=grace_s) for pump in self._pumps()))
        given_back = 0
        try:
            async with asyncio.timeout(_RELEASE_S):
                given_back = await self._tools.thread.run(
                    self._tools.store.release_leases, now=self._tools.clock.now(), interrupted=False
                )
        except (StoreError, TimeoutError) as error:  # a full or locked one: the next start gives the leases back
            _log.warning("leases_kept", extra={"error": str(error) or "the database is locked by another program"})
        _log.info("stopped", extra={"cancelled": sum(cancelled), "given_back": given_back})

    async def follow_routes(self) -> None:
        """Send to the receivers that there are now; what is on its way to one that went ends, and the rest waits."""
        names = self._names
        gone = {name: self.messages.pop(name) for name in tuple(self.messages) if name not in names}
        for name in gone:
            if (task := self._senders.pop(name, None)) is not None:
                task.cancel()
        await asyncio.gather(*(pump.stop(grace_s=stages.DELIVERY_LEASE_S) for pump in gone.values()))
        for name in names:
            if name not in self.messages:
                self.messages[name] = self._delivery_pump(name)
                if self._scheduler is not None:
                    self._senders[name] = self._running(self.messages[name])
        self.nudge()

    @property
    def _names(self) -> tuple[str, ...]:
        """Who is sent messages: the receivers of the routes, and that of heartbeats."""
        heartbeat = (HEARTBEAT,) if HEARTBEAT in self._tools.channels else ()
        return (*self._tools.routes.names, *heartbeat)

    @staticmethod
    def _running(pump: Pump[Any]) -> asyncio.Task[None]:
        return asyncio.create_task(pump.run(), name=f"pump:{pump.name}")

    async def run_once(self, *, ignore_due: bool = False) -> None:
        """Poll what is due, read what is new, tell the recap, and try each delivery that is due once.

        Raises:
            StoreError: the database cannot be used.
        """
        self._due_by = self._tools.clock.now()
        if ignore_due:
            await self._tools.thread.run(self._tools.store.make_due, now=self._due_by)
        while await _drained(self.hosts.values()):
            pass  # the fast lane may have left something to the slow one
        while await _drained(self.articles.values()):
            pass
        if HEARTBEAT in self.messages:  # else there is nobody to whom it would tell anything in time
            await stages.send_canary(self._tools)
        await stages.tell_recap(self._tools, at_once=True)
        await stages.tell_incidents(self._tools)
        await stages.tell_held(self._tools)
        await stages.tell_digests(self._tools)
        await _drained(self.messages.values())
        told = await stages.tell_undelivered(self._tools)
        if await stages.tell_troubles(self._tools) or told:  # last: what could be sent by now does not wait
            await _drained(self.messages.values())

    def nudge(self) -> None:
        """Look for work of every kind now."""
        for pump in self._pumps():
            pump.nudge()

    def _pumps(self) -> Sequence[Pump[HostClaim] | Pump[EntryClaim] | Pump[Delivery]]:
        return (*self.hosts.values(), *self.articles.values(), *self.messages.values())

    # --- the work ---------------------------------------------------------------------------------------------------

    def _host_pump(self, lane: Lane, limit: int) -> Pump[HostClaim]:
        async def claim(free: int) -> Sequence[HostClaim]:
            uplink = self._tools.uplink
            uplink.network, probes = schedule.probes(uplink.network, self._tools.clock.now())
            if probes is not None and not (free := min(free, probes)):
                return ()  # our own network is down
            return await self._tools.thread.run(
                self._tools.store.claim_hosts,
                now=self._due_by or self._tools.clock.now(),
                owner=self._tools.owner,
                lease_s=stages.HOST_LEASE_S,
                limit=free,
                lane=lane,
            )

        return Pump(f"poll_host_{lane}", claim=claim, work=self._poll, limit=limit, metrics=self._tools.metrics)

    async def _poll(self, claim: HostClaim) -> None:
        reports = await stages.poll_host(self._tools, claim)
        for report in reports:
            self._tell(report)
        if any(report.new or report.baseline or report.changed for report in reports):
            for pump in self.articles.values():
                pump.nudge()

    def _article_pump(self, lane: Lane, limit: int) -> Pump[EntryClaim]:
        async def claim(free: int) -> Sequence[EntryClaim]:
            return await self._tools.thread.run_soon(
                self._tools.store.claim_entries,
                now=self._tools.clock.now(),
                owner=self._tools.owner,
                lease_s=stages.ENTRY_LEASE_S,
                limit=free,
                lane=lane,
            )

        return Pump(f"read_article_{lane}", claim=claim, work=self._read, limit=limit, metrics=self._tools.metrics)

    async def _read(self, claim: EntryClaim) -> None:
        report = await stages.read_article(self._tools, claim)
        self._tell(report)
        for alert in report.alerts:
            for receiver in alert.receivers:
                if receiver in self.messages:
                    self.messages[receiver].nudge()

    def _delivery_pump(self, receiver: str) -> Pump[Delivery]:
        async def claim(free: int) -> Sequence[Delivery]:
            return await stages.claim_deliveries(self._tools, receiver, free=free, idle=free == _MESSAGES)

        async def send(delivery: Delivery) -> None:
            self._tell(await stages.deliver(self._tools, delivery))

        return Pump(f"deliver_{receiver}", claim=claim, work=send, limit=_MESSAGES, metrics=self._tools.metrics)

    def _tell(self, report: object) -> None:
        if self._on_report is not None:
            self._on_report(report)

    # --- the rounds -------------------------------------------------------------------------------------------------

    async def _round(self) -> None:
        """Write the database and look at the outbox: that makes a round. Then do what else is done at each."""
        try:
            if not await self._done(self._measure):
                return
            self._tools.metrics.round_ended(self._tools.clock.now())
            for action in self._rounds:
                await self._done(action)
        except asyncio.CancelledError:  # at the end; APScheduler would show it as a mistake
            _log.debug("round_cancelled")

    async def _done(self, action: Callable[[], Awaitable[None]]) -> bool:
        """Do something; where it fails, tell it, and let the next round try again."""
        try:
            await action()
        except StoreError as error:
            self._tools.metrics.errors.labels("round").inc()
            _log.error("round_failed", extra={"error": str(error)})
            return False
        except Exception:  # noqa: BLE001  an edge that must survive: no action stops the others
            self._tools.metrics.errors.labels("round").inc()
            _log.exception("round_failed")
            return False
        return True

    async def _recap(self) -> None:
        if await stages.tell_recap(self._tools):
            self.nudge()

    async def _held(self) -> None:
        told = await stages.tell_held(self._tools)
        if await stages.tell_digests(self._tools) or told:
            self.nudge()

    async def _undelivered(self) -> None:
        if await stages.tell_undelivered(self._tools):
            self.nudge()

    async def _incidents(self) -> None:
        now, last_at = self._tools.clock.now(), self._incidents_at
        if last_at is not None and timedelta() <= now - last_at < _INCIDENTS_EVERY:
            return
        told = await stages.tell_incidents(self._tools)
        if await stages.tell_troubles(self._tools) or told:
            self.nudge()
        self._incidents_at = now

    async def _canaries(self) -> None:
        """Send a canary on its way where one is due; no round waits for it."""
        if (self._canary is None or self._canary.done()) and stages.canary_is_due(self._tools):
            self._canary = asyncio.create_task(self._send_canary(), name="canary")

    async def _send_canary(self) -> None:
        await stages.send_canary(self._tools)
        if HEARTBEAT in self.messages:
            self.messages[HEARTBEAT].nudge()

    async def _measure(self) -> None:
        """Prove that the database can be written, and read the gauges from it."""
        tools, now = self._tools, self._tools.clock.now()
        await tools.thread.run(tools.store.heartbeat, now=now)
        if self._repairs:
            await tools.thread.run(tools.store.pull_due, now=now)
            self._repairs -= 1
        gauges = await tools.thread.run(tools.store.gauges, now=now)
        tools.metrics.entries_waiting.set(gauges.entries_waiting)
        tools.metrics.outbox_pending.set(gauges.outbox_pending)
        tools.metrics.outbox_oldest.set(gauges.outbox_oldest_s)
        endpoints = await tools.thread.run(tools.store.endpoints)
        known = {each.receiver: alerting.health(each, now) for each in endpoints}
        healths = [known.get(name, Health.OK) for name in tools.routes.names]
        for health in Health:
            tools.metrics.receivers.labels(health).set(healths.count(health))
        for status, count in gauges.feeds.items():
            tools.metrics.feeds.labels(status).set(count)
        for kind, count in gauges.incidents.items():
            tools.metrics.incidents.labels(kind).set(count)
        for kind, count in gauges.troubles.items():
            tools.metrics.troubles.labels(kind).set(count)

    async def _watch_loop(self) -> None:
        """Measure the longest stall of the event loop; wake a scheduler whose clock was set back (promise T7)."""
        longest = 0.0
        while True:
            started, wall = time.monotonic(), self._tools.clock.now()
            await asyncio.sleep(_STALL_CHECK_S)
            slept = time.monotonic() - started
            if slept - _STALL_CHECK_S > longest:
                longest = slept - _STALL_CHECK_S
                self._tools.metrics.loop_stall.set(longest)
            if self._tools.clock.now() - wall < -timedelta(seconds=_TICK_S):
                self._set_back_clock()

    def _set_back_clock(self) -> None:
        """Run the jobs by the new clock; the rounds that follow repair what is due by the old one.

        Two of them, as what was under way ends after the first.
        """
        _log.warning("clock_set_back")
        self._repairs = 2
        if self._scheduler is not None:
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=self._tools.clock.now())

    def _missed(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        kind = "missed" if event.code == EVENT_JOB_MISSED else "max_instances"
        self._tools.metrics.jobs_missed.labels(kind).inc()
