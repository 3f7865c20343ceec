"""Two sets of rules on the same stored articles: which alerts would come, which would go, and what people said of them.

An alert here is a match of a rule that is neither experimental nor deprecated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.model import ArticleId
from monitor.review.backtest import Labels, Period, judged, notifies
from rules.types import RuleDef

if TYPE_CHECKING:
    from monitor.review.judging import Graded, Outcome

__all__ = ["Change", "DayDiff", "Diff", "RuleDiff", "compare", "sentence"]


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that one set gives and the other does not. A score is None where the set lacks the rule."""

    rule: str
    article: ArticleId
    at: datetime
    gained: bool
    before: float | None
    after: float | None
    relevant: bool | None  # what people said of it


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """The alerts of one rule in both sets."""

    rule: str
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class DayDiff:
    """The alerts of one day in both sets."""

    day: date
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes from one set to the other. `changes` are the newest first; days without any alert are left out."""

    period: Period
    before: int
    after: int
    changes: tuple[Change, ...]
    rules: tuple[RuleDiff, ...]
    days: tuple[DayDiff, ...]

    @property
    def gained(self) -> tuple[Change, ...]:
        """The alerts that would come."""
        return tuple(change for change in self.changes if change.gained)

    @property
    def lost(self) -> tuple[Change, ...]:
        """The alerts that would go."""
        return tuple(change for change in self.changes if not change.gained)


def compare(
    outcomes: Sequence[Outcome],
    before: Sequence[RuleDef],
    after: Sequence[RuleDef],
    labels: Labels,
    *,
    period: Period,
    zone: ZoneInfo,
) -> Diff:
    """Compare what two sets say of the same articles.

    Args:
        outcomes: of both sets, side by side.
        before: the rules of the first.
        after: the rules of the second. One that lists the id of a rule of the first as a previous id is that rule.
        labels: what people said.
        period: of the articles.
        zone: the readers', whose days are counted.
    """
    sides = (_by_name(before, after), {rule.id: rule for rule in after})
    said: dict[str, Mapping[ArticleId, bool]] = {}
    for name in dict.fromkeys((*sides[0], *sides[1])):
        of_old, of_new = (judged(labels, side[name]) if name in side else {} for side in sides)
        said[name] = {**of_old, **of_new}
    changes = []
    counts: list[tuple[str, date, bool, bool]] = []
    for outcome in outcomes:
        was, is_ = (_alerts(outcome, number, side) for number, side in enumerate(sides))
        if was or is_:
            counts.append((outcome.rule, outcome.at.astimezone(zone).date(), was, is_))
        if was is not is_:
            changes.append(_change(outcome, said[outcome.rule], gained=is_))
    return Diff(
        period=period,
        before=sum(was for *_, was, _ in counts),
        after=sum(is_ for *_, is_ in counts),
        changes=tuple(sorted(changes, key=lambda change: (change.at, change.article, change.rule), reverse=True)),
        rules=tuple(RuleDiff(rule, *_sums(counts, 0, rule)) for rule in said),
        days=tuple(DayDiff(day, *_sums(counts, 1, day)) for day in sorted({day for _, day, _, _ in counts})),
    )


def _by_name(before: Sequence[RuleDef], after: Sequence[RuleDef]) -> dict[str, RuleDef]:
    """Return the rules of the first set by the id that they have in the second."""
    names = {previous: rule.id for rule in after for previous in rule.previous_ids}
    return {names.get(rule.id, rule.id): rule for rule in before}


def _alerts(outcome: Outcome, side: int, rules: Mapping[str, RuleDef]) -> bool:
    grade = outcome.grades[side]
    return grade is not None and grade.match and notifies(rules[outcome.rule])


def _change(outcome: Outcome, said: Mapping[ArticleId, bool], *, gained: bool) -> Change:
    before, after = (_score(grade) for grade in outcome.grades)
    return Change(outcome.rule, outcome.article, outcome.at, gained, before, after, said.get(outcome.article))


def _score(grade: Graded | None) -> float | None:
    return None if grade is None else grade.score


def _sums(counts: Sequence[tuple[str, date, bool, bool]], column: int, value: object) -> tuple[int, int, int, int]:
    of = [(was, is_) for *key, was, is_ in counts if key[column] == value]
    return (
        sum(was for was, _ in of),
        sum(is_ for _, is_ in of),
        sum(is_ and not was for was, is_ in of),
        sum(was and not is_ for was, is_ in of),
    )


def sentence(diff: Diff) -> str:
    """Say in one sentence what would change: `+12 / −3 alerts in 30 days; 2 of the 3 lost were marked relevant`."""
    gained, lost = diff.gained, diff.lost
    alerts = "alert" if len(gained) + len(lost) == 1 else "alerts"
    days = "1 day" if diff.period.days == 1 else f"{diff.period.days} days"
    return f"+{len(gained)} / −{len(lost)} {alerts} in {days}; {_fate(lost)}"


def _fate(lost: Sequence[Change]) -> str:
    if not lost:
        return "none lost"
    relevant = sum(change.relevant is True for change in lost)
    if all(change.relevant is None for change in lost):
        return "the one lost was not judged" if len(lost) == 1 else f"none of the {len(lost)} lost was judged"
    if len(lost) == 1:
        return f"the one lost was marked {'relevant' if relevant else 'not relevant'}"
    number = relevant or "none"
    return f"{number} of the {len(lost)} lost {'were' if relevant > 1 else 'was'} marked relevant"
