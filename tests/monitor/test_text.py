from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.text import clip, fold, paragraphs, plain, plain_paragraphs


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("Le gel &amp; la grêle", "Le gel & la grêle"),
        ("Le gel &amp;amp; la grêle", "Le gel & la grêle"),
        ("l&#8217;Élysée", "l’Élysée"),
        ("<b>Gel</b> tardif", "Gel tardif"),
        ("&lt;b&gt;Gel&lt;/b&gt; tardif", "Gel tardif"),
        ("&lt;script&gt;alerte()&lt;/script&gt;Gel", "Gel"),
        ("3 < 5 et 7 > 2", "3 < 5 et 7 > 2"),
        ("Vous êtes <3", "Vous êtes <3"),
        ("Gel\x00 <i>tar\x00dif</i>", "Gel tardif"),
        ("Gel\u202e tardif\u2066\ufeff", "Gel tardif"),
        ("Gel <!-- note --> tardif", "Gel tardif"),
        ("", ""),
    ],
)
def test_o1_a_title_becomes_plain_text(markup: str, expected: str) -> None:
    told = plain(markup, most=100)

    assert expected == told


def test_a_single_no_break_space_keeps_its_place_and_runs_are_folded() -> None:
    told = fold("Gel\u00a0: la\u202f \u00a0vigne\t\n souffre")

    assert told == "Gel\u00a0: la vigne souffre"


def test_blocks_and_line_breaks_become_lines_and_source_line_ends_do_not() -> None:
    told = plain_paragraphs("<p>Un\nseul.</p>\n<ul><li>Deux</li><li>Trois</li></ul>fin<br/>vraie", most=100)

    assert told == "Un seul.\nDeux\nTrois\nfin\nvraie"


def test_scripts_styles_and_pictures_say_nothing() -> None:
    told = plain_paragraphs("<style>a{}</style><p>Un</p><svg><text>x</text></svg> deux<script>x</script>", most=100)

    assert told == "Un\ndeux"


def test_paragraphs_leave_out_empty_lines() -> None:
    assert paragraphs("\n Un \r\n\u2028\tDeux\x0b\n") == "Un\nDeux"


def test_r6_what_is_too_long_ends_in_an_ellipsis() -> None:
    assert (clip("abc", 3), clip("abcd", 3), plain("a" * 3_000_000, most=4)) == ("abc", "ab…", "aaa…")


@given(st.text(max_size=300))
@example("<")
@example("&lt;&amp;lt;")
@example("<svg><title>")
def test_o1_no_text_leaves_a_control_or_bidirectional_character(text: str) -> None:
    told = plain(text, most=500) + plain_paragraphs(text, most=500).replace("\n", "")
    left = [char for char in told if unicodedata.category(char) == "Cc" or unicodedata.bidirectional(char) in BIDI]

    assert left == []


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text(alphabet="<>&;/!-abpdiv ltgm#x0\"'=", max_size=200))
def test_no_text_raises_and_none_grows(text: str) -> None:
    assert len(plain(text, most=500)) <= len(text)
