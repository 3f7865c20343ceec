from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from monitor.demo import Answer, Expect, Newsroom, Press, Request
from monitor.demo.newsroom import ROBOTS
from monitor.sources import feed_links
from tests.monitor.demo.clients import ManualClock, ask, open_newsroom

RSS_ITEMS = "./channel/item/title"


def headlines(body: bytes) -> list[str]:
    return [title.text or "" for title in ET.fromstring(body).findall(RSS_ITEMS)]  # noqa: S314  our own document


def test_each_title_is_a_host_of_its_own(newsroom: Newsroom, press: Press) -> None:
    hosts = {url.split("/")[2] for url in newsroom.feeds.values()}

    assert len(press.titles) == len(hosts)
    assert all(host.startswith("127.0.0.1:") for host in hosts)


def test_the_newsroom_opens_once_every_title_was_asked(newsroom: Newsroom, clock: ManualClock) -> None:
    *others, last = [url for title, url in newsroom.feeds.items() if title != "indocile"]

    for url in others:
        ask(url)
    assert newsroom.opened_at is None
    ask(last)

    assert clock.now() == newsroom.opened_at


def test_articles_appear_when_their_time_has_come(newsroom: Newsroom, clock: ManualClock) -> None:
    newsroom.open()
    before = headlines(ask(newsroom.feeds["gazette"]).body)
    clock.pass_s(2)
    after = headlines(ask(newsroom.feeds["gazette"]).body)

    assert ["Guerre en Ukraine : à Odessa, un premier cargo quitte le port sous escorte"] == before
    assert ["Offensive russe au nord de Kharkiv : des milliers d'habitants sur les routes", *before] == after


def test_before_the_opening_time_stands_still(newsroom: Newsroom, clock: ManualClock) -> None:
    clock.pass_s(3600)

    assert len(headlines(ask(newsroom.feeds["gazette"]).body)) == 1
    assert not newsroom.finished


def test_at_pace_zero_everything_is_there_at_the_opening(press: Press, clock: ManualClock) -> None:
    with open_newsroom(press, clock, pace=0) as newsroom:
        newsroom.open()

        assert newsroom.finished


def test_an_article_that_has_not_appeared_is_not_found(newsroom: Newsroom, press: Press, clock: ManualClock) -> None:
    late = press.appearances[-1]
    newsroom.open()
    early = ask(newsroom.url(late)).status
    clock.pass_s(60)

    assert (404, 200) == (early, ask(newsroom.url(late)).status)
    assert newsroom.was_read(late)


def test_every_page_shows_its_text_in_its_encoding(press: Press, clock: ManualClock) -> None:
    with open_newsroom(press, clock, pace=0) as newsroom:
        newsroom.open()
        for seen in press.appearances:
            reply = ask(newsroom.url(seen))
            page = reply.body.decode(seen.title.encoding)
            last_shown = seen.paragraphs[-1][:20].replace("'", "&#x27;")

            assert f"text/html; charset={seen.title.encoding}" == reply.headers["Content-Type"]
            assert (last_shown in page) is not seen.article.teaser


@pytest.mark.parametrize("title", ["gazette", "vexin", "radio", "ill"])
def test_feeds_are_well_formed_in_their_encoding(newsroom: Newsroom, title: str) -> None:
    newsroom.open()
    root = ET.fromstring(ask(newsroom.feeds[title]).body)  # noqa: S314  our own document

    assert root.tag in {"rss", "{http://www.w3.org/2005/Atom}feed"}


def test_a_full_feed_carries_the_whole_text(press: Press, clock: ManualClock) -> None:
    with open_newsroom(press, clock, pace=0) as newsroom:
        newsroom.open()
        feed = ask(newsroom.feeds["ill"]).body.decode()

    assert "Aucun n&#x27;a dessiné d&#x27;avion.</p>]]></content:encoded>" in feed


def test_an_unchanged_feed_answers_304_to_its_etag(newsroom: Newsroom, clock: ManualClock) -> None:
    newsroom.open()
    first = ask(newsroom.feeds["gazette"])
    known = {"If-None-Match": first.headers["ETag"]}
    same = ask(newsroom.feeds["gazette"], headers=known)
    clock.pass_s(3)
    changed = ask(newsroom.feeds["gazette"], headers=known)

    assert [(304, b""), (200, changed.body)] == [(same.status, same.body), (changed.status, changed.body)]


def test_an_unchanged_feed_answers_304_to_its_date(newsroom: Newsroom, clock: ManualClock) -> None:
    newsroom.open()
    known = {"If-Modified-Since": ask(newsroom.feeds["gazette"]).headers["Last-Modified"]}
    same = ask(newsroom.feeds["gazette"], headers=known).status
    clock.pass_s(3)

    assert (304, 200) == (same, ask(newsroom.feeds["gazette"], headers=known).status)


def test_a_lying_title_never_answers_304(newsroom: Newsroom, clock: ManualClock) -> None:
    first = ask(newsroom.feeds["ecluse"])
    clock.pass_s(5)
    known = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    second = ask(newsroom.feeds["ecluse"], headers=known)

    assert (200, first.body) == (second.status, second.body)
    assert first.headers["ETag"] != second.headers["ETag"]


def test_a_failing_title_refuses_then_hangs(newsroom: Newsroom) -> None:
    statuses = [ask(newsroom.feeds["indocile"]).status for _ in range(2)]
    handler = newsroom._handler(newsroom.press.titles[-1])

    assert [503, 503] == statuses
    assert handler(Request("GET", "/rss.xml")).delay_s > 60


def test_robots_and_home_page_are_served(newsroom: Newsroom) -> None:
    home = newsroom.feeds["radio"].removesuffix("atom.xml")

    assert ROBOTS == ask(home + "robots.txt").body
    assert newsroom.feeds["radio"] == feed_links(ask(home).body, home)[0].url


def test_requests_are_kept_with_what_they_were_told(newsroom: Newsroom, clock: ManualClock) -> None:
    ask(newsroom.feeds["phare"], headers={"User-Agent": "veille/1"})
    asked = newsroom.asked[0]

    assert (clock.now(), "phare", "/rss.xml", 200) == (asked.at, asked.title, asked.path, asked.status)
    assert asked.request.headers["user-agent"] == "veille/1"


def test_a_test_may_decide_any_answer(press: Press, clock: ManualClock) -> None:
    def decide(title: str, request: Request) -> Answer | None:
        return Answer(410) if (title, request.path) == ("phare", "/rss.xml") else None

    with open_newsroom(press, clock, decide=decide) as newsroom:
        assert (410, 200) == (ask(newsroom.feeds["phare"]).status, ask(newsroom.feeds["rives"]).status)


def test_articles_are_found_by_the_addresses_in_a_message(newsroom: Newsroom, press: Press) -> None:
    wanted = next(seen for seen in press.appearances if seen.article.expect is Expect.RECAP)

    assert (wanted,) == newsroom.named_in(f"voir <{newsroom.url(wanted)}|ici>")
