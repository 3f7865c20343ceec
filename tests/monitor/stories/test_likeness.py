"""What speaks for and against one event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.model import Features
from monitor.stories import features_of, weigh
from monitor.stories.likeness import NEVER, alike, evidence
from tests.monitor.stories.fit import Pair, fit
from tests.monitor.stories.test_assign import DEPOT, REWRITE, features, member

SOON = timedelta(hours=1)


def seen(title: str, body: str) -> Features:
    return weigh(features_of(title, "", body), {})


def test_each_piece_of_evidence_speaks_as_its_name_says() -> None:
    seven = seen("Sept morts dans le bombardement de Poltava", "Le gouverneur compte sept morts.")
    nine = seen("Neuf morts dans le bombardement de Kharkiv", "Le gouverneur compte neuf morts.")
    words, heads, conflicts, elsewhere, is_late, is_news = evidence(seven, nine, SOON)
    same = evidence(seven, seven, timedelta(hours=20))

    assert (1.0, 0.0, 0.0) == (conflicts, is_late, is_news)
    assert elsewhere > 0.0
    assert words < same[0]
    assert heads < same[1]
    assert (0.0, 0.0, 1.0, 0.0) == same[2:]


def test_nothing_in_common_is_said_without_a_mistake() -> None:
    nothing = seen("", "")

    assert evidence(nothing, nothing, SOON)[2:] == (0.0, 0.0, 0.0, 0.0)


def test_what_has_happened_since_is_another_event_and_only_for_what_came_before() -> None:
    verdict = seen("Meurtre de Poltava : Oleh Sydorenko condamné à vingt ans", "")
    appeal = seen("Meurtre de Poltava : Oleh Sydorenko fait appel", "")

    assert evidence(verdict, appeal, SOON)[-1] == 1.0
    assert evidence(appeal, verdict, SOON)[-1] == evidence(appeal, appeal, SOON)[-1] == 0.0


def test_a_rewrite_is_likelier_soon_than_late_and_a_title_alone_tells_too_little() -> None:
    first = member(1, features(), house="gazette.example")
    rewrite = features("Kharkiv : un dépôt de carburant en feu", REWRITE)

    assert alike(first, member(2, rewrite)).score > alike(first, member(2, rewrite, hours=20)).score > NEVER
    assert NEVER == alike(first, member(2, seen("Un dépôt de carburant en feu à Kharkiv", ""))).score
    assert alike(first, member(2, seen("Kharkiv : le dépôt en feu", DEPOT))).is_same_text


def test_two_fires_of_one_kind_in_two_towns_are_two_events() -> None:
    one = seen(
        "Vaucresse-sur-Loire : un entrepôt logistique ravagé par un incendie",
        "Un incendie s'est déclaré dans la nuit à Vaucresse-sur-Loire, dans un entrepôt. Soixante pompiers ont lutté "
        "contre les flammes jusqu'à l'aube. Personne n'a été blessé. Le bâtiment est détruit, une enquête est ouverte.",
    )
    other = seen(
        "Trévières-le-Haut : une usine de meubles ravagée par un incendie",
        "Un incendie s'est déclaré cette nuit à Trévières-le-Haut, dans une usine. Soixante pompiers ont lutté contre "
        "les flammes jusqu'au matin. Personne n'a été blessé. L'usine est détruite, une enquête est ouverte.",
    )
    fires = [member(number, made, house=f"{number}.example") for number, made in enumerate((one, other), 1)]

    assert alike(*fires).score < 0


def test_two_events_of_one_war_that_name_its_countries_only_stay_apart() -> None:
    sanctions = seen(
        "Guerre en Ukraine : l'Europe prépare de nouvelles sanctions contre la Russie",
        "Les Vingt-Sept visent les pétroliers qui permettent à la Russie de poursuivre la guerre en Ukraine. Kiev "
        "salue le projet et demande qu'il soit adopté avant l'hiver, Moscou promet une réponse.",
    )
    strikes = seen(
        "Ukraine : frappes russes massives sur le réseau électrique, Kiev dans le noir",
        "La Russie vise depuis cette nuit les centrales de l'Ukraine. Des quartiers de Kiev sont sans courant, les "
        "hôpitaux sur groupe électrogène. Moscou entend poursuivre l'offensive.",
    )
    told = [member(number, made, house=f"{number}.example") for number, made in enumerate((sanctions, strikes), 1)]

    assert alike(*told).score < 0.75  # the threshold of `assign`


def test_the_fit_finds_the_weights_that_data_were_made_with() -> None:
    rows: list[Pair] = [((float(x), float(y)), x + y > 9) for x in range(10) for y in range(10)]
    bias, first, second = fit(rows)

    assert first == pytest.approx(second, rel=0.01)
    assert -bias / first == pytest.approx(9.5, rel=0.05)
