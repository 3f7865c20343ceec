"""The canary: an article of our own goes the whole way, and a heartbeat tells that it arrived."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from monitor import alerting, canary, extract, feeds
from monitor.errors import VeilleError
from monitor.model import Completeness, Lane, Page, Step
from monitor.stages.rendering import render_for
from monitor.stages.tools import Tools

if TYPE_CHECKING:
    from monitor.model import CanaryHealth
    from rules.types import Document

__all__ = ["canary_is_due", "send_canary"]

_log = logging.getLogger(__name__)

_DEADLINE_S = 60.0  # of the whole way: children that are busy for longer do not serve readers either


@dataclass
class _Flight:
    """How far a canary is."""

    step: Step = Step.READING


class _LostError(VeilleError):
    """The canary is not what it was."""


def canary_is_due(tools: Tools) -> bool:
    """Return whether a canary is to be sent now."""
    now, interval_s = tools.clock.now(), tools.settings.heartbeat_s
    health = alerting.first_canary(tools.canaries.health, interval_s=interval_s, now=now)
    tools.canaries.health = health
    return health.due_at is not None and health.due_at <= now


async def send_canary(tools: Tools) -> CanaryHealth:
    """Send an article of our own the whole way, and return how canaries fare.

    Feed and page are read in the children, the judge judges, the outbox takes the heartbeat in one transaction; it
    leaves the outbox as any message does. Nothing else is stored of it. Whether the heartbeat before it was accepted
    is its last step.
    """
    flight, started = _Flight(), time.monotonic()
    failed_at: Step | None = None
    error: str | None = None
    try:
        async with asyncio.timeout(_DEADLINE_S):
            await _fly(tools, flight)
    except TimeoutError:
        failed_at, error = flight.step, f"no end within {_DEADLINE_S:g} s"
    except VeilleError as failure:
        failed_at, error = flight.step, str(failure)
    except Exception as bug:  # noqa: BLE001  an edge that must survive: what a canary is for
        failed_at, error = flight.step, f"a mistake in veille, please report it: {type(bug).__name__}"
    tools.canaries.health = alerting.after_canary(
        tools.canaries.health, failed_at, error, interval_s=tools.settings.heartbeat_s, now=tools.clock.now()
    )
    tools.metrics.canary_ended(failed_at, took_s=time.monotonic() - started, now=tools.clock.now())
    if failed_at is None:
        _log.debug("canary_arrived")
    else:
        _log.error("canary_failed", extra={"step": failed_at, "error": error})
    return tools.canaries.health


async def _fly(tools: Tools, flight: _Flight) -> None:
    """Go the whole way, and note each step before it is taken.

    Raises:
        VeilleError, TimeoutError: the step was not taken.
    """
    now = tools.clock.now()
    document = await _read(tools, flight, now)
    flight.step = Step.JUDGING
    if not await tools.live.judge.finds_canary(document, now=now):
        raise _LostError("its rule does not find it")
    flight.step = Step.STORING
    alert, receivers = alerting.plan_heartbeat(tools.settings, now=now), alerting.heartbeat_receivers(tools.settings)
    outbox = [render_for(tools, alert, receiver) for receiver in receivers]
    unsent = await tools.thread.run(tools.store.record_heartbeat, alert, outbox, now=now)
    flight.step = Step.DELIVERING
    if unsent is not None and receivers:
        raise _LostError(unsent.error or "the heartbeat before it is still waiting")


async def _read(tools: Tools, flight: _Flight, now: datetime) -> Document:
    """Read feed and page as those of others are read, and return what rules read."""
    made = canary.make_canary(now)
    parsed = await feeds.parse(tools.feed_workers[Lane.FAST], made.feed, url=canary.FEED_URL, now=now)
    listed = [entry for entry in parsed.entries if made.word in entry.title and entry.link is not None]
    if len(listed) != 1:
        raise _LostError(f"its feed gave {len(listed)} entries instead of one")
    flight.step = Step.EXTRACTING
    [entry] = listed
    url = entry.link or ""
    page = Page(url, url, made.page, content_type="text/html; charset=utf-8")
    extracted = await extract.read(tools.page_workers[Lane.FAST], page, now=now)
    article = await asyncio.to_thread(extract.to_article, entry, extracted, outlet=canary.OUTLET)
    if made.word not in article.body or article.completeness is not Completeness.FULL:
        raise _LostError("its page did not give its text")
    return article.document(feed=None, first_seen_at=now)
