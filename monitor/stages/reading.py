"""Reading: the article of an entry, to the end of transaction B."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from operator import attrgetter

from monitor import alerting, changes, extract, fetch, links, schedule, stories
from monitor.errors import ExternalError, Reason
from monitor.judges import Judgement
from monitor.latency import legs
from monitor.model import Alert, Article, Candidate, EntryClaim, Features, Reread, Story, Told
from monitor.settings import TdmPolicy
from monitor.stages.failures import bare, is_of, remember_hold
from monitor.stages.holding import addressed
from monitor.stages.rendering import silenced, with_records
from monitor.stages.tools import Tools
from monitor.store import Earlier, Recorded, Revised
from monitor.telemetry import Metrics
from rules.types import Burst, Document, Match

__all__ = ["ENTRY_LEASE_S", "ArticleReport", "read_article"]

_log = logging.getLogger(__name__)

ENTRY_LEASE_S = 300.0

# A page that failed for a passing reason is asked for again after these waits, unless title and summary matched.
# Outages of a site last longer than minutes, and what only the text says must be found after them too (promise I8).
_PAGE_RETRIES = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_NOT_THERE_YET = 2  # retries of a 404: feeds name pages that their site has yet to publish
_BUSY_MOST = timedelta(hours=1)  # wait for the turn of a host that a redirect leads to
_OUTAGE_PAGE_WAIT = timedelta(minutes=5)  # while our own network is down; it uses up no retry
_GONE_FOR_GOOD = timedelta(minutes=30)  # until a 404 of a page that was there counts as withdrawn
_PAGE_PATIENCE = timedelta(days=1)  # for a site that lets us read less than it publishes
# A daemon that is killed takes with it whatever it is reading, and a page is hardly ever to blame for that: it is never
# given up for it. One that was there each time is left alone for a while, longer each time, and then read beside few.
_INTERRUPTED_OFTEN = 3  # in a row
_INTERRUPTED_WAIT = timedelta(minutes=1)
_INTERRUPTED_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """What became of one entry: the matches and alerts that are new, and whether its page is to be read again."""

    article: Article
    matches: tuple[Match, ...]
    alerts: tuple[Alert, ...]
    postponed: bool = False


async def read_article(tools: Tools, claim: EntryClaim) -> ArticleReport:
    """Read an entry's article, match it, and store what follows.

    A page that fails never costs the alert that title and summary owe (promise I7): it is told at once. A page that
    takes more than its lane allows is left to the slow lane (promise R4), and one whose failure may pass is asked for
    again later; then what its text alone owes is told too (promise I8). So it is with one during which the daemon was
    killed several times: it is asked for after a wait, and what title and summary owe does not wait for that.

    An article that was recorded before (its page failed then, or its feed says that it changed) is compared with what
    people know of it, and only crossings are told (promise I9).
    """
    earlier = await tools.thread.run_soon(tools.store.earlier, claim.id) if claim.is_recorded else None
    page = _PageRead()
    error: ExternalError | None = None
    try:
        page = await _read_page(tools, claim)
    except ExternalError as failure:
        error = bare(failure)
        tools.metrics.page_failures.labels(failure.reason).inc()
        await remember_hold(tools, failure)
        _log.info("page_failed", extra={**_facts(claim), "reason": failure.reason, "error": str(failure)})
    now = tools.clock.now()
    later = None if error is None else _later(tools, claim, error, now)
    fresh = await asyncio.to_thread(_article, claim, page, error)
    if earlier is None:
        read = _Read(fresh, await _judged(tools, claim, fresh, now, copy_of=None))
    elif error is not None and _is_withdrawn(claim, earlier.article, error, is_final=later is None):
        read = await _withdrawn(tools, claim, earlier, error, now)
    else:
        read = await _read_again(tools, claim, earlier, fresh, is_page_read=page.extracted is not None, now=now)
    weighed = await _weighed(tools, read)
    async with tools.grouping:  # two copies that are read at the same time are one story
        assigned, copy_of = await _assigned(tools, claim, read, weighed, earlier)
        if copy_of is not None and read.judgement.matches:  # there may be rules that want no copies
            judgement = await _judged(tools, claim, read.article, now, copy_of=copy_of)
            read = replace(read, judgement=judgement)
        planned = await _plan(tools, claim, read, earlier, assigned, read_at=now)
        is_owed = any(map(alerting.notifies, read.judgement.matches)) if earlier is None else bool(planned.alerts)
        if later is not None and not is_owed:
            await later()
            return ArticleReport(read.article, (), (), postponed=True)
        recorded = await _record(tools, claim, read, planned, done=later is None, read_at=now)
    if later is not None:
        await later()
    return ArticleReport(read.article, recorded.matches, recorded.alerts, postponed=later is not None)


def _later(
    tools: Tools, claim: EntryClaim, error: ExternalError, now: datetime
) -> Callable[[], Awaitable[None]] | None:
    """Return what lets a page that failed be asked for again, or None: what the feed gave is all there will be."""
    is_ours = tools.uplink.network.down_since is not None and schedule.is_unreachable(error)
    if not is_ours and schedule.wants_slow_lane(claim.lane, error):
        _log.info("left_to_slow_lane", extra={**_facts(claim), "error": str(error)})
        is_of_host = schedule.slows_its_host(error.reason) and is_of(error, fetch.host_of(claim.entry.link or ""))
        return partial(tools.thread.run_soon, tools.store.leave_to_slow_lane, claim.id, whole_host=is_of_host, now=now)
    if error.reason is Reason.INTERRUPTED:
        wait: timedelta | None = _interrupted_wait(claim, jitter=random.random())  # noqa: S311  spreads, guards nothing
    else:
        wait = _page_wait(error, claim, now, is_ours=is_ours)
    if wait is None:
        return None
    return partial(
        tools.thread.run_soon,
        tools.store.postpone_entry,
        claim.id,
        next_attempt_at=now + wait,
        reason=error.reason,
        error=str(error),
        counted=error.reason not in {Reason.BUSY, Reason.INTERRUPTED} and not is_ours,
        now=now,
    )


def _page_wait(error: ExternalError, claim: EntryClaim, now: datetime, *, is_ours: bool) -> timedelta | None:
    """Return how long to wait before a page is asked for again, or None: it is not."""
    if is_ours:
        return _OUTAGE_PAGE_WAIT
    if now - (claim.queued_at or claim.first_seen_at) > _PAGE_PATIENCE:
        return None
    if error.reason is Reason.BUSY:
        # Who redirects it is asked each time: the longer it has waited, the longer it waits again.
        waited = now - (claim.queued_at or claim.first_seen_at)
        again = timedelta() if is_of(error, fetch.host_of(claim.entry.link or "")) else min(waited / 4, _BUSY_MOST)
        return max(error.retry_after or _PAGE_RETRIES[0], again)
    not_there = error.status == HTTPStatus.NOT_FOUND
    if not_there and claim.reread is not None:
        return _GONE_FOR_GOOD if claim.attempts == 1 else None
    retries = len(_PAGE_RETRIES) if error.retryable else _NOT_THERE_YET if not_there else 0
    if claim.attempts > retries:
        return None
    return max(_PAGE_RETRIES[claim.attempts - 1], error.retry_after or timedelta())


def _interrupted_wait(claim: EntryClaim, *, jitter: float) -> timedelta:
    """Return how long a page is left alone that was being read whenever the daemon was killed.

    Pages that were read together are soon read apart, so that the one to blame, if one is, takes no others with it.
    """
    wait: timedelta = _INTERRUPTED_WAIT * 2 ** min(claim.interrupted - _INTERRUPTED_OFTEN, 10)
    return min(wait, _INTERRUPTED_MOST) * (1 + jitter) / 2


@dataclass(frozen=True, slots=True)
class _PageRead:
    """What a page gave; nothing, where it was not read."""

    extracted: extract.Extracted | None = None
    reserved: bool = False


async def _read_page(tools: Tools, claim: EntryClaim) -> _PageRead:
    url = claim.entry.link
    if url is None or claim.reread is Reread.TITLE:
        return _PageRead()
    if claim.interrupted >= _INTERRUPTED_OFTEN and not claim.has_waited:
        interrupted = f"{url}: veille was killed or failed {claim.interrupted} times while reading it"
        raise ExternalError(interrupted, reason=Reason.INTERRUPTED)
    limits = schedule.PAGE_LIMITS[claim.lane]
    crawl_delay_s = await tools.permissions.check(url, deadline_s=limits.deadline_s)
    async with AsyncExitStack() as held:
        room = partial(held.enter_async_context, tools.page_room[claim.lane])
        async with tools.gate.page(url, crawl_delay_s=crawl_delay_s, lane=claim.lane, before=room) as turn:
            page = await fetch.fetch_page(
                tools.client,
                url,
                max_bytes=limits.max_bytes,
                deadline_s=limits.deadline_s,
                as_subscriber=partial(_is_same_site, claim.feed.feed.url),
                permissions=tools.permissions,
                turn=turn,
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


def _is_same_site(feed_url: str, url: str) -> bool:
    """Return whether a feed may have us ask for an address as the subscriber that the operator is (promise S6).

    Of its own site only, at every hop: any other could have us follow a link that does something in their name.
    """
    return links.site_of(feed_url) == links.site_of(url)


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


async def _judged(
    tools: Tools, claim: EntryClaim, article: Article, now: datetime, *, copy_of: str | None
) -> Judgement:
    document = article.document(feed=claim.feed.feed.url, first_seen_at=claim.first_seen_at, copy_of=copy_of)
    return await tools.live.judge.judge(document, now=now)


async def _read_again(
    tools: Tools, claim: EntryClaim, earlier: Earlier, fresh: Article, *, is_page_read: bool, now: datetime
) -> _Read:
    """Compare an article with what it was, and with what people know of it."""
    before, withheld = earlier.article, claim.is_withheld
    article = extract.revised(before, fresh, is_page_read=is_page_read, is_withheld=withheld)
    changed = extract.changes_of(before, article, is_withheld=withheld) if claim.reread is not None else ()
    judgement = await _judged(tools, claim, article, now, copy_of=earlier.copy_of)
    known = tuple(one.match for one in earlier.told)
    again = alerting.Reading(
        title=before.title,
        before=known if withheld else (await _judged(tools, claim, before, now, copy_of=earlier.copy_of)).matches,
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


async def _withdrawn(tools: Tools, claim: EntryClaim, earlier: Earlier, error: ExternalError, now: datetime) -> _Read:
    """Return an article whose page is gone: it stays as it was, and no rule finds it any more."""
    before = earlier.article
    was = await _judged(tools, claim, before, now, copy_of=earlier.copy_of)
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
    assigned: stories.Assigned
    latency_s: tuple[tuple[str, float], ...]
    alerts: tuple[Alert, ...] = ()
    lost: tuple[str, ...] = ()
    growth: tuple[tuple[Alert, int], ...] = ()  # updates of what was told of the story, each with its match


async def _weighed(tools: Tools, read: _Read) -> Features | None:
    """Return what is compared of an article, each word with how rare it is in the press of late."""
    features = read.judgement.features
    if features is None:
        return None
    counts = await tools.thread.run_soon(tools.store.term_counts, stories.counted(features), now=tools.clock.now())
    kind = stories.kind_of(read.article.title, read.article.url)
    return replace(stories.weigh(features, counts), kind=kind)


async def _assigned(
    tools: Tools, claim: EntryClaim, read: _Read, weighed: Features | None, earlier: Earlier | None
) -> tuple[stories.Assigned, str | None]:
    """Return the story of an article, and the house that had its text before.

    One that was recorded before keeps its story; whose text it has was known when it was judged.
    """
    feed, article = claim.feed.feed, read.article
    house = feed.outlet or links.site_of(feed.url)
    key, seen_at = claim.entry.keys[0], claim.first_seen_at
    terms = () if read.judgement.features is None else stories.counted(read.judgement.features)
    assign = partial(
        stories.assign,
        article,
        entry_key=key,
        house=house,
        first_seen_at=seen_at,
        features=weighed,
        counted_terms=terms,
    )
    run = tools.thread.run_soon  # all others that were read wait for this one
    if earlier is not None:  # others may have joined its story while it was read
        now_known = await run(tools.store.earlier, claim.id) or earlier
        return stories.read_again(assign(), article, now_known.story), None
    found: tuple[Candidate, ...] = ()
    if weighed is not None:
        search = stories.search_of(article, weighed, entry_key=key, house=house, first_seen_at=seen_at)
        found = await run(
            tools.store.find_stories, search.keys, own_id=search.own_id, since=search.since, until=search.until
        )
    assigned = assign(candidates=found)
    grouped = assigned.grouped
    return assigned, None if grouped is None else stories.copied_from(grouped, _published_by(grouped.at, found))


def _published_by(at: datetime, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates with what was out by then, in the order of publication: nothing else can be copied."""
    return tuple(
        replace(each, members=tuple(sorted((one for one in each.members if one.at <= at), key=attrgetter("at"))))
        for each in candidates
    )


async def _plan(
    tools: Tools,
    claim: EntryClaim,
    read: _Read,
    earlier: Earlier | None,
    assigned: stories.Assigned,
    *,
    read_at: datetime,
) -> _Plan:
    now = tools.clock.now()
    story = replace(assigned.story, entities=tuple(read.judgement.entities))
    plan = _Plan(now, story, assigned, _latency(read.article, claim, read_at=read_at, now=now))
    first = partial(alerting.plan, story=story, routes=tools.routes, now=now, latency_s=plan.latency_s)
    matches = read.judgement.matches
    if earlier is None or read.again is None:
        before = assigned.outlets_before
        told = await tools.thread.run_soon(tools.store.told_of_story, story.id) if before else ()
        bursts = await _bursts(tools, assigned) if 0 < before < story.outlets else {}
        raised = alerting.raised(matches, bursts)
        rises = () if claim.baseline else alerting.plan_rises(told, raised, story, tools.routes, now=now)
        rises, growth = alerting.once_each(rises, _grown(told, story, tools.routes, bursts, before=before, now=now))
        plan = replace(plan, alerts=rises, growth=growth)
        if claim.baseline:
            return plan
        new = first(raised)
        meanwhile = [*rises, *(alert for alert, _ in growth)]
        return replace(plan, alerts=(*rises, *alerting.for_the_untold(new, told, meanwhile, story)))
    beside = await tools.thread.run_soon(tools.store.told_of_story, story.id)
    updates = alerting.plan_updates(earlier.told, read.again, story, tools.routes, beside=beside, now=now)
    plan = replace(plan, alerts=updates.alerts, lost=updates.lost)
    if claim.baseline and claim.reread is None:
        return plan
    known = {one.match.rule.id for one in earlier.told}
    if claim.reread is not None:  # a rule that is younger than the text is told of it by nothing
        known |= {match.rule.id for match in read.again.before}
    found = [match for match in matches if match.rule.id not in known]
    rises = alerting.plan_rises(beside, found, story, tools.routes, now=now)
    new = updates.first if read.again.is_corrected else first(found)
    return replace(plan, alerts=(*updates.alerts, *rises, *alerting.for_the_untold(new, beside, rises, story)))


async def _bursts(tools: Tools, assigned: stories.Assigned) -> dict[str, Burst]:
    """Return the bursts, by rule, in which a story came out that another outlet takes up with this article."""
    rules, grouped = [rule for rule in tools.live.judge.rules if rule.burst is not None], assigned.grouped
    if not rules or grouped is None or grouped.same_text_as is not None:
        return {}
    voices = await tools.thread.run_soon(tools.store.voices, assigned.story.id)
    return alerting.bursting(rules, (*voices, (grouped.house, grouped.at)))


def _grown(
    told: Sequence[Told],
    story: Story,
    routes: alerting.Routes,
    bursts: Mapping[str, Burst],
    *,
    before: int,
    now: datetime,
) -> tuple[tuple[Alert, int], ...]:
    """Return what to tell of a story that another outlet takes up, each with its match in the log."""
    raised = alerting.plan_bursts(told, story, routes, bursts, now=now)
    return raised + alerting.plan_growth(told, story, routes, outlets_before=before, now=now)


async def _record(
    tools: Tools, claim: EntryClaim, read: _Read, planned: _Plan, *, done: bool, read_at: datetime
) -> Recorded:
    """Render, and write transaction B."""
    article = read.article
    alerts = await with_records(tools, await silenced(tools, planned.alerts))
    outbox = [(alert, await addressed(tools, alert)) for alert in alerts]
    grown = await silenced(tools, [alert for alert, _ in planned.growth])
    match_ids = [match_id for _, match_id in planned.growth]
    growth = [
        (alert, await addressed(tools, alert), match_id) for alert, match_id in zip(grown, match_ids, strict=True)
    ]
    recorded = await tools.thread.run_soon(
        tools.store.record_article,
        claim.id,
        article,
        story=planned.story,
        matches=read.judgement.matches,
        entities=read.judgement.entities,
        alerts=outbox,
        growth=growth,
        # the text of a reserved page is matched, not kept (promise P5)
        keep_text=not (article.reserved and tools.settings.tdm_policy is TdmPolicy.RESPECT),
        done=done,
        read_at=read_at,
        rereads=claim.rereads,
        grouped=planned.assigned.grouped,
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
        told = {"alert_id": alert.id, "rule": alert.matches[0].rule.id}
        told |= {} if alert.silence is None else {"silence": alert.silence}
        _log.info("alert_planned", extra={**_facts(claim), **told})


def _facts(claim: EntryClaim) -> dict[str, object]:
    return {"entry_id": claim.id, "feed_id": claim.feed.id, "url": claim.entry.link}
