from __future__ import annotations

import pytest

from rules.engine import Engine
from rules.pack import load_pack
from rules.trial import run_tests

ENTITY = """\
- id: chine
  name: Chine
  primary: ["Chine"]
  except: ["encre de Chine"]
  matches: ["La Chine répond.", "Rien."]
  rejects: ["Un dessin à l’encre de Chine.", "De Chine."]
"""

RULE = """\
id: r
title: R
level: high
scope: {{max_age: "1h"}}
terms: {{a: {{entity: chine}}, b: {{any: [visite]}}}}
condition: a
score: {{threshold: 2}}
tests:
  - name: t
    article: {{title: "{title}"}}
    expect: {{{expect}}}
"""


def problems(title: str, expect: str) -> tuple[str, ...]:
    pack = load_pack([("e.yaml", ENTITY), ("r.yaml", RULE.format(title=title, expect=expect))])
    outcome = run_tests(pack)[0]
    assert ("r", "t", "r.yaml", 9) == (outcome.subject, outcome.name, outcome.file, outcome.line)
    assert outcome.passed == (not outcome.problems)
    return outcome.problems


@pytest.mark.parametrize(
    ("title", "expect"),
    [
        ("La Chine", "match: true, near_miss: false, level: medium, min_score: 2, max_score: 2, terms: [a]"),
        ("Lille", "match: false, near_miss: false, max_score: 0"),
    ],
)
def test_what_is_as_expected_passes(title: str, expect: str) -> None:
    assert problems(title, expect) == ()


@pytest.mark.parametrize(
    ("title", "expect", "problem"),
    [
        ("La Chine", "match: false", "expected no match, got one: score 2"),
        ("Lille", "match: true", "expected a match, got none: missing term: a"),
        ("La Chine", "near_miss: true", "expected a near miss: score 2"),
        ("La Chine", "min_score: 3", "expected a score of at least 3, got 2"),
        ("La Chine", "max_score: 1", "expected a score of at most 1, got 2"),
        ("La Chine", "level: high", "expected the level high, got medium"),
        ("Lille", "level: high", "expected the level high, got none"),
        ("La Chine", "terms: [a, b]", "expected to see b"),
    ],
)
def test_what_is_not_as_expected_is_told(title: str, expect: str, problem: str) -> None:
    assert problems(title, expect) == (problem,)


def test_an_unwanted_near_miss_is_told() -> None:
    rule = RULE.format(title="La Chine", expect="near_miss: false").replace("threshold: 2", "threshold: 9")
    (outcome, *_) = run_tests(load_pack([("e.yaml", ENTITY), ("r.yaml", rule)]))

    assert outcome.problems == ("expected no near miss: score 2 < 9",)


def test_entities_are_tried_on_their_own_sentences() -> None:
    pack = load_pack([("e.yaml", ENTITY)])
    outcomes = run_tests(pack, Engine(pack))

    assert [
        ("La Chine répond.", ()),
        ("Rien.", ("expected a mention, got none",)),
        ("Un dessin à l’encre de Chine.", ()),
        ("De Chine.", ("expected no mention, got Chine",)),
    ] == [(outcome.name, outcome.problems) for outcome in outcomes]
    assert {("chine", "e.yaml", 1)} == {(outcome.subject, outcome.file, outcome.line) for outcome in outcomes}
