"""Hand-made sights, so that the judging is tested apart from the looking."""

from __future__ import annotations

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
    Scan,
    TermDef,
)


def word(text: str) -> Pattern:
    return Pattern(PatternKind.WORDS, text, text)


def entity(name: str) -> Pattern:
    return Pattern(PatternKind.ENTITY, name, f"@{name}")


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
    return Hit(where, at * 10, at * 10 + 9 + 10 * (words - 1), at, at + words, sentence, text, strength)


def scan(
    hits: dict[Pattern, tuple[Hit, ...]],
    *,
    masks: tuple[Mask, ...] = (),
    mentions: tuple[Mention, ...] = (),
    discounted: dict[Field, tuple[tuple[int, int], ...]] | None = None,
) -> Scan:
    return Scan(mentions, masks, hits, {}, discounted or {})


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


def analysis(seen: Scan, document: Document | None = None) -> Analysis:
    return Analysis(document or Document(), seen, "")
