"""What finds the stories that an article may belong to: keys with times, and how rare words are.

A lookup is a bounded number of indexed reads, however many articles are stored: of each key the newest few articles, of
those the most promising, of their stories a few, of each a few articles. Of the places that others want, no house keeps
more than a quarter: however much it publishes, it hides nobody. What is older than `KEPT` is forgotten here (the
article and its story stay): nothing that comes now is of the same event. Articles that were stored before there was
grouping have no keys, and are not found.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, null, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from monitor.likenesses import features_from, features_values
from monitor.model import Candidate, Member
from monitor.store.codec import story_from_row
from monitor.store.sql import Instant, chunks
from monitor.store.tables import ARTICLE, GROUPED, STORY, STORY_KEY, TERM_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from monitor.model import Grouped

_T = TypeVar("_T")

__all__ = ["KEPT", "copy_of", "find_stories", "put_grouped", "term_counts", "voices"]

KEPT: Final = timedelta(days=4)
_WEEKS: Final = 2  # that words are counted in, beside the present one
_PER_KEY: Final = 40
_SHARED: Final = 2  # keys: one word that two articles have in common says nothing
_STORIES: Final = 8
_SHARE: Final = 4  # a house has one place of so many
_MEMBERS: Final = 12
_FORGOTTEN: Final = 20  # articles at once: more than come
_WORDS_FORGOTTEN: Final = 500
_ALL: Final = ""  # stands for the articles

_WITH_KEY: Final = (
    select(STORY_KEY.c.article_id)
    .where(
        STORY_KEY.c.key == bindparam("key"),
        STORY_KEY.c.at.between(bindparam("since", type_=Instant()), bindparam("until", type_=Instant())),
    )
    .order_by(STORY_KEY.c.at.desc())
    .limit(_PER_KEY)
)
_NEWEST: Final = (
    select(STORY_KEY.c.at, STORY_KEY.c.article_id, GROUPED.c.house)
    .join_from(STORY_KEY, GROUPED, GROUPED.c.article_id == STORY_KEY.c.article_id)
    .where(STORY_KEY.c.key == bindparam("k"))
    .order_by(STORY_KEY.c.at.desc(), STORY_KEY.c.article_id.desc())
    .limit(_PER_KEY)
    .subquery()
)
_RANKED: Final = select(
    _NEWEST.c.at,
    _NEWEST.c.article_id,
    func.count().over().label("places"),
    func.row_number().over(partition_by=_NEWEST.c.house, order_by=_NEWEST.c.at.desc()).label("nth"),
).subquery()
_TOO_MANY: Final = select(_RANKED.c.at, _RANKED.c.article_id).where(
    _RANKED.c.places == _PER_KEY, _RANKED.c.nth > _PER_KEY // _SHARE
)
_MAKE_ROOM: Final = delete(STORY_KEY).where(
    STORY_KEY.c.key == bindparam("k"), tuple_(STORY_KEY.c.at, STORY_KEY.c.article_id).in_(_TOO_MANY)
)

_OF_STORIES: Final = select(GROUPED.c.article_id, GROUPED.c.story_id, GROUPED.c.house).where(
    GROUPED.c.article_id.in_(bindparam("ids", expanding=True))
)
_COUNT: Final = upsert(TERM_COUNT).values(week=bindparam("week"), term=bindparam("term"), articles=1)
_COUNT_ONE_MORE: Final = _COUNT.on_conflict_do_update(
    index_elements=["week", "term"], set_={"articles": TERM_COUNT.c.articles + 1}
)

_FIRST: Final = GROUPED.alias("first")  # the article that had the text before


def copy_of() -> ColumnElement[str | None]:
    """Return, of each article that a query asks for, the other house that had its text before it.

    That is the one that published it first, of those that were known when the article was read (`copied_from`).
    """
    same_text = (_FIRST.c.story_id == GROUPED.c.story_id, _FIRST.c.text_id == GROUPED.c.text_id)
    before = (_FIRST.c.article_id < GROUPED.c.article_id, _FIRST.c.at <= GROUPED.c.at)
    first = (
        select(func.nullif(_FIRST.c.house, GROUPED.c.house))
        .join_from(GROUPED, _FIRST, and_(*same_text, *before))
        .where(GROUPED.c.article_id == ARTICLE.c.id)
        .order_by(_FIRST.c.at, _FIRST.c.article_id)
        .limit(1)
    )
    return first.correlate(ARTICLE).scalar_subquery().label("copy_of")


def term_counts(connection: Connection, terms: Sequence[str], *, now: datetime) -> dict[str, int]:
    """Return in how many articles of late each word was, and under the empty word how many there were."""
    weeks = [_week(now) - back for back in range(_WEEKS + 1)]
    counts: Counter[str] = Counter()
    for some in chunks((_ALL, *terms)):
        pairs = tuple_(TERM_COUNT.c.week, TERM_COUNT.c.term).in_([(week, term) for week in weeks for term in some])
        for row in connection.execute(select(TERM_COUNT.c.term, TERM_COUNT.c.articles).where(pairs)):
            counts[row.term] += row.articles
    return dict(counts)


def find_stories(
    connection: Connection, keys: Sequence[int], *, own_id: str, since: datetime, until: datetime
) -> tuple[Candidate, ...]:
    """Return the stories that an article may belong to; see `Store.find_stories`."""
    shared: Counter[int] = Counter()
    for key in keys:
        shared.update(connection.scalars(_WITH_KEY, {"key": key, "since": since, "until": until}))
    alike = [article_id for article_id, keys_shared in shared.most_common() if keys_shared >= _SHARED]
    known = {row.article_id: row for some in chunks(alike) for row in connection.execute(_OF_STORIES, {"ids": some})}
    near = _fairly([(known[each], known[each].house) for each in alike if each in known], _PER_KEY)
    story_of = {row.article_id: row.story_id for row in near}
    first_in = {row.story_id: row.house for row in reversed(near)}
    ids = _fairly([(id_, first_in[id_]) for id_ in dict.fromkeys(story_of.values())], _STORIES)
    rows = connection.execute(select(STORY).where(STORY.c.id.in_({own_id, *ids}))).all()
    return tuple(_candidate(connection, row, story_of, is_own=row.id == own_id) for row in rows)


def _fairly(found: Sequence[tuple[_T, str]], places: int) -> list[_T]:
    """Return the first so many of what was found, each with its house; those beyond a house's share come last."""
    seen: Counter[str] = Counter()
    within: list[_T] = []
    beyond: list[_T] = []
    for one, house in found:
        seen[house] += 1
        (within if seen[house] <= places // _SHARE else beyond).append(one)
    return [*within, *beyond][:places]


def voices(connection: Connection, story_id: str) -> tuple[tuple[str, datetime], ...]:
    """Return the houses that have a text of their own on a story; see `Store.voices`."""
    own = (GROUPED.c.story_id == story_id, GROUPED.c.text_id == GROUPED.c.article_id)
    first = select(GROUPED.c.house, func.min(GROUPED.c.at).label("at")).where(*own).group_by(GROUPED.c.house)
    return tuple((row.house, row.at) for row in connection.execute(first))


def _candidate(connection: Connection, story: Row[Any], story_of: Mapping[int, str], *, is_own: bool) -> Candidate:
    of_it = GROUPED.c.story_id == story.id
    houses = connection.execute(select(GROUPED.c.house, func.count()).where(of_it).group_by(GROUPED.c.house)).all()
    near = [article_id for article_id, story_id in story_of.items() if story_id == story.id]
    known = select(GROUPED).where(of_it, GROUPED.c.features.is_not(None))
    wanted = GROUPED.c.article_id.in_(near)
    first = connection.execute(known.where(wanted).limit(_MEMBERS)).all()
    others = known.where(~wanted).order_by(GROUPED.c.article_id).limit(_MEMBERS - len(first))
    members = sorted(map(_member, [*first, *connection.execute(others)]), key=lambda member: member.article_id)
    return Candidate(
        story=story_from_row(story),
        members=tuple(members),
        articles=sum(count for _, count in houses),
        houses=tuple(house for house, _ in houses),
        is_own=is_own,
    )


def put_grouped(connection: Connection, article_id: int, story_id: str, grouped: Grouped, *, now: datetime) -> None:
    """Keep what finds an article; what was kept of it before makes room. Forget some of what is old."""
    before = connection.execute(select(GROUPED).where(GROUPED.c.article_id == article_id)).one_or_none()
    if before is None:
        _count(connection, grouped.terms, now=now)
    else:
        _forget_keys(connection, [before])
        connection.execute(delete(GROUPED).where(GROUPED.c.article_id == article_id))
    row = {
        "article_id": article_id,
        "story_id": story_id,
        "house": grouped.house,
        "url_key": grouped.url_key,
        "at": grouped.at,
        "text_id": grouped.same_text_as or (article_id if before is None else before.text_id),
        "story_keys": grouped.keys,
        "features": features_values(grouped.features),
    }
    connection.execute(insert(GROUPED), row)
    if grouped.keys:
        keys = [{"key": key, "at": grouped.at, "article_id": article_id} for key in dict.fromkeys(grouped.keys)]
        connection.execute(insert(STORY_KEY), keys)
        connection.execute(_MAKE_ROOM, [{"k": key["key"]} for key in keys])
    _forget(connection, now=now)


def _count(connection: Connection, terms: Iterable[str], *, now: datetime) -> None:
    week = _week(now)
    connection.execute(_COUNT_ONE_MORE, [{"week": week, "term": term} for term in (_ALL, *terms)])


def _forget(connection: Connection, *, now: datetime) -> None:
    old = select(GROUPED).where(GROUPED.c.features.is_not(None), GROUPED.c.at < now - KEPT).limit(_FORGOTTEN)
    rows = connection.execute(old).all()
    if rows:
        _forget_keys(connection, rows)
        ids = [row.article_id for row in rows]
        connection.execute(update(GROUPED).where(GROUPED.c.article_id.in_(ids)).values(features=null()))
    weeks = select(TERM_COUNT.c.week, TERM_COUNT.c.term).where(TERM_COUNT.c.week < _week(now) - _WEEKS)
    some = weeks.limit(_WORDS_FORGOTTEN)
    connection.execute(delete(TERM_COUNT).where(tuple_(TERM_COUNT.c.week, TERM_COUNT.c.term).in_(some)))


def _forget_keys(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    there = [{"k": key, "a": row.at, "i": row.article_id} for row in rows for key in row.story_keys]
    if there:
        one = (STORY_KEY.c.key == bindparam("k"), STORY_KEY.c.at == bindparam("a", type_=Instant()))
        connection.execute(delete(STORY_KEY).where(*one, STORY_KEY.c.article_id == bindparam("i")), there)


def _week(now: datetime) -> int:
    return int(now.timestamp() // timedelta(weeks=1).total_seconds())


def _member(row: Row[Any]) -> Member:
    return Member(row.article_id, row.house, row.url_key, row.at, row.text_id, features_from(row.features))
