"""A burst: several outlets come out with a story within a short time, each in words of its own.

A rule says how many and how fast (`burst: {outlets: 5, within: "30m"}`); what it finds is then told at a higher level.
A text that another outlet printed before adds nothing, and neither does a second text of the same one: ten outlets
that carry one dispatch are one voice. What counts is the story: the rule need not find the others' articles too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.alerting.growth import first_of_each_rule, shown, stood_for, updated, who_had, who_know
from monitor.alerting.ids import alert_id
from monitor.model import AlertType, Change, NotificationReason, Standing
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Alert, Story, Told
    from rules.types import Burst, Match, RuleDef

__all__ = ["bursting", "plan_bursts", "raised"]

_LEVELS = tuple(Level)


def bursting(rules: Iterable[RuleDef], voices: Sequence[tuple[str, datetime]]) -> dict[str, Burst]:
    """Return the bursts of the rules, by rule, for which a story came out fast enough.

    Args:
        rules: those that are live.
        voices: the outlets that have a text of their own on the story, each with when its first one came out.
    """
    return {rule.id: rule.burst for rule in rules if rule.burst is not None and _is_fast(rule.burst, voices)}


def _is_fast(burst: Burst, voices: Sequence[tuple[str, datetime]]) -> bool:
    first: dict[str, datetime] = {}
    for house, at in voices:
        first[house] = min(at, first.get(house, at))
    instants = sorted(first.values())
    last = instants[burst.outlets - 1 :]
    return any(end - start <= burst.within for start, end in zip(instants, last, strict=False))


def raised(matches: Sequence[Match], bursts: Mapping[str, Burst]) -> tuple[Match, ...]:
    """Return matches at the level to which a burst raises those of its rule."""
    return tuple(
        _at(match, bursts[match.rule.id]) if match.verdict.match and match.rule.id in bursts else match
        for match in matches
    )


def plan_bursts(
    told: Sequence[Told], story: Story, routes: Routes, bursts: Mapping[str, Burst], *, now: datetime
) -> tuple[tuple[Alert, int], ...]:
    """Return what to tell of a story that came out in a burst, with the match in the log that each tells.

    It is an update of the first alert of each rule, once for each story and rule; whom the routes name at the new level
    is told too, and nobody who had that level before.

    Args:
        told: the matches of the story's articles, with what people were told of them.
        story: as it is now.
        routes: who is told; those who were told first are told too.
        bursts: by rule, what `bursting` gave.
        now: the present instant, UTC.
    """
    found = []
    for one in first_of_each_rule(told):
        burst = bursts.get(one.match.rule.id)
        if burst is None or one.is_raised:
            continue
        match = _at(one.match, burst)
        alert = _raised(one, match, story, routes, burst=burst, now=now)
        of_rule = [each for each in told if each.match.rule.id == one.match.rule.id]
        new = set(alert.receivers) - who_had(_LEVELS[_rank(match)], of_rule)
        if _rank(match) <= _LEVELS.index(one.level):  # raised for some only: others had that level from another article
            new &= who_know(one.match.rule.id, told)
            if not new or alert.update is None:
                continue
            before = replace(stood_for(new, one, of_rule), title=one.title)
            alert = replace(alert, update=replace(alert.update, before=before))
        found.append((replace(alert, receivers=tuple(name for name in alert.receivers if name in new)), one.match_id))
    return tuple(found)


def _raised(one: Told, match: Match, story: Story, routes: Routes, *, burst: Burst, now: datetime) -> Alert:
    story = shown(one, story)
    reached = routes.receivers_for(match, story, AlertType.STORY_UPDATED)
    return updated(
        one,
        Change.LEVEL_RAISED,
        story,
        routes,
        id_=alert_id(NotificationReason.LEVEL_RAISED, match.rule.id, story.id, "burst"),
        match=match,
        after=Standing(story.title, match.verdict.level, match.verdict.score),
        reached=reached,
        burst=burst,
        now=now,
    )


def _at(match: Match, burst: Burst) -> Match:
    """Return a match at the level that a burst gives it, which is never a lower one."""
    rank = _rank(match)
    wanted = rank + 1 if burst.level is None else _LEVELS.index(burst.level)
    level = _LEVELS[min(max(rank, wanted), len(_LEVELS) - 1)]
    return replace(match, verdict=replace(match.verdict, level=level))


def _rank(match: Match) -> int:
    return _LEVELS.index(match.verdict.level or match.rule.level)
