from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.links import link_key, site_of, web_link

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
        "https://gazette.example/monde?PHPSESSID=0f1e2d3c&id=7",
        "https://gazette.example/monde?id=7&xtor=RSS-3208&at_medium=RSS",
        "https://www.gazette.example/monde?id=7&at_campaign=x&cmpid=y&lmd_medium=rss&mtm_source=z&_ga=1&gbraid=2",
        "https://m.gazette.example/monde?id=7",
        "https://mobile.gazette.example/monde?id=7",
        "https://amp.gazette.example/monde?id=7",
        "https://gazette.example/monde/amp/?id=7",
        "https://gazette.example/amp/monde?id=7",
        "https://gazette.example/monde?id=7&amp",
        "https://gazette.example/monde?amp=1&id=7",
        "https://gazette.example/monde?id=7&outputType=amp",
        "https://www.google.com/amp/s/www.gazette.example/monde/amp?id=7",
        "https://www.google.fr/amp/gazette.example/monde?id=7",
        "https://www-gazette-example.cdn.ampproject.org/c/s/www.gazette.example/monde?id=7&usqp=mq331",
        "https://gazette-example.cdn.ampproject.org/v/s/gazette.example/monde?amp_js_v=0.1&id=7",
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
        "https://gazette.example/monde?id=7&page=2",
        "https://gazette.example/monde?id=7&format=pdf",
        "https://politique.gazette.example/monde?id=7",
        "https://www.google.com/search?q=gazette.example/monde?id=7",
    ],
)
def test_i1_another_path_query_or_port_is_another_article(link: str) -> None:
    assert link_key(link) != "gazette.example/monde?id=7"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://gazette.example/vexin.amp.html", "gazette.example/vexin.html"),
        ("https://gazette.example/vexin_amp.html", "gazette.example/vexin.html"),
        ("https://gazette.example/vexin.amp", "gazette.example/vexin"),
        ("https://gazette.example/vexin/amp.html", "gazette.example/vexin"),
        ("https://gazette.example/amp", "gazette.example"),
        ("https://gazette.example/le-champ", "gazette.example/le-champ"),
        ("https://gazette.example/camp/", "gazette.example/camp"),
        ("https://www.fr/a", "www.fr/a"),
        ("https://m.fr/a", "m.fr/a"),
        ("https://amp.m.gazette.example/a", "gazette.example/a"),
        ("https://www.google.com/amp/s/", "google.com/s"),
    ],
)
def test_i1_another_form_of_a_page_is_the_same_article(link: str, expected: str) -> None:
    assert expected == link_key(link)


@given(st.text(alphabet="abwm./-?&=:#%é_", max_size=60))
def test_i1_a_key_is_the_key_of_itself(end: str) -> None:
    link = web_link(f"https://gazette.example/{end}", base="")
    key = link_key(link) if link else ""

    assert key == (link_key(f"https://{key}") if key else "")


@pytest.mark.parametrize(
    ("link", "other", "expected"),
    [
        ("https://www.gazette.fr/a", "https://abonnes.gazette.fr/b", True),
        ("https://gazette.co.uk", "https://courrier.co.uk", False),
        ("https://a.wordpress.com/", "https://b.wordpress.com/", False),
        ("http://127.0.0.1/a", "http://127.0.0.2/a", False),
        ("http://localhost/a", "http://localhost/b", True),
    ],
)
def test_only_pages_of_one_publisher_speak_for_each_other(link: str, other: str, *, expected: bool) -> None:
    assert expected is (site_of(link) == site_of(other))


@given(st.text(max_size=100))
def test_o6_nothing_else_than_http_ever_comes_out(link: str) -> None:
    told = web_link(link, base=BASE)

    assert told is None or told.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("link", "key"),
    [
        ("https://www.google.fr/amp/s/x.fr:999999/a", "google.fr/s/x.fr:999999/a"),
        ("https://www.google.fr/amp/s/[x.y/a", "google.fr/s/[x.y/a"),
        ("https://gazette.example/#/article/1", "gazette.example#/article/1"),
        ("https://gazette.example/#!/article/2", "gazette.example#!/article/2"),
        ("https://gazette.example/direct#post-12", "gazette.example/direct"),
        ("https://gazette.example/a?t=caf%E9&utm_source=r", "gazette.example/a?t=caf%E9"),
        ("https://gazette.example/a?t=caf%E8&utm_source=r", "gazette.example/a?t=caf%E8"),
        ("https://gazette.example/?123456&utm_source=rss", "gazette.example?123456"),
        ("https://gazette.example/?q=a%20b&utm%5Fsource=rss", "gazette.example?q=a%20b"),
        ("https://forum.gazette.example/a", "forum.gazette.example/a"),
        ("https://team.gazette.example/a", "team.gazette.example/a"),
        ("https://gazette.example/a?pk_id=7&utm_id=8", "gazette.example/a?pk_id=7"),
    ],
)
def test_i1_what_says_which_article_it_is_stays_as_it_is_written(link: str, key: str) -> None:
    assert key == link_key(link)


@given(st.from_regex(r"https://(www\.)?[a-z]{1,5}\.(fr|cdn\.ampproject\.org)/.{0,40}", fullmatch=True))
def test_no_address_raises(link: str) -> None:
    if (found := web_link(link, base="")) is not None:
        assert link_key(found)
