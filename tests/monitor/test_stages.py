from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerting import make_silence
from monitor.cookies import CookieJar
from monitor.deliver import ChannelSender
from monitor.demo import Answer, HttpServer, Request
from monitor.errors import FetchError, Reason, StoreBusyError, StoreError, StoreFullError, WorkerError
from monitor.feeds import parse
from monitor.fetch import Hold
from monitor.http import host_of
from monitor.links import link_key
from monitor.model import Channel, Delivery, DeliveryState, FeedStatus, Lane, Page, ParsedFeed, PollResult, Receipt
from monitor.schedule import Network
from monitor.settings import TdmPolicy
from monitor.stages import DELIVERY_LEASE_S, deliver, poll_host, read_article, tell_recap
from monitor.store import MatchFilter, Store
from monitor.workers import WorkerPool
from rules.types import Completeness
from tests.clock import ManualClock
from tests.monitor.bench import FILLER, HOUR_S, TOMORROW_S, Desk, Site, at_desk, item, opened_desk, stored, write_rules
from tests.monitor.extract.walls import ABSENT, BLOCKED, CONSENT
from tests.monitor.store.samples import next_due_at

NEWS = "Kharkiv : la ville s'éveille sous la neige"
QUIET = "Le marché de Noël ouvre samedi"


async def _baseline(desk: Desk, *, path: str = "/rss.xml") -> None:
    """Let the first poll find an old article only."""
    desk.site.publish(path, desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
    await desk.cycle()


async def _news(desk: Desk, title: str = NEWS, summary: str = "", *, path: str = "/une") -> None:
    """Let a second poll find one article."""
    desk.site.publish("/rss.xml", desk.item(path, title, summary))
    await desk.cycle(after_s=HOUR_S)


# --- poll -----------------------------------------------------------------------------------------------------------


def test_a_first_poll_tells_its_young_matches_in_one_recap_and_nothing_at_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        young = [desk.item(f"/young/{n}", f"{NEWS} ({n})", age_s=HOUR_S) for n in range(2)]
        desk.site.publish("/rss.xml", *young, desk.item("/old", f"{NEWS} autrefois", age_s=2 * TOMORROW_S))
        await desk.cycle()
        [recap] = desk.recaps

        assert [] == desk.alerts
        assert {f"{NEWS} (0)", f"{NEWS} (1)"} == {one["story"]["title"] for one in recap.payload["data"]["items"]}
        assert 0 == desk.site.asked("/old")

    at_desk(tmp_path, act)


def test_what_a_second_poll_finds_is_told_at_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)

        assert [NEWS] == desk.told
        assert [] == desk.webhook.problems
        assert [] == desk.recaps

    at_desk(tmp_path, act)


@pytest.mark.parametrize("at_first", [False, True])
def test_what_a_silence_holds_for_is_stored_and_told_to_nobody(tmp_path: Path, *, at_first: bool) -> None:
    async def act(desk: Desk) -> None:
        now, day = desk.clock.now(), timedelta(days=1)
        made = make_silence(['level=~".*"', 'outlet=~".+"'], author="Anne", reason="connu", lasts=day, now=now)
        desk.app.tools.store.add_silence(made)
        if at_first:
            desk.site.publish("/rss.xml", desk.item("/une", NEWS))
            await desk.cycle()
        else:
            await _baseline(desk)
            await _news(desk)

        assert [] == desk.alerts == desk.recaps
        assert [0 if at_first else 1] == [one.alerts for one in desk.app.tools.store.silences()]
        assert 1 == len([line for line in desk.app.tools.store.matches() if line.title == NEWS])

    at_desk(tmp_path, act)


def test_i2_first_sight_makes_an_entry_new_whatever_its_date_says(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS, age_s=400 * TOMORROW_S))
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told

    at_desk(tmp_path, act)


@pytest.mark.parametrize(
    ("summary", "asked"), [("Un résumé.", 1), ("Un résumé corigé.", 2), ("Un résumé corrigé, et plus long.", 2)]
)
def test_i9_an_article_that_was_told_is_not_told_again_for_a_corrected_summary(
    tmp_path: Path, summary: str, asked: int
) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER)
        await _news(desk, summary="Un résumé.")
        await _news(desk, summary=summary)

        assert [NEWS] == desk.told
        assert 1 == len(desk.webhook.received)
        assert asked == desk.site.asked("/une")

    at_desk(tmp_path, act)


def test_p8_a_page_is_asked_for_once_and_not_again_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        site, clock = Site(), ManualClock()
        await site.server.start()
        async with opened_desk(tmp_path, site=site, clock=clock) as desk:
            await _baseline(desk)
            site.page("/une", FILLER)
            await _news(desk)
            await desk.cycle(after_s=TOMORROW_S)
        async with opened_desk(tmp_path, site=site, clock=clock) as desk:
            await desk.app.start()
            await desk.cycle(after_s=HOUR_S)
            await desk.cycle(after_s=TOMORROW_S)

            assert [] == desk.told
        await site.server.stop()

        assert site.asked("/rss.xml") > 3
        assert (1, 0) == (site.asked("/une"), site.asked("/vieux"))

    asyncio.run(main())


def test_a_304_is_a_poll_without_news(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.page("/une", FILLER)
        desk.site.publish("/rss.xml", desk.item("/une", QUIET))
        document = desk.site.answers["/rss.xml"]
        desk.site.answers["/rss.xml"] = replace(document, headers=(*document.headers, ("ETag", '"1"')))
        await desk.cycle()
        desk.site.fail("/rss.xml", 304)
        await desk.cycle(after_s=HOUR_S)

        assert '"1"' == desk.site.requests[-1].headers["if-none-match"]
        assert [PollResult.NOT_MODIFIED] == [poll.outcome.kind for poll in desk.polls]
        assert '"1"' == desk.feed.etag

    at_desk(tmp_path, act)


def test_P1_a_304_does_not_clear_a_feed_that_could_not_be_read(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        document = desk.site.answers["/rss.xml"]
        desk.site.answers["/rss.xml"] = replace(document, headers=(*document.headers, ("ETag", '"1"')))
        await desk.cycle()
        desk.site.answers["/rss.xml"] = Answer(body=b"<html><body>maintenance</body></html>")
        await desk.cycle(after_s=HOUR_S)
        desk.site.fail("/rss.xml", 304)
        await desk.cycle(after_s=HOUR_S)

        assert "if-none-match" not in desk.site.requests[-1].headers
        assert 2 == desk.feed.failures

    at_desk(tmp_path, act)


def test_the_same_bytes_are_not_parsed_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await desk.cycle(after_s=HOUR_S)

        assert [PollResult.SAME_BODY] == [poll.outcome.kind for poll in desk.polls]
        assert ["monitor.feeds.task:parse_task"] == desk.parsed

    at_desk(tmp_path, act)


def test_i1_a_guid_that_an_old_entry_has_too_silences_no_new_one(tmp_path: Path) -> None:
    """Though only the new one is parsed."""

    async def act(desk: Desk) -> None:
        old = desk.item("/vieux", NEWS, age_s=10 * TOMORROW_S, guid="urn:toujours")
        desk.site.publish("/rss.xml", old)
        await desk.cycle()
        desk.site.publish("/rss.xml", desk.item("/une", NEWS, guid="urn:toujours"), old)
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told
        assert 0 == desk.site.asked("/vieux")

    at_desk(tmp_path, act)


def test_p7_a_failing_feed_waits_longer_each_time_in_the_slow_lane(tmp_path: Path) -> None:
    async def act(desk: Desk) -> list[float]:
        desk.site.fail("/rss.xml", 500)
        waits: list[float] = []
        for _ in range(4):
            await desk.cycle(after_s=waits[-1] if waits else 0)
            assert desk.feed.next_due_at is not None
            waits.append((desk.feed.next_due_at - desk.clock.now()).total_seconds())
        now = desk.clock.now() + timedelta(seconds=waits[-1])
        [claim] = desk.app.tools.store.claim_hosts(now=now, owner="me", lease_s=1, limit=1, lane=Lane.SLOW)

        assert 4 == desk.feed.failures
        assert Reason.HTTP_5XX is desk.feed.last_reason
        assert 4 == desk.metric("poll_failures_total", reason="http_5xx")
        assert 1 == len(claim.feeds)
        return waits

    waits = at_desk(tmp_path, act)

    assert sorted(waits) == waits
    assert waits[-1] > 4 * waits[0]


def test_p7_a_feed_that_recovers_is_healthy_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 500)
        await desk.cycle()
        await _baseline_after(desk)

        assert (0, None) == (desk.feed.failures, desk.feed.last_reason)

    async def _baseline_after(desk: Desk) -> None:
        desk.clock.pass_s(HOUR_S)
        await _baseline(desk)

    at_desk(tmp_path, act)


def test_r4_a_large_feed_is_polled_in_the_slow_lane_and_stays_there(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/une", QUIET, "x" * 2_100_000))
        await desk.cycle()

        assert [PollResult.PARSED] == [poll.outcome.kind for poll in desk.polls]
        assert Lane.SLOW is _lane(desk)

        desk.site.fail("/rss.xml", 304)
        desk.site.answers["/rss.xml"] = replace(desk.site.answers["/rss.xml"], headers=(("ETag", '"1"'),))
        await desk.cycle(after_s=HOUR_S)

        assert Lane.SLOW is _lane(desk)

        desk.site.publish("/rss.xml", desk.item("/une", QUIET))
        await desk.cycle(after_s=TOMORROW_S)

        assert Lane.FAST is _lane(desk)

    at_desk(tmp_path, act)


@pytest.mark.parametrize("reason", [Reason.WORKER_CPU, Reason.WORKER_MEMORY, Reason.TIMEOUT])
def test_r4_what_the_quick_workers_give_up_on_is_read_by_the_patient_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    async def act(desk: Desk) -> None:
        async def hurried(pool: WorkerPool, body: bytes, *, url: str, **rest: Any) -> ParsedFeed:
            if pool is desk.app.tools.feed_workers[Lane.FAST] and url.endswith("/a.xml"):
                raise WorkerError("too long", reason=reason)
            return await parse(pool, body, url=url, **rest)

        monkeypatch.setattr("monitor.feeds.parse", hurried)
        for path in ("/a.xml", "/b.xml"):
            desk.site.publish(path, desk.item("/une", QUIET))
        await desk.cycle()

        assert [0, 0] == [feed.failures for feed in desk.feeds]
        assert [PollResult.PARSED] * 2 == [poll.outcome.kind for poll in desk.polls]
        assert (2, 1) == (desk.site.asked("/a.xml"), desk.site.asked("/b.xml"))

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def _lane(desk: Desk) -> Lane:
    """Return the lane of the only host."""
    later = desk.clock.now() + timedelta(days=30)
    [host] = desk.app.tools.store.claim_hosts(now=later, owner="me", lease_s=-TOMORROW_S, limit=1)
    desk.app.tools.store.release_host(host.id, now=later)
    return host.lane


def test_i3_a_document_that_was_cut_short_is_asked_for_again_whole(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        old = [desk.item(f"/{number}", f"{NEWS} {number}", age_s=10 * TOMORROW_S) for number in range(6)]
        desk.site.publish("/rss.xml", *old)
        whole = replace(desk.site.answers["/rss.xml"], headers=(("ETag", '"1"'),))
        desk.site.answers["/rss.xml"] = replace(whole, body=whole.body[: len(whole.body) // 2])
        await desk.cycle()

        assert "cut short: its last entry was left out" == desk.feed.note

        desk.site.answers["/rss.xml"] = whole
        await desk.cycle(after_s=HOUR_S)

        assert "if-none-match" not in desk.site.requests[-1].headers
        assert ([], []) == (desk.told, desk.recaps)
        assert desk.feed.note is None

    at_desk(tmp_path, act)


def test_p7_a_feed_that_is_gone_is_polled_no_more(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 410)
        await desk.cycle()
        await desk.cycle(after_s=TOMORROW_S)

        assert FeedStatus.GONE is desk.feed.status
        assert 1 == desk.site.asked("/rss.xml")

    at_desk(tmp_path, act)


def test_p2_a_retry_after_holds_the_whole_host(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/a.xml", 429, retry_after="1800")
        desk.site.publish("/b.xml", desk.item("/une", QUIET))
        await desk.cycle()

        assert 0 == desk.site.asked("/b.xml")

        await desk.cycle(after_s=1700)

        assert 1 == len(desk.site.requests)
        assert next_due_at(desk.app.tools.store) == desk.clock.now() + timedelta(seconds=100)

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_p7_a_permanent_redirect_is_counted_and_followed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/new.xml", desk.item("/une", QUIET))
        desk.site.fail("/rss.xml", 301, location="/new.xml")
        for _ in range(2):
            await desk.cycle(after_s=HOUR_S)

        assert (desk.site.url("/new.xml"), 2) == (desk.feed.moved_to, desk.feed.moved_count)

    at_desk(tmp_path, act)


def test_p7_a_feed_that_moved_for_good_is_polled_there_and_again_where_it_was_when_that_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 301, location="/atom.xml")
        desk.site.publish("/atom.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        for _ in range(4):
            await desk.cycle(after_s=HOUR_S)

        assert (3, 4) == (desk.site.asked("/rss.xml"), desk.site.asked("/atom.xml"))
        assert (desk.site.url("/rss.xml"), desk.site.url("/atom.xml")) == (desk.feed.feed.url, desk.feed.address)

        desk.site.fail("/atom.xml", 410)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await desk.cycle(after_s=HOUR_S)
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told
        assert (FeedStatus.ACTIVE, None) == (desk.feed.status, desk.feed.polled_url)
        assert ["feed_moved", "feed_moved_back"] == [
            record.message for record in caplog.records if record.message.startswith("feed_moved")
        ]

    at_desk(tmp_path, act)


def test_p7_a_feed_that_moved_to_where_another_is_polled_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 301, location="/atom.xml")
        desk.site.publish("/atom.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        for _ in range(5):
            await desk.cycle(after_s=HOUR_S)

        assert [None, None] == [feed.polled_url for feed in desk.feeds]
        assert 1 == [record.message for record in caplog.records].count("feed_moved_to_another")

    at_desk(tmp_path, act, feeds=("/rss.xml", "/atom.xml"))


async def _open_again(server: HttpServer) -> None:
    server._server = await asyncio.start_server(server._connected, "127.0.0.1", server.port)


def test_p7_an_outage_of_our_own_network_is_held_against_no_feed_and_costs_no_article(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        hosts = [HttpServer(desk.site._handle) for _ in range(12)]
        for host in hosts:
            await host.start()
        addresses = [f"{host.url}/rss.xml\n" for host in hosts]
        (tmp_path / "feeds.txt").write_text("".join(addresses), encoding="utf-8")
        await desk.app.declare_feeds()
        await desk.cycle()
        desk.site.page("/une", FILLER + "Kharkiv")
        desk.site.publish("/rss.xml", f"<item><title>{QUIET}</title><link>{hosts[0].url}/une</link></item>")
        for host in hosts:
            await host.stop()
        for after_s in (HOUR_S, 30, 30, 60):
            await desk.cycle(after_s=after_s)

        assert {(0, None)} == {(feed.failures, feed.last_reason) for feed in desk.feeds if "active" == feed.status}
        assert 1 == desk.metric("own_network_down")
        assert len(desk.polls) == 0

        for host in hosts:
            await _open_again(host)
        for after_s in (61, 5, 5, 70, HOUR_S):
            await desk.cycle(after_s=after_s)

        assert 0 == desk.metric("own_network_down")
        assert 1 == len(desk.told)
        assert ["own_network_down", "own_network_back"] == [
            record.message for record in caplog.records if record.message.startswith("own_network")
        ]
        for host in hosts:
            await host.stop()

    at_desk(tmp_path, act)


def test_i8_a_page_that_our_own_outage_kept_from_us_for_days_is_read_after_it(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        far = HttpServer(desk.site._handle)
        await far.start()
        await far.stop()
        desk.site.publish("/rss.xml", f"<item><title>{QUIET}</title><link>{far.url}/une</link></item>")
        desk.site.page("/une", FILLER + "Kharkiv")
        tools = desk.app.tools
        await desk.cycle(after_s=HOUR_S)
        for _ in range(9):
            tools.uplink.network = Network(down_since=desk.clock.now())
            desk.clock.pass_s(4 * HOUR_S)
            [claim] = tools.store.claim_entries(now=desk.clock.now(), owner="me", lease_s=600, limit=1, lane=Lane.SLOW)
            await read_article(tools, claim)
        tools.uplink.network = Network()
        await _open_again(far)
        await desk.cycle(after_s=601)
        await far.stop()

        assert 2 == claim.attempts  # the first was before we knew
        assert [QUIET] == desk.told

    at_desk(tmp_path, act)


def test_a_document_that_is_no_feed_fails_by_name(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/rss.xml"] = Answer(body=b"<html><body>404</body></html>")
        await desk.cycle()

        assert Reason.MALFORMED is desk.feed.last_reason

    at_desk(tmp_path, act)


def test_p4_a_catalogue_feed_asks_robots_first(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /rss.xml\n")
        [claim] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)
        [state] = claim.feeds
        chosen = replace(claim, feeds=(replace(state, feed=replace(state.feed, typed=False)),))
        [report] = await poll_host(desk.app.tools, chosen)

        assert Reason.ROBOTS is report.outcome.reason
        assert 0 == desk.site.asked("/rss.xml")

    at_desk(tmp_path, act)


def test_one_article_in_two_feeds_is_told_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for path in ("/a.xml", "/b.xml"):
            desk.site.publish(path, desk.item(f"/vieux{path}", QUIET, age_s=10 * TOMORROW_S))
        await desk.cycle()
        for path in ("/a.xml", "/b.xml"):
            desk.site.publish(path, desk.item("/une", NEWS))
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told
        assert 1 == desk.site.asked("/une")

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_i1_the_amp_page_that_another_feed_lists_is_the_same_article(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for path in ("/a.xml", "/b.xml"):
            desk.site.publish(path, desk.item(f"/vieux{path}", QUIET, age_s=10 * TOMORROW_S))
        await desk.cycle()
        for path, link in (("/a.xml", "/une.html?lmd_medium=rss"), ("/b.xml", "/une.html/amp?outputType=amp")):
            desk.site.publish(path, desk.item(link, NEWS))
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_a_host_with_long_polls_is_given_back_at_half_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> int:
        monkeypatch.setattr("monitor.stages.polling.HOST_LEASE_S", -1.0)
        [claim] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)
        reports = await poll_host(desk.app.tools, claim)
        [again] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)

        assert 1 == len(again.feeds)
        return len(reports)

    assert 1 == at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def _xml(body: str, **headers: str) -> Answer:
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(body=body.encode(), headers=(("Content-Type", "application/xml"), *given))


def _sitemap(desk: Desk, *articles: tuple[str, str]) -> str:
    at = desk.clock.now().isoformat()
    urls = "".join(
        f"<url><loc>{desk.site.url(path)}</loc><news:news><news:publication_date>{at}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news></url>"
        for path, title in articles
    )
    return f'<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'


def _index(desk: Desk, *paths: str) -> str:
    return (
        "<sitemapindex>"
        + "".join(f"<sitemap><loc>{desk.site.url(path)}</loc></sitemap>" for path in paths)
        + ("</sitemapindex>")
    )


def test_a_news_sitemap_is_polled_like_a_feed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/news.xml"] = _xml(_sitemap(desk, ("/vieux", QUIET)), ETag='"1"')
        desk.site.page("/une", FILLER)
        await desk.cycle()
        desk.site.answers["/news.xml"] = _xml(_sitemap(desk, ("/une", NEWS), ("/vieux", QUIET)))
        await desk.cycle(after_s=HOUR_S)

        assert '"1"' == next(r for r in reversed(desk.site.requests) if r.path == "/news.xml").headers["if-none-match"]
        assert [NEWS] == desk.told

    at_desk(tmp_path, act, feeds=("/news.xml",))


def test_the_sitemaps_of_an_index_are_read_at_each_poll_whatever_the_index_says_of_itself(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/index.xml"] = _xml(_index(desk, "/news.xml"), ETag='"1"', Cache_Control="max-age=86400")
        desk.site.answers["/news.xml"] = _xml(_sitemap(desk, ("/vieux", QUIET)), Cache_Control="max-age=60")
        desk.site.page("/une", FILLER)
        await desk.cycle()
        await desk.cycle(after_s=HOUR_S)
        kinds = [poll.outcome.kind for poll in desk.polls]
        desk.site.answers["/news.xml"] = _xml(_sitemap(desk, ("/une", NEWS), ("/vieux", QUIET)))
        await desk.cycle(after_s=HOUR_S)

        assert [PollResult.SAME_BODY] == kinds
        assert [NEWS] == desk.told
        assert {"/index.xml": 3, "/news.xml": 3} == {
            path: desk.site.asked(path) for path in ("/index.xml", "/news.xml")
        }
        assert not any("if-none-match" in request.headers for request in desk.site.requests)

    at_desk(tmp_path, act, feeds=("/index.xml",))


@pytest.mark.parametrize("path", ["/news.xml", "/index.xml", "/feed.json"])
def test_i9_what_leaves_a_sitemap_or_a_json_feed_early_may_be_withdrawn(tmp_path: Path, path: str) -> None:
    async def act(desk: Desk) -> None:
        old, new = ("/vieux", QUIET), ("/une", NEWS)
        desk.site.answers["/index.xml"] = _xml(_index(desk, "/news.xml"))
        desk.site.page("/une", FILLER)
        for listed in ((old,), (new, old), (old,)):
            if desk.webhook.received:
                desk.site.fail("/une", 410)
            items = [{"id": page, "url": desk.site.url(page), "title": title} for page, title in listed]
            json_feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Gazette", "items": items}
            desk.site.answers["/feed.json"] = Answer(body=json.dumps(json_feed).encode())
            desk.site.answers["/news.xml"] = _xml(_sitemap(desk, *listed))
            await desk.cycle(after_s=HOUR_S)

        assert ["story.alert.new", "story.alert.updated"] == [one.payload["type"] for one in desk.webhook.received]
        assert "withdrawn" == desk.webhook.received[1].payload["data"]["update"]["reason"]

    at_desk(tmp_path, act, feeds=(path,))


def test_p4_robots_txt_has_a_say_in_the_sitemaps_that_an_index_names(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /news.xml\n")
        desk.site.answers["/index.xml"] = _xml(_index(desk, "/news.xml"))
        await desk.cycle()

        assert 0 == desk.site.asked("/news.xml")
        assert Reason.ROBOTS is desk.feed.last_reason

    at_desk(tmp_path, act, feeds=("/index.xml",))


def test_p7_an_index_is_not_gone_with_its_only_sitemap(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/index.xml"] = _xml(_index(desk, "/news.xml"))
        desk.site.fail("/news.xml", 410)
        await desk.cycle()

        assert (FeedStatus.ACTIVE, Reason.HTTP_4XX) == (desk.feed.status, desk.feed.last_reason)

    at_desk(tmp_path, act, feeds=("/index.xml",))


# --- read -----------------------------------------------------------------------------------------------------------


def test_i7_a_page_that_fails_never_costs_the_alert_that_the_title_owes(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk)
        [alert] = desk.alerts

        assert "summary" == alert.payload["data"]["story"]["sources"][0]["completeness"]
        assert 1 == desk.metric("page_failures_total", reason="unavailable")

    at_desk(tmp_path, act)


@pytest.mark.parametrize("wall", [CONSENT["didomi"], BLOCKED["datadome"], ABSENT["not found"]])
def test_i7_a_wall_costs_no_alert_and_what_is_told_is_labelled(tmp_path: Path, wall: str) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.answers["/une"] = Answer(body=wall.encode(), headers=(("Content-Type", "text/html"),))
        await _news(desk)
        [alert] = desk.alerts

        assert "summary" == alert.payload["data"]["story"]["sources"][0]["completeness"]
        assert NEWS == alert.payload["data"]["story"]["title"]

    at_desk(tmp_path, act)


@pytest.mark.parametrize(("title", "told_from"), [("Une nuit sans sommeil", "full"), (NEWS, "summary")])
def test_r4_a_page_that_takes_too_much_is_left_to_the_slow_lane_and_costs_no_alert_its_time(
    tmp_path: Path, title: str, told_from: str
) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        heavy = "<!--" + "x" * 2_100_000 + "-->"
        desk.site.page("/une", FILLER, "À Kharkiv, les trains de nuit repartent.", FILLER, head=heavy)
        await _news(desk, title)
        [alert] = desk.alerts

        assert told_from == alert.payload["data"]["story"]["sources"][0]["completeness"]
        assert 2 == desk.site.asked("/une")
        assert Completeness.FULL is desk.articles[-1].article.completeness

    at_desk(tmp_path, act)


def test_i8_what_only_the_text_owes_is_told_after_what_the_title_owed_at_once(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    (rules / "digue.txt").write_text("digue\n", encoding="utf-8")

    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk)

        assert ["kharkiv"] == _rules_told(desk)

        desk.site.page("/une", FILLER, "La digue a tenu.", FILLER)
        await desk.cycle(after_s=31)

        assert ["kharkiv", "digue"] == _rules_told(desk)
        assert [("digue",)] == [tuple(match.rule.id for match in report.matches) for report in desk.articles]
        assert 0 == desk.app.tools.store.entries_waiting(now=desk.clock.now())

    at_desk(tmp_path, act, rules=rules)


def _rules_told(desk: Desk) -> list[str]:
    return [received.payload["data"]["rule"]["id"] for received in desk.alerts]


def test_r5_a_page_that_cannot_be_read_is_let_go_at_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.answers["/une"] = Answer(body=b"<html><p>", headers=(("Content-Type", "text/html"),))
        gc.collect()
        gc.disable()
        try:
            await _news(desk)
            kept = [page for page in gc.get_objects() if isinstance(page, Page)]
        finally:
            gc.enable()

        assert 1 == desk.metric("page_failures_total", reason="empty")
        assert not kept

    at_desk(tmp_path, act)


def test_i8_a_page_that_fails_is_asked_again_and_a_word_in_its_text_alone_is_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk, "Une nuit sans sommeil", "Récit de notre envoyée spéciale.")

        assert [True] == [report.postponed for report in desk.articles]

        desk.site.page("/une", FILLER, "À Kharkiv, les trains de nuit repartent.", FILLER)
        await desk.cycle(after_s=31)
        [alert] = desk.alerts

        assert "full" == alert.payload["data"]["story"]["sources"][0]["completeness"]

    at_desk(tmp_path, act)


def test_i8_a_match_that_tells_nobody_does_not_end_the_retries(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk, "Un drone au-dessus des vignes")
        desk.site.page("/une", FILLER, "À Kharkiv, les trains de nuit repartent.", FILLER)
        await desk.cycle(after_s=31)

        assert ["Un drone au-dessus des vignes"] == desk.told

    at_desk(tmp_path, act)


def test_i8_a_page_that_is_not_there_yet_is_asked_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk, QUIET)
        desk.site.page("/une", FILLER, "À Kharkiv, les trains de nuit repartent.", FILLER)
        await desk.cycle(after_s=31)

        assert [QUIET] == desk.told

    at_desk(tmp_path, act)


def test_a_page_that_stays_away_is_asked_three_times(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk, QUIET)
        for wait_s in (31, 301, 1801, 7201):
            await desk.cycle(after_s=wait_s)

        assert 3 == desk.site.asked("/une")

    at_desk(tmp_path, act)


def test_i8_the_turns_of_a_site_with_a_long_crawl_delay_use_up_no_attempts(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/robots.txt"] = Answer(body=b"User-agent: *\nCrawl-delay: 300\n")
        await _baseline(desk)
        paths = [f"/{number}" for number in range(6)]
        for path in paths:
            desk.site.page(path, FILLER, f"À Kharkiv, le train de nuit {path} repart.", FILLER)
        desk.site.publish("/rss.xml", *(desk.item(path, QUIET) for path in paths))
        gate = desk.app.tools.gate
        desk.clock.pass_s(TOMORROW_S)
        for _ in paths:
            await desk.cycle(after_s=301)
            for host in gate._hosts.values():
                host.next_page_at -= 301

        assert [1] * 6 == [desk.site.asked(path) for path in paths]
        assert [QUIET] * 6 == desk.told

    at_desk(tmp_path, act, poll_max_s=86_400, poll_min_s=86_400)


def test_i8_a_site_that_lets_us_read_too_little_costs_no_alert_that_its_feed_owes(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk, QUIET)
        await desk.cycle(after_s=TOMORROW_S + 1)

        assert [False] == [report.postponed for report in desk.articles]

    at_desk(tmp_path, act)


def test_p2_a_redirect_to_a_host_in_trouble_is_not_held_against_the_one_that_was_asked(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        other = Site()
        await other.server.start()
        try:
            other.fail("/elsewhere", 429, retry_after="1800")
            desk.site.fail("/a.xml", 302, location=other.url("/elsewhere"))
            desk.site.publish("/b.xml", desk.item("/une", QUIET))
            await desk.cycle()
        finally:
            await other.server.stop()
        bad, good = desk.feeds

        assert (1, Reason.RATE_LIMITED) == (bad.failures, bad.last_reason)
        assert (0, 1) == (good.failures, desk.site.asked("/b.xml"))

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_p3_a_feed_whose_host_has_no_time_for_us_did_not_fail(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/une", QUIET))
        desk.app.tools.gate.hold(desk.feed.host, Hold(timedelta(seconds=300)))
        await desk.cycle()

        assert (0, None, 0) == (desk.feed.failures, desk.feed.last_polled_at, len(desk.polls))
        assert next_due_at(desk.app.tools.store) == pytest.approx(
            desk.clock.now() + timedelta(seconds=300), abs=timedelta(seconds=5)
        )

    at_desk(tmp_path, act)


def test_i8_a_word_in_the_text_alone_is_told_after_an_outage_of_half_an_hour(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk, QUIET)
        for wait_s in (31, 301):
            await desk.cycle(after_s=wait_s)
        desk.site.page("/une", FILLER, "À Kharkiv, les trains de nuit repartent.", FILLER)
        await desk.cycle(after_s=1801)

        assert [QUIET] == desk.told

    at_desk(tmp_path, act)


def test_p2_what_a_site_asked_for_is_kept_over_a_restart(tmp_path: Path) -> None:
    """By a page, and by the host that a feed redirects to: neither is the host that is polled."""
    clock = ManualClock()

    async def refused(desk: Desk) -> None:
        site, elsewhere = desk.site, Site()
        await elsewhere.server.start()
        await desk.cycle()
        elsewhere.fail("/neuf.xml", 429, retry_after="900")
        site.fail("/moved.xml", 302, location=elsewhere.url("/neuf.xml"))
        desk.site.publish("/rss.xml", desk.item("/une", "Le marché"))
        site.fail("/une", 503, retry_after="7200")
        await desk.cycle(after_s=HOUR_S)
        await elsewhere.server.stop()

        assert 1 == site.asked("/une")

    async def held(desk: Desk) -> set[tuple[float, float]]:
        found = set()
        for host in desk.app.tools.store.held_hosts(now=clock.now()):
            with pytest.raises(FetchError) as caught:
                await desk.app.tools.gate.feed(f"http://{host.name}/").__aenter__()
            assert Reason.BUSY is caught.value.reason
            hold = desk.app.tools.gate.held(host.name)
            found.add((round(hold.feeds.total_seconds(), -1), round(hold.pages.total_seconds(), -1)))
        return found

    feeds = ("/rss.xml", "/moved.xml")
    at_desk(tmp_path, refused, feeds=feeds, clock=clock)

    assert {(900, 900), (3600, 7200)} == at_desk(tmp_path, held, feeds=feeds, clock=clock)


def test_p2_an_answer_of_one_page_silences_the_feeds_of_its_host_for_an_hour_at_most(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 429, retry_after="86400")
        await _news(desk, QUIET)
        [host] = desk.app.tools.store.held_hosts(now=desk.clock.now())

        assert (desk.feed.host, 1) == (host.name, desk.site.asked("/une"))
        assert host.feeds_until is not None
        assert host.pages_until is not None
        waits = [(until - desk.clock.now()).total_seconds() for until in (host.feeds_until, host.pages_until)]
        assert pytest.approx([3600, 86400], abs=5) == waits
        assert (next_due_at(desk.app.tools.store) or host.pages_until) < host.pages_until

    at_desk(tmp_path, act)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_p2_an_answer_that_does_not_ask_to_wait_holds_nothing(tmp_path: Path, status: int) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", status, retry_after="86400")
        await _news(desk, QUIET)
        before = desk.site.asked("/rss.xml")
        await desk.cycle(after_s=HOUR_S)

        assert (1, before + 1) == (min(desk.site.asked("/une"), 1), desk.site.asked("/rss.xml"))
        assert () == desk.app.tools.store.held_hosts(now=desk.clock.now())

    at_desk(tmp_path, act)


def test_p3_a_page_that_redirects_to_a_host_whose_turn_it_is_not_is_read_when_it_is(tmp_path: Path) -> None:
    """It has not failed, and what its title owes is told at once."""

    async def act(desk: Desk) -> None:
        other = Site()
        await other.server.start()
        other.answers["/robots.txt"] = Answer(body=b"User-agent: *\nCrawl-delay: 60")
        await _baseline(desk)
        items = []
        for name, title in (("a", QUIET), ("b", NEWS), ("c", f"{QUIET} encore")):
            other.page(f"/{name}", f"La page {name}.", FILLER, "Kharkiv se souvient.")
            desk.site.fail(f"/{name}", 302, location=other.url(f"/{name}"))
            items.append(desk.item(f"/{name}", title))
        desk.site.publish("/rss.xml", *items)
        await desk.cycle(after_s=HOUR_S)
        first = [path for path in ("/a", "/b", "/c") if other.asked(path)]
        told_at_once = list(desk.told)
        gate = desk.app.tools.gate
        for _ in range(2):
            gate._hosts[host_of(other.url("/"))].next_page_at = 0
            await desk.cycle(after_s=HOUR_S)
        await other.server.stop()

        assert (1, [1, 1, 1]) == (len(first), [other.asked(path) for path in ("/a", "/b", "/c")])
        assert NEWS in told_at_once
        assert {NEWS, QUIET, f"{QUIET} encore"} == set(desk.told)
        assert 0 == desk.app.tools.store.entries_waiting(now=desk.clock.now())

    at_desk(tmp_path, act)


def test_p3_a_feed_that_redirects_to_a_host_whose_turn_it_is_not_is_put_off_alone(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        other = Site()
        await other.server.start()
        other.publish("/rss.xml", desk.item("/ailleurs", QUIET))
        desk.app.tools.gate.hold(host_of(other.url("/")), Hold(feeds=timedelta(seconds=300)))
        desk.site.fail("/a.xml", 302, location=other.url("/rss.xml"))
        desk.site.publish("/b.xml", desk.item("/une", QUIET))
        await desk.cycle()
        put_off, polled = desk.feeds
        wait_s = ((put_off.next_due_at or desk.clock.now()) - desk.clock.now()).total_seconds()
        asked = other.asked("/rss.xml")
        desk.app.tools.gate._hosts.clear()
        await desk.cycle(after_s=301)
        await other.server.stop()

        assert (0, None, None) == (put_off.failures, put_off.last_polled_at, put_off.last_reason)
        assert pytest.approx(300, abs=5) == wait_s
        assert (0, 1) == (asked, other.asked("/rss.xml"))
        assert polled.last_ok_at is not None
        assert desk.feeds[0].last_ok_at == desk.clock.now()

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


class Subscribed(CookieJar):
    """Has a cookie for whatever is asked, over http too."""

    def header(self, url: str, *, now: datetime) -> str | None:
        return "abo=1"


def test_s6_only_pages_of_a_feeds_own_site_are_asked_as_the_operator(tmp_path: Path) -> None:
    """Or any feed could have an address asked for that does something in the operator's name."""

    async def act(desk: Desk) -> None:
        desk.app.tools.client._cookies = Subscribed()
        other = Site()
        await other.server.start()
        await _baseline(desk)
        desk.site.page("/une", FILLER)
        desk.site.fail("/vers", 302, location=other.url("/resilier?oui=1"))
        links = [desk.site.url("/une"), desk.site.url("/vers"), other.url("/compte?supprimer=1")]
        items = [item(link, f"Titre {n}", at=desk.clock.now()) for n, link in enumerate(links)]
        desk.site.publish("/rss.xml", *items)
        await desk.cycle(after_s=HOUR_S)
        await other.server.stop()
        asked = {request.path: request.headers.get("cookie") for request in (*desk.site.requests, *other.requests)}

        assert {"/une": "abo=1", "/vers": "abo=1", "/rss.xml": None} == {
            path: asked[path] for path in ("/une", "/vers", "/rss.xml")
        }
        assert {None} == {request.headers.get("cookie") for request in other.requests}
        assert {"/resilier", "/compte"} <= {request.path.partition("?")[0] for request in other.requests}

    at_desk(tmp_path, act)


def test_a_retry_after_of_a_page_is_obeyed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503, retry_after="100")
        await _news(desk, QUIET)
        await desk.cycle(after_s=99)

        assert 1 == desk.site.asked("/une")

    at_desk(tmp_path, act)


def test_after_its_retries_an_article_is_read_from_its_feed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk, QUIET)
        for wait_s in (31, 301, 1801, 7201):
            await desk.cycle(after_s=wait_s)

        assert [(False, Completeness.SUMMARY)] == [(one.postponed, one.article.completeness) for one in desk.articles]
        assert 5 == desk.site.asked("/une")
        assert 0 == desk.app.tools.store.entries_waiting(now=desk.clock.now())

    at_desk(tmp_path, act)


async def _killed_while_reading(desk: Desk, title: str, *, times: int) -> None:
    """Let an article be published, and the daemon be killed each time it is read."""
    await _baseline(desk)
    desk.site.page("/une", FILLER + "Kharkiv")
    desk.site.publish("/rss.xml", desk.item("/une", title))
    desk.clock.pass_s(HOUR_S)
    store = desk.app.tools.store
    [host] = store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)
    await poll_host(desk.app.tools, host)
    for _ in range(times):
        assert store.claim_entries(now=desk.clock.now(), owner="me", lease_s=60, limit=1, lane=Lane.FAST)
        store.release_leases(now=desk.clock.now(), interrupted=True)


@pytest.mark.untraced
@pytest.mark.parametrize(("kills", "waits_s"), [(1, 0), (2, 0), (3, 60), (5, 240), (20, 3600)])
def test_i8_however_often_it_is_killed_while_a_page_is_read_that_page_is_read_in_the_end(
    tmp_path: Path, kills: int, waits_s: int
) -> None:
    async def act(desk: Desk) -> None:
        await _killed_while_reading(desk, QUIET, times=kills)
        await desk.cycle()
        at_once = desk.told
        if waits_s:
            assert [] == at_once
            assert 0 == desk.site.asked("/une")
            await desk.cycle(after_s=waits_s / 2 - 1)
            assert 0 == desk.site.asked("/une")
            await desk.cycle(after_s=waits_s / 2 + 1)

        assert [QUIET] == desk.told
        assert 1 == desk.site.asked("/une")

    at_desk(tmp_path, act)


def test_i7_what_a_title_owes_waits_for_no_page_that_the_daemon_was_killed_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="monitor")

    async def act(desk: Desk) -> None:
        await _killed_while_reading(desk, NEWS, times=3)
        await desk.cycle()
        store = desk.app.tools.store
        [listed] = store.listed([f"l:{link_key(desk.site.url('/une'))}"])

        assert [NEWS] == desk.told
        assert 0 == desk.site.asked("/une")
        assert (Reason.INTERRUPTED, 3, Lane.SLOW) == (listed.last_reason, listed.interrupted, listed.lane)
        assert "killed or failed 3 times" in str(listed.last_error)
        assert listed.article is not None
        assert Reason.INTERRUPTED is listed.article.article.page_reason
        assert "page_failed" in [record.message for record in caplog.records]

        await desk.cycle(after_s=60)
        [listed] = store.listed([f"l:{link_key(desk.site.url('/une'))}"])

        assert [NEWS] == desk.told
        assert 1 == desk.site.asked("/une")
        assert listed.article is not None
        assert (None, Completeness.FULL) == (listed.article.article.page_reason, listed.article.article.completeness)

    at_desk(tmp_path, act)


@pytest.mark.untraced
def test_i8_a_page_that_brings_the_daemon_down_each_time_soon_does_it_once_or_twice_an_hour(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _killed_while_reading(desk, QUIET, times=3)
        store, kills = desk.app.tools.store, 0
        for _ in range(24 * 60):
            desk.clock.pass_s(60)
            now = desk.clock.now()
            for lane in Lane:
                for claim in store.claim_entries(now=now, owner="me", lease_s=50, limit=1, lane=lane):
                    if claim.has_waited:
                        kills += 1
                        store.release_leases(now=now, interrupted=True)
                    else:
                        await read_article(desk.app.tools, claim)

        assert 24 < kills < 60
        assert 0 == desk.site.asked("/une")

    at_desk(tmp_path, act)


def test_p4_a_page_that_robots_refuses_is_never_asked_and_its_summary_is_matched(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /abo\n")
        await _baseline(desk)
        await _news(desk, path="/abo/une")
        [alert] = desk.alerts

        assert 0 == desk.site.asked("/abo/une")
        assert "summary" == alert.payload["data"]["story"]["sources"][0]["completeness"]
        assert Reason.ROBOTS is desk.articles[0].article.page_reason

    at_desk(tmp_path, act)


_RESERVED = '<meta name="tdm-reservation" content="1">'


def test_p5_of_a_page_that_reserves_its_text_only_title_link_and_matches_are_kept(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER, head=_RESERVED)
        await _news(desk, summary="Un résumé de deux lignes.")
        [line] = desk.app.tools.store.matches()
        kept = desk.app.tools.store.match(str(line.id)).article

        assert [NEWS] == desk.told
        assert (NEWS, desk.site.url("/une"), "", "") == (kept.title, kept.url, kept.lead, kept.body)
        assert (True, Reason.RESERVED) == (kept.reserved, kept.page_reason)

        desk.site.publish("/rss.xml", desk.item("/une", f"{NEWS} (bis)", "Un résumé plus long."))
        await desk.cycle(after_s=HOUR_S)
        with closing(sqlite3.connect(desk.folder / "veille.db")) as log:
            texts = log.execute("SELECT summary || content FROM entry WHERE link LIKE '%/une'").fetchall()

        assert [("",)] == texts

    at_desk(tmp_path, act)


def test_p5_the_operator_may_ignore_reservations_and_they_are_recorded(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER, head=_RESERVED)
        await _news(desk)
        [line] = desk.app.tools.store.matches()
        kept = desk.app.tools.store.match(str(line.id)).article

        assert (True, None) == (kept.reserved, kept.page_reason)
        assert kept.lead or kept.body

    at_desk(tmp_path, act, tdm_policy=TdmPolicy.IGNORE)


def test_an_experimental_rule_counts_and_never_notifies(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER)
        await _news(desk, "Un drone au-dessus des vignes")

        assert [] == desk.webhook.requests
        assert 1 == desk.metric("matches_total", rule="essai", kind="match")
        assert ["essai"] == [line.rule for line in desk.app.tools.store.matches()]

    at_desk(tmp_path, act)


def test_a_near_miss_is_kept_and_not_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER)
        await _news(desk, "Le barrage de la Lande sera vidé")

        assert [] == desk.webhook.requests
        assert [True] == [line.near_miss for line in desk.app.tools.store.matches(MatchFilter(near_misses=True))]
        assert 1 == desk.metric("matches_total", rule="barrage", kind="near_miss")

    at_desk(tmp_path, act)


def test_an_entry_without_a_link_is_read_from_its_feed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.publish("/rss.xml", f"<item><title>{NEWS}</title><guid>urn:1</guid></item>")
        await desk.cycle(after_s=HOUR_S)

        assert [NEWS] == desk.told

    at_desk(tmp_path, act)


def test_a_page_in_a_charset_that_is_broken_is_counted(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.page("/une", FILLER, "Le Ã¨me Ãƒ texte", "l\ufffdÉtat décide")
        await _news(desk)

        assert 1 == desk.metric("garbled_pages_total")

    at_desk(tmp_path, act)


def test_the_way_of_an_article_is_timed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.clock.pass_s(HOUR_S)
        desk.site.page("/une", FILLER)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS, age_s=120))
        await desk.cycle()

        assert 1 == desk.metric("published_to_seen_seconds_count")
        assert 120 == desk.metric("published_to_seen_seconds_sum")
        assert 1 == desk.metric("seen_to_read_seconds_count") == desk.metric("read_to_matched_seconds_count")
        [told] = desk.alerts
        assert {
            "published_to_seen_s": 120.0,
            "seen_to_read_s": 0.0,
            "read_to_matched_s": 0.0,
            "seen_to_sent_s": 0.0,
        } == told.payload["data"]["latency"]

    at_desk(tmp_path, act)


def test_an_article_is_read_when_its_page_is_and_told_when_its_title_owes_it(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.fail("/une", 503)
        await _news(desk)
        seen_at = desk.clock.now()
        desk.site.page("/une", FILLER)
        await desk.cycle(after_s=60)
        [line] = desk.app.tools.store.ledger(since=seen_at)
        [told] = desk.app.tools.store.told(since=seen_at)

        assert (seen_at, seen_at + timedelta(seconds=60)) == (line.seen_at, line.read_at)
        assert (told.read_at, told.planned_at) == (line.read_at, seen_at)
        assert (1, 60) == (desk.metric("seen_to_read_seconds_count"), desk.metric("seen_to_read_seconds_sum"))

    at_desk(tmp_path, act)


def test_of_a_first_poll_nobody_was_late(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/une", NEWS, age_s=HOUR_S))
        await desk.cycle()

        assert 0 == desk.metric("published_to_seen_seconds_count")

    at_desk(tmp_path, act)


def test_a_mistake_of_ours_on_one_feed_stops_no_other_of_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(pool: WorkerPool, body: bytes, *, url: str, **rest: Any) -> ParsedFeed:
        if url.endswith("/a.xml"):
            raise KeyError("ours")
        return await parse(pool, body, url=url, **rest)

    async def act(desk: Desk) -> None:
        monkeypatch.setattr("monitor.feeds.parse", broken)
        for path in ("/a.xml", "/b.xml"):
            desk.site.publish(path, desk.item("/une", QUIET))
        await desk.cycle()
        bad, good = desk.feeds

        assert (1, 0) == (bad.failures, good.failures)
        assert "KeyError: 'ours'" in (bad.last_error or "")
        assert 1 == desk.metric("errors_total", stage="poll_feed")

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_a_database_that_refuses_is_an_error_of_the_whole_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.app.tools.store, "record_poll", full)
        await _baseline(desk)

        assert 1 == desk.metric("errors_total", stage="poll_host_fast")

    at_desk(tmp_path, act)


# --- recap ----------------------------------------------------------------------------------------------------------


def test_a_recap_without_receivers_is_recorded_and_not_tried_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await desk.cycle()
        pending = desk.app.tools.store.recap_pending(limit=1)

        assert (0, 0) == (pending.count, desk.pending())

    at_desk(tmp_path, act, webhook_url=None, webhook_secret=None)


def test_a_recap_waits_for_what_is_still_to_be_read_and_not_for_ever(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/late", 503)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS), desk.item("/late", QUIET))
        [host] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)
        await poll_host(desk.app.tools, host)
        for claim in desk.app.tools.store.claim_entries(
            now=desk.clock.now(), owner="me", lease_s=60, limit=9, lane=Lane.FAST
        ):
            await read_article(desk.app.tools, claim)

        assert not await tell_recap(desk.app.tools)

        desk.clock.pass_s(601)

        assert await tell_recap(desk.app.tools)

    at_desk(tmp_path, act)


def test_a_recap_waits_for_feeds_that_were_never_polled(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/a.xml", desk.item("/une", NEWS))
        desk.site.fail("/b.xml", 500)
        [host] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="me", lease_s=60, limit=1)
        await poll_host(desk.app.tools, replace(host, feeds=host.feeds[:1]))
        [claim] = desk.app.tools.store.claim_entries(
            now=desk.clock.now(), owner="me", lease_s=60, limit=9, lane=Lane.FAST
        )
        await read_article(desk.app.tools, claim)

        assert not await tell_recap(desk.app.tools)

        await desk.cycle()

        assert 1 == len(desk.recaps)

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_each_receiver_is_told_what_the_routes_send_it(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "vin.txt").write_text("vendanges\n", encoding="utf-8")
    (tmp_path / "routes.yaml").write_text(
        "route:\n  receiver: journal\n  routes:\n"
        "    - {matchers: [rule=kharkiv], receiver: front, continue: true}\n"
        "    - {matchers: ['rule=~\"kharkiv|vendanges\"'], receiver: tout}\n"
        "receivers: {front: {webhook: {}}, tout: {webhook: {}}}\n",
        encoding="utf-8",
    )

    async def act(desk: Desk) -> None:
        wine, drone = desk.item("/vin", "Des vendanges tardives"), desk.item("/drone", "Un drone au-dessus du lac")
        desk.site.publish("/rss.xml", desk.item("/une", NEWS), wine, drone)
        await desk.cycle()

        assert [1, 2] == sorted(len(recap.payload["data"]["items"]) for recap in desk.recaps)
        assert {0} == {recap.payload["data"].get("truncated", 0) for recap in desk.recaps}
        assert 0 == desk.app.tools.store.recap_pending(limit=1).count

        desk.site.publish("/rss.xml", desk.item("/deux", f"{NEWS} encore"), desk.item("/trois", "Vendanges finies"))
        await desk.cycle(after_s=HOUR_S)

        assert [f"{NEWS} encore", f"{NEWS} encore", "Vendanges finies"] == sorted(desk.told)

    at_desk(tmp_path, act, routes=tmp_path / "routes.yaml")


# --- deliver --------------------------------------------------------------------------------------------------------


class Refusals:
    """Answers with these statuses in turn, then accepts; keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses: Sequence[int] = statuses
        self.seen: list[Request] = []

    def __call__(self, number: int, request: Request) -> Answer | None:
        self.seen.append(request)
        return Answer(self.statuses[number - 1]) if number <= len(self.statuses) else None


def test_d3_a_refused_message_is_sent_again_with_the_same_identity_and_bytes(tmp_path: Path) -> None:
    refusals = Refusals(500, 503)

    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)
        for wait_s in (1, 5, 331):
            await desk.cycle(after_s=wait_s)

        assert ["sent"] == desk.outcomes
        assert [NEWS] == desk.told

    at_desk(tmp_path, act, decide=refusals)

    assert 3 == len(refusals.seen)
    assert 1 == len({(seen.headers["webhook-id"], seen.body) for seen in refusals.seen})
    assert 3 == len({seen.headers["webhook-timestamp"] for seen in refusals.seen})


@pytest.mark.parametrize("error", [StoreBusyError("another program kept it locked"), StoreFullError("no room left")])
def test_d4_a_database_that_is_locked_or_full_for_a_while_has_no_accepted_message_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError
) -> None:
    monkeypatch.setattr("monitor.stages.delivering._FULL_PAUSE_S", 0.0)

    async def act(desk: Desk) -> None:
        await _baseline(desk)
        store, refusals = desk.app.tools.store, iter(range(2))
        settle = store.settle_sent

        def busy(*args: Any, **kwargs: Any) -> None:
            if next(refusals, None) is None:
                settle(*args, **kwargs)
            else:
                raise error

        monkeypatch.setattr(store, "settle_sent", busy)
        await _news(desk)
        await desk.cycle(after_s=DELIVERY_LEASE_S + 1)

        assert [NEWS] == desk.told
        assert 0 == desk.pending()

    at_desk(tmp_path, act)


def test_a_database_that_is_locked_for_longer_leaves_an_accepted_message_to_the_next_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("another program kept it locked")

    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)
        store = desk.app.tools.store
        later = desk.clock.now() + timedelta(hours=1)
        [delivery] = store.claim_deliveries("webhook", now=later, owner="me", lease_s=60, limit=1)
        monkeypatch.setattr("monitor.stages.delivering.DELIVERY_LEASE_S", -1)
        monkeypatch.setattr(store, "settle_sent", busy)

        with pytest.raises(StoreBusyError):
            await deliver(desk.app.tools, delivery)

        assert 1 == desk.pending()

    at_desk(tmp_path, act, decide=lambda number, _request: None if number > 1 else Answer(503))


def test_d8_after_the_last_attempt_a_message_is_failed_and_can_be_replayed(tmp_path: Path) -> None:
    refusals = Refusals(*[500] * 10)

    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)
        for _ in range(9):
            await desk.cycle(after_s=2 * TOMORROW_S)

        assert ["failed"] == desk.outcomes

        desk.app.tools.store.replay(now=desk.clock.now())
        await desk.cycle()

        assert [NEWS] == desk.told

    at_desk(tmp_path, act, decide=refusals)

    assert 11 == sum(b'"story.alert.new"' in request.body for request in refusals.seen)


SECRET = "https://hooks.example.org/topsecret"


class Broken:
    """A channel with a bug, whose error could hold a secret."""

    def __init__(self, channel: ChannelSender) -> None:
        self.render = channel.render

    async def send(self, delivery: Delivery) -> Receipt:
        raise KeyError(SECRET)


def test_d1_a_channel_with_a_bug_is_tried_on_schedule_and_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        channels = desk.app.tools.channels
        assert isinstance(channels, dict)
        channels["webhook"] = Broken(channels["webhook"])
        await _baseline(desk)
        await _news(desk)
        [line] = desk.app.tools.store.deliveries(state=DeliveryState.PENDING)

        assert (Reason.REJECTED, 1) == (line.last_reason, line.attempts)
        assert "KeyError" in str(line.last_error)
        assert "topsecret" not in str(line.last_error)
        assert 1 == desk.metric("errors_total", stage="deliver")

    at_desk(tmp_path, act)

    assert "deliver_crashed" in caplog.messages
    assert "topsecret" not in "".join(str(vars(record)) for record in caplog.records)


def test_d9_a_message_that_cannot_be_written_is_failed_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> None:
        def stumble(*_: object) -> None:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

        await _baseline(desk)
        monkeypatch.setattr(desk.app.tools.channels["mail"], "render", stumble)
        await _news(desk)
        told = {line.receiver: (line.state, line.last_error) for line in desk.app.tools.store.deliveries()}

        assert [NEWS] == desk.told
        assert (DeliveryState.SENT, None) == told["webhook"]
        assert DeliveryState.FAILED is told["mail"][0]
        assert "UnicodeEncodeError" in (told["mail"][1] or "")
        assert 1 == desk.metric("errors_total", stage="render")
        assert {} == desk.app.tools.store.replay(receiver="mail", now=desk.clock.now())

    at_desk(tmp_path, act, smtp_host="127.0.0.1", mail_from="v@example.org", mail_to="a@example.org")


def test_a_message_never_leaves_through_another_channel_than_its_own(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)
        [line] = desk.app.tools.store.deliveries()
        [delivery] = desk.app.tools.store.claim_deliveries(
            "webhook", now=desk.clock.now() + timedelta(hours=1), owner="me", lease_s=60, limit=1
        )
        report = await deliver(desk.app.tools, replace(delivery, channel=Channel.SLACK))
        told = desk.app.tools.store.deliveries()[0].last_error

        assert "failed" == report.outcome
        assert told == (
            "webhook: the message is for slack, and the receiver is now webhook; "
            "give the new one another name, then replay"
        )
        assert 1 == len(desk.webhook.requests)
        assert line.id == delivery.id

    at_desk(tmp_path, act, decide=lambda _number, _request: Answer(503))


def test_a_delivery_of_a_receiver_that_is_not_configured_stays_pending(tmp_path: Path) -> None:
    async def first(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)

    async def second(desk: Desk) -> None:
        await desk.cycle(after_s=TOMORROW_S)

        assert (1, []) == (desk.pending(), desk.outcomes)

    at_desk(tmp_path, first, decide=lambda _number, _request: Answer(500))
    at_desk(tmp_path, second, webhook_url=None, webhook_secret=None)

    with stored(tmp_path) as store:
        assert ["webhook"] == [line.receiver for line in store.deliveries(state=DeliveryState.PENDING)]


def test_what_a_killed_daemon_was_sending_is_sent_at_once_by_the_next(tmp_path: Path) -> None:
    async def first(desk: Desk) -> None:
        await _baseline(desk)
        await _news(desk)

    at_desk(tmp_path, first, decide=lambda _number, _request: Answer(500))
    with stored(tmp_path) as store:
        _claim_all(store)

    async def second(desk: Desk) -> None:
        desk.clock.pass_s(2 * HOUR_S)
        await desk.cycle()

        assert [NEWS] == desk.told

    at_desk(tmp_path, second)


@pytest.mark.parametrize(("kills", "waits_s"), [(1, 0), (2, 1), (9, 128), (39, 3600)])
def test_d1_however_often_it_is_killed_while_sending_a_message_arrives(
    tmp_path: Path, kills: int, waits_s: int
) -> None:
    async def act(desk: Desk) -> None:
        await _unsent(desk, kills=kills)
        await desk.cycle()
        assert bool(waits_s) == (desk.told == [])
        await desk.cycle(after_s=waits_s)

        assert [NEWS] == desk.told
        assert [1] == [line.attempts for line in desk.app.tools.store.deliveries()]

    at_desk(tmp_path, act)


def test_d8_a_message_that_ends_the_daemon_each_time_is_failed_in_the_end_and_does_not_leave(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _unsent(desk, kills=40)
        await desk.cycle()
        [line] = desk.app.tools.store.deliveries(state=DeliveryState.FAILED)

        assert (Reason.INTERRUPTED, "webhook: veille was killed or failed 40 times in a row while sending it") == (
            line.last_reason,
            line.last_error,
        )
        assert [] == desk.webhook.requests

    at_desk(tmp_path, act)


async def _unsent(desk: Desk, *, kills: int) -> None:
    """Bring one message into the outbox, and kill the daemon so many times while it sends it."""
    await _baseline(desk)
    desk.site.publish("/rss.xml", desk.item("/une", NEWS))
    store = desk.app.tools.store
    [receiver] = desk.app.runner.messages
    held = desk.app.runner.messages.pop(receiver)
    await desk.cycle(after_s=HOUR_S)
    desk.app.runner.messages[receiver] = held
    for _ in range(kills):
        assert store.claim_deliveries(receiver, now=desk.clock.now(), owner="dead", lease_s=60, limit=4)
        store.release_leases(now=desk.clock.now(), interrupted=True)


def _claim_all(store: Store) -> None:
    from tests.clock import ManualClock

    later = ManualClock().now() + timedelta(seconds=2 * HOUR_S)
    claimed = store.claim_deliveries("webhook", now=later, owner="dead", lease_s=DELIVERY_LEASE_S, limit=9)

    assert 1 == len(claimed)


def test_two_cycles_at_once_never_send_twice(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _baseline(desk)
        desk.site.publish("/rss.xml", *(desk.item(f"/{n}", f"{NEWS} {n}") for n in range(5)))
        desk.clock.pass_s(HOUR_S)
        await asyncio.gather(desk.app.runner.run_once(), desk.app.runner.run_once())

        assert 5 == len(desk.told)
        assert 5 == len(set(desk.told))

    at_desk(tmp_path, act)
