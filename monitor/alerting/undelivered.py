"""Who is told of what a receiver does not get: the others, those first that are well (promise D8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.alerting.ids import alert_id
from monitor.model import Alert, AlertType, NotificationReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.routes import Routes
    from monitor.model import Endpoint, Undelivered

__all__ = ["is_soon_after", "plan_undelivered"]

_APART = timedelta(hours=1)  # two messages on messages that were given up

_REASONS = {
    AlertType.DELIVERY_FAILED: NotificationReason.DELIVERY_FAILED,
    AlertType.ENDPOINT_DISABLED: NotificationReason.ENDPOINT_DISABLED,
}


def is_soon_after(last_at: datetime | None, now: datetime) -> bool:
    """Return whether the last message on messages that were given up is too recent for another.

    One that is still to come is not: the clock was set back.
    """
    return last_at is not None and timedelta() <= now - last_at < _APART


def plan_undelivered(
    type_: AlertType,
    undelivered: Sequence[Undelivered],
    routes: Routes,
    *,
    endpoints: Iterable[Endpoint],
    now: datetime,
) -> tuple[Alert, ...]:
    """Return what to tell of what receivers do not get: one message to each who is told, on all that is not its own.

    Args:
        type_: `delivery.failed` or `endpoint.disabled`.
        undelivered: what each of them does not get.
        routes: who is told.
        endpoints: how receivers are.
        now: the present instant, UTC.
    """
    known = {endpoint.receiver: endpoint for endpoint in endpoints}
    told: dict[str, list[Undelivered]] = {}
    for each in undelivered:
        for name in _others(each.receiver, type_, routes, known):
            told.setdefault(name, []).append(each)
    groups: dict[tuple[Undelivered, ...], list[str]] = {}
    for name, each_told in told.items():
        groups.setdefault(tuple(each_told), []).append(name)
    return tuple(_alert(type_, items, receivers, now=now) for items, receivers in groups.items())


def _others(receiver: str, type_: AlertType, routes: Routes, known: Mapping[str, Endpoint]) -> list[str]:
    """Return who is told of a receiver: whom the routes say; where none of those can be, whoever can.

    Routes that send such messages nowhere are obeyed.
    """
    named = routes.receivers_of(type_)
    disabled = {name for name, endpoint in known.items() if endpoint.disabled_at is not None}
    unwell = {name for name, endpoint in known.items() if endpoint.failures} | disabled
    choices = (
        [name for name in names if name not in excluded and name != receiver]
        for excluded in (unwell, disabled)
        for names in (named, routes.used)
    )
    return next((choice for choice in choices if choice), []) if named else []


def _alert(type_: AlertType, items: Sequence[Undelivered], receivers: Sequence[str], *, now: datetime) -> Alert:
    reason = _REASONS[type_]
    return Alert(
        id=alert_id(reason, now.isoformat(), *(item.receiver for item in items)),
        type=type_,
        reason=reason,
        planned_at=now,
        receivers=tuple(receivers),
        stories=(),
        matches=(),
        undelivered=tuple(items),
    )
