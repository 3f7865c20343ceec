"""Rendering: the messages of an alert, written once and for all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor import alerting
from monitor.deliver.links import signer_of
from monitor.model import Alert, AlertType, Receiver, Rendered, Silence
from monitor.stages.tools import Tools
from monitor.store import OutboxItem

__all__ = ["render", "render_for", "silenced", "silences_in_force", "with_records"]

_log = logging.getLogger(__name__)

_JUDGED_FOR = timedelta(days=90)
_ANSWERED = frozenset({AlertType.STORY_NEW, AlertType.STORY_UPDATED})


async def silenced(tools: Tools, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Return alerts on stories as the silences in force leave them."""
    if not alerts:
        return ()
    now = tools.clock.now()
    return alerting.silenced(alerts, await silences_in_force(tools, now=now), now=now)


async def silences_in_force(tools: Tools, *, now: datetime) -> tuple[Silence, ...]:
    """Return the silences of the routes file, and those that people added and that are in force."""
    return (*tools.routes.silences, *await tools.thread.run_soon(tools.store.active_silences, now=now))


async def with_records(tools: Tools, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Return alerts on stories with what their rules have given lately."""
    now, zone = tools.clock.now(), tools.settings.zone
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    told = []
    for alert in alerts:
        record = await tools.thread.run_soon(
            tools.store.rule_record,
            alert.matches[0].rule.id,
            today_at=midnight.astimezone(UTC),
            judged_since=now - _JUDGED_FOR,
        )
        told.append(replace(alert, record=record))
    return tuple(told)


def render(tools: Tools, alert: Alert) -> list[OutboxItem]:
    """Render an alert for each of its receivers, once and for all (promise D3)."""
    return [
        render_for(tools, alert, receiver) for receiver in tools.routes.receivers if receiver.name in alert.receivers
    ]


def _linked(tools: Tools, alert: Alert, receiver: Receiver) -> Alert:
    """Return an alert on a story with the links by which a receiver answers it, where there is a public address."""
    signer = signer_of(tools.settings)
    if signer is None or alert.type not in _ANSWERED:
        return alert
    return replace(alert, links=signer.links(alert.id, receiver.name, now=alert.planned_at))


def _of_its_own(alert: Alert, receiver: Receiver) -> Alert:
    """Return an update as that of the alert which this receiver was told."""
    if alert.update is None:
        return alert
    return replace(alert, update=replace(alert.update, of=alert.update.first_for(receiver.name)))


def render_for(tools: Tools, alert: Alert, receiver: Receiver) -> OutboxItem:
    """Render an alert for one receiver; a mistake in that costs this message, visibly, and no other (promise D9)."""
    message_id = alerting.message_id(alert.id, receiver.name)
    try:
        told = _linked(tools, _of_its_own(alert, receiver), receiver)
        return OutboxItem(receiver, message_id, tools.channels[receiver.name].render(told, message_id))
    except Exception as bug:  # noqa: BLE001  an edge that must survive: what a channel cannot render, others can
        tools.metrics.errors.labels("render").inc()
        _log.error("render_crashed", exc_info=bug, extra={"alert_id": alert.id, "receiver": receiver.name})
        error = f"a mistake in veille, please report it: {type(bug).__name__} while the message was written"
        return OutboxItem(receiver, message_id, Rendered(b"", content_type=""), error)
