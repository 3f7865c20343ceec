"""A folder of rules, and a log of what they found."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.rulesets import load_rules
from monitor.store import Store
from tests.monitor.archive import fill

LUNE = """\
# Kept as it is.
id: lune
title: "La Lune"
level: high
status: experimental   # since May
terms:
  lune: {entity: lune, weight: 3}
  vol: {any: ["vol", "mission"], weight: 2}
condition: "lune and vol"
score: {threshold: 4}
tests:
  - name: "une mission"
    article: {title: "Mission vers la Lune"}
    expect: {match: true}
"""
ENTITY = """\
- id: lune
  name: Lune
  primary: ["Lune"]
  except: ["pleine lune"]
  matches: ["La Lune se lève."]
  rejects: ["Une pleine lune."]
"""
MARS = "Mars\n"
TITLES = ("Mission vers la Lune", "Mars en vue", "La Lune, un vol de Mars", "Marché aux fleurs", "Vol lunaire", "Rien")


@pytest.fixture
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two rules and an entity, in force; without the bundled entities, which take a while to read."""
    monkeypatch.setattr("rules.pack._shipped_entities", lambda: ())
    path = folder / "rules"
    path.mkdir()
    (path / "lune.yaml").write_text(LUNE, encoding="utf-8")
    (path / "entites.yaml").write_text(ENTITY, encoding="utf-8")
    (path / "mars.txt").write_text(MARS, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "rules")
    return path


@pytest.fixture
def archive(rules: Path, folder: Path) -> Path:
    """Six articles of three days, with what the rules found in them."""
    path = folder / "veille.db"
    with closing(Store.open(str(path))) as store:
        fill(store, load_rules(rules), TITLES, until=SystemClock().now(), days=2.9)
    return path
