"""A story that other newspapers take up: those who were told of it hear how many carry it. It does not ring again.

Only newspapers count, not articles: a title that prints a dispatch twice is one title. When the message may leave is
decided as for any other (`holding`); of several that wait, the last is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id, message_id
from monitor.alerting.plan import notifies
from monitor.model import Alert, AlertType, Change, NotificationReason, Standing, Update

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import AlertId, Story, Told
    from rules.types import Burst, Match

__all__ = ["first_of_each_rule", "plan_growth", "updated"]

_REASONS = {
    Change.GREW: NotificationReason.STORY_GREW,
    Change.LEVEL_RAISED: NotificationReason.LEVEL_RAISED,
}


def plan_growth(
    told: Sequence[Told], story: Story, routes: Routes, *, outlets_before: int, now: datetime
) -> tuple[tuple[Alert, int], ...]:
    """Return what to tell of a story that another newspaper carries, with the match in the log that each tells.

    It is an update of the first alert of each rule.

    Args:
        told: the matches of the story's articles, with what people were told of them.
        story: as it is now.
        routes: who there is; those who were told first are told.
        outlets_before: how many newspapers carried it before.
        now: the present instant, UTC.
    """
    if story.outlets <= outlets_before:
        return ()
    return tuple((_grew(one, story, routes, now=now), one.match_id) for one in first_of_each_rule(told))


def first_of_each_rule(told: Sequence[Told]) -> tuple[Told, ...]:
    """Return the first match of each rule that people were told of, and that still holds."""
    first: dict[str, Told] = {}
    for one in told:
        if one.first and not one.is_lost and notifies(one.match):
            first.setdefault(one.match.rule.id, one)
    return tuple(first.values())


def _grew(one: Told, story: Story, routes: Routes, *, now: datetime) -> Alert:
    return updated(
        one,
        Change.GREW,
        story,
        routes,
        # a story that shrinks, and grows again to the same, is the same news
        id_=alert_id(NotificationReason.STORY_GREW, one.match.rule.id, story.id, str(story.outlets)),
        match=one.match,
        after=_standing(one),
        now=now,
    )


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
    burst: Burst | None = None,
    now: datetime,
) -> Alert:
    """Return an update of the first alert on a story and a rule, for those who were told first.

    Args:
        one: what was told.
        change: what happened.
        story: as it is now.
        routes: who there is.
        id_: the alert's.
        match: as it is told now.
        after: how the story stands with the rule now.
        reached: others who are told.
        burst: what raised its level.
        now: the present instant, UTC.
    """
    receivers = {*reached, *(name for _, names in one.first for name in names)}
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
            threads=tuple((name, message_id(first, name)) for first, names in one.first for name in names),
            burst=burst,
        ),
    )


def _standing(one: Told) -> Standing:
    return Standing(one.title) if one.is_lost else Standing(one.title, one.level, one.match.verdict.score)
