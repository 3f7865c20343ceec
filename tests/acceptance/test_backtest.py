"""Rules are changed on an archive that people judged: what would be lost, and whether it was worth it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.rulesets import load_rules
from monitor.settings import PREFIX
from monitor.store import Store
from tests.acceptance.child import ROOT
from tests.monitor.archive import fill, store_article

pytestmark = pytest.mark.acceptance

RULE = """\
id: drones-kharkiv
title: "Drones sur Kharkiv"
terms:
  ville: {entity: kharkiv, weight: 3}
  drone: {any: [%s], weight: 2}
condition: "ville and drone"
"""
KEPT = ("Un drone abattu près de Kharkiv", "Kharkiv : pluie de drones")
LOST = ("Kharkiv : l'essaim de la nuit", "Un essaim d'abeilles, à Kharkiv", "Kharkiv, l'essaim revient")
GAINED = tuple(f"Kharkiv : un engin volant, nuit {number}" for number in range(12))
OTHER = ("Le marché aux fleurs rouvre", "La grève des trains est levée", "Un drone filme le Mont-Blanc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty days of articles, the rules in force and new ones; of what would be lost two were marked relevant."""
    for name, patterns in (("rules", '"drone", "essaim"'), ("rules.new", '"drone", "engin volant"')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "drones.yaml").write_text(RULE % patterns, encoding="utf-8")
    (tmp_path / ".env").write_text("VEILLE_RULES=rules\nVEILLE_DATABASE=veille.db\n", encoding="utf-8")
    now = SystemClock().now()
    with closing(Store.open(str(tmp_path / "veille.db"))) as store:
        titles = (*OTHER, *KEPT, *LOST, *GAINED)
        pack = load_rules(tmp_path / "rules")
        store_article(store, pack, "vieux", "Kharkiv : un drone trop vieux", at=now - timedelta(days=31))
        fill(store, pack, titles, until=now, days=29.9)
        numbers = {line.title: str(line.id) for line in store.matches()}
        for title, relevant in zip(LOST, (True, False, True), strict=True):
            store.label(numbers[title], relevant=relevant, now=now)
    return tmp_path


def _veille(folder: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "monitor", "rules", "backtest", *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_what_a_change_of_rules_costs_is_told_in_one_sentence(folder: Path) -> None:
    first, *rest = _veille(folder, "--diff", "rules.new").splitlines()

    assert "+12 / −3 alerts in 30 days; 2 of the 3 lost were marked relevant" == first
    assert "0.2 → 0.5 alerts a day; 20 stored articles of 30 days judged" == rest[0]
    assert "drones-kharkiv\t5\t14\t12\t3" in rest


def test_programs_are_told_each_alert_that_comes_or_goes(folder: Path) -> None:
    got = json.loads(_veille(folder, "--diff", "rules.new", "--json"))

    assert set(GAINED) == {change["title"] for change in got["gained"]}
    assert dict(zip(LOST, (True, False, True), strict=True)) == {
        change["title"]: change["relevant"] for change in got["lost"]
    }


def test_the_rules_in_force_are_told_with_their_labels(folder: Path) -> None:
    (rule,) = json.loads(_veille(folder, "--json"))["rules"]

    assert (5, 2, 1) == (rule["matches"], rule["relevant"], rule["not_relevant"])
