from __future__ import annotations

import pytest

from monitor.review import never_seen, overlapping
from tests.monitor.review.samples import MATCH, NEAR, outcome, pack, period, rule

LIST = "id: liste\ntitle: L\nterms:\n  a: {any: [%s]}\n  b: {any: [vu]}\ncondition: a or b\n"


def test_patterns_that_no_article_holds_are_told_a_term_at_a_time() -> None:
    rules = pack(LIST % "un, deux", rule("vieux", extra="status: deprecated\n")).rules
    seen = set(rules[0].terms[1].patterns)
    (found,) = never_seen(rules, seen, period(3, 500))

    assert ("never-seen", "liste", "0.yaml", 4) == (found.code, found.subject, found.file, found.line)
    assert "a: in none of the 500 articles of 3 days: « un », « deux »" == found.message


def test_of_many_patterns_some_are_named() -> None:
    rules = pack(LIST % ", ".join(f"m{number}" for number in range(20))).rules
    first, _ = never_seen(rules, (), period(1, 500))

    assert first.message.startswith("a: in none of the 500 articles of 1 day: « m0 »")
    assert first.message.endswith("« m7 » and 12 more")


def test_few_articles_prove_nothing() -> None:
    assert [] == list(never_seen(pack(LIST % "un").rules, (), period(3, 499)))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (range(10), range(10), "it matched the same stored articles as lune: 10 of 10"),
        (range(20), range(2, 20), "it matched the same stored articles as lune: 18 of 20"),
        (range(20), range(3, 20), None),
        (range(9), range(9), None),
    ],
)
def test_rules_that_match_the_same_articles_are_told(one: range, other: range, expected: str | None) -> None:
    outcomes = [outcome("lune", number, MATCH) for number in one]
    outcomes += [outcome("mars", number, MATCH) for number in other]
    outcomes += [outcome("mars", 1000, NEAR)]
    found = list(overlapping(outcomes, pack(rule("lune"), rule("mars")).rules))

    assert ([] if expected is None else [("mars", expected)]) == [(each.subject, each.message) for each in found]
