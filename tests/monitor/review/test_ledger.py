from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.model import AlertId, AlertType, FeedId
from monitor.review import Spread, alerts_per_day, alerts_per_rule, tally_sources
from monitor.store import LedgerLine, ToldLine
from tests.monitor.store.samples import NOW, after

INSTANTS: Any = {"seen_at": NOW, "published_at": after(-14), "read_at": after(1)}
SOURCES = {1: "Gazette", 2: "Gazette", 3: "Écho"}


def line(feed: int = 1, **changes: Any) -> LedgerLine:
    made = LedgerLine(FeedId(feed), baseline=False, **INSTANTS, completeness="full", page_reason=None)
    return made._replace(**changes)


def told(alert: str = "al_1", feed: int = 1, **changes: Any) -> ToldLine:
    made = ToldLine(AlertId(alert), AlertType.STORY_NEW, FeedId(feed), "axe", after(1), after(2), "slack", after(5))
    return made._replace(**changes)


def test_each_source_is_counted_after_all_together() -> None:
    read = [line(), line(2, completeness="summary", page_reason="robots"), line(3), line(9)]
    whole, gazette, echo = tally_sources(read, [told()], SOURCES.get)

    assert [("", 3, 1), ("Gazette", 2, 1), ("Écho", 1, 0)] == [
        (tally.source, tally.count, tally.alerts) for tally in (whole, gazette, echo)
    ]
    assert {"full": 1, "summary": 1} == gazette.articles
    assert (0.5, {"robots": 1}) == (gazette.summary_share, whole.page_failures)


def test_each_leg_is_spread_over_its_articles() -> None:
    read = [line(published_at=NOW - timedelta(seconds=n)) for n in range(1, 101)]
    (whole, _) = tally_sources(read, [told()], SOURCES.get)

    assert Spread(50.0, 95.0, 100) == whole.legs["published_to_seen"]
    assert Spread(60.0, 60.0, 100) == whole.legs["seen_to_read"]
    assert Spread(60.0, 60.0, 1) == whole.legs["read_to_matched"]
    assert Spread(180.0, 180.0, 1) == whole.legs["matched_to_delivered"]


def test_an_alert_is_matched_once_and_delivered_to_each_receiver() -> None:
    lines = [told(), told(receiver="mail", sent_at=after(9)), told(receiver="web", sent_at=None)]
    (whole, _) = tally_sources([], lines, SOURCES.get)

    assert (1, 2) == (whole.legs["read_to_matched"].count, whole.legs["matched_to_delivered"].count)


def test_first_polls_and_recaps_are_counted_and_not_timed() -> None:
    (whole, _) = tally_sources([line(baseline=True)], [told(type=AlertType.STORY_RECAP)], SOURCES.get)

    assert (1, 1, {}) == (whole.count, whole.alerts, whole.legs)


def test_an_update_is_timed_from_its_planning_only() -> None:
    (whole, _) = tally_sources([], [told(type=AlertType.STORY_UPDATED)], SOURCES.get)

    assert ["matched_to_delivered"] == list(whole.legs)


def test_nothing_read_is_a_total_of_nothing() -> None:
    (whole,) = tally_sources([], [told(feed=9)], SOURCES.get)

    assert (0, None, {}) == (whole.count, whole.summary_share, whole.legs)


def test_alerts_are_counted_once_by_rule_and_by_local_day() -> None:
    late = NOW.replace(hour=22, minute=30)
    lines = [told(), told(receiver="mail"), told("al_2", rule="front"), told("al_3", rule="front", planned_at=late)]

    assert [("front", 2), ("axe", 1)] == list(alerts_per_rule(lines).items())
    assert ((date(2026, 5, 16), 2), (date(2026, 5, 17), 1)) == alerts_per_day(lines, ZoneInfo("Europe/Paris"))
