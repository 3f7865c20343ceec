"""Silences: what nobody is told of for a while. Someone said why, and each of them ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import silence_id
from monitor.alerting.matchers import facts_of, parse_matcher
from monitor.model import AlertType, Silence
from rules.errors import ConditionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.matchers import Facts
    from monitor.model import Alert, HeldMessage, Story
    from rules.types import Match

__all__ = ["MAX_SILENCE", "file_silence", "held_back", "make_silence", "silence_for", "silence_of", "silenced"]

MAX_SILENCE = timedelta(days=30)
"""How long a silence may last: one that is forgotten ends all the same."""


def make_silence(
    matchers: Sequence[str], *, author: str, reason: str, lasts: timedelta, now: datetime, key: str = ""
) -> Silence:
    """Return a silence.

    Args:
        matchers: as in routes, `story="st_…"` too; all of them must hold.
        author: who says so.
        reason: why.
        lasts: how long, at most `MAX_SILENCE`.
        now: the present instant, UTC.
        key: what makes it the same as one made before; "": another one each time.

    Raises:
        ConditionError: a matcher is wrong, they would silence everything, or author, reason or end is missing.
    """
    if not author.strip() or not reason.strip():
        raise ConditionError("a silence needs an author and a reason")
    if not timedelta() < lasts <= MAX_SILENCE:
        raise ConditionError(f"a silence lasts up to {MAX_SILENCE.days} days", hint="add it again when it ends")
    if all(parse_matcher(text).holds({}) for text in matchers):
        raise ConditionError("a silence of everything", hint='name a rule, a story or a label: rule="axe-moscou-pekin"')
    made_of = key or "|".join((*matchers, author, reason, now.isoformat()))
    return Silence(silence_id(made_of), tuple(matchers), author.strip(), reason.strip(), now, now + lasts)


def file_silence(matchers: Sequence[str], *, author: str, reason: str, ends_at: datetime) -> Silence:
    """Return a silence of the routes file: in force for the `MAX_SILENCE` before its end, the same at each reading.

    Raises:
        ConditionError: see `make_silence`.
    """
    key = "|".join((*matchers, author, reason, ends_at.isoformat()))
    return make_silence(matchers, author=author, reason=reason, lasts=MAX_SILENCE, now=ends_at - MAX_SILENCE, key=key)


def silence_of(
    match: Match,
    story: Story,
    silences: Sequence[Silence],
    *,
    now: datetime,
    type_: AlertType = AlertType.STORY_NEW,
) -> Silence | None:
    """Return the first silence in force that holds for a match, or None: people are told."""
    return silence_for({**facts_of(match, story), "type": type_}, silences, now=now)


def silence_for(facts: Facts, silences: Sequence[Silence], *, now: datetime) -> Silence | None:
    """Return the first silence in force that holds for such facts, or None."""
    for silence in silences:
        if silence.is_active(now) and all(parse_matcher(text).holds(facts) for text in silence.matchers):
            return silence
    return None


def silenced(alerts: Sequence[Alert], silences: Sequence[Silence], *, now: datetime) -> tuple[Alert, ...]:
    """Return alerts on one story each; those that a silence holds for go to nobody, and say which it was."""
    told = []
    for alert in alerts:
        silence = silence_of(alert.matches[0], alert.stories[0], silences, now=now, type_=alert.type)
        told.append(alert if silence is None else replace(alert, receivers=(), silence=silence.id))
    return tuple(told)


def held_back(
    messages: Sequence[HeldMessage], silences: Sequence[Silence], *, now: datetime
) -> dict[str, tuple[HeldMessage, ...]]:
    """Return the messages for which a silence holds now that they are to leave, by the silence's id."""
    found: dict[str, tuple[HeldMessage, ...]] = {}
    for message in messages:
        type_ = AlertType.STORY_UPDATED if message.is_update else AlertType.STORY_NEW
        silence = silence_of(message.match, message.story, silences, now=now, type_=type_)
        if silence is not None:
            found[silence.id] = (*found.get(silence.id, ()), message)
    return found
