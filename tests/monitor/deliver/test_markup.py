"""Notes as text: what comes from outside means nothing but itself."""

from __future__ import annotations

import pytest

from monitor.deliver.markup import MARKDOWN, PLAIN, markdown_escape, markdown_link
from monitor.deliver.note import Look, Paragraph, Shape, Span
from monitor.deliver.notes import note_of
from tests.monitor.deliver.benches import words
from tests.monitor.deliver.samples import alert, hostile, recap


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("*gras* _italique_ ~~barré~~ `code`", r"\*gras\* \_italique\_ \~\~barré\~\~ \`code\`"),
        ("[ici](https://evil.example)", r"\[ici\](https\://evil.example)"),
        ("www.evil.example et awww.example", r"www\.evil.example et awww.example"),
        ("<@U1> @here #salon ||caché|| :+1: 07:30 à 8:00", r"\<\@U1\> \@here \#salon \|\|caché\|\| \:+1: 07:30 à 8:00"),
        ("- liste", r"\- liste"),
        ("2024. Bilan", r"2024\. Bilan"),
        ("3.5 % - rien", "3.5 % - rien"),
        ("un \\ seul", r"un \\ seul"),
    ],
)
def test_O1_text_from_outside_is_no_markdown(text: str, told: str) -> None:
    assert told == markdown_escape(text)


def test_an_address_cannot_end_its_link() -> None:
    assert "[titre](https://a.example/?q=%28%29%5B%5D%3C%3E%7C%60)" == markdown_link(
        "titre", "https://a.example/?q=()[]<>|`"
    )


def test_a_link_that_is_too_long_is_left_out() -> None:
    assert markdown_link("titre", "https://a.example/" + "a" * 1200) == "titre"


def test_a_paragraph_is_written_as_its_shape_says() -> None:
    lines = ((Span("un", Look.BOLD), Span(" "), Span("", Look.BOLD)), (Span("x", Look.CODE),))

    assert MARKDOWN.paragraph(Paragraph(lines, Shape.QUOTE)) == "> **un** \n> `x`"
    assert MARKDOWN.paragraph(Paragraph(lines[1:], Shape.HEADER)) == "**`x`**"
    assert PLAIN.text([Paragraph(lines), Paragraph(lines[1:], Shape.SMALL)]) == "un \nx\n\nx"


def test_a_note_holds_as_many_items_as_fit_and_counts_the_others() -> None:
    note = note_of(recap(5, 9), words())

    assert "et 7 de plus, à lire par `veille matches`" in MARKDOWN.text(note.most(lambda told: len(told) <= 4))
    assert "et 9 de plus" in MARKDOWN.text(note.most(lambda _: False))


@pytest.mark.parametrize("planned", [alert(), hostile("\0" * 9 + "Titre\r\n\0 {count}")])
def test_O1_every_text_of_a_note_is_one_line(planned: object) -> None:
    note = note_of(planned, words())  # type: ignore[arg-type]  # alerts
    texts = [span.text for part in (note.opening, *note.most(lambda _: True)) for one in part.lines for span in one]

    assert all("\n" not in text and "\0" not in text for text in [note.subject, *texts])
