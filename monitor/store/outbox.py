"""The outbox: deliveries, their claims and what became of each attempt."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from monitor.errors import NotFoundError, Reason
from monitor.model import (
    AlertId,
    AlertType,
    Channel,
    Delivery,
    DeliveryId,
    DeliveryState,
    NotificationReason,
    Receipt,
    Why,
)
from monitor.receivers import HEARTBEAT
from monitor.store.codec import delivery_from_row, reason_of
from monitor.store.sql import Instant, chunks, free, is_literally, is_number
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, ATTEMPT, DELIVERY, MATCH, STORY
from monitor.store.values import AttemptLine, DeliveryLine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.sql.dml import ReturningUpdate

    from monitor.model import Alert
    from monitor.store.values import OutboxItem

__all__ = [
    "HELD",
    "SUSPECT_AFTER",
    "add_deliveries",
    "claim_deliveries",
    "failed_deliveries",
    "find_delivery",
    "find_teller",
    "give_back_deliveries",
    "list_attempts",
    "list_deliveries",
    "outbox_oldest_at",
    "pending_deliveries",
    "pull_due_deliveries",
    "pull_waiting",
    "release_delivery_leases",
    "replay",
    "sent_messages",
    "settle_earlier",
    "settle_failed",
    "settle_overtaken",
    "settle_retry",
    "settle_sent",
    "unsent_deliveries",
]

SUSPECT_AFTER = 2
"""Attempts in a row that ended with the daemon, after which a message is sent alone, and behind all others."""

HELD = is_literally(DELIVERY.c.state, DeliveryState.HELD)
_PENDING = is_literally(DELIVERY.c.state, DeliveryState.PENDING)
_OF_READERS = DELIVERY.c.receiver != HEARTBEAT
_FREED = {"lease_owner": None, "lease_until": None}
_NOW: Final = bindparam("now", type_=Instant())


def _is_due(delivery: FromClause) -> ColumnElement[bool]:
    return or_(delivery.c.next_attempt_at.is_(None), delivery.c.next_attempt_at <= _NOW)


_SETTLED = tuple(state for state in DeliveryState if state is not DeliveryState.PENDING)
_BESIDE = DELIVERY.alias()
_SAME_RECEIVER = _BESIDE.c.receiver == DELIVERY.c.receiver
_SAME_STORY = or_(  # the receiver in both halves: each reads an index of its own, and not all that a receiver was sent
    and_(_BESIDE.c.alert_id == DELIVERY.c.updates, _SAME_RECEIVER),
    and_(
        _BESIDE.c.updates == DELIVERY.c.updates,
        _SAME_RECEIVER,
        # what was first may have told other stories too, and has their updates
        _BESIDE.c.story_id == DELIVERY.c.story_id,
        _BESIDE.c.rule_id == DELIVERY.c.rule_id,
    ),
)
# What came before on the same story and rule, and is being sent or about to be: an update waits for that, and only for
# that, so that it finds the message to change.
_COMES_FIRST = (
    select(_BESIDE.c.id)
    .where(
        _SAME_STORY,
        _BESIDE.c.id < DELIVERY.c.id,
        _BESIDE.c.state.not_in(_SETTLED),  # not `== pending`: an index of that would read all that is pending
        _is_due(_BESIDE),
    )
    .correlate(DELIVERY)
    .exists()
)
_RAN_OUT = DELIVERY.c.lease_until.is_not(None)  # of a delivery that may be claimed: its attempt came to no end
_SUSPECT = DELIVERY.c.interrupted >= SUSPECT_AFTER  # to send it may be what ends the daemon
_BESIDE_PENDING = is_literally(_BESIDE.c.state, DeliveryState.PENDING)
_LEASED = (
    select(_BESIDE.c.id)
    .where(_BESIDE_PENDING, _BESIDE.c.receiver == bindparam("of_receiver"), _BESIDE.c.lease_until > _NOW)
    .exists()
)


def _claim(which: ColumnElement[bool], *order: ColumnElement[Any]) -> ReturningUpdate[Any]:
    """Return the statement that leases some deliveries of a receiver that are due, the oldest first unless told."""
    chosen = (
        select(DELIVERY.c.id)
        .where(
            _PENDING,
            DELIVERY.c.receiver == bindparam("of_receiver"),
            _is_due(DELIVERY),
            free(DELIVERY, _NOW),
            ~_COMES_FIRST,
            which,
        )
        .order_by(*order, DELIVERY.c.id)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
    )
    return (
        update(DELIVERY)
        .where(DELIVERY.c.id.in_(chosen))
        .values(
            lease_owner=bindparam("owner"),
            lease_until=bindparam("until", type_=Instant()),
            # what came to no end was no attempt: this one takes its place
            attempts=case((_RAN_OUT, DELIVERY.c.attempts), else_=DELIVERY.c.attempts + 1),
            interrupted=case((_RAN_OUT, DELIVERY.c.interrupted + 1), else_=DELIVERY.c.interrupted),
            next_attempt_at=case((_RAN_OUT, null()), else_=DELIVERY.c.next_attempt_at),
        )
        .returning(DELIVERY)
    )


# Made once: to build them takes longer than to execute them, and they are executed every second for each receiver.
_CLAIM = _claim(~_SUSPECT)
_CLAIM_SUSPECT = _claim(_SUSPECT & ~_LEASED)
_CLAIM_PROBE = _claim(~_SUSPECT, DELIVERY.c.next_attempt_at.nulls_first())  # what was not tried, or not for longest

# What was sent of the same story and rule alone, by what the service calls it: the first alert before its updates.
_SENT_BESIDE = (
    select(DELIVERY.c.id, _BESIDE.c.external_id, _BESIDE.c.updates, _BESIDE.c.id.label("other"))
    .join_from(DELIVERY, _BESIDE, _SAME_STORY)
    .join(ALERT, ALERT.c.id == _BESIDE.c.alert_id)
    .where(
        DELIVERY.c.id.in_(bindparam("ids", expanding=True)),
        ALERT.c.type.in_([AlertType.STORY_NEW, AlertType.STORY_UPDATED]),
        _BESIDE.c.id != DELIVERY.c.id,
        _BESIDE.c.external_id.is_not(None),
    )
    .order_by(DELIVERY.c.id, _BESIDE.c.updates.is_not(None), _BESIDE.c.id)
)


def add_deliveries(connection: Connection, alert: Alert, outbox: Sequence[OutboxItem], *, now: datetime) -> None:
    """Write one pending delivery for each message of an alert."""
    is_update = alert.update is not None
    rows = [
        {
            "alert_id": alert.id,
            "updates": alert.update and alert.update.first_for(item.receiver.name),
            "story_id": alert.stories[0].id if is_update else None,
            "rule_id": alert.matches[0].rule.id if is_update else None,
            "receiver": item.receiver.name,
            "channel": item.receiver.channel,
            "message_id": item.message_id,
            "body": item.rendered.body,
            "content_type": item.rendered.content_type,
            "headers": item.rendered.headers,
            "state": _first_state(item),
            "route": item.route,
            "group_key": item.group,
            "why": item.held and item.held.why,
            "held_until": item.held and item.held.until,
            "left_at": None if item.held else now,
            "attempts": 0,
            "created_at": now,
            "last_reason": Reason.REJECTED if item.error else None,
            "last_error": item.error,
        }
        for item in outbox
    ]
    if rows:
        connection.execute(insert(DELIVERY), rows)


def settle_overtaken(connection: Connection, told_by: AlertId, outbox: Sequence[OutboxItem], *, now: datetime) -> None:
    """Settle what is held on a story and rule of which an update is written: it would come later, and say less.

    Where the update leaves at once, that is all that came before it. Where it is held itself, it is growth only: what
    rings may leave sooner than the update; and nothing has left, so that no cooldown begins.

    Args:
        connection: in a transaction.
        told_by: the update, which is written.
        outbox: its messages.
        now: the present instant, UTC.
    """
    written = [item for item in outbox if item.error is None]
    leave = [item.message_id for item in written if item.held is None]
    stay = [item.message_id for item in written if item.held is not None]
    grew = ALERT.c.reason == NotificationReason.STORY_GREW
    _settle_before(connection, DELIVERY.c.message_id.in_(leave), told_by=told_by, left_at=now)
    _settle_before(connection, DELIVERY.c.message_id.in_(stay), grew, told_by=told_by, left_at=None)


def settle_earlier(connection: Connection, ids: Sequence[DeliveryId], *, told_by: AlertId, now: datetime) -> None:
    """Settle what is held and came before these messages, on the same story and rule: they leave, and are newer."""
    for some in chunks(ids):
        _settle_before(connection, DELIVERY.c.id.in_(some), told_by=told_by, left_at=now)


def _settle_before(
    connection: Connection, *which: ColumnElement[bool], told_by: AlertId, left_at: datetime | None
) -> None:
    """Settle what is held and came before some messages, on the same story and rule."""
    earlier = (
        select(_BESIDE.c.id)
        .join_from(DELIVERY, _BESIDE, _SAME_STORY)
        .join(ALERT, ALERT.c.id == _BESIDE.c.alert_id)
        .where(*which, _BESIDE.c.id < DELIVERY.c.id)
        .correlate(None)
    )
    held = update(DELIVERY).where(DELIVERY.c.id.in_(earlier), HELD)
    connection.execute(held.values(state=DeliveryState.GROUPED, left_at=left_at, told_by=told_by))


def _first_state(item: OutboxItem) -> DeliveryState:
    if item.error is not None:
        return DeliveryState.FAILED
    return DeliveryState.PENDING if item.held is None else DeliveryState.HELD


def claim_deliveries(
    connection: Connection, receiver: str, *, now: datetime, owner: str, lease_s: float, limit: int, probe: bool
) -> tuple[Delivery, ...]:
    """Lease deliveries and open an attempt of each; see `Store.claim_deliveries`."""
    until = now + timedelta(seconds=lease_s)
    given = {"now": now, "owner": owner, "until": until, "most": limit, "of_receiver": receiver}
    rows = sorted(connection.execute(_CLAIM_PROBE if probe else _CLAIM, given), key=lambda row: row.id)
    if not rows:
        rows = list(connection.execute(_CLAIM_SUSPECT, {**given, "most": 1}))
    if rows:
        _end_attempts(connection, [row.id for row in rows], now=now, outcome="interrupted")
        opened = [{"delivery_id": row.id, "number": row.attempts, "started_at": now} for row in rows]
        connection.execute(insert(ATTEMPT), opened)
    threads = _threads(connection, receiver, [row.id for row in rows]) if rows else {}
    return tuple(_threaded(delivery_from_row(row), threads.get(row.id, ())) for row in rows)


class _Beside(NamedTuple):
    """A delivery of the same story and rule that was sent."""

    id: int
    external_id: str
    is_update: bool


def _threads(connection: Connection, receiver: str, ids: Sequence[int]) -> dict[int, list[_Beside]]:
    """Return what was sent beside each delivery that is an update."""
    found: dict[int, list[_Beside]] = {}
    for row in connection.execute(_SENT_BESIDE, {"ids": list(ids), "of_receiver": receiver}):
        found.setdefault(row.id, []).append(_Beside(row.other, row.external_id, row.updates is not None))
    return found


def _threaded(delivery: Delivery, beside: Sequence[_Beside]) -> Delivery:
    """Return a delivery with what its service calls the message that it updates.

    That is the first message of its story and rule; where that was never sent, the first update that was.
    """
    if not beside:
        return delivery
    is_overtaken = any(sent.is_update and sent.id > delivery.id for sent in beside)
    return replace(delivery, thread=beside[0].external_id, is_overtaken=is_overtaken)


def settle_sent(connection: Connection, delivery_id: DeliveryId, receipt: Receipt, *, now: datetime) -> None:
    """Record that the receiver accepted a message."""
    sent: dict[str, object] = {
        "state": DeliveryState.SENT,
        "sent_at": now,
        "next_attempt_at": None,
        "last_reason": None,
        "last_error": None,
    }
    if receipt.external_id is not None:
        sent["external_id"] = receipt.external_id
    _settle(connection, delivery_id, sent)
    _end_attempts(
        connection,
        [delivery_id],
        now=now,
        outcome="sent",
        status=receipt.status,
        detail=receipt.detail,
        refused=receipt.refused,
    )


def settle_retry(
    connection: Connection,
    delivery_id: DeliveryId,
    *,
    next_attempt_at: datetime,
    reason: Reason,
    error: str,
    counted: bool,
    now: datetime,
) -> None:
    """Record a failed attempt, and when to try again; see `Store.settle_retry`."""
    later: dict[str, object] = {"next_attempt_at": next_attempt_at, "last_reason": reason, "last_error": error}
    later |= {} if counted else {"attempts": DELIVERY.c.attempts - 1}
    _settle(connection, delivery_id, later)
    _end_attempts(connection, [delivery_id], now=now, outcome="retry", reason=reason, error=error)


def settle_failed(
    connection: Connection, delivery_id: DeliveryId, *, reason: Reason, error: str, now: datetime
) -> None:
    """Record that a message was given up."""
    failed = {
        "state": DeliveryState.FAILED,
        "next_attempt_at": None,
        "last_reason": reason,
        "last_error": error,
    }
    _settle(connection, delivery_id, failed)
    _end_attempts(connection, [delivery_id], now=now, outcome="failed", reason=reason, error=error)


def _settle(connection: Connection, delivery_id: DeliveryId, changes: Mapping[str, object]) -> None:
    ended = {**changes, "interrupted": 0, **_FREED}
    settled = update(DELIVERY).where(DELIVERY.c.id == delivery_id, _PENDING).values(ended)
    if not connection.execute(settled).rowcount:
        raise NotFoundError(f"no pending delivery {delivery_id}")


def _end_attempts(
    connection: Connection, delivery_ids: Sequence[int], *, now: datetime, outcome: str, **facts: object
) -> None:
    for ids in chunks(delivery_ids):
        open_ = update(ATTEMPT).where(ATTEMPT.c.delivery_id.in_(ids), ATTEMPT.c.outcome.is_(None))
        connection.execute(open_.values({"ended_at": now, "outcome": outcome, **facts}))


def give_back_deliveries(
    connection: Connection, ids: Sequence[DeliveryId], *, next_attempt_at: datetime | None = None
) -> None:
    """Put leased deliveries back as if they had not been claimed; see `Store.give_back_deliveries`."""
    changes: dict[str, object] = {"attempts": DELIVERY.c.attempts - 1, **_FREED}
    if next_attempt_at is not None:
        changes["next_attempt_at"] = next_attempt_at
    for some in chunks(ids):
        held = update(DELIVERY).where(DELIVERY.c.id.in_(some), _PENDING, _RAN_OUT)
        back = connection.scalars(held.values(changes).returning(DELIVERY.c.id))
        connection.execute(delete(ATTEMPT).where(ATTEMPT.c.delivery_id.in_(back.all()), ATTEMPT.c.outcome.is_(None)))


def release_delivery_leases(connection: Connection, *, now: datetime, interrupted: bool) -> int:
    """Give every leased delivery back; return how many there were.

    It may have been sent, and is sent again under its identity (promise D1); that uses up none of its tries. Those
    whose attempt was interrupted are counted as that, and have yet to wait for it.
    """
    changes: dict[str, object] = {"attempts": DELIVERY.c.attempts - 1, **_FREED}
    changes |= {"interrupted": DELIVERY.c.interrupted + 1, "next_attempt_at": None} if interrupted else {}
    held = update(DELIVERY).where(_PENDING, _RAN_OUT).values(changes)
    ids = connection.scalars(held.returning(DELIVERY.c.id)).all()
    _end_attempts(connection, ids, now=now, outcome="interrupted")
    return len(ids)


def pull_waiting(connection: Connection, receiver: str, reasons: Collection[Reason] | None = None) -> None:
    """Let messages to a receiver be tried now that failed for one of these reasons; None: for any."""
    waiting = update(DELIVERY).where(_PENDING, DELIVERY.c.receiver == receiver, DELIVERY.c.next_attempt_at.is_not(None))
    if reasons is not None:
        waiting = waiting.where(DELIVERY.c.last_reason.in_(sorted(reasons)))
    connection.execute(waiting.values(next_attempt_at=None))


def pull_due_deliveries(connection: Connection, *, now: datetime) -> None:
    """Let deliveries that were last tried in the future be tried now: the clock was set back (promise T7)."""
    tried_ahead = exists().where(ATTEMPT.c.delivery_id == DELIVERY.c.id, ATTEMPT.c.started_at > now)
    ahead = update(DELIVERY).where(_PENDING, DELIVERY.c.next_attempt_at > now, tried_ahead)
    connection.execute(ahead.values(next_attempt_at=now))


def pending_deliveries(connection: Connection) -> dict[str, int]:
    """Return how many deliveries are not settled, by receiver."""
    query = select(DELIVERY.c.receiver, func.count()).where(_PENDING, _OF_READERS).group_by(DELIVERY.c.receiver)
    return {row[0]: row[1] for row in connection.execute(query)}


def unsent_deliveries(connection: Connection) -> dict[str, int]:
    """Return how many deliveries wait or are held, by receiver."""
    unsent = select(DELIVERY.c.receiver, func.count()).where(or_(_PENDING, HELD), _OF_READERS)
    return {row[0]: row[1] for row in connection.execute(unsent.group_by(DELIVERY.c.receiver))}


def failed_deliveries(connection: Connection) -> dict[str, int]:
    """Return how many deliveries were given up, by receiver."""
    failed = select(DELIVERY.c.receiver, func.count()).where(DELIVERY.c.state == DeliveryState.FAILED, _OF_READERS)
    return {row[0]: row[1] for row in connection.execute(failed.group_by(DELIVERY.c.receiver))}


def outbox_oldest_at(connection: Connection) -> datetime | None:
    """Return when the oldest delivery that is not settled was created."""
    waiting = select(DELIVERY.c.created_at).where(_PENDING, _OF_READERS)
    found: datetime | None = connection.scalar(waiting.order_by(DELIVERY.c.created_at).limit(1))
    return found


def sent_messages(connection: Connection, receiver: str, *, channel: Channel, limit: int) -> tuple[bytes, ...]:
    """Return the messages that a receiver was sent, the latest first; see `Store.sent_messages`."""
    of_it = (DELIVERY.c.receiver == receiver, DELIVERY.c.channel == channel, DELIVERY.c.state == DeliveryState.SENT)
    query = select(DELIVERY.c.body).where(*of_it).order_by(DELIVERY.c.id.desc()).limit(limit)
    return tuple(connection.scalars(query))


def list_deliveries(
    connection: Connection,
    *,
    state: DeliveryState | None,
    receiver: str | None,
    since: datetime | None,
    limit: int,
    alert_id: AlertId | None = None,
    id_: DeliveryId | None = None,
) -> tuple[DeliveryLine, ...]:
    """Return deliveries, the latest first."""
    conditions = _selected(since=since, receiver=receiver, state=state)
    if alert_id is not None:
        conditions.append(DELIVERY.c.alert_id == alert_id)
    if id_ is not None:
        conditions.append(DELIVERY.c.id == id_)
    query = (
        select(*(column for column in DELIVERY.c if column.name not in {"body", "headers"}))
        .add_columns(ALERT.c.type, _title().label("title"), _TELLER.label("teller"))
        .join_from(DELIVERY, ALERT)
        .where(*conditions)
        .order_by(DELIVERY.c.id.desc())
        .limit(limit)
    )
    return tuple(
        DeliveryLine(
            id=DeliveryId(row.id),
            alert_id=AlertId(row.alert_id),
            type=AlertType(row.type),
            title=row.title,
            receiver=row.receiver,
            channel=Channel(row.channel),
            message_id=row.message_id,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at,
            sent_at=row.sent_at,
            last_reason=reason_of(row.last_reason),
            last_error=row.last_error,
            why=None if row.why is None else Why(row.why),
            held_until=row.held_until,
            silence=row.silence,
            told_by=None if row.teller is None else DeliveryId(row.teller),
        )
        for row in connection.execute(query)
    )


# The message to the same receiver that tells what one would have that is grouped.
_TELLER = (
    select(_BESIDE.c.id)
    .where(DELIVERY.c.state == DeliveryState.GROUPED, _BESIDE.c.alert_id == DELIVERY.c.told_by, _SAME_RECEIVER)
    .correlate(DELIVERY)
    .scalar_subquery()
)


def _title() -> ScalarSelect[str | None]:
    """Return the title of the best story that a delivery tells."""
    return (
        select(STORY.c.title)
        .join_from(ALERT_MATCH, MATCH)
        .join(ARTICLE, ARTICLE.c.id == MATCH.c.article_id)
        .join(STORY, STORY.c.id == ARTICLE.c.story_id)
        .where(ALERT_MATCH.c.alert_id == DELIVERY.c.alert_id)
        .order_by(MATCH.c.score.desc(), MATCH.c.id)
        .limit(1)
        .correlate(DELIVERY)
        .scalar_subquery()
    )


def replay(
    connection: Connection,
    *,
    ids: Sequence[DeliveryId] | None,
    since: datetime | None,
    until: datetime | None,
    receiver: str | None,
    state: DeliveryState | None,
    by: str,
    now: datetime,
) -> dict[str, int]:
    """Make deliveries pending again, under the same identity; see `Store.replay`."""
    if ids is None:
        return _replay(
            connection,
            *_selected(since=since, until=until, receiver=receiver, state=state or DeliveryState.FAILED),
            by=by,
            now=now,
        )
    missing = set(ids)
    for some in chunks([id_ for id_ in ids if is_number(id_)]):
        missing -= set(connection.scalars(select(DELIVERY.c.id).where(DELIVERY.c.id.in_(some))))
    if missing:
        raise NotFoundError(f"no delivery {', '.join(map(str, sorted(missing)))}; `veille deliveries` lists them")
    replayed: Counter[str] = Counter()
    for some in chunks(ids):
        replayed.update(_replay(connection, DELIVERY.c.id.in_(some), by=by, now=now))
    return dict(replayed)


def _replay(connection: Connection, *which: ColumnElement[bool], by: str, now: datetime) -> dict[str, int]:
    """Do so with some deliveries, and leave a trace among their attempts; return how many, by receiver."""
    again = (
        update(DELIVERY)
        .where(
            DELIVERY.c.body != b"", DELIVERY.c.lease_until.is_(None), *which
        )  # what was never rendered cannot be sent
        .values(
            state=DeliveryState.PENDING,
            attempts=0,
            interrupted=0,
            next_attempt_at=None,
            sent_at=None,
            failure_told_at=None,
            silence=None,
            silenced_at=None,
            **_FREED,
        )
        .returning(DELIVERY.c.id, DELIVERY.c.receiver)
    )
    rows = connection.execute(again).all()
    traces = [
        {"delivery_id": row.id, "number": 0, "started_at": now, "ended_at": now, "outcome": "replayed", "detail": by}
        for row in rows
    ]
    if traces:
        connection.execute(insert(ATTEMPT), traces)
    return dict(Counter(row.receiver for row in rows))


def find_delivery(connection: Connection, delivery_id: DeliveryId) -> DeliveryLine:
    """Return one delivery; see `Store.delivery`."""
    found = is_number(delivery_id) and list_deliveries(
        connection, state=None, receiver=None, since=None, limit=1, id_=delivery_id
    )
    if not found:
        raise NotFoundError(f"no delivery {delivery_id}; `veille deliveries` lists them")
    return found[0]


def find_teller(connection: Connection, line: DeliveryLine) -> DeliveryLine | None:
    """Return the message that tells in the end what a delivery would have; None: it is not grouped."""
    teller = None
    while line.told_by is not None:  # that one is younger, so that this ends
        teller = line = find_delivery(connection, line.told_by)
    return teller


def list_attempts(connection: Connection, delivery_id: DeliveryId) -> tuple[AttemptLine, ...]:
    """Return what became of a message, oldest first; see `Store.attempts`."""
    find_delivery(connection, delivery_id)
    rows = connection.execute(select(ATTEMPT).where(ATTEMPT.c.delivery_id == delivery_id).order_by(ATTEMPT.c.id))
    return tuple(
        AttemptLine(
            number=row.number,
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            reason=reason_of(row.reason),
            error=row.error,
            status=row.status,
            detail=row.detail,
            refused=tuple(row.refused or ()),
        )
        for row in rows
    )


def _selected(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    receiver: str | None = None,
    state: DeliveryState | None = None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(DELIVERY.c.created_at >= since)
    if until is not None:
        conditions.append(DELIVERY.c.created_at < until)
    conditions.append(_OF_READERS if receiver is None else DELIVERY.c.receiver == receiver)
    if state is not None:
        conditions.append(DELIVERY.c.state == state)
    return conditions
