"""Holding: which messages may not leave yet; letting them go when they may; and the digests, at their times."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor import alerting
from monitor.alerting import AT_ONCE, Budget, Route
from monitor.deliver.words import level_of
from monitor.model import Alert, DeliveryId, Held, HeldMessage, History, NotificationReason, Receiver, Silence, Why
from monitor.stages.rendering import render_for, silences_in_force
from monitor.stages.tools import Tools
from monitor.store import OutboxItem
from rules.types import Level

__all__ = ["addressed", "hold_less", "tell_digests", "tell_held"]

_log = logging.getLogger(__name__)

_MOST_HELD = 2000  # messages looked at in one go; the rest follows at the next round
_HELD_AT_ONCE = 500  # of what a digest tells: to look at more would keep the store from others, and fill the memory


async def addressed(tools: Tools, alert: Alert) -> list[OutboxItem]:
    """Return the messages of an alert on one story, rendered once and for all; each says whether it may leave."""
    routes = tools.routes.routes_for(alert.matches[0], alert.stories[0], alert.type)
    ways = {route.receiver: route for route in routes}
    items = []
    for receiver in tools.routes.receivers:
        if receiver.name in alert.receivers:
            way = ways.get(receiver.name) or tools.routes.way_to(receiver.name)
            items.append(await _addressed_to(tools, alert, receiver, way))
    return items


async def _addressed_to(tools: Tools, alert: Alert, receiver: Receiver, way: Route) -> OutboxItem:
    now, manner = tools.clock.now(), way.manner
    group = alerting.group_of(manner, alert.matches[0], alert.stories[0])
    budget = manner.budget
    history = History()
    if manner != AT_ONCE or alert.reason is NotificationReason.STORY_GREW:
        since = None if budget is None else now - budget.per
        history = await tools.thread.run_soon(  # all others that were read wait for this one
            tools.store.route_history, receiver.name, route=way.key, group=group, since=since
        )
    held = alerting.hold(
        manner,
        level=level_of(alert.matches[0]),
        reason=alert.reason,
        rings=not receiver.updates_in_place,
        history=history,
        now=now,
        zone=_zone(tools),
    )
    if held is None and budget is not None:
        alert = replace(alert, budget_until=alerting.spent_until(budget, history, now))
    if held is not None:
        _tell_held(alert, receiver, held)
    return replace(render_for(tools, alert, receiver), route=way.key, group=group, held=held)


def _tell_held(alert: Alert, receiver: Receiver, held: Held) -> None:
    until = None if held.until is None else held.until.isoformat()
    facts = {"alert_id": alert.id, "receiver": receiver.name, "why": held.why, "until": until}
    _log.info("message_held", extra=facts)


def _zone(tools: Tools) -> ZoneInfo:
    return tools.routes.zone or tools.settings.zone


async def hold_less(tools: Tools) -> None:
    """Hold what is held no longer than its route says now: quiet hours, a budget or a wait may have been taken out.

    Else it would leave after what comes later, and is told at once.
    """
    now, after, shortened = tools.clock.now(), DeliveryId(0), 0
    known: dict[tuple[str, ...], History] = {}
    while some := await tools.thread.run(
        tools.store.waiting_messages, receivers=tools.routes.names, after=after, now=now, limit=_HELD_AT_ONCE
    ):
        shorter: dict[Held, list[DeliveryId]] = {}
        for message in some:
            held = await _held_less(tools, message, known, now=now)
            if held is not None:
                shorter.setdefault(held, []).append(message.id)
        for held, ids in shorter.items():
            await tools.thread.run(tools.store.hold_on, ids, held)
            shortened += len(ids)
        after = some[-1].id
    if shortened:
        _log.info("messages_held_less", extra={"messages": shortened})


async def _held_less(
    tools: Tools, message: HeldMessage, known: dict[tuple[str, ...], History], *, now: datetime
) -> Held | None:
    """Return why and until when a message is held, where that is less long than it was held for, or None."""
    history = await _known_history(tools, message, known, now=now)
    return alerting.hold_less(
        tools.routes.way_to(message.receiver, message.route).manner,
        message,
        level=level_of(message.match),
        rings=not any(one.updates_in_place for one in tools.routes.receivers if one.name == message.receiver),
        history=history,
        now=now,
        zone=_zone(tools),
    )


async def _known_history(
    tools: Tools, message: HeldMessage, known: dict[tuple[str, ...], History], *, now: datetime
) -> History:
    """Return what a route told before that says how long a message is held; asked once of each route, or group."""
    match message.why:
        case Why.BUDGET:
            key: tuple[str, ...] = (message.receiver, message.route)
            if key not in known:
                known[key], _ = await _told_before(tools, message, now=now)
        case Why.COOLDOWN | Why.GROWTH:
            key = (message.receiver, message.route, message.group)
            if key not in known:
                known[key] = await tools.thread.run(
                    tools.store.route_history, message.receiver, route=message.route, group=message.group, since=None
                )
        case _:  # it depends on the hour, or on the message alone
            return History()
    return known[key]


async def tell_held(tools: Tools) -> bool:
    """Let go what was held until now: what was held together is one message. Return whether anything was.

    What a silence holds for by then is told to nobody.
    """
    now = tools.clock.now()
    digesters = tuple(alerting.digest_times(tools.routes))
    due = await tools.thread.run(
        tools.store.due_messages, receivers=tools.routes.names, digesters=digesters, now=now, limit=_MOST_HELD
    )
    silences = await silences_in_force(tools, now=now) if due else ()
    for release in alerting.plan_releases(due, now=now):
        held = await _held_on(tools, release, now=now)
        if held is not None:
            ids = [message.id for message in release.messages]
            await tools.thread.run(tools.store.hold_on, ids, held)
            facts = {"messages": len(ids), "why": held.why, "until": held.until and held.until.isoformat()}
            _log.info("messages_held_on", extra=facts)
            continue
        left = await _not_silenced(tools, release.messages, silences, now=now)
        for rest in (release,) if left == release.messages else alerting.plan_releases(left, now=now):
            await _let_go(tools, rest, now=now)
    return bool(due)


async def _not_silenced(
    tools: Tools,
    messages: Sequence[HeldMessage],
    silences: Sequence[Silence],
    *,
    now: datetime,
    at: datetime | None = None,
) -> tuple[HeldMessage, ...]:
    """Settle the messages for which a silence holds now that they are to leave; return the others.

    Args:
        tools: what the stages work with.
        messages: what was held until now.
        silences: those in force.
        now: the present instant.
        at: when they were to leave; None: now.
    """
    silenced = alerting.held_back(messages, silences, now=now)
    for silence, some in silenced.items():
        ids = [message.id for message in some]
        await tools.thread.run(tools.store.settle_silenced, ids, silence, now=at or now)
        _log.info("messages_silenced", extra={"messages": len(ids), "silence": silence})
    gone = {message.id for some in silenced.values() for message in some}
    return tuple(message for message in messages if message.id not in gone)


async def _let_go(tools: Tools, release: alerting.Release, *, now: datetime) -> None:
    if release.alert is not None:
        history, budget = await _told_before(tools, release.told[0], now=now)
        until = None if budget is None else alerting.spent_until(budget, history, now)
        await _record(tools, replace(release.alert, budget_until=until), release.told, now=now)
        return
    await tools.thread.run(
        tools.store.release,
        [message.id for message in release.free],
        told=[message.id for message in release.told],
        told_by=release.free[0].alert_id,
        now=now,
    )


async def _held_on(tools: Tools, release: alerting.Release, *, now: datetime) -> Held | None:
    """Return why messages that were held until now are held still: their wait ends at night, the budget is spent."""
    first = release.messages[0]
    manner = tools.routes.way_to(first.receiver, first.route).manner
    history, _ = await _told_before(tools, first, now=now)
    level = max((level_of(message.match) for message in release.messages), key=tuple(Level).index)
    return alerting.hold_on(manner, level=level, why=first.why, history=history, now=now, zone=_zone(tools))


async def _told_before(tools: Tools, first: HeldMessage, *, now: datetime) -> tuple[History, Budget | None]:
    """Return what a budget counts of the route that told a message, and the budget; without one nothing is asked."""
    budget = tools.routes.way_to(first.receiver, first.route).manner.budget
    if budget is None:
        return History(), None
    history = await tools.thread.run(
        tools.store.route_history, first.receiver, route=first.route, group=first.group, since=now - budget.per
    )
    return history, budget


async def _record(tools: Tools, alert: Alert, told: Sequence[HeldMessage], *, now: datetime) -> None:
    ids, match_ids = [message.id for message in told], [message.match_id for message in told]
    outbox = [
        replace(render_for(tools, alert, receiver), route=told[0].route)
        for receiver in tools.routes.receivers
        if receiver.name in alert.receivers
    ]
    await tools.thread.run(tools.store.record_group, alert, outbox, ids, match_ids, now=now)
    tools.metrics.alerts.labels(alert.type).inc()
    _log.info("group_planned", extra={"alert_id": alert.id, "messages": len(told), "receivers": alert.receivers})


async def tell_digests(tools: Tools) -> bool:
    """Tell each digest that is due, empty ones too. Return whether there was one.

    A receiver whose digest is new has its first at the next of its times. One that was due while the daemon did not
    run is told at once, one for all that time.
    """
    now, told = tools.clock.now(), False
    for receiver, times in alerting.digest_times(tools.routes).items():
        last_at = await tools.thread.run(tools.store.last_digest, receiver, now=now)
        slot = alerting.due_slot(times, last_at=last_at, now=now, zone=_zone(tools))
        if slot is None:
            continue
        held = await _gathered(tools, receiver, slot, now=now)
        missed = await tools.thread.run(tools.store.missed, receiver, since=last_at, until=slot)
        missed = alerting.missed_by(receiver, missed, tools.routes)
        sources = await tools.thread.run(tools.store.sources_state, since=last_at, until=slot)
        alert = alerting.plan_digest(receiver, held, missed, sources, since=last_at, until=slot, now=now)
        outbox = [render_for(tools, alert, each) for each in tools.routes.receivers if each.name == receiver]
        await tools.thread.run(
            tools.store.record_digest,
            alert,
            outbox,
            held.ids,
            held.match_ids,
            receiver=receiver,
            slot_at=slot,
            now=now,
        )
        tools.metrics.alerts.labels(alert.type).inc()
        facts = {"messages": len(held.ids), "stories": len(alert.stories)}
        _log.info("digest_planned", extra={"alert_id": alert.id, "receiver": receiver, **facts})
        told = True
    return told


async def _gathered(tools: Tools, receiver: str, slot: datetime, *, now: datetime) -> alerting.Gathering:
    """Return all that was held for a digest until it was due, but for what is silenced by now."""
    gathered, before = alerting.Gathering(), None
    silences = await silences_in_force(tools, now=now)
    while some := await tools.thread.run(
        tools.store.held_messages, receiver, until=slot, before=before, limit=_HELD_AT_ONCE
    ):
        gathered.add(await _not_silenced(tools, some, silences, now=now, at=slot))
        before = some[-1].id
    return gathered
