from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.rules.junit import junit_xml
from rules.trial import TestOutcome
from tests.monitor.cli.conftest import Veille

FAILING = """\
id: soleil
title: Soleil
terms: {a: {entity: lune}, b: {any: [soleil]}}
condition: a and b
tests:
  - {name: "l’éclipse & <la> \\"Lune\\"", article: {title: "Lune"}, expect: {match: true}}
  - {name: seul, article: {title: "soleil"}, expect: {match: false}}
"""


def test_the_tests_of_the_rules_in_force_are_run(veille: Veille, rules: Path) -> None:
    got = veille("rules", "test")

    assert (0, "3 passed, 0 failed\n") == (got.code, got.out)


def test_a_failure_is_told_with_its_place_and_what_was_got(veille: Veille, rules: Path) -> None:
    (rules / "soleil.yaml").write_text(FAILING, encoding="utf-8")
    got = veille("rules", "test")

    assert 1 == got.code
    assert (
        "rules/soleil.yaml:6: soleil: 'l’éclipse & <la> \"Lune\"': expected a match, got none: missing term: b"
        == got.out.splitlines()[0]
    )
    assert got.out.endswith("\n4 passed, 1 failed\n")


def test_only_the_tests_of_the_files_given_are_run_beside_the_entities_in_force(
    veille: Veille, rules: Path, folder: Path
) -> None:
    (folder / "neuf.yaml").write_text(FAILING, encoding="utf-8")
    got = veille("rules", "test", "neuf.yaml", "rules/entites.yaml")

    assert (1, "3 passed, 1 failed") == (got.code, got.out.splitlines()[-1])


def test_results_are_told_to_programs(veille: Veille, rules: Path) -> None:
    (one,) = veille("rules", "test", "rules/lune.yaml", "--json").lines

    assert {
        "subject": "lune",
        "name": "une mission",
        "passed": True,
        "problems": [],
        "file": "rules/lune.yaml",
        "line": 12,
    } == one


@pytest.mark.parametrize("words", [["rien.yaml"], ["faux.yaml"]])
def test_rules_that_cannot_be_read_exit_2(veille: Veille, rules: Path, folder: Path, words: list[str]) -> None:
    (folder / "faux.yaml").write_text("id: x\n", encoding="utf-8")

    assert 2 == veille("rules", "test", *words).code


def test_a_ci_reads_the_results_a_suite_a_file(veille: Veille, rules: Path, folder: Path) -> None:
    (folder / "neuf.yaml").write_text(FAILING, encoding="utf-8")
    veille("rules", "test", "neuf.yaml", "rules/lune.yaml", "--junit", "out.xml")
    root = ET.parse(folder / "out.xml").getroot()  # noqa: S314  our own

    assert ("testsuites", "3", "1") == (root.tag, root.get("tests"), root.get("failures"))
    assert [("neuf.yaml", "2", "1"), ("rules/lune.yaml", "1", "0")] == [
        (suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root
    ]
    (case, passed) = root[0]
    (failure,) = case
    assert ("soleil", 'l’éclipse & <la> "Lune"', "6") == (case.get("classname"), case.get("name"), case.get("line"))
    assert "expected a match, got none: missing term: b" == failure.get("message")
    assert [] == list(passed)


def test_results_that_cannot_be_written_are_told(veille: Veille, rules: Path) -> None:
    got = veille("rules", "test", "--junit", "nulle/part.xml")

    assert (1, "veille: nulle/part.xml: cannot be written: No such file or directory\n") == (got.code, got.err)


@given(st.text(), st.lists(st.text(), max_size=2))
def test_whatever_a_test_is_called_the_results_are_xml(name: str, problems: list[str]) -> None:
    outcome = TestOutcome(name, name, tuple(problems), name, 1)

    assert 1 == len(ET.fromstring(junit_xml([outcome]).encode("utf-8", "surrogatepass")))  # noqa: S314  our own


def test_that_there_was_nothing_to_run_is_told(veille: Veille, rules: Path) -> None:
    got = veille("rules", "test", "rules/mars.txt")

    assert (0, "0 passed, 0 failed: no test stands in these files\n") == (got.code, got.out)
