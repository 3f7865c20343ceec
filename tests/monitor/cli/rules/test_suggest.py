"""Suggestions as they are typed for: tried on the stored articles, and changing nothing."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.rulesets import load_rules
from monitor.store import Store
from tests.monitor.archive import fill
from tests.monitor.cli.conftest import Veille

RULE = """id: axe
title: Axe
terms:
  chine: {any: [Chine], weight: 4}
  pekin: {any: [Pékin], weight: 2}
condition: chine or pekin
score: {threshold: 2}
"""
TITLES = ("Typhon en mer de Chine", "La mer de Chine se vide", "Sommet à Pékin", "Rien")


@pytest.fixture
def judged(rules: Path, folder: Path, veille: Veille) -> Path:
    """Two matches judged not relevant, and one that is."""
    for path in rules.iterdir():
        path.unlink()
    path = rules / "axe.yaml"
    path.write_text(RULE, encoding="utf-8")
    with closing(Store.open(str(folder / "veille.db"))) as store:
        fill(store, load_rules(rules), TITLES, until=SystemClock().now() - timedelta(hours=1), days=2)
        for line in store.matches():
            store.label(str(line.id), "mer de" not in line.title, now=SystemClock().now())
    return path


def test_each_suggestion_is_tried_on_the_stored_articles_and_none_is_applied(veille: Veille, judged: Path) -> None:
    got = veille("rules", "suggest", "axe", "--json")
    [phrase] = got.lines

    assert (3, 1, 2, 0) == tuple(phrase[name] for name in ("before", "after", "avoided", "relevant_lost"))
    assert "(chine or pekin) and not ignored" in phrase["yaml"]
    # half the weight
    assert "1 left out that would change nothing for the better on the articles since 30d.\n" in got.err
    assert RULE == judged.read_text(encoding="utf-8")


def test_what_would_only_cost_relevant_alerts_is_no_suggestion(rules: Path, folder: Path, veille: Veille) -> None:
    for path in rules.iterdir():
        path.unlink()
    even = RULE.replace("weight: 4", "weight: 2").replace("[Pékin], weight: 2", "[Pékin], weight: 1.5")
    (rules / "axe.yaml").write_text(even, encoding="utf-8")
    with closing(Store.open(str(folder / "veille.db"))) as store:
        titles = ("Pékin, en Chine", "La Chine renonce", "Que veut la Chine ?")
        fill(store, load_rules(rules), titles, until=SystemClock().now() - timedelta(hours=1), days=2)
        for line in store.matches():
            store.label(str(line.id), "Pékin" not in line.title, now=SystemClock().now())
    got = veille("rules", "suggest", "axe", "--json")

    assert [] == [one for one in got.lines if not one["avoided"]]
    assert "left out that would change nothing for the better" in got.err


def test_suggestions_are_read_by_people(veille: Veille, judged: Path) -> None:
    got = veille("rules", "suggest", "axe")

    assert "« mer de Chine » stands in 2 matches judged not relevant, and in no relevant one" in got.out
    assert "3 → 1 alerts; judged not relevant avoided: 2; relevant lost: 0" in got.out


def test_without_judgements_there_is_nothing_to_suggest(veille: Veille, archive: Path) -> None:
    got = veille("rules", "suggest", "mars")

    assert (0, "") == (got.code, got.out)
    assert "No suggestion: judged not relevant: 0, relevant: 0." in got.err


def test_a_rule_that_is_none_is_not_found(veille: Veille, archive: Path) -> None:
    assert 5 == veille("rules", "suggest", "rien").code


def test_a_no_says_where_suggestions_are(veille: Veille, archive: Path) -> None:
    assert "veille rules suggest" in veille("label", "1", "non").err
    assert "" == veille("label", "1", "oui").err
