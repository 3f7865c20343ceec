"""The log, as the command line and the review read it: matches and judgements."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, String, func, insert, select, type_coerce, update

from monitor.errors import NotFoundError
from monitor.model import AlertId, AlertType, Completeness
from monitor.store.codec import article_from_row, match_from_row, story_told
from monitor.store.outbox import list_deliveries
from monitor.store.sql import chunks, number_of
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, ENTRY, FEED, LABEL, MATCH, REVISION, STORY
from monitor.store.values import Judgement, LabelLine, MatchDetail, MatchLine
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

__all__ = ["get_match", "label_match", "list_matches", "references", "resolve"]

_PREFIX = "al_"
_SHOWN = 3  # candidates named where a reference is ambiguous
_DELIVERIES = 100
_LISTING = frozenset({AlertType.STORY_DIGEST, AlertType.STORY_RECAP})

_JUDGED: dict[Judgement, ColumnElement[bool]] = {
    Judgement.RELEVANT: MATCH.c.relevant.is_(True),
    Judgement.NOT_RELEVANT: MATCH.c.relevant.is_(False),
    Judgement.NONE: MATCH.c.relevant.is_(None),
}


def references() -> Select[Any]:
    """Return the query of the alert that people know matches by: the story's own, before one that lists several."""
    is_other = ALERT.c.type != AlertType.STORY_NEW
    first = select(ALERT_MATCH.c.alert_id).join_from(ALERT_MATCH, ALERT).where(ALERT.c.updates.is_(None))
    return first.order_by(is_other, ALERT.c.planned_at, ALERT.c.id).limit(1)


def _lines() -> Select[Any]:
    """Return the query of match lines."""
    alert_id = references().where(ALERT_MATCH.c.match_id == MATCH.c.id).correlate(MATCH).scalar_subquery()
    is_gone = type_coerce(REVISION.c.changed, String).contains('"withdrawn"') & ARTICLE.c.page_reason.is_not(None)
    withdrawn_at = (
        select(func.max(REVISION.c.seen_at))
        .where(REVISION.c.article_id == ARTICLE.c.id, is_gone)
        .correlate(ARTICLE)
        .scalar_subquery()
    )
    return (
        select(
            *(MATCH.c.id, MATCH.c.rule_id, MATCH.c.rule_title, MATCH.c.level, MATCH.c.score, MATCH.c.threshold),
            *(MATCH.c.near_miss, MATCH.c.relevant, MATCH.c.recorded_at, MATCH.c.lost_at),
            *(ARTICLE.c.outlet, ARTICLE.c.title, ARTICLE.c.url, ARTICLE.c.published_at, ARTICLE.c.completeness),
            ARTICLE.c.language,
            *(ENTRY.c.first_seen_at, ENTRY.c.baseline),
            alert_id.label("alert_id"),
            withdrawn_at.label("withdrawn_at"),
        )
        .join_from(MATCH, ARTICLE)
        .join(ENTRY, ENTRY.c.id == ARTICLE.c.entry_id)
    )


def _line(row: Row[Any]) -> MatchLine:
    return MatchLine(
        id=row.id,
        alert_id=None if row.alert_id is None else AlertId(row.alert_id),
        rule=row.rule_id,
        rule_title=row.rule_title,
        level=None if row.level is None else Level(row.level),
        score=row.score,
        threshold=row.threshold,
        near_miss=row.near_miss,
        outlet=row.outlet,
        title=row.title,
        url=row.url,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        matched_at=row.recorded_at,
        completeness=Completeness(row.completeness),
        baseline=row.baseline,
        relevant=row.relevant,
        language=row.language,
        lost_at=row.lost_at,
        withdrawn_at=row.withdrawn_at,
    )


def list_matches(
    connection: Connection,
    *,
    rule: str | None,
    entity: str | None,
    since: datetime | None,
    until: datetime | None,
    min_score: float | None,
    label: Judgement | None,
    language: str | None,
    near_misses: bool,
    limit: int,
) -> tuple[MatchLine, ...]:
    """Return matches, the latest first; see `Store.matches`."""
    conditions: list[ColumnElement[bool]] = [] if near_misses else [MATCH.c.near_miss.is_(False)]
    if rule is not None:
        conditions.append(MATCH.c.rule_id == rule)
    if entity is not None:
        conditions.append(type_coerce(ARTICLE.c.entities, String).contains(f'"{entity}"', autoescape=True))
    if since is not None:
        conditions.append(MATCH.c.recorded_at >= since)
    if until is not None:
        conditions.append(MATCH.c.recorded_at < until)
    if min_score is not None:
        conditions.append(MATCH.c.score >= min_score)
    if language is not None:
        conditions.append(ARTICLE.c.language == language)
    if label is not None:
        conditions.append(_JUDGED[Judgement(label)])
    query = _lines().where(*conditions).order_by(MATCH.c.id.desc()).limit(limit)
    return tuple(_line(row) for row in connection.execute(query))


def get_match(connection: Connection, ref: str) -> MatchDetail:
    """Return one match and all that explains it; see `Store.match`."""
    _, ids = resolve(connection, ref)
    lines = [_line(row) for row in connection.execute(_lines().where(MATCH.c.id.in_(ids)))]
    best, *others = sorted(lines, key=lambda line: (-line.score, line.id))
    row = connection.execute(select(MATCH).where(MATCH.c.id == best.id)).one()
    article = connection.execute(
        select(ARTICLE, FEED.c.url.label("feed_url"))
        .join_from(ARTICLE, ENTRY)
        .join(FEED, FEED.c.id == ENTRY.c.feed_id)
        .where(ARTICLE.c.id == row.article_id)
    ).one()
    labels = connection.execute(
        select(LABEL.c.labelled_at, LABEL.c.relevant).where(LABEL.c.match_id == best.id).order_by(LABEL.c.id)
    )
    deliveries = (
        ()
        if best.alert_id is None
        else list_deliveries(
            connection, state=None, receiver=None, since=None, limit=_DELIVERIES, alert_id=best.alert_id
        )
    )
    return MatchDetail(
        line=best,
        match=match_from_row(row),
        article=article_from_row(article),
        story=story_told(connection.execute(select(STORY).where(STORY.c.id == article.story_id)).one(), article),
        feed_url=article.feed_url,
        entities=tuple(article.entities),
        deliveries=deliveries,
        labels=tuple((at, relevant) for at, relevant in labels),
        others=tuple(others),
        revisions=connection.scalar(select(func.count()).where(REVISION.c.article_id == row.article_id)) or 0,
    )


def label_match(connection: Connection, ref: str, *, relevant: bool, now: datetime) -> LabelLine:
    """Record a judgement of a match, or of all that an alert on one story tells; see `Store.label`."""
    full, ids = resolve(connection, ref)
    _refuse_several(connection, full, ids)
    changed = connection.scalar(
        select(func.count())
        .select_from(MATCH)
        .where(MATCH.c.id.in_(ids), MATCH.c.relevant.is_not(relevant))
        .where(MATCH.c.relevant.is_not(None))
    )
    connection.execute(insert(LABEL), [{"match_id": id_, "relevant": relevant, "labelled_at": now} for id_ in ids])
    connection.execute(update(MATCH).where(MATCH.c.id.in_(ids)).values(relevant=relevant))
    return LabelLine(full, relevant, tuple(ids), now, changed or 0)


def _refuse_several(connection: Connection, full: str, ids: Sequence[int]) -> None:
    """Refuse a message that lists several stories, as digests and recaps do: nobody judges all of them at once."""
    if connection.scalar(select(ALERT.c.type).where(ALERT.c.id == full)) not in _LISTING:
        return
    told = {
        row.id: row
        for some in chunks(ids)
        for row in connection.execute(_lines().add_columns(ARTICLE.c.story_id).where(MATCH.c.id.in_(some)))
    }
    if len({row.story_id for row in told.values()}) > 1:
        refs = dict.fromkeys(row.id if row.alert_id in {None, full} else row.alert_id for row in told.values())
        raise NotFoundError(f"{full} tells several stories; say which: {', '.join(map(str, refs))}")


def resolve(connection: Connection, ref: str) -> tuple[str, Sequence[int]]:
    """Return the full reference and the matches it stands for: a match's number, or an alert's id or its beginning."""
    wanted = ref.strip().lower()
    if (number := number_of(wanted)) is not None:
        ids = connection.scalars(select(MATCH.c.id).where(MATCH.c.id == number)).all()
        if not ids:
            raise NotFoundError(f"no match {wanted}; `veille matches` lists them")
        return wanted, ids
    wanted = _PREFIX + wanted.removeprefix(_PREFIX)
    begins = func.lower(ALERT.c.id).startswith(wanted, autoescape=True)
    found = connection.scalars(select(ALERT.c.id).where(begins).order_by(ALERT.c.id).limit(_SHOWN + 1)).all()
    exact = [id_ for id_ in found if id_.lower() == wanted]
    if len(found) > 1 and not exact:
        shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise NotFoundError(f"{ref!r} begins several alerts: {shown}; type more of it")
    if not found or wanted == _PREFIX:
        raise NotFoundError(f"no alert {ref!r}; `veille matches` lists them")
    full = (exact or found)[0]
    told = select(ALERT_MATCH.c.match_id).where(ALERT_MATCH.c.alert_id == full).order_by(ALERT_MATCH.c.match_id)
    ids = connection.scalars(told).all()
    if not ids:
        raise NotFoundError(f"alert {full} tells no match")
    return full, ids
