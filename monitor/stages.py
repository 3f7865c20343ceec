"""The async stages, in flow order: poll a host, read an article, deliver an alert.

Each stage asks the pure deciders what should be done (`schedule`, `rules`, `alerting`), then does it. A stage ends in
one transaction; killed before it, the lease brings the work back, killed after it, the work is done.

    poll_host     fetch → parse → transaction A (validators, entries to read)
    read_article  fetch → extract → match → plan → render → transaction B (article, matches, alerts, deliveries)
    tell_recap    the matches of first polls, in one message for each receiver
    tell_refusal  a rule set that was refused, in one message for each receiver
    tell_incidents  sources that fail, or are well again, in one message for each receiver
    deliver       send → settle
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import secrets
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from monitor import alerting, changes, extract, feeds, fetch, schedule, stories, websub
from monitor.clock import Clock
from monitor.deliver import ChannelSender
from monitor.errors import DeliveryError, ExternalError, FetchError, Reason, StoreBusyError, StoreError
from monitor.http import HttpClient
from monitor.judges import Judge, Judgement
from monitor.latency import legs
from monitor.model import (
    Alert,
    Article,
    Delivery,
    Entry,
    EntryClaim,
    FeedResponse,
    FeedState,
    HostClaim,
    Incident,
    Lane,
    NotificationReason,
    ParsedFeed,
    PollOutcome,
    PollResult,
    Receipt,
    Receiver,
    Refusal,
    Rendered,
    Reread,
    Story,
    Subscription,
)
from monitor.rhythm import is_quiet
from monitor.settings import Settings, TdmPolicy
from monitor.store import Earlier, Gap, HostRelease, OutboxItem, Recorded, Revised, Store
from monitor.store.thread import StoreThread
from monitor.telemetry import Metrics
from monitor.workers import WorkerPool
from rules.types import Document, Match

__all__ = [
    "DELIVERY_LEASE_S",
    "ENTRY_LEASE_S",
    "HOST_LEASE_S",
    "ArticleReport",
    "DeliveryReport",
    "FeedReport",
    "Live",
    "Tools",
    "Uplink",
    "deliver",
    "poll_host",
    "read_article",
    "tell_incidents",
    "tell_recap",
    "tell_refusal",
]

_log = logging.getLogger(__name__)
_E = TypeVar("_E", bound=ExternalError)

HOST_LEASE_S = 600.0
ENTRY_LEASE_S = 300.0
DELIVERY_LEASE_S = 120.0

# A page that failed for a passing reason is asked for again after these waits, unless title and summary matched.
# Outages of a site last longer than minutes, and what only the text says must be found after them too (promise I8).
_PAGE_RETRIES = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_NOT_THERE_YET = 2  # retries of a 404: feeds name pages that their site has yet to publish
_OUTAGE_PAGE_WAIT = timedelta(minutes=5)  # while our own network is down; it uses up no retry
_WITHDRAWN_WITHIN = timedelta(days=3)  # of its first sight, an article that leaves its feed early is asked for
_GONE_FOR_GOOD = timedelta(minutes=30)  # until a 404 of a page that was there counts as withdrawn
_PAGE_PATIENCE = timedelta(days=1)  # for a site that lets us read less than it publishes
# An entry that took the daemon down this often is read from its feed alone.
_MAX_PAGE_ATTEMPTS = 5
_RECAP_LIMIT = 5000  # matches looked at in one go; the rest follows at the next round
_RECAP_PATIENCE = timedelta(minutes=10)


@dataclass
class Live:
    """Who judges by the rule set that is live; a reload replaces it whole."""

    judge: Judge


@dataclass
class Uplink:
    """What is known of our own network; each poll of a feed replaces it whole."""

    network: schedule.Network = field(default_factory=schedule.Network)


@dataclass(frozen=True)
class Tools:
    """What the stages work with; made by `app`."""

    settings: Settings
    clock: Clock
    owner: str  # of leases: host, pid and a random word
    store: Store
    thread: StoreThread
    client: HttpClient  # for feeds and pages
    sender: HttpClient  # for deliveries: its own list of allowed networks
    gate: fetch.HostGate
    permissions: fetch.Permissions
    feed_workers: Mapping[Lane, WorkerPool]
    page_workers: Mapping[Lane, WorkerPool]
    page_room: Mapping[Lane, asyncio.Semaphore]  # pages in memory at once (promise R5)
    live: Live
    uplink: Uplink
    routes: alerting.Routes
    channels: Mapping[str, ChannelSender]
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What one poll of one feed gave."""

    feed: FeedState
    outcome: PollOutcome
    new: int = 0
    baseline: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """What became of one entry: the matches and alerts that are new, and whether its page is to be read again."""

    article: Article
    matches: tuple[Match, ...]
    alerts: tuple[Alert, ...]
    postponed: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How one attempt ended: `sent`, `retry` or `failed`, and why."""

    delivery: Delivery
    outcome: str
    error: DeliveryError | None = None


# --- poll -----------------------------------------------------------------------------------------------------------


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
        if turn.report is None or turn.wait is not None or time.monotonic() > give_back_at:
            break
    await tools.thread.run(tools.store.release_host, claim.id, now=tools.clock.now(), not_before=not_before, lane=lane)
    return tuple(reports)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One feed's turn: its report, or none where it stays due. `wait` is how long its host is to be left alone."""

    report: FeedReport | None
    wait: timedelta | None = None
    too_much: bool = False  # for this lane
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
        outcome, parsed, max_age_s = await _fetch_and_parse(tools, state, lane)
        await _look(tools, state, answered=True)
    except ExternalError as error:
        answered = schedule.reached(error) if _is_of(error, fetch.host_of(state.address)) else None
        if answered is not None and await _look(tools, state, answered=answered) and not answered:
            return _Turn(None, schedule.OUTAGE_WAIT)
        if schedule.wants_slow_lane(lane, error):
            _log.info("left_to_slow_lane", extra={"feed_id": state.id, "feed": state.feed.url, "error": str(error)})
            return _Turn(None, too_much=True)
        retry_after = error.retry_after
        wait = retry_after if _is_of(error, fetch.host_of(state.address)) else None
        if wait is None:
            await _remember_hold(tools, error)
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
        _log.error("own_network_down", extra={"hosts": [seen.host for seen in network.sightings if not seen.reached]})
    elif before.down_since is not None and not is_down:
        tools.metrics.own_network_down.set(0)
        _log.warning("own_network_back", extra={"down_s": (now - before.down_since).total_seconds()})
    if wronged:
        await tools.thread.run(tools.store.forgive_polls, wronged, next_due_at=now + schedule.OUTAGE_WAIT, now=now)
    return is_down


async def _remember_hold(tools: Tools, error: ExternalError) -> None:
    """Keep what a host asked for where the next daemon finds it: the gate of this one knows already (promise P2)."""
    if isinstance(error, FetchError) and error.status is not None and error.host and error.retry_after:
        now = tools.clock.now()
        await tools.thread.run(tools.store.hold_host, error.host, until=now + error.retry_after, now=now)


def _is_of(error: ExternalError, host: str) -> bool:
    """Return whether an error is about the host that was asked, and not about one that it redirected to."""
    return not isinstance(error, FetchError) or error.host in {None, host}


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


async def _fetch_and_parse(
    tools: Tools, state: FeedState, lane: Lane
) -> tuple[PollOutcome, ParsedFeed | None, float | None]:
    """Return the outcome, the entries where the document is new, and how long it may be kept, in seconds."""
    limits = schedule.FEED_LIMITS[lane]
    if not state.feed.typed:  # the catalogue's choice, not the operator's: robots.txt has a say (promise P4)
        await tools.permissions.check_robots(state.address, deadline_s=limits.deadline_s)
    async with tools.gate.feed(state.address):
        started = time.monotonic()
        answer = await fetch.fetch_feed(
            tools.client,
            state,
            max_bytes=limits.max_bytes,
            deadline_s=limits.deadline_s,
            unconditional=schedule.wants_unconditional(state, tools.clock.now()),
        )
        fetched_in_s = time.monotonic() - started
    seen = PollOutcome(
        kind=PollResult.NOT_MODIFIED,
        etag=answer.etag,
        last_modified=answer.last_modified,
        moved_to=answer.moved_to,
        body_sha256=state.body_sha256,
        is_heavy=state.is_heavy,
        fetched_in_s=fetched_in_s,
        hints=state.hints,
    )
    if not isinstance(answer, FeedResponse):
        return seen, None, answer.max_age_s
    seen = replace(seen, kind=PollResult.SAME_BODY, body_sha256=hashlib.sha256(answer.body).hexdigest())
    if seen.body_sha256 == state.body_sha256:
        return seen, None, answer.max_age_s
    parsed = await _parse(tools, answer, lane, traces=state.traces)
    max_age_s = answer.max_age_s
    if parsed.parts:
        # What the index says of itself says nothing of what its sitemaps list: it is always asked for whole.
        parsed, digest, max_age_s = await _with_parts(tools, state, parsed, lane)
        seen = replace(seen, etag=None, last_modified=None, body_sha256=digest)
        if digest == state.body_sha256 and not parsed.truncated:
            return seen, None, max_age_s
    hub, topic = websub.hub_of(answer.link, base=answer.url)
    is_heavy = schedule.is_heavy(body_bytes=parsed.size_bytes, cpu_s=parsed.cpu_s)
    outcome = replace(
        seen,
        kind=PollResult.PARSED,
        title=parsed.title,
        by_date=parsed.format.startswith("sitemap"),
        hub=hub or parsed.hub,  # what the header says goes first (WebSub, section 4)
        topic=topic or parsed.topic,
        is_heavy=is_heavy,
        truncated=parsed.truncated,
        note=parsed.note,
        hints=parsed.hints,
        held=parsed.held,
        traces=parsed.traces,
    )
    if parsed.truncated:  # the rest must be asked for again
        outcome = replace(outcome, etag=None, last_modified=None, body_sha256=None)
    return outcome, parsed, max_age_s


async def _parse(tools: Tools, answer: FeedResponse, lane: Lane, *, traces: bytes = b"") -> ParsedFeed:
    return await feeds.parse(
        tools.feed_workers[lane],
        answer.body,
        url=answer.url,
        content_type=answer.content_type,
        max_bytes=schedule.FEED_LIMITS[lane].max_bytes,
        now=tools.clock.now(),
        traces=traces,
    )


async def _with_parts(
    tools: Tools, state: FeedState, index: ParsedFeed, lane: Lane
) -> tuple[ParsedFeed, str, float | None]:
    """Read the sitemaps that an index names, through the same door: nobody typed them, so robots.txt has a say.

    Returns:
        The entries of all, a digest of their documents, and the longest that one may be kept, in seconds.
    """
    limits = schedule.FEED_LIMITS[lane]
    digest = hashlib.sha256()
    max_ages_s = []

    async def read(url: str) -> ParsedFeed:
        part = replace(state, feed=replace(state.feed, url=url), polled_url=None)
        await tools.permissions.check_robots(url, deadline_s=limits.deadline_s)
        async with tools.gate.feed(url):
            answer = await fetch.fetch_feed(
                tools.client, part, max_bytes=limits.max_bytes, deadline_s=limits.deadline_s, unconditional=True
            )
        digest.update(answer.body)
        if answer.max_age_s is not None:
            max_ages_s.append(answer.max_age_s)
        return await _parse(tools, answer, lane)

    whole = await feeds.with_parts(index, read, ends_it=partial(schedule.wants_slow_lane, lane))
    return whole, digest.hexdigest(), max(max_ages_s, default=None)


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


# --- read -----------------------------------------------------------------------------------------------------------


async def read_article(tools: Tools, claim: EntryClaim) -> ArticleReport:
    """Read an entry's article, match it, and store what follows.

    A page that fails never costs the alert that title and summary owe (promise I7): it is told at once. A page that
    takes more than its lane allows is left to the slow lane (promise R4), and one whose failure may pass is asked for
    again later; then what its text alone owes is told too (promise I8).

    An article that was recorded before (its page failed then, or its feed says that it changed) is compared with what
    people know of it, and only crossings are told (promise I9).
    """
    earlier = await tools.thread.run(tools.store.earlier, claim.id) if claim.is_recorded else None
    page = _PageRead()
    error: ExternalError | None = None
    try:
        page = await _read_page(tools, claim)
    except ExternalError as failure:
        error = _bare(failure)
        tools.metrics.page_failures.labels(failure.reason).inc()
        await _remember_hold(tools, failure)
        _log.info("page_failed", extra={**_facts(claim), "reason": failure.reason, "error": str(failure)})
    now = tools.clock.now()
    later = None if error is None else _later(tools, claim, error, now)
    fresh = await asyncio.to_thread(_article, claim, page, error)
    if earlier is None:
        read = _Read(fresh, await _judged(tools, claim, fresh, now))
    elif error is not None and _is_withdrawn(claim, earlier.article, error, is_final=later is None):
        read = await _withdrawn(tools, claim, earlier.article, error, now)
    else:
        read = await _read_again(tools, claim, earlier, fresh, is_page_read=page.extracted is not None, now=now)
    planned = _plan(tools, claim, read, earlier, read_at=now)
    is_owed = any(map(alerting.notifies, read.judgement.matches)) if earlier is None else bool(planned.alerts)
    if later is not None and not is_owed:
        await later()
        return ArticleReport(read.article, (), (), postponed=True)
    recorded = await _record(tools, claim, read, planned, done=later is None, read_at=now)
    if later is not None:
        await later()
    return ArticleReport(read.article, recorded.matches, recorded.alerts, postponed=later is not None)


def _bare(error: _E) -> _E:
    """Return what an error says without where it happened.

    Its trace leads to the frame that keeps the error, and to a page's bytes: they would stay until a collector of
    cycles comes round, a hundred pages later (promise R5).
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _later(
    tools: Tools, claim: EntryClaim, error: ExternalError, now: datetime
) -> Callable[[], Awaitable[None]] | None:
    """Return what lets a page that failed be asked for again, or None: what the feed gave is all there will be."""
    is_ours = tools.uplink.network.down_since is not None and schedule.is_unreachable(error)
    if not is_ours and schedule.wants_slow_lane(claim.lane, error):
        _log.info("left_to_slow_lane", extra={**_facts(claim), "error": str(error)})
        is_of_host = schedule.slows_its_host(error.reason) and _is_of(error, fetch.host_of(claim.entry.link or ""))
        return partial(tools.thread.run, tools.store.leave_to_slow_lane, claim.id, whole_host=is_of_host, now=now)
    wait = _page_wait(error, claim, now, is_ours=is_ours)
    if wait is None:
        return None
    return partial(
        tools.thread.run,
        tools.store.postpone_entry,
        claim.id,
        next_attempt_at=now + wait,
        reason=error.reason,
        error=str(error),
        counted=error.reason is not Reason.BUSY and not is_ours,
        now=now,
    )


def _page_wait(error: ExternalError, claim: EntryClaim, now: datetime, *, is_ours: bool) -> timedelta | None:
    """Return how long to wait before a page is asked for again, or None: it is not."""
    if now - (claim.queued_at or claim.first_seen_at) > _PAGE_PATIENCE:
        return None
    if is_ours:
        return _OUTAGE_PAGE_WAIT
    if error.reason is Reason.BUSY:
        return error.retry_after or _PAGE_RETRIES[0]
    not_there = error.status == HTTPStatus.NOT_FOUND
    if not_there and claim.reread is not None:
        return _GONE_FOR_GOOD if claim.attempts == 1 else None
    retries = len(_PAGE_RETRIES) if error.retryable else _NOT_THERE_YET if not_there else 0
    if claim.attempts > retries:
        return None
    return max(_PAGE_RETRIES[claim.attempts - 1], error.retry_after or timedelta())


@dataclass(frozen=True, slots=True)
class _PageRead:
    """What a page gave; nothing, where it was not read."""

    extracted: extract.Extracted | None = None
    reserved: bool = False


async def _read_page(tools: Tools, claim: EntryClaim) -> _PageRead:
    url = claim.entry.link
    if url is None or claim.attempts > _MAX_PAGE_ATTEMPTS or claim.reread is Reread.TITLE:
        return _PageRead()
    limits = schedule.PAGE_LIMITS[claim.lane]
    crawl_delay_s = await tools.permissions.check(url, deadline_s=limits.deadline_s)
    async with AsyncExitStack() as held:
        room = partial(held.enter_async_context, tools.page_room[claim.lane])
        async with tools.gate.page(url, crawl_delay_s=crawl_delay_s, lane=claim.lane, before=room):
            page = await fetch.fetch_page(
                tools.client,
                url,
                max_bytes=limits.max_bytes,
                deadline_s=limits.deadline_s,
                permissions=tools.permissions,
            )
        if page.reserved and tools.settings.tdm_policy is TdmPolicy.RESPECT:
            reserved = f"{url}: the site reserves text and data mining"
            raise ExternalError(reserved, reason=Reason.RESERVED, retryable=False)
        workers = tools.page_workers[claim.lane]
        extracted = await extract.read(workers, page, now=tools.clock.now())
        if extracted.garbled:
            tools.metrics.garbled.inc()
            _log.info("page_garbled", extra={**_facts(claim), "places": extracted.garbled})
        return _PageRead(extracted, page.reserved)


def _article(claim: EntryClaim, page: _PageRead, error: ExternalError | None) -> Article:
    """Return the article of an entry and its page. Pure; takes a while."""
    return extract.to_article(
        claim.entry,
        page.extracted,
        outlet=claim.feed.outlet,
        language=claim.feed.feed.language,
        page_reason=error.reason if error else None,
        page_error=str(error) if error else None,
        reserved=page.reserved or (error is not None and error.reason is Reason.RESERVED),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """An article as it is read now, and what follows. `again` is None the first time."""

    article: Article
    judgement: Judgement
    again: alerting.Reading | None = None
    changed: tuple[str, ...] = ()


async def _judged(tools: Tools, claim: EntryClaim, article: Article, now: datetime) -> Judgement:
    document = article.document(feed=claim.feed.feed.url, first_seen_at=claim.first_seen_at)
    return await tools.live.judge.judge(document, now=now)


async def _read_again(
    tools: Tools, claim: EntryClaim, earlier: Earlier, fresh: Article, *, is_page_read: bool, now: datetime
) -> _Read:
    """Compare an article with what it was, and with what people know of it."""
    before, withheld = earlier.article, claim.is_withheld
    article = extract.revised(before, fresh, is_page_read=is_page_read, is_withheld=withheld)
    changed = extract.changes_of(before, article, is_withheld=withheld) if claim.reread is not None else ()
    judgement = await _judged(tools, claim, article, now)
    known = tuple(one.match for one in earlier.told)
    again = alerting.Reading(
        title=before.title,
        before=known if withheld else (await _judged(tools, claim, before, now)).matches,
        after=judgement.matches,
        says_otherwise=await _other_titles(tools, earlier, judgement.title_names, article.title, now),
        # more of a text that was only known in part is no correction of it
        is_corrected=bool(changed) and before.completeness is article.completeness,
        is_live=changes.is_live(before.title, article.url) or changes.is_live(article.title),
    )
    return _Read(article, judgement, again, changed)


async def _other_titles(
    tools: Tools, earlier: Earlier, names: Sequence[changes.Named], title: str, now: datetime
) -> frozenset[str]:
    """Return which of the titles that people know say something else than the present one."""
    others = {one.title for one in earlier.told if one.title != title}
    known = {other: (await tools.live.judge.judge(Document(title=other), now=now)).title_names for other in others}
    return frozenset(other for other in others if changes.says_otherwise(other, title, (known[other], names)))


def _was_withdrawn(before: Article) -> bool:
    """Return whether an article whose page was read before was found gone since."""
    return before.extractor != "feed" and before.page_reason is not None


def _is_withdrawn(claim: EntryClaim, before: Article, error: ExternalError, *, is_final: bool) -> bool:
    """Return whether a page that was read before is there no longer; what was never there was not withdrawn."""
    is_gone = is_final and error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    return _was_withdrawn(before) or (is_gone and claim.reread is Reread.PAGE and before.extractor != "feed")


async def _withdrawn(tools: Tools, claim: EntryClaim, before: Article, error: ExternalError, now: datetime) -> _Read:
    """Return an article whose page is gone: it stays as it was, and no rule finds it any more."""
    was = await _judged(tools, claim, before, now)
    return _Read(
        article=replace(before, page_reason=error.reason, page_error=str(error)),
        judgement=replace(was, matches=()),
        again=alerting.Reading(before.title, was.matches, (), frozenset(), is_withdrawn=True),
        changed=() if _was_withdrawn(before) else ("withdrawn",),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is told of an article, and which rules no longer find it."""

    at: datetime
    story: Story
    latency_s: tuple[tuple[str, float], ...]
    alerts: tuple[Alert, ...] = ()
    lost: tuple[str, ...] = ()


def _plan(tools: Tools, claim: EntryClaim, read: _Read, earlier: Earlier | None, *, read_at: datetime) -> _Plan:
    now = tools.clock.now()
    story = stories.assign(read.article, entry_key=claim.entry.keys[0], first_seen_at=claim.first_seen_at)
    if earlier is not None:  # an outlet that was given another name has no other story
        story = replace(story, id=earlier.story.id, first_seen_at=earlier.story.first_seen_at)
    plan = _Plan(now, story, _latency(read.article, claim, read_at=read_at, now=now))
    first = partial(alerting.plan, story=story, routes=tools.routes, now=now, latency_s=plan.latency_s)
    if earlier is None or read.again is None:
        return plan if claim.baseline else replace(plan, alerts=first(read.judgement.matches))
    updates = alerting.plan_updates(earlier.told, read.again, story, tools.routes, now=now)
    plan = replace(plan, alerts=updates.alerts, lost=updates.lost)
    if read.again.is_corrected or (claim.baseline and claim.reread is None):
        return plan
    known = {one.match.rule.id for one in earlier.told}
    if claim.reread is not None:  # a rule that is younger than the text is told of it by nothing
        known |= {match.rule.id for match in read.again.before}
    new = first([match for match in read.judgement.matches if match.rule.id not in known])
    return replace(plan, alerts=(*plan.alerts, *new))


async def _record(
    tools: Tools, claim: EntryClaim, read: _Read, planned: _Plan, *, done: bool, read_at: datetime
) -> Recorded:
    """Render, and write transaction B."""
    article = read.article
    outbox = [(alert, _render(tools, alert)) for alert in planned.alerts]
    recorded = await tools.thread.run(
        tools.store.record_article,
        claim.id,
        article,
        story=planned.story,
        matches=read.judgement.matches,
        entities=read.judgement.entities,
        alerts=outbox,
        # the text of a reserved page is matched, not kept (promise P5)
        keep_text=not (article.reserved and tools.settings.tdm_policy is TdmPolicy.RESPECT),
        done=done,
        read_at=read_at,
        rereads=claim.rereads,
        revised=Revised(read.changed, planned.lost),
        now=planned.at,
    )
    for part in read.changed:
        tools.metrics.revisions.labels(part).inc()
    _tell_article(tools.metrics, claim, article=article, recorded=recorded, done=done, latency_s=planned.latency_s)
    return recorded


def _latency(article: Article, claim: EntryClaim, *, read_at: datetime, now: datetime) -> tuple[tuple[str, float], ...]:
    """Return the legs of an article's way that are known; of a first poll, nobody was late to see it."""
    published_at = None if claim.baseline else article.published_at
    known = legs(published_at=published_at, seen_at=claim.first_seen_at, read_at=read_at, matched_at=now)
    seen_to_sent_s = max(0.0, (now - claim.first_seen_at).total_seconds())
    return *((f"{leg}_s", seconds) for leg, seconds in known.items()), ("seen_to_sent_s", seen_to_sent_s)


def _render(tools: Tools, alert: Alert) -> list[OutboxItem]:
    """Render an alert for each of its receivers, once and for all (promise D3)."""
    return [
        _render_for(tools, alert, receiver) for receiver in tools.routes.receivers if receiver.name in alert.receivers
    ]


def _render_for(tools: Tools, alert: Alert, receiver: Receiver) -> OutboxItem:
    """Render an alert for one receiver; a mistake in that costs this message, visibly, and no other (promise D9)."""
    message_id = alerting.message_id(alert.id, receiver.name)
    try:
        return OutboxItem(receiver, message_id, tools.channels[receiver.name].render(alert, message_id))
    except Exception as bug:  # noqa: BLE001  an edge that must survive: what a channel cannot render, others can
        tools.metrics.errors.labels("render").inc()
        _log.error("render_crashed", exc_info=bug, extra={"alert_id": alert.id, "receiver": receiver.name})
        error = f"a mistake in veille, please report it: {type(bug).__name__} while the message was written"
        return OutboxItem(receiver, message_id, Rendered(b"", content_type=""), error)


def _tell_article(
    metrics: Metrics,
    claim: EntryClaim,
    *,
    article: Article,
    recorded: Recorded,
    done: bool,
    latency_s: tuple[tuple[str, float], ...],
) -> None:
    for match in recorded.matches:
        kind = "near_miss" if match.verdict.near_miss else "match"
        metrics.matches.labels(match.rule.id, kind).inc()
    if done and claim.reread is None:
        metrics.articles.labels(article.completeness).inc()
    if not claim.baseline and claim.reread is None:
        for name, seconds in latency_s:
            # The page may be read long after the feed's own words were recorded: it is then that the article is read.
            if name in metrics.legs and (recorded.is_new if name == "published_to_seen_s" else done):
                metrics.legs[name].observe(seconds)
    for alert in recorded.alerts:
        metrics.alerts.labels(alert.type).inc()
        _log.info("alert_planned", extra={**_facts(claim), "alert_id": alert.id, "rule": alert.matches[0].rule.id})


def _facts(claim: EntryClaim) -> dict[str, object]:
    return {"entry_id": claim.id, "feed_id": claim.feed.id, "url": claim.entry.link}


# --- recap ----------------------------------------------------------------------------------------------------------


async def tell_recap(tools: Tools, *, at_once: bool = False) -> tuple[Alert, ...]:
    """Tell the matches of first polls, once the new feeds have been read: one message for each receiver.

    Args:
        tools: what the stages work with.
        at_once: do not wait for what is still to be polled or read.
    """
    now = tools.clock.now()
    oldest_at = (await tools.thread.run(tools.store.recap_pending, limit=0)).oldest_at
    if oldest_at is None:
        return ()
    patient = not at_once and now - oldest_at < _RECAP_PATIENCE
    if patient and await tools.thread.run(_more_to_come, tools.store):
        return ()
    pending = await tools.thread.run(tools.store.recap_pending, limit=_RECAP_LIMIT)
    match_ids = [item.match_id for item in pending.items]
    items = [(item.story, item.match) for item in pending.items]
    recaps = await asyncio.to_thread(alerting.plan_recap, items, tools.routes, now=now)
    rendered = [
        (recap.alert, _render(tools, recap.alert), [match_ids[place] for place in recap.items]) for recap in recaps
    ]
    await tools.thread.run(tools.store.record_recap, rendered, match_ids, now=now)
    for alert, _, told in rendered:
        tools.metrics.alerts.labels(alert.type).inc()
        _log.info("recap_planned", extra={"alert_id": alert.id, "matches": len(told), "receivers": alert.receivers})
    return tuple(recap.alert for recap in recaps)


def _more_to_come(store: Store) -> bool:
    """Return whether a new feed is still to be polled, or an entry of a first poll still to be read."""
    return bool(store.baseline_waiting()) or store.has_unpolled_feeds()


# --- refusal --------------------------------------------------------------------------------------------------------


async def tell_refusal(tools: Tools, refusal: Refusal, *, since: datetime) -> Alert | None:
    """Tell a rule set that was refused: one message for each receiver, once for what is the same.

    Args:
        tools: what the stages work with.
        refusal: all that was wrong.
        since: when it was first refused so.

    Returns:
        The alert, or None: it was told before.
    """
    now = tools.clock.now()
    alert = alerting.plan_refusal(refusal, tools.routes, since=since, now=now)
    if not await tools.thread.run(tools.store.record_alert, alert, _render(tools, alert), now=now):
        return None
    tools.metrics.alerts.labels(alert.type).inc()
    _log.info("refusal_planned", extra={"alert_id": alert.id, "receivers": alert.receivers})
    return alert


# --- incidents ------------------------------------------------------------------------------------------------------


async def tell_incidents(tools: Tools) -> tuple[Alert, ...]:
    """Tell what is wrong with sources, and what is well again: one message of each kind for each receiver.

    Nothing is told while our own network is down: it is not the sources', and the message would not leave.

    Returns:
        The alerts.
    """
    now = tools.clock.now()
    if tools.uplink.network.down_since is not None:
        return ()
    await tools.thread.run(tools.store.note_incidents, failures=alerting.SOON_POLLS, now=now)
    pending = await tools.thread.run(tools.store.pending_incidents, now=now)
    sifted = alerting.sift_incidents(pending.incidents, last_at=pending.last_at, gaps_at=pending.gaps_at, now=now)
    if sifted == alerting.Sifted():
        return ()
    alerts = [alerting.plan_incidents(telling, tools.routes, now=now) for telling in sifted.tellings]
    ids = [[incident.id for incident in telling.incidents] for telling in sifted.tellings]
    await tools.thread.run(
        tools.store.record_incidents,
        [(alert, _render(tools, alert), told) for alert, told in zip(alerts, ids, strict=True)],
        ended=sifted.ended,
        dropped=[incident.id for incident in sifted.dropped],
        now=now,
    )
    for alert, telling in zip(alerts, sifted.tellings, strict=True):
        tools.metrics.alerts.labels(alert.type).inc()
        for incident in telling.incidents:
            _log_incident(telling.reason, incident, alert)
    return tuple(alerts)


def _log_incident(reason: NotificationReason, incident: Incident, alert: Alert) -> None:
    is_good = reason is NotificationReason.SOURCE_RECOVERED
    facts = {"alert_id": alert.id, "feed_id": incident.source.id, "feed": incident.source.feed.url}
    facts |= {"kind": incident.kind, "since": incident.began_at.isoformat(), "error": incident.source.last_error}
    _log.log(logging.INFO if is_good else logging.WARNING, reason.value, extra=facts)


# --- deliver --------------------------------------------------------------------------------------------------------


async def deliver(tools: Tools, delivery: Delivery) -> DeliveryReport:
    """Try one delivery once, and settle it."""
    failure: DeliveryError | None = None
    try:
        _check_channel(tools.routes, delivery)
        receipt = await tools.channels[delivery.receiver].send(delivery)
    except DeliveryError as error:
        failure = _bare(error)
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
