from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitor.cli.conftest import Veille


@pytest.mark.parametrize("words", [["rules"], ["rules", "list"]])
def test_the_rules_in_force_are_listed_with_how_they_fare(veille: Veille, archive: Path, words: list[str]) -> None:
    got = veille(*words)

    assert 0 == got.code
    assert [
        ["lune", "high", "experimental", "4", "1", "2", "La Lune"],
        ["mars", "medium", "stable", "", "0", "2", "Mars"],
    ] == [line.split("\t") for line in got.out.splitlines()]


def test_without_a_log_nothing_is_counted(veille: Veille, rules: Path) -> None:
    lune, mars = veille("rules", "--json").lines

    assert (None, 4.0, 1) == (lune["matches"], lune["threshold"], lune["tests"])
    assert ("rules/mars.txt", 1, "stable") == (mars["file"], mars["line"], mars["status"])


def test_rules_that_cannot_be_read_exit_2(veille: Veille, rules: Path) -> None:
    (rules / "mars.txt").write_text("Mars ET (\n", encoding="utf-8")

    assert 2 == veille("rules").code
