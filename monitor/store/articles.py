"""Transaction B: an article with all that follows from it (promise D2); and the recap of first polls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, case, func, insert, literal, select, update

from monitor.errors import NotFoundError
from monitor.matches import match_values
from monitor.model import Alert, Article, ArticleId, EntryId, Story
from monitor.store.codec import article_values, match_from_row, story_from_row, story_values
from monitor.store.outbox import add_deliveries
from monitor.store.sql import Instant, chunks, is_literally
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, ENTRY, MATCH, STORY
from monitor.store.values import EntryState, OutboxItem, RecapItem, RecapPending, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Table

    from rules.types import Match

__all__ = ["add_alert", "recap_pending", "record_article", "record_recap"]

_PENDING = "pending"
_TOLD = "told"
_RECAP_PENDING = is_literally(MATCH.c.recap, _PENDING)


def record_article(
    connection: Connection,
    entry_id: EntryId,
    article: Article,
    *,
    story: Story,
    matches: Sequence[Match],
    entities: Sequence[str],
    alerts: Sequence[tuple[Alert, Sequence[OutboxItem]]],
    keep_text: bool,
    done: bool,
    read_at: datetime,
    now: datetime,
) -> Recorded:
    """Record one article; see `Store.record_article`."""
    entry = connection.execute(select(ENTRY.c.baseline, ENTRY.c.state).where(ENTRY.c.id == entry_id)).one_or_none()
    if entry is None:
        raise NotFoundError(f"no entry {entry_id}")
    there = connection.scalar(select(ARTICLE.c.id).where(ARTICLE.c.entry_id == entry_id))
    if there is not None and entry.state == EntryState.DONE:
        return Recorded(ArticleId(there))
    _put_story(connection, story)
    row = {**article_values(article), "entry_id": entry_id, "story_id": story.id, "entities": entities}
    if not keep_text:
        row |= {"lead": "", "body": ""}
    is_new = there is None
    if there is None:
        there = _insert(connection, ARTICLE, row | {"recorded_at": now, "read_at": read_at})
    else:
        first_read_at = case((ARTICLE.c.page_reason.is_(None), ARTICLE.c.read_at), else_=literal(read_at, Instant))
        connection.execute(update(ARTICLE).where(ARTICLE.c.id == there).values(row | {"read_at": first_read_at}))
    match_ids, new = _put_matches(connection, there, article, matches, baseline=entry.baseline, now=now)
    new_alerts = tuple(
        alert
        for alert, outbox in alerts
        if add_alert(connection, alert, outbox, [match_ids[match.rule.id] for match in alert.matches], now=now)
    )
    if done:
        _end_entry(connection, entry_id, keep_text=keep_text)
    return Recorded(ArticleId(there), is_new, new, new_alerts)


def _end_entry(connection: Connection, entry_id: EntryId, *, keep_text: bool) -> None:
    changes: dict[str, object] = {
        "state": EntryState.DONE,
        "lease_owner": None,
        "lease_until": None,
        "next_attempt_at": None,
    }
    changes |= {} if keep_text else {"summary": "", "content": "", "withheld": True}
    connection.execute(update(ENTRY).where(ENTRY.c.id == entry_id).values(changes))


def _insert(connection: Connection, table: Table, row: dict[str, object]) -> int:
    key = connection.execute(insert(table), row).inserted_primary_key
    return int(key[0]) if key is not None else 0


def _put_story(connection: Connection, story: Story) -> None:
    values = story_values(story)
    if connection.scalar(select(STORY.c.id).where(STORY.c.id == story.id)) is None:
        connection.execute(insert(STORY), values)
    else:
        connection.execute(update(STORY).where(STORY.c.id == story.id).values(values))


def _put_matches(
    connection: Connection,
    article_id: int,
    article: Article,
    matches: Sequence[Match],
    *,
    baseline: bool,
    now: datetime,
) -> tuple[dict[str, int], tuple[Match, ...]]:
    """Write the matches, near misses too; return the row of each rule, and which are new.

    A match that is there may have been told, and stays; a near miss is not told, and makes room.
    """
    found = select(MATCH.c.rule_id, MATCH.c.id, MATCH.c.near_miss).where(MATCH.c.article_id == article_id)
    there = {row.rule_id: row for row in connection.execute(found)}
    ids = {rule_id: row.id for rule_id, row in there.items()}
    new = []
    for match in matches:
        before = there.get(match.rule.id)
        if before is not None and not before.near_miss:
            continue
        to_tell = baseline and not match.verdict.near_miss
        row = match_values(match) | {
            "article_id": article_id,
            "extractor": article.extractor,
            "recap": _PENDING if to_tell else None,
            "recorded_at": now,
        }
        if before is None:
            ids[match.rule.id] = _insert(connection, MATCH, row)
        else:
            connection.execute(update(MATCH).where(MATCH.c.id == before.id).values(row))
        if before is None or not match.verdict.near_miss:
            new.append(match)
    return ids, tuple(new)


def add_alert(
    connection: Connection, alert: Alert, outbox: Sequence[OutboxItem], match_ids: Iterable[int], *, now: datetime
) -> bool:
    """Write an alert and its deliveries, unless it is there: an alert's id is made of what it tells.

    Returns:
        Whether it was not there.
    """
    if connection.scalar(select(ALERT.c.id).where(ALERT.c.id == alert.id)) is not None:
        return False
    row = {
        "id": alert.id,
        "type": alert.type,
        "reason": alert.reason,
        "planned_at": alert.planned_at,
        "receivers": alert.receivers,
        "latency_s": alert.latency_s,
        "truncated": alert.truncated,
    }
    connection.execute(insert(ALERT), row)
    links = [{"alert_id": alert.id, "match_id": match_id} for match_id in match_ids]
    if links:
        connection.execute(insert(ALERT_MATCH), links)
    add_deliveries(connection, alert.id, outbox, now=now)
    return True


def recap_pending(connection: Connection, *, limit: int) -> RecapPending:
    """Return what a recap would tell; see `Store.recap_pending`."""
    waiting = select(func.count().label("number"), func.min(MATCH.c.recorded_at).label("oldest_at"))
    found = connection.execute(waiting.where(_RECAP_PENDING)).one()
    best = select(MATCH).where(_RECAP_PENDING).order_by(MATCH.c.score.desc(), MATCH.c.id).limit(limit)
    rows = connection.execute(best).all()
    stories = {}
    for ids in chunks([row.article_id for row in rows]):
        told = select(STORY, ARTICLE.c.id.label("article_id")).join_from(ARTICLE, STORY).where(ARTICLE.c.id.in_(ids))
        stories.update({row.article_id: story_from_row(row) for row in connection.execute(told)})
    items = tuple(RecapItem(row.id, stories[row.article_id], match_from_row(row)) for row in rows)
    return RecapPending(found.number, found.oldest_at, items)


def record_recap(
    connection: Connection,
    recaps: Sequence[tuple[Alert, Sequence[OutboxItem], Sequence[int]]],
    match_ids: Sequence[int],
    *,
    now: datetime,
) -> None:
    """Write a recap's alerts and mark all that was looked at as told; see `Store.record_recap`."""
    for alert, outbox, told_ids in recaps:
        add_alert(connection, alert, outbox, told_ids, now=now)
    for ids in chunks(match_ids):
        connection.execute(update(MATCH).where(MATCH.c.id.in_(ids)).values(recap=_TOLD))
