"""What finds the stories that an article may belong to: keys with times, and how rare words are.

A lookup is a bounded number of indexed reads, however many articles are stored: of each key the newest few articles, of
those the most promising, of their stories a few, of each a few articles. Of the places that others want, no house keeps
more than a quarter: however much it publishes, it hides nobody. Where the places of a key are taken, each article that
comes costs one, and the house that has most of them pays it, as long as it has more than its quarter. What is older
than `KEPT` is forgotten here (the article and its story stay): nothing that comes now is of the same event. Articles
that were stored before there was grouping have no keys, and are not found.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from monitor.likenesses import features_from, features_values
from monitor.model import Candidate, Member
from monitor.store.codec import story_from_row
from monitor.store.sql import Instant, Json, chunks
from monitor.store.tables import ARTICLE, GROUPED, STORY, STORY_KEY, TERM_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

# One statement for all keys of an article, and for all its words: it is statements that take the time, not rows.
_KEYS: Final = func.json_each(bindparam("keys", type_=Json())).table_valued("value")
_WITH_KEY: Final = (
    select(STORY_KEY.c.article_id)
    .where(
        STORY_KEY.c.key == _KEYS.c.value,
        STORY_KEY.c.at.between(bindparam("since", type_=Instant()), bindparam("until", type_=Instant())),
    )
    .order_by(STORY_KEY.c.at.desc())
    .limit(_PER_KEY)
    .correlate(_KEYS)
    .subquery()
)
_WITH_KEYS: Final = select(
    select(type_coerce(func.json_group_array(_WITH_KEY.c.article_id), Json())).correlate(_KEYS).scalar_subquery()
).select_from(_KEYS)
_WORDS: Final = func.json_each(bindparam("words", type_=Json())).table_valued("value")
_COUNTED: Final = (
    select(TERM_COUNT.c.term, func.sum(TERM_COUNT.c.articles).label("articles"))
    .where(TERM_COUNT.c.week.in_(bindparam("weeks", expanding=True)), TERM_COUNT.c.term.in_(select(_WORDS.c.value)))
    .group_by(TERM_COUNT.c.term)
)
# Most articles are under no key that many share: which are full is asked for all at once.
_FULL: Final = select(_KEYS.c.value).where(
    select(STORY_KEY.c.key).where(STORY_KEY.c.key == _KEYS.c.value).limit(1).offset(_PER_KEY).correlate(_KEYS).exists()
)
_NEWEST: Final = (
    select(STORY_KEY.c.at, STORY_KEY.c.article_id, GROUPED.c.house)
    .join_from(STORY_KEY, GROUPED, GROUPED.c.article_id == STORY_KEY.c.article_id)
    .where(STORY_KEY.c.key == bindparam("k"))
    .order_by(STORY_KEY.c.at.desc(), STORY_KEY.c.article_id.desc())
    .limit(_PER_KEY + 1)
    .subquery()
)
_OF_HOUSE: Final = select(
    _NEWEST.c.at, _NEWEST.c.article_id, func.count().over(partition_by=_NEWEST.c.house).label("places")
).subquery()
_TOO_MANY: Final = (
    select(_OF_HOUSE.c.at, _OF_HOUSE.c.article_id)
    .where(_OF_HOUSE.c.places > _PER_KEY // _SHARE)
    .order_by(_OF_HOUSE.c.places.desc(), _OF_HOUSE.c.at, _OF_HOUSE.c.article_id)
    .limit(1)
)
_MAKE_ROOM: Final = delete(STORY_KEY).where(
    STORY_KEY.c.key == bindparam("k"), tuple_(STORY_KEY.c.at, STORY_KEY.c.article_id).in_(_TOO_MANY)
)

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_OF_STORIES: Final = select(GROUPED.c.article_id, GROUPED.c.story_id, GROUPED.c.house).where(
    GROUPED.c.article_id.in_(_IDS)
)
_HOUSES: Final = (
    select(GROUPED.c.story_id, GROUPED.c.house, func.count().label("articles"))
    .where(GROUPED.c.story_id.in_(_IDS))
    .group_by(GROUPED.c.story_id, GROUPED.c.house)
)
_COMPARED: Final = (
    select(
        GROUPED.c.article_id,
        func.row_number()
        .over(
            partition_by=GROUPED.c.story_id,
            order_by=(GROUPED.c.article_id.not_in(bindparam("near", expanding=True)), GROUPED.c.article_id),
        )
        .label("nth"),
    )
    .where(GROUPED.c.story_id.in_(_IDS), GROUPED.c.features.is_not(None))
    .subquery()
)
_MEMBERS_OF: Final = (
    select(GROUPED)
    .where(GROUPED.c.article_id.in_(select(_COMPARED.c.article_id).where(_COMPARED.c.nth <= _MEMBERS)))
    .order_by(GROUPED.c.article_id)
)
_ONE_EACH: Final = select(bindparam("week", type_=TERM_COUNT.c.week.type), _WORDS.c.value, literal(1))
_COUNT: Final = upsert(TERM_COUNT).from_select(
    ["week", "term", "articles"],
    _ONE_EACH.where(true()),  # without one, SQLite takes ON CONFLICT for a part of the SELECT
)
_COUNT_ONE_MORE: Final = _COUNT.on_conflict_do_update(
    index_elements=["week", "term"], set_={"articles": TERM_COUNT.c.articles + 1}
)
_OLD: Final = (
    select(GROUPED)
    .where(GROUPED.c.features.is_not(None), GROUPED.c.at < bindparam("before", type_=Instant()))
    .limit(_FORGOTTEN)
)
_OLD_WORDS: Final = (
    select(TERM_COUNT.c.week, TERM_COUNT.c.term).where(TERM_COUNT.c.week < bindparam("before")).limit(_WORDS_FORGOTTEN)
)
_FORGET_WORDS: Final = delete(TERM_COUNT).where(tuple_(TERM_COUNT.c.week, TERM_COUNT.c.term).in_(_OLD_WORDS))

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
    rows = connection.execute(_COUNTED, {"weeks": weeks, "words": [_ALL, *terms]})
    return {row.term: row.articles for row in rows}


def find_stories(
    connection: Connection, keys: Sequence[int], *, own_id: str, since: datetime, until: datetime
) -> tuple[Candidate, ...]:
    """Return the stories that an article may belong to; see `Store.find_stories`."""
    shared: Counter[int] = Counter()
    for articles in connection.scalars(_WITH_KEYS, {"keys": keys, "since": since, "until": until}):
        shared.update(articles)
    alike = [article_id for article_id, keys_shared in shared.most_common() if keys_shared >= _SHARED]
    known = {row.article_id: row for some in chunks(alike) for row in connection.execute(_OF_STORIES, {"ids": some})}
    near = _fairly([(known[each], known[each].house) for each in alike if each in known], _PER_KEY)
    story_of = {row.article_id: row.story_id for row in near}
    first_in = {row.story_id: row.house for row in reversed(near)}
    ids = _fairly([(id_, first_in[id_]) for id_ in dict.fromkeys(story_of.values())], _STORIES)
    return _candidates(connection, {own_id, *ids}, near=list(story_of), own_id=own_id)


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


def _candidates(
    connection: Connection, story_ids: Iterable[str], *, near: Sequence[int], own_id: str
) -> tuple[Candidate, ...]:
    """Return stories with what an article is compared with: those of their articles that are near, then the first."""
    rows = connection.execute(select(STORY).where(STORY.c.id.in_(story_ids))).all()
    ids = [row.id for row in rows]
    houses: dict[str, dict[str, int]] = {id_: {} for id_ in ids}
    for row in connection.execute(_HOUSES, {"ids": ids}):
        houses[row.story_id][row.house] = row.articles
    members: dict[str, list[Member]] = {id_: [] for id_ in ids}
    for row in connection.execute(_MEMBERS_OF, {"ids": ids, "near": near}):
        members[row.story_id].append(_member(row))
    return tuple(
        Candidate(
            story=story_from_row(row),
            members=tuple(members[row.id]),
            articles=sum(houses[row.id].values()),
            houses=tuple(houses[row.id]),
            is_own=row.id == own_id,
        )
        for row in rows
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
        full = connection.scalars(_FULL, {"keys": [key["key"] for key in keys]}).all()
        if full:
            connection.execute(_MAKE_ROOM, [{"k": key} for key in full])
    _forget(connection, now=now)


def _count(connection: Connection, terms: Iterable[str], *, now: datetime) -> None:
    connection.execute(_COUNT_ONE_MORE, {"week": _week(now), "words": [_ALL, *terms]})


def _forget(connection: Connection, *, now: datetime) -> None:
    rows = connection.execute(_OLD, {"before": now - KEPT}).all()
    if rows:
        _forget_keys(connection, rows)
        ids = [row.article_id for row in rows]
        connection.execute(update(GROUPED).where(GROUPED.c.article_id.in_(ids)).values(features=null()))
    connection.execute(_FORGET_WORDS, {"before": _week(now) - _WEEKS})


def _forget_keys(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    there = [{"k": key, "a": row.at, "i": row.article_id} for row in rows for key in row.story_keys]
    if there:
        one = (STORY_KEY.c.key == bindparam("k"), STORY_KEY.c.at == bindparam("a", type_=Instant()))
        connection.execute(delete(STORY_KEY).where(*one, STORY_KEY.c.article_id == bindparam("i")), there)


def _week(now: datetime) -> int:
    return int(now.timestamp() // timedelta(weeks=1).total_seconds())


def _member(row: Row[Any]) -> Member:
    return Member(row.article_id, row.house, row.url_key, row.at, row.text_id, features_from(row.features))
