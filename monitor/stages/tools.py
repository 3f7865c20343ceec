"""What the stages work with; made by `app`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor import alerting, fetch, schedule
from monitor.clock import Clock
from monitor.deliver import ChannelSender
from monitor.http import HttpClient
from monitor.judges import Judge
from monitor.model import CanaryHealth, Lane
from monitor.settings import Settings
from monitor.store import Store
from monitor.store.thread import StoreThread
from monitor.telemetry import Metrics
from monitor.workers import WorkerPool

__all__ = ["Canaries", "Live", "Tools", "Uplink"]


@dataclass
class Live:
    """Who judges by the rule set that is live, and who is told how; a reload replaces each whole."""

    judge: Judge
    routes: alerting.Routes = field(default_factory=alerting.Routes)
    channels: Mapping[str, ChannelSender] = field(default_factory=dict)


@dataclass
class Uplink:
    """What is known of our own network; each poll of a feed replaces it whole."""

    network: schedule.Network = field(default_factory=schedule.Network)


@dataclass
class Canaries:
    """What is known of canaries; each of them replaces it whole."""

    health: CanaryHealth = field(default_factory=CanaryHealth)


@dataclass(frozen=True)
class Tools:
    """What the stages work with; made by `app`."""

    settings: Settings
    clock: Clock
    owner: str  # of leases: host, pid and a random word
    store: Store
    thread: StoreThread
    client: HttpClient  # for feeds and pages
    sender: HttpClient  # for deliveries: its own list of allowed networks
    gate: fetch.HostGate
    permissions: fetch.Permissions
    feed_workers: Mapping[Lane, WorkerPool]
    page_workers: Mapping[Lane, WorkerPool]
    page_room: Mapping[Lane, asyncio.Semaphore]  # pages in memory at once (promise R5)
    live: Live
    uplink: Uplink
    metrics: Metrics
    canaries: Canaries = field(default_factory=Canaries)
    grouping: asyncio.Lock = field(default_factory=asyncio.Lock)  # of one article after the other

    @property
    def routes(self) -> alerting.Routes:
        """Who is told of what, now."""
        return self.live.routes

    @property
    def channels(self) -> Mapping[str, ChannelSender]:
        """How each receiver is told, by its name, now."""
        return self.live.channels
