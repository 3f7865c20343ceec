"""The latency ledger: when each article was published, seen, read, matched and delivered. No text is touched.

Rows are wide, so two indexes hold all that is asked of articles; a test holds that they are enough.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, select

from monitor.model import AlertId, AlertType, FeedId
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, DELIVERY, ENTRY, MATCH
from monitor.store.values import LedgerLine, ToldLine

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_ledger", "read_since", "read_told", "seen_since"]


def seen_since(since: datetime) -> Select[Any]:
    """Return the query of what was first seen since then."""
    return select(ENTRY.c.id, ENTRY.c.feed_id, ENTRY.c.baseline, ENTRY.c.first_seen_at).where(
        ENTRY.c.first_seen_at >= since
    )


def read_since(since: datetime) -> Select[Any]:
    """Return the query of what was read since then."""
    return select(
        *(ARTICLE.c.entry_id, ARTICLE.c.published_at, ARTICLE.c.read_at),
        *(ARTICLE.c.completeness, ARTICLE.c.page_reason),
    ).where(ARTICLE.c.read_at >= since)


def read_ledger(connection: Connection, *, since: datetime) -> tuple[LedgerLine, ...]:
    """Return the articles of a period; see `Store.ledger`.

    The two are joined here: SQLite takes three times as long, or reads the rows.
    """
    seen = {row[0]: tuple(row)[1:] for row in connection.execute(seen_since(since))}
    return tuple(
        LedgerLine(*seen[entry_id], *read)
        for entry_id, *read in connection.execute(read_since(since))  # nothing is read before it is seen
        if entry_id in seen
    )


def read_told(connection: Connection, *, since: datetime) -> tuple[ToldLine, ...]:
    """Return what was told in a period; see `Store.told`."""
    return tuple(_told(connection, since))


def _told(connection: Connection, since: datetime) -> Iterator[ToldLine]:
    query = (
        select(
            *(ALERT.c.id, ALERT.c.type, ENTRY.c.feed_id, MATCH.c.rule_id, ARTICLE.c.read_at, ALERT.c.planned_at),
            *(DELIVERY.c.receiver, DELIVERY.c.sent_at),
        )
        .join_from(ALERT, ALERT_MATCH)
        .join(MATCH, MATCH.c.id == ALERT_MATCH.c.match_id)
        .join(ARTICLE, ARTICLE.c.id == MATCH.c.article_id)
        .join(ENTRY, ENTRY.c.id == ARTICLE.c.entry_id)
        .join(DELIVERY, DELIVERY.c.alert_id == ALERT.c.id, isouter=True)
        .where(ALERT.c.planned_at >= since)
        .order_by(ALERT.c.planned_at, ALERT.c.id, MATCH.c.id, DELIVERY.c.id)
    )
    for id_, type_, feed_id, *others in connection.execute(query):
        yield ToldLine(AlertId(id_), AlertType(type_), FeedId(feed_id), *others)
