from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.identity import identified
from monitor.model import Entry

HOME = "https://gazette.example/"


def entry(guid: str | None, link: str | None, title: str = "Gel") -> Entry:
    return Entry(keys=(), guid=guid, link=link, title=title, summary="")


def keys(*entries: Entry, home: str | None = HOME) -> list[tuple[str, ...]]:
    return [each.keys for each in identified(entries, home=home)]


def test_i1_an_entry_is_known_by_guid_and_link() -> None:
    assert keys(entry("g", HOME + "gel/?utm_source=rss")) == [("g:g", "l:gazette.example/gel")]


def test_i1_a_guid_repeated_in_a_document_is_no_identity() -> None:
    assert keys(entry("g", HOME + "a"), entry("g", HOME + "b")) == [("l:gazette.example/a",), ("l:gazette.example/b",)]


def test_i1_a_link_repeated_in_a_document_is_no_identity() -> None:
    assert keys(entry("a", HOME + "x#1"), entry("b", HOME + "x#2")) == [("g:a",), ("g:b",)]


def test_i1_what_is_listed_twice_is_the_same() -> None:
    once = entry("g", HOME + "a")

    assert keys(once, once) == keys(once)
    assert keys(entry(None, HOME + "a"), entry(None, HOME + "a")) == [("l:gazette.example/a",)]
    assert len(keys(entry(None, None), entry(None, None))) == 2


def test_i1_without_a_link_of_its_own_an_entry_is_known_by_title_and_date_too() -> None:
    noon, night = (datetime(2026, 5, 16, hour, tzinfo=UTC) for hour in (12, 23))
    dated = [
        replace(entry(guid, HOME, "Gel"), published_at=at) for guid, at in (("1", noon), ("2", noon), ("3", night))
    ]
    first, second, third = (keys(each)[0] for each in dated)

    assert (first[0], second[0], third[0]) == ("g:1", "g:2", "g:3")
    assert first[1] == second[1] != third[1]
    assert keys(dated[0], dated[1]) == [("g:1",), ("g:2",)]


def test_i1_the_home_page_is_no_identity() -> None:
    (told,) = keys(entry(None, HOME))

    assert told[0].startswith("h:")


def test_i1_without_guid_and_link_what_it_says_is_the_identity() -> None:
    first, second, third = keys(
        entry(None, None, "Gel"), entry(None, None, "Pont"), entry(None, None, "Gel"), home=None
    )

    assert (first == third, first == second, first[0][:2]) == (True, False, "h:")


def test_an_endless_guid_is_shortened() -> None:
    (told,) = keys(entry("g" * 4000, None))

    assert (told[0][:9], len(told[0])) == ("g:sha256:", 73)


@given(
    st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, HOME + "1", HOME + "2"])), max_size=6)
)
def test_i1_every_entry_has_a_key_and_guids_and_links_are_shared_by_none(
    pairs: list[tuple[str | None, str | None]],
) -> None:
    told = keys(*(entry(guid, link) for guid, link in pairs))
    shared = [key for each in told for key in each if not key.startswith("h:")]

    assert all(told)
    assert len(shared) == len(set(shared))
