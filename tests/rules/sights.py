"""Hand-made sights, so that the judging is tested apart from the looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.engine import Analysis
from rules.types import (
    Condition,
    Document,
    Field,
    Hit,
    Mask,
    Mention,
    Pattern,
    PatternKind,
    Ref,
    RuleDef,
    TermDef,
)


def word(text: str) -> Pattern:
    return Pattern(PatternKind.WORDS, text, text)


def entity(name: str) -> Pattern:
    return Pattern(PatternKind.ENTITY, name, f"@{name}")


@dataclass(frozen=True)
class MadeReading:
    """A field of which a test says what stands in it: words are ten characters long, all in one sentence."""

    where: Field
    text: str
    at_sentence: int

    @property
    def order(self) -> int:
        return list(Field).index(self.where)

    def place(self, start: int, end: int) -> tuple[int, int, str]:
        return start, end, self.text

    def words(self, start: int, end: int) -> tuple[int, int]:
        return start // 10, (end - 1) // 10 + 1

    def sentence(self, at: int) -> int:
        return self.at_sentence


@dataclass(frozen=True)
class MadeScan:
    """What a test says was seen."""

    hits: Mapping[Pattern, Sequence[Hit]] = field(default_factory=dict)
    aside: Mapping[Pattern, Sequence[Hit]] = field(default_factory=dict)
    mentions: tuple[Mention, ...] = ()
    masks: tuple[Mask, ...] = ()
    sentences: Mapping[Field, Sequence[tuple[int, int]]] = field(default_factory=dict)


def hit(
    at: int,
    where: Field = Field.BODY,
    *,
    text: str = "mot",
    words: int = 1,
    sentence: int = 0,
    strength: float = 1.0,
) -> Hit:
    """Return a hit on word number `at`; words are ten characters long."""
    reading = MadeReading(where, text, sentence)
    return Hit(reading.order, at * 10, at * 10 + 9 + 10 * (words - 1), reading, strength)


def scan(hits: Mapping[Pattern, Sequence[Hit]], **facts: Any) -> MadeScan:
    """Return what was seen; `facts` are the other fields of a scan."""
    return MadeScan(hits, **facts)


def terms(*names: str) -> tuple[TermDef, ...]:
    return tuple(TermDef(name, (word(name),)) for name in names)


def rule(condition: Condition | None = None, **facts: object) -> RuleDef:
    made: dict[str, object] = {
        "id": "r",
        "title": "R",
        "condition": condition or Ref("a"),
        "terms": terms("a"),
        **facts,
    }
    return RuleDef(**made)  # type: ignore[arg-type]  # a test states only the facts it is about


def analysis(seen: MadeScan, document: Document | None = None) -> Analysis:
    return Analysis(document or Document(), seen)
