from __future__ import annotations

from tests.monitor.cli.conftest import Veille


def test_an_entity_is_found_by_any_of_its_forms(veille: Veille) -> None:
    (congo,) = veille("entities", "RDC", "--json").lines
    (line,) = veille("entities", "kharkov").out.splitlines()

    assert "republique-democratique-du-congo" == congo["id"]
    assert "Kinshasa" in congo["forms"]
    assert ["kharkiv", "Kharkiv"] == line.split("\t")[:2]


def test_all_are_listed_where_nothing_is_asked(veille: Veille) -> None:
    assert len(veille("entities").out.splitlines()) > 1000


def test_letters_are_looked_for_where_no_form_has_the_word(veille: Veille) -> None:
    assert "kharkiv" in {line["id"] for line in veille("entities", "kharkovi", "--json").lines}


def test_what_no_entity_bears_is_told(veille: Veille) -> None:
    got = veille("entities", "zzz")

    assert (5, "") == (got.code, got.out)
    assert got.err.startswith("veille: no entity has 'zzz' in a form")
