"""The document of a feed: asked for, unpacked, parsed in a child."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial

from monitor import feeds, fetch, schedule, websub
from monitor.model import FeedResponse, FeedState, Lane, ParsedFeed, PollOutcome, PollResult
from monitor.stages.tools import Tools

__all__ = ["fetch_and_parse"]


async def fetch_and_parse(
    tools: Tools, state: FeedState, lane: Lane
) -> tuple[PollOutcome, ParsedFeed | None, float | None]:
    """Return the outcome, the entries where the document is new, and how long it may be kept, in seconds."""
    limits = schedule.FEED_LIMITS[lane]
    if not state.feed.typed:  # the catalogue's choice, not the operator's: robots.txt has a say (promise P4)
        await tools.permissions.check_robots(state.address, deadline_s=limits.deadline_s)
    async with tools.gate.feed(state.address) as turn:
        started = time.monotonic()
        answer = await fetch.fetch_feed(
            tools.client,
            state,
            max_bytes=limits.max_bytes,
            deadline_s=limits.deadline_s,
            unconditional=schedule.wants_unconditional(state, tools.clock.now()),
            turn=turn,
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
        async with tools.gate.feed(url) as turn:
            answer = await fetch.fetch_feed(
                tools.client,
                part,
                max_bytes=limits.max_bytes,
                deadline_s=limits.deadline_s,
                unconditional=True,
                turn=turn,
            )
        digest.update(answer.body)
        if answer.max_age_s is not None:
            max_ages_s.append(answer.max_age_s)
        return await _parse(tools, answer, lane)

    whole = await feeds.with_parts(index, read, ends_it=partial(schedule.wants_slow_lane, lane))
    return whole, digest.hexdigest(), max(max_ages_s, default=None)
