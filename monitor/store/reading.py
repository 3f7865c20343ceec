"""The queue of entries whose articles are to be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Integer, bindparam, case, exists, func, null, or_, select, update

from monitor.errors import NotFoundError, Reason
from monitor.model import EntryClaim, EntryId, Lane, Reread
from monitor.store.codec import entry_from_row, feed_from_row
from monitor.store.feeds import select_feeds
from monitor.store.sql import Instant, chunks, free, is_literally
from monitor.store.tables import ARTICLE, ENTRY, FEED
from monitor.store.values import EntryState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import BindParameter, Select

__all__ = [
    "baseline_waiting",
    "claim_entries",
    "entries_waiting",
    "give_back_entries",
    "leave_to_slow_lane",
    "postpone_entry",
    "pull_due_entries",
    "release_entry_leases",
]

_PER_HOST = 2  # leased at once, of one page host in one lane: one is read, one waits for its turn
_WINDOW = 500  # entries looked at in one claim, and a few more for each one wanted
_FREED = {"lease_owner": None, "lease_until": None}
_RAN_OUT = ENTRY.c.lease_until.is_not(None)  # of an entry that may be claimed: its reader came to no end
_TO_READ = is_literally(ENTRY.c.state, EntryState.TO_READ)
_NOW: Final = bindparam("now", type_=Instant())


def _chosen() -> Select[tuple[int]]:
    """Return the query of the entries of a lane to lease.

    Live entries before those of a first poll, feeds in turns, newest first; a host with `_PER_HOST` leases in the lane
    gets no more. Only a window of the queue is looked at, so that a long queue costs no more than a short one.
    """
    of_lane: BindParameter[Lane] = bindparam("of_lane")
    most = bindparam("most", type_=Integer())
    due = or_(ENTRY.c.next_attempt_at.is_(None), ENTRY.c.next_attempt_at <= _NOW)
    window = (
        select(ENTRY.c.id, ENTRY.c.page_host, ENTRY.c.baseline, ENTRY.c.turn, ENTRY.c.sort_at)
        .where(_TO_READ, ENTRY.c.lane == of_lane, due, free(ENTRY, _NOW))
        .order_by(ENTRY.c.baseline, ENTRY.c.turn, ENTRY.c.sort_at.desc())
        .limit(_WINDOW + most * _PER_HOST)
        .subquery()
    )
    held = (
        select(ENTRY.c.page_host, func.count().label("leases"))
        .where(ENTRY.c.lease_until > _NOW, ENTRY.c.lane == of_lane)
        .group_by(ENTRY.c.page_host)
        .subquery()
    )
    place = (window.c.baseline, window.c.turn, window.c.sort_at.desc(), window.c.id)
    rank = func.row_number().over(partition_by=window.c.page_host, order_by=place)
    ranked = (
        select(window, (rank + func.coalesce(held.c.leases, 0)).label("rank"))
        .join_from(window, held, held.c.page_host == window.c.page_host, isouter=True)
        .subquery()
    )
    return (
        select(ranked.c.id)
        .where(ranked.c.rank <= _PER_HOST)
        .order_by(ranked.c.baseline, ranked.c.turn, ranked.c.sort_at.desc(), ranked.c.id)
        .limit(most)
    )


# Made once: to build it takes longer than to execute it, and it is executed every second.
_CLAIM = (
    update(ENTRY)
    .where(ENTRY.c.id.in_(_chosen()))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until", type_=Instant()),
        # what came to no end was no attempt: this one takes its place
        attempts=case((_RAN_OUT, ENTRY.c.attempts), else_=ENTRY.c.attempts + 1),
        interrupted=case((_RAN_OUT, ENTRY.c.interrupted + 1), else_=ENTRY.c.interrupted),
        next_attempt_at=case((_RAN_OUT, null()), else_=ENTRY.c.next_attempt_at),
    )
    .returning(ENTRY)
)


def claim_entries(
    connection: Connection, *, now: datetime, owner: str, lease_s: float, limit: int, lane: Lane
) -> tuple[EntryClaim, ...]:
    """Lease entries; see `Store.claim_entries`."""
    given = {"now": now, "owner": owner, "until": now + timedelta(seconds=lease_s), "most": limit, "of_lane": lane}
    claimed = connection.execute(_CLAIM, given)
    rows = sorted(claimed, key=lambda row: (row.baseline, row.turn, -row.sort_at.timestamp(), row.id))
    feeds = {}
    for ids in chunks(sorted({row.feed_id for row in rows})):
        for feed in connection.execute(select_feeds().where(FEED.c.id.in_(ids))):
            feeds[feed.id] = feed_from_row(feed)
    recorded: set[int] = set()
    for ids in chunks([row.id for row in rows]):
        recorded.update(connection.scalars(select(ARTICLE.c.entry_id).where(ARTICLE.c.entry_id.in_(ids))))
    return tuple(
        EntryClaim(
            id=EntryId(row.id),
            feed=feeds[row.feed_id],
            entry=entry_from_row(row),
            first_seen_at=row.first_seen_at,
            baseline=row.baseline,
            attempts=row.attempts,
            lane=Lane(row.lane),
            queued_at=row.reread_at,
            reread=None if row.reread is None else Reread(row.reread),
            rereads=row.rereads,
            is_recorded=row.id in recorded,
            is_withheld=row.withheld,
            interrupted=row.interrupted,
            has_waited=row.next_attempt_at is not None,
        )
        for row in rows
    )


def leave_to_slow_lane(connection: Connection, entry_id: EntryId, *, whole_host: bool) -> None:
    """Give an entry back, to be read in the slow lane, and leave the others of its page host to that lane too."""
    page_host = select(ENTRY.c.page_host).where(ENTRY.c.id == entry_id).scalar_subquery()
    if whole_host:
        of_host = update(ENTRY).where(_TO_READ, ENTRY.c.page_host == page_host)
        connection.execute(of_host.values(lane=Lane.SLOW, host_is_slow=True))
    else:
        connection.execute(update(ENTRY).where(_TO_READ, ENTRY.c.id == entry_id).values(lane=Lane.SLOW))
    give_back_entries(connection, [entry_id])


def postpone_entry(
    connection: Connection,
    entry_id: EntryId,
    *,
    next_attempt_at: datetime,
    reason: Reason,
    error: str,
    counted: bool,
    now: datetime,
) -> None:
    """Put an entry back, to be read later."""
    changes: dict[str, object] = {"next_attempt_at": next_attempt_at, "postponed_at": now}
    changes |= {"last_reason": reason, "last_error": error, **_FREED}
    changes |= {"interrupted": 0} if counted else {"attempts": ENTRY.c.attempts - 1}
    if not connection.execute(update(ENTRY).where(ENTRY.c.id == entry_id, _TO_READ).values(changes)).rowcount:
        raise NotFoundError(f"no entry {entry_id} to read")


def give_back_entries(connection: Connection, ids: Sequence[EntryId]) -> None:
    """Put leased entries back as if they had not been claimed."""
    for some in chunks(ids):
        held = update(ENTRY).where(ENTRY.c.id.in_(some), _TO_READ, ENTRY.c.lease_until.is_not(None))
        connection.execute(held.values(attempts=ENTRY.c.attempts - 1, **_FREED))


def release_entry_leases(connection: Connection, *, interrupted: bool) -> int:
    """Give every leased entry back, as not tried; return how many there were.

    Those whose reading was interrupted are counted as that, and have yet to wait for it.
    """
    changes: dict[str, object] = {"attempts": ENTRY.c.attempts - 1, **_FREED}
    changes |= {"interrupted": ENTRY.c.interrupted + 1, "next_attempt_at": None} if interrupted else {}
    return connection.execute(update(ENTRY).where(ENTRY.c.lease_until.is_not(None)).values(changes)).rowcount


def pull_due_entries(connection: Connection, *, now: datetime) -> None:
    """Let entries be read now that were postponed in the future: the clock was set back (promise T7)."""
    connection.execute(update(ENTRY).where(_TO_READ, ENTRY.c.postponed_at > now).values(next_attempt_at=now))


def entries_waiting(connection: Connection, *, now: datetime) -> int:
    """Return how many entries could be claimed now."""
    due = or_(ENTRY.c.next_attempt_at.is_(None), ENTRY.c.next_attempt_at <= now)
    return connection.scalar(select(func.count()).select_from(ENTRY).where(_TO_READ, due, free(ENTRY, now))) or 0


def baseline_waiting(connection: Connection) -> int:
    """Return how many entries of first polls have no article yet, leased or not."""
    has_article = exists().where(ARTICLE.c.entry_id == ENTRY.c.id)
    waiting = select(func.count()).select_from(ENTRY).where(_TO_READ, ENTRY.c.baseline, ~has_article)
    return connection.scalar(waiting) or 0
