"""Telling the others what a receiver does not get."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from monitor import alerting
from monitor.model import Alert, AlertType, Endpoint, Undelivered
from monitor.stages.rendering import render
from monitor.stages.tools import Tools
from monitor.store import Failures

__all__ = ["tell_undelivered"]

_log = logging.getLogger(__name__)


async def tell_undelivered(tools: Tools) -> tuple[Alert, ...]:
    """Tell the other receivers which one is disabled, and, once an hour at most, which messages were given up.

    Where there is no other, the log has told it. Nothing is told while our own network is down: it would not leave.

    Returns:
        The alerts.
    """
    if tools.uplink.network.down_since is not None:
        return ()
    return await tools.thread.run(_tell, tools)


def _tell(tools: Tools) -> tuple[Alert, ...]:
    """Do so in the store's thread: nothing fails meanwhile."""
    now, endpoints, failures = tools.clock.now(), tools.store.endpoints(), tools.store.untold_failures()
    disabled = [each for each in endpoints if each.disabled_at is not None and each.told_at is None]
    if alerting.is_soon_after(failures.last_at, now):
        failures = Failures()
    if not disabled and not failures.ids:
        return ()
    pending = tools.store.pending_deliveries() if disabled else {}
    planned = [
        (AlertType.ENDPOINT_DISABLED, [_disabled(each, pending.get(each.receiver, 0), now=now) for each in disabled]),
        (AlertType.DELIVERY_FAILED, failures.receivers),
    ]
    alerts = [
        alert
        for type_, undelivered in planned
        for alert in alerting.plan_undelivered(type_, undelivered, tools.routes, endpoints=endpoints, now=now)
    ]
    tools.store.record_undelivered(
        [(alert, render(tools, alert)) for alert in alerts],
        failed=failures.ids,
        disabled=[each.receiver for each in disabled],
        now=now,
    )
    for alert in alerts:
        tools.metrics.alerts.labels(alert.type).inc()
    told_of = [each.receiver for _, undelivered in planned for each in undelivered]
    _log.warning("undelivered", extra={"of": told_of, "alerts": [alert.id for alert in alerts], "told": _told(alerts)})
    return tuple(alerts)


def _disabled(endpoint: Endpoint, pending: int, *, now: datetime) -> Undelivered:
    since = endpoint.failing_since or now
    return Undelivered(endpoint.receiver, pending, since, endpoint.disabled_why, endpoint.last_error)


def _told(alerts: Sequence[Alert]) -> list[str]:
    return sorted({receiver for alert in alerts for receiver in alert.receivers})
