"""From what shows whether veille does its work to what people are told of it, when, and on which channels.

A trouble is told once it was seen for a minute, again each day while it lasts, and once more when it is over. What is
told together is one message for each receiver, and two messages of a type are an hour apart at least. Receivers to whom
messages do not get through are not told of it: that would wait with the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id, trouble_ref
from monitor.alerting.incidents import APART, DAY, together, within
from monitor.model import Alert, AlertType, CanaryHealth, NotificationReason, Sight, Trouble, TroubleKind

if TYPE_CHECKING:
    from monitor.alerting.routes import Routes
    from monitor.model import Endpoint, Step, SystemFacts

__all__ = [
    "TROUBLE_LIMIT",
    "DiskRoom",
    "Limits",
    "SiftedTroubles",
    "TroubleTelling",
    "broken_receivers",
    "plan_troubles",
    "sift_troubles",
    "sights_of",
]

TROUBLE_LIMIT = 20
"""Troubles that a message lists; it counts the others."""

_SEEN_FOR = timedelta(minutes=1)  # what is gone at the next look, as after a start, is told to nobody
_UNPOLLED_FOR = timedelta(hours=1)
_ROOM_AGAIN = 1.1  # of what was too little: a disk that is about full is one trouble, not many
_MB = 1_000_000

_TYPES = {
    NotificationReason.SYSTEM_FAILING: AlertType.SYSTEM_FAILING,
    NotificationReason.SYSTEM_STILL_FAILING: AlertType.SYSTEM_FAILING,
    NotificationReason.SYSTEM_RECOVERED: AlertType.SYSTEM_RECOVERED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """When something is wrong.

    Attributes:
        outbox_late_s: how long a message may wait, in seconds.
        disk_min_mb: how much must be free where the database is, in megabytes.
        disk_min_percent: or which part; the larger counts.
    """

    outbox_late_s: float
    disk_min_mb: int
    disk_min_percent: float


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """How much of a disk is free, in bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class TroubleTelling:
    """Troubles that are told together, and why."""

    reason: NotificationReason
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class SiftedTroubles:
    """What is to be told, which troubles are over since they were last looked at, and which were none."""

    tellings: tuple[TroubleTelling, ...] = ()
    ended: tuple[Trouble, ...] = ()
    dropped: tuple[Trouble, ...] = ()


def sights_of(
    facts: SystemFacts,
    disk: DiskRoom | None,
    limits: Limits,
    *,
    canary: CanaryHealth = CanaryHealth(),  # noqa: B008  frozen
    receivers: Collection[str],
    known: Collection[TroubleKind],
    now: datetime,
) -> tuple[Sight, ...]:
    """Return what is wrong now.

    Args:
        facts: what the database says.
        disk: where the database is; None: nobody can say.
        limits: when something is wrong.
        canary: how the last canaries fared.
        receivers: those there are; what waits for others is told at the start.
        known: what was wrong when last looked at.
        now: the present instant, UTC.
    """
    late_for = timedelta(seconds=limits.outbox_late_s)
    late = [
        Sight(
            TroubleKind.OUTBOX,
            each.receiver,
            since=each.since,
            count=each.count,
            given_up=each.given_up,
            error=each.error,
        )
        for each in facts.waiting
        if each.receiver in receivers and (each.given_up or (each.since is not None and now - each.since > late_for))
    ]
    polling = [Sight(TroubleKind.POLLING, since=facts.polled_at, count=facts.feeds_late, of=facts.feeds)]
    low = [] if disk is None else [Sight(TroubleKind.DISK, free_mb=disk.free // _MB, total_mb=disk.total // _MB)]
    lost = [] if canary.step is None else [_lost(canary, canary.step)]
    return (
        *late,
        *lost,
        *(polling if _is_unpolled(facts, now) else ()),
        *(low if disk is not None and _is_low(disk, limits, was_low=TroubleKind.DISK in known) else ()),
    )


def _lost(canary: CanaryHealth, step: Step) -> Sight:
    return Sight(TroubleKind.CANARY, step, since=canary.since, error=canary.error)


def _is_unpolled(facts: SystemFacts, now: datetime) -> bool:
    """Return whether no poll succeeded for an hour although at least half of the feeds should have been polled."""
    since = facts.polled_at or facts.added_at
    return since is not None and now - since >= _UNPOLLED_FOR and 0 < facts.feeds <= 2 * facts.feeds_late


def _is_low(disk: DiskRoom, limits: Limits, *, was_low: bool) -> bool:
    least = max(limits.disk_min_mb * _MB, disk.total * limits.disk_min_percent / 100)
    return disk.free < least * (_ROOM_AGAIN if was_low else 1)


def broken_receivers(sights: Iterable[Sight], endpoints: Iterable[Endpoint] = ()) -> frozenset[str]:
    """Return the receivers to whom messages do not get through: those that wait, are left alone, or are disabled."""
    late = {sight.subject for sight in sights if sight.kind is TroubleKind.OUTBOX}
    down = {each.receiver for each in endpoints if each.disabled_at is not None or each.open_until is not None}
    return frozenset(late | down)


def sift_troubles(
    troubles: Iterable[Trouble], sights: Iterable[Sight], *, last_at: Mapping[AlertType, datetime], now: datetime
) -> SiftedTroubles:
    """Return what to tell of troubles.

    Args:
        troubles: those of which something may still be told; every sight is one of them.
        sights: what is wrong now.
        last_at: when a message of each type was last planned.
        now: the present instant, UTC.
    """
    seen = {(sight.kind, sight.subject): sight for sight in sights}
    there: list[Trouble] = []
    ended: list[Trouble] = []
    dropped: list[Trouble] = []
    for trouble in troubles:
        sight = seen.get((trouble.kind, trouble.subject))
        if trouble.ended_at is not None:
            there.append(trouble)
        elif sight is not None:
            there.append(replace(trouble, sight=sight))
        else:
            (ended if trouble.told else dropped).append(replace(trouble, ended_at=now))
    tellings: dict[AlertType, TroubleTelling] = {}
    for reason, group in _groups((*there, *ended), now).items():
        if group and not within(APART, last_at.get(_TYPES[reason]), now):
            tellings.setdefault(_TYPES[reason], TroubleTelling(reason, tuple(group)))
    return SiftedTroubles(tuple(tellings.values()), tuple(ended), tuple(dropped))


def _groups(troubles: Sequence[Trouble], now: datetime) -> dict[NotificationReason, list[Trouble]]:
    """Return what is due, by reason, the most urgent first: of two of a type the other waits."""
    lasting = [each for each in troubles if each.ended_at is None]
    return {
        # a clock that was set back makes it old enough, too
        NotificationReason.SYSTEM_FAILING: [
            each for each in lasting if not each.told and not within(_SEEN_FOR, each.began_at, now)
        ],
        NotificationReason.SYSTEM_STILL_FAILING: together(
            [each for each in lasting if each.told], lambda each, share: not within(DAY * share, each.told_at, now)
        ),
        NotificationReason.SYSTEM_RECOVERED: [each for each in troubles if each.ended_at is not None],
    }


def plan_troubles(telling: TroubleTelling, routes: Routes, *, broken: Collection[str], now: datetime) -> Alert:
    """Return what to say of troubles, in one message to each who is told of them.

    Args:
        telling: the troubles, and why they are told.
        routes: who is told.
        broken: receivers to whom messages do not get through.
        now: the present instant, UTC.
    """
    reason = telling.reason
    told = sorted(
        telling.troubles, key=lambda trouble: (trouble.subject != "", trouble.began_at, trouble.kind, trouble.subject)
    )
    return Alert(
        # all it tells, not only what it lists; and for how many-th time
        id=alert_id(reason, *(f"{trouble_ref(trouble)}|{trouble.told}" for trouble in told)),
        type=_TYPES[reason],
        reason=reason,
        planned_at=now,
        receivers=_listeners(routes, _TYPES[reason], broken),
        stories=(),
        matches=(),
        truncated=max(0, len(told) - TROUBLE_LIMIT),
        troubles=tuple(replace(trouble, ref=trouble_ref(trouble)) for trouble in told[:TROUBLE_LIMIT]),
    )


def _listeners(routes: Routes, type_: AlertType, broken: Collection[str]) -> tuple[str, ...]:
    """Return who is told: those who should be and can; where none of them can, all others who can.

    Where the routes keep it to the log, nobody is told.
    """
    meant = routes.receivers_of(type_)
    able = tuple(name for name in meant if name not in broken)
    return able or tuple(name for name in routes.used if meant and name not in broken)
