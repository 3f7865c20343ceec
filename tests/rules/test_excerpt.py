from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.excerpt import MAX_CHARS, snippets
from rules.types import Document, Evidence, Field, Snippet


def show(document: Document, *words: str) -> tuple[Snippet, ...]:
    """Show every occurrence of some words; a sentence ends with a full stop."""
    sentences = {
        where: tuple((found.start(), found.end()) for found in re.finditer(r"[^.]+\.?\s*", document.text(where)))
        for where in Field
    }
    evidence = [
        Evidence(word.lower(), where, found.start(), found.end(), found[0])
        for where in Field
        for word in words
        for found in re.finditer(rf"\b{word}\b", document.text(where))
    ]
    return snippets(document, sentences, evidence)


def marked(snippet: Snippet) -> list[tuple[str, str]]:
    return [(snippet.text[start:end], term) for start, end, term in snippet.marks]


BODY = "Il pleut à Lille. La Chine reçoit. La Russie et la Chine signent. L’Ukraine attend. La Chine dort."


def test_the_sentences_with_the_most_distinct_terms_are_shown_in_reading_order() -> None:
    found = show(Document(title="Chine", body=BODY), "Chine", "Russie", "Ukraine")

    assert ["La Russie et la Chine signent.", "L’Ukraine attend."] == [snippet.text for snippet in found]
    assert [("Russie", "russie"), ("Chine", "chine")] == marked(found[0])


def test_the_title_is_quoted_only_where_nothing_else_carries_a_term() -> None:
    found = show(Document(title="La Chine reçoit", body="Il pleut."), "Chine")

    assert [(Field.TITLE, "La Chine reçoit")] == [(snippet.field, snippet.text) for snippet in found]


def test_nothing_is_shown_of_an_article_without_terms() -> None:
    assert show(Document(title="Lille", body=BODY)) == ()


def test_overlapping_terms_give_marks_that_do_not_overlap() -> None:
    found = show(Document(body="Le front de Kharkiv tient."), "front de Kharkiv", "front", "Kharkiv")

    assert [("front de Kharkiv", "front de kharkiv")] == marked(found[0])


def test_sentences_are_shown_while_they_fit() -> None:
    long = "mot " * 60
    found = show(Document(body=f"La Chine {long}. La Russie {long}. L’Ukraine attend."), "Chine", "Russie", "Ukraine")

    assert [True, False] == [snippet.text.startswith("La Chine") for snippet in found]
    assert found[1].text == "L’Ukraine attend."


def test_an_over_long_sentence_is_cut_at_words_around_its_marks() -> None:
    before, after = "avant " * 100, "après " * 100
    (found,) = show(Document(body=f"{before}la Chine et la Russie {after}."), "Chine", "Russie")

    assert found.truncated
    assert len(found.text) <= MAX_CHARS
    assert found.text.startswith("[…] avant ")
    assert found.text.endswith(" après […]")
    assert [("Chine", "chine"), ("Russie", "russie")] == marked(found)


def test_the_cut_keeps_the_place_with_the_most_terms() -> None:
    (found,) = show(Document(body=f"La Chine {'mot ' * 100} la Russie et l’Ukraine"), "Chine", "Russie", "Ukraine")

    assert [("Russie", "russie"), ("Ukraine", "ukraine")] == marked(found)
    assert found.text.startswith("[…] mot")
    assert found.text.endswith("Ukraine")


def test_the_beginning_of_a_long_sentence_is_kept_when_its_term_is_there() -> None:
    (found,) = show(Document(body=f"La Chine {'mot ' * 100}"), "Chine")

    assert found.text.startswith("La Chine mot")
    assert found.text.endswith("mot […]")


@pytest.mark.parametrize("letters", [400, 2000])
def test_a_term_longer_than_the_room_is_clipped(letters: int) -> None:
    (found,) = show(Document(body=f"le {'x' * letters} tient"), "x+")

    assert found.truncated
    assert len(found.text) <= MAX_CHARS
    assert {"x"} == set(marked(found)[0][0])


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    (found,) = show(Document(body="é-" * 400 + "Chine" + "-é" * 400), "Chine")

    assert [("Chine", "chine")] == marked(found)
    assert len(found.text) <= MAX_CHARS


texts = st.lists(
    st.sampled_from(["Chine", "Russie", "mot", "anticonstitutionnellement" * 8, ".", "\n", " "]), max_size=90
)


@given(texts, texts)
def test_quotes_are_short_and_their_marks_are_the_terms(lead: list[str], body: list[str]) -> None:
    document = Document(lead=" ".join(lead), body=" ".join(body))
    found = show(document, "Chine", "Russie")

    assert sum(len(snippet.text) for snippet in found) <= MAX_CHARS
    for snippet in found:
        assert snippet.text.removeprefix("[…] ").removesuffix(" […]") in document.text(snippet.field)
        assert [term.capitalize() for _, term in marked(snippet)] == [text for text, _ in marked(snippet)]
