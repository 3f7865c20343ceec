"""Test results as JUnit XML, which every CI reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from rules.trial import TestOutcome

__all__ = ["junit_xml"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 § 2.2


def junit_xml(outcomes: Sequence[TestOutcome]) -> str:
    """Return the results, one test suite a file."""
    by_file: dict[str, list[TestOutcome]] = {}
    for outcome in outcomes:
        by_file.setdefault(outcome.file, []).append(outcome)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="veille rules" {_counts(outcomes)}>']
    for file, of_file in by_file.items():
        lines.append(f"  <testsuite name={_attribute(file)} {_counts(of_file)}>")
        lines += [line for outcome in of_file for line in _case(outcome)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(outcomes: Sequence[TestOutcome]) -> str:
    failures = sum(not outcome.passed for outcome in outcomes)
    return f'tests="{len(outcomes)}" failures="{failures}" errors="0" skipped="0"'


def _case(outcome: TestOutcome) -> list[str]:
    where = f'file={_attribute(outcome.file)} line="{outcome.line}"'
    opening = f"    <testcase classname={_attribute(outcome.subject)} name={_attribute(outcome.name)} {where}"
    if outcome.passed:
        return [f"{opening}/>"]
    problems = "; ".join(outcome.problems)
    told = escape(_clean(f"{outcome.file}:{outcome.line}: {problems}"))
    return [f"{opening}>", f"      <failure message={_attribute(problems)}>{told}</failure>", "    </testcase>"]


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
