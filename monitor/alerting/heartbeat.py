"""Canaries and heartbeats: what follows from one that went the whole way, or did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id
from monitor.model import Alert, AlertType, CanaryHealth, NotificationReason, Step
from monitor.receivers import HEARTBEAT, Channel, Receiver, Secret

if TYPE_CHECKING:
    from monitor.settings import Settings

__all__ = ["after_canary", "first_canary", "heartbeat_receivers", "plan_heartbeat"]

_FIRST = timedelta(seconds=30)  # after the start, which has enough to do
_AGAIN = timedelta(seconds=30)  # after one that failed: is it so, or was it once?


def heartbeat_receivers(settings: Settings) -> tuple[Receiver, ...]:
    """Return the receiver of heartbeats, where there is one: a webhook that no route leads to."""
    if settings.heartbeat_url is None:
        return ()
    url = Secret(settings.heartbeat_url.get_secret_value())
    return (Receiver(HEARTBEAT, Channel.WEBHOOK, (("url", url),)),)


def first_canary(health: CanaryHealth, *, interval_s: float, now: datetime) -> CanaryHealth:
    """Return when the next canary is due, where that is not decided yet or too far off: the clock was set back."""
    interval = timedelta(seconds=interval_s)
    if health.due_at is None:
        return replace(health, due_at=now + min(_FIRST, interval))
    return replace(health, due_at=min(health.due_at, now + interval))


def after_canary(
    health: CanaryHealth, failed_at: Step | None, error: str | None, *, interval_s: float, now: datetime
) -> CanaryHealth:
    """Return how canaries fare after one more.

    Args:
        health: before it.
        failed_at: the step that it did not take; None: it went the whole way.
        error: why.
        interval_s: between two canaries, in seconds.
        now: the present instant, UTC.
    """
    interval = timedelta(seconds=interval_s)
    if failed_at is None:
        return CanaryHealth(due_at=now + interval)
    return CanaryHealth(now + min(_AGAIN, interval), failed_at, health.since or now, error)


def plan_heartbeat(settings: Settings, *, now: datetime) -> Alert:
    """Return what says that a canary went the whole way; to nobody where no address is set."""
    return Alert(
        id=alert_id(NotificationReason.HEARTBEAT, now.isoformat()),
        type=AlertType.HEARTBEAT,
        reason=NotificationReason.HEARTBEAT,
        planned_at=now,
        receivers=tuple(receiver.name for receiver in heartbeat_receivers(settings)),
        stories=(),
        matches=(),
    )
