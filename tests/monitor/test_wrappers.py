from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.links import web_link
from monitor.wrappers import is_wrapper, unwrapped

ARTICLE = "https://gazette.example/monde/vexin.html"
QUOTED = "https%3A%2F%2Fgazette.example%2Fmonde%2Fvexin.html"
LONG = f"{ARTICLE}?{'x' * 200}"


def google_news(address: str, *, amp: str = "") -> str:
    """Return a name as Google News made it until 2024."""
    said = address.encode()
    size = bytes([len(said)]) if len(said) < 0x80 else bytes([len(said) & 0x7F | 0x80, len(said) >> 7])
    packed = (
        b"\x08\x13\x22" + size + said + (b"\xd2\x01" + bytes([len(amp)]) + amp.encode() if amp else b"\xd2\x01\x00")
    )
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    "link",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={QUOTED}&ct=ga&cd=CAEY&usg=AOv",
        f"https://www.google.fr/url?q={QUOTED}",
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=1&url={QUOTED}&c=1&mkt=fr-fr",
        f"https://l.facebook.com/l.php?u={QUOTED}&h=AT0",
        f"https://www.linkedin.com/redir/redirect?url={QUOTED}",
        f"https://www.youtube.com/redirect?event=video&q={QUOTED}",
        f"https://duckduckgo.com/l/?uddg={QUOTED}",
        f"https://eur01.safelinks.protection.outlook.com/?url={QUOTED}&data=05",
        f"https://r.search.yahoo.com/_ylt=Awr/RV=2/RE=17/RO=10/RU={QUOTED}/RK=2/RS=x-",
        f"https://news.google.com/rss/articles/{google_news(ARTICLE)}?oc=5",
        f"https://news.google.com/articles/{google_news(ARTICLE, amp=ARTICLE)}?hl=fr",
        f"https://news.google.com/__i/rss/rd/articles/{google_news(ARTICLE)}?oc=5",
        "https://www.google.com/url?q=" + "https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3D" + QUOTED.replace("%", "%25"),
    ],
)
def test_a_link_that_says_where_it_leads_is_unwrapped(link: str) -> None:
    assert ARTICLE == unwrapped(link)


def test_a_link_is_unwrapped_three_times_at_most() -> None:
    link = ARTICLE
    for _ in range(4):
        link = f"https://www.google.com/url?{urlencode({'q': link})}"

    assert f"https://www.google.com/url?{urlencode({'q': ARTICLE})}" == unwrapped(link)


def test_a_long_address_of_google_news_is_read_whole() -> None:
    assert LONG == unwrapped(f"https://news.google.com/rss/articles/{google_news(LONG)}")


@pytest.mark.parametrize(
    "link",
    [
        ARTICLE,
        f"https://gazette.example/url?url={QUOTED}",
        "https://www.google.com/url?sa=t",
        "https://www.google.com/url?" + "&".join(f"a{n}=1" for n in range(60)),
        "https://www.google.com/url?q=javascript%3Aalert(1)",
        "https://www.google.com/search?q=vexin",
        "https://news.google.com/rss/articles/CBMi4AFBVV95cUxNd2lKSmZ3",
        "https://news.google.com/rss/articles/" + google_news("AU_yqLM3xMb-a4XfMvs8FLMAdk"),
        "https://news.google.com/rss/articles/AAAAAAAAAAAA",
        "https://news.google.com/rss/articles/AAAAAAAAA-AAAAAAAAAAA",
        "https://news.google.com/rss/articles/IgIgIgIgIg",
        "https://news.google.com/rss/articles/AAAAAAAAACI",
        "https://t.co/abc",
    ],
)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert link == unwrapped(link)


def test_o6_an_unwrapped_address_is_one_that_may_be_asked() -> None:
    assert "file:" not in unwrapped("https://www.google.com/url?q=file%3A%2F%2F%2Fetc%2Fpasswd").partition("?")[0]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://t.co/abc", True),
        ("https://bit.ly/abc", True),
        ("http://feedproxy.google.com/~r/gazette/~3/abc/", True),
        ("https://feeds.feedburner.com/~r/gazette/~3/abc/", True),
        ("https://feeds.feedburner.com/gazette", False),
        ("https://news.google.com/rss/articles/CBMi4AFBVV95cUxNd2lKSmZ3", True),
        ("https://t.co/", False),
        (ARTICLE, False),
    ],
)
def test_a_link_that_does_not_say_where_it_leads_is_known(link: str, *, expected: bool) -> None:
    assert expected is is_wrapper(link)


@example("000000000¹")
@given(st.text(max_size=60))
def test_any_name_of_google_news_gives_an_address_or_nothing(name: str) -> None:
    link = web_link(f"https://news.google.com/rss/articles/{name}", base="")
    if link is not None:
        assert unwrapped(link).startswith("http")


@given(st.binary(min_size=8, max_size=60))
def test_any_bytes_in_a_name_of_google_news_are_survived(packed: bytes) -> None:
    link = f"https://news.google.com/articles/{base64.urlsafe_b64encode(packed).decode()}"

    assert unwrapped(link).startswith("http")
