"""Delivering: one attempt of one delivery."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor import alerting, schedule
from monitor.errors import DeliveryError, Reason, StoreBusyError, StoreFullError
from monitor.model import Delivery, Endpoint, Receipt, Standstill
from monitor.receivers import HEARTBEAT
from monitor.stages.failures import bare
from monitor.stages.tools import Tools

__all__ = ["DELIVERY_LEASE_S", "DeliveryReport", "claim_deliveries", "deliver"]

_log = logging.getLogger(__name__)

DELIVERY_LEASE_S = 120.0
_FULL_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How one attempt ended: `sent`, `retry` or `failed`, and why; `put_off` where none was made."""

    delivery: Delivery
    outcome: str
    error: DeliveryError | None = None


async def claim_deliveries(tools: Tools, receiver: str, *, free: int, idle: bool) -> Sequence[Delivery]:
    """Lease what a receiver may be sent now.

    Args:
        tools: what the stages work with.
        receiver: its name.
        free: how many messages there is room for.
        idle: whether nothing is being sent to it.
    """
    return await tools.thread.run_first(_claim, tools, receiver, free=free, idle=idle)


def _claim(tools: Tools, receiver: str, *, free: int, idle: bool) -> Sequence[Delivery]:
    now, endpoint = tools.clock.now(), tools.store.endpoint(receiver)
    limit = alerting.may_send(endpoint, free=free, idle=idle, now=now)
    if not limit:
        return ()
    probe = alerting.standing(endpoint, now) is Standstill.PROBING
    return tools.store.claim_deliveries(
        receiver, now=now, owner=tools.owner, lease_s=DELIVERY_LEASE_S, limit=limit, probe=probe
    )


async def deliver(tools: Tools, delivery: Delivery) -> DeliveryReport:
    """Try one delivery once, and settle it."""
    if await _put_off(tools, delivery):
        return DeliveryReport(delivery, "put_off")
    failure: DeliveryError | None = None
    try:
        _check_interruptions(delivery)
        _check_channel(tools.routes, delivery)
        receipt = await tools.channels[delivery.receiver].send(delivery)
    except DeliveryError as error:
        failure = bare(error)
    except Exception as bug:  # noqa: BLE001  an edge that must survive: tried on schedule, and in the end marked failed
        tools.metrics.errors.labels("deliver").inc()
        # Where it happened, not what it says: nobody has checked its text for secrets (promise X4).
        where = "".join(traceback.format_tb(bug.__traceback__))
        _log.error("deliver_crashed", extra={**_delivery_facts(delivery), "kind": type(bug).__name__, "where": where})
        message = f"a mistake in veille, please report it: {type(bug).__name__}"
        failure = DeliveryError(message, reason=Reason.REJECTED)
    else:
        await _settle_sent(tools, delivery, receipt)
        if delivery.receiver != HEARTBEAT:  # which is none of the readers' alerts
            tools.metrics.planned_to_sent.observe(max(0.0, (tools.clock.now() - delivery.created_at).total_seconds()))
        _log.info("delivered", extra={**_delivery_facts(delivery), "status": receipt.status})
    outcome = "sent" if failure is None else await _settle_error(tools, delivery, failure)
    tools.metrics.deliveries.labels(delivery.receiver, outcome).inc()
    return DeliveryReport(delivery, outcome, failure)


async def _settle_sent(tools: Tools, delivery: Delivery, receipt: Receipt) -> None:
    """Record that a message was accepted, as soon as another program lets go of the database, or there is room.

    Else it would be sent again (promise D4). After the lease it is for whoever claims the delivery next.
    """
    give_up_at = time.monotonic() + DELIVERY_LEASE_S
    while True:
        try:
            await tools.thread.run_first(_record_sent, tools, delivery, receipt)
        except (StoreBusyError, StoreFullError) as error:
            if time.monotonic() > give_up_at:
                raise
            if isinstance(error, StoreFullError):
                await asyncio.sleep(_FULL_PAUSE_S)  # the other has waited for the lock
        else:
            return


async def _put_off(tools: Tools, delivery: Delivery) -> bool:
    """Let a message wait whose attempts ended with the daemon, unless it has; return whether it does."""
    wait = alerting.after_interruptions(delivery.interrupted)
    if not wait or delivery.next_attempt_at is not None:
        return False
    now = tools.clock.now()
    put_back = tools.store.give_back_deliveries
    await tools.thread.run_first(put_back, [delivery.id], now=now, next_attempt_at=now + wait)
    facts = {**_delivery_facts(delivery), "interrupted": delivery.interrupted, "wait_s": wait.total_seconds()}
    _log.warning("delivery_put_off", extra=facts)
    return True


def _check_interruptions(delivery: Delivery) -> None:
    """Give a message up with which veille was killed too often: it may be the message that does it."""
    if alerting.after_interruptions(delivery.interrupted) is None:
        raise DeliveryError(
            f"{delivery.receiver}: veille was killed or failed {delivery.interrupted} times in a row while sending it",
            reason=Reason.INTERRUPTED,
            retryable=False,
        )


def _record_sent(tools: Tools, delivery: Delivery, receipt: Receipt) -> None:
    """Settle a message that was accepted, in the store's thread: nobody changes the endpoint meanwhile."""
    now, before = tools.clock.now(), tools.store.endpoint(delivery.receiver)
    endpoint, waited_for = alerting.answered(before, accepted=True, now=now), alerting.waited_for(before)
    tools.store.settle_sent(delivery.id, receipt, now=now, endpoint=endpoint, waited_for=waited_for)
    _tell_change(before, endpoint)


def _check_channel(routes: alerting.Routes, delivery: Delivery) -> None:
    """Refuse to send a message rendered for one channel through another that now bears its receiver's name."""
    receivers = (receiver for receiver in routes.receivers if receiver.name == delivery.receiver)
    now = next((receiver.channel for receiver in receivers), delivery.channel)  # none is named so: the heartbeat's
    if now is not delivery.channel:
        raise DeliveryError(
            f"{delivery.receiver}: the message is for {delivery.channel}, and the receiver is now {now}; "
            "give the new one another name, then replay",
            reason=Reason.REJECTED,
            retryable=False,
        )


async def _settle_error(tools: Tools, delivery: Delivery, error: DeliveryError) -> str:
    """Put the delivery back for its next attempt, or, after the last, mark it failed; note how the receiver is."""
    tools.metrics.delivery_failures.labels(delivery.receiver, error.reason).inc()
    next_attempt_at = await tools.thread.run_first(_record_error, tools, delivery, error)
    facts = {**_delivery_facts(delivery), "reason": error.reason, "error": str(error)}
    if next_attempt_at is None:
        _log.error("delivery_failed", extra={**facts, "hint": f"veille deliveries replay {delivery.id}"})
        return "failed"
    _log.warning("delivery_retry", extra={**facts, "next_attempt_at": next_attempt_at.isoformat()})
    return "retry"


def _record_error(tools: Tools, delivery: Delivery, error: DeliveryError) -> datetime | None:
    """Settle a message that was not accepted, in the store's thread; return when it is tried again, or None."""
    now, before = tools.clock.now(), tools.store.endpoint(delivery.receiver)
    first_s, max_s = tools.settings.retry_first_s, tools.settings.retry_max_s
    ours = tools.uplink.network.down_since is not None and schedule.is_unreachable(error)
    failure = alerting.failed(before, delivery, error, now=now, first_s=first_s, max_s=max_s, ours=ours)
    if (
        delivery.receiver == HEARTBEAT
    ):  # never given up, as the next one takes its place; nor is its receiver left alone
        failure = replace(failure, endpoint=before, is_own=False)
    tries = delivery.attempts if failure.counts else max(1, delivery.attempts - 1)
    if not failure.is_own:
        tries = min(tries, alerting.ATTEMPTS - 1)
    next_attempt_at = None
    if error.retryable or failure.is_whole:
        next_attempt_at = alerting.next_attempt(
            tries,
            now=now,
            first_s=first_s,
            max_s=max_s,
            jitter=random.random(),  # noqa: S311  spreads attempts, guards nothing
            retry_after=error.retry_after,
        )
    endpoint, reason = failure.endpoint, error.reason
    if next_attempt_at is None:
        if failure.is_whole:
            endpoint = alerting.gave_up(endpoint)
        tools.store.settle_failed(delivery.id, reason=reason, error=str(error), endpoint=endpoint, now=now)
    else:
        tools.store.settle_retry(
            delivery.id,
            next_attempt_at=next_attempt_at,
            reason=reason,
            error=str(error),
            counted=failure.counts,
            endpoint=endpoint,
            now=now,
        )
    _tell_change(before, endpoint)
    return next_attempt_at


def _tell_change(before: Endpoint, now_is: Endpoint) -> None:
    """Log that a receiver is left alone from now on, disabled, or well again."""
    facts = {"receiver": now_is.receiver, "failures": now_is.failures, "error": now_is.last_error}
    if now_is.disabled_at is not None:
        if before.disabled_at is None:
            hint = f"veille channels enable {now_is.receiver}"
            _log.error("endpoint_disabled", extra={**facts, "why": now_is.disabled_why, "hint": hint})
    elif now_is.open_until is not None and now_is.open_until != before.open_until:
        _log.warning("endpoint_paused", extra={**facts, "until": now_is.open_until.isoformat()})
    elif before.open_until is not None and now_is.open_until is None:
        _log.info("endpoint_recovered", extra={"receiver": now_is.receiver})


def _delivery_facts(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.id,
        "alert_id": delivery.alert_id,
        "receiver": delivery.receiver,
        "attempt": delivery.attempts,
    }
