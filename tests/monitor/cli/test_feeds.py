from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.when import local
from monitor.errors import Reason
from monitor.model import Feed, FeedStatus, PollOutcome, PollResult
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import FEED, HOME
from tests.monitor.store.samples import NOW

Site = Callable[..., str]
RSS = "application/rss+xml"


@pytest.fixture
def feeds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The feeds file of the settings."""
    path = folder / "feeds.txt"
    path.write_text("https://gazette.example/rss La Gazette\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_FEEDS", "feeds.txt")
    return path


@pytest.fixture
def polled(store: Store) -> Store:
    """A log with two feeds, one of which failed."""
    store.sync_feeds([Feed("https://gazette.example/rss", outlet="La Gazette"), Feed("https://echo.example/")], now=NOW)
    failed = PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT, error="echo.example: no answer within 30 s")
    store.record_poll(
        store.feed("2").id, failed, (), next_due_at=NOW + timedelta(hours=1), now=NOW, baseline_max_age_s=0
    )
    return store


@pytest.mark.parametrize("words", [["feeds"], ["feeds", "list"]])
def test_the_feeds_are_listed_with_their_health(veille: Veille, polled: Store, words: list[str]) -> None:
    first, second = (line.split("\t") for line in veille(*words).out.splitlines())

    assert ["1", "active", "La Gazette", "https://gazette.example/rss"] == [*first[:3], first[-1]]
    assert ["1", "echo.example: no answer within 30 s", "https://echo.example/"] == second[-3:]


@pytest.mark.parametrize("words", [["feeds", "--json"], ["feeds", "list", "--json"]])
def test_the_feeds_are_listed_for_programs(veille: Veille, polled: Store, words: list[str]) -> None:
    _, second = veille(*words).lines

    assert ("active", 1, "timeout") == (second["status"], second["failures"], second["last_reason"])
    assert second["next_due_at"] == "2026-05-16T06:00:00+00:00"


def test_P7_a_feed_that_moved_shows_where_it_is_polled(veille: Veille, polled: Store) -> None:
    new = "https://gazette.example/atom"
    feed_id, moved = polled.feed("1").id, PollOutcome(PollResult.NOT_MODIFIED, moved_to=new)
    remarks = []
    for address in (None, new):
        polled.record_poll(feed_id, moved, (), next_due_at=NOW, now=NOW, baseline_max_age_s=0, address=address)
        remarks.append(veille("feeds").out.splitlines()[0].split("\t")[-2])

    assert [f"redirected for good to {new}", f"moved for good, and polled at {new}"] == remarks
    assert new == veille("feeds", "--json").lines[0]["polled_url"]


def test_what_is_wrong_with_a_source_is_listed(veille: Veille, polled: Store) -> None:
    gone = PollOutcome(PollResult.FAILED, reason=Reason.GONE, error="answered 410")
    polled.record_poll(polled.feed("1").id, gone, (), next_due_at=None, now=NOW, baseline_max_age_s=0)
    polled.note_incidents(failures=1, now=NOW)
    first, second = (line.split("\t") for line in veille("feeds").out.splitlines())
    told = [line["incidents"] for line in veille("feeds", "--json").lines]

    assert ("gone", "active, failing since 2026-05-16 07:00") == (first[1], second[1])
    assert [[("gone", 0)], [("failing", 0)]] == [[(one["kind"], one["told"]) for one in each] for each in told]


def test_what_is_over_is_not_listed_until_the_daemon_notes_it(veille: Veille, polled: Store, feeds: Path) -> None:
    feeds.write_text("https://gazette.example/rss\nhttps://echo.example/\n", encoding="utf-8")
    gone = PollOutcome(PollResult.FAILED, reason=Reason.GONE, error="answered 410")
    polled.record_poll(polled.feed("1").id, gone, (), next_due_at=None, now=NOW, baseline_max_age_s=0)
    polled.note_incidents(failures=1, now=NOW)
    veille("feeds", "resume", "1")
    parsed = PollOutcome(PollResult.PARSED)
    polled.record_poll(polled.feed("2").id, parsed, (), next_due_at=NOW, now=NOW, baseline_max_age_s=0)

    assert 2 == len(polled.open_incidents())
    assert ["active", "active"] == [line.split("\t")[1] for line in veille("feeds").out.splitlines()]
    assert [[], []] == [line["incidents"] for line in veille("feeds", "--json").lines]


def test_the_hub_that_tells_of_a_feed_is_listed(veille: Veille, polled: Store) -> None:
    token, secret = "jeton", "secret"
    feed = polled.feed("1")
    polled.note_hub(feed.id, hub="https://hub.example/", topic=feed.feed.url, token=token, secret=secret, now=NOW)
    first, second = veille("feeds", "--json").lines

    expected = {"hub": "https://hub.example/", "until": None, "trusted": False, "error": None}
    assert (expected, None) == (first["subscription"], second["subscription"])


def test_p2_until_when_a_host_asked_to_be_left_alone_is_listed(veille: Veille, polled: Store) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hour, day = now + timedelta(hours=1), now + timedelta(hours=23)
    polled.hold_host("gazette.example", feeds_until=hour, pages_until=day, now=now)
    first, second = (line.split("\t")[1] for line in veille("feeds").out.splitlines())
    told = [(line["held_until"], line["pages_held_until"]) for line in veille("feeds", "--json").lines]

    paris = ZoneInfo("Europe/Paris")
    assert first == f"active, left alone until {local(hour, paris)}, pages left alone until {local(day, paris)}"
    assert second == "active"
    assert [(hour.isoformat(), day.isoformat()), (None, None)] == told


def test_a_person_sees_a_table(veille: Veille, polled: Store) -> None:
    out = veille("feeds", terminal=True).out

    assert "Feeds" in out
    assert "─" in out


def test_an_empty_list_says_what_to_do(veille: Veille, store: Store) -> None:
    got = veille("feeds")

    assert (0, "") == (got.code, got.out)
    assert "veille feeds add URL" in got.err


def test_a_feed_is_paused_and_resumed_by_number_or_address(veille: Veille, polled: Store) -> None:
    told = veille("feeds", "pause", "1").out
    paused = polled.feed("1").status
    veille("feeds", "resume", "https://gazette.example/rss")

    assert told == "paused: https://gazette.example/rss\n"
    assert (FeedStatus.PAUSED, FeedStatus.ACTIVE) == (paused, polled.feed("1").status)


def test_an_unknown_feed_exits_5(veille: Veille, polled: Store) -> None:
    assert veille("feeds", "pause", "12").code == 5


def test_a_feed_is_added_once(veille: Veille, feeds: Path, site: Site) -> None:
    url = site("/rss.xml", FEED, RSS)
    first, second = veille("feeds", "add", url), veille("feeds", "add", url, "--json")

    assert f"added: {url} (La Gazette)\n" == first.out
    assert [{"url": url, "title": "La Gazette", "added": False}] == second.lines
    assert feeds.read_text(encoding="utf-8").endswith(f"{url} La Gazette\n")


def test_a_home_page_gives_the_feeds_it_names_that_work(veille: Veille, feeds: Path, site: Site) -> None:
    url = site("/rss.xml", FEED, RSS)
    got = veille("feeds", "add", site("/", HOME), "--title", "Gazette")

    assert (0, f"added: {url} (Gazette)\n") == (got.code, got.out)


def test_a_feed_that_no_page_names_is_guessed(veille: Veille, feeds: Path, site: Site) -> None:
    guess = site("/feed", FEED, RSS)
    site("/rss", FEED, RSS)

    assert f"added: {guess} (La Gazette)\n" == veille("feeds", "add", site("/", "<html><p>Bonjour</p></html>")).out


def test_a_site_without_a_feed_gives_its_news_sitemap(veille: Veille, feeds: Path, site: Site) -> None:
    at = datetime.now(UTC).isoformat()
    empty = site("/plan.xml", "<urlset></urlset>", "application/xml")
    news = site(
        "/actu.xml",
        f"<urlset><url><loc>SITE/un</loc><news:news><news:title>Un</news:title><news:publication_date>{at}"
        "</news:publication_date><news:publication><news:name>La Gazette</news:name></news:publication></news:news>"
        "</url></urlset>",
        "application/xml",
    )
    site("/robots.txt", f"Sitemap: {empty}\nSitemap: {news}\n", "text/plain")
    got = veille("feeds", "add", site("/", "<html><p>Bonjour</p></html>"))

    assert f"added: {news} (La Gazette)\n" == got.out


def test_a_page_without_feeds_is_refused(veille: Veille, feeds: Path, site: Site) -> None:
    got = veille("feeds", "add", url := site("/", "<html><p>Bonjour</p></html>"))

    expected = f"veille: {url}: no feed there, and the page names none; give the feed's own address\n"
    assert (1, expected) == (got.code, got.err)


def test_an_address_that_fails_is_not_added(veille: Veille, feeds: Path, site: Site) -> None:
    got = veille("feeds", "add", site("/nulle-part", None))

    assert got.code == 1
    assert "answered 404" in got.err


def test_an_address_may_be_added_unseen(veille: Veille, feeds: Path) -> None:
    assert "added: https://x.example/\n" == veille("feeds", "add", "--unchecked", "https://x.example/").out
    assert veille("feeds", "add", "--unchecked", "x.example").code == 2


def test_a_feed_is_removed(veille: Veille, feeds: Path) -> None:
    first, second = (veille("feeds", "remove", "https://gazette.example/rss") for _ in range(2))

    assert (0, "") == (first.code, feeds.read_text(encoding="utf-8"))
    assert 5 == second.code
    assert "not in feeds.txt" in second.err


def test_feeds_are_exported_and_imported(veille: Veille, feeds: Path, folder: Path) -> None:
    opml = veille("feeds", "export").out
    (folder / "autres.opml").write_text(opml.replace("gazette", "echo"), encoding="utf-8")
    told = [veille("feeds", "import", "autres.opml").out for _ in range(2)]

    assert opml.startswith("<?xml")
    assert ["1 added, 0 already there\n", "0 added, 1 already there\n"] == told


def test_feeds_with_outlets_come_into_a_text_file_by_way_of_what_is_said(
    veille: Veille, feeds: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlets = '<opml xmlns:v="urn:veille:opml"><body><outline xmlUrl="https://x.example/" v:outlet="X"/></body></opml>'
    (folder / "autres.opml").write_text(outlets, encoding="utf-8")
    refused = veille("feeds", "import", "autres.opml")
    (folder / "feeds.opml").write_text(veille("feeds", "export").out, encoding="utf-8")
    monkeypatch.setenv("VEILLE_FEEDS", "feeds.opml")

    assert 2 == refused.code
    assert "`veille feeds export > feeds.opml`, then set VEILLE_FEEDS=feeds.opml, and do this again" in refused.err
    assert "1 added, 0 already there\n" == veille("feeds", "import", "autres.opml").out
    assert ["La Gazette", "X"] == [line.split("\t")[2] for line in veille("feeds").out.splitlines()]


@pytest.mark.parametrize("is_logged", [False, True])
def test_before_a_first_poll_feeds_have_the_numbers_of_their_file(
    veille: Veille, feeds: Path, folder: Path, *, is_logged: bool
) -> None:
    feeds.write_text("https://gazette.example/rss\nhttps://echo.example/\n", encoding="utf-8")
    if is_logged:
        Store.open(str(folder / "veille.db")).close()
    listed = [line["id"] for line in veille("feeds", "--json").lines]
    refused = [veille("feeds", verb, "1") for verb in ("pause", "resume")]
    unknown, removed = veille("feeds", "remove", "3"), veille("feeds", "remove", "2")

    assert [1, 2] == listed
    assert [5, 5] == [got.code for got in refused]
    assert all("no feed was polled yet" in got.err and "`veille poll`" in got.err for got in refused)
    assert (5, "veille: no feed 3; `veille feeds` lists them\n") == (unknown.code, unknown.err)
    assert (0, "removed: https://echo.example/\n") == (removed.code, removed.out)
    assert "https://gazette.example/rss\n" == feeds.read_text(encoding="utf-8")


def test_a_feed_is_removed_by_the_number_that_the_log_gives_it(veille: Veille, feeds: Path, polled: Store) -> None:
    feeds.write_text("https://echo.example/\nhttps://gazette.example/rss\n", encoding="utf-8")

    assert "removed: https://echo.example/\n" == veille("feeds", "remove", "2").out


def test_the_catalogue_is_searched(veille: Veille) -> None:
    told = veille("feeds", "search", "ouest", "sud", "--json").lines
    nothing = veille("feeds", "search", "gazette-qui-n-existe-pas")

    assert {"Sud Ouest"} == {known["outlet"] for known in told}
    assert "Sud Ouest\t" in veille("feeds", "search", "sud ouest").out
    assert (0, "") == (nothing.code, nothing.out)
    assert nothing.err.startswith("Nothing in the catalogue")


def test_without_a_feeds_file_nothing_can_be_added(veille: Veille) -> None:
    got = veille("feeds", "add", "https://x.example/")

    assert got.code == 2
    assert "VEILLE_FEEDS is not set" in got.err


def test_each_document_is_one_line_and_a_failure_stops_no_other(veille: Veille, folder: Path, site: Site) -> None:
    (folder / "f.xml").write_text(FEED, encoding="utf-8")
    (folder / "f.xml.gz").write_bytes(gzip.compress(FEED.encode()))
    address, nowhere = site("/rss.xml", FEED, RSS), site("/nulle-part", None)
    got = veille(*("feeds", "parse", "--json", "f.xml", "nulle-part", nowhere, "f.xml.gz", address))
    first, missing, refused, packed, fetched = got.lines

    assert got.code == 1
    assert {"source", "format", "title", "entries", "error"} == set(first) == set(missing)
    assert ("rss20", "La Gazette", None) == (first["format"], first["title"], first["error"])
    assert [["id", "link", "title", "summary", "published_at", "updated_at"]] * 2 == [list(e) for e in first["entries"]]
    assert ("un", "2026-05-16T05:30:00+00:00") == (first["entries"][0]["id"], first["entries"][0]["published_at"])
    assert first["entries"][1]["published_at"] is None
    assert missing["error"] == "nulle-part: cannot be read: No such file or directory"
    assert "404" in refused["error"]
    assert {**first, "source": "f.xml.gz"} == packed
    assert fetched["entries"][0]["link"].startswith("http://127.0.0.1:")


def test_the_address_of_a_file_is_the_base_of_its_links(veille: Veille) -> None:
    got = veille(
        *("feeds", "parse", "--json", "--url", "https://gazette.example/rss", "-"),
        given=FEED.replace("SITE", "").encode(),
    )

    assert "https://gazette.example/un.html" == got.lines[0]["entries"][0]["link"]


def test_entries_are_shown(veille: Veille, folder: Path) -> None:
    items = "".join(f"<item><title>Titre {n}</title></item>" for n in range(25))
    (folder / "f.xml").write_text(FEED.replace("</channel>", f"{items}<item></item></channel>"), encoding="utf-8")
    got = veille("feeds", "parse", "f.xml", "nulle-part")

    assert got.out.startswith("La Gazette · rss20 · ")
    assert "  2026-05-16 07:30  Kharkiv sous les bombes\n" in got.out
    assert "  undated           Le marché aux fleurs rouvre\n" in got.out
    assert "more (--json prints all)" in got.out
    assert (1, "veille: nulle-part: cannot be read: No such file or directory\n") == (got.code, got.err)


def test_a_document_cut_short_says_so(veille: Veille, folder: Path) -> None:
    (folder / "f.xml").write_text(FEED.partition("</link><desc")[0] + FEED[400:640], encoding="utf-8")

    assert "note: " in veille("feeds", "parse", "f.xml").out
