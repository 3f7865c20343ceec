"""Telling: what concerns several articles, the rules, or the sources."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from monitor import alerting
from monitor.model import Alert, AlertType, Incident, NotificationReason, Refusal
from monitor.stages.rendering import render, silences_in_force
from monitor.stages.tools import Tools
from monitor.store import Store

__all__ = ["tell_incidents", "tell_recap", "tell_refusal"]

_log = logging.getLogger(__name__)

_RECAP_LIMIT = 5000  # matches looked at in one go; the rest follows at the next round
_RECAP_PATIENCE = timedelta(minutes=10)


async def tell_recap(tools: Tools, *, at_once: bool = False) -> tuple[Alert, ...]:
    """Tell the matches of first polls, once the new feeds have been read: one message for each receiver.

    Args:
        tools: what the stages work with.
        at_once: do not wait for what is still to be polled or read.
    """
    now = tools.clock.now()
    oldest_at = (await tools.thread.run(tools.store.recap_pending, limit=0)).oldest_at
    if oldest_at is None:
        return ()
    patient = not at_once and now - oldest_at < _RECAP_PATIENCE
    if patient and await tools.thread.run(_more_to_come, tools.store):
        return ()
    pending = await tools.thread.run(tools.store.recap_pending, limit=_RECAP_LIMIT)
    match_ids = [item.match_id for item in pending.items]
    silences = await silences_in_force(tools, now=now)
    told_of = [
        item
        for item in pending.items
        if alerting.silence_of(item.match, item.story, silences, now=now, type_=AlertType.STORY_RECAP) is None
    ]
    items = [(item.story, item.match) for item in told_of]
    recaps = await asyncio.to_thread(alerting.plan_recap, items, tools.routes, now=now)
    rendered = [
        (recap.alert, render(tools, recap.alert), [told_of[place].match_id for place in recap.items])
        for recap in recaps
    ]
    await tools.thread.run(tools.store.record_recap, rendered, match_ids, now=now)
    for alert, _, told in rendered:
        tools.metrics.alerts.labels(alert.type).inc()
        _log.info("recap_planned", extra={"alert_id": alert.id, "matches": len(told), "receivers": alert.receivers})
    return tuple(recap.alert for recap in recaps)


def _more_to_come(store: Store) -> bool:
    """Return whether a new feed is still to be polled, or an entry of a first poll still to be read."""
    return bool(store.baseline_waiting()) or store.has_unpolled_feeds()


async def tell_refusal(tools: Tools, refusal: Refusal, *, since: datetime) -> Alert | None:
    """Tell a rule set that was refused: one message for each receiver, once for what is the same.

    Args:
        tools: what the stages work with.
        refusal: all that was wrong.
        since: when it was first refused so.

    Returns:
        The alert, or None: it was told before.
    """
    now = tools.clock.now()
    alert = alerting.plan_refusal(refusal, tools.routes, since=since, now=now)
    if not await tools.thread.run(tools.store.record_alert, alert, render(tools, alert), now=now):
        return None
    tools.metrics.alerts.labels(alert.type).inc()
    _log.info("refusal_planned", extra={"alert_id": alert.id, "receivers": alert.receivers})
    return alert


async def tell_incidents(tools: Tools) -> tuple[Alert, ...]:
    """Tell what is wrong with sources, and what is well again: one message of each kind for each receiver.

    Nothing is told while our own network is down: it is not the sources', and the message would not leave.

    Returns:
        The alerts.
    """
    now = tools.clock.now()
    if tools.uplink.network.down_since is not None:
        return ()
    await tools.thread.run(tools.store.note_incidents, failures=alerting.SOON_POLLS, now=now)
    pending = await tools.thread.run(tools.store.pending_incidents, now=now)
    sifted = alerting.sift_incidents(pending.incidents, last_at=pending.last_at, gaps_at=pending.gaps_at, now=now)
    if sifted == alerting.Sifted():
        return ()
    alerts = [alerting.plan_incidents(telling, tools.routes, now=now) for telling in sifted.tellings]
    ids = [[incident.id for incident in telling.incidents] for telling in sifted.tellings]
    await tools.thread.run(
        tools.store.record_incidents,
        [(alert, render(tools, alert), told) for alert, told in zip(alerts, ids, strict=True)],
        ended=sifted.ended,
        dropped=[incident.id for incident in sifted.dropped],
        now=now,
    )
    for alert, telling in zip(alerts, sifted.tellings, strict=True):
        tools.metrics.alerts.labels(alert.type).inc()
        for incident in telling.incidents:
            _log_incident(telling.reason, incident, alert)
    return tuple(alerts)


def _log_incident(reason: NotificationReason, incident: Incident, alert: Alert) -> None:
    is_good = reason is NotificationReason.SOURCE_RECOVERED
    facts = {"alert_id": alert.id, "feed_id": incident.source.id, "feed": incident.source.feed.url}
    facts |= {"kind": incident.kind, "since": incident.began_at.isoformat(), "error": incident.source.last_error}
    _log.log(logging.INFO if is_good else logging.WARNING, reason.value, extra=facts)
