"""Where an address got to: the entries that bear it, with all that followed from each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, or_, select

from monitor.model import AlertId, ArticleId, EntryId, FeedId, Lane, NotificationReason
from monitor.store.codec import article_from_row, entry_from_row, feed_from_row, match_from_row, reason_of
from monitor.store.feeds import select_feeds
from monitor.store.grouping import copy_of
from monitor.store.outbox import find_teller, list_deliveries
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, ENTRY, FEED, MATCH, REVISION
from monitor.store.values import EntryState, ListedAlert, ListedArticle, ListedEntry, ListedMatch, ListedRevision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from monitor.model import FeedState

__all__ = ["feeds_listing", "find_listed", "last_listed"]

_MOST = 50  # entries of one address: more are of a feed that gives every article the same one
_DELIVERIES = 100
_LOOKED_AT = 2000  # entries of a host, to see which feeds list it
_ALERTS = (
    select(ALERT.c.id, ALERT.c.reason, ALERT.c.planned_at, ALERT.c.receivers, ALERT.c.updates, ALERT.c.silence)
    .select_from(ALERT)
    .order_by(ALERT.c.planned_at, ALERT.c.id)
)


def find_listed(connection: Connection, keys: Sequence[str]) -> tuple[ListedEntry, ...]:
    """Return the entries with one of these keys; see `Store.listed`."""
    every_feed = ENTRY.c.feed_id.in_(select(FEED.c.id))  # so that the index by feed and guid serves
    of_key = or_(ENTRY.c.link_key.in_(keys), every_feed & ENTRY.c.main_key.in_(keys))
    rows = connection.execute(select(ENTRY).where(of_key).order_by(ENTRY.c.id).limit(_MOST)).all()
    ids = {row.feed_id for row in rows}
    feeds = {row.id: feed_from_row(row) for row in connection.execute(select_feeds().where(FEED.c.id.in_(ids)))}
    return tuple(_listed(connection, row, feeds[row.feed_id]) for row in rows)


def _listed(connection: Connection, row: Row[Any], feed: FeedState) -> ListedEntry:
    return ListedEntry(
        id=EntryId(row.id),
        feed=feed,
        entry=entry_from_row(row),
        state=EntryState(row.state),
        first_seen_at=row.first_seen_at,
        baseline=row.baseline,
        same_as=None if row.same_as is None else EntryId(row.same_as),
        lane=Lane(row.lane),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        lease_until=row.lease_until,
        last_reason=reason_of(row.last_reason),
        last_error=row.last_error,
        withheld=row.withheld,
        article=_article(connection, row.id),
        is_reread=row.reread is not None,
        interrupted=row.interrupted,
    )


def _article(connection: Connection, entry_id: int) -> ListedArticle | None:
    row = connection.execute(select(ARTICLE, copy_of()).where(ARTICLE.c.entry_id == entry_id)).one_or_none()
    if row is None:
        return None
    matches = select(MATCH).where(MATCH.c.article_id == row.id).order_by(MATCH.c.near_miss, MATCH.c.score.desc())
    revisions = (
        select(REVISION.c.seen_at, REVISION.c.changed)
        .where(REVISION.c.article_id == row.id)
        .order_by(REVISION.c.number)
    )
    return ListedArticle(
        id=ArticleId(row.id),
        article=article_from_row(row),
        copy_of=row.copy_of,
        recorded_at=row.recorded_at,
        matches=tuple(_match(connection, match) for match in connection.execute(matches)),
        revisions=tuple(ListedRevision(seen_at, tuple(changed)) for seen_at, changed in connection.execute(revisions)),
    )


def _match(connection: Connection, row: Row[Any]) -> ListedMatch:
    told = _ALERTS.add_columns(ALERT_MATCH.c.joined).join(ALERT_MATCH)
    found = connection.execute(told.where(ALERT_MATCH.c.match_id == row.id)).all()
    joined = [alert.id for alert in found if alert.joined]
    grown = _ALERTS.where(
        ALERT.c.updates.in_(joined),
        ALERT.c.planned_at == row.recorded_at,
        ALERT.c.id.not_in([alert.id for alert in found]),
    )
    return ListedMatch(
        id=row.id,
        match=match_from_row(row),
        matched_at=row.recorded_at,
        waits_for_recap=row.recap == "pending",
        alerts=tuple(_alert(connection, alert) for alert in found if not alert.joined),
        lost_at=row.lost_at,
        joined=tuple(_alert(connection, alert) for alert in found if alert.joined),
        growth=tuple(_alert(connection, alert) for alert in connection.execute(grown).all()),
    )


def _alert(connection: Connection, row: Any) -> ListedAlert:
    id_ = AlertId(row.id)
    lines = list_deliveries(connection, state=None, receiver=None, since=None, limit=_DELIVERIES, alert_id=id_)
    return ListedAlert(
        id=id_,
        reason=NotificationReason(row.reason),
        planned_at=row.planned_at,
        receivers=tuple(row.receivers),
        deliveries=lines[::-1],
        updates=None if row.updates is None else AlertId(row.updates),
        silence=row.silence,
        tellers=tuple(filter(None, (find_teller(connection, line) for line in lines))),
    )


def feeds_listing(connection: Connection, host: str) -> tuple[FeedId, ...]:
    """Return the feeds that listed pages of a host; see `Store.feeds_listing`."""
    of_host = ENTRY.c.link_key.between(f"l:{host}/", f"l:{host}0")  # "0" comes after "/"
    looked_at = select(ENTRY.c.feed_id).where(of_host).order_by(ENTRY.c.link_key.desc()).limit(_LOOKED_AT).subquery()
    found = connection.scalars(select(looked_at.c.feed_id).distinct().order_by(looked_at.c.feed_id))
    return tuple(FeedId(id_) for id_ in found)


def last_listed(connection: Connection, feed_ids: Sequence[FeedId]) -> dict[FeedId, datetime]:
    """Return when each of these feeds listed something new; see `Store.last_listed`."""
    latest = (select(func.max(ENTRY.c.id)).where(ENTRY.c.feed_id == feed_id) for feed_id in feed_ids)
    rows = (
        connection.execute(select(ENTRY.c.feed_id, ENTRY.c.first_seen_at).where(ENTRY.c.id == one.scalar_subquery()))
        for one in latest
    )
    return {FeedId(row.feed_id): row.first_seen_at for found in rows for row in found}
