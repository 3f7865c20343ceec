"""A story that other outlets take up: those who were told of it hear how many carry it. It does not ring again.

Only outlets count, not articles: one that prints a dispatch twice is one. What is shown is the article
that people were told of, with the outlets that took it up; of several, the one that was told at the highest level. When
the message may leave is decided as for any other (`holding`); of several that wait, the last is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id, message_id
from monitor.alerting.plan import notifies
from monitor.model import Alert, AlertType, Change, NotificationReason, Standing, Update
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import AlertId, Story, Told
    from rules.types import Burst, Match

__all__ = [
    "first_of_each_rule",
    "for_the_untold",
    "plan_growth",
    "shown",
    "stood_for",
    "updated",
    "who_had",
    "who_know",
]

_LEVELS = tuple(Level)

_REASONS = {
    Change.GREW: NotificationReason.STORY_GREW,
    Change.LEVEL_RAISED: NotificationReason.LEVEL_RAISED,
}


def plan_growth(
    told: Sequence[Told], story: Story, routes: Routes, *, outlets_before: int, now: datetime
) -> tuple[tuple[Alert, int], ...]:
    """Return what to tell of a story that another outlet carries, with the match in the log that each tells.

    It is an update of the first alert of each rule.

    Args:
        told: the matches of the story's articles, with what people were told of them.
        story: as it is now.
        routes: who there is; those who were told of it are told.
        outlets_before: how many outlets carried it before.
        now: the present instant, UTC.
    """
    if story.outlets <= outlets_before:
        return ()
    return tuple(
        (_grew(one, story, routes, known=who_know(one.match.rule.id, told), now=now), one.match_id)
        for one in first_of_each_rule(told)
    )


def first_of_each_rule(told: Sequence[Told]) -> tuple[Told, ...]:
    """Return the match of each rule by which people know a story, and that still holds, with all who were told.

    That is the first one; another where people were told of that at a higher level.
    """
    heard = _heard(told)
    best: dict[str, Told] = {}
    for one in told:
        if one.first and not one.is_lost and notifies(one.match):
            before = best.setdefault(one.match.rule.id, one)
            if _told_rank(one) > _told_rank(before):
                best[one.match.rule.id] = one
    return tuple(
        replace(
            one,
            first=heard[rule].first,
            with_others=heard[rule].with_others,
            is_raised=any(each.is_raised for each in told if each.match.rule.id == rule),
        )
        for rule, one in best.items()
    )


def _told_rank(one: Told) -> int:
    return _LEVELS.index(one.level) if one.highest else -1  # one that joined what was told was not told itself


def who_had(level: Level, told: Iterable[Told]) -> frozenset[str]:
    """Return those who were told of a story and a rule at a level or at a higher one, where that holds still.

    Args:
        level: what is asked for.
        told: the matches of the rule in the story's articles, with what people were told of them.
    """
    standing = (one for one in told if not one.is_lost)
    rank = _LEVELS.index(level)
    return frozenset(name for one in standing for name, had in one.highest if _LEVELS.index(had) >= rank)


def who_know(rule: str, told: Iterable[Told]) -> frozenset[str]:
    """Return those who know a story by a rule's match that holds still, or that joined what they were told.

    Args:
        rule: its id.
        told: the matches of the story's articles, with what people were told of them.
    """
    standing = [one for one in told if one.match.rule.id == rule and not one.is_lost]
    by_alert = (name for one in standing for _, names in one.first for name in names)
    return frozenset(by_alert) | frozenset(name for one in standing for name, _ in one.highest)


def stood_for(names: Container[str], one: Told, told: Iterable[Told]) -> Standing:
    """Return how a story stands with a rule for some of those who know it: by the highest level that they had.

    Args:
        names: theirs.
        one: how it is known, where what they were told themselves holds no longer.
        told: the matches of the rule in the story's articles, with what people were told of them.
    """
    standing = [each for each in told if not each.is_lost]
    had = [(_LEVELS.index(level), each) for each in standing for name, level in each.highest if name in names]
    rank, known = max(had, key=lambda each: each[0], default=(_LEVELS.index(one.level), one))
    return Standing(known.title, _LEVELS[rank], known.match.verdict.score)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What people were told first of a story and a rule, whichever of its articles it was on; as in `Told`."""

    first: tuple[tuple[AlertId, tuple[str, ...]], ...] = ()
    with_others: frozenset[AlertId] = frozenset()


def _heard(told: Iterable[Told]) -> dict[str, _Heard]:
    heard: dict[str, _Heard] = {}
    for one in told:
        if one.first:
            before = heard.get(one.match.rule.id, _Heard())
            alerts = dict.fromkeys((*before.first, *one.first))
            by_use = sorted(alerts, key=lambda alert: not alert[1])  # one that nobody was sent answers no message
            heard[one.match.rule.id] = _Heard(tuple(by_use), before.with_others | one.with_others)
    return heard


def for_the_untold(
    alerts: Sequence[Alert], told: Sequence[Told], growth: Sequence[Alert], story: Story
) -> tuple[Alert, ...]:
    """Return first alerts, those on rules that were told of the story before only for whom was not told.

    Another article may reach others: the first one was silenced, or names nothing that is theirs. Whoever was told
    anything that still holds, an update too, was told.

    Args:
        alerts: first alerts on an article of the story.
        told: the matches of the story's other articles, with what people were told of them.
        growth: what is told of the story's growth meanwhile.
        story: with the article before the others.
    """
    heard = _heard(told)
    meanwhile: dict[str, set[str]] = {}
    for alert in growth:
        meanwhile.setdefault(alert.matches[0].rule.id, set()).update(alert.receivers)
    found = ((alert, alert.matches[0].rule.id) for alert in alerts)
    return tuple(
        _for_others(alert, heard[rule], who_know(rule, told) | meanwhile.get(rule, set()), story)
        if rule in heard
        else alert
        for alert, rule in found
    )


def _for_others(alert: Alert, heard: _Heard, known: Container[str], story: Story) -> Alert:
    others = tuple(name for name in alert.receivers if name not in known)
    if not others:
        return replace(alert, id=heard.first[0][0])  # it is joined to what was told, which its growth updates
    rule, own = alert.matches[0].rule.id, story.sources[0]
    return replace(alert, id=alert_id(alert.reason, rule, story.id, own.url or own.title or ""), receivers=others)


def _grew(one: Told, story: Story, routes: Routes, *, known: Container[str], now: datetime) -> Alert:
    alert = updated(
        one,
        Change.GREW,
        shown(one, story),
        routes,
        # a story that shrinks, and grows again to the same, is the same news
        id_=alert_id(NotificationReason.STORY_GREW, one.match.rule.id, story.id, str(story.outlets)),
        match=one.match,
        after=Standing(one.source.title, one.level, one.match.verdict.score),
        now=now,
    )
    return replace(alert, receivers=tuple(name for name in alert.receivers if name in known))


def shown(one: Told, story: Story) -> Story:
    """Return a story as the article tells it that people know: what is quoted is what they are sent to read."""
    return story.told_by(one.source, one.entities)


def updated(
    one: Told,
    change: Change,
    story: Story,
    routes: Routes,
    *,
    id_: AlertId,
    match: Match,
    after: Standing,
    reached: Sequence[str] = (),
    beside: Sequence[Told] = (),
    burst: Burst | None = None,
    now: datetime,
) -> Alert:
    """Return an update of the first alert on a story and a rule, for those who were told.

    Args:
        one: what was told.
        change: what happened.
        story: as it is now.
        routes: who there is.
        id_: the alert's.
        match: as it is told now.
        after: how the story stands with the rule now.
        reached: others who are told.
        beside: what was told of the story's other articles, by any rule: `reached` may know it from there.
        burst: what raised its level.
        now: the present instant, UTC.
    """
    receivers = {*reached, *(name for _, names in one.first for name in names)}
    firsts, threads = _known([one, *(each for each in beside if each.match.rule.id == one.match.rule.id)])
    return Alert(
        id=id_,
        type=AlertType.STORY_UPDATED,
        reason=_REASONS.get(change, NotificationReason.CORRECTED),
        planned_at=now,
        receivers=tuple(name for name in routes.names if name in receivers),
        stories=(story,),
        matches=(match,),
        update=Update(
            of=one.first[0][0],
            change=change,
            before=_standing(one),
            after=after,
            firsts=firsts,
            threads=threads,
            burst=burst,
        ),
    )


def _known(told: Sequence[Told]) -> tuple[tuple[tuple[str, AlertId], ...], tuple[tuple[str, str], ...]]:
    """Return the alert that each receiver was told first, and its message where that told this story alone."""
    firsts: dict[str, AlertId] = {}
    threads: dict[str, str] = {}
    for one in told:
        for alert, names in one.first:
            for name in names:
                firsts.setdefault(name, alert)
                if alert not in one.with_others:
                    threads.setdefault(name, message_id(alert, name))
    return tuple(firsts.items()), tuple(threads.items())


def _standing(one: Told) -> Standing:
    return Standing(one.title) if one.is_lost else Standing(one.title, one.level, one.match.verdict.score)
