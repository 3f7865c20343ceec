"""Entries that changed in their feed: their present words are kept, and those that were read are queued again.

An article that a second feed lists too is read under the first. What feeds say of it later counts where it is the
article's own site that speaks: whoever listed it first must not silence its correction, nor make one up (promise I9).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, exists, func, select, update

from monitor.changes import differ
from monitor.links import site_of
from monitor.model import FeedId, Lane
from monitor.store.identity import is_link, keys_of
from monitor.store.rereads import Known, Requeued, is_mass, plan_rereads
from monitor.store.sql import chunks
from monitor.store.tables import ALERT_MATCH, ARTICLE, ENTRY, FEED, MATCH
from monitor.store.values import EntryState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from monitor.model import Entry
    from monitor.store.identity import Sorted

__all__ = ["IS_TOLD", "follow_changes", "queued", "reread_today"]

IS_TOLD = (
    exists()
    .where(ARTICLE.c.entry_id == ENTRY.c.id, MATCH.c.article_id == ARTICLE.c.id, MATCH.c.lost_at.is_(None))
    .where(ALERT_MATCH.c.match_id == MATCH.c.id)
)
"""Whether people were told of an entry's article, and it still matches."""

_COLUMNS = (
    *(ENTRY.c.id, ENTRY.c.title, ENTRY.c.summary, ENTRY.c.updated_at, ENTRY.c.withheld, ENTRY.c.first_seen_at),
    *(ENTRY.c.rereads, ENTRY.c.reread_at, ENTRY.c.state, ENTRY.c.lease_until, ENTRY.c.same_as),
)
_LAST_OF_ALL = 1000  # the turn of what is read again: after what is new
_DAY = timedelta(days=1)


def follow_changes(
    connection: Connection,
    feed_id: FeedId,
    sorted_: Sorted,
    *,
    site: str,
    held: int,
    rereads_per_day: int,
    now: datetime,
) -> tuple[int, int]:
    """Keep the present text of entries that changed, and queue those that were read.

    Args:
        connection: in a transaction.
        feed_id: the feed.
        sorted_: the entries of its document.
        site: the feed's own.
        held: how many more there are that did not change.
        rereads_per_day: how many of the feed may be read again with their page in a day.
        now: the present instant.

    Returns:
        How many were queued, and how many were passed over because most of the document changed.
    """
    changed = dict(sorted_.changed)
    if not changed:
        return 0, 0
    for entry_id in _spoken_for(connection, changed, site):
        del changed[entry_id]
    rows = _rows(connection, changed)
    _keep(connection, changed)
    changed |= _of_others(rows, changed, site)
    others = _rows(connection, {row.same_as for row in rows if row.same_as in changed})
    _keep(connection, {row.id: changed[row.id] for row in others})
    rows += others
    room = rereads_per_day - reread_today(connection, feed_id, now)
    passed_over = 0
    known = sorted_.stored + held
    if is_mass(len(sorted_.changed), known):  # a counter in each summary, say; what few titles say is news all the same
        retitled = [row for row in rows if differ(row.title, changed[row.id].title)]
        rows = [] if is_mass(len(retitled), known) else retitled
        passed_over = len(sorted_.changed) - len(rows)
    under_way = [row.id for row in rows if row.state == EntryState.TO_READ and row.lease_until is not None]
    for ids in chunks(under_way):  # what is read now is read again afterwards: see `articles`
        connection.execute(update(ENTRY).where(ENTRY.c.id.in_(ids)).values(rereads=ENTRY.c.rereads + 1))
    done = [
        (
            Known(
                *(row.id, row.title, row.summary, row.updated_at, row.withheld, row.first_seen_at),
                *(row.rereads, row.reread_at),
            ),
            changed[row.id],
        )
        for row in rows
        if row.state == EntryState.DONE
    ]
    requeued = plan_rereads(done, room=room, now=now)
    for one in requeued:
        connection.execute(update(ENTRY).where(ENTRY.c.id == one.id).values(queued(one, now)))
    return len(requeued), passed_over


def reread_today(connection: Connection, feed_id: FeedId, now: datetime) -> int:
    """Return how many pages of a feed were to be read again in the last day."""
    again = (ENTRY.c.feed_id == feed_id, ENTRY.c.reread_at > now - _DAY, ENTRY.c.reread_at.is_not(None))
    return connection.scalar(select(func.count()).select_from(ENTRY).where(*again)) or 0


def queued(one: Requeued, now: datetime) -> dict[str, object]:
    """Return what queues an entry again."""
    return {
        "state": EntryState.TO_READ,
        "reread": one.reread,
        "rereads": ENTRY.c.rereads + 1,
        "reread_at": one.due_at,
        "next_attempt_at": one.due_at if one.due_at > now else None,
        "postponed_at": now,
        "attempts": 0,
        "interrupted": 0,
        "turn": _LAST_OF_ALL,
        "lane": case((ENTRY.c.host_is_slow, Lane.FAST.value), else_=ENTRY.c.lane),
        "host_is_slow": False,
        "last_reason": None,
        "last_error": None,
    }


def _rows(connection: Connection, ids: Collection[int]) -> list[Any]:
    return [
        row for some in chunks(sorted(ids)) for row in connection.execute(select(*_COLUMNS).where(ENTRY.c.id.in_(some)))
    ]


def _keep(connection: Connection, changed: Mapping[int, Entry]) -> None:
    for entry_id, entry in changed.items():
        connection.execute(
            update(ENTRY)
            .where(ENTRY.c.id == entry_id)
            .values(title=entry.title, summary=entry.summary, content=entry.content, updated_at=entry.updated_at)
        )


def _spoken_for(connection: Connection, changed: Mapping[int, Entry], site: str) -> set[int]:
    """Return the entries of other sites' articles that a feed of that site lists too."""
    sites = {id_: site_of(entry.link) for id_, entry in changed.items() if entry.link and site_of(entry.link) != site}
    keys = {key for id_ in sites if (key := keys_of(changed[id_])[1]) is not None and is_link(key)}
    listed_by = select(ENTRY.c.same_as, FEED.c.url).join_from(ENTRY, FEED, ENTRY.c.feed_id == FEED.c.id)
    return {
        row.same_as
        for some in chunks(sorted(keys))
        for row in connection.execute(listed_by.where(ENTRY.c.link_key.in_(some), ENTRY.c.same_as.is_not(None)))
        if site_of(row.url) == sites.get(row.same_as)
    }


def _of_others(rows: Collection[Any], changed: Mapping[int, Entry], site: str) -> dict[int, Entry]:
    """Return what this feed says of articles of its own site that are read under another feed, by their entry there."""
    return {
        row.same_as: entry
        for row in rows
        if row.state == EntryState.DUPLICATE
        and row.same_as is not None
        and (entry := changed[row.id]).link is not None
        and site_of(entry.link) == site
    }
