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


@pytest.mark.parametrize(
    ("word", "other"),
    [("accord", "accorde"), ("mer", "mère"), ("vers", "ver"), ("appel", "appelle"), ("vent", "vente")],
)
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
