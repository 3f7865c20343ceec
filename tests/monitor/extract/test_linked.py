from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract.linked import Linked, read_linked


def read(*values: Any) -> Linked:
    return read_linked([json.dumps(value) for value in values])


def test_an_article_states_its_facts() -> None:
    told = read(
        {"@type": "BreadcrumbList", "name": "fil"},
        {
            "@type": ["NewsArticle", "Thing"],
            "headline": "Gel &amp; grêle",
            "description": "<p>Une nuit.</p>",
            "articleBody": "Un.\n\nDeux.",
            "datePublished": "2024-05-16",
            "author": [{"name": "Anne Lenoir"}, "Luc Petit", None, {"name": None}],
            "inLanguage": "fr",
            "isAccessibleForFree": "False",
            "publisher": {"name": "La Gazette"},
        },
    )

    assert told == Linked(
        headline="Gel & grêle",
        description="Une nuit.",
        body="Un.\nDeux.",
        published="2024-05-16",
        authors=("Anne Lenoir", "Luc Petit"),
        language="fr",
        free=False,
        publisher="La Gazette",
    )


@pytest.mark.parametrize(
    "wrapped",
    [
        [{"@type": "WebPage"}, {"@type": "Article", "headline": "Gel"}],
        {"@graph": [{"@type": "WebSite"}, {"@type": "BlogPosting", "headline": "Gel"}]},
        {"@type": "WebPage", "mainEntity": {"@type": "ReportageNewsArticle", "headline": "Gel"}},
        {"@type": "Article", "name": "Gel"},
        {"@type": "Article", "headline": ["Gel", 3]},
    ],
)
def test_the_article_is_found_wherever_it_lies(wrapped: Any) -> None:
    assert read(wrapped).headline == "Gel"


def test_the_article_that_states_most_is_the_pages_own() -> None:
    told = read(
        {"@type": "Article", "headline": "Autre"}, {"@type": "Article", "headline": "Gel", "datePublished": "2024"}
    )

    assert told.headline == "Gel"


@pytest.mark.parametrize(
    ("language", "expected"),
    [({"alternateName": "fr"}, "fr"), ({"name": "French"}, "French"), (None, ""), (["fr"], "fr")],
)
def test_a_language_may_be_an_object(language: Any, expected: str) -> None:
    assert expected == read({"@type": "Article", "inLanguage": language}).language


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("true", True), (False, False), (None, None), ("peut-être", None)]
)
def test_whether_it_is_free_may_be_unknown(value: Any, expected: bool | None) -> None:  # noqa: FBT001  a table's column
    assert expected is read({"@type": "Article", "isAccessibleForFree": value}).free


@pytest.mark.parametrize("block", ["", "{", "[" * 100_000, "null", "3", '//<![CDATA[\n{"@type":"Liste"}//]]>'])
def test_what_is_broken_or_foreign_states_nothing(block: str) -> None:
    assert read_linked([block]) == Linked()


def test_line_ends_in_strings_and_a_last_semicolon_are_forgiven() -> None:
    assert read_linked(['{"@type": "Article", "headline": "Gel\ntardif"};']).headline == "Gel tardif"


@pytest.mark.parametrize(
    "block",
    [
        '{"@type": "NewsArticle", "headline": "Gel", "keywords": ["vin",\n],}',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;headline&quot;: &quot;Gel&quot;}",
    ],
)
def test_what_publishers_break_most_is_mended(block: str) -> None:
    assert read_linked([block]).headline == "Gel"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"isAccessibleForFree": False, "cssSelector": ".a, #b"}, (".a", " #b")),
        ([{"isAccessibleForFree": "False", "cssSelector": [".a", ".b"]}, {"cssSelector": ".c"}], (".a", ".b")),
        ({"isAccessibleForFree": True, "cssSelector": ".a"}, ()),
        (["x", None, {"isAccessibleForFree": False}], ()),
    ],
)
def test_what_is_for_subscribers_is_known_by_its_selectors(part: Any, expected: tuple[str, ...]) -> None:
    told = read_linked([json.dumps({"@type": "NewsArticle", "hasPart": part})])

    assert (expected, False if expected else None) == (told.gated, told.free)


def test_r3_many_large_lists_are_passed_over_in_time() -> None:
    block = json.dumps([[[1] * 200] * 500] * 3)

    assert read_linked([block] * 20) == Linked()


def test_a_block_in_cdata_is_read() -> None:
    assert read_linked(['//<![CDATA[\n{"@type": "Article", "headline": "Gel"}\n//]]>']).headline == "Gel"


def test_r3_a_crowd_of_objects_is_not_searched_for_ever() -> None:
    crowd = [{"@type": "WebPage"}] * 5000 + [{"@type": "Article", "headline": "Gel"}]

    assert read(crowd).headline == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("Article"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@graph", "author", "headline", "name", "inLanguage", "mainEntity"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_raises(value: Any) -> None:
    assert isinstance(read(value), Linked)
