"""Promise P4: robots.txt as RFC 9309 reads it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.robots import ALLOW_ALL, DISALLOW_ALL, our_lines, parse_robots

SITE = "https://journal.example"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/", True),
        ("<html>introuvable</html>", "/", True),
        ("User-agent: *\nDisallow: /", "/une", False),
        ("User-agent: *\nDisallow:", "/une", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longest match
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),  # a tie is for the visitor
        ("User-agent: *\nDisallow: /*.pdf$", "/2026/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/2026/a.pdf?x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: veille\nAllow: /", "/une", True),
        ("User-agent: veille\nDisallow: /\n\nUser-agent: *\nAllow: /", "/une", False),
        ("User-agent: Veille/1.0\nDisallow: /", "/une", False),
        ("User-agent: v\nDisallow: /", "/une", True),  # a token is whole
        ("User-agent: veilleur\nDisallow: /", "/une", True),
        ("User-agent: GPTBot\nDisallow: /", "/une", True),
        ("User-agent: GPTBot\nUser-agent: veille\nDisallow: /a", "/a", False),  # a shared group
        (
            "User-agent: veille\nDisallow: /a\nUser-agent: x\nDisallow: /c\nUser-agent: veille\nDisallow: /b",
            "/b",
            False,
        ),
        ("User-agent: veille\nDisallow: /a\nUser-agent: x\nDisallow: /c\nUser-agent: veille\nDisallow: /b", "/c", True),
        ("User-agent: GPTBot\nDisallow: /a\nUser-agent: Bytespider\nDisallow: /\nUser-agent: *\nDisallow:", "/a", True),
        ("USER-AGENT : * # tous\r\nDISALLOW : /a # rien", "/a", False),
        ("\ufeffUser-agent: *\nDisallow: /a", "/a", False),
        ("Disallow: /a\nUser-agent: *\nDisallow: /b", "/a", True),  # a rule of nobody
        ("User-agent: *\nSitemap: https://journal.example/s.xml\nDisallow: /a", "/a", False),
        ("User-agent: \nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /%C3%A9t%C3%A9", "/été", False),
    ],
)
def test_P4_rules_are_read_as_the_rfc_says(text: str, path: str, allowed: bool) -> None:  # noqa: FBT001  a table
    site = parse_robots(text.encode())

    assert allowed == site.allows(SITE + path)


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("User-agent: *\nCrawl-delay: 10.5", 10.5),
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: veille\nCrawl-delay: 2\nDisallow:", 2),
        ("User-agent: x\nCrawl-delay: 5", 0),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nCrawl-delay: -1", 0),
        ("User-agent: *\nCrawl-delay: inf", 0),
        ("User-agent: *\nCrawl-delay: 999999", 3600),
    ],
)
def test_P3_the_crawl_delay_is_read_and_capped(text: str, expected_s: float) -> None:
    site = parse_robots(text.encode())

    assert expected_s == site.crawl_delay_s


def test_P4_a_site_is_open_or_closed_as_a_whole_without_rules() -> None:
    answers = (ALLOW_ALL.allows(SITE), DISALLOW_ALL.allows(SITE), ALLOW_ALL.crawl_delay_s)

    assert answers == (True, False, 0)


def test_P4_what_comes_after_500_KiB_is_not_read() -> None:
    site = parse_robots(b"User-agent: *\n" + b"#" * 511_986 + b"\nDisallow: /\n")

    assert site.allows(f"{SITE}/une")


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b"User-agent: a%d\n" % n for n in range(16_000)) + b"Allow: /a\n" * 25_000,
        b"User-agent: *\n" + b"Disallow: /a*b*c$\n" * 28_000,
        b"User-agent: *\nDisallow: /" + b"*a" * 240_000,
        b"User-agent: *\n" + b"allow" * 100_000,
        b" " * 512_000,
    ],
    ids=["robots times rules", "rules", "stars", "one word", "blanks"],
)
def test_R3_a_hostile_robots_txt_is_read_in_time(body: bytes) -> None:
    before_s = time.process_time()

    site = parse_robots(body)
    allowed = site.allows(f"{SITE}/{'a' * 4000}")

    assert allowed
    assert time.process_time() - before_s < 2


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_P4_any_bytes_are_a_robots_txt(body: bytes) -> None:
    site = parse_robots(body)

    assert site.allows(f"{SITE}/une") in {True, False}


@given(st.text("Uuser-agntAlowDi: */x\n#"))
def test_P4_our_lines_are_read_again_as_they_are(text: str) -> None:
    kept = our_lines(text)

    assert kept == our_lines(kept)
