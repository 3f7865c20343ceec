"""Hosts: who may be polled now, and by whom. A claim is one statement."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, case, func, select, update

from monitor.errors import NotFoundError
from monitor.model import FeedState, FeedStatus, HostClaim, HostId, Lane
from monitor.store.codec import feed_from_row
from monitor.store.feeds import first_due, refresh_hosts, select_feeds
from monitor.store.sql import Instant, chunks, free
from monitor.store.tables import FEED, HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["claim_hosts", "release_host", "release_host_leases"]

# Made once: to build this statement takes longer than to execute it, and it is executed at each poll.
_WAIT_UNTIL = bindparam("wait_until", type_=Instant())
_RELEASE = (
    update(HOST)
    .where(HOST.c.id == bindparam("host_id"))
    .values(
        lease_owner=None,
        lease_until=None,
        not_before=_WAIT_UNTIL,
        lane=func.coalesce(bindparam("to_lane"), HOST.c.lane),
        next_due_at=case((first_due() < _WAIT_UNTIL, _WAIT_UNTIL), else_=first_due()),
    )
)


def claim_hosts(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    lease_s: float,
    limit: int,
    lane: Lane | None,
) -> tuple[HostClaim, ...]:
    """Lease hosts; see `Store.claim_hosts`."""
    chosen = select(HOST.c.id).where(HOST.c.next_due_at <= now, free(HOST, now))
    if lane is not None:
        chosen = chosen.where(HOST.c.lane == lane)
    chosen = chosen.order_by(HOST.c.next_due_at).limit(limit).with_for_update(skip_locked=True)
    claim = (
        update(HOST)
        .where(HOST.c.id.in_(chosen))
        .values(lease_owner=owner, lease_until=now + timedelta(seconds=lease_s))
        .returning(HOST.c.id, HOST.c.name, HOST.c.lane, HOST.c.next_due_at)
    )
    rows = sorted(connection.execute(claim), key=lambda row: (row.next_due_at, row.id))
    feeds = _due_feeds(connection, [row.id for row in rows], now=now)
    return tuple(HostClaim(HostId(row.id), row.name, Lane(row.lane), tuple(feeds[row.id])) for row in rows)


def _due_feeds(connection: Connection, host_ids: Sequence[int], *, now: datetime) -> dict[int, list[FeedState]]:
    """Return the active feeds of some hosts that are due, most overdue first."""
    feeds: defaultdict[int, list[FeedState]] = defaultdict(list)
    due = (FEED.c.status == FeedStatus.ACTIVE, FEED.c.next_due_at <= now)
    query = select_feeds().where(*due).order_by(FEED.c.next_due_at, FEED.c.id)
    for ids in chunks(host_ids):
        for row in connection.execute(query.where(FEED.c.host_id.in_(ids))):
            feeds[row.host_id].append(feed_from_row(row))
    return feeds


def release_host(connection: Connection, host_id: HostId, *, not_before: datetime | None, lane: Lane | None) -> None:
    """Give a host back; see `Store.release_host`."""
    given = {"host_id": host_id, "wait_until": not_before, "to_lane": lane}
    if not connection.execute(_RELEASE, given).rowcount:
        raise NotFoundError(f"no host {host_id}")


def release_host_leases(connection: Connection) -> int:
    """Give every leased host back; return how many there were."""
    held = update(HOST).where(HOST.c.lease_until.is_not(None)).values(lease_owner=None, lease_until=None)
    ids = connection.scalars(held.returning(HOST.c.id)).all()
    refresh_hosts(connection, ids)
    return len(ids)
