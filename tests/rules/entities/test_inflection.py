from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.entities import demonyms, inflections, plurals


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("accord", "accord accords"),
        ("visite", "visite visites"),
        ("visites", "visite visites"),
        ("sanctions", "sanction sanctions"),
        ("offensif", "offensif offensifs offensive offensives"),
        ("ukrainien", "ukrainien ukrainienne ukrainiennes ukrainiens"),
        ("ukrainiennes", "ukrainien ukrainienne ukrainiennes ukrainiens"),
        ("chinoises", "chinois chinoise chinoises"),
        ("frontalier", "frontalier frontaliers frontalière frontalières"),
        ("nouveau", "nouveau nouveaus nouveaux nouvelle nouvelles"),
        ("sanction", "sanction sanctions"),
        ("blessé", "blessé blessée blessées blessés"),
        ("mer", "mer mers"),
        ("mais", "mais"),
        ("cours", "cours"),
        ("temps", "temps"),
        ("pour", "pour"),
        ("g7", "g7"),
        ("xi", "xi"),
        ("document", "document documents"),
    ],
)
def test_a_word_is_inflected_by_its_spelling(word: str, expected: str) -> None:
    assert tuple(expected.split()) == inflections(word)


@pytest.mark.parametrize(
    ("word", "form"),
    [("national", "nationaux"), ("national", "nationales"), ("acteur", "actrice"), ("travail", "travaux")],
)
def test_irregular_plurals_and_feminines_are_known(word: str, form: str) -> None:
    assert form in inflections(word)


# Each line: forms of one word, any of which finds all the others.
FAMILIES = """
tué tuée tués tuées
blessé blessée blessés blessées
vendu vendue vendus vendues
disparu disparue disparus disparues
uni unie unis unies
envahi envahie envahis envahies
premier première premiers premières
étranger étrangère étrangers étrangères
prisonnier prisonnière prisonniers prisonnières
actif active actifs actives
juif juive juifs juives
acteur actrice acteurs actrices
heureux heureuse heureuses
président présidente présidents présidentes
coréen coréenne coréens coréennes
citoyen citoyenne citoyens citoyennes
officiel officielle officiels officielles
culturel culturelle culturels culturelles
national nationale nationaux nationales
civil civile civils civiles
américain américaine américains américaines
danois danoise danoises
allemand allemande allemands allemandes
espagnol espagnole espagnols espagnoles
ouvert ouverte ouverts ouvertes
mort morte morts mortes
complet complète complets complètes
musulman musulmane musulmans musulmanes
partisan partisane partisans partisanes
grec grecque grecs grecques
beau belle beaux belles
vieux vieille vieilles
arme armes
char chars
port ports
tir tirs
loi lois
travail travaux
bateau bateaux
feu feux
bijou bijoux
général générale généraux générales
œil yeux
"""


@pytest.mark.parametrize("family", FAMILIES.split("\n")[1:-1])
def test_each_form_of_a_word_finds_the_others(family: str) -> None:
    forms = set(family.split())

    assert {form: set() for form in forms} == {form: forms - set(inflections(form)) for form in forms}


@pytest.mark.parametrize(
    ("masculine", "feminine"),
    [
        ("détruit", "détruite"),
        ("pris", "prise"),
        ("interdit", "interdite"),
        ("atteint", "atteinte"),
        ("écrit", "écrites"),
    ],
)
def test_a_feminine_that_is_also_a_noun_does_not_find_its_verb(masculine: str, feminine: str) -> None:
    assert feminine in inflections(masculine)
    assert masculine not in inflections(feminine)


OTHERS = """
accord accorde
mer mère
vers ver
appel appelle
vent vente
port porte
parti partie
mari marie
cri crie
pari parie
droit droite
capital capitale
concert concerte
cours cour
fils fil
mois moi
paris pari
mai mais
ail aux
armée armé
arrivée arrivé
entrée entré
sortie sorti
partie parti
journée journé
capitale capital
centrale central
commune commun
marine marin
nouvelle nouveau
offensive offensif
découverte découvert
prise pris
conduite conduit
plainte plaint
manière manier
argentine argentin
document documente
"""


@pytest.mark.parametrize(("word", "other"), [line.split() for line in OTHERS.split("\n")[1:-1]])
def test_an_inflection_never_makes_another_word(word: str, other: str) -> None:
    assert other not in inflections(word)


@given(st.text("abcdeilnorstuxé", min_size=1, max_size=12))
def test_the_word_itself_is_among_its_forms(word: str) -> None:
    assert word in inflections(word)
    assert word == plurals(word)[0]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("russe", "russe russes"),
        ("chinois", "chinois chinoise chinoises"),
        ("ukrainien", "ukrainien ukrainiene ukrainienes ukrainienne ukrainiennes ukrainiens"),
        ("de", "de"),
    ],
)
def test_a_demonym_follows_its_stem_line(stem: str, expected: str) -> None:
    assert sorted(expected.split()) == sorted(demonyms(stem))


def test_little_words_have_no_plural() -> None:
    assert ("de",) == plurals("de")
