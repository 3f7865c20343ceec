"""The stored articles, as rules read them again: to try a rule, to compare two sets, to say how one fares."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, case, func, or_, select

from monitor.model import ArticleId, Completeness, RuleRecord
from monitor.store.grouping import copy_of
from monitor.store.sql import chunks
from monitor.store.tables import ARTICLE, ENTRY, FEED, LABEL, MATCH
from monitor.store.values import ArchivedArticle, ArchiveSpan, ShadowMatch
from rules.types import Document, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

__all__ = ["archive_span", "archived", "judgements", "match_counts", "read_archive", "rule_record", "shadow_matches"]

_KEPT = or_(ENTRY.c.withheld.is_(False), ARTICLE.c.lead != "", ARTICLE.c.body != "")


def archive_span(connection: Connection, *, since: datetime) -> ArchiveSpan:
    """Return where the articles of a period lie; see `Store.archive_span`."""
    kept = case((_KEPT, 1), else_=0)
    found = connection.execute(
        select(
            func.min(ARTICLE.c.id).label("first_id"),
            func.max(ARTICLE.c.id).label("last_id"),
            func.coalesce(func.sum(kept), 0).label("articles"),
            func.coalesce(func.sum(1 - kept), 0).label("withheld"),
            func.min(ENTRY.c.first_seen_at).label("oldest_at"),
        )
        .join_from(ARTICLE, ENTRY)
        .where(ENTRY.c.first_seen_at >= since)
    ).one()
    if found.first_id is None:
        return ArchiveSpan(first_id=1, last_id=0)
    return ArchiveSpan(found.first_id, found.last_id, found.articles, found.withheld, found.oldest_at)


def _articles() -> Select[Any]:
    return (
        select(
            *(ARTICLE.c.id, ARTICLE.c.url, ARTICLE.c.title, ARTICLE.c.lead, ARTICLE.c.body, ARTICLE.c.language),
            *(ARTICLE.c.published_at, ARTICLE.c.outlet, ARTICLE.c.completeness, ARTICLE.c.wire),
            *(ENTRY.c.first_seen_at, FEED.c.url.label("feed_url"), copy_of()),
        )
        .join_from(ARTICLE, ENTRY)
        .join(FEED, FEED.c.id == ENTRY.c.feed_id)
        .order_by(ARTICLE.c.id)
    )


def read_archive(
    connection: Connection, first_id: int, last_id: int, *, since: datetime
) -> tuple[ArchivedArticle, ...]:
    """Return some articles of a period, in the order they were stored; see `Store.read_archive`."""
    inside = ARTICLE.c.id.between(first_id, last_id)
    query = _articles().where(inside, ENTRY.c.first_seen_at >= since, _KEPT)
    return tuple(_archived(row) for row in connection.execute(query))


def archived(connection: Connection, ids: Sequence[ArticleId]) -> dict[ArticleId, ArchivedArticle]:
    """Return these articles; see `Store.archived`."""
    return {
        row.id: _archived(row)
        for some in chunks(ids)
        for row in connection.execute(_articles().where(ARTICLE.c.id.in_(some)))
    }


def _archived(row: Row[Any]) -> ArchivedArticle:
    # by place: a name costs a look-up, and there are a hundred thousand rows
    id_, url, title, lead, body, language, published_at, outlet, completeness, wire, first_seen_at, feed, copied = (
        tuple(row)
    )
    document = Document(
        title=title,
        lead=lead,
        body=body,
        language=language,
        published_at=published_at,
        first_seen_at=first_seen_at,
        feed=feed,
        outlet=outlet,
        completeness=Completeness(completeness),
        wire=wire,
        copy_of=copied,
    )
    return ArchivedArticle(ArticleId(id_), url, first_seen_at, document)


def judgements(connection: Connection) -> dict[tuple[ArticleId, str], bool]:
    """Return the last judgement of each match that has one; see `Store.judgements`."""
    judged = select(LABEL.c.match_id)
    query = select(MATCH.c.article_id, MATCH.c.rule_id, MATCH.c.relevant).where(
        MATCH.c.id.in_(judged), MATCH.c.relevant.is_not(None)
    )
    return {(row.article_id, row.rule_id): row.relevant for row in connection.execute(query)}


def match_counts(connection: Connection, *, since: datetime) -> dict[str, int]:
    """Return how many matches of each rule were recorded; see `Store.match_counts`."""
    query = (
        select(MATCH.c.rule_id, func.count().label("matches"))
        .where(MATCH.c.recorded_at >= since, MATCH.c.near_miss.is_(False))
        .group_by(MATCH.c.rule_id)
    )
    return {row.rule_id: row.matches for row in connection.execute(query)}


def rule_record(connection: Connection, rule: str, *, today_at: datetime, judged_since: datetime) -> RuleRecord:
    """Return what a rule has given lately; see `Store.rule_record`."""
    of_rule = MATCH.c.rule_id == rule
    today = select(func.count()).where(of_rule, MATCH.c.recorded_at >= today_at, MATCH.c.near_miss.is_(False))
    judged = select(func.count().label("judged"), func.count().filter(MATCH.c.relevant).label("relevant")).where(
        of_rule, MATCH.c.recorded_at >= judged_since, MATCH.c.relevant.is_not(None)
    )
    found = connection.execute(judged).one()
    return RuleRecord(connection.scalar(today) or 0, found.relevant, found.judged)


def shadow_matches(connection: Connection, rules: Sequence[str], *, since: datetime) -> tuple[ShadowMatch, ...]:
    """Return what the log holds of a rule, oldest first; see `Store.shadow_matches`."""
    query = (
        select(MATCH.c.recorded_at, MATCH.c.near_miss, MATCH.c.rule_version, MATCH.c.rule_status, MATCH.c.relevant)
        .where(MATCH.c.rule_id.in_(rules), MATCH.c.recorded_at >= since)
        .order_by(MATCH.c.id)
    )
    return tuple(
        ShadowMatch(row.recorded_at, row.near_miss, row.rule_version, Status(row.rule_status), row.relevant)
        for row in connection.execute(query)
    )
