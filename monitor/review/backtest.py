"""One set of rules on the stored articles: what each rule would have found, day by day, and what people said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.model import ArticleId
from monitor.review.precision import Precision
from rules.types import RuleDef, Status

if TYPE_CHECKING:
    from monitor.review.judging import Outcome
    from monitor.store import ArchiveSpan

__all__ = ["Labels", "Period", "RuleTally", "days_of", "judged", "notifies", "period_of", "tally"]

Labels = Mapping[tuple[ArticleId, str], bool]
"""Whether a match was relevant, by article and rule."""

_SILENT = frozenset({Status.EXPERIMENTAL, Status.DEPRECATED})


@dataclass(frozen=True, slots=True)
class Period:
    """The time that the stored articles cover, and how many of them were judged."""

    since: datetime
    until: datetime
    days: int
    articles: int
    withheld: int = 0  # their text was not kept, so they cannot be judged


@dataclass(frozen=True, slots=True)
class RuleTally:
    """What one rule found in a period. Judgements are those of its matches alone."""

    rule: str
    title: str
    status: Status
    matches: int
    near_misses: int
    days: tuple[tuple[date, int], ...]  # matches of each day that has some
    labels: Precision

    @property
    def busiest(self) -> tuple[date, int] | None:
        """The day with the most matches, the first of several."""
        return max(self.days, key=lambda day: day[1], default=None)


def period_of(span: ArchiveSpan, *, since: datetime, now: datetime) -> Period:
    """Return the period that was asked for, or as much of it as the stored articles cover.

    Args:
        span: of the articles.
        since: what was asked for.
        now: the present instant.
    """
    begin = max(since, span.oldest_at or since)
    return Period(begin, now, max(1, ceil((now - begin) / timedelta(days=1))), span.count, span.withheld)


def notifies(rule: RuleDef) -> bool:
    """Return whether a match of a rule is an alert: not of one that is experimental or deprecated."""
    return rule.status not in _SILENT


def judged(labels: Labels, rule: RuleDef) -> dict[ArticleId, bool]:
    """Return what people said of a rule's matches, by article; also of those under an id it had before."""
    names = (*rule.previous_ids, rule.id)
    return {article: relevant for name in names for (article, of), relevant in labels.items() if of == name}


def days_of(instants: Iterable[datetime], zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    """Count instants by the readers' day, in order."""
    return tuple(sorted(Counter(instant.astimezone(zone).date() for instant in instants).items()))


def tally(
    outcomes: Sequence[Outcome], rules: Sequence[RuleDef], labels: Labels, *, zone: ZoneInfo
) -> tuple[RuleTally, ...]:
    """Count what each rule of a set found, in the order of the set.

    Args:
        outcomes: of that set alone.
        rules: its rules.
        labels: what people said.
        zone: the readers', whose days are counted.
    """
    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_rule.setdefault(outcome.rule, []).append(outcome)
    return tuple(_tally(by_rule.get(rule.id, []), rule, judged(labels, rule), zone) for rule in rules)


def _tally(found: Sequence[Outcome], rule: RuleDef, said: Mapping[ArticleId, bool], zone: ZoneInfo) -> RuleTally:
    matches = [outcome for outcome in found if (grade := outcome.grades[0]) is not None and grade.match]
    told = [said[outcome.article] for outcome in matches if outcome.article in said]
    return RuleTally(
        rule=rule.id,
        title=rule.title,
        status=rule.status,
        matches=len(matches),
        near_misses=len(found) - len(matches),
        days=days_of((outcome.at for outcome in matches), zone),
        labels=Precision(sum(told), len(told)),
    )
