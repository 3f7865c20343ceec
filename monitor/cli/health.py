"""How a receiver is, as people read it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from monitor.cli.when import local

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from zoneinfo import ZoneInfo

    from monitor.model import Endpoint

__all__ = ["Condition", "condition_of", "said", "unwell"]


class Condition(NamedTuple):
    """How a receiver is: `ok`, `failing`, `paused` or `disabled`; since when, until when, and what it said last."""

    health: str = "ok"
    since: datetime | None = None
    until: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None


def condition_of(endpoint: Endpoint) -> Condition:
    """Return how a receiver is."""
    from monitor.alerting import health
    from monitor.clock import SystemClock
    from monitor.model import Health

    how = health(endpoint, SystemClock().now())
    return Condition(
        health=how.value,
        since={Health.OK: None, Health.DISABLED: endpoint.disabled_at}.get(how, endpoint.failing_since),
        until=endpoint.open_until if how is Health.PAUSED else None,
        last_ok_at=endpoint.last_ok_at,
        last_error=None if how is Health.OK else endpoint.last_error,
    )


def said(condition: Condition, zone: ZoneInfo) -> str:
    """Return it in a few words: `failing since 2026-05-16 07:30`."""
    if condition.until is not None:
        return f"paused until {local(condition.until, zone)}"
    return condition.health if condition.since is None else f"{condition.health} since {local(condition.since, zone)}"


def unwell(endpoints: Iterable[Endpoint], receivers: Collection[str], zone: ZoneInfo) -> list[str]:
    """Return a line for each receiver that is disabled or left alone."""
    conditions = {each.receiver: condition_of(each) for each in endpoints if each.receiver in receivers}
    return [
        f"{name}: {said(condition, zone)}; `veille channels enable {name}` sends what waits"
        for name, condition in conditions.items()
        if condition.health in {"disabled", "paused"}
    ]
