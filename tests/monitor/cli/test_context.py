from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from monitor import errors
from monitor.cli.context import EXIT_CODES, exit_code, harmless, print_json, print_table


class Colour(StrEnum):
    RED = "rouge"


def test_every_error_has_a_documented_exit_code() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error") and name != "ExternalError"]
    raised = [kind("x") for kind in kinds if not issubclass(kind, errors.ExternalError)]

    assert {1, 2, 3, 4, 5} == {exit_code(error) for error in raised}
    assert {1, 2, 3, 4, 5} < set(EXIT_CODES)


def test_json_is_for_programs_and_for_the_french(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(
        {
            "at": datetime(2026, 5, 16, 5, tzinfo=UTC),
            "for": timedelta(minutes=1),
            "names": frozenset({"b", "é", "a"}),
            "colour": Colour.RED,
            "else": 1j,
        }
    )

    expected = (
        '{"at": "2026-05-16T05:00:00+00:00", "for": 60.0, "names": ["a", "b", "é"], "colour": "rouge", "else": "1j"}\n'
    )
    assert expected == capsys.readouterr().out


def test_a_cell_cannot_break_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ("a", "b"), [("un\tdeux\n\x1b[2J", None)])

    assert "un deux  [2J\t\n" == capsys.readouterr().out


def test_what_is_harmless_stays() -> None:
    assert "L’été à Kharkiv\u00a0: « 😀 »" == harmless("L’été à Kharkiv\u00a0: « 😀 »")
