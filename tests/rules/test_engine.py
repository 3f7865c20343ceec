from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import parse_condition
from rules.engine import Engine, judge
from rules.pack import load_pack
from rules.text import text_sha256
from rules.types import (
    Completeness,
    Document,
    Evidence,
    Field,
    GateKind,
    Hit,
    Level,
    Mask,
    Pack,
    Ref,
    RuleDef,
    Scope,
    Score,
    Status,
    TermDef,
    Verdict,
)
from tests.rules.sights import analysis, entity, hit, rule, scan, terms, word

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def verdict(made: RuleDef, *hits: Hit, document: Document | None = None) -> Verdict:
    return judge(made, analysis(scan({word("a"): hits}), document), now=NOW)


def missing(found: Verdict) -> str | None:
    return found.gate.missing if found.gate else None


# --- points --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "points"),
    [
        ((hit(0),), 3.0),
        ((hit(0, strength=0.8),), 2.4),
        ((hit(0, Field.TITLE),), 6.0),
        ((hit(0, Field.LEAD),), 4.5),
        ((hit(0), hit(1)), 4.0),
        ((hit(0, Field.TITLE), hit(0)), 7.0),
        (tuple(hit(n, Field.TITLE) for n in range(28)), 9.0),
    ],
)
def test_points_are_weight_by_strength_by_field_with_less_for_each_repetition(
    hits: tuple[Hit, ...], points: float
) -> None:
    made = rule(terms=(TermDef("a", (word("a"),), weight=3),))

    assert points == verdict(made, *hits).score


def test_a_contribution_tells_the_best_form_its_field_and_the_number_of_hits() -> None:
    (found,) = verdict(
        rule(), hit(0, text="Pékin", strength=0.8), hit(0, Field.TITLE, text="Chine"), hit(9, Field.TITLE, text="CHINE")
    ).contributions

    assert ("a", "Chine", Field.TITLE, 3) == (found.term, found.best, found.field, found.count)


def test_a_negative_weight_subtracts() -> None:
    made = rule(terms=(TermDef("a", (word("a"),), weight=-2),))

    assert verdict(made, hit(0)).score == -2.0


def test_a_teaser_earns_no_points_in_its_body() -> None:
    teaser = Document(completeness=Completeness.TEASER)

    assert verdict(rule(), hit(0), document=teaser).score == 0.0
    assert verdict(rule(), hit(0), document=teaser).match
    assert verdict(rule(), hit(0, Field.LEAD), document=teaser).score == 1.5


def test_the_fields_factors_are_the_rule_s() -> None:
    made = rule(score=Score(title=5.0))

    assert verdict(made, hit(0, Field.TITLE)).score == 5.0


def test_a_score_is_computed_when_the_condition_is_false() -> None:
    made = rule(parse_condition("a and b", ("a", "b")), terms=terms("a", "b"))
    found = verdict(made, hit(0))

    assert (1.0, False, False, ()) == (found.score, found.condition, found.match, found.evidence)
    assert missing(found) == "terme absent : b"


kinds = st.sampled_from([1.0, 0.8, 0.7])
seen = st.lists(st.builds(lambda where, strength: (where, strength), st.sampled_from(Field), kinds), max_size=30)


def placed(found: list[tuple[Field, float]]) -> tuple[Hit, ...]:
    return tuple(hit(n, where, strength=strength) for n, (where, strength) in enumerate(found))


@given(seen, st.sampled_from(Field), kinds)
def test_a_further_hit_never_lowers_the_score(found: list[tuple[Field, float]], where: Field, strength: float) -> None:
    before = verdict(rule(), *placed(found)).score
    after = verdict(rule(), *placed([*found, (where, strength)])).score

    assert before <= after


@given(seen)
def test_a_term_never_earns_more_than_half_again_its_best_hit(found: list[tuple[Field, float]]) -> None:
    best = max((strength * Score().factor(where) for where, strength in found), default=0.0)

    assert best - 1e-4 <= verdict(rule(), *placed(found)).score <= 1.5 * best + 1e-4


# --- threshold and level ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "threshold", "expected"),
    [
        (Level.HIGH, None, Level.HIGH),
        (Level.CRITICAL, None, Level.CRITICAL),
        (Level.LOW, None, Level.LOW),
        (Level.HIGH, 2.0, Level.MEDIUM),
        (Level.HIGH, 1.0, Level.HIGH),
        (Level.CRITICAL, 0.5, Level.HIGH),
        (Level.MEDIUM, 0.5, Level.MEDIUM),
        (Level.LOW, 0.5, Level.LOW),
        (Level.HIGH, 2.1, None),
    ],
)
def test_the_level_follows_the_score_up_to_the_rule_s_own(
    own: Level, threshold: float | None, expected: Level | None
) -> None:
    made = rule(level=own, score=Score(threshold))

    assert expected is verdict(made, hit(0, Field.TITLE)).level


@pytest.mark.parametrize(
    ("threshold", "text"),
    [(7.5, "score 1 < 7,5"), (10.0, "score 1 < 10"), (1.0001, "score 1 < 1,0001")],
)
def test_a_true_condition_under_the_threshold_is_a_near_miss(threshold: float, text: str) -> None:
    found = verdict(rule(score=Score(threshold)), hit(0))

    assert (True, False, True) == (found.condition, found.match, found.near_miss)
    assert found.gate is not None
    assert (GateKind.THRESHOLD, text, text.replace(",", ".")) == (
        found.gate.kind,
        found.gate.missing,
        found.gate.missing_en,
    )


# --- scope ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "document", "expected"),
    [
        (Scope(languages=("fr",)), Document(language="en"), "langue : en"),
        (Scope(languages=("fr",)), Document(language="fr-BE"), None),
        (Scope(languages=("fr",)), Document(), None),
        (Scope(feeds=("f",)), Document(feed="g"), "flux : g"),
        (Scope(feeds=("f",)), Document(feed="f"), None),
        (Scope(feeds=("f",)), Document(), None),
        (Scope(outlets=("o",)), Document(outlet="p"), "titre de presse : p"),
        (
            Scope(completeness=(Completeness.FULL,)),
            Document(completeness=Completeness.TEASER),
            "texte : teaser",
        ),
        (Scope(max_age=timedelta(hours=72)), Document(published_at=NOW - timedelta(hours=73)), "âge : 73 h > 72 h"),
        (Scope(max_age=timedelta(hours=72)), Document(published_at=NOW - timedelta(hours=72)), None),
        (Scope(max_age=timedelta(hours=72)), Document(), None),
        (
            Scope(max_age=timedelta(hours=72)),
            Document(published_at=datetime(1970, 1, 1, tzinfo=UTC), first_seen_at=NOW),
            None,
        ),
        (
            Scope(max_age=timedelta(hours=72)),
            Document(published_at=NOW + timedelta(days=40), first_seen_at=NOW - timedelta(hours=100)),
            "âge : 100 h > 72 h",
        ),
        (Scope(max_age=timedelta(hours=72)), Document(first_seen_at=NOW - timedelta(hours=100)), "âge : 100 h > 72 h"),
        (Scope(original=True), Document(wire="AFP"), "repris d'une dépêche AFP"),
        (Scope(original=True), Document(copy_of="La Gazette"), "texte repris de : La Gazette"),
        (Scope(original=True), Document(), None),
        (Scope(), Document(wire="AFP", copy_of="La Gazette"), None),
        (Scope(languages=("fr",)), Document(wire="AFP", copy_of="La Gazette"), None),
        (
            Scope(original=True, max_age=timedelta(hours=72)),
            Document(first_seen_at=NOW - timedelta(hours=100)),
            "âge : 100 h > 72 h",
        ),
    ],
)
def test_a_document_outside_the_scope_does_not_match_and_an_unknown_fact_passes(
    scope: Scope, document: Document, expected: str | None
) -> None:
    found = verdict(rule(scope=scope), hit(0), document=document)

    assert expected == missing(found)
    assert (expected is None) == found.in_scope == found.match


def test_the_score_is_computed_outside_the_scope() -> None:
    found = verdict(rule(scope=Scope(languages=("fr",))), hit(0), document=Document(language="en"))

    assert (False, 1.0) == (found.match, found.score)


# --- evidence ---------------------------------------------------------------------------------------------------


def test_terms_outside_the_condition_are_shown_unless_they_subtract() -> None:
    made = rule(terms=(*terms("a", "b"), TermDef("c", (word("c"),), weight=-1)))
    found = judge(made, analysis(scan({word(name): (hit(n),) for n, name in enumerate("abc")})), now=NOW)

    assert found.evidence == (Evidence("a", Field.BODY, 0, 9, "mot"), Evidence("b", Field.BODY, 10, 19, "mot"))


def test_evidence_is_bounded() -> None:
    found = verdict(rule(), *(hit(n) for n in range(200)))

    assert (200, 50) == (found.contributions[0].count, len(found.evidence))


# --- the engine --------------------------------------------------------------------------------------------------

ENTITIES = """\
- {id: chine, name: Chine, primary: [Chine], except: [encre de Chine]}
- {id: russie, name: Russie, primary: [Russie], alias: [russes], except: [montagnes russes]}
"""
CONDITIONS = (
    "a",
    "a and b",
    "b or c",
    "not a",
    "a or not b",
    "not a and not b",
    "b near/3 (a or c)",
    "a same_sentence b",
    "2 of (a, b, c)",
    "all of (b, c)",
    "count(c) >= 1",
    "body:c",
)


def pack(*rules: RuleDef) -> Pack:
    return Pack((), rules)


EVERY = pack(
    *(rule(parse_condition(text, "abc"), id=text, terms=terms("a", "b", "c")) for text in CONDITIONS),
    rule(Ref("a"), id="old", status=Status.DEPRECATED),
)
ENGINE = Engine(EVERY)


@given(st.sets(st.sampled_from("abc")))
def test_matching_candidates_only_gives_what_judging_all_gives(found: set[str]) -> None:
    seen = analysis(scan({word(name): (hit(ord(name)),) for name in sorted(found)}))
    judged = [v.rule for v in ENGINE.verdicts(seen, now=NOW) if v.match and v.rule != "old"]

    assert judged == [match.rule.id for match in ENGINE.match(seen, now=NOW)]


def test_every_rule_gives_a_verdict_deprecated_ones_too() -> None:
    verdicts = ENGINE.verdicts(ENGINE.analyse(Document(title="rien")), now=NOW)

    assert [*CONDITIONS, "old"] == [found.rule for found in verdicts]


def test_near_misses_are_returned_and_flagged() -> None:
    engine = Engine(pack(rule(id="over"), rule(id="under", score=Score(9)), rule(Ref("b"), id="no", terms=terms("b"))))
    found = engine.match(engine.analyse(Document(title="Le a.")), now=NOW)

    assert [("over", True, False), ("under", False, True)] == [
        (m.rule.id, m.verdict.match, m.verdict.near_miss) for m in found
    ]


def test_a_match_holds_its_sentences_its_masks_and_the_hash_of_the_text() -> None:
    made = rule(terms=(TermDef("a", (word("sommet"), entity("chine"))),))
    entities = load_pack([("e.yaml", ENTITIES)]).entities
    engine = Engine(Pack(entities, (made,)))
    document = Document(title="Un", body="Il pleut. Le sommet à l’encre de Chine. Des montagnes russes.")
    (found,) = engine.match(engine.analyse(document), now=NOW)

    assert ["Le sommet à l’encre de Chine."] == [snippet.text for snippet in found.snippets]
    assert [Mask("chine", Field.BODY, 24, 38, "encre de Chine")] == list(found.masks)
    assert text_sha256(document.title, document.lead, document.body) == found.text_sha256


def test_the_hash_tells_title_from_body() -> None:
    assert text_sha256("a", "", "") != text_sha256("", "", "a")


def test_the_same_document_gives_the_same_bytes() -> None:
    document = Document(title="a b c", body="c b a. a c.")
    first, second = (
        repr((engine.verdicts(seen, now=NOW), engine.match(seen, now=NOW)))
        for engine in (Engine(EVERY), ENGINE)
        for seen in (engine.analyse(document),)
    )

    assert first == second
