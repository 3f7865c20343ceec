from __future__ import annotations

from pathlib import Path

import pytest

from rules.pack import expand, load_pack
from tests.monitor.cli.conftest import Veille

LUNE = "- {id: lune, name: Lune, primary: [Lune]}\n"


def test_the_file_form_of_a_one_line_rule_is_printed(veille: Veille) -> None:
    assert expand("@kharkiv PROCHE/40 drone") == veille("rules", "expand", "@kharkiv PROCHE/40 drone").out


def test_a_file_of_rules_becomes_one_list_that_is_read_back(veille: Veille, folder: Path) -> None:
    (folder / "r.txt").write_text("# ours\n@lune ET fusée\n\n  Mars\n", encoding="utf-8")
    got = veille("rules", "expand", "r.txt")
    pack = load_pack([("e.yaml", LUNE), ("r.yaml", got.out)])

    assert ["lune-et-fusee", "mars"] == [rule.id for rule in pack.rules]


@pytest.mark.parametrize("typed", ["drone ET (", "ET"])
def test_what_cannot_be_read_is_refused_with_its_column(veille: Veille, typed: str) -> None:
    got = veille("rules", "expand", typed)

    assert (2, "") == (got.code, got.out)
    assert got.err.startswith("veille: the rule cannot be read\n  rule:1:")


def test_each_wrong_line_of_a_file_is_told(veille: Veille, folder: Path) -> None:
    (folder / "r.txt").write_text("drone ET (\nMars\nOU\n", encoding="utf-8")
    got = veille("rules", "expand", "r.txt")

    assert 2 == got.code
    assert ["r.txt:1", "r.txt:3"] == [line.strip().rpartition(":")[0][:7] for line in got.err.splitlines()[1:]]
