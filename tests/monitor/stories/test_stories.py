"""A story is one article, and its id says which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from monitor.model import Article, Completeness, Story, StorySource
from monitor.stories import assign

SEEN = datetime(2024, 5, 16, 5, 11, 40, tzinfo=UTC)
ARTICLE = Article(
    url="https://gazette.example/a/1",
    title="Le port de Kharkiv-sur-Mer rouvre",
    lead="",
    body="",
    language="fr",
    published_at=SEEN,
    authors=(),
    completeness=Completeness.FULL,
    extractor="feed",
    text_sha256="0" * 64,
    outlet="La Gazette de Lutèce",
)


def story(article: Article = ARTICLE, key: str = "g:1", house: str = "gazette.example") -> Story:
    return assign(article, entry_key=key, house=house, first_seen_at=SEEN).story


def test_a_story_is_its_one_article() -> None:
    expected = StorySource(
        outlet="La Gazette de Lutèce",
        url="https://gazette.example/a/1",
        published_at=SEEN,
        completeness=Completeness.FULL,
        wire=None,
        title="Le port de Kharkiv-sur-Mer rouvre",
        extractor=ARTICLE.extractor,
    )
    actual = story()

    assert (expected,) == actual.sources
    assert (ARTICLE.title, SEEN) == (actual.title, actual.first_seen_at)


def test_an_article_seen_twice_is_one_story_even_retitled() -> None:
    assert story().id == story(replace(ARTICLE, title="Le port rouvre enfin")).id


def test_a_guid_reused_by_another_house_or_for_another_address_is_another_story() -> None:
    ids = {
        story().id,
        story(key="g:2").id,
        story(house="echo.example").id,
        story(replace(ARTICLE, url=None)).id,
    }

    assert len(ids) == 4


def test_d1_a_feed_that_takes_anothers_title_has_no_part_in_its_stories() -> None:
    assert story().id == story(replace(ARTICLE, outlet="L'Écho du Vexin")).id
    assert story().id != story(house="ailleurs.example").id


def test_a_wire_credit_marks_the_source_and_its_absence_says_nothing() -> None:
    assert story(replace(ARTICLE, wire="AFP")).sources[0].wire is True
    assert story().sources[0].wire is None


def test_a_key_that_is_not_valid_unicode_still_makes_a_story() -> None:
    assert story(key="g:\ud800").id.startswith("st_")
