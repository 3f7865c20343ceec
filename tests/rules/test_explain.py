from __future__ import annotations

import json
from datetime import UTC, datetime

from rules.condition import parse_condition
from rules.engine import Analysis, Engine, judge
from rules.explain import as_dict, explain, snippets
from rules.types import Document, Field, FormKind, Mask, Mention, Pack, RuleDef, Score, TermDef
from tests.rules.sights import analysis, entity, hit, rule, scan, terms, word

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RUSSIE, CHINE = entity("russie"), entity("chine")


def mention(name: str, text: str, where: Field = Field.TITLE) -> Mention:
    return Mention(name.lower(), name, where, 0, len(text), text, FormKind.ALIAS, 0.8)


AXE = rule(
    parse_condition("russie and chine", ("russie", "chine")),
    id="axe",
    terms=(
        TermDef("russie", (RUSSIE,), 3),
        TermDef("chine", (CHINE,), 3),
        TermDef("prise_de_contact", (word("visite"), CHINE), 1),
        TermDef("sport", (word("tournoi"),), -1),
    ),
    score=Score(6),
)
SEEN = analysis(
    scan(
        {
            RUSSIE: (hit(0, Field.TITLE, text="Poutine", strength=0.8),),
            CHINE: (hit(3, Field.TITLE, text="CHINE"), hit(5), hit(9)),
            word("visite"): (hit(2, Field.TITLE, text="visites"),),
            word("tournoi"): (hit(7, Field.LEAD, text="tournoi"),),
        },
        mentions=(
            mention("Chine", "CHINE"),
            mention("Russie", "Poutine", Field.BODY),
            mention("Russie", "Moscou"),
            mention("Russie", "Poutine"),
        ),
        masks=(
            Mask("chine", Field.BODY, 0, 4, "mer de Chine"),
            Mask("chine", Field.BODY, 5, 9, "mer de Chine"),
            Mask("suisse", Field.BODY, 5, 9, "petit-suisse"),
        ),
    )
)


def told(made: RuleDef, seen: Analysis, language: str = "fr") -> str:
    return explain(judge(made, seen, now=NOW), made, seen, language)


def test_a_match_is_told_as_a_sum() -> None:
    assert told(AXE, SEEN) == (
        "axe 13,4 points, 2,2 × le seuil = Chine 7,3 (titre, 3 fois) + Russie 4,8 (« Poutine », titre)"
        " + prise de contact 2,8 (« visites », titre, 4 fois) − sport 1,5 (« tournoi », chapô)"
        " ; ignoré : « mer de Chine »"
    )


def test_a_match_is_told_in_english() -> None:
    assert told(AXE, SEEN, "en") == (
        "axe 13.4 points, 2.2 × the threshold = Chine 7.3 (title, 3 times) + Russie 4.8 (“Poutine”, title)"
        " + prise de contact 2.8 (“visites”, title, 4 times) − sport 1.5 (“tournoi”, lead)"
        "; ignored: “mer de Chine”"
    )


def test_a_match_without_threshold_or_points_is_told() -> None:
    assert told(rule(), analysis(scan({word("a"): (hit(0, text="A"),)}))) == "r 1,0 points = a 1,0 (corps)"
    assert told(rule(parse_condition("not a", "a")), analysis(scan({}))) == "r 0,0 points"


def test_a_sum_that_begins_with_a_loss_says_so() -> None:
    made = rule(terms=(TermDef("a", (word("a"),), -2),))

    assert told(made, analysis(scan({word("a"): (hit(0, text="a"),)}))) == "r -2,0 points = − a 2,0 (corps)"


def test_a_near_miss_says_what_it_lacks() -> None:
    seen = analysis(scan({word("a"): (hit(0, text="a"),)}))
    made = rule(score=Score(1.5))

    assert told(made, seen) == "r recalé de peu : score 1 < 1,5 ; points : a 1,0 (corps)"
    assert told(made, seen, "en") == "r near miss: score 1 < 1.5; points: a 1.0 (body)"


def test_a_non_match_names_the_first_gate_that_failed() -> None:
    made = rule(parse_condition("a near/30 b", "ab"), terms=terms("a", "b"))
    seen = analysis(scan({word("a"): (hit(0, text="a"),), word("b"): (hit(42, text="b"),)}))

    assert told(made, seen) == "r non : proche/30 : distance 41 ; points : a 1,0 (corps) + b 1,0 (corps)"
    assert told(made, seen, "en") == "r no: near/30: distance 41; points: a 1.0 (body) + b 1.0 (body)"


def test_a_non_match_without_points_is_told_alone() -> None:
    assert told(rule(), analysis(scan({}))) == "r non : terme absent : a"


def test_the_json_form_holds_everything() -> None:
    made_of = _pack()
    engine = Engine(made_of)
    seen = engine.analyse(Document(title="Rien", body="La visite a lieu."))
    (made,) = made_of.rules
    (verdict,) = engine.verdicts(seen, now=NOW)
    found = json.loads(json.dumps(as_dict(verdict, made, seen, "en")))

    assert ("r", "R", True, False, 1.0, None, "medium", None) == tuple(
        found[key] for key in ("rule", "title", "match", "near_miss", "score", "threshold", "level", "gate")
    )
    assert [("a", "a", 1.0, "visite")] == [
        (c["term"], c["label"], c["points"], c["best"]) for c in found["contributions"]
    ]
    assert [{"term": "a", "field": "body", "start": 3, "end": 9, "text": "visite"}] == found["evidence"]
    assert [("La visite a lieu.", [[3, 9, "a"]])] == [(s["text"], s["marks"]) for s in found["snippets"]]
    assert found["explanation"].startswith("r 1.0 points = a 1.0")
    assert [] == found["ignored"]


def test_the_json_form_of_a_non_match_says_why() -> None:
    seen = analysis(scan({}, masks=(Mask("chine", Field.BODY, 0, 4, "mer de Chine"),)))
    found = as_dict(judge(AXE, seen, now=NOW), AXE, seen)

    assert {
        "kind": "condition",
        "missing": "terme absent : russie",
        "missing_en": "missing term: russie",
    } == found["gate"]
    assert ["mer de Chine"] == [mask["text"] for mask in found["ignored"]]


def test_snippets_are_those_of_the_evidence() -> None:
    engine = Engine(_pack())
    seen = engine.analyse(Document(body="Il pleut. La visite a lieu."))

    assert ["La visite a lieu."] == [s.text for s in snippets(engine.verdicts(seen, now=NOW)[0], seen)]


def _pack() -> Pack:
    return Pack((), (rule(terms=(TermDef("a", (word("visite"),)),)),))
