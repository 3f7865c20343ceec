"""Delivering: one attempt of one delivery."""

from __future__ import annotations

import logging
import random
import time
import traceback
from dataclasses import dataclass

from monitor import alerting
from monitor.errors import DeliveryError, Reason, StoreBusyError
from monitor.model import Delivery, Receipt
from monitor.stages.failures import bare
from monitor.stages.tools import Tools

__all__ = ["DELIVERY_LEASE_S", "DeliveryReport", "deliver"]

_log = logging.getLogger(__name__)

DELIVERY_LEASE_S = 120.0


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How one attempt ended: `sent`, `retry` or `failed`, and why; `put_off` where none was made."""

    delivery: Delivery
    outcome: str
    error: DeliveryError | None = None


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
        tools.metrics.planned_to_sent.observe(max(0.0, (tools.clock.now() - delivery.created_at).total_seconds()))
        _log.info("delivered", extra={**_delivery_facts(delivery), "status": receipt.status})
    outcome = "sent" if failure is None else await _settle_error(tools, delivery, failure)
    tools.metrics.deliveries.labels(delivery.receiver, outcome).inc()
    return DeliveryReport(delivery, outcome, failure)


async def _settle_sent(tools: Tools, delivery: Delivery, receipt: Receipt) -> None:
    """Record that a message was accepted, as often as another program keeps the database locked (promise D4).

    Each try waits for the lock a while. After the lease it is for whoever claims the delivery next.
    """
    give_up_at = time.monotonic() + DELIVERY_LEASE_S
    while True:
        try:
            await tools.thread.run_first(tools.store.settle_sent, delivery.id, receipt, now=tools.clock.now())
        except StoreBusyError:
            if time.monotonic() > give_up_at:
                raise
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


def _check_channel(routes: alerting.Routes, delivery: Delivery) -> None:
    """Refuse to send a message rendered for one channel through another that now bears its receiver's name."""
    now = next(receiver.channel for receiver in routes.receivers if receiver.name == delivery.receiver)
    if now is not delivery.channel:
        raise DeliveryError(
            f"{delivery.receiver}: the message is for {delivery.channel}, and the receiver is now {now}; "
            "give the new one another name, then replay",
            reason=Reason.REJECTED,
            retryable=False,
        )


async def _settle_error(tools: Tools, delivery: Delivery, error: DeliveryError) -> str:
    """Put the delivery back for its next attempt, or, after the last, mark it failed."""
    now = tools.clock.now()
    tools.metrics.delivery_failures.labels(delivery.receiver, error.reason).inc()
    facts = {**_delivery_facts(delivery), "reason": error.reason, "error": str(error)}
    next_attempt_at = None
    if error.retryable:
        next_attempt_at = alerting.next_attempt(
            delivery.attempts,
            now=now,
            first_s=tools.settings.retry_first_s,
            max_s=tools.settings.retry_max_s,
            jitter=random.random(),  # noqa: S311  spreads attempts, guards nothing
            retry_after=error.retry_after,
        )
    if next_attempt_at is None:
        await tools.thread.run_first(
            tools.store.settle_failed, delivery.id, reason=error.reason, error=str(error), now=now
        )
        _log.error("delivery_failed", extra={**facts, "hint": f"veille deliveries replay {delivery.id}"})
        return "failed"
    await tools.thread.run_first(
        tools.store.settle_retry,
        delivery.id,
        next_attempt_at=next_attempt_at,
        reason=error.reason,
        error=str(error),
        now=now,
    )
    _log.warning("delivery_retry", extra={**facts, "next_attempt_at": next_attempt_at.isoformat()})
    return "retry"


def _delivery_facts(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.id,
        "alert_id": delivery.alert_id,
        "receiver": delivery.receiver,
        "attempt": delivery.attempts,
    }
