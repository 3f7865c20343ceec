"""The bundled French pack: its own tests, and the seed article."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import Document, Engine, Match, bundled, run_tests
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


def test_the_pack_has_the_four_entities() -> None:
    names = {entity.id: entity.name for entity in PACK.entities}

    assert {"russie": "Russie", "chine": "Chine", "ukraine": "Ukraine", "kharkiv": "Kharkiv"} == names


@pytest.mark.parametrize("entity", PACK.entities, ids=lambda entity: entity.id)
def test_an_entity_carries_at_least_25_matches_and_25_rejects(entity: object) -> None:
    definition = next(known for known in PACK.entities if known is entity)

    assert min(len(definition.matches), len(definition.rejects)) >= 25


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.id)
def test_a_rule_carries_at_least_8_tests_with_matches_and_silences(rule: object) -> None:
    definition = next(known for known in PACK.rules if known is rule)

    assert len(definition.tests) >= 8
    assert {True, False} == {test.expect.match for test in definition.tests}


def test_the_seed_article_names_the_four_entities() -> None:
    mentions = ENGINE.analyse(seed_article()).scan.mentions

    assert {"Russie", "Chine", "Ukraine", "Kharkiv"} == {mention.name for mention in mentions}


def test_the_seed_article_matches_the_war_and_the_axis_and_the_front() -> None:
    assert {"guerre-ukraine", "axe-moscou-pekin", "front-kharkiv"} == set(matched(seed_article()))


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
