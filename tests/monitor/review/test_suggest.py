"""What would have avoided matches judged not relevant."""

from __future__ import annotations

from dataclasses import replace

from monitor.review import blamed, suggestions
from rules.engine import Engine
from rules.types import Document, Match, Pack
from tests.monitor.review.samples import NOW, pack

RULE = """id: axe
title: Axe
terms:
  chine: {any: [Chine], weight: 4}
  russie: {any: [Russie], weight: 2}
condition: "chine or russie"
score: {threshold: 2}
"""
PACK = pack(RULE)
[AXE] = PACK.rules
WRONG = ("Typhon en mer de Chine", "Pêche : la Mer de Chine se vide", "Un navire seul")
RIGHT = ("La Russie livre du gaz à la Chine", "La Russie et son gaz")


def found(*titles: str, of: Pack = PACK) -> list[Match]:
    engine = Engine(of)
    documents = [Document(title=title, language="fr") for title in titles]
    return [match for each in documents for match in engine.match(engine.analyse(each), now=NOW) if match.verdict.match]


def test_the_term_that_misleads_is_blamed() -> None:
    assert "chine" == blamed(found(*WRONG), found(*RIGHT))
    assert "chine" == blamed(found(*WRONG), [])
    assert blamed([], found(*RIGHT)) is None
    assert blamed(found(*RIGHT), found(*RIGHT)) is None


def test_a_phrase_that_only_wrong_matches_hold_is_to_be_ignored() -> None:
    phrase, weight = suggestions(AXE, found(*WRONG), found(*RIGHT))

    assert 'terms:\n  ignored: {any: ["mer de Chine"]}\n' in phrase.yaml.replace("Mer", "mer")
    assert 'condition: "(chine or russie) and not ignored"\n' in phrase.yaml
    assert "stands in 2 matches" in phrase.why
    assert "terms:\n  chine: {weight: 2}  # the rest of it as it is\n" == weight.yaml
    assert AXE.version not in {phrase.rule.version, weight.rule.version}


def test_what_is_suggested_avoids_the_wrong_and_keeps_the_right() -> None:
    phrase, _ = suggestions(AXE, found(*WRONG), found(*RIGHT))
    changed = replace(PACK, rules=(phrase.rule,))

    assert [] == found(*WRONG, of=changed)
    assert len(found(*RIGHT)) == len(found(*RIGHT, of=changed))


def test_what_is_pasted_is_a_rule_that_loads() -> None:
    phrase, _ = suggestions(AXE, found(*WRONG), found(*RIGHT))
    terms, condition = phrase.yaml.removeprefix("terms:\n").split("\n", 1)
    pasted = RULE.replace("terms:\n", f"terms:\n{terms}\n").replace('condition: "chine or russie"\n', condition)

    assert [] == found(*WRONG, of=pack(pasted))


def test_a_phrase_of_a_relevant_match_or_of_one_wrong_match_is_no_suggestion() -> None:
    assert 1 == len(suggestions(AXE, found(WRONG[0]), found(*RIGHT)))
    assert 0 == len(suggestions(AXE, found(WRONG[0]), found("Le vin de Chine")))
    assert 1 == len(suggestions(AXE, found(*WRONG), found("Le vin de Chine")))
    assert 1 == len(suggestions(AXE, found(*WRONG), found("La flotte en mer de Chine", RIGHT[1], RIGHT[1])))


def test_nothing_judged_not_relevant_suggests_nothing() -> None:
    assert () == suggestions(AXE, [], found(*RIGHT))


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    rule = RULE.replace("terms:\n", "terms:\n  ignored: {any: [rien]}\n")
    made = pack(rule.replace('"chine or russie"', '"chine or russie or ignored"'))
    phrase, _ = suggestions(made.rules[0], found(*WRONG, of=made), found(*RIGHT, of=made))

    assert "ignored2:" in phrase.yaml
