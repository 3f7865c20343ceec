"""A story that a rule finds at a higher level in another of its articles: whoever was told of it at a lower one hears.

So a story rings for each receiver once at each level, whichever article brings it there: by another article (here), by
a fuller text of the same one (`updates`), or by how many outlets come out with it at once (`bursts`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.alerting.growth import first_of_each_rule, stood_for, updated, who_had, who_know
from monitor.alerting.ids import alert_id
from monitor.alerting.plan import notifies
from monitor.model import Change, NotificationReason, Standing
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Alert, AlertId, Story, Told
    from rules.types import Match

__all__ = ["plan_rises"]

_LEVELS = tuple(Level)


def plan_rises(
    told: Sequence[Told], matches: Sequence[Match], story: Story, routes: Routes, *, now: datetime
) -> tuple[Alert, ...]:
    """Return what to tell those who were told of a story at a lower level than an article of it now has.

    Args:
        told: the matches of the story's other articles, with what people were told of them.
        matches: what the rules say of the article, at the levels to which bursts raise them.
        story: with the article before the others.
        routes: who there is.
        now: the present instant, UTC.
    """
    found = {match.rule.id: match for match in matches if notifies(match)}
    alerts = []
    for one in first_of_each_rule(told):
        rule = one.match.rule.id
        if (match := found.get(rule)) is None:
            continue
        level = match.verdict.level or match.rule.level
        of_rule = [each for each in told if each.match.rule.id == rule]
        below = who_know(rule, told) - who_had(level, of_rule)
        alert = updated(
            one,
            Change.LEVEL_RAISED,
            story,
            routes,
            id_=alert_id(NotificationReason.LEVEL_RAISED, rule, story.id, level, story.sources[0].url or story.title),
            match=match,
            after=Standing(story.title, level, match.verdict.score),
            now=now,
        )
        receivers = tuple(name for name in alert.receivers if name in below)
        if receivers and alert.update is not None:
            before = replace(stood_for(below, one, of_rule), title=story.title)  # another article's title corrects none
            alerts.append(replace(alert, receivers=receivers, update=replace(alert.update, before=before)))
    return tuple(alerts)


def once_each(
    rises: Sequence[Alert], growth: Sequence[tuple[Alert, int]]
) -> tuple[tuple[Alert, ...], tuple[tuple[Alert, int], ...]]:
    """Leave each receiver one update of a story and a rule: what tells a level tells the growth too.

    Args:
        rises: what `plan_rises` gave.
        growth: what `plan_bursts` and `plan_growth` gave, each with its match in the log.
    """
    heard: dict[str, set[str]] = {}
    kept: dict[AlertId, Alert] = {}
    for alert in sorted([*(alert for alert, _ in growth), *rises], key=_by_weight):
        rule = alert.matches[0].rule.id
        left = tuple(name for name in alert.receivers if name not in heard.get(rule, ()))
        if left or rule not in heard:
            kept[alert.id] = replace(alert, receivers=left)
            heard.setdefault(rule, set()).update(left)
    return (
        tuple(kept[alert.id] for alert in rises if alert.id in kept),
        tuple((kept[alert.id], match_id) for alert, match_id in growth if alert.id in kept),
    )


def _by_weight(alert: Alert) -> tuple[bool, int]:
    """Sort levels before mere growth, and the highest first."""
    level = alert.matches[0].verdict.level or alert.matches[0].rule.level
    return alert.reason is NotificationReason.STORY_GREW, -_LEVELS.index(level)
