"""Subscriptions to hubs: which feeds are told to us, until when, and whether the hub keeps its word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from monitor.model import FeedId, FeedStatus, Subscription
from monitor.store.feeds import refresh_hosts
from monitor.store.tables import FEED, SUBSCRIPTION

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = [
    "confirm_subscription",
    "due_subscriptions",
    "fail_subscription",
    "find_subscription",
    "list_subscriptions",
    "note_asked",
    "note_hub",
    "note_push",
    "settle_push",
    "subscription_of",
    "subscription_tokens",
]

_PATIENCE = timedelta(days=1)  # a hub asks back within it
_PUSH_FLOOR = timedelta(seconds=10)  # between two polls that a hub asks for


def note_hub(
    connection: Connection,
    feed_id: FeedId,
    *,
    hub: str | None,
    topic: str,
    token: str,
    secret: str,
    now: datetime,
) -> None:
    """Keep the subscription that a feed's document calls for; see `Store.note_hub`."""
    connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.feed_id == feed_id))
    if hub is not None:
        row = {"feed_id": feed_id, "hub": hub, "topic": topic, "token": token, "secret": secret, "due_at": now}
        connection.execute(insert(SUBSCRIPTION), row)


def due_subscriptions(connection: Connection, *, now: datetime, limit: int) -> tuple[Subscription, ...]:
    """Return the subscriptions of active feeds that are to be asked for, most overdue first."""
    due = (
        select(SUBSCRIPTION)
        .join(FEED, FEED.c.id == SUBSCRIPTION.c.feed_id)
        .where(FEED.c.status == FeedStatus.ACTIVE, SUBSCRIPTION.c.due_at <= now)
        .order_by(SUBSCRIPTION.c.due_at)
        .limit(limit)
    )
    return tuple(Subscription(**row) for row in connection.execute(due).mappings())


def subscription_of(connection: Connection, feed_id: FeedId) -> Subscription | None:
    """Return a feed's subscription."""
    return _one(connection, SUBSCRIPTION.c.feed_id == feed_id)


def list_subscriptions(connection: Connection) -> tuple[Subscription, ...]:
    """Return every subscription, by feed."""
    found = connection.execute(select(SUBSCRIPTION).order_by(SUBSCRIPTION.c.feed_id))
    return tuple(Subscription(**row) for row in found.mappings())


def subscription_tokens(connection: Connection) -> frozenset[str]:
    """Return the tokens of all subscriptions."""
    return frozenset(connection.scalars(select(SUBSCRIPTION.c.token)))


def find_subscription(connection: Connection, token: str) -> Subscription | None:
    """Return the subscription with this token."""
    return _one(connection, SUBSCRIPTION.c.token == token)


def note_asked(connection: Connection, token: str, *, due_at: datetime, now: datetime) -> None:
    """Keep that a hub was asked; until it asks back that counts as a failure."""
    changes = {"asked_at": now, "due_at": due_at, "failures": SUBSCRIPTION.c.failures + 1, "last_error": None}
    connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.token == token).values(changes))


def fail_subscription(connection: Connection, token: str, *, error: str, due_at: datetime, over: bool) -> None:
    """Keep that a hub refused; see `Store.fail_subscription`."""
    changes: dict[str, object] = {"last_error": error, "due_at": due_at}
    if over:
        changes |= {"asked_at": None, "lease_until": None, "is_trusted": False}
    connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.token == token).values(changes))


def confirm_subscription(
    connection: Connection, token: str, *, topic: str, lease_until: datetime, due_at: datetime, now: datetime
) -> bool:
    """Keep that a hub confirmed what we asked for; see `Store.confirm_subscription`."""
    ours = (
        SUBSCRIPTION.c.token == token,
        SUBSCRIPTION.c.topic == topic,
        SUBSCRIPTION.c.asked_at > now - _PATIENCE,
    )
    changes = {"asked_at": None, "lease_until": lease_until, "due_at": due_at, "failures": 0, "last_error": None}
    return bool(connection.execute(update(SUBSCRIPTION).where(*ours).values(changes)).rowcount)


def note_push(connection: Connection, token: str, *, now: datetime) -> bool:
    """Make a feed due because its hub says that it changed; see `Store.note_push`."""
    pushed = update(SUBSCRIPTION).where(SUBSCRIPTION.c.token == token).values(pushed_at=now, is_trusted=True)
    feed_id = connection.scalar(pushed.returning(SUBSCRIPTION.c.feed_id))
    known = select(FEED.c.host_id, FEED.c.last_polled_at, FEED.c.next_due_at).where(
        FEED.c.id == feed_id, FEED.c.status == FeedStatus.ACTIVE
    )
    feed = connection.execute(known).one_or_none()
    if feed is None:
        return False
    due_at = now if feed.last_polled_at is None else max(now, feed.last_polled_at + _PUSH_FLOOR)
    connection.execute(update(FEED).where(FEED.c.id == feed_id, FEED.c.next_due_at > due_at).values(next_due_at=due_at))
    refresh_hosts(connection, {feed.host_id})
    return True


def settle_push(connection: Connection, token: str, *, pushed_at: datetime | None, trusted: bool) -> None:
    """Keep whether the hub told us of what came; see `Store.settle_push`."""
    of_it = (SUBSCRIPTION.c.token == token, SUBSCRIPTION.c.pushed_at.is_not_distinct_from(pushed_at))
    connection.execute(update(SUBSCRIPTION).where(*of_it).values(is_trusted=trusted, pushed_at=None))


def _one(connection: Connection, which: ColumnElement[bool]) -> Subscription | None:
    row = connection.execute(select(SUBSCRIPTION).where(which)).mappings().one_or_none()
    return None if row is None else Subscription(**row)
