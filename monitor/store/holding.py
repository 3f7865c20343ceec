"""Messages that may not leave yet: what a route told lately, what is due, and what another message tells instead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, case, func, insert, literal, or_, select, update

from monitor.model import (
    AlertId,
    Change,
    Completeness,
    DeliveryId,
    DeliveryState,
    FeedStatus,
    HeldMessage,
    History,
    IncidentKind,
    Missed,
    NotificationReason,
    Silence,
    SourcesState,
    Why,
)
from monitor.store.articles import add_alert, stories_of
from monitor.store.codec import match_from_row
from monitor.store.outbox import HELD, settle_earlier
from monitor.store.silences import silences_of
from monitor.store.sql import Instant, chunks
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, DELIVERY, DIGEST, FEED, INCIDENT, MATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Alert, Held
    from monitor.store.values import OutboxItem

__all__ = [
    "due_messages",
    "held_messages",
    "hold_on",
    "last_digest",
    "missed",
    "pull_back_held",
    "record_digest",
    "record_group",
    "release",
    "route_history",
    "settle_silenced",
    "sources_state",
    "waiting_messages",
]

_DAY = timedelta(days=1)
_MOST_TOLD = 10_000  # messages that a budget counts
_MOST_NEAR = 200  # near misses looked at for a digest
_MOST_GAPS = 50  # that it tells
_FAILED_POLLS = 2  # in a row: one may be a hiccup


def route_history(connection: Connection, receiver: str, *, route: str, group: str, since: datetime | None) -> History:
    """Return what a route told a receiver lately; see `Store.route_history`."""
    of_route = (DELIVERY.c.receiver == receiver, DELIVERY.c.route == route)
    of_group = (*of_route, DELIVERY.c.group_key == group)
    told_at = connection.scalar(select(func.max(DELIVERY.c.left_at)).where(*of_group))
    waits = (DELIVERY.c.why == Why.GROUP_WAIT, HELD)  # what waits for the morning lets nothing else wait
    waits_until = connection.scalar(select(func.max(DELIVERY.c.held_until)).where(*of_group, *waits))
    recent: tuple[datetime, ...] = ()
    if since is not None:
        # what was told by another message took no message of its own
        left = select(DELIVERY.c.left_at).where(*of_route, DELIVERY.c.left_at > since, DELIVERY.c.told_by.is_(None))
        recent = tuple(connection.scalars(left.order_by(DELIVERY.c.left_at).limit(_MOST_TOLD)))
    return History(told_at, waits_until, recent)


def due_messages(
    connection: Connection, *, receivers: Sequence[str], digesters: Sequence[str], now: datetime, limit: int
) -> tuple[HeldMessage, ...]:
    """Return what was held until now, the oldest first; see `Store.due_messages`."""
    for_digest = DELIVERY.c.held_until.is_(None) & DELIVERY.c.receiver.not_in(digesters)
    due = or_(DELIVERY.c.held_until <= now, for_digest)
    return _messages(connection, DELIVERY.c.receiver.in_(receivers), due, limit=limit)


def waiting_messages(
    connection: Connection, *, receivers: Sequence[str], after: DeliveryId, now: datetime, limit: int
) -> tuple[HeldMessage, ...]:
    """Return what is held for longer, the oldest first; see `Store.waiting_messages`."""
    which = (DELIVERY.c.receiver.in_(receivers), DELIVERY.c.held_until > now, DELIVERY.c.id > after)
    return _messages(connection, *which, limit=limit)


def held_messages(
    connection: Connection, receiver: str, *, until: datetime, before: DeliveryId | None, limit: int
) -> tuple[HeldMessage, ...]:
    """Return some of what was held for the digest of a receiver until then, the newest first."""
    which = [DELIVERY.c.receiver == receiver, DELIVERY.c.held_until.is_(None), DELIVERY.c.created_at <= until]
    if before is not None:
        which.append(DELIVERY.c.id < before)
    return tuple(reversed(_messages(connection, *which, limit=limit, newest=True)))


def last_digest(connection: Connection, receiver: str, *, now: datetime) -> datetime:
    """Return when the last digest of a receiver was due; the first time that is asked, now."""
    found: datetime | None = connection.scalar(select(DIGEST.c.slot_at).where(DIGEST.c.receiver == receiver))
    if found is None:
        connection.execute(insert(DIGEST), {"receiver": receiver, "slot_at": now})
    return found or now


def record_digest(
    connection: Connection,
    alert: Alert,
    outbox: Sequence[OutboxItem],
    told: Sequence[DeliveryId],
    match_ids: Sequence[int],
    *,
    receiver: str,
    slot_at: datetime,
    now: datetime,
) -> bool:
    """Write a digest, settle what it tells, and note when it was due; see `Store.record_digest`."""
    connection.execute(update(DIGEST).where(DIGEST.c.receiver == receiver).values(slot_at=slot_at))
    return record_group(connection, alert, outbox, told, match_ids, now=now)


def missed(connection: Connection, receiver: str, *, since: datetime, until: datetime) -> Missed:
    """Return the near misses of a time, the nearest first, and what was silenced in it; see `Store.missed`."""
    in_time = (MATCH.c.recorded_at > since, MATCH.c.recorded_at <= until)
    share = MATCH.c.score / func.nullif(MATCH.c.threshold, 0)
    near = select(MATCH).where(*in_time, MATCH.c.near_miss).order_by(share.desc(), MATCH.c.id).limit(_MOST_NEAR)
    rows = connection.execute(near).all()
    stories = stories_of(connection, [row.article_id for row in rows])
    items = tuple((stories[row.article_id], match_from_row(row)) for row in rows)
    return Missed(items, len(items), _silences(connection, receiver, since=since, until=until))


def _silences(connection: Connection, receiver: str, *, since: datetime, until: datetime) -> tuple[Silence, ...]:
    """Return what held alerts back in a time, from everybody or from this receiver, those that did the most first.

    Of silences of the routes file only their ids are known here.
    """
    in_time = (ALERT.c.planned_at > since, ALERT.c.planned_at <= until)
    held_in_time = (DELIVERY.c.silenced_at > since, DELIVERY.c.silenced_at <= until)
    of_it = (DELIVERY.c.receiver == receiver, DELIVERY.c.silence.is_not(None))
    counted: Counter[str] = Counter()
    for table, where in ((ALERT, (ALERT.c.silence.is_not(None), *in_time)), (DELIVERY, (*of_it, *held_in_time))):
        query = select(table.c.silence, func.count()).where(*where).group_by(table.c.silence)
        counted.update({row[0]: row[1] for row in connection.execute(query)})
    known = {silence.id: silence for silence in silences_of(connection, tuple(counted))}
    return tuple(
        replace(known.get(id_) or Silence(id_, (), "", "", since, until), alerts=count)
        for id_, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    )


def sources_state(connection: Connection, *, since: datetime, until: datetime) -> SourcesState:
    """Return how the sources are, and what happened to them in a time; see `Store.sources_state`.

    What is failing is asked of the feeds, not of the incidents: those are noted, and end, up to a minute later.
    """
    name = func.coalesce(FEED.c.outlet, FEED.c.title, FEED.c.url)
    feeds = select(func.count()).where(FEED.c.status != FeedStatus.PAUSED)
    never = FEED.c.last_ok_at.is_(None) & ((FEED.c.failures > 0) | (FEED.c.added_at <= since))
    ill = or_(FEED.c.failures >= _FAILED_POLLS, never, FEED.c.quiet_since.is_not(None))
    wrong = or_(FEED.c.status == FeedStatus.GONE, (FEED.c.status == FeedStatus.ACTIVE) & ill)
    failing = select(name).where(wrong).order_by(name, FEED.c.id)
    in_time = (INCIDENT.c.kind == IncidentKind.GAP, INCIDENT.c.until_at > since, INCIDENT.c.began_at <= until)
    gaps = select(name, INCIDENT.c.began_at, INCIDENT.c.until_at).join_from(INCIDENT, FEED).where(*in_time)
    read = (ARTICLE.c.read_at > since, ARTICLE.c.read_at <= until)
    is_partial = ARTICLE.c.completeness != Completeness.FULL
    articles = select(func.count().label("articles"), func.count().filter(is_partial).label("partial")).where(*read)
    counted = connection.execute(articles).one()
    return SourcesState(
        feeds=connection.scalar(feeds) or 0,
        failing=tuple(connection.scalars(failing)),
        gaps=tuple(
            (row[0], row.began_at, row.until_at)
            for row in connection.execute(gaps.order_by(INCIDENT.c.began_at, INCIDENT.c.id).limit(_MOST_GAPS))
        ),
        articles=counted.articles,
        partial=counted.partial,
    )


def _messages(
    connection: Connection, *which: ColumnElement[bool], limit: int, newest: bool = False
) -> tuple[HeldMessage, ...]:
    """Return some of the messages that are held, the oldest first; of too many, the oldest or the newest."""
    order = DELIVERY.c.id.desc() if newest else DELIVERY.c.id
    chosen = select(DELIVERY.c.id).where(HELD, *which).order_by(order).limit(limit)
    facts = (
        *(DELIVERY.c.id.label("delivery_id"), DELIVERY.c.alert_id, DELIVERY.c.receiver, DELIVERY.c.route),
        *(DELIVERY.c.group_key, DELIVERY.c.why, DELIVERY.c.held_until, DELIVERY.c.created_at),
        *(ALERT.c.reason, ALERT.c.updates),
        *(ALERT_MATCH.c.match_id, MATCH.c.article_id, MATCH.c.lost_at),
        (ARTICLE.c.page_reason.is_not(None) & (ARTICLE.c.extractor != "feed")).label("is_withdrawn"),
    )
    query = (
        select(*facts)
        .join_from(DELIVERY, ALERT, ALERT.c.id == DELIVERY.c.alert_id)
        .join(ALERT_MATCH, ALERT_MATCH.c.alert_id == ALERT.c.id)
        .join(MATCH, MATCH.c.id == ALERT_MATCH.c.match_id)
        .join(ARTICLE, ARTICLE.c.id == MATCH.c.article_id)
        .where(DELIVERY.c.id.in_(chosen))
        # the last is told: of a story that grew, an article that still stands
        .order_by(DELIVERY.c.id, MATCH.c.lost_at.is_(None), ALERT_MATCH.c.match_id)
    )
    rows = connection.execute(query).all()
    matches = {}
    for ids in chunks(sorted({row.match_id for row in rows})):
        found = connection.execute(select(MATCH).where(MATCH.c.id.in_(ids)))
        matches.update({row.id: match_from_row(row) for row in found})
    stories = stories_of(connection, sorted({row.article_id for row in rows}))
    return tuple(
        HeldMessage(
            id=DeliveryId(row.delivery_id),
            alert_id=AlertId(row.alert_id),
            receiver=row.receiver,
            route=row.route,
            group=row.group_key,
            why=Why(row.why),
            held_until=row.held_until,
            created_at=row.created_at,
            reason=NotificationReason(row.reason),
            is_update=row.updates is not None,
            story=stories[row.article_id],
            match=matches[row.match_id],
            match_id=row.match_id,
            lost=None if row.lost_at is None else Change.WITHDRAWN if row.is_withdrawn else Change.UNMATCHED,
        )
        for row in {row.delivery_id: row for row in rows}.values()
    )


def hold_on(connection: Connection, ids: Sequence[DeliveryId], held: Held) -> None:
    """Hold messages for longer or less long that are held; see `Store.hold_on`."""
    for some in chunks(ids):
        held_on = update(DELIVERY).where(DELIVERY.c.id.in_(some), HELD)
        connection.execute(held_on.values(why=held.why, held_until=held.until))


def settle_silenced(connection: Connection, ids: Sequence[DeliveryId], silence: str, *, now: datetime) -> None:
    """Settle messages that were held and are told to nobody; see `Store.settle_silenced`."""
    for some in chunks(ids):
        held = update(DELIVERY).where(DELIVERY.c.id.in_(some), HELD)
        connection.execute(held.values(state=DeliveryState.SILENCED, silence=silence, silenced_at=now))


def pull_back_held(connection: Connection, *, now: datetime) -> None:
    """Let what was held in the future have been held now, and be due: the clock was set back (promise T7).

    So it is for digests that were due more than a day ahead: less is made up for by the clock, and tells none twice.
    """
    ahead = update(DELIVERY).where(HELD, DELIVERY.c.created_at > now)
    until = case((DELIVERY.c.held_until.is_not(None), literal(now, Instant)))
    connection.execute(ahead.values(created_at=now, held_until=until))
    connection.execute(update(DIGEST).where(DIGEST.c.slot_at > now + _DAY).values(slot_at=now))


def release(
    connection: Connection, ids: Sequence[DeliveryId], *, told: Sequence[DeliveryId], told_by: AlertId, now: datetime
) -> None:
    """Let messages go that were held, and settle those that they tell too; see `Store.release`."""
    for some in chunks(ids):
        held = update(DELIVERY).where(DELIVERY.c.id.in_(some), HELD)
        connection.execute(held.values(state=DeliveryState.PENDING, left_at=now))
    _group(connection, told, told_by, now=now)
    settle_earlier(connection, [*ids, *told], told_by=told_by, now=now)


def record_group(
    connection: Connection,
    alert: Alert,
    outbox: Sequence[OutboxItem],
    told: Sequence[DeliveryId],
    match_ids: Sequence[int],
    *,
    now: datetime,
) -> bool:
    """Write a message that tells what others would have; see `Store.record_group`."""
    is_new = add_alert(connection, alert, outbox, match_ids, now=now)
    _group(connection, told, alert.id, now=now)
    settle_earlier(connection, told, told_by=alert.id, now=now)
    return is_new


def _group(connection: Connection, told: Sequence[DeliveryId], told_by: AlertId, *, now: datetime) -> None:
    for some in chunks(told):
        held = update(DELIVERY).where(DELIVERY.c.id.in_(some), HELD)
        connection.execute(held.values(state=DeliveryState.GROUPED, left_at=now, told_by=told_by))
