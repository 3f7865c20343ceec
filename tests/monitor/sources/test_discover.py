from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources import FeedLink, feed_links, sitemap_links

HOME = "https://gazette.example/accueil/"
PAGE = """<!DOCTYPE html><html><head>
<link rel="stylesheet" type="text/css" href="/s.css">
<link rel="alternate" type="application/rss+xml" title="Commentaires" href="/comments/feed/">
<LINK HREF='une.xml?a=1&amp;b=2' TYPE='application/atom+xml; charset=utf-8' REL='alternate' TITLE='À la  une'/>
<link rel=alternate type=application/feed+json href=https://api.gazette.example/feed.json>
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="application/rss+xml" href="http://[">
<link rel="alternate" type="application/rss+xml">
<link rel="alternate" hreflang="en" href="/en/">
</head>"""
GUESSES = tuple(FeedLink(url=f"https://gazette.example{path}") for path in ("/feed", "/rss", "/rss.xml", "/index.xml"))


def test_declared_feeds_come_first_and_comments_last_among_them() -> None:
    declared = (
        FeedLink("https://gazette.example/accueil/une.xml?a=1&b=2", "À la une", "atom", declared=True),
        FeedLink("https://api.gazette.example/feed.json", None, "json", declared=True),
        FeedLink("https://gazette.example/comments/feed/", "Commentaires", "rss", declared=True),
    )

    assert declared + GUESSES == feed_links(PAGE.encode(), HOME)


def test_accents_of_an_old_page_are_read() -> None:
    page = '<link rel=alternate type="application/rss+xml" href=/f title="À la une">'.encode("cp1252")

    assert feed_links(page, HOME)[0].title == "À la une"


def test_a_base_element_moves_relative_addresses() -> None:
    page = b'<base href="https://cdn.example/x/"><link rel="alternate" type="application/rss+xml" href="f.xml">'

    assert feed_links(page, HOME)[0].url == "https://cdn.example/x/f.xml"


def test_a_declared_feed_is_not_guessed_again() -> None:
    page = b'<link rel="alternate" type="application/rss+xml" href="/rss">'

    assert len(feed_links(page, HOME)) == 4


def test_a_page_without_feeds_leaves_the_guesses() -> None:
    assert feed_links(b"", HOME) == GUESSES


def test_a_base_that_is_no_address_is_ignored() -> None:
    page = b'<base href="http://["><link rel="alternate" type="application/rss+xml" href="/rss.xml">'

    assert feed_links(page, HOME)[0].url == "https://gazette.example/rss.xml"


@pytest.mark.untraced
def test_hostile_pages_cost_linear_time() -> None:
    hostile = (
        b"<link " * 300_000,
        b"<link " + b"a=1 " * 400_000 + b">",
        b"<link a" + b" " * 3000 + b"=",
        (b"<link " + b"a" * 3900 + b">") * 300,
        (b"<link " + b'a="' * 1300 + b">") * 300,
        b'<link rel="alternate" type="application/rss+xml" href="/%d">' * 50_000,
        "é".encode() * 600_000,
    )

    started = time.process_time()
    for page in hostile:
        feed_links(page, HOME)

    assert time.process_time() - started < 4


@given(st.text(alphabet="<link base=rel\"'href/>:[]&;#x alternate\n"))
def test_any_page_gives_usable_addresses(page: str) -> None:
    assert all(link.url.startswith(("http://", "https://")) for link in feed_links(page.encode(), HOME))


def test_the_sitemaps_that_robots_txt_names_come_before_the_usual_places_news_first() -> None:
    robots = b"""User-agent: *
Disallow: /abo
Sitemap: https://gazette.example/sitemap.xml
 SITEMAP : /news.xml
Sitemap: javascript:alert(1)
"""
    usual = ("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap_news.xml")

    assert (
        FeedLink("https://gazette.example/news.xml", format="sitemap", declared=True),
        FeedLink("https://gazette.example/sitemap.xml", format="sitemap", declared=True),
        *(FeedLink(f"https://gazette.example{path}", format="sitemap") for path in usual),
    ) == sitemap_links(robots, HOME)


@given(st.binary(max_size=300))
def test_any_robots_txt_names_addresses_or_nothing(robots: bytes) -> None:
    assert all(link.url.startswith("http") for link in sitemap_links(robots, HOME))
