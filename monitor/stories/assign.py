"""Which of its candidates an article belongs to. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from hashlib import sha256
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.model import ArticleKind, Grouped, Member, Story, StorySource
from monitor.stories.features import keys_of, url_key_of
from monitor.stories.likeness import NEVER, WINDOW, alike

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.model import Article, Candidate, Features

__all__ = ["STORY_SOURCES", "Assigned", "assign", "read_again", "search_of", "story_id"]

STORY_SOURCES: Final = 20  # articles of a story that are listed; the others are counted
_MOST_ARTICLES: Final = 200  # of a story; a further one begins another
_EVENT: Final = 0.75  # the mean log-odds from which an article is on the event of a story: a wrong merge hides news


@dataclass(frozen=True, slots=True)
class Assigned:
    """The story of an article, with the article in it.

    `outlets_before` is how many outlets it had without the article: 0, it is new; less than `story.outlets`, it grew by
    one. `grouped` is what the store keeps, so that the next article finds it.
    """

    story: Story
    outlets_before: int
    grouped: Grouped | None


class Search(NamedTuple):
    """What finds the candidates of an article; see `Store.find_stories`."""

    keys: tuple[int, ...]
    own_id: str
    since: datetime
    until: datetime


def assign(
    article: Article,
    *,
    entry_key: str,
    house: str,
    first_seen_at: datetime,
    features: Features | None = None,
    candidates: Sequence[Candidate] = (),
    counted_terms: tuple[str, ...] = (),
) -> Assigned:
    """Return the story of an article: the candidate that it is clearly of, the likest one, or a new one.

    An article is compared with every text of a story, and must be of its event by the mean, so that a chain of
    likenesses joins no two events; the same text is. Of one house, only the same text or address is the same story.

    Args:
        article: what was read.
        entry_key: what identifies its entry inside its feed. The id of a new story derives from it, the house and the
            address, so that one article in two feeds of a house is one story, and a number reused as a guid is not.
        house: the outlet that the operator declared, or else the feed's site; not the title that a feed gives itself,
            which may be another's (promise I7).
        first_seen_at: when the entry was first seen, UTC.
        features: weighed; None: they could not be made, and it stays alone.
        counted_terms: what `counted` gave of its features before they were weighed.
        candidates: the stories that share a key with it.
    """
    source = source_of(article)
    alone = Story(
        id=story_id(house, entry_key, article.url or ""),
        title=article.title,
        first_seen_at=first_seen_at,
        sources=(source,),
    )
    if features is None:
        return Assigned(alone, 0, None)
    at = _at(article, first_seen_at)
    me = Member(0, house, url_key_of(article.url), at, 0, features)
    grouped = Grouped(house, me.url_key, at, features, keys_of(features, me.url_key), counted_terms)
    fits = [fit for one in candidates if (fit := (_fit(me, one), one.story.id, one))[0] >= _EVENT]
    has_room = [fit for fit in fits if fit[2].is_own or fit[2].articles < _MOST_ARTICLES]
    if not has_room:
        # of a full story another begins, which counts the articles of the one before
        full = max((one.articles for _, _, one in fits), default=0)
        return Assigned(replace(alone, truncated=full), 0, grouped)
    *_, best = max(has_room, key=lambda one: one[:2])
    same = next((one.text_id for one in best.members if alike(me, one).is_same_text), None)
    others = tuple(one for one in best.story.sources if (one.outlet, one.url) != (source.outlet, source.url))
    listed = (source, *others)
    story = replace(
        best.story,
        title=article.title,
        sources=listed[:STORY_SOURCES],
        truncated=best.story.truncated + max(0, len(listed) - STORY_SOURCES),
        outlets=best.story.outlets + (house not in best.houses and not best.is_own),
        texts=best.story.texts + (same is None),
    )
    return Assigned(story, best.story.outlets, replace(grouped, same_text_as=same))


def read_again(alone: Assigned, article: Article, story: Story) -> Assigned:
    """Return the story of an article that was recorded before: the same, as the article now tells it.

    Args:
        alone: what `assign` makes of it without candidates.
        article: as it is now.
        story: as it is stored, with the article before the others.
    """
    told = replace(story, title=article.title, sources=(source_of(article), *story.sources[1:]))
    return Assigned(told, story.outlets, alone.grouped)


def search_of(article: Article, features: Features, *, entry_key: str, house: str, first_seen_at: datetime) -> Search:
    """Return what finds the candidates of an article; see `assign`."""
    at = _at(article, first_seen_at)
    own_id = story_id(house, entry_key, article.url or "")
    return Search(keys_of(features, url_key_of(article.url)), own_id, at - WINDOW, at + WINDOW)


def _at(article: Article, first_seen_at: datetime) -> datetime:
    return min(article.published_at or first_seen_at, first_seen_at)


def source_of(article: Article) -> StorySource:
    """Return an article as its story lists it."""
    return StorySource(
        outlet=article.outlet,
        url=article.url,
        published_at=article.published_at,
        completeness=article.completeness,
        wire=True if article.wire else None,  # no credit read is not the same as no agency
        agency=article.wire,
        title=article.title,
        extractor=article.extractor,
    )


def story_id(*parts: str) -> str:
    """Return the id of a story that begins with the article which these parts identify."""
    return "st_" + sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _fit(me: Member, candidate: Candidate) -> float:
    """Return how well an article fits a story: the mean log-odds that it is of its event."""
    if candidate.is_own:
        return math.inf
    alikes = [(one, alike(me, one)) for one in candidate.members]
    same = [likeness.score for _, likeness in alikes if likeness.is_same_text]
    if me.features.kind is not ArticleKind.NEWS:
        of_house = [likeness.score for one, likeness in alikes if one.house == me.house and likeness.is_same_text]
        return max(of_house, default=NEVER)
    if same:
        return max(same)
    if me.house in candidate.houses:
        return NEVER
    by_text: dict[int, float] = {}
    for one, likeness in sorted(alikes, key=lambda pair: pair[0].article_id):
        by_text.setdefault(one.text_id, likeness.score)  # of the first: a copy may have news of its own above it
    known = [score for score in by_text.values() if score > NEVER]  # of what tells too little, nothing is known
    return fmean(known) if known else NEVER
