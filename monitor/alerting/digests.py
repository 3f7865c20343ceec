"""What was held is told: one by one, or several in one message; and the digest, at its times of day.

A digest is sent even when there is nothing to tell: silence must be told from a breakdown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id
from monitor.alerting.plan import RECAP_LIMIT, best_first
from monitor.model import Alert, AlertType, Digest, Missed, NotificationReason, Why

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import time
    from zoneinfo import ZoneInfo

    from monitor.alerting.routes import Routes
    from monitor.model import DeliveryId, HeldMessage, SourcesState
    from rules.types import Level

__all__ = [
    "NEAR_LIMIT",
    "Gathering",
    "Release",
    "digest_times",
    "due_slot",
    "missed_by",
    "plan_digest",
    "plan_releases",
]

NEAR_LIMIT = 5
"""Near misses that a digest lists; it counts the others."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Release:
    """What becomes of messages that were held together.

    Attributes:
        free: they leave as they are.
        told: another message tells what these would have.
        alert: that message; None: what leaves tells it all.
    """

    free: tuple[HeldMessage, ...] = ()
    told: tuple[HeldMessage, ...] = ()
    alert: Alert | None = None

    @property
    def messages(self) -> tuple[HeldMessage, ...]:
        """All of them, the oldest first."""
        return (*self.told, *self.free)


@dataclass(slots=True)
class Gathering:
    """What a digest tells, of messages that come a few at a time, the newest first.

    It keeps those that the digest lists, and of all others only what counts and settles them: a flood that was held
    fills no memory.

    Attributes:
        listed: the most serious, the latest on each story and rule.
        about: every story and rule that is told, and how serious it is.
        ids: of all the messages.
        match_ids: of what they tell.
    """

    listed: list[HeldMessage] = field(default_factory=list)
    about: dict[tuple[str, str], Level] = field(default_factory=dict)
    ids: list[DeliveryId] = field(default_factory=list)
    match_ids: list[int] = field(default_factory=list)
    # what is told to hold no longer, each with the last message on an article that is found still: see `_latest`
    _lost: dict[tuple[str, str], HeldMessage | None] = field(default_factory=dict)

    def add(self, messages: Sequence[HeldMessage]) -> None:
        """Take some more, which are older than all before."""
        for message in messages:
            self.ids.append(message.id)
            self.match_ids.append(message.match_id)
            about = _about(message)
            if about not in self.about:
                self._list(message)
                if message.lost is not None:
                    self._lost[about] = None
            elif about in self._lost and message.lost is None:
                self._lost[about] = self._lost[about] or message
            if not message.is_update and (standing := self._lost.pop(about, None)):
                self.listed = [one for one in self.listed if _about(one) != about]
                self._list(standing)
        self.listed = _ordered(self.listed)[:RECAP_LIMIT]

    def _list(self, message: HeldMessage) -> None:
        self.about[_about(message)] = _level(message)
        self.listed.append(message)


def plan_releases(due: Sequence[HeldMessage], *, now: datetime) -> tuple[Release, ...]:
    """Return how messages are told that need be held no longer: what was held together is one message.

    Of the messages on one story and rule only the latest is told. Quiet hours end with one message for each receiver.

    Args:
        due: what was held until now, the oldest first.
        now: the present instant, UTC.
    """
    bundles: dict[tuple[str, ...], list[HeldMessage]] = {}
    for message in due:
        bundles.setdefault(_bundle(message), []).append(message)
    return tuple(_release(bundle, now=now) for bundle in bundles.values())


def _bundle(message: HeldMessage) -> tuple[str, ...]:
    if message.why in {Why.QUIET_HOURS, Why.DIGEST}:
        return (message.receiver, message.why)
    if message.why is Why.BUDGET:
        return (message.receiver, message.route, message.why)
    return (message.receiver, message.route, message.group)


def _release(bundle: Sequence[HeldMessage], *, now: datetime) -> Release:
    latest = _latest(bundle)
    if len(latest) == 1 and (len(bundle) == 1 or all(message.is_update for message in bundle)):
        return Release(free=latest, told=tuple(message for message in bundle if message not in latest))
    digest = Digest(until=now, since=min(message.created_at for message in bundle), why=bundle[0].why)
    about = {_about(message): _level(message) for message in latest}
    return Release(told=tuple(bundle), alert=_told(bundle[0].receiver, latest, digest, about=about, now=now))


def _latest(messages: Sequence[HeldMessage]) -> tuple[HeldMessage, ...]:
    """Return the last message on each story and rule; where all was held, the last on an article that is found still.

    Else whoever was told nothing yet would hear of a story only that one of its articles is found no longer.
    """
    last = {_about(message): message for message in messages}
    untold = {_about(message) for message in messages if not message.is_update}
    standing = {_about(one): one for one in messages if one.lost is None and _about(one) in untold}
    return tuple((last | standing).values())


def _about(message: HeldMessage) -> tuple[str, str]:
    return message.story.id, message.match.rule.id


def _level(message: HeldMessage) -> Level:
    return message.match.verdict.level or message.match.rule.level


def digest_times(routes: Routes) -> dict[str, tuple[time, ...]]:
    """Return the times of day at which each receiver of a digest has one."""
    found: dict[str, set[time]] = {}
    for route in routes.nodes:
        if route.manner.digest and route.receiver in routes.names:
            found.setdefault(route.receiver, set()).update(route.manner.digest)
    return {receiver: tuple(sorted(times)) for receiver, times in found.items()}


def due_slot(times: Sequence[time], *, last_at: datetime, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the latest instant, UTC, at which a digest was due since the last one; None: none was.

    After a pause that is one digest, of all that time. A time that the change to summer skips comes an hour later by
    the clock, and one that autumn brings twice is its first (promise T7).

    Args:
        times: of day.
        last_at: when the last one was due.
        now: the present instant, UTC.
        zone: of the times.
    """
    today = now.astimezone(zone).date()
    found = (datetime.combine(today + days * _DAY, at, zone).astimezone(UTC) for days in (-1, 0, 1) for at in times)
    return max((at for at in found if last_at < at <= now), default=None)


def plan_digest(
    receiver: str,
    held: Gathering,
    missed: Missed,
    sources: SourcesState,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Alert:
    """Return the digest of a receiver.

    Args:
        receiver: who is told.
        held: what was held for it, gathered.
        missed: near misses, and what silenced how many alerts.
        sources: how they are, and what happened to them since the last digest.
        since: when the last one was due.
        until: when this one is.
        now: the present instant, UTC.
    """
    told = {story for story, _ in held.about}
    near = tuple(item for item in missed.near if item[0].id not in told)
    missed = replace(missed, near=near, near_count=missed.near_count - len(missed.near) + len(near))
    digest = Digest(until=until, since=since, missed=missed, sources=sources)
    return _told(receiver, held.listed, digest, about=held.about, now=now)


def missed_by(receiver: str, missed: Missed, routes: Routes) -> Missed:
    """Return what a receiver would have been told of, of near misses the best only; silences of the file are named."""
    own = {silence.id: silence for silence in routes.silences}
    silences = tuple(replace(own.get(each.id, each), alerts=each.alerts) for each in missed.silences)
    near = tuple((story, match) for story, match in missed.near if receiver in routes.receivers_for(match, story))
    return Missed(near[:NEAR_LIMIT], len(near), silences)


def _ordered(messages: Sequence[HeldMessage]) -> list[HeldMessage]:
    return sorted(messages, key=lambda message: best_first((message.story, message.match)))


def _told(
    receiver: str,
    messages: Sequence[HeldMessage],
    digest: Digest,
    *,
    about: Mapping[tuple[str, str], Level],
    now: datetime,
) -> Alert:
    """Return a message on several stories: it lists the most serious, and counts the others.

    Args:
        receiver: who is told.
        messages: those that may be listed, each on another story or of another rule.
        digest: what it adds.
        about: every story and rule that it tells, and how serious it is.
        now: the present instant, UTC.
    """
    ordered = _ordered(messages)
    listed = ordered[:RECAP_LIMIT]
    lost = tuple((each.story.id, each.match.rule.id, each.lost) for each in listed if each.lost is not None)
    others = {story for story, _ in about} - {message.story.id for message in listed}
    top = _level(listed[0]) if listed else None
    serious = {story for (story, _), level in about.items() if level is top}
    what = (digest.until.isoformat(),) if digest.why is None else tuple(message.alert_id for message in ordered)
    return Alert(
        id=alert_id(NotificationReason.DIGEST, receiver, *what),
        type=AlertType.STORY_DIGEST,
        reason=NotificationReason.DIGEST,
        planned_at=now,
        receivers=(receiver,),
        stories=tuple(message.story for message in listed),
        matches=tuple(message.match for message in listed),
        truncated=len(about) - len(listed),
        digest=replace(digest, lost=lost, others=len(others), others_serious=len(others & serious)),
    )
