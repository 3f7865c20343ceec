"""How receivers are: when one is left alone, when it is given up, and what of a failure is the message's own.

A receiver that fails message after message is asked with one of them at a time, after pauses that grow. Meanwhile the
messages wait, and it is not they who failed: none is given up for that. Only what a receiver refuses of one message,
or fails on while it takes others, runs down that message's schedule (promises D7 and D9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import Disabled, Endpoint, Health, Standstill

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.errors import ExternalError
    from monitor.model import Delivery

__all__ = [
    "BREAK_AFTER",
    "Failure",
    "answered",
    "enabled",
    "failed",
    "gave_up",
    "health",
    "may_send",
    "standing",
    "waited_for",
]

BREAK_AFTER = 5
"""Failures in a row, of more than one message, after which a receiver is left alone."""

# Why a receiver was not reached: no message is to blame for that, but for one that makes it hang up.
_REACHING = frozenset({Reason.ADDRESS_REFUSED, Reason.BAD_URL, Reason.CONNECTION, Reason.DNS, Reason.TLS})
# What a single message may bring about as well as the receiver.
_EITHER = frozenset({Reason.HTTP_5XX, Reason.PROTOCOL, Reason.TIMEOUT, Reason.UNAVAILABLE})
_WHOLE = _REACHING | _EITHER | {Reason.AUTH, Reason.GONE, Reason.RATE_LIMITED, Reason.REDIRECT}
_NO_SUCH_PLACE = frozenset({404, 405})

_FIRST_PAUSE = 12  # times the first wait of a message: a minute
_LONGEST_PAUSE = timedelta(minutes=30)
_LONGEST_ASKED = timedelta(hours=1)  # after it one message may try, whatever a receiver asked for
_FAILS_FOR = timedelta(days=5)  # until it is disabled (promise D8)
_UNSEEN = timedelta(days=2)  # nothing was tried for longer: veille did not run, or the clock was wrong


@dataclass(frozen=True, slots=True)
class Failure:
    """What follows from a failed attempt.

    Attributes:
        endpoint: the receiver from now on.
        counts: whether it was one of the message's tries.
        is_own: whether the message is to blame; where it is not, it is not given up.
        is_whole: whether it may be the receiver that fails: then the message is tried again in any case.
    """

    endpoint: Endpoint
    counts: bool = True
    is_own: bool = True
    is_whole: bool = False


def may_send(endpoint: Endpoint | None, *, free: int, idle: bool, now: datetime) -> int:
    """Return how many messages a receiver may be sent now.

    Args:
        endpoint: the receiver; None: it was never sent anything.
        free: how many there is room for.
        idle: whether nothing is being sent to it.
        now: the present instant, UTC.
    """
    match standing(endpoint, now):
        case Standstill.DISABLED | Standstill.PAUSED:
            return 0
        case Standstill.PROBING:
            return min(free, 1) if idle else 0
        case _:
            return free


def standing(endpoint: Endpoint | None, now: datetime) -> Standstill | None:
    """Return what keeps messages from a receiver; None: nothing.

    A pause that was begun in the future is over: the clock was set back since (promise T7).
    """
    if endpoint is None:
        return None
    if endpoint.disabled_at is not None:
        return Standstill.DISABLED
    if endpoint.open_until is None:
        return None
    return Standstill.PAUSED if _is_open(endpoint, now) else Standstill.PROBING


def health(endpoint: Endpoint, now: datetime) -> Health:
    """Return how a receiver is, as people are told."""
    match standing(endpoint, now):
        case Standstill.DISABLED:
            return Health.DISABLED
        case Standstill.PAUSED:
            return Health.PAUSED
    return Health.FAILING if endpoint.failures else Health.OK


def _is_open(endpoint: Endpoint, now: datetime) -> bool:
    if endpoint.open_until is None or endpoint.failed_at is None:
        return False
    return endpoint.failed_at <= now < endpoint.open_until


def answered(endpoint: Endpoint, *, accepted: bool, now: datetime) -> Endpoint:
    """Return a receiver that took a message, or refused that one message: it is there. Disabled it stays."""
    well = Endpoint(endpoint.receiver, last_ok_at=now if accepted else endpoint.last_ok_at)
    if endpoint.disabled_at is None:
        return well
    return replace(endpoint, last_ok_at=well.last_ok_at)


def waited_for(endpoint: Endpoint) -> frozenset[Reason]:
    """Return what messages failed with that waited for a receiver, as it was; now that it takes one, they may leave."""
    if endpoint.open_until is not None or (endpoint.failures > 0 and endpoint.lone_id is None):
        return _WHOLE
    return _REACHING if endpoint.failures > 0 else frozenset()


def gave_up(endpoint: Endpoint) -> Endpoint:
    """Return a receiver that failed on a message which is given up for that: it was the message's fault."""
    return replace(endpoint, failures=0, lone_id=None, failing_since=None)


def enabled(endpoint: Endpoint) -> Endpoint:
    """Return a receiver as if nothing had been wrong."""
    return Endpoint(endpoint.receiver, last_ok_at=endpoint.last_ok_at)


def failed(
    endpoint: Endpoint,
    delivery: Delivery,
    error: ExternalError,
    *,
    now: datetime,
    first_s: float,
    max_s: float,
    ours: bool = False,
) -> Failure:
    """Return what follows from a failed attempt.

    Args:
        endpoint: the receiver as it was.
        delivery: what it was sent.
        error: what happened.
        now: the present instant, UTC.
        first_s: the first wait of a message, in seconds; scales pauses too.
        max_s: the longest pause, in seconds.
        ours: whether our own network is down: that is held against no receiver.
    """
    if not (error.reason in _WHOLE or error.status in _NO_SUCH_PLACE):
        return Failure(_refused(endpoint, error, now=now))
    lone = delivery.id if endpoint.failures == 0 or endpoint.lone_id == delivery.id else None
    is_own = _is_own(endpoint, delivery, error, lone=lone is not None)
    begins = _begins_anew(endpoint, now) or ours
    was_open = _is_open(endpoint, now)  # it was under way when the pause began: no worse than what began it
    failures = endpoint.failures + (0 if was_open else 1)
    pause = timedelta()
    if lone is None and failures >= BREAK_AFTER and not was_open:
        doubled = first_s * _FIRST_PAUSE * 2 ** min(failures - BREAK_AFTER, 20)
        pause = min(timedelta(seconds=min(doubled, max_s)), _LONGEST_PAUSE)
    worse = replace(
        endpoint,
        failures=failures,
        lone_id=lone,
        failing_since=now if begins else endpoint.failing_since,
        failed_at=now,
        last_reason=error.reason,
        last_error=str(error),
    )
    worse = _disabled(_paused(worse, error, pause, was_open=was_open, now=now), error, is_own=is_own, now=now)
    return Failure(worse, counts=lone is not None, is_own=is_own, is_whole=True)


def _refused(endpoint: Endpoint, error: ExternalError, *, now: datetime) -> Endpoint:
    """Return a receiver that refused a message; only an answer says that it is there."""
    there = endpoint if error.status is None else answered(endpoint, accepted=False, now=now)
    if error.retry_after is None:
        return there
    return _paused(replace(there, failed_at=now), error, timedelta(), was_open=_is_open(there, now), now=now)


def _is_own(endpoint: Endpoint, delivery: Delivery, error: ExternalError, *, lone: bool) -> bool:
    """Return whether a message is to blame, as far as can be told: alone, or while others were taken."""
    if not lone or error.reason is Reason.GONE:
        return False
    took_others = endpoint.last_ok_at is not None and endpoint.last_ok_at >= delivery.created_at
    return took_others or error.reason in _EITHER


def _begins_anew(endpoint: Endpoint, now: datetime) -> bool:
    if endpoint.failures == 0 or endpoint.failing_since is None or endpoint.failed_at is None:
        return True
    return endpoint.failing_since > now or now - endpoint.failed_at > _UNSEEN


def _paused(endpoint: Endpoint, error: ExternalError, pause: timedelta, *, was_open: bool, now: datetime) -> Endpoint:
    """Return a receiver, left alone for the pause, or as long as it asks, whichever is longer; never for less."""
    asked = min(error.retry_after or timedelta(), _LONGEST_ASKED)
    until = now + max(pause, asked)
    if until == now or (was_open and endpoint.open_until is not None and endpoint.open_until >= until):
        return endpoint
    return replace(endpoint, open_until=until, asked=asked > pause)


def _disabled(endpoint: Endpoint, error: ExternalError, *, is_own: bool, now: datetime) -> Endpoint:
    """Return a receiver, disabled where it is gone, or has failed for days and not only on one message."""
    if endpoint.disabled_at is not None:
        return endpoint
    if error.reason is Reason.GONE:
        return replace(endpoint, disabled_at=now, disabled_why=Disabled.GONE)
    since = endpoint.failing_since
    if is_own or since is None or now - since < _FAILS_FOR:
        return endpoint
    return replace(endpoint, disabled_at=now, disabled_why=Disabled.FAILING)
