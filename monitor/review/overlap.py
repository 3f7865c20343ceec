"""What only the stored articles tell of rules: patterns that nothing holds, rules that find the same articles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from monitor.model import ArticleId
from rules.lint import Finding
from rules.types import Pattern, RuleDef, Status

if TYPE_CHECKING:
    from monitor.review.backtest import Period
    from monitor.review.judging import Outcome

__all__ = ["MIN_ARTICLES", "never_seen", "overlapping"]

MIN_ARTICLES = 500
"""Fewer stored articles prove nothing about a pattern that none of them holds."""

_ALIKE = 0.9  # of the articles that either rule matched
_MIN_MATCHES = 10  # fewer may coincide by chance
_SHOWN = 8  # patterns named


def never_seen(rules: Sequence[RuleDef], seen: Collection[Pattern], period: Period) -> Iterator[Finding]:
    """Yield, for each term, its patterns that stand in no stored article; nothing where there are too few articles.

    Args:
        rules: the rules that were judged.
        seen: every pattern that was seen.
        period: of the articles.
    """
    if period.articles < MIN_ARTICLES:
        return
    for rule in rules:
        for term in rule.terms if rule.status is not Status.DEPRECATED else ():
            unseen = [pattern.source for pattern in term.patterns if pattern not in seen]
            if not unseen:
                continue
            shown = ", ".join(f"« {source} »" for source in unseen[:_SHOWN])
            more = f" and {len(unseen) - _SHOWN} more" if len(unseen) > _SHOWN else ""
            articles = f"{period.articles} articles of {period.days} day{'s' * (period.days != 1)}"
            yield Finding(
                code="never-seen",
                subject=rule.id,
                message=f"{term.name}: in none of the {articles}: {shown}{more}",
                hint="check the spelling; keep what is rare on purpose",
                file=rule.file,
                line=term.line,
            )


def overlapping(outcomes: Sequence[Outcome], rules: Sequence[RuleDef]) -> Iterator[Finding]:
    """Yield the pairs of rules that matched the same stored articles, nine in ten.

    Args:
        outcomes: of these rules alone.
        rules: they.
    """
    matched: dict[str, set[ArticleId]] = {rule.id: set() for rule in rules}
    for outcome in outcomes:
        if (grade := outcome.grades[0]) is not None and grade.match:
            matched[outcome.rule].add(outcome.article)
    busy = [rule for rule in rules if len(matched[rule.id]) >= _MIN_MATCHES]
    for one, other in combinations(busy, 2):
        both, either = matched[one.id] & matched[other.id], matched[one.id] | matched[other.id]
        if len(both) >= _ALIKE * len(either):
            yield Finding(
                code="overlapping-rules",
                subject=other.id,
                message=f"it matched the same stored articles as {one.id}: {len(both)} of {len(either)}",
                hint=f"merge them; {one.id} is at {one.file}:{one.line}",
                file=other.file,
                line=other.line,
            )
