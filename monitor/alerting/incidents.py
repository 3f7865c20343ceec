"""From what is wrong with sources to what people are told of it, and when.

An incident is told once, again each day while it lasts, and once more when it is over. What is told together is one
message for each receiver, and two messages of a type are an hour apart at least: many sources that fail at once are
never a flood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from monitor.alerting.ids import alert_id, incident_ref
from monitor.model import Alert, AlertType, FeedStatus, IncidentKind, NotificationReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Incident

__all__ = [
    "APART",
    "DAY",
    "INCIDENT_LIMIT",
    "SOON_POLLS",
    "Sifted",
    "Telling",
    "plan_incidents",
    "sift_incidents",
    "together",
    "within",
]

INCIDENT_LIMIT = 20
"""Incidents that a message lists; it counts the others."""

SOON_POLLS = 3
"""Failed polls in a row that make an incident, told once it has lasted, or with others that have."""

APART = timedelta(hours=1)
"""Between two messages of a type, at least."""

DAY = timedelta(days=1)
"""Until an incident is told again, and between two messages on gaps of one feed."""

# A failure is told after both; what has failed for half of that goes along, as it may well have the same cause.
_FAILED_POLLS = 5
_FAILED_FOR = timedelta(hours=3)
_GOES_ALONG = 0.5

_T = TypeVar("_T")

_TYPES = {
    NotificationReason.SOURCE_GAP: AlertType.SOURCE_GAP,
    NotificationReason.SOURCE_FAILING: AlertType.SOURCE_FAILING,
    NotificationReason.SOURCE_STILL_FAILING: AlertType.SOURCE_FAILING,
    NotificationReason.SOURCE_MOVED: AlertType.SOURCE_FAILING,
    NotificationReason.SOURCE_RECOVERED: AlertType.SOURCE_RECOVERED,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """Incidents that are told together, and why."""

    reason: NotificationReason
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is to be told, which incidents are over since they were last looked at, and which concern nobody now."""

    tellings: tuple[Telling, ...] = ()
    ended: tuple[Incident, ...] = ()
    dropped: tuple[Incident, ...] = ()


def sift_incidents(
    incidents: Iterable[Incident],
    *,
    last_at: Mapping[AlertType, datetime],
    gaps_at: Mapping[int, datetime],
    now: datetime,
) -> Sifted:
    """Return what to tell of incidents.

    Args:
        incidents: those of which something may still be told, each with its source as it is now.
        last_at: when a message of each type was last planned.
        gaps_at: when a gap of each feed was last told.
        now: the present instant, UTC.
    """
    there: list[Incident] = []
    ended: list[Incident] = []
    dropped: list[Incident] = []
    for incident in incidents:
        is_settled = incident.ended_at is not None or not incident.kind.lasts
        now_is = incident if is_settled else _as_it_is(incident)
        if now_is is None or (now_is.ended_at is not None and not incident.told):
            dropped.append(incident)
        elif now_is is incident:
            there.append(incident)
        else:
            ended.append(now_is)
    tellings: dict[AlertType, Telling] = {}
    for reason, group in _groups((*there, *ended), gaps_at, now).items():
        if group and not within(APART, last_at.get(_TYPES[reason]), now):
            tellings.setdefault(_TYPES[reason], Telling(reason, tuple(group)))
    return Sifted(tuple(tellings.values()), tuple(ended), tuple(dropped))


def _as_it_is(incident: Incident) -> Incident | None:
    """Return an incident as its source has it now: the same, ended, or None where it concerns nobody any more."""
    source, is_gone = incident.source, incident.kind is IncidentKind.GONE
    if source.status is FeedStatus.PAUSED or (source.status is FeedStatus.GONE and not is_gone):
        return None
    if source.status is FeedStatus.GONE or source.failures:
        return incident
    if incident.kind is IncidentKind.QUIET:
        return _quiet_as_it_is(incident)
    if source.last_ok_at is not None and source.last_ok_at >= incident.began_at:
        return replace(incident, ended_at=source.last_ok_at)
    return incident if is_gone else None  # resumed, and not polled since


def _quiet_as_it_is(incident: Incident) -> Incident | None:
    """Return a silence as it stands now; it ends with a new entry, and is none where its rhythm was forgotten."""
    source = incident.source
    if source.quiet_since is not None:
        return incident
    last_at = source.rhythm.last_new_at if source.rhythm is not None else incident.began_at
    return replace(incident, ended_at=last_at) if last_at > incident.began_at else None


def _groups(
    incidents: Sequence[Incident], gaps_at: Mapping[int, datetime], now: datetime
) -> dict[NotificationReason, list[Incident]]:
    """Return what is due, by reason, the most urgent first: of two of a type the other waits."""
    lasting = [each for each in incidents if each.kind.lasts]
    untold = [each for each in lasting if not each.told]
    told = [each for each in lasting if each.told and each.ended_at is None]
    gaps = [each for each in incidents if each.kind is IncidentKind.GAP]
    return {
        NotificationReason.SOURCE_GAP: [gap for gap in gaps if not within(DAY, gaps_at.get(gap.source.id), now)],
        NotificationReason.SOURCE_FAILING: together(untold, lambda each, share: _is_ripe(each, share, now)),
        NotificationReason.SOURCE_STILL_FAILING: together(
            told, lambda each, share: not within(DAY * share, each.told_at, now)
        ),
        NotificationReason.SOURCE_MOVED: [each for each in incidents if each.kind is IncidentKind.MOVED],
        NotificationReason.SOURCE_RECOVERED: [each for each in lasting if each.ended_at is not None],
    }


def together(incidents: Sequence[_T], is_due: Callable[[_T, float], bool]) -> list[_T]:
    """Return what is due, with what will be soon; nothing where nothing is due."""
    if not any(is_due(incident, 1.0) for incident in incidents):
        return []
    return [incident for incident in incidents if is_due(incident, _GOES_ALONG)]


def _is_ripe(incident: Incident, share: float, now: datetime) -> bool:
    if incident.kind is not IncidentKind.FAILING:
        return True
    return incident.source.failures >= _FAILED_POLLS * share and now - incident.began_at >= _FAILED_FOR * share


def within(span: timedelta, then: datetime | None, now: datetime) -> bool:
    """Return whether an instant is that recent; one that is still to come is not: the clock was set back."""
    return then is not None and timedelta() <= now - then < span


def plan_incidents(telling: Telling, routes: Routes, *, now: datetime) -> Alert:
    """Return what to say of incidents, in one message to each who is told of them.

    Args:
        telling: the incidents, and why they are told.
        routes: who is told.
        now: the present instant, UTC.
    """
    reason = telling.reason
    told = sorted(telling.incidents, key=lambda incident: (incident.began_at, incident.source.id, incident.kind))
    return Alert(
        # all it tells, not only what it lists; and for how many-th time
        id=alert_id(reason, *(f"{incident_ref(incident)}|{incident.told}" for incident in told)),
        type=_TYPES[reason],
        reason=reason,
        planned_at=now,
        receivers=routes.receivers_of(_TYPES[reason]),
        stories=(),
        matches=(),
        truncated=max(0, len(told) - INCIDENT_LIMIT),
        incidents=tuple(replace(incident, ref=incident_ref(incident)) for incident in told[:INCIDENT_LIMIT]),
    )
