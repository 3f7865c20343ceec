"""Text from outside is harmless, and quotes are short."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver.text import QUOTE_CHARS, line, marked, quotes, safe_url
from rules.types import Field, Snippet


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=400), st.integers(1, 300))
def test_O1_a_line_is_one_bounded_line_that_can_be_encoded(text: str, limit: int) -> None:
    result = line(text, limit)

    assert len(result) <= limit
    assert len(result.splitlines()) <= 1
    assert result == result.encode().decode()
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in result)


def test_O1_direction_overrides_are_removed() -> None:
    assert line("a\u202eb\u2066c\u200fd") == "a b c d"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//a.example/",
        "https://",
        "https://a.example/ b",
        "https://a.example/\r\nX: y",
        "https://[::1",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_O6_what_is_no_plain_web_address_is_no_link(url: str | None) -> None:
    assert safe_url(url) is None


def test_O6_a_web_address_is_kept_as_it_is() -> None:
    assert safe_url("https://a.example/é?q=1#x") == "https://a.example/é?q=1#x"


@st.composite
def snippets(draw: st.DrawFn) -> Snippet:
    text = draw(st.text(alphabet="aé \x00🟠", max_size=500))
    bound = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(bound, bound), max_size=4))
    marks = tuple((min(span), max(span), "terme") for span in spans)
    return Snippet(draw(st.sampled_from(Field)), text, marks)


@settings(deadline=None)
@given(st.lists(snippets(), max_size=6))
def test_quotes_fit_and_their_marks_stay_inside(given_snippets: list[Snippet]) -> None:
    kept = quotes(given_snippets)

    assert sum(len(snippet.text) for snippet in kept) <= QUOTE_CHARS
    assert not given_snippets or kept
    assert all(0 <= start <= end <= len(snippet.text) for snippet in kept for start, end, _ in snippet.marks)
    assert all("".join(part for part, _ in marked(snippet)) == snippet.text for snippet in kept)


def test_a_term_deep_in_a_long_sentence_is_shown() -> None:
    text = "avant " * 100 + "Kharkiv" + " après" * 100
    (kept,) = quotes([Snippet(Field.BODY, text, ((600, 607, "front"),))])
    ((start, end, term),) = kept.marks

    assert (kept.text[start:end], term) == ("Kharkiv", "front")
    assert (kept.text[0], kept.text[-1]) == ("…", "…")


def test_the_body_goes_before_the_title_and_order_is_kept() -> None:
    title, body = Snippet(Field.TITLE, "t" * 100, ()), Snippet(Field.BODY, "b" * 250, ())

    assert [snippet.field for snippet in quotes([title, body])] == [Field.BODY]
    assert [snippet.field for snippet in quotes([title, Snippet(Field.BODY, "b", ())])] == [Field.TITLE, Field.BODY]
