"""Transaction A: one poll of one feed, with its entries."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, Update, bindparam, case, func, insert, select, union_all, update

from monitor.errors import NotFoundError
from monitor.links import site_of
from monitor.model import FeedId, FeedStatus, Lane, PollOutcome, PollResult
from monitor.rhythm import Rhythm, arrived_at, begin, learn, pack, unpack
from monitor.store.codec import hints_values
from monitor.store.feeds import host_of, move_feed, refresh_hosts
from monitor.store.following import follow_changes
from monitor.store.gaps import Gap, find_gap, may_be_gap
from monitor.store.identity import Fresh, Seen, Sorted, is_link, keys_of, sort_entries
from monitor.store.incidents import note_gap, note_move
from monitor.store.sql import chunks, is_literally
from monitor.store.tables import ENTRY, FEED, HOST
from monitor.store.values import EntryState, PollRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Entry

__all__ = ["forgive_polls", "put_off_feed", "record_poll"]

_FUTURE = timedelta(days=1)
_BASELINE_PATIENCE = timedelta(days=1)
_LONG_AWAY = timedelta(weeks=1)  # so much was missed that a rhythm would be learnt wrong

# Link, title and summary of an entry, and its number. The words count too: whoever lists the address first, under
# other words, must not silence the outlet whose article it is while its page cannot be read (promises I7, D1).
# A sitemap has no summary, and may have no title: what says no more than another did is the same; None stands for that.
_Elsewhere: TypeAlias = dict[tuple[str, str | None, str | None], int]

_FEED_COLUMNS = (
    *(FEED.c.url, FEED.c.added_at, FEED.c.baseline_at, FEED.c.last_ok_at, FEED.c.failures),
    *(FEED.c.failing_since, FEED.c.listed, FEED.c.polled_url),
    *(FEED.c.moved_to, FEED.c.moved_count, FEED.c.rhythm),
)
_FEED = select(*_FEED_COLUMNS).where(FEED.c.id == bindparam("feed_id"))

_SEEN_COLUMNS = (
    *(ENTRY.c.id, ENTRY.c.feed_id, ENTRY.c.main_key, ENTRY.c.link_key),
    *(ENTRY.c.link, ENTRY.c.title, ENTRY.c.summary, ENTRY.c.state, ENTRY.c.same_as, ENTRY.c.withheld),
    ENTRY.c.updated_at,
)
_HOLDERS = 200  # of one guid that are looked at: some feeds give every article the same one
_LATEST_FIRST = func.row_number().over(partition_by=ENTRY.c.main_key, order_by=ENTRY.c.id.desc())
_HELD = (
    select(ENTRY.c.id, _LATEST_FIRST.label("place"))
    .where(ENTRY.c.feed_id == bindparam("feed_id"), ENTRY.c.main_key.in_(bindparam("main_keys", expanding=True)))
    .subquery()
)
_SEEN = union_all(
    select(*_SEEN_COLUMNS).where(ENTRY.c.id.in_(select(_HELD.c.id).where(_HELD.c.place <= _HOLDERS))),
    select(*_SEEN_COLUMNS).where(ENTRY.c.link_key.in_(bindparam("link_keys", expanding=True))),
)
_SLOW_PAGE_HOSTS = (
    select(ENTRY.c.page_host)
    .distinct()
    .where(
        is_literally(ENTRY.c.state, EntryState.TO_READ),
        ENTRY.c.page_host.in_(bindparam("hosts", expanding=True)),
        ENTRY.c.host_is_slow,
        ENTRY.c.next_attempt_at.is_(None),  # not yet tried there
    )
)


def record_poll(
    connection: Connection,
    feed_id: FeedId,
    outcome: PollOutcome,
    entries: Sequence[Entry],
    *,
    next_due_at: datetime | None,
    now: datetime,
    baseline_max_age_s: float,
    address: str | None,
    gap_due_at: datetime | None,
    quiet_since: datetime | None,
    rereads_per_day: int,
) -> PollRecord:
    """Record one poll; see `Store.record_poll`."""
    feed = connection.execute(_FEED, {"feed_id": feed_id}).one_or_none()
    if feed is None:
        raise NotFoundError(f"no feed {feed_id}")
    # What is cut short or empty is no baseline: the rest, when it comes, would be told as news. Not for ever, though.
    is_whole = bool(entries or outcome.held) and not outcome.truncated
    baseline_at = now if is_whole or now - feed.added_at > _BASELINE_PATIENCE else None
    changes = _feed_changes(feed, outcome, next_due_at=next_due_at, baseline_at=baseline_at, now=now)
    if outcome.kind is not PollResult.FAILED:
        changes["quiet_since"] = quiet_since
    listed = len(entries) + outcome.held if outcome.kind is PollResult.PARSED else feed.listed
    changes["listed"] = listed
    given = {f"new_{name}": value for name, value in changes.items()}
    connection.execute(_update_feed(tuple(changes)), {"feed_id": feed_id, **given})
    was_at = feed.polled_url or feed.url
    moved = address not in {None, was_at} and move_feed(connection, feed_id, str(address))
    if moved:
        note_move(connection, feed_id, old_url=was_at, now=now)
    if outcome.kind is not PollResult.PARSED or not entries:
        return PollRecord(known=outcome.held, moved=moved)
    sorted_, elsewhere = _sort(connection, feed_id, entries)
    changed, passed_over = follow_changes(
        connection, feed_id, sorted_, site=site_of(was_at), held=outcome.held, rereads_per_day=rereads_per_day, now=now
    )
    baseline_age = None if feed.baseline_at is not None else _baseline_age(feed, baseline_max_age_s, now)
    rows = [
        _entry_row(fresh, feed, elsewhere, feed_id=feed_id, now=now, baseline_age=baseline_age)
        for fresh in sorted_.fresh
    ]
    _take_turns(rows)
    _take_lanes(connection, rows)
    if rows:
        connection.execute(insert(ENTRY), rows)
    if rows or feed.rhythm is None:
        rhythm = _rhythm(feed, entries, sorted_.fresh, now=now)
        connection.execute(update(FEED).where(FEED.c.id == feed_id).values(rhythm=pack(rhythm), quiet_since=None))
    gap = (
        None
        if outcome.truncated or outcome.held or outcome.by_date
        else _note_gap(connection, feed_id, feed, sorted_, due_at=gap_due_at, now=now)
    )
    states = Counter(row["state"] for row in rows)
    known = sorted_.known + states[EntryState.DUPLICATE] + outcome.held
    fresh = len(rows) - states[EntryState.DUPLICATE]
    new, baseline = (fresh, 0) if baseline_age is None else (0, fresh)
    told = PollRecord(new, baseline, known=known, changed=changed, passed_over=passed_over, moved=moved)
    return replace(told, gap=gap) if baseline_age is None else told


def _baseline_age(feed: Any, max_age_s: float, now: datetime) -> timedelta:
    """Return how young an entry of a first poll must be to be read; of a resumed feed, what the pause missed is too."""
    paused_for = now - feed.last_ok_at if feed.last_ok_at is not None else timedelta()
    return timedelta(seconds=max_age_s) + max(timedelta(), paused_for)


def forgive_polls(connection: Connection, feed_ids: Sequence[FeedId], *, next_due_at: datetime) -> None:
    """Take back the last failure of some feeds; see `Store.forgive_polls`."""
    failing = FEED.c.id.in_(feed_ids), FEED.c.failures > 0
    taken_back = {"failures": FEED.c.failures - 1, "next_due_at": next_due_at, "last_reason": None, "last_error": None}
    taken_back["failing_since"] = case((FEED.c.failures > 1, FEED.c.failing_since))
    hosts = connection.scalars(update(FEED).where(*failing).values(taken_back).returning(FEED.c.host_id)).all()
    connection.execute(update(HOST).where(HOST.c.id.in_(hosts)).values(lane=Lane.FAST))
    refresh_hosts(connection, hosts)


def put_off_feed(connection: Connection, feed_id: FeedId, *, next_due_at: datetime) -> None:
    """Poll a feed later; see `Store.put_off_feed`."""
    connection.execute(update(FEED).where(FEED.c.id == feed_id).values(next_due_at=next_due_at))


@cache
def _update_feed(names: tuple[str, ...]) -> Update:
    """Return the statement that sets some columns of a feed; to build it takes longer than to execute it."""
    changes = {name: bindparam(f"new_{name}", type_=FEED.c[name].type) for name in names}
    return update(FEED).where(FEED.c.id == bindparam("feed_id")).values(changes)


def _feed_changes(
    feed: Any,
    outcome: PollOutcome,
    *,
    next_due_at: datetime | None,
    baseline_at: datetime | None,
    now: datetime,
) -> dict[str, object]:
    changes: dict[str, object] = {"last_polled_at": now, "next_due_at": next_due_at}
    if next_due_at is None:
        changes["status"] = FeedStatus.GONE
    if outcome.moved_to is not None:
        again = outcome.moved_to == feed.moved_to
        changes |= {"moved_to": outcome.moved_to, "moved_count": feed.moved_count + 1 if again else 1}
    elif outcome.kind is not PollResult.FAILED:
        changes |= {"moved_to": None, "moved_count": 0}
    if outcome.kind is PollResult.FAILED:
        return changes | {
            "failures": feed.failures + 1,
            "failing_since": feed.failing_since or now,
            "last_reason": outcome.reason,
            "last_error": outcome.error,
        }
    changes |= {
        "failures": 0,
        "failing_since": None,
        "last_ok_at": now,
        "last_reason": None,
        "last_error": None,
    }
    changes |= {"interval_s": None if next_due_at is None else (next_due_at - now).total_seconds()}
    validators = {"etag": outcome.etag, "last_modified": outcome.last_modified}
    if outcome.kind is PollResult.NOT_MODIFIED:  # what it does not say again stays (RFC 9111 §3.2)
        return changes | {name: value for name, value in validators.items() if value is not None}
    if outcome.kind is PollResult.SAME_BODY:
        return changes | validators
    found = {"own_title": outcome.title, "is_heavy": outcome.is_heavy, "note": outcome.note}
    return (
        changes
        | validators
        | found
        | {
            "body_sha256": outcome.body_sha256,
            "hints": hints_values(outcome.hints),
            "traces": outcome.traces,
            "baseline_at": feed.baseline_at or baseline_at,
        }
    )


def _note_gap(
    connection: Connection, feed_id: FeedId, feed: Any, sorted_: Sorted, *, due_at: datetime | None, now: datetime
) -> Gap | None:
    """Note the gap between this poll and the last one, if there is one. The entries are stored already."""
    new = [fresh.entry for fresh in sorted_.fresh]
    since: datetime | None = feed.last_ok_at
    if feed.baseline_at is None or since is None:
        return None
    if not may_be_gap(len(new), known=sorted_.stored, listed_before=feed.listed, since=since, now=now):
        return None
    known: set[str] = set()
    for titles in chunks(sorted({entry.title for entry in new if entry.title})):
        before = (ENTRY.c.feed_id == feed_id, ENTRY.c.title.in_(titles), ENTRY.c.first_seen_at < now)
        known.update(connection.scalars(select(ENTRY.c.title).distinct().where(*before)))
    gap = find_gap(new, known_titles=sum(entry.title in known for entry in new), since=since, now=now)
    if gap is not None:
        note_gap(connection, feed_id, gap)
        if due_at is not None:
            due = {"next_due_at": due_at, "interval_s": (due_at - now).total_seconds()}
            connection.execute(update(FEED).where(FEED.c.id == feed_id).values(due))
    return gap


def _rhythm(feed: Any, entries: Sequence[Entry], fresh: Sequence[Fresh], *, now: datetime) -> Rhythm:
    """Return the feed's rhythm with what this document brought; it begins anew where we were away for long."""
    was_away = feed.last_ok_at is not None and now - feed.last_ok_at > _LONG_AWAY
    if feed.rhythm is None or was_away:
        return begin([entry.published_at for entry in entries if entry.published_at is not None], now)
    came = [arrived_at(new.entry.published_at, last_ok_at=feed.last_ok_at, now=now) for new in fresh]
    return learn(unpack(feed.rhythm), came)


def _sort(connection: Connection, feed_id: FeedId, entries: Sequence[Entry]) -> tuple[Sorted, _Elsewhere]:
    """Tell new entries from seen ones, and return what other feeds brought, with the entry that is read."""
    seen: dict[int, Seen] = {}
    elsewhere: _Elsewhere = {}
    for pairs in chunks([keys_of(entry) for entry in entries]):
        keys = {
            "feed_id": feed_id,
            "main_keys": [main for main, _ in pairs if main is not None],
            "link_keys": [link for _, link in pairs if link is not None],
        }
        for row in connection.execute(_SEEN, keys):
            if row.feed_id == feed_id:
                seen[row.id] = Seen(
                    *(row.id, row.main_key, row.link_key, row.link, row.title, row.summary, row.withheld),
                    row.updated_at,
                )
            elif row.state in {EntryState.TO_READ, EntryState.DONE}:
                elsewhere[row.link_key, row.title, row.summary] = row.id
                elsewhere[row.link_key, row.title, None] = elsewhere[row.link_key, None, None] = row.id
    return sort_entries(entries, [seen[id_] for id_ in sorted(seen)]), elsewhere


def _entry_row(
    fresh: Fresh,
    feed: Any,
    elsewhere: _Elsewhere,
    *,
    feed_id: FeedId,
    now: datetime,
    baseline_age: timedelta | None,
) -> dict[str, Any]:
    entry = fresh.entry
    same_as = _same_elsewhere(fresh, elsewhere)
    return {
        "feed_id": feed_id,
        "main_key": fresh.main_key,
        "link_key": fresh.link_key,
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "published_at": entry.published_at,
        "updated_at": entry.updated_at,
        "authors": entry.authors,
        "first_seen_at": now,
        "state": _state(entry, same_as, now=now, baseline_age=baseline_age),
        "baseline": baseline_age is not None,
        "same_as": same_as,
        "page_host": host_of(entry.link or feed.url),
        "sort_at": min(entry.published_at or now, now),
        "lane": Lane.FAST,
        "host_is_slow": False,
        "turn": 0,
        "attempts": 0,
        "withheld": False,
    }


def _same_elsewhere(fresh: Fresh, elsewhere: _Elsewhere) -> int | None:
    """Return the entry of another feed that lists the same article and says as much of it, or None."""
    entry = fresh.entry
    if fresh.link_key is None or not is_link(fresh.link_key):
        return None
    if entry.summary or entry.content:
        return elsewhere.get((fresh.link_key, entry.title, entry.summary))
    return elsewhere.get((fresh.link_key, entry.title or None, None))


def _state(entry: Entry, same_as: int | None, *, now: datetime, baseline_age: timedelta | None) -> EntryState:
    """Decide what becomes of a new entry; `baseline_age` is None after the feed's first poll (promise I2)."""
    if baseline_age is not None:
        published = entry.published_at
        if published is None or not now - baseline_age < published <= now + _FUTURE:
            return EntryState.BASELINE
    return EntryState.TO_READ if same_as is None else EntryState.DUPLICATE


def _take_turns(rows: list[dict[str, Any]]) -> None:
    """Number what one poll brought, newest first, so that no flood keeps what other feeds bring waiting."""
    to_read = [row for row in rows if row["state"] == EntryState.TO_READ]
    for turn, row in enumerate(sorted(to_read, key=lambda row: row["sort_at"], reverse=True)):
        row["turn"] = turn


def _take_lanes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Let entries whose page host left others to the slow lane wait there with them."""
    slow: set[str] = set()
    for hosts in chunks(sorted({row["page_host"] for row in rows})):
        slow.update(connection.scalars(_SLOW_PAGE_HOSTS, {"hosts": hosts}))
    for row in rows:
        row["host_is_slow"] = row["page_host"] in slow
        row["lane"] = Lane.SLOW if row["host_is_slow"] else Lane.FAST
