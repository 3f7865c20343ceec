"""The bundled French pack: its own tests, and the seed article."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import Document, Engine, Match, bundled, run_tests
from rules.entities import Gazetteer, Role
from rules.explain import explain

PACK = bundled()
ENGINE = Engine(PACK)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SEED = Path(__file__).parents[2].parent / "shared" / "seed"


def matched(document: Document) -> dict[str, Match]:
    """Return the matches of the bundled rules, near misses left out."""
    found = ENGINE.match(ENGINE.analyse(document), now=NOW)
    return {match.rule.id: match for match in found if match.verdict.match}


def seed_article() -> Document:
    texts = sorted(SEED.glob("*.txt"))
    if not texts:
        pytest.skip("the seed article lives beside the project, in ../shared")
    title, lead, body = texts[0].read_text(encoding="utf-8").split("\n\n", 2)
    return Document(title=title, lead=lead, body=body, language="fr")


def test_every_test_that_the_pack_carries_passes() -> None:
    failures = [(test.subject, test.name, test.problems) for test in run_tests(PACK, ENGINE) if not test.passed]

    assert [] == failures


FOUR = {"russie": "Russie", "chine": "Chine", "ukraine": "Ukraine", "kharkiv": "Kharkiv"}
COUNTRIES = "europe-ouest europe-est asie moyen-orient oceanie afrique ameriques russie chine ukraine".split()
# In the same files, but no members of the UN: two observers, and territories that make news.
OTHERS = (
    "vatican kosovo taiwan hongkong macao tibet xinjiang cachemire palestine gaza cisjordanie jerusalem-est"
    " kurdistan-irakien golan polynesie-francaise guam samoa-americaines iles-cook sahara-occidental somaliland"
    " darfour tigre kivu mayotte la-reunion quebec porto-rico guantanamo malouines essequibo canal-de-panama"
    " guadeloupe martinique guyane"
).split()
UN_MEMBERS = 193
ORGANISATIONS = "onu otan ue brics aiea cpi osce g7 opep cedeao fmi ocs".split()
PLACES = "donetsk pokrovsk crimee kherson koursk belgorod shanghai wuhan saint-petersbourg".split()


def test_the_pack_has_the_entities_of_a_french_press_desk() -> None:
    names = {entity.id: entity.name for entity in PACK.entities}

    assert FOUR.items() <= names.items()
    assert set() == {*OTHERS, *ORGANISATIONS, *PLACES} - set(names)


def test_the_pack_has_every_member_of_the_un() -> None:
    countries = {entity.id for entity in PACK.entities if Path(entity.file).stem in COUNTRIES}

    assert len(countries - set(OTHERS)) == UN_MEMBERS


def test_an_entity_carries_matches_and_rejects() -> None:
    few = [e.id for e in PACK.entities if min(len(e.matches), len(e.rejects)) < (25 if e.id in FOUR else 2)]

    assert [] == few


def test_no_form_names_two_entities_without_its_author_knowing() -> None:
    known = ("congolais", "russieukraine", "ukrainerussie")  # both Congos, and hashtags that glue two names
    named: dict[str, set[str]] = {}
    for form in Gazetteer(PACK.entities).forms:
        if form.role is not Role.FIRST:
            named.setdefault(form.wording.text, set()).add(form.entity)

    assert [] == [text for text, entities in named.items() if len(entities) > 1 and not text.startswith(known)]


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.id)
def test_a_rule_carries_at_least_8_tests_with_matches_and_silences(rule: object) -> None:
    definition = next(known for known in PACK.rules if known is rule)

    assert len(definition.tests) >= 8
    assert {True, False} == {test.expect.match for test in definition.tests}


def test_the_seed_article_names_the_four_entities() -> None:
    mentions = ENGINE.analyse(seed_article()).scan.mentions

    assert {"Russie", "Chine", "Ukraine", "Kharkiv"} <= {mention.name for mention in mentions}


def test_the_seed_article_matches_the_war_and_the_axis_and_the_front() -> None:
    assert {"guerre-ukraine", "axe-moscou-pekin", "front-kharkiv"} == set(matched(seed_article()))


def test_the_pack_has_a_rule_for_each_desk() -> None:
    assert len(PACK.rules) >= 9
    assert {"international", "economie", "defense", "numerique"} == {dict(rule.labels)["desk"] for rule in PACK.rules}


def test_the_seed_article_is_well_over_the_thresholds_and_says_why() -> None:
    analysis = ENGINE.analyse(seed_article())
    reasons = {name: explain(match.verdict, match.rule, analysis) for name, match in matched(analysis.document).items()}

    assert reasons["guerre-ukraine"].startswith("guerre-ukraine ")
    assert all(word in reasons["axe-moscou-pekin"] for word in ("Chine", "Russie", "titre"))


@pytest.mark.parametrize(
    "title",
    [
        "La Bourse joue aux montagnes russes",
        "Un atelier d’encre de Chine au musée de Tulle",
        "Elle chine, il ponce : la brocante de Lou",
        "Une machine à vapeur remise en route",
        "Poutine au canard : la recette du camion",
        "Le Kremlin-Bicêtre replante ses platanes",
        "Incendie rue de Kiev, à Rouen",
    ],
)
def test_a_false_friend_stays_silent(title: str) -> None:
    analysis = ENGINE.analyse(Document(title=title, body="L’offensive du froid continue. L’armée du salut recrute."))

    assert () == ENGINE.match(analysis, now=NOW)
    assert () == analysis.scan.mentions
