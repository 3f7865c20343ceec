from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.sources import COUNTRIES, KINDS, catalogue, search, selection
from monitor.sources.address import address_error, canonical

FACTS = Path(__file__).parents[4] / "shared" / "corpus" / "feeds_fr.csv"
UNUSABLE = ("http://www.haitilibre.com/rss-flash-en.xml", "http://xalimasn.com/une-refutation-")  # English; comments


def test_every_line_is_complete_and_usable() -> None:
    for known in catalogue():
        assert known.outlet == known.outlet.strip() != ""
        assert known.country in COUNTRIES
        assert known.kind in KINDS
        assert known.language == "fr"
        assert address_error(known.url) is None


def test_each_feed_stands_once_whatever_its_spelling() -> None:
    spellings = Counter(
        canonical(known.url).split("://", 1)[1].removeprefix("www.").rstrip("/") for known in catalogue()
    )

    assert {address: times for address, times in spellings.items() if times > 1} == {}


def test_https_is_the_rule_for_feeds_that_are_on() -> None:
    on = [known for known in catalogue() if known.default]
    plain = [known for known in on if urlsplit(known.url).scheme == "http"]

    assert len(on) > 100
    assert len(plain) < len(on) / 5


def test_a_country_has_a_name_and_a_feed() -> None:
    assert set(COUNTRIES) == {known.country for known in catalogue()}


@pytest.mark.skipif(not FACTS.is_file(), reason="the corpus of facts is not here")
def test_every_usable_fact_is_in_the_catalogue_and_what_is_fresh_is_on_once() -> None:
    with FACTS.open(encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    known = {feed.url: feed for feed in catalogue()}
    fresh = [known[fact["feed_url"]] for fact in facts if fact["corroborated_fresh"] == "yes"]
    on = Counter(feed.outlet for feed in fresh if feed.default)

    assert [
        fact["feed_url"]
        for fact in facts
        if fact["feed_url"] not in known and not fact["feed_url"].startswith(UNUSABLE)
    ] == []
    assert set(known) <= {fact["feed_url"] for fact in facts}
    # an outlet's front page stands under several addresses: one of them is on
    assert [feed.url for feed in fresh if not feed.default and not on[feed.outlet]] == []
    assert len([feed for feed in fresh if not feed.default]) < 10


@pytest.mark.parametrize("words", ["sud ouest", "SUD OUEST", "ouest sud", "sùd-ouest", "Sud Ouest", "SudOuest"])
def test_a_search_forgives_case_accents_hyphens_and_order(words: str) -> None:
    assert {"Sud Ouest"} == {known.outlet for known in search(words)}


@pytest.mark.parametrize(
    ("words", "outlet"),
    [
        ("l'express", "L'Express"),
        ("l’echo belgique", "L'Écho"),
        ("https://www.sudouest.fr/essentiel/rss.xml", "Sud Ouest"),
        ("presse régionale alsace", "L'Alsace"),
        ("be dh", "La DH"),
    ],
)
def test_a_search_looks_at_outlet_kind_country_and_address(words: str, outlet: str) -> None:
    assert outlet in {known.outlet for known in search(words)}


def test_a_search_for_a_country_gives_its_feeds_after_outlets_of_that_name() -> None:
    swiss, french = search("suisse"), search("france")

    assert {known.country for known in search("CH")} >= {"CH"}
    assert {"CH"} <= {known.country for known in swiss}
    assert "france" in french[0].outlet.casefold()


def test_a_search_looks_at_sections_too() -> None:
    assert "https://www.lemonde.fr/economie/rss_full.xml" in [known.url for known in search("monde economie")]


def test_a_search_for_nothing_finds_nothing() -> None:
    assert search("  ") == ()


def test_a_selection_is_of_its_kinds_and_countries_by_section() -> None:
    feeds = selection(["regional", "daily"], ["FR"])

    sections = [feed.section or "" for feed in feeds]
    assert {"daily", "regional"} == {feed.kind for feed in feeds}
    assert {"FR"} == {feed.country for feed in feeds}
    assert sections == sorted(sections, key="Quotidiens Presse régionale".index)


def test_catalogue_feeds_obey_robots() -> None:
    assert {False} == {feed.typed for feed in selection()}
