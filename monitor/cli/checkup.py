"""Look at feeds as a person would who wonders what is wrong with them: for `veille feeds check`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.errors import ExternalError, FetchError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.cli.probing import Prober
    from monitor.http import HttpResponse
    from monitor.model import Feed, ParsedFeed

__all__ = ["Checkup", "check_all"]

_OLD = timedelta(days=30)
_NOT_THERE = frozenset({401, 403, 404, 410, 451})


@dataclass(frozen=True, slots=True)
class Checkup:
    """What one look at a feed showed. `error` is None where it can be read."""

    url: str
    outlet: str | None
    status: int | None = None
    format: str | None = None
    title: str | None = None
    entries: int = 0
    newest_at: datetime | None = None
    undated: int = 0
    validators: tuple[str, ...] = ()
    keep_s: float | None = None  # how long the feed asks to be left alone
    hub: str | None = None  # who tells of its changes
    hops: tuple[str, ...] = ()  # addresses asked after the first
    moved_to: str | None = None  # for good
    robots_allow: bool | None = None  # None: robots.txt could not be read
    bytes: int = 0
    took_s: float = 0.0
    remarks: tuple[str, ...] = ()
    reason: Reason | None = None
    error: str | None = None
    offers: tuple[str, ...] = ()  # feeds that its site has, where this is none

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self) | {"ok": self.error is None}


async def check_all(
    probe: Prober,
    feeds: Sequence[Feed],
    *,
    now: datetime,
    at_once: int,
    done: Callable[[int, int], None] | None = None,
) -> tuple[Checkup, ...]:
    """Look at each feed, those of one host one after the other.

    Args:
        probe: asks.
        feeds: in the order of the answer.
        now: the present instant, for ages.
        at_once: hosts asked at the same time.
        done: is told how many are done, and of how many.
    """
    room = asyncio.Semaphore(at_once)
    found: dict[str, Checkup] = {}
    by_host: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_host.setdefault(urlsplit(feed.url).netloc.lower(), []).append(feed)

    async def check_host(its_feeds: Sequence[Feed]) -> None:
        async with room:
            for feed in its_feeds:
                found[feed.url] = await _check(probe, feed, now=now)
                if done is not None:
                    done(len(found), len(feeds))

    async with asyncio.TaskGroup() as group:
        for its_feeds in by_host.values():
            group.create_task(check_host(its_feeds))
    return tuple(found[feed.url] for feed in feeds)


async def _check(probe: Prober, feed: Feed, *, now: datetime) -> Checkup:
    seen = Checkup(feed.url, feed.outlet or feed.title)
    started = time.monotonic()
    answer: HttpResponse | None = None
    try:
        seen = replace(seen, robots_allow=await _robots_allow(probe, feed))
        answer = await probe.fetch(feed.url)
        seen = _answered(seen, answer)
        parsed = await probe.parse(answer)
    except ExternalError as error:
        offers = () if answer is None else await _offers(probe, feed.url, answer, error)
        seen = replace(seen, reason=error.reason, error=str(error), offers=offers)
    else:
        remarks = (*_access_remarks(seen, answer), *_content_remarks(answer, parsed, now))
        seen = _read(seen, parsed, remarks)
    return replace(seen, took_s=round(time.monotonic() - started, 3))


async def _robots_allow(probe: Prober, feed: Feed) -> bool | None:
    """Return what robots.txt says; raise it where it has a say: of what the operator did not type (promise P4)."""
    try:
        await probe.permissions.check_robots(feed.url)
    except FetchError as refusal:
        if not feed.typed:
            raise
        return None if refusal.retryable else False
    return True


def _answered(seen: Checkup, answer: HttpResponse) -> Checkup:
    from monitor.fetch.feed import max_age_of
    from monitor.websub import hub_of

    return replace(
        seen,
        status=answer.status,
        hops=answer.hops[1:],
        moved_to=answer.permanent_to,
        validators=tuple(name for name in ("etag", "last-modified") if name in answer.headers),
        keep_s=max_age_of(answer.headers),
        hub=hub_of(answer.headers.get("link"), base=answer.url)[0],
        bytes=len(answer.body),
    )


def _read(seen: Checkup, parsed: ParsedFeed, remarks: tuple[str, ...]) -> Checkup:
    dates = [at for entry in parsed.entries if (at := entry.published_at or entry.updated_at)]
    return replace(
        seen,
        format=parsed.format or None,
        title=parsed.title,
        entries=len(parsed.entries),
        newest_at=max(dates, default=None),
        undated=len(parsed.entries) - len(dates),
        keep_s=max((hint for hint in (seen.keep_s, parsed.hints.ttl_s) if hint is not None), default=None),
        hub=seen.hub or parsed.hub,
        remarks=remarks,
    )


def _access_remarks(seen: Checkup, answer: HttpResponse) -> tuple[str, ...]:
    told = {
        f"moved for good to {seen.moved_to}": seen.moved_to is not None,
        f"redirects to {answer.url}": bool(seen.hops) and seen.moved_to is None,
        "robots.txt disallows it; it is polled because you declared it": seen.robots_allow is False,
        "robots.txt cannot be read": seen.robots_allow is None,
        "no validators: each poll costs the whole document": not seen.validators,
    }
    return tuple(remark for remark, holds in told.items() if holds)


def _content_remarks(answer: HttpResponse, parsed: ParsedFeed, now: datetime) -> tuple[str, ...]:
    from monitor import charset

    dates = [at for entry in parsed.entries if (at := entry.published_at or entry.updated_at)]
    newest = max(dates, default=None)
    told = {
        parsed.note or "": parsed.note is not None,
        "no entries": not parsed.entries,
        "no entry has a date": bool(parsed.entries) and not dates,
        f"nothing new for {(now - newest).days if newest else 0} days": newest is not None and now - newest > _OLD,
    }
    remarks = [remark for remark, holds in told.items() if holds]
    trouble = charset.trouble(answer.body, content_type=answer.headers.get("content-type"))
    return (*remarks, trouble) if trouble else tuple(remarks)


async def _offers(probe: Prober, url: str, answer: HttpResponse, error: ExternalError) -> tuple[str, ...]:
    """Return the feeds that autodiscovery finds where an address is none: on the page it gives, else on the site's."""
    from monitor.http import origin_of

    if answer.is_success and error.reason not in {Reason.MALFORMED, Reason.EMPTY}:
        return ()
    if not answer.is_success and answer.status not in _NOT_THERE:
        return ()
    home = f"{origin_of(answer.url)}/"
    try:
        page = answer if answer.is_success else await probe.fetch(home, typed=False)
    except ExternalError:
        return ()
    found = await probe.feeds_of(page.body, page.url)
    return tuple(link.url for link, _ in found if link.url != url)
