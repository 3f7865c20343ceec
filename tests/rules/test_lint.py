from __future__ import annotations

import pytest

from rules.lint import Finding, Severity, lint
from rules.pack import load_pack
from rules.types import EntityDef, Pack

CHINE = """\
- id: chine
  name: Chine
  primary: ["Chine"]
  cased: ["Chine"]
  demonym: ["chinois"]
  except: ["encre de Chine"]
"""

RULE = """\
id: r
title: R
{head}terms:
  a: {a}
  b: {b}
condition: "{condition}"
{score}tests: [{{name: t, article: {{title: "x y"}}, expect: {{match: false}}}}]
"""


def found(
    *,
    a: str = '{any: ["visite"], weight: 2}',
    b: str = "{entity: chine, weight: 3}",
    condition: str = "a and b",
    score: str = "",
    head: str = "",
) -> list[Finding]:
    score = f"score: {score}\n" if score else ""
    text = RULE.format(a=a, b=b, condition=condition, score=score, head=head)
    return list(lint(load_pack([("e.yaml", CHINE), ("r.yaml", text)])))


def told(**rule: str) -> list[tuple[str, int, str]]:
    return [(one.code, one.line, one.message) for one in found(**rule)]


def test_a_sound_rule_gives_no_finding() -> None:
    assert [] == told(score="{threshold: 4}")


def test_a_finding_reads_as_one_line_with_its_place_and_what_to_do() -> None:
    (one,) = lint(load_pack([("r.yaml", "id: r\ntitle: R\nterms: {R1: {any: [visite]}}\ncondition: R1\n")]))

    assert (
        "r.yaml:1: warning no-tests: r: it carries no tests; add one text that must match and one that must not"
        == str(one)
    )


@pytest.mark.parametrize(
    ("a", "condition", "score", "why"),
    [
        ("{any: [visite], weight: 0}", "b", "", "the condition does not name it, its weight is 0"),
        ("{any: [visite], weight: 0}", "b or (a and b)", "", "the condition is the same with and without it"),
        ("{any: [visite], in: [lead]}", "b", "{fields: {lead: 0}}", "its fields count for nothing"),
    ],
)
def test_a_term_that_changes_neither_truth_nor_score_is_unreachable(
    a: str, condition: str, score: str, why: str
) -> None:
    ((code, line, message),) = told(a=a, condition=condition, score=score)

    assert ("unreachable-term", 4) == (code, line)
    assert why in message


@pytest.mark.parametrize(
    ("a", "condition"),
    [
        ("{any: [visite], weight: 0}", "a and b"),
        ("{any: [visite], weight: 0}", "b and not a"),
        ("{any: [visite], weight: 0}", "b or count(a) >= 2"),
        ("{any: [visite], weight: 0}", "1 of (a, b)"),
        ("{any: [visite], weight: 0}", "all of (a, b)"),
        ("{any: [visite], weight: 0}", "a near/3 b"),
        ("{any: [visite], weight: 1}", "b"),
        ("{any: [visite], weight: -1}", "b"),
    ],
)
def test_a_term_that_changes_truth_or_score_is_not(a: str, condition: str) -> None:
    assert [] == told(a=a, condition=condition)


@pytest.mark.parametrize(
    "condition",
    [
        "body:(a) and b",
        "body:(1 of (a, b))",
        "b or count(a) >= 2 and body:(all of (a, b))",
        "a near/3 body:(b)",
        "a same_sentence body:(b)",
        "body:(b) near/3 (a near/3 b)",
    ],
)
def test_a_term_asked_for_where_it_is_not_looked_for_is_unreachable(condition: str) -> None:
    told_of = told(a="{any: [visite], in: [title]}", condition=condition)

    assert {"unreachable-term"} == {code for code, _, message in told_of if "can never be seen" in message}


def test_a_pattern_that_another_sees_already_is_told() -> None:
    ((code, line, message),) = told(a='{any: ["forces russes", "forces"], weight: 2}')

    assert ("masked-term", 4) == (code, line)
    assert "a: « forces russes » adds nothing beside « forces », which sees it already" == message


@pytest.mark.parametrize(
    ("first", "second", "redundant"),
    [
        ("visite", "visites", "visites"),
        ("accord*", "accordéon", "accordéon"),
        ("accord*", "accorde*", "accorde*"),
        ("Otan", "=Otan", "=Otan"),
        ("=Chine", "=Chine populaire", "=Chine populaire"),
        ("@chine", "Chine", "Chine"),
        ("@chine", "chinois", None),  # a demonym is worth less
        ("accord", "accord*", "accord"),
        ("=Otan", "otan", "=Otan"),
        ("=Otan", "=OTAN", None),
        ("côte", "côté", None),
        ("visite", "re:/visites?/", None),
        ("re:/visites?/", "visite", None),
        ("visite", "voyage", None),
    ],
)
def test_only_what_adds_nothing_is_told(first: str, second: str, redundant: str | None) -> None:
    messages = [message for code, _, message in told(a=f"{{any: ['{first}', '{second}'], weight: 2}}")]

    assert ([] if redundant is None else [f"« {redundant} »"]) == [
        message.removeprefix("a: ").partition(" adds")[0] for message in messages
    ]


@pytest.mark.parametrize(
    ("typed", "dropped", "kept"), [("Otan, OTAN", "OTAN", "Otan"), ("Avdiïvka, Avdiivka", "Avdiïvka", "Avdiivka")]
)
def test_one_form_listed_twice_is_told(typed: str, dropped: str, kept: str) -> None:
    ((code, _, message),) = told(a=f"{{any: [{typed}], weight: 2}}")

    assert "accented-twice" == code
    assert f"a: « {dropped} » and « {kept} » are one: capitals and accents are folded" == message


def test_a_phrase_that_hides_the_entity_of_the_rule_is_told() -> None:
    ((code, _, message),) = told(a='{any: ["encre de Chine"], weight: 2}')

    assert "masked-term" == code
    assert "a: « encre de Chine » is a phrase that hides @chine: it does not speak of it" == message


def test_a_phrase_that_hides_the_entity_may_exclude() -> None:
    assert [] == told(a='{any: ["encre de Chine"], weight: -2}')


def test_a_form_that_its_own_exception_hides_is_told() -> None:
    entity = CHINE.replace('primary: ["Chine"]', 'primary: ["Chine", "encre de Chine"]')
    (one,) = lint(load_pack([("e.yaml", entity)]))

    assert ("masked-term", "chine", "e.yaml", 1) == (one.code, one.subject, one.file, one.line)


def test_a_threshold_that_nothing_reaches_is_an_error() -> None:
    (one,) = found(condition="b and not a", score="{threshold: 10}")

    assert ("unreachable-threshold", Severity.ERROR) == (one.code, one.severity)
    assert "the threshold is 10, and all terms together bring at most 9" == one.message


@pytest.mark.parametrize("condition", ["b and not (a or a)", "b and not 1 of (a)", "b sauf a"])
def test_what_a_condition_excludes_brings_no_points(condition: str) -> None:
    assert ["unreachable-threshold"] == [
        code for code, *_ in told(condition=condition, score="{threshold: 10}") if code != "unreachable-term"
    ]


def test_what_is_excluded_only_together_may_bring_points() -> None:
    assert ["weak-threshold"] == [code for code, *_ in told(condition="b and not (a and b)", score="{threshold: 10}")]


def test_a_threshold_that_no_sentence_reaches_is_told() -> None:
    ((code, _, message),) = told(score="{threshold: 6}")

    assert "weak-threshold" == code
    assert "no single sentence of a body can reach 6: one with every term brings 5" == message


def test_what_is_not_looked_for_in_the_body_is_not_in_its_sentences() -> None:
    assert ["weak-threshold"] == [
        code for code, *_ in told(a="{any: [x1], in: [title], weight: 9}", score="{threshold: 4}")
    ]


def test_an_entity_without_a_name_of_its_own_is_worth_less() -> None:
    entity = "- {id: chine, name: Chine, demonym: [chinois]}\n"
    rule = RULE.format(a="{any: [visite], weight: 2}", b="{entity: chine, weight: 3}", condition="a and b",
                       score="score: {threshold: 4.2}\n", head="")  # fmt: skip
    (one,) = lint(load_pack([("e.yaml", entity), ("r.yaml", rule)]))

    assert ("weak-threshold", True) == (one.code, one.message.endswith("brings 4.1"))


def test_a_threshold_without_weights_is_told() -> None:
    codes = [code for code, *_ in told(a="{any: [visite]}", b="{entity: chine}", score="{threshold: 2}")]

    assert ["threshold-without-weights"] == codes


def test_a_one_line_rule_cannot_carry_tests() -> None:
    assert () == lint(load_pack([("r.txt", "drone ET missile\n"), ("r.yaml", "- obus ET bombe\n")]))


def test_rules_that_look_for_the_same_are_told() -> None:
    pack = load_pack([("r.txt", "a1 OU b1 OU c1 OU d1 OU e1\na1 OU b1 OU c1 OU d1\nz1\nz1 ET y1\n")])
    (one,) = lint(pack)

    assert ("overlapping-rules", "a1-ou-b1-ou-c1-ou-d1", 2) == (one.code, one.subject, one.line)
    assert "it looks for the same patterns as a1-ou-b1-ou-c1-ou-d1-ou-e1 (80% of both)" == one.message


def test_deprecated_rules_are_left_alone() -> None:
    assert [] == told(a='{any: ["forces russes", "forces"], weight: 2}', head="status: deprecated\n")


def test_the_cases_of_a_long_condition_are_not_all_tried() -> None:
    terms = "".join(f"  t{n}: {{any: [m{n}], weight: 0}}\n" for n in range(13))
    rule = "id: r\ntitle: R\nterms:\n" + terms + 'condition: "' + " or ".join(f"t{n}" for n in range(13)) + '"\n'

    assert ["no-tests"] == [one.code for one in lint(load_pack([("r.yaml", rule)]))]


def test_a_form_that_names_two_entities_is_told_once_for_each_pair() -> None:
    ours = EntityDef(
        "lutece", "Lutèce", primary=("Lutèce", "Paris"), alias=("Paname",), file="mes/entites.yaml", line=3
    )
    theirs = EntityDef("france", "France", primary=("France",), alias=("Paris", "Paname"), file="entities/france.yaml")
    other = EntityDef("gaule", "Gaule", primary=("France",), file="entities/gaule.yaml")

    (found,) = [each for each in lint(Pack((theirs, ours, other))) if each.code == "shared-form"]

    assert ("lutece", "« paris » also names france", "mes/entites.yaml", 3) == (
        found.subject,
        found.message,
        found.file,
        found.line,
    )
