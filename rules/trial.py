"""Tries a pack on itself: the tests that its rules carry, the `matches` and `rejects` of its entities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

from rules.engine import Engine, judge
from rules.types import Document, EntityDef, Expectation, Pack, RuleDef, RuleTest, Verdict

__all__ = ["TestOutcome", "run_tests"]

_NOW = datetime(2026, 1, 1, tzinfo=UTC)  # the tests' articles are undated, so that no age depends on it


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """How one test of a pack went. `problems` is empty when it passed."""

    __test__: ClassVar[bool] = False  # pytest must not collect it

    subject: str  # the rule's or entity's id
    name: str
    problems: tuple[str, ...]
    file: str
    line: int

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.problems


def run_tests(pack: Pack, engine: Engine | None = None) -> tuple[TestOutcome, ...]:
    """Try every test of a pack, rules first.

    Args:
        pack: the pack.
        engine: an engine of this very pack, when one is at hand.
    """
    engine = engine or Engine(pack)
    rules = [_try_rule(rule, test, engine) for rule in pack.rules for test in rule.tests]
    return (*rules, *_try_entities(pack.entities))


@lru_cache(maxsize=2)  # the live entities, and those that are tried
def _try_entities(entities: tuple[EntityDef, ...]) -> tuple[TestOutcome, ...]:
    """Try entities once: no rule changes what is seen of them, and each set of rules that is read has a thousand."""
    engine = Engine(Pack(entities=entities))
    return tuple(outcome for entity in entities for outcome in _try_entity(entity, engine))


def _try_rule(rule: RuleDef, test: RuleTest, engine: Engine) -> TestOutcome:
    verdict = judge(rule, engine.analyse(test.document), now=_NOW)
    return TestOutcome(rule.id, test.name, tuple(_problems(test.expect, verdict)), rule.file, test.line)


def _problems(expect: Expectation, verdict: Verdict) -> Iterator[str]:
    why = f": {verdict.gate.missing_en}" if verdict.gate else f": score {verdict.score:g}"
    if expect.match is not None and expect.match is not verdict.match:
        yield f"expected {'a match' if expect.match else 'no match'}, got {'one' if verdict.match else 'none'}{why}"
    if expect.near_miss is not None and expect.near_miss is not verdict.near_miss:
        yield f"expected {'a near miss' if expect.near_miss else 'no near miss'}{why}"
    if expect.min_score is not None and verdict.score < expect.min_score:
        yield f"expected a score of at least {expect.min_score:g}, got {verdict.score:g}"
    if expect.max_score is not None and verdict.score > expect.max_score:
        yield f"expected a score of at most {expect.max_score:g}, got {verdict.score:g}"
    if expect.level is not None and expect.level is not verdict.level:
        yield f"expected the level {expect.level}, got {verdict.level or 'none'}"
    if unseen := set(expect.terms) - {found.term for found in verdict.contributions}:
        yield f"expected to see {', '.join(sorted(unseen))}"


def _try_entity(entity: EntityDef, engine: Engine) -> Iterator[TestOutcome]:
    for texts, wanted in ((entity.matches, True), (entity.rejects, False)):
        for text in texts:
            mentions = engine.analyse(Document(body=text)).scan.mentions
            seen = [mention.text for mention in mentions if mention.entity == entity.id]
            problem = f"expected no mention, got {', '.join(seen)}" if seen else "expected a mention, got none"
            problems = () if bool(seen) is wanted else (problem,)
            yield TestOutcome(entity.id, text, problems, entity.file, entity.line)
