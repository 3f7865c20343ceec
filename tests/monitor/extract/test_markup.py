from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.extract.markup import slim


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>Un<style>p{}</style> deux</p>", "<p>Un deux</p>"),
        ("<p>Un<!-- <p> --> deux</p>", "<p>Un deux</p>"),
        ("<SCRIPT SRC=x></SCRIPT><p>Un</p>", "<p>Un</p>"),
        ("<p>Un</p><script>x", "<p>Un</p>"),
        ("<p>Un</p></p><svg></svg", "<p>Un</p></p>"),
        ("<p>val\x00lée</p>", "<p>vallée</p>"),
        ("<styled>Un</styled>", "<styled>Un</styled>"),
        ("", ""),
    ],
)
def test_a_page_is_rid_of_what_is_no_text(markup: str, expected: str) -> None:
    assert expected == slim(markup).html


def test_json_ld_is_kept_apart_and_other_scripts_are_not() -> None:
    told = slim('<script type="application/ld+json">{"a":1}</script><script type="application/json">{}</script>')

    assert told.linked_data == ('{"a":1}',)


def test_an_endless_block_of_json_ld_is_left_out() -> None:
    assert slim(f'<script type="application/ld+json">{" " * 1_100_000}</script>').linked_data == ()


@pytest.mark.parametrize(
    "attributes", [" ".join(f'a{n}="v"' for n in range(400)), " ".join(f"a{n}" for n in range(400))]
)
def test_r3_an_element_with_hundreds_of_attributes_keeps_none(attributes: str) -> None:
    assert slim(f"<p {attributes}>Gel<b>!</b></p>").html == "<p>Gel<b>!</b></p>"


def test_hundreds_of_attributes_on_nothing_are_left_out() -> None:
    assert slim("< " + "a=b " * 400 + ">Gel").html == "Gel"


def test_text_inside_a_thousand_spans_is_brought_up() -> None:
    assert slim("<span class=x>" * 1000 + "Gel" + "</span>" * 1000).html == "Gel"


def test_a_few_spans_stay() -> None:
    assert slim("<p><span>Gel</span></p>").html == "<p><span>Gel</span></p>"


@given(st.text(alphabet="<>/!- =\"'scriptylevgam0\x00İ", max_size=200))
@example("İ<script>")
def test_no_markup_raises_and_none_grows(markup: str) -> None:
    assert len(slim(markup).html) <= len(markup)
