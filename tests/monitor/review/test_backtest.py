from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitor.model import ArticleId
from monitor.review import Precision, period_of, tally
from monitor.review.backtest import judged
from monitor.store import ArchiveSpan
from rules.types import Status
from tests.monitor.review.samples import MATCH, NEAR, NOW, PARIS, outcome, rule, rules


@pytest.mark.parametrize(
    ("oldest_days", "asked_days", "expected"),
    [(29.5, 30, 30), (100, 30, 30), (9.2, 30, 10), (0.1, 30, 1), (None, 7, 7)],
)
def test_a_period_is_what_the_articles_cover_of_what_was_asked(
    oldest_days: float | None, asked_days: int, expected: int
) -> None:
    oldest_at = None if oldest_days is None else NOW - timedelta(days=oldest_days)
    span = ArchiveSpan(1, 9, count=9, withheld=2, oldest_at=oldest_at)
    period = period_of(span, since=NOW - timedelta(days=asked_days), now=NOW)

    assert (expected, 9, 2) == (period.days, period.articles, period.withheld)


def test_each_rule_is_counted_by_the_readers_day_with_what_people_said() -> None:
    outcomes = [
        outcome("lune", 1, MATCH, days_ago=1),
        outcome("lune", 2, MATCH, days_ago=0.5),  # midnight in UTC, 2 o'clock in Paris
        outcome("lune", 3, MATCH),
        outcome("lune", 4, NEAR),
    ]
    labels = {(ArticleId(1), "lune"): True, (ArticleId(2), "lune"): False, (ArticleId(3), "mars"): True}
    lune, mars = tally(outcomes, rules(rule("lune"), rule("mars", extra="status: test\n")), labels, zone=PARIS)

    assert (3, 1, Precision(1, 2)) == (lune.matches, lune.near_misses, lune.labels)
    assert ((date(2026, 5, 15), 1), (date(2026, 5, 16), 2)) == lune.days
    assert (date(2026, 5, 16), 2) == lune.busiest
    assert (Status.TEST, 0, None, Precision(0, 0)) == (mars.status, mars.matches, mars.busiest, mars.labels)


def test_a_judgement_of_a_near_miss_is_none_of_a_match() -> None:
    (lune,) = tally([outcome("lune", 1, NEAR)], rules(rule("lune")), {(ArticleId(1), "lune"): True}, zone=PARIS)

    assert Precision(0, 0) == lune.labels


def test_a_renamed_rule_keeps_its_judgements() -> None:
    (renamed,) = rules(rule("satellite", extra="previous_ids: [lune]\n"))
    labels = {(ArticleId(1), "lune"): True, (ArticleId(2), "lune"): True, (ArticleId(2), "satellite"): False}

    assert {1: True, 2: False} == judged(labels, renamed)
