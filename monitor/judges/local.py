"""Judging in this process, in a thread."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Self

from monitor import canary
from monitor.judges.judge import Judgement
from monitor.rulesets import load_engine, parse_beside
from monitor.stories import features_of
from rules.types import Field

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.settings import Settings
    from rules.engine import Engine
    from rules.types import Document, RuleDef

__all__ = ["LocalJudge", "canary_found"]


class LocalJudge:
    """Judges with an engine of this process.

    Args:
        engine: of the live rules.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return a judge by the rules of the settings.

        Raises:
            RulesError: they are refused.
        """
        return cls(load_engine(settings))

    @property
    def rules(self) -> tuple[RuleDef, ...]:
        """The rules, whole."""
        return self._engine.pack.rules

    async def judge(self, document: Document, *, now: datetime) -> Judgement:
        """Judge an article."""
        return await asyncio.to_thread(judge_with, self._engine, document, now=now)

    async def finds_canary(self, document: Document, *, now: datetime) -> bool:
        """Return whether the canary's own rule finds an article, after the live rules judged it too."""
        await self.judge(document, now=now)
        return await asyncio.to_thread(canary_found, document, now=now)

    async def renewed(self, settings: Settings) -> LocalJudge:
        """Return a judge by the rules as they now are.

        Raises:
            RulesError: they are refused.
        """
        return await asyncio.to_thread(LocalJudge.of, settings)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""


def canary_found(document: Document, *, now: datetime) -> bool:
    """Return whether the canary's own rule finds an article."""
    engine = _canary_engine()
    return any(match.verdict.match for match in engine.match(engine.analyse(document), now=now))


@cache
def _canary_engine() -> Engine:
    """Return the engine of the canary's rule, which stays the same while the program runs; it knows no entity."""
    from rules.engine import Engine
    from rules.types import Pack

    return Engine(parse_beside(canary.rule_files(), Pack()))


def judge_with(engine: Engine, document: Document, *, now: datetime) -> Judgement:
    """Judge an article with an engine. Pure; takes a millisecond or some."""
    analysis = engine.analyse(document)
    entities = tuple(dict.fromkeys(mention.entity for mention in analysis.scan.mentions))
    title = [mention for mention in analysis.scan.mentions if mention.field is Field.TITLE]
    names = tuple((mention.start, mention.end, mention.entity) for mention in title)
    features = features_of(document.title, document.lead, document.body)
    return Judgement(engine.match(analysis, now=now), entities, names, features)
