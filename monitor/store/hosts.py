"""Hosts: who may be polled now, and by whom. A claim is one statement."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, update

from monitor.errors import NotFoundError
from monitor.model import FeedState, FeedStatus, HostClaim, HostId, Lane
from monitor.store.codec import feed_from_row
from monitor.store.feeds import refresh_hosts, select_feeds
from monitor.store.sql import chunks, due_or_leased_until, free
from monitor.store.tables import FEED, HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["claim_hosts", "next_host_due_at", "release_host", "release_host_leases"]


def claim_hosts(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    lease_s: float,
    limit: int,
    lane: Lane | None,
    ignore_due: bool,
) -> tuple[HostClaim, ...]:
    """Lease hosts; see `Store.claim_hosts`."""
    due = HOST.c.next_due_at.is_not(None) if ignore_due else HOST.c.next_due_at <= now
    chosen = select(HOST.c.id).where(due, free(HOST, now))
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
    feeds = _due_feeds(connection, [row.id for row in rows], now=None if ignore_due else now)
    return tuple(HostClaim(HostId(row.id), row.name, Lane(row.lane), tuple(feeds[row.id])) for row in rows)


def _due_feeds(connection: Connection, host_ids: Sequence[int], *, now: datetime | None) -> dict[int, list[FeedState]]:
    """Return the active feeds of some hosts, most overdue first; all of them where `now` is None."""
    feeds: defaultdict[int, list[FeedState]] = defaultdict(list)
    query = select_feeds().where(FEED.c.status == FeedStatus.ACTIVE).order_by(FEED.c.next_due_at, FEED.c.id)
    if now is not None:
        query = query.where(FEED.c.next_due_at <= now)
    for ids in chunks(host_ids):
        for row in connection.execute(query.where(FEED.c.host_id.in_(ids))):
            feeds[row.host_id].append(feed_from_row(row))
    return feeds


def release_host(connection: Connection, host_id: HostId, *, not_before: datetime | None, lane: Lane | None) -> None:
    """Give a host back; see `Store.release_host`."""
    changes: dict[str, object] = {"lease_owner": None, "lease_until": None, "not_before": not_before}
    if lane is not None:
        changes["lane"] = lane
    if not connection.execute(update(HOST).where(HOST.c.id == host_id).values(changes)).rowcount:
        raise NotFoundError(f"no host {host_id}")
    refresh_hosts(connection, [host_id])


def release_host_leases(connection: Connection) -> int:
    """Give every leased host back; return how many there were."""
    held = update(HOST).where(HOST.c.lease_until.is_not(None)).values(lease_owner=None, lease_until=None)
    ids = connection.scalars(held.returning(HOST.c.id)).all()
    refresh_hosts(connection, ids)
    return len(ids)


def next_host_due_at(connection: Connection) -> datetime | None:
    """Return when the next host can be claimed, or None where there is none."""
    unleased = select(func.min(HOST.c.next_due_at)).where(HOST.c.lease_until.is_(None))
    leased = select(func.min(due_or_leased_until(HOST, HOST.c.next_due_at))).where(
        HOST.c.lease_until.is_not(None), HOST.c.next_due_at.is_not(None)
    )
    found = (connection.scalar(unleased), connection.scalar(leased))
    return min((instant for instant in found if instant is not None), default=None)
