from __future__ import annotations

from datetime import timedelta

from monitor.model import ArticleId
from monitor.review import Graded, Judge, Outcome
from rules.types import Pack, Pattern
from tests.monitor.review.samples import NOW, archived, pack, rule

LUNE = "- {id: lune, name: Lune, primary: [Lune], matches: [La Lune.]}\n"


def judged(title: str, *packs: Pack) -> list[Outcome]:
    return list(Judge(packs).judge(archived(title)))


def sides(title: str, *packs: Pack) -> dict[str, list[bool | None]]:
    return {
        outcome.rule: [None if grade is None else grade.match for grade in outcome.grades]
        for outcome in judged(title, *packs)
    }


def test_what_matches_or_nearly_does_is_an_outcome() -> None:
    strict = rule("fusee", extra="score: {threshold: 9}\n")

    assert [
        Outcome("lune", ArticleId(1), NOW, (Graded(2.0, match=True, near_miss=False),)),
        Outcome("fusee", ArticleId(1), NOW, (Graded(2.0, match=False, near_miss=True),)),
    ] == judged("Une fusee vers la lune", pack(rule("lune"), strict, rule("mars")))


def test_deprecated_rules_are_not_judged() -> None:
    assert [] == judged("La lune", pack(rule("lune", extra="status: deprecated\n")))


def test_an_age_is_counted_to_when_the_article_was_first_seen() -> None:
    young = pack(rule("lune", extra='scope: {max_age: "2h"}\n'))
    seen_at = NOW - timedelta(days=400)
    fresh, old = (archived("La lune", at=seen_at, published_at=seen_at - timedelta(hours=age)) for age in (1, 3))

    assert [1, 0] == [len(list(Judge([young]).judge(article))) for article in (fresh, old)]


def test_two_sets_are_judged_side_by_side() -> None:
    before, after = pack(rule("lune"), rule("mars")), pack(rule("lune", "pluton"), rule("venus"))

    assert {"lune": [True, False], "mars": [True, None], "venus": [None, True]} == sides(
        "lune, mars, venus", before, after
    )


def test_a_rule_that_is_the_same_in_both_sets_is_judged_once() -> None:
    judge = Judge([pack(rule("lune"), rule("mars")), pack(rule("mars"), rule("lune", "pluton"))])

    assert [3] == [len(engine.pack.rules) for engine, _ in judge._engines]
    assert {"mars": (True, True)} == {
        outcome.rule: tuple(grade is not None and grade.match for grade in outcome.grades)
        for outcome in judge.judge(archived("mars"))
    }


def test_a_renamed_rule_is_one_rule_under_its_new_id() -> None:
    after = pack(rule("satellite", "lune", extra="previous_ids: [lune]\n"))

    assert {"satellite": [True, True]} == sides("La lune", pack(rule("lune")), after)


def test_sets_with_other_entities_are_judged_apart() -> None:
    uses = "id: r\ntitle: R\nterms: {a: {entity: lune}}\ncondition: a\n"
    before, after = (pack(uses, entities=LUNE.replace("[Lune]", f"[{name}]")) for name in ("Lune", "Phobos"))

    assert {"r": [True, False]} == sides("La Lune", before, after)
    assert 2 == len(Judge([before, after])._engines)


def test_sentences_of_entities_make_no_difference_to_what_is_seen() -> None:
    before, after = (
        pack(rule("mars"), entities=LUNE),
        pack(rule("mars"), entities=LUNE.replace("La Lune.", "Une Lune.")),
    )

    assert 1 == len(Judge([before, after])._engines)


def test_patterns_that_were_seen_are_noted() -> None:
    seen: set[Pattern] = set()
    list(Judge([pack(rule("lune"), rule("mars"))]).judge(archived("La lune"), seen))

    assert ["lune"] == [pattern.text for pattern in seen]
