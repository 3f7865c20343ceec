"""Incidents: what is wrong with sources, and what people were told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, literal, or_, select, update

from monitor.model import AlertType, FeedId, FeedStatus, Incident, IncidentId, IncidentKind
from monitor.store.articles import add_alert
from monitor.store.codec import feed_from_row
from monitor.store.feeds import select_feeds
from monitor.store.sql import chunks
from monitor.store.tables import ALERT, FEED, INCIDENT
from monitor.store.values import PendingIncidents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from monitor.model import Alert, FeedId, Trouble
    from monitor.store.gaps import Gap
    from monitor.store.values import OutboxItem

__all__ = [
    "count_open",
    "incidents_around",
    "note_gap",
    "note_incidents",
    "note_move",
    "open_incidents",
    "pending_incidents",
    "pull_back_incidents",
    "record_incidents",
]

_TYPES = (AlertType.SOURCE_GAP, AlertType.SOURCE_FAILING, AlertType.SOURCE_RECOVERED)
_ONCE = tuple(kind for kind in IncidentKind if not kind.lasts)
_DAY = timedelta(days=1)
_LISTED_WITHIN = timedelta(hours=6)  # of its publication, a feed lists an article
_FIELDS = ("id", "kind", "began_at", "until_at", "count", "missed", "old_url", "told", "told_at", "ended_at")
_PREFIX = "incident_"
_COLUMNS = tuple(INCIDENT.c[name].label(_PREFIX + name) for name in _FIELDS)
_PENDING = and_(INCIDENT.c.feed_id.is_not(None), ~INCIDENT.c.settled)
_OPEN = and_(_PENDING, INCIDENT.c.ended_at.is_(None), INCIDENT.c.kind.not_in(_ONCE))


def note_incidents(connection: Connection, *, failures: int) -> None:
    """Note what is wrong with feeds and is not noted yet; see `Store.note_incidents`."""
    is_active, began_at = FEED.c.status == FeedStatus.ACTIVE, func.coalesce(FEED.c.failing_since, FEED.c.last_polled_at)
    _note(connection, IncidentKind.FAILING, is_active & (FEED.c.failures >= failures), began_at)
    _note(connection, IncidentKind.GONE, FEED.c.status == FeedStatus.GONE, FEED.c.last_polled_at)
    _note(connection, IncidentKind.QUIET, is_active & (FEED.c.failures == 0), FEED.c.quiet_since)


def _note(connection: Connection, kind: IncidentKind, wrong: ColumnElement[bool], began_at: ColumnElement[Any]) -> None:
    known = exists().where(INCIDENT.c.feed_id == FEED.c.id, INCIDENT.c.kind == kind, _OPEN)
    found = select(FEED.c.id, literal(kind.value), began_at, literal(1), literal(0), literal(value=False)).where(
        wrong, began_at.is_not(None), ~known
    )
    columns = ["feed_id", "kind", "began_at", "count", "told", "settled"]
    connection.execute(insert(INCIDENT).from_select(columns, found))


def note_gap(connection: Connection, feed_id: FeedId, gap: Gap) -> None:
    """Note a gap, or add it to those of its feed of which nobody was told yet."""
    waiting = (INCIDENT.c.feed_id == feed_id, INCIDENT.c.kind == IncidentKind.GAP, _PENDING)
    more = {"until_at": gap.until, "count": INCIDENT.c.count + 1, "missed": INCIDENT.c.missed + gap.missed}
    if not connection.execute(update(INCIDENT).where(*waiting).values(more)).rowcount:
        _add(connection, feed_id, IncidentKind.GAP, began_at=gap.since, until_at=gap.until, missed=gap.missed)


def note_move(connection: Connection, feed_id: FeedId, *, old_url: str, now: datetime) -> None:
    """Note that a feed is polled at another address from now on."""
    _add(connection, feed_id, IncidentKind.MOVED, began_at=now, old_url=old_url)


def _add(connection: Connection, feed_id: FeedId, kind: IncidentKind, **fields: object) -> None:
    row = {"feed_id": feed_id, "kind": kind, "count": 1, "told": 0, "settled": False, **fields}
    connection.execute(insert(INCIDENT), row)


def pending_incidents(connection: Connection, *, now: datetime) -> PendingIncidents:
    """Return the incidents of which something may still be told; see `Store.pending_incidents`."""
    last = select(ALERT.c.type, func.max(ALERT.c.planned_at).label("at")).where(ALERT.c.type.in_(_TYPES))
    gaps = select(INCIDENT.c.feed_id, func.max(INCIDENT.c.told_at).label("at")).where(
        INCIDENT.c.kind == IncidentKind.GAP, INCIDENT.c.told_at > now - _DAY
    )
    return PendingIncidents(
        incidents=_incidents(connection, _PENDING),
        last_at={AlertType(row.type): row.at for row in connection.execute(last.group_by(ALERT.c.type))},
        gaps_at={row.feed_id: row.at for row in connection.execute(gaps.group_by(INCIDENT.c.feed_id))},
    )


def open_incidents(connection: Connection) -> tuple[Incident, ...]:
    """Return the incidents that last, oldest first."""
    return _incidents(connection, _OPEN)


def incidents_around(connection: Connection, feed_ids: Sequence[FeedId], *, at: datetime) -> tuple[Incident, ...]:
    """Return what was wrong with some feeds at an instant or soon after; see `Store.incidents_around`."""
    over_at = func.coalesce(INCIDENT.c.until_at, INCIDENT.c.ended_at)
    then = and_(INCIDENT.c.began_at <= at + _LISTED_WITHIN, or_(over_at.is_(None), over_at >= at))
    wrong = and_(then, INCIDENT.c.kind != IncidentKind.MOVED)
    return tuple(
        incident for ids in chunks(feed_ids) for incident in _incidents(connection, wrong & INCIDENT.c.feed_id.in_(ids))
    )


def count_open(connection: Connection) -> dict[str, int]:
    """Return how many incidents last, by kind."""
    counted = select(INCIDENT.c.kind, func.count().label("number")).where(_OPEN).group_by(INCIDENT.c.kind)
    numbers = {row.kind: row.number for row in connection.execute(counted)}
    return {kind.value: numbers.get(kind, 0) for kind in IncidentKind if kind.lasts}


def _incidents(connection: Connection, which: ColumnElement[bool]) -> tuple[Incident, ...]:
    found = select_feeds().add_columns(*_COLUMNS).join(INCIDENT, INCIDENT.c.feed_id == FEED.c.id).where(which)
    return tuple(_incident(row) for row in connection.execute(found.order_by(INCIDENT.c.id)))


def _incident(row: Any) -> Incident:
    fields = {name: getattr(row, _PREFIX + name) for name in _FIELDS}
    fields |= {"id": IncidentId(fields["id"]), "kind": IncidentKind(fields["kind"])}
    return Incident(source=feed_from_row(row), **fields)


def record_incidents(
    connection: Connection,
    alerts: Sequence[tuple[Alert, Sequence[OutboxItem], Sequence[IncidentId]]],
    *,
    ended: Sequence[Incident | Trouble],
    dropped: Sequence[IncidentId],
    now: datetime,
) -> None:
    """Write what became of incidents; see `Store.record_incidents`."""
    for incident in ended:
        connection.execute(update(INCIDENT).where(INCIDENT.c.id == incident.id).values(ended_at=incident.ended_at))
    for ids in chunks(dropped):
        untold = (INCIDENT.c.id.in_(ids), INCIDENT.c.told == 0)
        connection.execute(delete(INCIDENT).where(*untold))
        connection.execute(update(INCIDENT).where(INCIDENT.c.id.in_(ids)).values(ended_at=now, settled=True))
    is_over = or_(INCIDENT.c.kind.in_(_ONCE), INCIDENT.c.ended_at.is_not(None))
    for alert, outbox, told in alerts:
        add_alert(connection, alert, outbox, (), now=now)
        for ids in chunks(told):
            changes = {"told": INCIDENT.c.told + 1, "told_at": now, "settled": is_over}
            connection.execute(update(INCIDENT).where(INCIDENT.c.id.in_(ids)).values(changes))


def pull_back_incidents(connection: Connection, *, now: datetime) -> None:
    """Let what began in the future have begun now: the clock was set back, and it would never be told (promise T7)."""
    connection.execute(update(FEED).where(FEED.c.failing_since > now).values(failing_since=now))
    connection.execute(update(INCIDENT).where(INCIDENT.c.began_at > now, ~INCIDENT.c.settled).values(began_at=now))
