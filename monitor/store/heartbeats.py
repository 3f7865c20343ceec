"""Heartbeats: the alerts and deliveries of canaries, of which only the last is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select, update

from monitor.model import AlertType, DeliveryState
from monitor.store.articles import add_alert
from monitor.store.sql import chunks
from monitor.store.tables import ALERT, ATTEMPT, DELIVERY
from monitor.store.values import Unsent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Alert
    from monitor.store.values import OutboxItem

__all__ = ["record_heartbeat"]

_PENDING = DELIVERY.c.state == DeliveryState.PENDING


def record_heartbeat(
    connection: Connection, alert: Alert, outbox: Sequence[OutboxItem], *, now: datetime
) -> Unsent | None:
    """Write a heartbeat in place of those before it; see `Store.record_heartbeat`."""
    before = select(ALERT.c.id).where(ALERT.c.type == AlertType.HEARTBEAT, ALERT.c.id != alert.id)
    unsent = _last_unsent(connection)
    # Before the others go, as their numbers would be given again.
    add_alert(connection, alert, outbox, (), now=now)
    under_way = select(DELIVERY.c.alert_id).where(_PENDING, DELIVERY.c.lease_until > now)
    for ids in chunks(connection.scalars(before.where(ALERT.c.id.not_in(under_way))).all()):
        superseded = DELIVERY.c.alert_id.in_(ids)
        connection.execute(update(DELIVERY).where(superseded, _PENDING).values(state=DeliveryState.FAILED))
        deliveries = select(DELIVERY.c.id).where(superseded)
        connection.execute(delete(ATTEMPT).where(ATTEMPT.c.delivery_id.in_(deliveries)))
        connection.execute(delete(DELIVERY).where(superseded))
        connection.execute(delete(ALERT).where(ALERT.c.id.in_(ids)))
    return unsent


def _last_unsent(connection: Connection) -> Unsent | None:
    """Return why the last heartbeat was not accepted, or None where it was or where there is none."""
    row = connection.execute(
        select(DELIVERY.c.state, DELIVERY.c.last_error)
        .join_from(DELIVERY, ALERT)
        .where(ALERT.c.type == AlertType.HEARTBEAT)
        .order_by(DELIVERY.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None or row.state == DeliveryState.SENT else Unsent(row.last_error)
