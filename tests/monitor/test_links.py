from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.links import link_key, web_link

BASE = "https://gazette.example/rss/une.xml"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://gazette.example/a", "https://gazette.example/a"),
        ("  /monde/a b.html\n", "https://gazette.example/monde/a%20b.html"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("a?b=1#c", "https://gazette.example/rss/a?b=1#c"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("http://user:secret@gazette.example/", None),
        ("http://public.example\\@127.0.0.1/", None),
        ("http://", None),
        ("http://[::1/", None),
        ("http://gazette.example:99999/", None),
        ("", None),
        ("https://gazette.example/" + "a" * 5000, None),
    ],
)
def test_o6_a_link_is_http_or_absent(link: str, expected: str | None) -> None:
    assert expected == web_link(link, base=BASE)


def test_a_relative_link_without_a_base_is_absent() -> None:
    assert web_link("/a", base="") is None


@pytest.mark.parametrize(
    "link",
    [
        "https://gazette.example/monde?id=7",
        "http://Gazette.example:80/monde/?id=7",
        "https://gazette.example./monde?id=7#xtor=RSS-3",
        "https://gazette.example/monde?utm_source=rss&id=7&utm_medium=feed&fbclid=x",
        "https://gazette.example/monde?id=7&xtor=RSS-3208&at_medium=RSS",
    ],
)
def test_i1_spellings_and_tracking_make_no_other_article(link: str) -> None:
    assert link_key(link) == "gazette.example/monde?id=7"


@pytest.mark.parametrize(
    "link",
    [
        "https://gazette.example/monde?id=8",
        "https://gazette.example/Monde?id=7",
        "https://gazette.example:8443/monde?id=7",
        "https://gazette.example/monde",
    ],
)
def test_i1_another_path_query_or_port_is_another_article(link: str) -> None:
    assert link_key(link) != "gazette.example/monde?id=7"


@given(st.text(max_size=100))
def test_o6_nothing_else_than_http_ever_comes_out(link: str) -> None:
    told = web_link(link, base=BASE)

    assert told is None or told.startswith(("http://", "https://"))
