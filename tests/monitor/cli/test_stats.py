from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import Reason
from monitor.model import Completeness, DeliveryId, Feed, PollOutcome, PollResult, Receipt
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import DAY_S, alert, article, claim, entry, match, message, poll, story

NOW = datetime.now(UTC) - timedelta(hours=2)
ECHO, GAZETTE, SPORT = "https://echo.example/rss", "https://gazette.example/rss", "https://gazette.example/sport"


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def ledger(store: Store) -> None:
    """Two articles of the Gazette, one told and one of which only a summary was there; the Écho fails."""
    feeds = [Feed(GAZETTE, outlet="La Gazette"), Feed(SPORT, outlet="La Gazette"), Feed(ECHO, outlet="L’Écho")]
    store.sync_feeds(feeds, now=after(-20_000))
    poll(store, store.feed("1").id, at=after(-8000))
    poll(store, store.feed("1").id, entry("un", published_at=after(-14)), entry("deux"), at=NOW)
    first, second = sorted(claim(store, at=after(1)), key=lambda claimed: claimed.entry.title, reverse=True)
    told = match("bombes")
    store.record_article(
        first.id,
        article(published_at=after(-14)),
        story=story(),
        matches=[told],
        alerts=[(alert("7K2QXYZ0", told), [message()])],
        read_at=after(1),
        now=after(2),
    )
    poor = article(published_at=None, completeness=Completeness.SUMMARY, page_reason=Reason.ROBOTS)
    store.record_article(second.id, poor, story=story("deux"), matches=[], alerts=[], now=after(2))
    store.claim_deliveries("webhook", now=after(2), owner="moi", lease_s=60, limit=1)
    store.settle_sent(DeliveryId(1), Receipt(), now=after(3))
    outcome = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 500")
    store.record_poll(store.feed("3").id, outcome, (), next_due_at=after(90), now=after(3), baseline_max_age_s=DAY_S)


def test_each_source_is_told_with_how_fast_it_was(veille: Veille) -> None:
    got = veille("stats")

    assert (0, "") == (got.code, got.err)
    assert "all\t2\t50%\t14 min / 14 min\t1 min / " in got.out
    assert "\nLa Gazette\t2\t50%\t14 min / 14 min\t" in got.out
    assert "Sources that fail\nsource\tfailures\tlast good poll\terror\taddress\nL’Écho\t1\t\tanswered 500\t" in got.out
    assert "Pages that could not be used\nreason\tpages\nrobots\t1\n" in got.out


def test_they_are_told_to_programs(veille: Veille) -> None:
    (got,) = veille("stats", "--json").lines
    (gazette,) = got["sources"]

    assert ("La Gazette", 2, 0.5, {"robots": 1}) == (
        gazette["source"],
        gazette["articles"],
        gazette["summary_share"],
        gazette["page_failures"],
    )
    assert {"p50_s": 840.0, "p95_s": 840.0, "count": 1} == got["total"]["latency"]["published_to_seen"]
    assert [ECHO] == [feed["url"] for feed in got["failing"]]


def test_alerts_are_counted_by_rule_and_day(veille: Veille, store: Store) -> None:
    poll(store, store.feed("1").id, entry("trois"), at=after(20))
    (claimed,) = claim(store, at=after(21))
    told = alert("8X3M0000", match("front"))
    planned = [(replace(told, planned_at=after(22)), [message("8X3M0000")])]
    store.record_article(
        claimed.id, article(), story=story("trois"), matches=[match("front")], alerts=planned, now=after(22)
    )
    (got,) = veille("stats", "--json").lines

    assert {"front": 1} == got["alerts_per_rule"]
    assert [1] == list(got["alerts_per_day"].values())
    assert "Alerts by rule\nrule\talerts\nfront\t1\n" in veille("stats").out


def test_where_an_alert_counts_more_than_once_that_is_said(veille: Veille, store: Store) -> None:
    both = [match("bombes"), match("front")]
    told = replace(alert("8X3M0000", *both), planned_at=after(22))
    for feed in ("1", "3"):
        poll(store, store.feed(feed).id, at=after(10))
        poll(store, store.feed(feed).id, entry(f"trois{feed}"), at=after(20))
        (claimed,) = claim(store, at=after(21))
        alerts = [(told, [message("8X3M0000")])]
        store.record_article(claimed.id, article(), story=story("trois"), matches=both, alerts=alerts, now=after(22))
    got = veille("stats")
    whole, *sources = [line.split("\t") for line in got.out.split("alerts\n")[1].split("\n\n")[0].splitlines()]

    assert ("1", ["1", "1"]) == (whole[-1], [source[-1] for source in sources])
    assert "An alert counts once in all, and in each source of which it tells an article.\n" in got.err
    assert "An alert counts for each rule of which it tells a match.\n" in got.err


@pytest.mark.parametrize("words", [("--outlet", "la gazette"), ("--feed", "1"), ("--feed", GAZETTE)])
def test_one_outlet_or_feed_is_told_feed_by_feed(veille: Veille, words: tuple[str, str]) -> None:
    (got,) = veille("stats", "--json", *words).lines

    assert [GAZETTE] == [source["source"] for source in got["sources"]]
    assert [] == got["failing"]


def test_what_lies_before_the_period_is_left_out(veille: Veille) -> None:
    (got,) = veille("stats", "--json", "--days", "0.01").lines

    assert (0, None, []) == (got["total"]["articles"], got["total"]["summary_share"], got["sources"])
    assert "all\t0\t\t\t\t\t\t0\n" in veille("stats", "--days", "0.01").out


def test_more_sources_than_are_shown_are_counted(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.stats._MOST_SOURCES", 0)
    few, all_ = veille("stats"), veille("stats", "--all")

    assert "1 more sources (--all lists them).\n" == few.err
    assert "La Gazette\t2" in all_.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--outlet", "La Gazete"), "did you mean La Gazette?"),
        (("--outlet", "xyz"), "`veille feeds` lists them"),
        (("--feed", "77"), "no feed '77'"),
    ],
)
def test_what_is_not_there_exits_5(veille: Veille, words: tuple[str, str], said: str) -> None:
    got = veille("stats", *words)

    assert (5, True) == (got.code, said in got.err)
