"""What holds of every text, on the bundled pack: the sentences and articles of `phenomena/`, and made-up ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Document, Engine, bundled
from rules.reading import FieldReading
from rules.source import read
from rules.text import fold
from rules.types import Field
from tests.rules.test_phenomena import DOCUMENTS, FOLDER, ITEMS

ENGINE = Engine(bundled())
NOW = datetime(2026, 11, 26, tzinfo=UTC)
# What only means something as it is typed: HTML entities, text in the wrong character set, leftover tags.
AS_TYPED = re.compile(r"[&<ÃÂ]|â€")
# What capitals take away: where a word begins in a hashtag or a glued word, and that a word goes on in the next line.
BY_CASE = re.compile(r"[a-zà-ÿ][A-ZÀ-Þ]|-\n")
PARAGRAPHS = (
    "On y sert du thé, et chacun rentre avant la nuit.",
    "Les apiculteurs du plateau n’avaient pas connu pareille récolte depuis dix ans.",
    "On y vient à pied, à vélo, en famille ; on y reste jusqu’au soir.",
)
LETTERS = st.characters(
    categories=("Lu", "Ll"), max_codepoint=0x17F, exclude_characters="ŉÂÃÅ"
)  # these may begin mojibake


def entities(text: str) -> Counter[str]:
    return Counter(mention.entity for mention in ENGINE.analyse(Document(body=text)).scan.mentions)


def matched(document: Document) -> set[str]:
    return {grade.rule for grade in ENGINE.grades(ENGINE.analyse(document), now=NOW) if grade.match}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_detached_accents_give_the_same_entities(form: str) -> None:
    texts = [item.text for item in ITEMS if not AS_TYPED.search(item.text)]
    differing = [text for text in texts if entities(text) != entities(unicodedata.normalize(form, text))]  # type: ignore[arg-type]  # a name of a form

    assert [] == differing


def test_capitals_lose_no_mention() -> None:
    texts = [item.text for item in ITEMS if not AS_TYPED.search(item.text) and not BY_CASE.search(item.text)]
    lost = [text for text in texts if entities(text) - entities(text.upper())]

    assert [] == lost


@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=30))
def test_folding_changes_no_count_of_words(words: list[str]) -> None:
    folded = fold(" ".join(words))

    assert len(words) == len(re.findall(r"\w+", folded.flat))


@given(st.text(max_size=200))
def test_offsets_slice_the_source_to_the_mention(text: str) -> None:
    text = f"L’Ukraine {text} Kharkiv. {text} à Moscou"
    for mention in ENGINE.analyse(Document(title=text, body=text)).scan.mentions:
        assert text[mention.start : mention.end] == mention.text


@pytest.mark.untraced
@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_a_paragraph_without_the_rules_terms_removes_no_match(paragraph: str) -> None:
    alone = ENGINE.analyse(Document(body=paragraph))
    lost = []
    for path in sorted(FOLDER.glob("documents*.yaml")):
        for raw in read(path.read_text(encoding="utf-8"), file=path.name).plain():
            title, lead, body = (str(raw[field.value] or "") for field in Field)
            longer = f"{body}\n\n{paragraph}" if body else paragraph
            before, after = (matched(Document(title, lead, text)) for text in (body, longer))
            lost += [(raw["name"], rule) for rule in before - after]

    assert {} == dict(alone.scan.hits)
    assert [] == lost


def test_the_articles_are_those_of_the_evaluation() -> None:
    assert len(DOCUMENTS) > 500


@given(st.text(max_size=120))
def test_every_offset_of_a_reading_is_in_its_text(text: str) -> None:
    reading = FieldReading(Field.BODY, text)

    assert len(reading.kinds) == len(reading.folded.flat) + 2
