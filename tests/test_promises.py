"""Each promise of docs/promises.md has a test that is named after it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_ROW = re.compile(r"^\| ([DOPIRSTWX]\d+) \| (.+) \|$", re.MULTILINE)
_NOT_BUILT = "*Not built*"
_NAMED = re.compile(r"test_((?:[a-z]\d+_)+)", re.IGNORECASE)
PROMISES = dict(_ROW.findall((ROOT / "docs" / "promises.md").read_text(encoding="utf-8")))


def named(name: str) -> set[str]:
    """Return the promises in a test's name: `test_d6_d10_a_receiver_…` names two."""
    found = _NAMED.match(name)
    return set(found[1].upper().strip("_").split("_")) if found else set()


PROVED = {
    promise
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for promise in named(node.name)
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_a_test_named_after_it_unless_it_is_not_built(promise: str) -> None:
    is_built = not PROMISES[promise].startswith(_NOT_BUILT)

    assert is_built == (promise in PROVED)


def test_a_test_names_no_promise_that_is_not_made() -> None:
    assert set() == {promise for promise in PROVED if promise[0] in "DOPIRSTWX"} - set(PROMISES)


def test_the_promises_are_numbered_without_a_gap() -> None:
    expected = {"D": 13, "O": 8, "P": 8, "I": 10, "R": 7, "S": 8, "T": 8, "X": 6}
    numbered = [promise for promise in PROMISES if promise[0] != "W"]  # of those, some are built

    assert [f"{letter}{n}" for letter, most in expected.items() for n in range(1, most + 1)] == numbered


@pytest.mark.parametrize(
    ("name", "expected"),
    [("test_D6_D10_a_pause", {"D6", "D10"}), ("test_s1_no_spelling", {"S1"}), ("test_an_article", set())],
)
def test_promises_are_read_from_a_name(name: str, expected: set[str]) -> None:
    assert expected == named(name)
