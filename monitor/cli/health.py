"""How a receiver is, as people read it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from monitor.cli.when import local

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from monitor.model import Endpoint

__all__ = ["Health", "health_of", "said"]


class Health(NamedTuple):
    """How a receiver is: `ok`, `failing`, `paused` or `disabled`; since when, until when, and what it said last."""

    health: str = "ok"
    since: datetime | None = None
    until: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None


def health_of(endpoint: Endpoint) -> Health:
    """Return how a receiver is."""
    from monitor.alerting import standing
    from monitor.clock import SystemClock
    from monitor.model import Standstill

    how = Health(last_ok_at=endpoint.last_ok_at, last_error=endpoint.last_error)
    match standing(endpoint, SystemClock().now()):
        case Standstill.DISABLED:
            return how._replace(health="disabled", since=endpoint.disabled_at)
        case Standstill.PAUSED:
            return how._replace(health="paused", since=endpoint.failing_since, until=endpoint.open_until)
    if endpoint.failures:
        return how._replace(health="failing", since=endpoint.failing_since)
    return how._replace(last_error=None)


def said(health: Health, zone: ZoneInfo) -> str:
    """Return it in a few words: `failing since 2026-05-16 07:30`."""
    if health.health == "paused":
        return f"paused until {local(health.until, zone)}"
    return health.health if health.since is None else f"{health.health} since {local(health.since, zone)}"
