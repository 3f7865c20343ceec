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
    from monitor.model import Story, Told

__all__ = ["plan_growth"]


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
    first: dict[str, Told] = {}
    for one in told:
        if one.first and not one.is_lost and notifies(one.match):
            first.setdefault(one.match.rule.id, one)
    return tuple((_grew(one, story, routes, now=now), one.match_id) for one in first.values())


def _grew(one: Told, story: Story, routes: Routes, *, now: datetime) -> Alert:
    receivers = {name for _, names in one.first for name in names}
    standing = Standing(one.title, one.level, one.match.verdict.score)
    return Alert(
        # a story that shrinks, and grows again to the same, is the same news
        id=alert_id(NotificationReason.STORY_GREW, one.match.rule.id, story.id, str(story.outlets)),
        type=AlertType.STORY_UPDATED,
        reason=NotificationReason.STORY_GREW,
        planned_at=now,
        receivers=tuple(name for name in routes.names if name in receivers),
        stories=(story,),
        matches=(one.match,),
        update=Update(
            of=one.first[0][0],
            change=Change.GREW,
            before=standing,
            after=standing,
            threads=tuple((name, message_id(id_, name)) for id_, names in one.first for name in names),
        ),
    )
