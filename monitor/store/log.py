"""The log, as the command line and the review read it: matches and judgements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, String, func, insert, select, type_coerce, update

from monitor.errors import NotFoundError
from monitor.model import AlertId, AlertType, Completeness, DeliveryState
from monitor.store.codec import article_from_row, match_from_row, story_told
from monitor.store.outbox import list_deliveries
from monitor.store.sql import chunks, number_of
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, DELIVERY, ENTRY, FEED, LABEL, MATCH, REVISION, STORY
from monitor.store.values import Judgement, LabelLine, MatchDetail, MatchFilter, MatchLine, MatchRecord
from monitor.text import clip
from rules.types import Level, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

__all__ = ["get_match", "has_matched", "label_match", "list_matches", "list_records", "references", "resolve"]

_MOST_CHARS = 100  # of a reference
_PREFIX = "al_"
_SHOWN = 3  # candidates named where a reference is ambiguous
_DELIVERIES = 100
_LISTING = frozenset({AlertType.STORY_DIGEST, AlertType.STORY_RECAP})

_LEVEL = func.coalesce(MATCH.c.raised_level, MATCH.c.level)

_JUDGED: dict[Judgement, ColumnElement[bool]] = {
    Judgement.RELEVANT: MATCH.c.relevant.is_(True),
    Judgement.NOT_RELEVANT: MATCH.c.relevant.is_(False),
    Judgement.NONE: MATCH.c.relevant.is_(None),
}

_FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "rule": lambda rule: MATCH.c.rule_id == rule,
    "entity": lambda entity: type_coerce(ARTICLE.c.entities, String).contains(f'"{entity}"', autoescape=True),
    "outlet": lambda outlet: func.casefold(ARTICLE.c.outlet) == outlet.casefold(),
    "story": lambda story: ARTICLE.c.story_id == story,
    "since": lambda since: MATCH.c.recorded_at >= since,
    "until": lambda until: MATCH.c.recorded_at < until,
    "level": lambda level: level == _LEVEL,
    "min_score": lambda score: MATCH.c.score >= score,
    "language": lambda language: ARTICLE.c.language == language,
    "label": lambda label: _JUDGED[Judgement(label)],
}


def references() -> Select[Any]:
    """Return the query of the alert that people know matches by: the story's own, before one that lists several."""
    is_other = ALERT.c.type != AlertType.STORY_NEW
    first = select(ALERT_MATCH.c.alert_id).join_from(ALERT_MATCH, ALERT).where(ALERT.c.updates.is_(None))
    return first.order_by(is_other, ALERT.c.planned_at, ALERT.c.id).limit(1)


def _teller() -> Select[Any]:
    """Return the query of the alert that told a match: its own, else the first that did."""
    is_other = ALERT.c.type != AlertType.STORY_NEW
    told = select(ALERT_MATCH.c.alert_id).join_from(ALERT_MATCH, ALERT).where(ALERT_MATCH.c.joined.is_(False))
    return told.order_by(is_other, ALERT.c.planned_at, ALERT.c.id).limit(1)


def _lines() -> Select[Any]:
    """Return the query of match lines."""
    of_match = ALERT_MATCH.c.match_id == MATCH.c.id
    alert_id = _teller().where(of_match).correlate(MATCH).scalar_subquery()
    joined = references().where(of_match, ALERT_MATCH.c.joined).correlate(MATCH).scalar_subquery()
    is_gone = type_coerce(REVISION.c.changed, String).contains('"withdrawn"') & ARTICLE.c.page_reason.is_not(None)
    withdrawn_at = (
        select(func.max(REVISION.c.seen_at))
        .where(REVISION.c.article_id == ARTICLE.c.id, is_gone)
        .correlate(ARTICLE)
        .scalar_subquery()
    )
    return (
        select(
            *(MATCH.c.id, MATCH.c.rule_id, MATCH.c.rule_title, MATCH.c.score, MATCH.c.threshold),
            _LEVEL.label("level"),
            *(MATCH.c.near_miss, MATCH.c.relevant, MATCH.c.recorded_at, MATCH.c.lost_at),
            *(ARTICLE.c.outlet, ARTICLE.c.title, ARTICLE.c.url, ARTICLE.c.published_at, ARTICLE.c.completeness),
            ARTICLE.c.language,
            *(ENTRY.c.first_seen_at, ENTRY.c.baseline),
            alert_id.label("alert_id"),
            joined.label("joined_alert_id"),
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
        joined_alert_id=None if row.joined_alert_id is None else AlertId(row.joined_alert_id),
    )


def list_matches(connection: Connection, wanted: MatchFilter, *, limit: int) -> tuple[MatchLine, ...]:
    """Return matches, the latest first; see `Store.matches`."""
    query = _lines().where(*_conditions(wanted)).order_by(MATCH.c.id.desc()).limit(limit)
    return tuple(_line(row) for row in connection.execute(query))


def list_records(
    connection: Connection, wanted: MatchFilter, *, below: int | None, limit: int
) -> tuple[MatchRecord, ...]:
    """Return matches with all that an export has of them, the latest first; see `Store.match_records`."""
    conditions = _conditions(replace(wanted, rule=None))
    if wanted.rule is not None:  # not by its index: each page would sort all that the rule matched
        conditions.append(MATCH.c.rule_id.concat("") == wanted.rule)
    if below is not None:
        conditions.append(MATCH.c.id < below)
    rows = connection.execute(
        _lines()
        .add_columns(
            *(MATCH.c.rule_version, MATCH.c.rule_status, MATCH.c.labels, MATCH.c.tags, ARTICLE.c.wire),
            *(ARTICLE.c.entities, ARTICLE.c.story_id, STORY.c.title.label("story_title")),
            *(STORY.c.outlets, STORY.c.texts),
        )
        .join(STORY, STORY.c.id == ARTICLE.c.story_id)
        .where(*conditions)
        .order_by(MATCH.c.id.desc())
        .limit(limit)
    ).all()
    alerts = tuple({row.alert_id for row in rows if row.alert_id is not None})
    silences: dict[str, str] = {}
    deliveries: dict[str, list[Any]] = {}
    for some in chunks(alerts):
        silenced = select(ALERT.c.id, ALERT.c.silence).where(ALERT.c.id.in_(some), ALERT.c.silence.is_not(None))
        silences |= {row.id: row.silence for row in connection.execute(silenced)}
        to_whom = select(DELIVERY.c.alert_id, DELIVERY.c.receiver, DELIVERY.c.state, DELIVERY.c.sent_at)
        for row in connection.execute(to_whom.where(DELIVERY.c.alert_id.in_(some)).order_by(DELIVERY.c.id)):
            deliveries.setdefault(row.alert_id, []).append(row)
    return tuple(_record(row, deliveries.get(row.alert_id, ()), silences.get(row.alert_id)) for row in rows)


def has_matched(connection: Connection, rule: str) -> bool:
    """Say whether a rule is in the log; see `Store.has_matched`."""
    return connection.scalar(select(MATCH.c.id).where(MATCH.c.rule_id == rule).limit(1)) is not None


def _record(row: Row[Any], deliveries: Sequence[Any], silence: str | None) -> MatchRecord:
    return MatchRecord(
        line=_line(row),
        rule_version=row.rule_version,
        rule_status=Status(row.rule_status),
        labels=tuple((name, value) for name, value in row.labels),
        tags=tuple(row.tags),
        wire=row.wire,
        entities=tuple(row.entities),
        story_id=row.story_id,
        story_title=row.story_title,
        outlets=row.outlets,
        texts=row.texts,
        deliveries=tuple((each.receiver, DeliveryState(each.state)) for each in deliveries),
        sent_at=min((each.sent_at for each in deliveries if each.sent_at is not None), default=None),
        silence=silence,
    )


def _conditions(wanted: MatchFilter) -> list[ColumnElement[bool]]:
    given = {name: getattr(wanted, name) for name in _FILTERS}
    chosen = [_FILTERS[name](value) for name, value in given.items() if value is not None]
    return chosen if wanted.near_misses else [MATCH.c.near_miss.is_(False), *chosen]


def get_match(connection: Connection, ref: str) -> MatchDetail:
    """Return one match and all that explains it; see `Store.match`."""
    _, ids = resolve(connection, ref)
    lines = [_line(row) for row in connection.execute(_lines().where(MATCH.c.id.in_(ids)))]
    # those that an alert was made of, before those that joined it
    best, *others = sorted(lines, key=lambda line: (line.alert_id is None, -line.score, line.id))
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
    if len(wanted) > _MOST_CHARS:  # which SQLite may find too long to look for
        raise NotFoundError(f"no alert {clip(wanted, _MOST_CHARS)!r}; `veille matches` lists them")
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
