"""Hosts: who may be polled now, and by whom. A claim is one statement."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Integer, and_, bindparam, case, func, insert, or_, select, update

from monitor.errors import NotFoundError
from monitor.model import FeedState, FeedStatus, HostClaim, HostId, Lane
from monitor.store.codec import feed_from_row
from monitor.store.feeds import first_due, refresh_hosts, select_feeds
from monitor.store.sql import Instant, chunks, free
from monitor.store.tables import FEED, HOST
from monitor.store.values import HeldHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.dml import ReturningUpdate

__all__ = ["claim_hosts", "held_hosts", "hold_host", "release_host", "release_host_leases"]

_LONGEST_HOLD = timedelta(days=1)  # what Retry-After is capped at: who is held longer is held by a clock that was wrong

# Made once: to build these statements takes longer than to execute them, and they are executed at each poll.
_NOW: Final = bindparam("now", type_=Instant())


def _claim(*of_lane: ColumnElement[bool]) -> ReturningUpdate[Any]:
    due = select(HOST.c.id).where(HOST.c.next_due_at <= _NOW, free(HOST, _NOW), *of_lane)
    chosen = (
        due.order_by(HOST.c.next_due_at).limit(bindparam("most", type_=Integer())).with_for_update(skip_locked=True)
    )
    return (
        update(HOST)
        .where(HOST.c.id.in_(chosen))
        .values(lease_owner=bindparam("owner"), lease_until=bindparam("until", type_=Instant()))
        .returning(HOST.c.id, HOST.c.name, HOST.c.lane, HOST.c.next_due_at)
    )


_CLAIM = _claim()
_CLAIM_LANE = _claim(HOST.c.lane == bindparam("of_lane"))
_DUE_FEEDS = (
    select_feeds()
    .where(
        FEED.c.status == FeedStatus.ACTIVE,
        FEED.c.next_due_at <= _NOW,
        FEED.c.host_id.in_(bindparam("host_ids", expanding=True)),
    )
    .order_by(FEED.c.next_due_at, FEED.c.id)
)
_ASKED_UNTIL = bindparam("wait_until", type_=Instant())
_IS_HELD_LONGER = and_(  # by what one of its pages was answered meanwhile
    HOST.c.not_before > _NOW,
    HOST.c.not_before <= bindparam("longest", type_=Instant()),
    HOST.c.not_before > func.coalesce(_ASKED_UNTIL, _NOW),
)
_WAIT_UNTIL = case((_IS_HELD_LONGER, HOST.c.not_before), else_=_ASKED_UNTIL)
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
    given = {"now": now, "owner": owner, "until": now + timedelta(seconds=lease_s), "most": limit, "of_lane": lane}
    claim = _CLAIM if lane is None else _CLAIM_LANE
    rows = sorted(connection.execute(claim, given), key=lambda row: (row.next_due_at, row.id))
    feeds = _due_feeds(connection, [row.id for row in rows], now=now)
    return tuple(HostClaim(HostId(row.id), row.name, Lane(row.lane), tuple(feeds[row.id])) for row in rows)


def _due_feeds(connection: Connection, host_ids: Sequence[int], *, now: datetime) -> dict[int, list[FeedState]]:
    """Return the active feeds of some hosts that are due, most overdue first."""
    feeds: defaultdict[int, list[FeedState]] = defaultdict(list)
    for ids in chunks(host_ids):
        for row in connection.execute(_DUE_FEEDS, {"now": now, "host_ids": ids}):
            feeds[row.host_id].append(feed_from_row(row))
    return feeds


def release_host(
    connection: Connection, host_id: HostId, *, not_before: datetime | None, lane: Lane | None, now: datetime
) -> None:
    """Give a host back; see `Store.release_host`."""
    given = {
        "host_id": host_id,
        "wait_until": not_before,
        "to_lane": lane,
        "now": now,
        "longest": now + _LONGEST_HOLD,
    }
    if not connection.execute(_RELEASE, given).rowcount:
        raise NotFoundError(f"no host {host_id}")


def hold_host(
    connection: Connection, name: str, *, feeds_until: datetime, pages_until: datetime, now: datetime
) -> None:
    """Leave a host alone; see `Store.hold_host`."""
    found = select(HOST.c.id, HOST.c.not_before, HOST.c.pages_not_before).where(HOST.c.name == name)
    host = connection.execute(found).one_or_none()
    asked = {"not_before": feeds_until, "pages_not_before": pages_until}
    if host is None:  # of pages only
        connection.execute(insert(HOST).values(name=name, lane=Lane.FAST, **asked))
        return
    longer = {column: max(until, _held(getattr(host, column), now) or until) for column, until in asked.items()}
    connection.execute(update(HOST).where(HOST.c.id == host.id).values(longer))
    refresh_hosts(connection, [host.id])


def held_hosts(connection: Connection, *, now: datetime) -> tuple[HeldHost, ...]:
    """Return who is to be left alone, and until when."""
    some = select(HOST.c.name, HOST.c.not_before, HOST.c.pages_not_before).where(
        or_(*(column.between(now, now + _LONGEST_HOLD) for column in (HOST.c.not_before, HOST.c.pages_not_before)))
    )
    rows = connection.execute(some.order_by(HOST.c.name))
    held = (HeldHost(row.name, _held(row.not_before, now), _held(row.pages_not_before, now)) for row in rows)
    return tuple(host for host in held if host.feeds_until or host.pages_until)


def _held(until: datetime | None, now: datetime) -> datetime | None:
    """Return until when it is held, or None where that is over, or of a clock that was wrong."""
    return until if until is not None and now < until <= now + _LONGEST_HOLD else None


def release_host_leases(connection: Connection) -> int:
    """Give every leased host back; return how many there were."""
    held = update(HOST).where(HOST.c.lease_until.is_not(None)).values(lease_owner=None, lease_until=None)
    ids = connection.scalars(held.returning(HOST.c.id)).all()
    refresh_hosts(connection, ids)
    return len(ids)
