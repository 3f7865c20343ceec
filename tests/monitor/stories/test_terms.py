"""What a text is made of."""

from __future__ import annotations

import pytest

from monitor.stories.terms import names_of, numbers_of, stem, terms_of


@pytest.mark.parametrize(
    ("one", "other"), [("grève", "GRÈVES"), ("démissionne", "démission"), ("cœur", "coeur"), ("frappes", "frappé")]
)
def test_forms_of_a_word_are_one_term(one: str, other: str) -> None:
    assert terms_of(one) == terms_of(other)


def test_what_says_nothing_is_no_term_and_a_short_word_keeps_its_end() -> None:
    assert ["kharki", "2026", "1 200"] == terms_of("Selon la rue, à Kharkiv, en 2026 : 1 200")[1:]
    assert "gaz" == stem("gaz")
    assert "bus" == stem("bus")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Le maire de Lisle-sur-Tarn démissionne", {"lisle", "tarn"}),
        ("Frappe russe. Kharkiv est touchée", set()),
        ("« Rien ne change », dit l’Insee", {"insee"}),
        ("BCE : le statu quo de Francfort", {"bce", "francf"}),
        ("Bilan : À Lyon", {"lyon"}),
        ("", set()),
    ],
)
def test_names_have_a_capital_inside_a_sentence_or_are_acronyms(text: str, names: set[str]) -> None:
    assert names == names_of(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("vingt-trois blessés et 7 morts", {("23", "blesse"), ("7", "mort")}),
        ("quatre-vingt-dix maisons", {("90", "maison")}),
        ("vingt et un trains", {("21", "train")}),
        ("deux cents emplois, trois mille postes", {("200", "emploi"), ("3000", "poste")}),
        ("1 200 suppressions, 3,5 milliards d'euros", {("1200", "suppre"), ("3.5", "euro")}),
        ("un homme et deux", {("2", "")}),
        ("trois et demi pour cent d'inflation", {("3", "demi")}),
        ("le 14, 15 et 16", {("14", ""), ("15", ""), ("16", "")}),
    ],
)
def test_numbers_are_read_in_words_too_with_what_they_count(text: str, numbers: set[tuple[str, str]]) -> None:
    assert numbers == numbers_of(text)


def test_a_number_without_end_is_bounded() -> None:
    assert all(len(value) <= 20 for value, _ in numbers_of("mille " * 3000 + "et cent " * 3000 + "9" * 5000))
