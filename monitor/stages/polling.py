"""Polling: the feeds of a host, one after the other, each to the end of transaction A."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from monitor import feeds, fetch, schedule, websub
from monitor.errors import ExternalError, Reason, StoreError
from monitor.model import Entry, FeedState, HostClaim, Lane, ParsedFeed, PollOutcome, PollResult, Subscription
from monitor.rhythm import is_quiet
from monitor.stages.documents import fetch_and_parse
from monitor.stages.failures import is_of, remember_hold
from monitor.stages.tools import Tools
from monitor.store import Gap, HostRelease
from monitor.telemetry import Metrics

__all__ = ["HOST_LEASE_S", "FeedReport", "poll_host"]

_log = logging.getLogger(__name__)

HOST_LEASE_S = 600.0
_NO_TURN = timedelta(seconds=30)  # until a feed is asked for again that redirects to a host others are asking
_WITHDRAWN_WITHIN = timedelta(days=3)  # of its first sight, an article that leaves its feed early is asked for


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What one poll of one feed gave."""

    feed: FeedState
    outcome: PollOutcome
    new: int = 0
    baseline: int = 0
    changed: int = 0


async def poll_host(tools: Tools, claim: HostClaim) -> tuple[FeedReport, ...]:
    """Poll the due feeds of one host, one after the other, and give the host back.

    A host with many slow feeds is given back at half its lease, and one that takes more than its lane allows is left to
    the slow lane; what was not polled is still due.
    """
    reports: list[FeedReport] = []
    give_back_at = time.monotonic() + HOST_LEASE_S / 2
    not_before: datetime | None = None
    lane: Lane | None = None
    for state in claim.feeds:
        is_last = state is claim.feeds[-1]
        try:
            turn = await _poll_feed(tools, state, claim, last_after=reports if is_last else None)
        except StoreError:
            raise
        except Exception as bug:  # noqa: BLE001  an edge that must survive: no feed stops the others of its host
            turn = _Turn(await _record_bug(tools, state, bug))
        if turn.report is not None:
            reports.append(turn.report)
            lane = schedule.lane_of([report.outcome for report in reports])
        if turn.wait is not None:
            not_before = tools.clock.now() + turn.wait
        if turn.too_much:
            lane = Lane.SLOW
        if turn.released:
            return tuple(reports)
        is_over = turn.report is None and not turn.put_off
        if is_over or turn.wait is not None or time.monotonic() > give_back_at:
            break
    await tools.thread.run(tools.store.release_host, claim.id, now=tools.clock.now(), not_before=not_before, lane=lane)
    return tuple(reports)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One feed's turn: its report, or none where it stays due. `wait` is how long its host is to be left alone."""

    report: FeedReport | None
    wait: timedelta | None = None
    too_much: bool = False  # for this lane
    put_off: bool = False  # it alone: it redirects to a host whose turn it is not
    released: bool = False  # its host was given back with it


async def _poll_feed(
    tools: Tools, state: FeedState, claim: HostClaim, *, last_after: Sequence[FeedReport] | None
) -> _Turn:
    """Poll one feed, unless its host has no time for us or the feed needs more than this lane allows.

    Args:
        tools: what the stages work with.
        state: the feed.
        claim: its host's, which is given back in the same transaction after the last feed.
        last_after: the reports of the feeds before, where this is the last.
    """
    lane = claim.lane
    parsed: ParsedFeed | None = None
    max_age_s: float | None = None
    retry_after: timedelta | None = None
    wait: timedelta | None = None
    try:
        outcome, parsed, max_age_s = await fetch_and_parse(tools, state, lane)
        await _look(tools, state, answered=True)
    except ExternalError as error:
        answered = schedule.reached(error) if is_of(error, fetch.host_of(state.address)) else None
        if answered is not None and await _look(tools, state, answered=answered) and not answered:
            return _Turn(None, schedule.OUTAGE_WAIT)
        if schedule.wants_slow_lane(lane, error):
            _log.info("left_to_slow_lane", extra={"feed_id": state.id, "feed": state.feed.url, "error": str(error)})
            return _Turn(None, too_much=True)
        retry_after = error.retry_after
        wait = retry_after if is_of(error, fetch.host_of(state.address)) else None
        if wait is None:
            await remember_hold(tools, error)
        if error.reason is Reason.BUSY and not is_of(error, fetch.host_of(state.address)):
            await tools.thread.run(
                tools.store.put_off_feed, state.id, next_due_at=tools.clock.now() + (retry_after or _NO_TURN)
            )
            return _Turn(None, put_off=True)
        if error.reason is Reason.BUSY:
            return _Turn(None, wait)
        outcome = PollOutcome(kind=PollResult.FAILED, reason=error.reason, error=str(error))
    entries = parsed.entries if parsed else ()
    release = None
    if last_after is not None:
        outcomes = [*(report.outcome for report in last_after), outcome]
        not_before = None if wait is None else tools.clock.now() + wait
        release = HostRelease(claim.id, schedule.lane_of(outcomes), not_before)
    report = await _record_poll(
        tools, state, outcome, entries, max_age_s=max_age_s, retry_after=retry_after, release=release
    )
    return _Turn(report, wait, released=release is not None)


async def _look(tools: Tools, state: FeedState, *, answered: bool) -> bool:
    """Note whether a feed's host answered; return whether our own network is down.

    What was counted before that was known is taken back.
    """
    now = tools.clock.now()
    before = tools.uplink.network
    network, wronged = schedule.look(before, state, now, answered=answered)
    tools.uplink.network = network
    is_down = network.down_since is not None
    if is_down and before.down_since is None:
        tools.metrics.own_network_down.set(1)
        _log.error(
            "own_network_down", extra={"sites": sorted({seen.site for seen in network.sightings if not seen.reached})}
        )
    elif before.down_since is not None and not is_down:
        tools.metrics.own_network_down.set(0)
        _log.warning("own_network_back", extra={"down_s": (now - before.down_since).total_seconds()})
    if wronged:
        await tools.thread.run(tools.store.forgive_polls, wronged, next_due_at=now + schedule.OUTAGE_WAIT, now=now)
    return is_down


async def _record_poll(
    tools: Tools,
    state: FeedState,
    outcome: PollOutcome,
    entries: Sequence[Entry] = (),
    *,
    max_age_s: float | None = None,
    retry_after: timedelta | None = None,
    release: HostRelease | None = None,
) -> FeedReport:
    """Write transaction A."""
    now = tools.clock.now()
    subscription = None
    if tools.settings.websub_callback is not None:
        subscription = await tools.thread.run(tools.store.subscription_of, state.id)
    push = websub.Push.of(
        subscription.pushed_at if subscription else None,
        asked_at=now - timedelta(seconds=outcome.fetched_in_s),
        brings=len(entries),
        now=now,
    )
    if subscription is not None and subscription.is_trusted and subscription.is_active(now) and not push.is_open:
        max_age_s = tools.settings.poll_max_s  # its hub tells us of news; polling only makes sure
    next_check = partial(
        schedule.next_check,
        state,
        outcome,
        now,
        poll_min_s=tools.settings.poll_min_s,
        poll_max_s=tools.settings.poll_max_s,
        max_age_s=max_age_s,
        retry_after=retry_after,
        jitter=random.random(),  # noqa: S311  spreads polls, guards nothing
    )
    next_due_at = next_check()
    if push.is_open and next_due_at is not None and outcome.kind is not PollResult.FAILED:
        next_due_at = min(next_due_at, now + timedelta(seconds=tools.settings.poll_min_s))
    address = schedule.next_address(state, outcome)
    asked_after = await _ask_after(tools, state, outcome, now)
    record = await tools.thread.run(
        tools.store.record_poll,
        state.id,
        outcome,
        entries,
        next_due_at=next_due_at,
        gap_due_at=next_check(gap=True),
        quiet_since=_quiet_since(state, now),
        now=now,
        baseline_max_age_s=tools.settings.baseline_max_age_h * 3600,
        rereads_per_day=tools.settings.rereads_per_day,
        address=address,
        release=release,
    )
    if address != state.address:
        _tell_move(state, address, moved=record.moved)
    if record.passed_over:
        facts = {"feed_id": state.id, "feed": state.feed.url, "entries": record.passed_over}
        _log.info("changes_passed_over", extra=facts)
    report = FeedReport(state, outcome, record.new, record.baseline, record.changed + asked_after)
    _tell_poll(tools.metrics, report)
    if tools.settings.websub_callback is not None:
        await _note_hub(tools, state, outcome, subscription, now)
    if subscription is not None and record.new and not push.is_open:
        await _settle_push(tools, state, subscription, push)
    _tell_gap(tools.metrics, state, record.gap)
    return report


async def _ask_after(tools: Tools, state: FeedState, outcome: PollOutcome, now: datetime) -> int:
    """Have the pages of articles asked for that were told and left the feed early: they may be withdrawn (promise I9).

    Before the poll is recorded: killed in between, it is found again.
    """
    if outcome.kind is not PollResult.PARSED or outcome.truncated:
        return 0
    gone = feeds.left_out(state.traces, outcome.traces)
    if not gone:
        return 0
    told = await tools.thread.run(tools.store.told_entries, state.id, since=now - _WITHDRAWN_WITHIN)
    ids = [one.id for one in told if feeds.names(one.guid, one.link) & gone]
    if not ids:
        return 0
    per_day = tools.settings.rereads_per_day
    return await tools.thread.run(tools.store.ask_after, state.id, ids, rereads_per_day=per_day, now=now)


async def _note_hub(
    tools: Tools, state: FeedState, outcome: PollOutcome, known: Subscription | None, now: datetime
) -> None:
    """Keep what a whole document says of its hub, where that is another than what is known."""
    if outcome.kind is not PollResult.PARSED or outcome.truncated:
        return
    topic = outcome.topic or state.address
    if outcome.hub == (known.hub if known else None) and (known is None or known.topic == topic):
        return
    await tools.thread.run(
        tools.store.note_hub,
        state.id,
        hub=outcome.hub,
        topic=topic,
        token=secrets.token_urlsafe(32),
        secret=secrets.token_urlsafe(48),
        now=now,
    )


async def _settle_push(tools: Tools, state: FeedState, subscription: Subscription, push: websub.Push) -> None:
    """Keep that news came, and whether its hub had told of it."""
    if not push.is_told and subscription.is_trusted:
        _log.info("hub_missed_news", extra={"feed_id": state.id, "feed": state.feed.url, "hub": subscription.hub})
    await tools.thread.run(
        tools.store.settle_push, subscription.token, pushed_at=subscription.pushed_at, trusted=push.is_told
    )


def _quiet_since(state: FeedState, now: datetime) -> datetime | None:
    """Return when a feed's last new entry came, where that is long ago for it."""
    rhythm = state.rhythm
    if rhythm is None:
        return None
    was_quiet = state.quiet_since == rhythm.last_new_at  # nothing came since: it still is, and need not be reckoned
    return rhythm.last_new_at if was_quiet or is_quiet(rhythm, rhythm.last_new_at, now) else None


def _tell_gap(metrics: Metrics, state: FeedState, gap: Gap | None) -> None:
    if gap is not None:
        metrics.gaps.inc()
        facts = {"feed_id": state.id, "feed": state.feed.url, "since": gap.since.isoformat(), "missed": gap.missed}
        _log.warning("coverage_gap", extra=facts)


async def _record_bug(tools: Tools, state: FeedState, bug: Exception) -> FeedReport:
    """Count a poll that ended in a mistake of ours as failed, so that the feed backs off and shows."""
    tools.metrics.errors.labels("poll_feed").inc()
    _log.error("poll_crashed", exc_info=bug, extra={"feed_id": state.id, "feed": state.feed.url})
    error = f"a mistake in veille, please report it: {type(bug).__name__}: {bug}"
    return await _record_poll(tools, state, PollOutcome(kind=PollResult.FAILED, reason=Reason.MALFORMED, error=error))


def _tell_move(state: FeedState, address: str, *, moved: bool) -> None:
    facts = {"feed_id": state.id, "feed": state.feed.url, "polled": state.address, "moved_to": address}
    if moved:
        _log.warning("feed_moved_back" if address == state.feed.url else "feed_moved", extra=facts)
    elif state.moved_count + 1 == schedule.MOVES_NEEDED:  # once, not at each poll
        _log.warning("feed_moved_to_another", extra=facts)


def _tell_poll(metrics: Metrics, report: FeedReport) -> None:
    state, outcome = report.feed, report.outcome
    counts = {"new": report.new, "baseline": report.baseline, "changed": report.changed}
    metrics.polls.labels(outcome.kind).inc()
    for kind, count in counts.items():
        metrics.entries.labels(kind).inc(count)
    facts = {"feed_id": state.id, "feed": state.feed.url, **counts}
    if outcome.kind is PollResult.FAILED:
        metrics.poll_failures.labels(outcome.reason).inc()
        is_gone = outcome.reason is Reason.GONE and state.polled_url is None
        _log.warning(
            "feed_gone" if is_gone else "poll_failed", extra={**facts, "reason": outcome.reason, "error": outcome.error}
        )
    elif outcome.note is not None and outcome.note != state.note:
        _log.warning("feed_partly_read", extra={**facts, "note": outcome.note})
    else:
        _log.debug("polled", extra={**facts, "result": outcome.kind})
