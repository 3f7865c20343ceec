"""Transaction B: an article with all that follows from it (promise D2); and the recap of first polls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, case, exists, func, insert, literal, select, update

from monitor.errors import NotFoundError
from monitor.matches import match_values
from monitor.model import Alert, AlertType, Article, ArticleId, EntryId, Grouped, Reread, Story
from monitor.store.codec import article_values, match_from_row, story_told, story_values
from monitor.store.grouping import put_grouped
from monitor.store.outbox import add_deliveries, settle_overtaken
from monitor.store.rereads import due_again
from monitor.store.revisions import add_revision, lose_matches
from monitor.store.sql import Instant, chunks, is_literally
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, ENTRY, MATCH, STORY
from monitor.store.values import EntryState, OutboxItem, RecapItem, RecapPending, Recorded, Revised
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from sqlalchemy import Table

    from rules.types import Match

__all__ = ["add_alert", "recap_pending", "record_article", "record_recap", "stories_of"]

_LEVELS = tuple(Level)
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
    growth: Sequence[tuple[Alert, Sequence[OutboxItem], int]],
    grouped: Grouped | None,
    keep_text: bool,
    done: bool,
    read_at: datetime,
    rereads: int,
    revised: Revised,
    now: datetime,
) -> Recorded:
    """Record one article; see `Store.record_article`."""
    columns = (ENTRY.c.baseline, ENTRY.c.state, ENTRY.c.reread, ENTRY.c.rereads, ENTRY.c.reread_at)
    entry = connection.execute(select(*columns).where(ENTRY.c.id == entry_id)).one_or_none()
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
        add_revision(connection, there, revised.changed, keep_text=keep_text, now=now)
        if entry.reread is None:  # not again: its page is read at last
            row["read_at"] = case((ARTICLE.c.page_reason.is_(None), ARTICLE.c.read_at), else_=literal(read_at, Instant))
        connection.execute(update(ARTICLE).where(ARTICLE.c.id == there).values(row))
    if grouped is not None:
        put_grouped(connection, there, story.id, grouped, now=now)
    lose_matches(connection, there, revised.lost, now=now)
    told_now = {match.rule.id for alert, _ in alerts if alert.update for match in alert.matches} - set(revised.lost)
    to_recap = entry.baseline and entry.reread is None
    match_ids, new = _put_matches(connection, there, article, matches, to_recap=to_recap, told_now=told_now, now=now)
    new_alerts = tuple(
        alert
        for alert, outbox in alerts
        if add_alert(connection, alert, outbox, [match_ids[match.rule.id] for match in alert.matches], now=now)
    ) + tuple(alert for alert, outbox, match_id in growth if add_alert(connection, alert, outbox, [match_id], now=now))
    if done:
        again_at = None if entry.rereads == rereads else due_again(rereads, entry.reread_at, now)
        _end_entry(connection, entry_id, keep_text=keep_text, rereads=rereads, again_at=again_at, now=now)
    return Recorded(ArticleId(there), is_new, new, new_alerts)


def _end_entry(
    connection: Connection,
    entry_id: EntryId,
    *,
    keep_text: bool,
    rereads: int,
    again_at: datetime | None,
    now: datetime,
) -> None:
    """End the reading of an entry. One that its feed changed meanwhile, however often, is read again once."""
    changes: dict[str, object] = {"state": EntryState.DONE, "reread": None, "next_attempt_at": None}
    if again_at is not None:
        changes = {"reread": Reread.PAGE, "rereads": rereads + 1, "reread_at": again_at, "postponed_at": now}
        changes |= {"next_attempt_at": again_at if again_at > now else None, "attempts": 0, "interrupted": 0}
    elif not keep_text:
        changes |= {"summary": "", "content": ""}
    changes |= {"lease_owner": None, "lease_until": None}
    changes |= {} if keep_text else {"withheld": True}
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
    to_recap: bool,
    told_now: Container[str],
    now: datetime,
) -> tuple[dict[str, int], tuple[Match, ...]]:
    """Write the matches, near misses too; return the row of each rule, and which are new.

    A match that was told stays as it was told, unless it is told now; what nobody was told makes room.
    """
    told = exists().where(ALERT_MATCH.c.match_id == MATCH.c.id)
    found = select(MATCH.c.rule_id, MATCH.c.id, MATCH.c.near_miss, MATCH.c.raised_level, told.label("is_told"))
    there = {row.rule_id: row for row in connection.execute(found.where(MATCH.c.article_id == article_id))}
    ids = {rule_id: row.id for rule_id, row in there.items()}
    new = []
    for match in matches:
        before = there.get(match.rule.id)
        row = match_values(match) | {"article_id": article_id, "extractor": article.extractor}
        first = row | {"recap": _PENDING if to_recap and not match.verdict.near_miss else None, "recorded_at": now}
        if before is None:
            ids[match.rule.id] = _insert(connection, MATCH, first)
            new.append(match)
        elif before.near_miss:
            connection.execute(update(MATCH).where(MATCH.c.id == before.id).values(first))
            new += [] if match.verdict.near_miss else [match]
        elif not match.verdict.near_miss and (match.rule.id in told_now or not before.is_told):
            raised = before.raised_level if _is_above(before.raised_level, match.verdict.level) else None
            changes = row | {"lost_at": None, "raised_level": raised}
            connection.execute(update(MATCH).where(MATCH.c.id == before.id).values(changes))
    return ids, tuple(new)


def add_alert(
    connection: Connection, alert: Alert, outbox: Sequence[OutboxItem], match_ids: Iterable[int], *, now: datetime
) -> bool:
    """Write an alert and its deliveries, unless it is there: an alert's id is made of what it tells.

    One that is there is joined to the matches that are new: its story grew.

    Returns:
        Whether it was not there.
    """
    if connection.scalar(select(ALERT.c.id).where(ALERT.c.id == alert.id)) is not None:
        _join(connection, alert.id, match_ids, joined=True)
        return False
    row = {
        "id": alert.id,
        "type": alert.type,
        "reason": alert.reason,
        "planned_at": alert.planned_at,
        "receivers": alert.receivers,
        "latency_s": alert.latency_s,
        "truncated": alert.truncated,
        "updates": None if alert.update is None else alert.update.of,
        "silence": alert.silence,
    }
    connection.execute(insert(ALERT), row)
    match_ids = list(match_ids)
    _raise(connection, alert, match_ids)
    _join(connection, alert.id, match_ids, joined=False)
    add_deliveries(connection, alert, outbox, now=now)
    if alert.update is not None and alert.update.of is not None:
        settle_overtaken(connection, alert.id, outbox, now=now)
    return True


def _raise(connection: Connection, alert: Alert, match_ids: Sequence[int]) -> None:
    """Keep the level at which an alert on a story tells its match, where that is above the one that its rule gave."""
    if not match_ids or alert.type not in {AlertType.STORY_NEW, AlertType.STORY_UPDATED}:
        return
    for match, match_id in zip(alert.matches, match_ids, strict=True):
        level = connection.scalar(select(MATCH.c.level).where(MATCH.c.id == match_id))
        if _is_above(match.verdict.level, level):
            connection.execute(update(MATCH).where(MATCH.c.id == match_id).values(raised_level=match.verdict.level))


def _is_above(level: str | None, other: str | None) -> bool:
    return level is not None and other is not None and _LEVELS.index(Level(level)) > _LEVELS.index(Level(other))


def _join(connection: Connection, alert_id: str, match_ids: Iterable[int], *, joined: bool) -> None:
    """Note that an alert tells these matches: those that it was made of, or (`joined`) that its story grew by since."""
    for ids in chunks(list(match_ids)):
        level = case((MATCH.c.lost_at.is_(None), func.coalesce(MATCH.c.raised_level, MATCH.c.level)))
        told = select(literal(alert_id), MATCH.c.id, ARTICLE.c.title, level, literal(joined)).join_from(MATCH, ARTICLE)
        columns = ["alert_id", "match_id", "title", "level", "joined"]
        there = select(ALERT_MATCH.c.match_id).where(ALERT_MATCH.c.alert_id == alert_id)
        new = told.where(MATCH.c.id.in_(ids), MATCH.c.id.not_in(there))
        connection.execute(insert(ALERT_MATCH).from_select(columns, new))


def recap_pending(connection: Connection, *, limit: int) -> RecapPending:
    """Return what a recap would tell; see `Store.recap_pending`."""
    waiting = select(func.count().label("number"), func.min(MATCH.c.recorded_at).label("oldest_at"))
    found = connection.execute(waiting.where(_RECAP_PENDING)).one()
    best = select(MATCH).where(_RECAP_PENDING).order_by(MATCH.c.score.desc(), MATCH.c.id).limit(limit)
    rows = connection.execute(best).all()
    stories = stories_of(connection, [row.article_id for row in rows])
    items = tuple(RecapItem(row.id, stories[row.article_id], match_from_row(row)) for row in rows)
    return RecapPending(found.number, found.oldest_at, items)


def stories_of(connection: Connection, article_ids: Sequence[int]) -> dict[int, Story]:
    """Return the story of each article, with the entities that the article names."""
    found = {}
    for ids in chunks(article_ids):
        told = connection.execute(select(ARTICLE).where(ARTICLE.c.id.in_(ids))).all()
        of_them = select(STORY).where(STORY.c.id.in_({row.story_id for row in told}))
        stories = {row.id: row for row in connection.execute(of_them)}
        found.update({row.id: story_told(stories[row.story_id], row) for row in told})
    return found


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
