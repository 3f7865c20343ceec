from __future__ import annotations

from pathlib import Path

import pytest

from monitor.review import overlap
from tests.monitor.cli.conftest import Veille


def test_sound_rules_give_no_finding(veille: Veille, archive: Path) -> None:
    got = veille("rules", "lint")

    assert (0, "0 errors, 0 warnings\n") == (got.code, got.out)


def test_warnings_are_told_with_their_place_and_exit_0(veille: Veille, rules: Path) -> None:
    (rules / "deux.txt").write_text("forces OU armée\narmée OU forces\n", encoding="utf-8")
    got = veille("rules", "lint")

    assert 0 == got.code
    assert got.out.startswith("rules/deux.txt:2: warning overlapping-rules: armee-ou-forces: ")
    assert got.out.endswith("0 errors, 1 warning\n")


def test_an_error_exits_1(veille: Veille, rules: Path) -> None:
    path = rules / "lune.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("threshold: 4", "threshold: 40"), encoding="utf-8")
    got = veille("rules", "lint", "--json")

    assert 1 == got.code
    assert [("unreachable-threshold", "error", "rules/lune.yaml", 2)] == [
        (one["code"], one["severity"], one["file"], one["line"]) for one in got.lines
    ]


def test_patterns_that_no_stored_article_holds_are_told(
    veille: Veille, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlap, "MIN_ARTICLES", 6)
    (archive.parent / "rules" / "venus.txt").write_text("Vénus\n", encoding="utf-8")
    (one,) = veille("rules", "lint", "--json").lines

    assert ("never-seen", "venus") == (one["code"], one["subject"])
    assert "vénus: in none of the 6 articles of 3 days: « Vénus »" == one["message"]


def test_a_period_in_the_future_exits_2(veille: Veille, rules: Path) -> None:
    assert 2 == veille("rules", "lint", "--since", "2999-01-01").code
