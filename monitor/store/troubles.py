"""Troubles: what is wrong with veille itself. They are incidents without a feed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, case, func, insert, or_, select

from monitor.model import AlertType, DeliveryState, FeedStatus, IncidentId, SystemFacts, Trouble, TroubleKind, Waiting
from monitor.receivers import HEARTBEAT
from monitor.store.sql import is_literally
from monitor.store.tables import ALERT, DELIVERY, FEED, INCIDENT
from monitor.store.values import PendingTroubles

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from monitor.model import Sight

__all__ = ["count_troubles", "note_troubles", "pending_troubles", "system_facts"]

_WAITS = and_(is_literally(DELIVERY.c.state, DeliveryState.PENDING), DELIVERY.c.receiver != HEARTBEAT)
_LEFT_AT = func.coalesce(DELIVERY.c.left_at, DELIVERY.c.created_at)
_TYPES = (AlertType.SYSTEM_FAILING, AlertType.SYSTEM_RECOVERED)
_PENDING = and_(INCIDENT.c.feed_id.is_(None), ~INCIDENT.c.settled)
_OPEN = and_(_PENDING, INCIDENT.c.ended_at.is_(None))
_FIELDS = ("kind", "subject", "began_at", "told", "told_at", "ended_at")
_AHEAD = timedelta(minutes=1)  # what is dated later than that was noted before the clock was set back
_OVERDUE = timedelta(minutes=1)  # a feed that was due so long ago is not just being polled


def system_facts(connection: Connection, *, failing: Collection[str], now: datetime) -> SystemFacts:
    """Return what shows whether veille does its work; see `Store.system_facts`."""
    is_late = or_(FEED.c.failures > 0, FEED.c.next_due_at <= now - _OVERDUE)
    active = FEED.c.status == FeedStatus.ACTIVE
    feeds = connection.execute(
        select(
            func.count().label("number"),
            func.count(case((is_late, 1))).label("late"),
            func.max(case((FEED.c.last_ok_at <= now + _AHEAD, FEED.c.last_ok_at))).label("ok_at"),
            func.min(FEED.c.added_at).label("added_at"),
        ).where(active)
    ).one()
    return SystemFacts(
        waiting=_waiting(connection, failing),
        feeds=feeds.number,
        feeds_late=feeds.late,
        polled_at=feeds.ok_at,
        added_at=feeds.added_at,
    )


def _waiting(connection: Connection, failing: Collection[str]) -> tuple[Waiting, ...]:
    counted = select(DELIVERY.c.receiver, func.min(_LEFT_AT).label("since"), func.count().label("number"))
    rows = {row.receiver: row for row in connection.execute(counted.where(_WAITS).group_by(DELIVERY.c.receiver))}
    return tuple(
        Waiting(
            receiver,
            rows[receiver].since if receiver in rows else None,
            rows[receiver].number if receiver in rows else 0,
            _last_error(connection, receiver),
            _given_up(connection, receiver) if receiver in failing else 0,
        )
        for receiver in sorted({*rows, *failing})
    )


def _last_error(connection: Connection, receiver: str) -> str | None:
    """Return why the oldest message to a receiver that was tried was not accepted."""
    tried = (_WAITS, DELIVERY.c.receiver == receiver, DELIVERY.c.last_error.is_not(None))
    found: str | None = connection.scalar(select(DELIVERY.c.last_error).where(*tried).order_by(DELIVERY.c.id).limit(1))
    return found


def _given_up(connection: Connection, receiver: str) -> int:
    """Return how many messages were given up that came after the last one that a receiver accepted."""
    sent_at = connection.scalar(select(func.max(DELIVERY.c.sent_at)).where(DELIVERY.c.receiver == receiver))
    given_up = [DELIVERY.c.receiver == receiver, DELIVERY.c.state == DeliveryState.FAILED]
    if sent_at is not None:
        given_up.append(sent_at < _LEFT_AT)
    number: int = connection.scalar(select(func.count()).select_from(DELIVERY).where(*given_up)) or 0
    return number


def note_troubles(connection: Connection, sights: Sequence[Sight], *, now: datetime) -> None:
    """Note what is wrong and is not noted yet; see `Store.note_troubles`."""
    open_ = select(INCIDENT.c.kind, INCIDENT.c.subject).where(_OPEN)
    known = {(row.kind, row.subject) for row in connection.execute(open_)}
    rows = [
        {"kind": sight.kind, "subject": sight.subject, "began_at": now, "count": 1, "told": 0, "settled": False}
        for sight in sights
        if (sight.kind, sight.subject) not in known
    ]
    if rows:
        connection.execute(insert(INCIDENT), rows)


def pending_troubles(connection: Connection) -> PendingTroubles:
    """Return the troubles of which something may still be told; see `Store.pending_troubles`."""
    last = select(ALERT.c.type, func.max(ALERT.c.planned_at).label("at")).where(ALERT.c.type.in_(_TYPES))
    found = select(INCIDENT).where(_PENDING).order_by(INCIDENT.c.id)
    return PendingTroubles(
        troubles=tuple(map(_trouble, connection.execute(found))),
        last_at={AlertType(row.type): row.at for row in connection.execute(last.group_by(ALERT.c.type))},
    )


def count_troubles(connection: Connection) -> dict[str, int]:
    """Return how many troubles last, by kind."""
    counted = select(INCIDENT.c.kind, func.count().label("number")).where(_OPEN).group_by(INCIDENT.c.kind)
    numbers = {row.kind: row.number for row in connection.execute(counted)}
    return {kind.value: numbers.get(kind, 0) for kind in TroubleKind}


def _trouble(row: Any) -> Trouble:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return Trouble(id=IncidentId(row.id), **{**fields, "kind": TroubleKind(row.kind)})
