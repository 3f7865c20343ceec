"""What is asked of a judge, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.changes import Named
    from monitor.model import Features
    from monitor.settings import Settings
    from rules.types import Document, Match, RuleDef

__all__ = ["Judge", "Judgement"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of an article: matches and near misses, and the ids of its entities by first sight.

    `title_names` are the entities that its title names, each with its place there. `features` is what grouping
    compares.
    """

    matches: tuple[Match, ...]
    entities: tuple[str, ...]
    title_names: tuple[Named, ...] = ()
    features: Features | None = None


class Judge(Protocol):
    """Judges by one rule set, for as long as it is live."""

    @property
    def rules(self) -> tuple[RuleDef, ...]:
        """The rules, by what identifies and shows them."""

    async def judge(self, document: Document, *, now: datetime) -> Judgement:
        """Judge an article.

        Args:
            document: the article, as rules read it.
            now: the instant that its age counts to.
        """

    async def finds_canary(self, document: Document, *, now: datetime) -> bool:
        """Return whether the canary's own rule finds an article, after the live rules judged it too.

        Args:
            document: the canary, as rules read it.
            now: the instant that its age counts to.
        """

    async def renewed(self, settings: Settings) -> Judge:
        """Return a judge by the rules as they now are; this one goes on as it was.

        Raises:
            RulesError: they are refused.
        """

    async def aclose(self) -> None:
        """Let go of what it holds."""
