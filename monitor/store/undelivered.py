"""What receivers do not get, and whether others were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, update

from monitor.model import AlertType, DeliveryId, DeliveryState, Undelivered
from monitor.store.articles import add_alert
from monitor.store.sql import chunks, is_literally
from monitor.store.tables import ALERT, DELIVERY, ENDPOINT
from monitor.store.values import Failures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.model import Alert
    from monitor.store.values import OutboxItem

__all__ = ["record_undelivered", "untold_failures"]

_NOTICES = (AlertType.DELIVERY_FAILED, AlertType.ENDPOINT_DISABLED)
_UNTOLD = (is_literally(DELIVERY.c.state, DeliveryState.FAILED), DELIVERY.c.failure_told_at.is_(None))


def untold_failures(connection: Connection) -> Failures:
    """Return the messages that were given up and of which nobody was told; see `Store.untold_failures`."""
    query = (
        select(DELIVERY.c.id, DELIVERY.c.receiver, DELIVERY.c.created_at, DELIVERY.c.last_error)
        .join_from(DELIVERY, ALERT)
        .where(*_UNTOLD, ALERT.c.type.not_in(_NOTICES))
        .order_by(DELIVERY.c.id)
    )
    found: dict[str, Undelivered] = {}
    ids = []
    for row in connection.execute(query):
        ids.append(DeliveryId(row.id))
        first = found.get(row.receiver)
        found[row.receiver] = Undelivered(
            receiver=row.receiver,
            messages=first.messages + 1 if first else 1,
            since=first.since if first else row.created_at,
            error=row.last_error,
            delivery_id=None if first else DeliveryId(row.id),
        )
    last_at = connection.scalar(select(func.max(ALERT.c.planned_at)).where(ALERT.c.type == AlertType.DELIVERY_FAILED))
    return Failures(tuple(found.values()), tuple(ids), last_at)


def record_undelivered(
    connection: Connection,
    alerts: Sequence[tuple[Alert, Sequence[OutboxItem]]],
    *,
    failed: Sequence[DeliveryId],
    disabled: Sequence[str],
    now: datetime,
) -> None:
    """Write what is told of undelivered messages; see `Store.record_undelivered`."""
    for alert, outbox in alerts:
        add_alert(connection, alert, outbox, (), now=now)
    for ids in chunks(failed):
        connection.execute(update(DELIVERY).where(DELIVERY.c.id.in_(ids), *_UNTOLD).values(failure_told_at=now))
    for names in chunks(disabled):
        connection.execute(update(ENDPOINT).where(ENDPOINT.c.receiver.in_(names)).values(told_at=now))
