"""What finds the articles that are like another, in the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.model import Grouped
from monitor.store import Store
from monitor.stories import counted, features_of, keys_of, weigh
from tests.monitor.store.samples import NOW, article, claim, entry, live_feed, poll, story

DAYS = timedelta(days=30)
SINCE, UNTIL = NOW - timedelta(days=3), NOW + timedelta(days=3)


def grouped(title: str, *, url_key: str = "", at: int = 0) -> Grouped:
    features = features_of(title, "", f"{title}. " * 12)
    terms = counted(features)
    features = weigh(features, {})
    return Grouped("gazette.example", url_key, NOW + timedelta(days=at), features, keys_of(features, url_key), terms)


def put(store: Store, name: str, given: Grouped, *, days: int = 0, of: str = "") -> None:
    at = NOW + timedelta(days=days)
    poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/a"), at=at)
    (claimed,) = claim(store, at=at)
    store.record_article(
        claimed.id, article(), story=story(of or name), matches=[], alerts=[], grouped=given, now=at, done=False
    )
    store.record_article(claimed.id, article(), story=story(of or name), matches=[], alerts=[], grouped=given, now=at)


def found(store: Store, given: Grouped) -> list[str]:
    return [one.story.id for one in store.find_stories(given.keys, own_id="st_", since=SINCE, until=UNTIL)]


def test_an_article_is_found_by_what_it_has_in_common(store: Store) -> None:
    put(store, "a", grouped("Un dépôt de carburant frappé près de Kharkiv"))

    assert [story("a").id] == found(store, grouped("Un dépôt de carburant frappé près de Kharkiv"))
    assert [] == found(store, grouped("Le marché aux fleurs rouvre samedi"))


def test_what_has_no_key_is_kept_and_found_by_nothing(store: Store) -> None:
    live = grouped("EN DIRECT. Guerre en Ukraine")
    put(store, "a", live)

    assert () == live.keys
    assert [] == found(store, live)


def test_what_is_old_is_forgotten(store: Store) -> None:
    old = grouped("Un dépôt de carburant frappé près de Kharkiv")
    put(store, "a", old)
    put(store, "l", grouped("EN DIRECT. Guerre en Ukraine"))
    put(store, "b", grouped("Le marché aux fleurs rouvre samedi", at=30), days=30)

    assert [] == found(store, old)
    assert 1 == store.term_counts([], now=NOW + DAYS)[""]


def copies(store: Store, names: str) -> list[str | None]:
    """Return whose text each article repeats, which is the same wherever it is read."""
    found = [one.document.copy_of for one in store.read_archive(1, len(names), since=SINCE)]
    for name, copied in zip(names, found, strict=True):
        [listed] = store.listed([f"g:{name}"])
        assert listed.article is not None
        again = store.earlier(listed.id)
        assert again is not None
        assert copied == listed.article.copy_of == again.copy_of
    return found


def test_whose_text_an_article_repeats_is_known_wherever_it_is_read(store: Store) -> None:
    given = grouped("Un dépôt de carburant frappé près de Kharkiv")
    put(store, "a", given)
    put(store, "b", replace(given, house="radio.example", same_text_as=1), of="a")
    put(store, "c", replace(given, same_text_as=1), of="a")  # of the house that had it first
    put(store, "d", replace(given, house="radio.example"))  # like it, and another text

    assert (("gazette.example", NOW),) == store.voices(story("a").id)
    assert (("radio.example", NOW),) == store.voices(story("d").id)
    assert [None, "gazette.example", None, None] == copies(store, "abcd")


def test_a_text_is_of_who_published_it_first_of_those_that_are_known(store: Store) -> None:
    given = grouped("Un dépôt de carburant frappé près de Kharkiv")
    minute = timedelta(minutes=1)
    put(store, "a", replace(given, house="copiste.example", at=NOW + 5 * minute))
    put(store, "b", replace(given, same_text_as=1), of="a")  # read after its copy
    put(store, "c", replace(given, house="radio.example", at=NOW + 3 * minute, same_text_as=1), of="a")
    put(store, "d", replace(given, house="phare.example", at=NOW + 9 * minute, same_text_as=1), of="a")

    assert [None, None, "gazette.example", "gazette.example"] == copies(store, "abcd")


def flood(store: Store, given: Grouped, count: int, *, house: str = "flood.example") -> None:
    """Let a house publish many articles that have every key of another, each a story of its own."""
    at, many = given.at, replace(given, house=house)
    entries = [entry(f"f{number}", link=f"https://{house}/{number}") for number in range(count)]
    poll(store, live_feed(store, f"https://{house}/rss"), *entries, at=at)
    while some := claim(store, at=at):
        for claimed in some:
            of_its_own = story(f"f{claimed.id}")
            store.record_article(claimed.id, article(), story=of_its_own, matches=[], alerts=[], grouped=many, now=at)


def test_a_house_that_floods_hides_no_other(store: Store) -> None:
    strike = grouped("Un dépôt de carburant frappé près de Kharkiv")
    put(store, "a", strike)
    flood(store, replace(strike, at=NOW + timedelta(minutes=1)), 200)
    put(store, "b", replace(strike, house="radio.example", at=NOW + timedelta(minutes=2)))
    names = found(store, strike)

    assert {story("a").id, story("b").id} <= set(names)
    assert 8 == len(names)  # what is left over the others do not want


def places(store: Store) -> dict[str, set[int]]:
    """Return how many places each house has, under each key that it has any under."""
    counted: dict[str, set[int]] = {}
    with closing(sqlite3.connect(store.path)) as log:
        houses = "SELECT house, count(*) FROM story_key JOIN grouped USING (article_id) GROUP BY key, house"
        for house, count in log.execute(houses):
            counted.setdefault(house, set()).add(count)
    return counted


@pytest.mark.parametrize(("published", "kept"), [(39, 39), (40, 40), (60, 40)])
def test_a_house_alone_keeps_its_places(store: Store, published: int, kept: int) -> None:
    flood(store, grouped("Un dépôt de carburant frappé près de Kharkiv"), published)

    assert {"flood.example": {kept}} == places(store)


def test_a_house_gives_up_its_oldest_place_for_each_that_another_wants(store: Store) -> None:
    strike = grouped("Un dépôt de carburant frappé près de Kharkiv")
    flood(store, strike, 45)
    put(store, "a", replace(strike, at=NOW + timedelta(minutes=1)))
    put(store, "b", replace(strike, house="radio.example", at=NOW + timedelta(minutes=2)))

    assert {"flood.example": {38}, "gazette.example": {1}, "radio.example": {1}} == places(store)
    with closing(sqlite3.connect(store.path)) as log:
        left = log.execute("SELECT DISTINCT article_id FROM story_key ORDER BY article_id").fetchall()
    assert list(range(8, 48)) == [number for (number,) in left]


def test_where_no_house_has_more_than_its_share_none_gives_up_a_place(store: Store) -> None:
    strike = grouped("Un dépôt de carburant frappé près de Kharkiv")
    for number in range(5):
        flood(store, replace(strike, at=NOW + timedelta(minutes=number)), 9, house=f"{number}.example")

    assert {f"{number}.example": {9} for number in range(5)} == places(store)
