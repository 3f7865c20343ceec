from __future__ import annotations

from datetime import date

import pytest

from monitor.model import ArticleId
from monitor.review import Change, DayDiff, Diff, RuleDiff, compare, sentence
from tests.monitor.review.samples import MATCH, NEAR, NONE, NOW, PARIS, outcome, period, rule, rules


def change(number: int, *, gained: bool, relevant: bool | None = None) -> Change:
    return Change("r", ArticleId(number), NOW, gained, 1.0, 2.0, relevant)


def diff(gained: int, lost: list[bool | None], days: int = 30) -> Diff:
    changes = [change(number, gained=True) for number in range(gained)]
    changes += [change(100 + number, gained=False, relevant=said) for number, said in enumerate(lost)]
    return Diff(period(days), 0, 0, tuple(changes), (), ())


@pytest.mark.parametrize(
    ("gained", "lost", "days", "expected"),
    [
        (12, [True, True, False], 30, "+12 / −3 alerts in 30 days; 2 of the 3 lost were marked relevant"),
        (12, [True, None, None], 30, "+12 / −3 alerts in 30 days; 1 of the 3 lost was marked relevant"),
        (0, [False, None], 7, "+0 / −2 alerts in 7 days; none of the 2 lost was marked relevant"),
        (0, [None, None], 7, "+0 / −2 alerts in 7 days; none of the 2 lost was judged"),
        (0, [True], 1, "+0 / −1 alert in 1 day; the one lost was marked relevant"),
        (1, [False], 1, "+1 / −1 alerts in 1 day; the one lost was marked not relevant"),
        (2, [None], 1, "+2 / −1 alerts in 1 day; the one lost was not judged"),
        (1, [], 30, "+1 / −0 alert in 30 days; none lost"),
        (0, [], 30, "+0 / −0 alerts in 30 days; none lost"),
    ],
)
def test_the_sentence_counts_what_is_gained_lost_and_judged(
    gained: int, lost: list[bool | None], days: int, expected: str
) -> None:
    assert expected == sentence(diff(gained, lost, days))


def test_what_only_one_set_alerts_is_gained_or_lost() -> None:
    outcomes = [
        outcome("lune", 1, MATCH, MATCH, days_ago=2),
        outcome("lune", 2, MATCH, NEAR, days_ago=2),
        outcome("lune", 3, NONE, MATCH, days_ago=1),
        outcome("lune", 4, NEAR, NEAR),
        outcome("mars", 3, MATCH, None, days_ago=1),
        outcome("venus", 3, None, MATCH, days_ago=1),
    ]
    labels = {(ArticleId(2), "lune"): True, (ArticleId(3), "mars"): False, (ArticleId(3), "lune"): True}
    got = compare(
        outcomes,
        rules(rule("lune"), rule("mars")),
        rules(rule("lune"), rule("venus")),
        labels,
        period=period(),
        zone=PARIS,
    )

    assert (3, 3) == (got.before, got.after)
    assert [("venus", 3, None, 12.0, None), ("lune", 3, 1.0, 12.0, True)] == [
        (each.rule, each.article, each.before, each.after, each.relevant) for each in got.gained
    ]
    assert [("mars", 3, 12.0, None, False), ("lune", 2, 12.0, 7.0, True)] == [
        (each.rule, each.article, each.before, each.after, each.relevant) for each in got.lost
    ]
    assert (RuleDiff("lune", 2, 2, 1, 1), RuleDiff("mars", 1, 0, 0, 1), RuleDiff("venus", 0, 1, 1, 0)) == got.rules
    assert (DayDiff(date(2026, 5, 14), 2, 1, 0, 1), DayDiff(date(2026, 5, 15), 1, 2, 2, 1)) == got.days


@pytest.mark.parametrize("status", ["experimental", "deprecated"])
def test_a_rule_that_becomes_silent_loses_its_alerts(status: str) -> None:
    after = None if status == "deprecated" else MATCH
    got = compare(
        [outcome("lune", 1, MATCH, after)],
        rules(rule("lune")),
        rules(rule("lune", extra=f"status: {status}\n")),
        {},
        period=period(),
        zone=PARIS,
    )

    assert (1, 0) == (len(got.lost), got.after)


def test_a_renamed_rule_loses_nothing_and_keeps_its_judgements() -> None:
    got = compare(
        [outcome("satellite", 1, MATCH, MATCH), outcome("satellite", 2, MATCH, NONE)],
        rules(rule("lune")),
        rules(rule("satellite", extra="previous_ids: [lune]\n")),
        {(ArticleId(2), "lune"): True},
        period=period(),
        zone=PARIS,
    )

    assert [(2, True)] == [(each.article, each.relevant) for each in got.changes]
    assert (RuleDiff("satellite", 2, 1, 0, 1),) == got.rules
