"""What says something else, and what is only written otherwise (promise I9); differences that people read."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.changes import Kind, Piece, differ, is_live, says_otherwise, shown, text_changes, title_changes

TEXTS = st.text(st.sampled_from("ab é-\n?'1"), max_size=40)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Kharkiv : la ville s'éveille", "Kharkiv : la ville s'eveille"),
        ("KHARKIV, la ville s’éveille", "Kharkiv : la ville s'éveille !"),
        ("Une frape russe sur Kharkiv", "Frappe russe sur Kharkiv"),
        ("La visite de Marcon à Pékin", "La visite de Macron à Pékin"),
        ("Les negociatons reprenent à Genève", "Les négociations reprennent à Genève"),
        ("Un soldat blessé", "Des soldats blessés"),
        ("EN DIRECT - Un accord signé", "Un accord signé"),
        ("Un accord signé", "Un accord signé (vidéo)"),
        ("Le mini-sommet de Lille", "Le minisommet de Lille"),
        ("Frappe sur sur Kharkiv", "Frappe sur Kharkiv"),
        ("Frappe sur Kharkiv", "Frappe sur Kharkiv"),
        ("", "Frappe sur Kharkiv"),
        ("Frappe sur Kharkiv", ""),
    ],
)
def test_i9_a_typo_that_was_mended_says_nothing_else(before: str, after: str) -> None:
    assert not says_otherwise(before, after)
    assert not says_otherwise(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("12 morts à Kharkiv", "15 morts à Kharkiv"),
        ("Deux morts à Kharkiv", "Dix morts à Kharkiv"),
        ("L'Iran frappé", "L'Irak frappé"),
        ("Frappe russe sur Kharkiv", "Frappe sur Kharkiv"),
        ("Zelensky à Paris", "Zelensky pas à Paris"),
        ("Un accord signé", "Un accord signé ?"),
        ("L'Ukraine attaque la Russie", "La Russie attaque l'Ukraine"),
        ("Vendre des armes", "Rendre des armes"),
        ("Le ministre limogé", "Le ministre nommé"),
        ("Mali : le retrait", "Malte : le retrait"),
    ],
)
def test_i9_another_number_name_negation_or_word_says_something_else(before: str, after: str) -> None:
    assert says_otherwise(before, after)
    assert says_otherwise(after, before)


def test_two_spellings_of_one_entity_are_no_change_and_two_entities_are() -> None:
    kiev, kyiv = ("Nuit calme à Kiev", "Nuit calme à Kyiv")

    assert says_otherwise(kiev, kyiv)
    assert not says_otherwise(kiev, kyiv, ([(13, 17, "kyiv")], [(13, 17, "kyiv")]))
    assert says_otherwise("Georgie", "Géorgie", ([(0, 7, "georgie_us")], [(0, 7, "georgie")]))
    assert not says_otherwise("Corée du Nord", "Corée du Nord", ([(0, 13, "kp"), (0, 5, "kr")],) * 2)


@pytest.mark.parametrize(
    ("title", "url", "live"),
    [
        ("EN DIRECT - Guerre en Ukraine", None, True),
        ("Direct. Les marchés", None, True),
        ("Ukraine : suivez la journée en direct", None, True),
        ("Guerre en Ukraine", "https://gazette.example/live/2024/ukraine.html", True),
        ("Un vol direct pour Harbin", "https://gazette.example/directeur", False),
    ],
)
def test_a_live_report_is_known_by_its_title_or_address(title: str, url: str | None, live: object) -> None:
    assert is_live(title, url) is live


def test_spaces_and_the_shape_of_quotes_are_no_difference() -> None:
    assert not differ("« L’été » – oui", '"L\'été"-oui')
    assert differ("l'ete", "l'été")


def test_a_title_is_compared_word_by_word() -> None:
    pieces = title_changes("Kharkiv : une frappe russe", "Kharkiv : une frappe nocturne")

    assert (Piece(Kind.SAME, "Kharkiv : une frappe"), Piece(Kind.OLD, "russe"), Piece(Kind.NEW, "nocturne")) == pieces
    assert "Kharkiv : une frappe [-russe-] {+nocturne+}" == shown(pieces)


def test_of_a_text_only_the_paragraphs_that_changed_are_shown() -> None:
    old = "Un début.\nTrois blessés, dit la mairie.\nUne fin."
    new = "Un début.\nCinq blessés, dit la mairie.\nUn ajout.\nUne fin."

    assert ["[-Trois-] {+Cinq+} blessés, dit la mairie.", "{+Un ajout.+}"] == list(map(shown, text_changes(old, new)))
    assert () == text_changes(old, old)
    assert () == text_changes("L’été.", "L'été.")


def test_long_stretches_that_stayed_are_cut_short() -> None:
    words = " ".join(f"mot{n}" for n in range(40))
    told = shown(title_changes(f"avant {words} milieu {words} fin", f"après {words} centre {words} fin"))

    assert told.startswith("[-avant-] {+après+} mot0 mot1 mot2")
    assert 2 == told.count("[…]")
    assert told.endswith("mot0 mot1 mot2 mot3 mot4 mot5 mot6 mot7 […]")


def test_what_is_too_long_to_compare_is_shown_as_replaced_between_what_stayed() -> None:
    old, new = (" ".join(f"{letter}{n}" for n in range(200)) for letter in "ab")

    assert [(Kind.SAME, "Avant"), (Kind.OLD, old), (Kind.NEW, new), (Kind.SAME, "après")] == [
        (piece.kind, piece.text) for piece in title_changes(f"Avant {old} après", f"Avant {new} après")
    ]


@given(TEXTS, TEXTS)
@example("a\nb", "b\na")
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    pieces = title_changes(before, after)
    old = " ".join(piece.text for piece in pieces if piece.kind is not Kind.NEW)
    new = " ".join(piece.text for piece in pieces if piece.kind is not Kind.OLD)

    assert (before.split(), after.split()) == (old.split(), new.split())
    assert not says_otherwise(before, before)


def test_r3_the_longest_texts_are_compared_in_bounded_time() -> None:
    words = [f"mot{n * 7919 % 997}" for n in range(60_000)]
    old = "\n".join(" ".join(words[at : at + 140]) for at in range(0, len(words), 140))
    new = "\n".join(" ".join(words[at : at + 140]) for at in range(3, len(words), 140))
    started = time.process_time()
    found = text_changes(old, new)

    assert found
    assert time.process_time() - started < 5
    assert 1 == len(text_changes(" ".join(words), " ".join(reversed(words))))
