from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.mojibake import garbled, repaired

RIGHT = (
    "« L’Élysée n’a rien décidé », a-t-on répété à Kyïv ; où qu’ils aillent, les députés – ceux de l’opposition – "
    "exigent 12 000 €, 15 °C ou l’œuvre complète de Noël Ångström. ÇA ALORS ! ÀÂÉÈÊËÎÏÔÛÙÜŸŒÆ àâéèêëîïôûùüÿœæ… "
    "Jusqu’où ?"
)


def misread(text: str, charset: str = "cp1252") -> str:
    """Return what a publisher's software makes of UTF-8 that it takes for something else."""
    return "".join(
        bytes([byte]).decode(charset) if byte not in b"\x81\x8d\x8f\x90\x9d" else chr(byte) for byte in text.encode()
    )


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_text_that_was_misread_is_the_written_one_again(charset: str, times: int) -> None:
    text = RIGHT
    for _ in range(times):
        text = misread(text, charset)

    assert repaired(text) == RIGHT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'Ã‰lysÃ©e s’inquiète", "L'Élysée s’inquiète"),
        ("VoilÃ\xa0 l’été", "Voilà l’été"),
        ("Ã\xa0 la une", "à la une"),
        ("Ã la une", "à la une"),  # the no-break space was folded away
        ("MARCHÃ‰ DE NOÃ‹L", "MARCHÉ DE NOËL"),
        ("Il dit : â€œ ouiâ€", "Il dit : “ oui”"),
        ("la guerreÂ\xa0: le bilan", "la guerre\xa0: le bilan"),
        ("ÐšÐ¸Ñ—Ð² et Kyïv", "Київ et Kyïv"),
        ("Bravo ðŸ‘\x8f", "Bravo 👏"),
        ("ï»¿Le gel", "\ufeffLe gel"),
        ("cÅ“ur", "cœur"),
    ],
)
def test_what_was_misread_among_right_text_is_put_right(text: str, expected: str) -> None:
    assert expected == repaired(text)


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        "SÃO PAULO, « MAÇÃ », JOÃ’S",
        "PARALYSÉ… LE MARCHÉ » ET L’ÉTÉ”, LA CITÉ™",
        "le navigateur affiche « Ã© » au lieu de « é »",
        "KÄÄRIJÄ… à l’Eurovision, Åland, Ñuñoa, Ðakovo",
        "Ångström, Łódź, Škoda, İstanbul, Київ, Москва",
        "",
    ],
)
def test_right_text_is_left_alone(text: str) -> None:
    assert repaired(text) == text


_LOWER = "abcdefghijklmnopqrstuvwxyzàâäæçéèêëîïíìñóòôöœùûüúÿãõåßšž"
_WORDS = st.one_of(
    st.text(_LOWER, min_size=1, max_size=8),
    st.text(_LOWER.replace("ß", "").replace("ã", "").upper(), min_size=2, max_size=8),
    st.sampled_from(["SÃO", "Äänekoski", "Åse", "Âge", "Ñame", "Київ", "12", "€", "–", "§", "à", "ï"]),
)
_JOINTS = st.sampled_from(" |\u00a0|’|-|, |. |… |\u00a0: |\u202f! | « |\u00a0» | “|” ".split("|"))


@given(st.lists(st.tuples(_WORDS, _JOINTS), max_size=30))
@example([("PARALYSÉ", "… "), ("CITÉ", "\u00a0» ")])
def test_right_european_text_comes_back_unchanged(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + joint for word, joint in parts)

    assert repaired(text) == text


@given(st.lists(st.tuples(st.text("abcdeéèàùçôîê", min_size=1, max_size=8), _JOINTS), max_size=30))
def test_whatever_french_was_misread_is_put_right(parts: list[tuple[str, str]]) -> None:
    text = "il " + "".join("x" + word + joint for word, joint in parts)

    assert repaired(misread(text)) == text


@given(st.text(max_size=200))
def test_no_text_grows_and_a_repaired_one_is_done(text: str) -> None:
    told = repaired(text)

    assert len(told) <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(RIGHT, 0), ("l\ufffdÉlysée", 1), ("dÃ¨s voilÂ", 2), ("â€ž", 1), ("SÃO PAULO", 0)],
)
def test_what_cannot_be_read_is_counted(text: str, expected: int) -> None:
    assert expected == garbled(text)


def test_a_long_page_takes_linear_time() -> None:
    text = "Ã" * 200_000 + "â€" * 100_000

    assert re.match("Ã", repaired(text))
