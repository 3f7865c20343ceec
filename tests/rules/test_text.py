from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.text import (
    accents_bind,
    addresses,
    carries_accents,
    fold,
    is_capitals,
    lines,
    sentences,
)

CHARS = "aéÉœŒæßﬁ çÀxN1#-_/.!?'’`´ʼ«»“”\n\r\t\xa0\u202f\xad\u200b\u0301\u0327\ufeff&;<>ÃÂâ€™©\x80…–—北Пı\ud800😀"
WHOLES = ("&amp;", "&eacute;", "&#8217;", "<b>", "</b>", "<br/>", "<wbr>", "Ã©", "â€™", "-\n", "\r\n", "M. ", "www.")
HOSTILE = st.lists(st.sampled_from([*CHARS, *WHOLES]), max_size=60).map("".join)


def slices(source: str) -> list[str]:
    folded = fold(source)
    return [source[slice(*folded.source_span(at, at + 1))] for at in range(len(folded.text))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("L’État", "l'etat"),
        ("L\u02bcU L\u2018U L\u00b4U L`U L\u2032U L\u0092U", "l'u l'u l'u l'u l'u l'u"),
        ("E\u0301lyse\u0301e", "elysee"),
        ("cœur Œuvre ex æquo ﬁn Straße", "coeur oeuvre ex aequo fin strasse"),
        ("Rus\xadsie Chi\u200bne U<wbr>kraine", "russie chine ukraine"),
        ("<b>Chi</b>ne<br>Russie", "chine\nrussie"),
        ("Rus-\nsie Rus-\r\nsie Rus\xad\nsie", "russie russie russie"),
        ("Moscou-\nPékin", "moscou-\npekin"),
        ("l&rsquo;Ukraine &amp;amp;eacute; &#233; &#xe9; &truc; AT&amp;T", "l'ukraine e e e &truc; at&t"),
        ("RÃ©publique lâ€™Ukraine â‚¬ cÅ“ur", "republique l'ukraine ~ coeur"),
        ("voilà\xa0» Élan", 'voila " elan'),
        ("Ｃｈｉｎｅ", "chine"),
        ("Moscou – Pékin — «\xa0Xi\u202f»", 'moscou - pekin - " xi "'),
        ("Vučić Łódź øre", "vucic lodz ore"),
        ("Путин 北京", "путин 北京"),
        ("a  b \n c\r\n\r\nd", "a b\nc\n\nd"),
        ("prix : 3 €, 😀", "prix : 3 ~, *"),
        ("\u0301seul", "seul"),
        ("½ µ", "½ u"),
        ("", ""),
    ],
)
def test_what_feeds_do_to_words_is_undone(source: str, expected: str) -> None:
    found = fold(source).text

    assert expected == found


def test_a_folded_span_points_at_what_it_came_from() -> None:
    source = "d&rsquo;<b>U</b>kra\xadine, cœ&ucirc;r, É\u0301"

    expected = ["d", "&rsquo;", "U", "k", "r", "a", "i", "n", "e", ",", " ", "c", "œ", "œ", "&ucirc;", "r", ",", " "]
    assert [*expected, "É\u0301"] == slices(source)


def test_joiners_are_spaces_in_the_flat_text() -> None:
    folded = fold("l’axe Moscou-Pékin/Minsk_Kiev\nici")

    assert "l axe moscou pekin minsk kiev ici" == folded.flat


@given(HOSTILE)
@example("&amp;<b>")
@example("e\u0301\u0301")
def test_the_three_folded_texts_line_up(source: str) -> None:
    folded = fold(source)

    assert len(folded.kept) == len(folded.text) == len(folded.flat)


@given(HOSTILE)
def test_the_map_to_the_source_is_monotone_and_inside_it(source: str) -> None:
    folded = fold(source)

    spans = [folded.source_span(at, at + 1) for at in range(len(folded.text))]

    assert all(0 <= start < end <= len(source) for start, end in spans)
    assert spans == sorted(spans)


@given(HOSTILE)
def test_letters_once_folded_stay_folded(source: str) -> None:
    kept = "".join(char for char in fold(source).text if char not in "&<>\n -")

    assert kept == fold(kept).text


@given(st.text("abcéèÉœ'’ -.", max_size=40))
def test_a_slice_of_the_source_folds_to_its_span(source: str) -> None:
    folded = fold(source)
    for start in range(len(folded.text)):
        first, last = folded.source_span(start, len(folded.text))

        assert fold(source[first:last]).text.endswith(folded.text[start:])


@pytest.mark.parametrize(
    ("line", "expected"),
    [("MOSCOU ET PÉKIN", True), ("MOSCOU et PÉKIN", True), ("Moscou et Pékin", False), ("X", False), ("12", False)],
)
def test_a_line_of_capitals_is_told_by_most_of_its_letters(line: str, *, expected: bool) -> None:
    assert expected == is_capitals(line)


def test_accents_are_seen() -> None:
    assert carries_accents("pêche")
    assert not carries_accents("peche × 3")


@pytest.mark.parametrize(
    ("typed", "seen", "accentless", "expected"),
    [
        ("maïs", "maïs", False, True),
        ("maïs", "mais", False, False),
        ("maïs", "MAIS", False, True),
        ("maïs", "mais", True, True),
        ("pêche", "péché", True, False),
        ("PÊCHE", "pêche", False, True),
        ("mais", "maïs", False, True),
        ("côte", "côté", False, False),
        ("côte", "côte", False, True),
        ("côte", "COTE", False, True),
        ("côte", "CÔTÉ", False, False),
        ("coté coupé", "coté coupe", False, False),
        ("cote coupé", "côté coupé", False, True),
    ],
)
def test_a_typed_accent_binds_but_in_capitals_and_accentless_text(
    typed: str, seen: str, *, accentless: bool, expected: bool
) -> None:
    assert expected == accents_bind(typed, seen, accentless=accentless)


def test_lines_that_are_blank_are_left_out() -> None:
    assert ((0, 1), (3, 4)) == lines(fold("a\n\nb\n"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ("Il part. Il revient !", ["Il part.", "Il revient !"]),
        (
            "M. Lavrov et Mme Petrova parlent. V. Poutine aussi.",
            ["M. Lavrov et Mme Petrova parlent.", "V. Poutine aussi."],
        ),
        ("Le 3.5 est là. « Non. » Elle sort.", ["Le 3.5 est là.", "« Non. »", "Elle sort."]),
        ("Il hésite… puis part. Fin", ["Il hésite… puis part.", "Fin"]),
        ("Vraiment ? 12 morts.", ["Vraiment ?", "12 morts."]),
        ("Un titre\nUn texte\nqui continue\n\nla suite", ["Un titre", "Un texte\nqui continue", "la suite"]),
        ("tout en bas. de casse", ["tout en bas.", "de casse"]),
        ("... Ouf", ["...", "Ouf"]),
        ("Hommes, femmes, etc. Puis rien.", ["Hommes, femmes, etc.", "Puis rien."]),
    ],
)
def test_sentences_end_where_a_reader_would_stop(source: str, expected: list[str]) -> None:
    folded = fold(source)

    assert expected == [folded.kept[start:end] for start, end in sentences(folded)]


@given(HOSTILE)
def test_sentences_are_in_order_and_not_blank(source: str) -> None:
    folded = fold(source)

    spans = sentences(folded)

    assert list(spans) == sorted(spans)
    assert all(folded.kept[start:end].strip() for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Il vit à Kiev.", []),
        ("sur https://exemple.fr/russie?x=1 aujourd'hui", ["https://exemple.fr/russie?x=1"]),
        ("sur www.russie.info\nici", ["www.russie.info"]),
        ("ecrire.a@chine.org, lemonde.fr/chine", ["ecrire.a@chine.org,", "lemonde.fr/chine"]),
        ("@Ukraine et .com et fin.frappe", []),
    ],
)
def test_addresses_are_found_whole(source: str, expected: list[str]) -> None:
    folded = fold(source)

    assert expected == [folded.kept[start:end] for start, end in addresses(folded)]
