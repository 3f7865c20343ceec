from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading import FieldReading
from rules.types import Field


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("chine", [0, 5]),
        ("la chine", [0, 2, 3, 8]),
        ("#EnUkraine", [0, 1, 3, 10]),
        ("Chine24", [0, 5, 7]),
    ],
)
def test_words_begin_and_end_at_seams(source: str, expected: list[int]) -> None:
    reading = FieldReading(Field.BODY, source)

    assert expected == [at for at in range(len(source) + 1) if reading.is_seam(at)]


def test_a_span_knows_its_words_its_sentence_and_its_place_as_received() -> None:
    reading = FieldReading(Field.LEAD, "L&rsquo;armée avance. Elle s’arrête.")

    assert (1, 2) == reading.words(2, 7)
    assert (0, 1) == (reading.sentence(2), reading.sentence(20))
    assert (8, 13, "armée") == reading.place(2, 7)


def test_a_letter_of_any_script_is_a_letter() -> None:
    reading = FieldReading(Field.BODY, "Киев 2")

    assert [0, 4, 5, 6] == [at for at in range(7) if reading.is_seam(at)]


def test_an_elided_article_is_a_word_and_so_is_each_part_of_a_compound() -> None:
    reading = FieldReading(Field.BODY, "Qu’a dit l’ex-président du G7 ?")

    assert [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)] == [
        reading.words(start, start + 1) for start in (0, 3, 5, 9, 11, 14)
    ]
    assert (3, 6) == reading.words(9, 23)
    assert (7, 8) == reading.words(27, 29)


@given(st.text(alphabet="ab1 -'é", max_size=60), st.integers(0, 40))
def test_words_are_numbered_alike_wherever_they_stand(text: str, times: int) -> None:
    reading = FieldReading(Field.BODY, "mot " * 32 * times + text)
    starts = [match.start() for match in re.finditer("[a-z0-9]+", reading.folded.flat)]

    assert list(range(len(starts))) == [reading.words(start, start + 1)[0] for start in starts]
