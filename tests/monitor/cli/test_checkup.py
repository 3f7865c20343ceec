from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.errors import Reason
from monitor.model import Feed, PollOutcome, PollResult
from monitor.sources import add_feeds
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import FEED, HOME
from tests.monitor.store.samples import NOW

Site = Callable[..., str]
RSS = "application/rss+xml"


def _rss(*titles: str, age: timedelta = timedelta(hours=2), ttl: str = "") -> str:
    at = format_datetime(datetime.now(UTC) - age)
    items = "".join(
        f"<item><title>{title}</title><link>SITE/{title}</link><pubDate>{at}</pubDate></item>" for title in titles
    )
    return f"<rss version='2.0'><channel><title>La Gazette</title>{ttl}{items}</channel></rss>"


GARBLED = _rss(*(f"L’éXlysée {n}" for n in range(3))).encode().replace(b"X", b"\xe9")


@pytest.fixture(autouse=True)
def feeds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The feeds file of the settings."""
    monkeypatch.setenv("VEILLE_FEEDS", "feeds.opml")
    return folder / "feeds.opml"


def test_every_declared_feed_is_looked_at(veille: Veille, feeds: Path, site: Site) -> None:
    good = site(
        "/rss.xml",
        _rss("Un", "Deux", ttl="<ttl>15</ttl>"),
        RSS,
        headers={"ETag": '"1"', "Cache-Control": "max-age=60", "Link": "<https://hub.example/>; rel=hub"},
    )
    add_feeds(feeds, [Feed(good, outlet="La Gazette"), Feed(lost := site("/perdu.xml", None))])
    got = veille("feeds", "check", "--json")
    first, second = got.lines

    assert got.code == 1
    assert {
        "url": good,
        "outlet": "La Gazette",
        "ok": True,
        "status": 200,
        "format": "rss20",
        "title": "La Gazette",
        "entries": 2,
        "undated": 0,
        "validators": ["etag"],
        "keep_s": 900.0,
        "hub": "https://hub.example/",
        "hops": [],
        "moved_to": None,
        "robots_allow": True,
        "remarks": [],
        "reason": None,
        "error": None,
        "offers": [],
    }.items() <= first.items()
    assert first["newest_at"].endswith("+00:00")
    assert first["took_s"] >= 0
    assert (lost, False, 404, "http_4xx") == tuple(second[name] for name in ("url", "ok", "status", "reason"))


def test_a_person_sees_a_line_for_each(veille: Veille, site: Site) -> None:
    url = site("/rss.xml", _rss("Un"), RSS, headers={"Last-Modified": "Sat, 16 May 2026 05:30:00 GMT"})
    got = veille("feeds", "check", url)

    assert (0, "1 feeds, 0 of them cannot be read.\n") == (got.code, got.err)
    assert ["ok", "200", "rss20", "1"] == got.out.split("\t")[:4]
    assert f"{url}\n" == got.out.split("\t")[-1]


def test_a_page_in_place_of_a_feed_offers_the_feeds_that_it_names(veille: Veille, site: Site) -> None:
    feed = site("/rss.xml", FEED, RSS)
    page = site("/ancien-flux.xml", HOME)
    got = veille("feeds", "check", page)

    assert got.code == 1
    assert f"it is a web page; its site has {feed}" in got.out


def test_a_feed_that_is_closed_offers_those_of_the_home_page(veille: Veille, site: Site) -> None:
    feed = site("/rss.xml", FEED, RSS)
    site("/", HOME)
    [gone] = veille("feeds", "check", "--json", site("/ferme.xml", "", status=410)).lines
    [down] = veille("feeds", "check", "--json", site("/panne.xml", "", status=503)).lines

    assert (410, "gone", [feed]) == (gone["status"], gone["reason"], gone["offers"])
    assert (503, "unavailable", []) == (down["status"], down["reason"], down["offers"])


def test_nothing_is_offered_by_a_home_page_that_robots_txt_closes(veille: Veille, site: Site) -> None:
    site("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    [gone] = veille("feeds", "check", "--json", site("/ferme.xml", "", status=404)).lines

    assert [] == gone["offers"]


def test_an_unreadable_feed_that_is_no_page_offers_nothing(veille: Veille, site: Site) -> None:
    [heavy] = veille("feeds", "check", "--json", site("/bombe.xml.gz", b"\x1f\x8b\xff\xff", RSS)).lines

    assert ("malformed", []) == (heavy["reason"], heavy["offers"])


def test_redirects_are_told(veille: Veille, site: Site) -> None:
    new = site("/rss.xml", _rss("Un"), RSS, headers={"ETag": "1"})
    [for_good] = veille("feeds", "check", "--json", site("/a", "", status=301, headers={"Location": new})).lines
    [for_now] = veille("feeds", "check", "--json", site("/b", "", status=302, headers={"Location": new})).lines

    assert ([new], new, [f"moved for good to {new}"]) == (
        for_good["hops"],
        for_good["moved_to"],
        for_good["remarks"],
    )
    assert ([new], None, [f"redirects to {new}"]) == (for_now["hops"], for_now["moved_to"], for_now["remarks"])


def test_p4_robots_txt_is_told_and_obeyed_for_what_nobody_typed(veille: Veille, feeds: Path, site: Site) -> None:
    site("/robots.txt", "User-agent: *\nDisallow: /abo/\n", "text/plain")
    typed = site("/abo/rss.xml", _rss("Un"), RSS, headers={"ETag": "1"})
    chosen = site("/abo/autre.xml", _rss("Un"), RSS, headers={"ETag": "1"})
    add_feeds(feeds, [Feed(typed), Feed(chosen, typed=False)])
    one, other = veille("feeds", "check", "--json").lines

    assert (False, ["robots.txt disallows it; it is polled because you declared it"]) == (
        one["robots_allow"],
        one["remarks"],
    )
    assert (None, "robots", False) == (other["status"], other["reason"], other["ok"])


def test_a_robots_txt_that_cannot_be_read_is_told(veille: Veille, site: Site) -> None:
    site("/robots.txt", "", status=500)
    [one] = veille("feeds", "check", "--json", site("/rss.xml", _rss("Un"), RSS, headers={"ETag": "1"})).lines

    assert (None, True, ["robots.txt cannot be read"]) == (one["robots_allow"], one["ok"], one["remarks"])


@pytest.mark.parametrize(
    ("document", "kind", "remark"),
    [
        (_rss(), RSS, "no entries"),
        (_rss("Un", age=timedelta(days=43)), RSS, "nothing new for 43 days"),
        ("<rss version='2.0'><channel><item><title>Un</title></item></channel></rss>", RSS, "no entry has a date"),
        (GARBLED, RSS, "unreadable characters in 3 places"),
        (_rss("Un été").encode("latin-1"), RSS, "is not UTF-8 everywhere: 4 bytes"),
        (_rss("Été"), "text/xml; charset=iso-8859-1", "is UTF-8, but says cp1252"),
        (_rss("Un").removesuffix("</rss>"), RSS, "cut short: its last entry was left out"),
    ],
)
def test_what_is_odd_is_remarked(veille: Veille, site: Site, document: str | bytes, kind: str, remark: str) -> None:
    [one] = veille("feeds", "check", "--json", site("/rss.xml", document, kind)).lines

    assert one["ok"] is True
    assert remark in one["remarks"]
    assert "no validators: each poll costs the whole document" in one["remarks"]


def test_feeds_are_chosen_by_number_or_address(veille: Veille, feeds: Path, site: Site) -> None:
    url = site("/rss.xml", _rss("Un"), RSS)
    add_feeds(feeds, [Feed(url), Feed("http://[::1]:1/rss")])
    by_number = veille("feeds", "check", "--json", "1", url)
    nobody = veille("feeds", "check", "7")
    feeds.unlink()

    assert [url] == [one["url"] for one in by_number.lines]
    assert (5, "veille: no feed 7\n") == (nobody.code, nobody.err)
    assert 0 == veille("feeds", "check", url).code


def test_what_was_wrong_with_a_feed_for_the_daemon_is_told(veille: Veille, store: Store, site: Site) -> None:
    url = site("/rss.xml", _rss("Un"), RSS)
    store.sync_feeds([Feed(url)], now=NOW)
    failed = PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT, error="no answer")
    store.record_poll(store.feed("1").id, failed, (), next_due_at=NOW, now=NOW, baseline_max_age_s=0)
    store.note_incidents(failures=1, now=NOW)
    (looked,) = veille("feeds", "check", url, "--json").lines

    assert "for the daemon failing since 2026-05-16 07:00" in looked["remarks"]
