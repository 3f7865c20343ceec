"""What a headline says has happened since an event."""

from __future__ import annotations

import pytest

from monitor.likenesses import features_from, features_values
from monitor.stories import features_of, weigh
from monitor.stories.developments import developments_of


@pytest.mark.parametrize(
    ("title", "developments"),
    [
        ("Meurtre de Villefontaine : le mari fait appel de sa condamnation", ("appeal",)),
        ("Affaire Gherardini : pourvoi en cassation de l’associé", ("appeal",)),
        ("Incendie de Villeroque : un homme de 34 ans en garde à vue", ("arrest",)),
        ("Collision dans le Gers : le chauffeur mis en examen", ("arrest",)),
        ("Crues du Gard : le corps du disparu retrouvé", ("found",)),
        ("Kharkiv en deuil, hommage aux quatorze morts", ("mourning",)),
        ("Fin de la grève dans les transports à Marseille", ("end",)),
        ("Nouvelle attaque de drones sur Odessa", ("again",)),
        ("Deuxième nuit de frappes : un suspect interpellé", ("arrest", "again")),
        ("Appel à la grève lundi à la SNCF", ()),
        ("Quatre morts dans une attaque de drones sur un marché de Kharkiv", ()),
        ("Crues du Gard : les secours retrouvent le corps du disparu", ("found",)),
        ("Gard : le corps du disparu retrouvé, le bilan passe à trois morts", ("found",)),
        ("Villeroque : la police a arrêté un homme de 34 ans", ("arrest",)),
        ("Meurtre de Villefontaine : le mari avoue, puis avoue son crime devant le juge", ("arrest",)),
        ("Odessa : une seconde nuit de frappes", ("again",)),
    ],
)
def test_a_headline_says_what_has_happened_since(title: str, developments: tuple[str, ...]) -> None:
    assert developments_of(title) == developments


@pytest.mark.parametrize(
    "title",
    [
        "Nouvelle-Calédonie : l’état d’urgence levé",
        "Nouvelle-Aquitaine : la région vote son budget",
        "Séisme en Nouvelle-Zélande, pas de victimes",
        "Une bombe de la Seconde Guerre mondiale désamorcée à Brest",
        "Deuxième Guerre mondiale : les archives de Vichy ouvertes",
        "Un séisme de 30 secondes secoue Villeroque",
        "Lille l’emporte à la dernière seconde",
        "Grève dans le secondaire lundi",
        "Bonnes nouvelles pour l’emploi en mars",
        "Un skipper sans nouvelles de la terre depuis trois jours",
        "Un arrêté préfectoral interdit la baignade à Villeroque",
        "Sécheresse : les arrêtés municipaux se multiplient",
        "Le trafic s’arrête entre Lyon et Grenoble",
        "Le trafic s’est arrêté entre Lyon et Grenoble",
        "Logement : le ministre avoue son échec",
        "Détention d’armes : ce que dit la loi",
        "Les Bleus retrouvent le Stade de France",
        "Une famille se retrouve à la rue après l’incendie",
        "Crue du Tech : recherches en cours pour retrouver une femme",
    ],
)
def test_what_only_has_the_words_says_no_such_thing(title: str) -> None:
    assert () == developments_of(title)


def test_they_are_kept_with_the_article_and_older_rows_have_none() -> None:
    made = weigh(features_of("Le mari fait appel", "Il avait été placé en garde à vue hier.", ""), {})
    stored = features_values(made)

    assert (made.title_developments, made.head_developments) == (("appeal",), ("appeal", "arrest"))
    assert features_from(stored) == made
    del stored["title_developments"], stored["head_developments"]
    assert features_from(stored).title_developments == ()
