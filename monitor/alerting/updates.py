"""What is told of an article that was read before and now says something else (promise I9).

There is no "still matches" in news: of a rule that found the article before, people hear again only where

- its level is higher than what they were told, of this article or another one of its story;
- the text as changed is found no longer, or again;
- the title that they know now says something else; a typo that was mended is nothing;
- the page is gone.

A rule that did not find the text before it changed, and does now, is told as an update that has no earlier alert. Both
texts are judged by the rules that are live: what only the rules changed is told to nobody. A live report changes by
nature: of it only higher levels and new matches are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.alerting.growth import updated, who_had
from monitor.alerting.ids import alert_id
from monitor.alerting.plan import first_alert_id, notifies
from monitor.model import Alert, AlertType, Change, NotificationReason, Standing, Update
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Story, Told
    from rules.types import Match

__all__ = ["Reading", "Updates", "plan_updates"]

_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading an article again gave.

    Attributes:
        title: the title as it was.
        before: what the live rules say of the text as it was.
        after: what they say of the text as it is.
        says_otherwise: of the titles that people know, those that say something else than the present one.
        is_corrected: the publisher changed the text; False: more of the same text was read.
        is_live: a live report.
        is_withdrawn: its page is gone.
    """

    title: str
    before: Sequence[Match]
    after: Sequence[Match]
    says_otherwise: Container[str]
    is_corrected: bool = False
    is_live: bool = False
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Updates:
    """The alerts to send, those on rules that find the article only since it changed, and the rules that lost it."""

    alerts: tuple[Alert, ...] = ()
    first: tuple[Alert, ...] = ()  # people may know the story from another article: `for_the_untold`
    lost: tuple[str, ...] = ()


def plan_updates(
    told: Sequence[Told],
    reading: Reading,
    story: Story,
    routes: Routes,
    *,
    beside: Sequence[Told] = (),
    now: datetime,
) -> Updates:
    """Return what to tell of an article that was read again.

    Args:
        told: its matches as stored, with what people know of them.
        reading: what it says now.
        story: the story, as it is now.
        routes: who is told of what is new; those who were told first are told of updates, and of a higher level both.
        beside: the matches of the story's other articles, with what people know of them.
        now: the present instant, UTC.
    """
    known = {one.match.rule.id: one for one in told}
    before, after = _by_rule(reading.before), _by_rule(reading.after)
    changes = {rule: change for rule, one in known.items() if (change := _change(one, reading, before, after))}
    alerts: list[Alert] = []
    for rule, change in changes.items():
        one, match = known[rule], after.get(rule)
        if not one.first or not _speaks(match or before.get(rule)):
            continue
        if change is Change.LEVEL_RAISED and match is not None:
            alerts += _raised(one, match, reading, story, routes, beside=beside, now=now)
        else:
            alerts.append(_update(one, change, match, story, routes, beside=beside, now=now))
    first = [
        _first(match, story, routes, title=reading.title, now=now)
        for rule, match in after.items()
        if reading.is_corrected and rule not in known and rule not in before and notifies(match)
    ]
    lost = tuple(rule for rule, change in changes.items() if change in {Change.UNMATCHED, Change.WITHDRAWN})
    return Updates(tuple(alerts), tuple(first), lost)


def _by_rule(matches: Sequence[Match]) -> dict[str, Match]:
    return {match.rule.id: match for match in matches if match.verdict.match and not match.verdict.near_miss}


def _speaks(match: Match | None) -> bool:
    """Return whether a rule may tell people anything: it is not silent, as far as is known."""
    return match is None or notifies(match)


def _change(one: Told, reading: Reading, before: Mapping[str, Match], after: Mapping[str, Match]) -> Change | None:
    """Return what happened to a match that is stored, or None: nothing to speak of."""
    was, now = before.get(one.match.rule.id), after.get(one.match.rule.id)
    if reading.is_withdrawn:
        return None if one.is_lost else Change.WITHDRAWN
    if one.is_lost:
        return None if now is None else Change.MATCHED
    if now is None:
        is_gone = reading.is_corrected and was is not None and not reading.is_live
        return Change.UNMATCHED if is_gone else None
    if _rank(now) > max(_LEVELS.index(one.level), -1 if was is None else _rank(was)):
        return Change.LEVEL_RAISED
    return Change.TITLE_CHANGED if _is_retitled(one, reading) else None


def _is_retitled(one: Told, reading: Reading) -> bool:
    return not reading.is_live and one.title in reading.says_otherwise


def _raised(
    one: Told, match: Match, reading: Reading, story: Story, routes: Routes, *, beside: Sequence[Told], now: datetime
) -> list[Alert]:
    """Return what tells of a higher level those who never had it; the others hear of another title, as ever."""
    known = [one, *(each for each in beside if each.match.rule.id == one.match.rule.id)]
    had = who_had(_LEVELS[_rank(match)], known)
    raised = _update(one, Change.LEVEL_RAISED, match, story, routes, beside=beside, now=now)
    alerts = [replace(raised, receivers=tuple(name for name in raised.receivers if name not in had))]
    if _is_retitled(one, reading) and story.title not in {each.title for each in known}:
        titled = _update(one, Change.TITLE_CHANGED, match, story, routes, beside=beside, now=now)
        told = tuple(name for name in titled.receivers if name in had)
        alerts += [replace(titled, receivers=told)] if told else []
    return alerts


def _update(
    one: Told,
    change: Change,
    match: Match | None,
    story: Story,
    routes: Routes,
    *,
    beside: Sequence[Told],
    now: datetime,
) -> Alert:
    """Return the update of an earlier alert. Where the rule finds nothing now, it shows what was found then."""
    shown = match or one.match
    is_raised = change is Change.LEVEL_RAISED
    others = {
        name for each in beside if each.match.rule.id == shown.rule.id for _, names in each.first for name in names
    }
    reached = (*routes.receivers_for(shown, story, AlertType.STORY_UPDATED), *others)
    reason = NotificationReason.LEVEL_RAISED if is_raised else NotificationReason.CORRECTED
    return updated(
        one,
        change,
        story,
        routes,
        # the same article may be updated to the same effect twice: a title that is changed, changed back, and changed
        id_=alert_id(reason, shown.rule.id, story.id, str(one.match_id), str(one.times)),
        match=shown,
        after=_standing(match, story.title),
        # what is corrected concerns whoever was told it, by an update too; a higher level may concern others
        reached=reached if is_raised else [name for name, _ in one.highest],
        beside=beside,
        now=now,
    )


def _first(match: Match, story: Story, routes: Routes, *, title: str, now: datetime) -> Alert:
    """Return what is told where a rule finds a text only since it changed: later updates refer to it."""
    return Alert(
        id=first_alert_id(match, story),
        type=AlertType.STORY_UPDATED,
        reason=NotificationReason.CORRECTED,
        planned_at=now,
        receivers=routes.receivers_for(match, story, AlertType.STORY_UPDATED),
        stories=(story,),
        matches=(match,),
        update=Update(None, Change.MATCHED, Standing(title), _standing(match, story.title)),
    )


def _standing(match: Match | None, title: str) -> Standing:
    return Standing(title) if match is None else Standing(title, match.verdict.level, match.verdict.score)


def _rank(match: Match) -> int:
    return _LEVELS.index(match.verdict.level or match.rule.level)
