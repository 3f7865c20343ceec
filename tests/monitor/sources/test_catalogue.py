from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest

from monitor.sources import KINDS, catalogue, search, selection
from monitor.sources.address import address_error, canonical

COUNTRIES = {
    "BE",
    "CA",
    "CH",
    "DE",
    "DZ",
    "EU",
    "FR",
    "GA",
    "GB",
    "GN",
    "LB",
    "LU",
    "MA",
    "MG",
    "MU",
    "NE",
    "SN",
    "TN",
    "UA",
}


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


@pytest.mark.parametrize("words", ["sud ouest", "SUD OUEST", "ouest sud", "sùd-ouest"])
def test_a_search_forgives_case_accents_and_order(words: str) -> None:
    found = {known.outlet for known in search(words.replace("-", " "))}

    assert {"Sud Ouest"} == found


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
