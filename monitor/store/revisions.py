"""How articles changed, what people know of them, and the revisions that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, case, exists, func, insert, select, update

from monitor.errors import NotFoundError
from monitor.links import link_key, web_link
from monitor.model import AlertId, AlertType, DeliveryState, EntryId, Told
from monitor.store.codec import article_from_row, match_from_row, source_of_row, story_told
from monitor.store.grouping import copy_of
from monitor.store.log import references, resolve
from monitor.store.sql import chunks
from monitor.store.tables import ALERT, ALERT_MATCH, ARTICLE, DELIVERY, ENTRY, MATCH, REVISION, STORY
from monitor.store.values import Earlier, RevisionLine, Wording
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Row, Select

__all__ = ["add_revision", "earlier", "list_revisions", "lose_matches", "told_of_story"]

_LINKS = (
    select(ALERT_MATCH.c.match_id, ALERT_MATCH.c.title, ALERT_MATCH.c.level, ALERT_MATCH.c.joined)
    .add_columns(ALERT.c.id, ALERT.c.updates, ALERT.c.receivers, ALERT.c.type)
    .join_from(ALERT_MATCH, ALERT)
    .join(MATCH, MATCH.c.id == ALERT_MATCH.c.match_id)
    .order_by(ALERT.c.planned_at, ALERT.c.updates.is_not(None), ALERT.c.id)
)

_THESE = DELIVERY.c.alert_id.in_(bindparam("ids", expanding=True))
# What a silence held for when it was to leave was told to nobody. Not by the index of states: it would read all of it.
_IS_SILENCED = DELIVERY.c.state.concat("") == DeliveryState.SILENCED
_SILENCED = select(DELIVERY.c.alert_id, DELIVERY.c.receiver).where(_THESE, _IS_SILENCED)

_BEFORE = DELIVERY.alias()
# Of updates, the messages to those who had been told nothing of the story and rule: they reached no first alert.
_FIRST_OF_THEIRS = select(DELIVERY.c.alert_id, DELIVERY.c.receiver).where(
    _THESE,
    ~exists().where(
        _BEFORE.c.alert_id == DELIVERY.c.updates,
        _BEFORE.c.receiver == DELIVERY.c.receiver,
        _BEFORE.c.state != DeliveryState.SILENCED,
    ),
)

_LEVELS = tuple(Level)

_OF_MANY = frozenset({AlertType.STORY_DIGEST, AlertType.STORY_RECAP})

_AS_LISTED = select(ARTICLE.c.id, ARTICLE.c.outlet, ARTICLE.c.url, ARTICLE.c.published_at).add_columns(
    *(ARTICLE.c.completeness, ARTICLE.c.wire, ARTICLE.c.title, ARTICLE.c.extractor, ARTICLE.c.entities)
)


def earlier(connection: Connection, entry_id: EntryId) -> Earlier | None:
    """Return an article as it was recorded before; see `Store.earlier`."""
    article = connection.execute(select(ARTICLE, copy_of()).where(ARTICLE.c.entry_id == entry_id)).one_or_none()
    if article is None:
        return None
    story = connection.execute(select(STORY).where(STORY.c.id == article.story_id)).one()
    told = _all_told(connection, [article.id])
    return Earlier(article_from_row(article), story_told(story, article), told, article.copy_of)


def told_of_story(connection: Connection, story_id: str) -> tuple[Told, ...]:
    """Return the matches of a story's articles with what people were told of them; see `Store.told_of_story`."""
    ids = connection.scalars(select(ARTICLE.c.id).where(ARTICLE.c.story_id == story_id).order_by(ARTICLE.c.id))
    return _all_told(connection, ids.all())


def _all_told(connection: Connection, article_ids: Sequence[int]) -> tuple[Told, ...]:
    told: list[Told] = []
    for ids in chunks(article_ids):
        of_them = MATCH.c.article_id.in_(ids)
        articles = {row.id: row for row in connection.execute(_AS_LISTED.where(ARTICLE.c.id.in_(ids)))}
        links: dict[int, list[Row[Any]]] = {}
        for link in connection.execute(_LINKS.where(of_them)):
            links.setdefault(link.match_id, []).append(link)
        hearers = _hearers(connection, {link.id: link for some in links.values() for link in some})
        matches = select(MATCH).where(of_them, MATCH.c.near_miss.is_(False)).order_by(MATCH.c.id)
        told += [
            _told(row, links.get(row.id, []), hearers, articles[row.article_id]) for row in connection.execute(matches)
        ]
    return tuple(told)


class _Hearers(NamedTuple):
    """Who heard an alert: those for whom a silence held it did not."""

    all: tuple[str, ...]
    first: tuple[str, ...]  # those who had been told nothing of the story and rule before; of most updates nobody


def _hearers(connection: Connection, alerts: Mapping[str, Row[Any]]) -> dict[str, _Hearers]:
    silenced = _messages(connection, _SILENCED, sorted(alerts))
    updates = sorted(id_ for id_, alert in alerts.items() if alert.updates is not None)
    first = _messages(connection, _FIRST_OF_THEIRS, updates)
    found = {}
    for id_, alert in alerts.items():
        heard = tuple(name for name in alert.receivers if (id_, name) not in silenced)
        is_first = alert.updates is None
        found[id_] = _Hearers(heard, tuple(name for name in heard if is_first or (id_, name) in first))
    return found


def _messages(connection: Connection, which: Select[Any], alerts: Sequence[str]) -> set[tuple[str, str]]:
    """Return those messages of alerts that a query asks for, by alert and receiver."""
    return {(row.alert_id, row.receiver) for ids in chunks(alerts) for row in connection.execute(which, {"ids": ids})}


def _told(row: Row[Any], links: Sequence[Row[Any]], hearers: Mapping[str, _Hearers], article: Row[Any]) -> Told:
    firsts = [(link, hearers[link.id].first) for link in links]
    levels = [link.level for link in links if link.level is not None]
    return Told(
        match=match_from_row(row),
        source=source_of_row(article),
        title=next((link.title for link in reversed(links) if link.title is not None), article.title),
        level=Level(levels[-1] if levels else row.raised_level or row.level or row.rule_level),
        is_lost=row.lost_at is not None,
        first=tuple((AlertId(link.id), names) for link, names in firsts if names or link.updates is None),
        with_others=frozenset(AlertId(link.id) for link in links if link.type in _OF_MANY),
        times=len(links),
        highest=_highest(links, hearers),
        is_raised=row.raised_level is not None,
        match_id=row.id,
        entities=tuple(article.entities),
    )


def _highest(links: Sequence[Row[Any]], hearers: Mapping[str, _Hearers]) -> tuple[tuple[str, Level], ...]:
    """Return the highest level at which each receiver was told a match; an alert that it joined says nothing of it."""
    links = [link for link in links if link.level and not link.joined]
    told = ((name, Level(link.level)) for link in links for name in hearers[link.id].all)
    return tuple(dict(sorted(told, key=lambda one: _LEVELS.index(one[1]))).items())


def lose_matches(connection: Connection, article_id: int, rules: Sequence[str], *, now: datetime) -> None:
    """Note that rules no longer find an article; what waits for a recap is told in none."""
    for some in chunks(rules):
        lost = (MATCH.c.article_id == article_id, MATCH.c.rule_id.in_(some), MATCH.c.lost_at.is_(None))
        still = case((MATCH.c.recap == "pending", None), else_=MATCH.c.recap)
        connection.execute(update(MATCH).where(*lost).values(lost_at=now, recap=still))


def add_revision(
    connection: Connection, article_id: int, changed: Sequence[str], *, keep_text: bool, now: datetime
) -> None:
    """Keep what an article says, before it is replaced. Of one that is reserved, only titles (promise P5)."""
    if not keep_text:
        connection.execute(update(REVISION).where(REVISION.c.article_id == article_id).values(lead="", body=""))
    if not changed:
        return
    columns = (ARTICLE.c.title, ARTICLE.c.lead, ARTICLE.c.body, ARTICLE.c.text_sha256)
    before = connection.execute(select(*columns).where(ARTICLE.c.id == article_id)).one()
    last = connection.scalar(select(func.max(REVISION.c.number)).where(REVISION.c.article_id == article_id))
    row = {
        "article_id": article_id,
        "number": (last or 0) + 1,
        "seen_at": now,
        "changed": changed,
        "title": before.title,
        "lead": before.lead if keep_text else "",
        "body": before.body if keep_text else "",
        "text_sha256": before.text_sha256,
    }
    connection.execute(insert(REVISION), row)


def list_revisions(
    connection: Connection, *, ref: str | None, since: datetime | None, limit: int
) -> tuple[RevisionLine, ...]:
    """Return how articles changed, the latest first; see `Store.revisions`."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(REVISION.c.seen_at >= since)
    if ref is not None:
        conditions.append(REVISION.c.article_id.in_(_articles(connection, ref)))
    alert_id = (
        references()
        .join(MATCH, MATCH.c.id == ALERT_MATCH.c.match_id)
        .where(MATCH.c.article_id == REVISION.c.article_id)
        .correlate(REVISION)
        .scalar_subquery()
    )
    query = (
        select(REVISION, ARTICLE.c.outlet, ARTICLE.c.url, alert_id.label("alert_id"))
        .join_from(REVISION, ARTICLE)
        .where(*conditions)
        .order_by(REVISION.c.seen_at.desc(), REVISION.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return tuple(
        RevisionLine(
            alert_id=None if row.alert_id is None else AlertId(row.alert_id),
            number=row.number,
            seen_at=row.seen_at,
            changed=tuple(row.changed),
            outlet=row.outlet,
            url=row.url,
            before=_wording(row),
            after=_after(connection, row),
        )
        for row in rows
    )


def _after(connection: Connection, row: Row[Any]) -> Wording:
    """Return what an article said after a revision: in the next one, or in the article."""
    following = (REVISION.c.article_id == row.article_id, REVISION.c.number == row.number + 1)
    found = connection.execute(select(REVISION).where(*following)).one_or_none()
    return _wording(found or connection.execute(select(ARTICLE).where(ARTICLE.c.id == row.article_id)).one())


def _wording(row: Row[Any]) -> Wording:
    return Wording(row.title, row.lead, row.body, row.text_sha256)


def _articles(connection: Connection, ref: str) -> Sequence[int]:
    """Return the articles that an address, an alert's reference or a match's number stands for."""
    if "://" not in ref:
        _, match_ids = resolve(connection, ref)
        return connection.scalars(select(MATCH.c.article_id).where(MATCH.c.id.in_(match_ids)).distinct()).all()
    link = web_link(ref, base="")
    by_link = select(ENTRY.c.id).where(ENTRY.c.link_key == (None if link is None else f"l:{link_key(link)}"))
    ids = connection.scalars(select(ARTICLE.c.id).where((ARTICLE.c.url == ref) | ARTICLE.c.entry_id.in_(by_link))).all()
    if not ids:
        raise NotFoundError(f"no article {ref}; `veille why` says where it got to")
    return ids
