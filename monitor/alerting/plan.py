"""From matches, and from rule sets that were refused, to alerts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id
from monitor.alerting.routes import JOURNAL
from monitor.model import Alert, AlertType, NotificationReason
from rules.types import Level, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import AlertId, Refusal, Story
    from rules.types import Match

__all__ = [
    "RECAP_LIMIT",
    "REFUSAL_LIMIT",
    "Recap",
    "best_first",
    "first_alert_id",
    "notifies",
    "plan",
    "plan_recap",
    "plan_refusal",
    "refused_since",
]

RECAP_LIMIT = 20
"""Matches that a recap or a digest lists; it counts the others."""

REFUSAL_LIMIT = 10
"""Problems of a refused rule set that its message lists; it counts the others."""

_SILENT = frozenset({Status.EXPERIMENTAL, Status.DEPRECATED})
_LEVELS = tuple(Level)
_TOLD_AGAIN = timedelta(days=1)  # after it, a refusal that is still the same is another


def notifies(match: Match) -> bool:
    """Return whether a person should be told: a match, no near miss, of a rule that is not silent."""
    return match.verdict.match and not match.verdict.near_miss and match.rule.status not in _SILENT


def plan(
    matches: Sequence[Match],
    story: Story,
    routes: Routes,
    *,
    now: datetime,
    latency_s: tuple[tuple[str, float], ...] = (),
) -> tuple[Alert, ...]:
    """Return one alert for each rule that a story matched.

    Args:
        matches: what the rules said of the story's article.
        story: the story.
        routes: who is told.
        now: the present instant, UTC; the alert's `planned_at`, where its latency ends.
        latency_s: what is known of the article's way here: the known legs of `monitor.latency` up to
            here, such as `published_to_seen_s`, and `seen_to_sent_s`, which ends here.
    """
    told: dict[str, Match] = {}
    for match in filter(notifies, matches):
        told.setdefault(match.rule.id, match)
    return tuple(
        Alert(
            id=first_alert_id(match, story),
            type=AlertType.STORY_NEW,
            reason=NotificationReason.FIRST_ALERT,
            planned_at=now,
            receivers=routes.receivers_for(match, story),
            stories=(story,),
            matches=(match,),
            latency_s=latency_s,
        )
        for match in told.values()
    )


@dataclass(frozen=True, slots=True)
class Recap:
    """One message about what new feeds already held. `items` are the places of all it tells, listed or counted."""

    alert: Alert
    items: tuple[int, ...]


def plan_recap(items: Sequence[tuple[Story, Match]], routes: Routes, *, now: datetime) -> tuple[Recap, ...]:
    """Return what to say of what new feeds already held: one message for each receiver, with what is for it.

    Receivers who are told the same share an alert; what is for the log only is an alert to nobody. Matches of silent
    rules are in none.

    Args:
        items: stories and what they matched, in any order.
        routes: who is told.
        now: the present instant, UTC.
    """
    by_receiver: dict[str, list[int]] = {}
    told = [place for place, (_, match) in enumerate(items) if notifies(match)]
    for place in sorted(told, key=lambda place: best_first(items[place])):
        for receiver in _recap_receivers(items[place], routes):
            by_receiver.setdefault(receiver, []).append(place)
    shared: dict[tuple[int, ...], list[str]] = {}
    for receiver, places in by_receiver.items():
        shared.setdefault(tuple(places), []).append(receiver)
    return tuple(
        Recap(_recap([items[place] for place in places], receivers, now=now), places)
        for places, receivers in shared.items()
    )


def _recap_receivers(item: tuple[Story, Match], routes: Routes) -> tuple[str, ...]:
    story, match = item
    return routes.receivers_for(match, story, AlertType.STORY_RECAP) or (JOURNAL,)


def _recap(told: Sequence[tuple[Story, Match]], receivers: Sequence[str], *, now: datetime) -> Alert:
    distinct: dict[tuple[str, str], tuple[Story, Match]] = {}
    for story, match in told:  # several articles of a story are one line
        distinct.setdefault((story.id, match.rule.id), (story, match))
    listed = tuple(distinct.values())[:RECAP_LIMIT]
    return Alert(
        # all it tells, not only what it lists: two receivers may have the same best matches
        id=alert_id(NotificationReason.RECAP, *(f"{match.rule.id}|{story.id}" for story, match in told)),
        type=AlertType.STORY_RECAP,
        reason=NotificationReason.RECAP,
        planned_at=now,
        receivers=tuple(receiver for receiver in receivers if receiver != JOURNAL),
        stories=tuple(story for story, _ in listed),
        matches=tuple(match for _, match in listed),
        truncated=len(distinct) - len(listed),
    )


def refused_since(first_at: datetime | None, *, now: datetime) -> datetime:
    """Return since when a rule set is refused for the same errors: what makes two refusals one, told once.

    A day after it was first refused it is told again; a clock that was set back tells again rather than never.

    Args:
        first_at: the first refusal of that kind since a set went live, or what this returned then; None: there is none.
        now: the present instant, UTC.
    """
    return now if first_at is None or not timedelta() <= now - first_at < _TOLD_AGAIN else first_at


def plan_refusal(refusal: Refusal, routes: Routes, *, since: datetime, now: datetime) -> Alert:
    """Return what to say of a rule set that was refused, once to each receiver that a route leads to.

    Args:
        refusal: all that was wrong.
        routes: who is told.
        since: what `refused_since` gave; with the errors it makes the alert's id.
        now: the present instant, UTC.
    """
    listed = refusal.errors[:REFUSAL_LIMIT]
    return Alert(
        # all that is wrong, not only what is listed
        id=alert_id(NotificationReason.RULES_REJECTED, since.isoformat(), refusal.error, *refusal.errors),
        type=AlertType.RULES_REJECTED,
        reason=NotificationReason.RULES_REJECTED,
        planned_at=now,
        receivers=routes.receivers_of(AlertType.RULES_REJECTED),
        stories=(),
        matches=(),
        truncated=len(refusal.errors) - len(listed),
        refusal=replace(refusal, errors=listed),
    )


def first_alert_id(match: Match, story: Story) -> AlertId:
    """Return the id of the first alert on a story and a rule."""
    return alert_id(NotificationReason.FIRST_ALERT, match.rule.id, story.id)


def best_first(item: tuple[Story, Match]) -> tuple[int, float, str, str]:
    """Return what sorts what is told: the most serious first."""
    story, match = item
    level = match.verdict.level or match.rule.level
    return -_LEVELS.index(level), -match.verdict.score, story.id, match.rule.id
