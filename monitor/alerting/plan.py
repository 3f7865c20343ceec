"""From matches to alerts."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from monitor.model import Alert, AlertId, AlertType, NotificationReason
from rules.types import Level, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Story
    from rules.types import Match

__all__ = ["RECAP_LIMIT", "message_id", "notifies", "plan", "plan_recap"]

RECAP_LIMIT = 20
"""Matches that a recap lists; it counts the others."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud and typed back without doubt
_SILENT = frozenset({Status.EXPERIMENTAL, Status.DEPRECATED})
_LEVELS = tuple(Level)


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
        latency_s: what is known of the article's way here: `published_to_seen_s`, `seen_to_sent_s`.
    """
    told: dict[str, Match] = {}
    for match in filter(notifies, matches):
        told.setdefault(match.rule.id, match)
    return tuple(
        Alert(
            id=_alert_id(NotificationReason.FIRST_ALERT, match.rule.id, story.id),
            type=AlertType.STORY_NEW,
            reason=NotificationReason.FIRST_ALERT,
            planned_at=now,
            receivers=routes.names,
            stories=(story,),
            matches=(match,),
            latency_s=latency_s,
        )
        for match in told.values()
    )


def plan_recap(items: Sequence[tuple[Story, Match]], routes: Routes, *, now: datetime, total: int) -> Alert:
    """Return the one message about what new feeds already held.

    It is addressed to nobody where nothing among `items` is to be told.

    Args:
        items: stories and what they matched, in any order.
        routes: who is told.
        now: the present instant, UTC.
        total: how many matches there are; `items` may hold only some of them.
    """
    told = sorted((item for item in items if notifies(item[1])), key=_best_first)
    listed = told[:RECAP_LIMIT]
    silent = len(items) - len(told)
    return Alert(
        id=_alert_id(NotificationReason.RECAP, *(f"{match.rule.id}|{story.id}" for story, match in listed)),
        type=AlertType.STORY_RECAP,
        reason=NotificationReason.RECAP,
        planned_at=now,
        receivers=routes.names if listed else (),
        stories=tuple(story for story, _ in listed),
        matches=tuple(match for _, match in listed),
        truncated=max(total - silent, len(told)) - len(listed),
    )


def message_id(alert_id: AlertId, receiver: str) -> str:
    """Return the identity for life of one alert for one receiver (promises D3, D5): no dot, safe in a header.

    >>> message_id(AlertId("al_7K2Q4M9T"), "webhook")
    'msg_7K2Q4M9T_7ZHEMTHQ'
    """
    return f"msg_{alert_id.removeprefix('al_')}_{_digits(f'{alert_id}|{receiver}')}"


def _alert_id(reason: NotificationReason, *parts: str) -> AlertId:
    return AlertId("al_" + _digits("|".join((reason, *parts))))


def _digits(text: str) -> str:
    """Return 8 Crockford base32 digits, 40 bits, of a text's SHA-256."""
    number = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:5], "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(35, -1, -5))


def _best_first(item: tuple[Story, Match]) -> tuple[int, float, str, str]:
    story, match = item
    level = match.verdict.level or match.rule.level
    return -_LEVELS.index(level), -match.verdict.score, story.id, match.rule.id
