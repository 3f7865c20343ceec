from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitor.cli.conftest import Veille


def test_a_one_line_rule_is_tried_with_the_entities_in_force(veille: Veille, archive: Path) -> None:
    got = veille("rules", "try", "@lune PROCHE/9 vol")
    lines = got.out.splitlines()

    assert (0, "lune-proche-9-vol: 1 match") == (got.code, lines[0])
    assert "La Lune, un vol de Mars" == lines[3]
    assert "    « La Lune, un vol de Mars »" == lines[4]
    assert "La Gazette" in lines[2]
    assert "1 match, 0.3 a day; 0 near misses; 6 articles of 3 days read" == lines[-1]
    assert "▇" in lines[-2]


def test_a_rule_file_is_tried_rule_by_rule(veille: Veille, archive: Path, folder: Path) -> None:
    (folder / "neuf.txt").write_text("Mars\nfleurs\n", encoding="utf-8")
    mars, fleurs = veille("rules", "try", "neuf.txt", "--json").lines

    assert ("mars", 2, 6, 3) == (mars["rule"], mars["matches"], mars["articles"], mars["days"])
    assert ["Marché aux fleurs"] == [hit["title"] for hit in fleurs["hits"]]
    assert [[11, 17, "fleurs"]] == fleurs["hits"][0]["snippets"][0]["marks"]


def test_near_misses_are_counted(veille: Veille, archive: Path, folder: Path) -> None:
    (folder / "neuf.yaml").write_text(
        "id: n\ntitle: N\nterms: {a: {any: [Mars]}}\ncondition: a\nscore: {threshold: 50}\n", encoding="utf-8"
    )
    (got,) = veille("rules", "try", "neuf.yaml", "--json").lines

    assert (0, 2, []) == (got["matches"], got["near_misses"], got["hits"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], "Mission vers la Lune, mission"), (["--newest"], "Vol lunaire"), (["--limit", "0"], None)],
)
def test_the_best_or_the_newest_are_shown(
    veille: Veille, archive: Path, words: list[str], expected: str | None
) -> None:
    (got,) = veille("rules", "try", "mission OU vol", "--json", *words).lines

    assert 3 == got["matches"]
    if expected is None:
        assert [] == got["hits"]
    elif words:
        assert expected == got["hits"][0]["title"]
    else:
        assert got["hits"] == sorted(got["hits"], key=lambda hit: -hit["score"])


def test_nothing_is_saved(veille: Veille, archive: Path, rules: Path) -> None:
    before = archive.read_bytes(), sorted(rules.iterdir())
    veille("rules", "try", "Mars")

    assert before == (archive.read_bytes(), sorted(rules.iterdir()))


def test_an_empty_log_says_what_fills_it(veille: Veille, archive: Path) -> None:
    assert "No stored article." in veille("rules", "try", "Mars", "--since", "1s").err


@pytest.mark.parametrize(
    ("words", "code"),
    [(["Mars ET ("], 2), (["@rien"], 2), (["rien.yaml"], 2), (["Mars", "--since", "2999-01-01"], 2)],
)
def test_what_cannot_be_read_exits_2(veille: Veille, archive: Path, words: list[str], code: int) -> None:
    assert code == veille("rules", "try", *words).code


def test_without_a_log_it_exits_3(veille: Veille, rules: Path) -> None:
    assert 3 == veille("rules", "try", "Mars").code


def test_a_terminal_is_told_how_far_it_is(veille: Veille, archive: Path) -> None:
    assert "1 match" in veille("rules", "try", "fleurs", terminal=True).out
