"""Watching over veille itself: what is wrong with it is told on channels that work."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING

from monitor import alerting
from monitor.model import NotificationReason, TroubleKind
from monitor.stages.rendering import render
from monitor.stages.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.model import Alert, Sight, Trouble
    from monitor.store import PendingTroubles

__all__ = ["disk_room", "tell_troubles"]

_log = logging.getLogger(__name__)


async def tell_troubles(tools: Tools) -> tuple[Alert, ...]:
    """Tell what is wrong with veille itself, and what is well again: one message of each kind for each receiver.

    Returns:
        The alerts.
    """
    now, run = tools.clock.now(), tools.thread.run
    pending = await run(tools.store.pending_troubles)
    sights = await _looked(tools, pending)
    if not sights and not pending.troubles:
        return ()
    known = {(trouble.kind, trouble.subject) for trouble in pending.troubles if trouble.ended_at is None}
    if any((sight.kind, sight.subject) not in known for sight in sights):
        await run(tools.store.note_troubles, sights, now=now)
        pending = await run(tools.store.pending_troubles)
    sifted = alerting.sift_troubles(pending.troubles, sights, last_at=pending.last_at, now=now)
    if sifted == alerting.SiftedTroubles():
        return ()
    endpoints = await run(tools.store.endpoints)
    broken = alerting.broken_receivers(sights, endpoints)
    alerts = [alerting.plan_troubles(each, tools.routes, broken=broken, now=now) for each in sifted.tellings]
    await run(
        tools.store.record_incidents,
        [
            (alert, render(tools, alert), [trouble.id for trouble in telling.troubles])
            for alert, telling in zip(alerts, sifted.tellings, strict=True)
        ],
        ended=sifted.ended,
        dropped=[trouble.id for trouble in sifted.dropped],
        now=now,
    )
    for alert, telling in zip(alerts, sifted.tellings, strict=True):
        tools.metrics.alerts.labels(alert.type).inc()
        for trouble in telling.troubles:
            _log_trouble(telling.reason, trouble, alert)
    return tuple(alerts)


async def _looked(tools: Tools, pending: PendingTroubles) -> tuple[Sight, ...]:
    """Return what is wrong now."""
    now, settings = tools.clock.now(), tools.settings
    known = [trouble for trouble in pending.troubles if trouble.ended_at is None]
    failing = {trouble.subject for trouble in known if trouble.kind is TroubleKind.OUTBOX}
    facts = await tools.thread.run(tools.store.system_facts, failing=failing, now=now)
    return alerting.sights_of(
        facts,
        await asyncio.to_thread(disk_room, tools.store.path),
        alerting.Limits(settings.outbox_late_s, settings.disk_min_mb, settings.disk_min_percent),
        canary=tools.canaries.health,
        receivers=tools.routes.names,
        known={trouble.kind for trouble in known},
        now=now,
    )


def disk_room(database: Path) -> alerting.DiskRoom | None:
    """Return how much is free where the database is; None where nobody can say."""
    try:
        usage = shutil.disk_usage(database.absolute().parent)
    except OSError:
        return None
    return alerting.DiskRoom(usage.free, usage.total)


def _log_trouble(reason: NotificationReason, trouble: Trouble, alert: Alert) -> None:
    is_good, sight = reason is NotificationReason.SYSTEM_RECOVERED, trouble.sight
    facts: dict[str, object] = {"alert_id": alert.id, "receivers": alert.receivers}
    facts |= {"kind": trouble.kind, "subject": trouble.subject, "since": trouble.began_at.isoformat()}
    facts |= {"error": None if sight is None else sight.error}
    _log.log(logging.INFO if is_good else logging.ERROR, reason.value, extra=facts)
