"""The French that the rules must get right: an evaluation set of our own, run through the engine.

The items under `phenomena/` name the exact strings that must be seen, per entity, and nothing else; the documents are
graded 0 to 3 by hand. `pytest tests/rules/test_phenomena.py -s -k report` prints precision and recall per entity, how
the score of `guerre-ukraine` orders the grades, and the confusion at its threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import Document, Engine, bundled
from rules.source import read
from rules.types import Field

FOLDER = Path(__file__).parent / "phenomena"
ENGINE = Engine(bundled())
ENTITIES = tuple(entity.id for entity in ENGINE.pack.entities)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULE = "guerre-ukraine"
PHENOMENA = range(1, 20)  # 20 to 25 are judged on documents
ALERT_GRADE = 2

Seen = dict[str, list[str]]


@dataclass(frozen=True)
class Item:
    """A text and the mentions that stand in it."""

    phenomenon: int
    text: str
    expected: Seen

    def seen(self, where: Field) -> Seen:
        found: Seen = {}
        title, lead, body = (self.text if where is field else "" for field in Field)
        document = Document(title=title, lead=lead, body=body)
        for mention in ENGINE.analyse(document).scan.mentions:
            assert self.text[mention.start : mention.end] == mention.text
            found.setdefault(mention.entity, []).append(mention.text)
        return found


@dataclass(frozen=True)
class Graded:
    """A document, its grade, and what the rule made of it."""

    name: str
    grade: int
    score: float
    match: bool


def read_items() -> Iterator[Item]:
    for path in sorted(FOLDER.glob("[a-z]_*.yaml")):
        for group in read(path.read_text(encoding="utf-8"), file=path.name).plain():
            for item in group["items"]:
                yield Item(group["phenomenon"], item.pop("text"), item)


def read_documents() -> Iterator[Graded]:
    for raw in read((FOLDER / "documents.yaml").read_text(encoding="utf-8"), file="documents.yaml").plain():
        document = Document(title=raw["title"], lead=raw["lead"], body=raw["body"], language="fr")
        verdicts = ENGINE.verdicts(ENGINE.analyse(document), now=NOW)
        verdict = next(verdict for verdict in verdicts if verdict.rule == RULE)
        yield Graded(raw["name"], raw["grade"], verdict.score, verdict.match)


ITEMS = tuple(read_items())
DOCUMENTS = tuple(read_documents())


def ordered_share(documents: Iterable[Graded], *, cut: int | None = None) -> float:
    """Return how often the better of two documents has the better score; a tie counts half.

    Args:
        documents: graded and scored.
        cut: compare only those at this grade or over with those under it; None compares every two grades.
    """
    known = tuple(documents)
    wins = [
        (a.score > b.score) + (a.score == b.score) / 2
        for a in known
        for b in known
        if (a.grade > b.grade if cut is None else a.grade >= cut > b.grade)
    ]
    return sum(wins) / len(wins)


def test_the_set_is_as_large_as_promised() -> None:
    assert len(ITEMS) >= 250
    assert len(DOCUMENTS) >= 60
    assert {0, 1, 2, 3} == {document.grade for document in DOCUMENTS}


def test_every_phenomenon_has_several_items() -> None:
    counts = Counter(item.phenomenon for item in ITEMS)

    assert [] == [number for number in PHENOMENA if counts[number] < 5]


def test_no_two_items_have_the_same_text() -> None:
    repeated = [text for text, count in Counter(item.text for item in ITEMS).items() if count > 1]

    assert [] == repeated


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item.phenomenon}-{ascii(item.text)[1:60]}")
def test_the_mentions_are_those_expected(item: Item) -> None:
    assert item.expected == item.seen(Field.BODY)


@pytest.mark.parametrize("where", [Field.TITLE, Field.LEAD])
def test_the_field_makes_no_difference(where: Field) -> None:
    differing = [item.text for item in ITEMS if item.seen(where) != item.expected]

    assert [] == differing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.grade}-{document.name}")
def test_a_document_alerts_from_grade_2_on(document: Graded) -> None:
    assert (document.grade >= ALERT_GRADE) is document.match


def test_the_score_orders_the_grades() -> None:
    assert ordered_share(DOCUMENTS, cut=ALERT_GRADE) >= 0.99
    assert ordered_share(DOCUMENTS) >= 0.9


def test_the_report_is_printed() -> None:
    for entity in ENTITIES:
        wanted = Counter[str]()
        found = Counter[str]()
        for number, item in enumerate(ITEMS):
            wanted.update(f"{number} {text}" for text in item.expected.get(entity, ()))
            found.update(f"{number} {text}" for text in item.seen(Field.BODY).get(entity, ()))
        right = (wanted & found).total()
        print(  # noqa: T201 - the report is for whoever tunes the pack
            f"{entity:8} {wanted.total():3} mentions, precision {right / found.total():.3f},"
            f" recall {right / wanted.total():.3f}"
        )
    confusion = Counter((document.grade >= ALERT_GRADE, document.match) for document in DOCUMENTS)
    print(  # noqa: T201 - as above
        f"{RULE}: {len(DOCUMENTS)} documents, orders any two grades {ordered_share(DOCUMENTS):.3f},"
        f" alert or not {ordered_share(DOCUMENTS, cut=ALERT_GRADE):.3f};"
        f" alerts {confusion[True, True]}, missed {confusion[True, False]},"
        f" false {confusion[False, True]}, silent {confusion[False, False]}"
    )

    assert len(DOCUMENTS) == confusion.total()
