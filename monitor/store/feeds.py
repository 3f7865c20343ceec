"""Feeds: what is declared, and how each fares."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, ScalarSelect, Select, bindparam, func, insert, or_, select, update

from monitor.errors import NotFoundError
from monitor.model import Feed, FeedId, FeedState, FeedStatus, Lane
from monitor.store.codec import feed_from_row
from monitor.store.sql import chunks, number_of
from monitor.store.tables import FEED, HOST
from monitor.store.values import FeedSync

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "count_by_status",
    "first_due",
    "get_feed",
    "has_unpolled",
    "host_of",
    "list_feeds",
    "make_due",
    "move_feed",
    "pause_feed",
    "pull_due_feeds",
    "refresh_hosts",
    "select_feeds",
    "sync_feeds",
]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_DECLARED = ("title", "outlet", "country", "kind", "language", "section", "typed")
_DECLARED_FEEDS = select(
    *(FEED.c.id, FEED.c.url, FEED.c.host_id, FEED.c.status, FEED.c.paused_by), *(FEED.c[name] for name in _DECLARED)
)
_FILE = "file"
_OPERATOR = "operator"


def host_of(url: str) -> str:
    """Return the host of an address, with its port unless it is the scheme's own.

    Examples:
        >>> host_of("https://WWW.Exemple.fr:443/rss"), host_of("http://127.0.0.1:8080/rss")
        ('www.exemple.fr', '127.0.0.1:8080')
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return name if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{name}:{parts.port}"


def select_feeds() -> Select[Any]:
    """Return the query of feeds with their host's name."""
    return select(FEED, HOST.c.name.label("host")).join_from(FEED, HOST)


def list_feeds(connection: Connection) -> tuple[FeedState, ...]:
    """Return every feed, in order of arrival."""
    return tuple(feed_from_row(row) for row in connection.execute(select_feeds().order_by(FEED.c.id)))


def has_unpolled(connection: Connection) -> bool:
    """Return whether an active feed was never polled."""
    some = select(FEED.c.id).where(FEED.c.status == FeedStatus.ACTIVE, FEED.c.last_polled_at.is_(None))
    return connection.scalar(some.limit(1)) is not None


def get_feed(connection: Connection, ref: str) -> FeedState:
    """Return the feed with this number or address."""
    number = number_of(ref)
    by_id = number is not None
    query = select_feeds().where(FEED.c.id == number if by_id else FEED.c.url == ref)
    row = connection.execute(query).one_or_none()
    if row is None:
        urls = [] if by_id else list(connection.scalars(select(FEED.c.url)))
        near = difflib.get_close_matches(ref, urls, n=1)
        hint = f"did you mean {near[0]}?" if near else "`veille feeds` lists them"
        raise NotFoundError(f"no feed {ref!r}; {hint}")
    return feed_from_row(row)


def count_by_status(connection: Connection) -> dict[str, int]:
    """Return how many feeds stand where."""
    counted = connection.execute(select(FEED.c.status, func.count().label("number")).group_by(FEED.c.status))
    return {**{status.value: 0 for status in FeedStatus}, **{row.status: row.number for row in counted}}


def sync_feeds(connection: Connection, feeds: Sequence[Feed], *, now: datetime) -> FeedSync:
    """Make the stored feeds those that are declared; see `Store.sync_feeds`."""
    declared = {feed.url: feed for feed in reversed(feeds)}
    declared = {url: declared[url] for url in dict.fromkeys(feed.url for feed in feeds)}
    rows = {row.url: row for row in connection.execute(_DECLARED_FEEDS)}
    added = tuple(feed for url, feed in declared.items() if url not in rows)
    gone_missing = [row for url, row in rows.items() if url not in declared and row.status != FeedStatus.PAUSED]
    back = [rows[url] for url in declared if url in rows and _comes_back(rows[url])]
    _update(
        connection,
        [
            _declaration(feed) | {"id_": rows[url].id}
            for url, feed in declared.items()
            if url in rows and _differs(rows[url], feed)
        ],
    )
    _update(connection, [{"id_": row.id, "status": FeedStatus.PAUSED, "paused_by": _FILE} for row in gone_missing])
    _update(
        connection,
        [{"id_": row.id, **_resumed(now)} for row in back],
    )
    _add(connection, added, now=now)
    _make_room(connection, added)
    refresh_hosts(connection, {row.host_id for row in (*gone_missing, *back)})
    return FeedSync(
        added=added,
        paused=tuple(Feed(row.url, *(getattr(row, name) for name in _DECLARED)) for row in gone_missing),
        resumed=tuple(declared[row.url] for row in back),
    )


def _comes_back(row: Any) -> bool:
    return bool(row.status == FeedStatus.PAUSED and row.paused_by == _FILE)


def _resumed(now: datetime) -> dict[str, object]:
    """Return what resuming sets: the next poll is a first one, so that what a pause missed comes as one recap."""
    unknown = (
        *("baseline_at", "etag", "last_modified", "body_sha256", "rhythm", "traces"),
        *("failing_since", "quiet_since", "listed"),
    )
    fresh = {"status": FeedStatus.ACTIVE, "paused_by": None, "next_due_at": now, "failures": 0}
    return {**fresh, **dict.fromkeys(unknown)}


def _declaration(feed: Feed) -> dict[str, object]:
    return {name: getattr(feed, name) for name in _DECLARED}


def _differs(row: Any, feed: Feed) -> bool:
    return any(getattr(row, name) != value for name, value in _declaration(feed).items())


def _update(connection: Connection, changes: Sequence[dict[str, object]]) -> None:
    if changes:
        columns: dict[str, object] = {name: bindparam(name) for name in changes[0] if name != "id_"}
        connection.execute(update(FEED).where(FEED.c.id == bindparam("id_")).values(columns), list(changes))


def _add(connection: Connection, feeds: Sequence[Feed], *, now: datetime) -> None:
    if not feeds:
        return
    hosts = _hosts(connection, [host_of(feed.url) for feed in feeds])
    rows = [
        {
            "url": feed.url,
            "host_id": hosts[host_of(feed.url)],
            **_declaration(feed),
            "status": FeedStatus.ACTIVE,
            "added_at": now,
            "next_due_at": now,
            "failures": 0,
            "moved_count": 0,
        }
        for feed in feeds
    ]
    connection.execute(insert(FEED), rows)
    refresh_hosts(connection, {hosts[host_of(feed.url)] for feed in feeds})


def _make_room(connection: Connection, added: Sequence[Feed]) -> None:
    """Let feeds that moved to where others are declared now be polled at their own addresses again."""
    for urls in chunks([feed.url for feed in added]):
        moved = select(FEED.c.id, FEED.c.url).where(FEED.c.polled_url.in_(urls))
        for row in connection.execute(moved).all():
            move_feed(connection, FeedId(row.id), row.url)


def _hosts(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the numbers of some hosts; those that are new are made."""
    known = set(connection.scalars(select(HOST.c.name)))
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        connection.execute(insert(HOST), [{"name": name, "lane": Lane.FAST} for name in unknown])
    return {row.name: int(row.id) for row in connection.execute(select(HOST.c.id, HOST.c.name))}


def move_feed(connection: Connection, feed_id: FeedId, address: str) -> bool:
    """Poll a feed at another address from now on, under that address's host; return whether that could be.

    Not where another feed is polled: its entries would be asked for twice. The feed and what is declared stay.
    """
    feed = connection.execute(select(FEED.c.url, FEED.c.host_id).where(FEED.c.id == feed_id)).one()
    is_declared = address == feed.url
    there = or_(FEED.c.url == address, FEED.c.polled_url == address)
    if not is_declared and connection.scalar(select(FEED.c.id).where(FEED.c.id != feed_id, there).limit(1)) is not None:
        return False
    host = host_of(address)
    host_id = _hosts(connection, [host])[host]
    changes: dict[str, object] = {"polled_url": None if is_declared else address, "host_id": host_id}
    # The new address was asked through its redirects, and gave the validators; the old one may know others.
    unknown = dict.fromkeys(("etag", "last_modified", "body_sha256")) if is_declared else {}
    nowhere = {"moved_to": None, "moved_count": 0}
    connection.execute(update(FEED).where(FEED.c.id == feed_id).values(changes | unknown | nowhere))
    refresh_hosts(connection, [feed.host_id, host_id])
    return True


def pause_feed(connection: Connection, feed_id: FeedId, *, paused: bool, now: datetime) -> None:
    """Pause or resume a feed on the operator's word."""
    changes = {"status": FeedStatus.PAUSED, "paused_by": _OPERATOR} if paused else _resumed(now)
    changed = update(FEED).where(FEED.c.id == feed_id).values(changes).returning(FEED.c.host_id)
    host_id = connection.scalar(changed)
    if host_id is None:
        raise NotFoundError(f"no feed {feed_id}; `veille feeds` lists them")
    refresh_hosts(connection, {host_id})


def first_due() -> ScalarSelect[Any]:
    """Return the expression of when the first active feed of a host is due."""
    of_host = (FEED.c.host_id == HOST.c.id, FEED.c.status == FeedStatus.ACTIVE)
    return select(func.min(FEED.c.next_due_at)).where(*of_host).scalar_subquery()


def refresh_hosts(connection: Connection, host_ids: Collection[int]) -> None:
    """Set when each host is due: with its first active feed, but not before the instant that it asked for."""
    first = first_due()
    for ids in chunks(sorted(host_ids)):
        connection.execute(update(HOST).where(HOST.c.id.in_(ids)).values(next_due_at=first))
        waits = HOST.c.next_due_at < HOST.c.not_before
        connection.execute(update(HOST).where(HOST.c.id.in_(ids), waits).values(next_due_at=HOST.c.not_before))


def make_due(connection: Connection, *, now: datetime) -> None:
    """Make every active feed due now; what hosts asked for is set aside."""
    connection.execute(update(FEED).where(FEED.c.status == FeedStatus.ACTIVE).values(next_due_at=now))
    some_active = select(FEED.c.host_id).where(FEED.c.status == FeedStatus.ACTIVE)
    connection.execute(update(HOST).where(HOST.c.id.in_(some_active)).values(next_due_at=now, not_before=None))


def pull_due_feeds(connection: Connection, *, now: datetime) -> None:
    """Give feeds that were polled in the future one interval from now: the clock was set back (promise T7)."""
    ahead = select(FEED.c.id, FEED.c.host_id, FEED.c.last_polled_at, FEED.c.next_due_at).where(
        or_(FEED.c.last_polled_at > now, FEED.c.added_at > now), FEED.c.next_due_at > now
    )
    rows = connection.execute(ahead).all()
    waits = [row.next_due_at - row.last_polled_at if row.last_polled_at else now - now for row in rows]
    _update(
        connection,
        [{"id_": row.id, "next_due_at": now + wait} for row, wait in zip(rows, waits, strict=True)],
    )
    hosts = {row.host_id for row in rows}
    for ids in chunks(sorted(hosts)):
        # What a host asked for was counted on the old clock; the intervals of its feeds hold it too.
        connection.execute(update(HOST).where(HOST.c.id.in_(ids)).values(not_before=None, pages_not_before=None))
    refresh_hosts(connection, hosts)
