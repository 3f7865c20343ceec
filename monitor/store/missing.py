"""Articles that people were told of and that left their feed early: their pages are asked for, once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, update

from monitor.model import EntryId, FeedId, Reread
from monitor.store.following import IS_TOLD, queued, reread_today
from monitor.store.rereads import Requeued
from monitor.store.tables import ENTRY
from monitor.store.values import EntryState, ToldEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ask_after", "told_entries"]


def told_entries(connection: Connection, feed_id: FeedId, *, since: datetime) -> tuple[ToldEntry, ...]:
    """Return the entries of a feed that were told; see `Store.told_entries`."""
    listed = ENTRY.alias("listed")  # by this feed; the article may be read under another that lists it too
    query = (
        select(ENTRY.c.id, listed.c.guid, listed.c.link)
        .join_from(listed, ENTRY, ENTRY.c.id == func.coalesce(listed.c.same_as, listed.c.id))
        .where(
            listed.c.feed_id == feed_id,
            listed.c.first_seen_at >= since,
            listed.c.link.is_not(None),
            ENTRY.c.state == EntryState.DONE,
            ENTRY.c.missing_at.is_(None),
            IS_TOLD,
        )
    )
    return tuple(ToldEntry(EntryId(row.id), row.guid, row.link) for row in connection.execute(query))


def ask_after(
    connection: Connection, feed_id: FeedId, ids: Sequence[EntryId], *, rereads_per_day: int, now: datetime
) -> int:
    """Queue entries whose page is to be asked for; see `Store.ask_after`."""
    room = max(0, rereads_per_day - reread_today(connection, feed_id, now))
    asked = ids[:room]
    for entry_id in asked:
        changes = queued(Requeued(entry_id, Reread.PAGE, now), now) | {"missing_at": now}
        connection.execute(update(ENTRY).where(ENTRY.c.id == entry_id).values(changes))
    return len(asked)
