"""Which of its candidates an article belongs to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.model import ArticleKind, Grouped, Member, Story, StorySource
from monitor.stories.features import keys_of, url_key_of
from monitor.stories.likeness import WINDOW, Likeness, alike

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.model import Article, Candidate, Features

__all__ = ["STORY_SOURCES", "Assigned", "assign", "read_again", "search_of", "story_id"]

STORY_SOURCES: Final = 20  # articles of a story that are listed; the others are counted
_MOST_ARTICLES: Final = 200  # of a story; a further one begins another
_UNSETTLED: Final = 12  # articles until a story's medoid stays what it is


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

    An article is compared with the medoid of a story, so that a chain of likenesses joins no two events; with others of
    its articles only to see whether it is the same text. Of one house, only the same text or address is the same story.

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
    grouped = Grouped(house, me.url_key, at, features, keys_of(features, me.url_key), counted_terms, medoid=0)
    fits = [fit for one in candidates if (fit := (_fit(me, one), one.story.id, one))[0] > 0.0]
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
    grouped = replace(grouped, same_text_as=same, medoid=_medoid(me, best))
    return Assigned(story, best.story.outlets, grouped)


def read_again(alone: Assigned, article: Article, story: Story) -> Assigned:
    """Return the story of an article that was recorded before: the same, as the article now tells it.

    Args:
        alone: what `assign` makes of it without candidates.
        article: as it is now.
        story: as it is stored, with the article before the others.
    """
    told = replace(story, title=article.title, sources=(source_of(article), *story.sources[1:]))
    grouped = None if alone.grouped is None else replace(alone.grouped, medoid=None)
    return Assigned(told, story.outlets, grouped)


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
        title=article.title,
        extractor=article.extractor,
    )


def story_id(*parts: str) -> str:
    """Return the id of a story that begins with the article which these parts identify."""
    return "st_" + sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _fit(me: Member, candidate: Candidate) -> float:
    """Return how well an article fits a story; 0: it does not."""
    if candidate.is_own:
        return 9.0
    seen: dict[int, Likeness] = {one.article_id: alike(me, one) for one in candidate.members}
    of_house = [seen[one.article_id] for one in candidate.members if one.house == me.house]
    if me.house in candidate.houses:
        return max((one.score for one in of_house if one.is_same_text), default=0.0)
    if me.features.kind is not ArticleKind.NEWS:
        return 0.0
    central = None if candidate.medoid is None else alike(me, candidate.medoid)
    return central.score if central is not None and central.is_same_event else 0.0


def _medoid(me: Member, candidate: Candidate) -> int | None:
    """Return the article that is nearest to the others; 0: the one that comes; None: it stays."""
    if candidate.articles >= _UNSETTLED:
        return None
    members = (*candidate.members, me)
    sums = [(sum(min(alike(one, other).score, 1.0) for other in members if other is not one), one) for one in members]
    return max(sums, key=lambda one: (one[0], -one[1].article_id))[1].article_id
