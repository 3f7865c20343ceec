"""The fictitious press, served over HTTP on loopback: one server, so one host, for each title.

The newsroom opens once every title that answers has been asked for its feed: what is older is there from the start, the
rest appears while one watches. Every request is kept, so that manners can be judged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from monitor.demo.pages import article_page, home_page
from monitor.demo.press import Appearance, Behaviour, Format, Press, Title
from monitor.demo.server import Answer, HttpServer, Request
from monitor.demo.syndication import feed_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.clock import Clock

__all__ = ["ROBOTS", "Asked", "Newsroom", "Title"]

ROBOTS = b"User-agent: *\nDisallow: /abo\nDisallow: /recherche\n"
_REFUSALS = 2  # 503s before a failing title stops answering at all
_HANG_S = 600.0
_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered."""

    at: datetime
    title: str
    path: str
    status: int
    request: Request


class Newsroom:
    """Every title of a press, from `start` to `stop`.

    Args:
        press: what is published.
        clock: tells when; its `now` may be asked from another thread.
        pace: 1.0 as written, 0.0 everything at the opening, 2.0 twice as slow.
        decide: asked first for each request to a title (by id); what it answers goes out instead.
    """

    def __init__(
        self,
        press: Press,
        *,
        clock: Clock,
        pace: float = 1.0,
        decide: Callable[[str, Request], Answer | None] = lambda _title, _request: None,
    ) -> None:
        self.press = press
        self.asked: list[Asked] = []
        self.opened_at: datetime | None = None
        self._clock = clock
        self._pace = pace
        self._decide = decide
        self._servers = {title.id: HttpServer(self._handler(title)) for title in press.titles}
        self._started_at = clock.now()

    async def start(self) -> None:
        """Listen; the addresses are known afterwards."""
        self._started_at = self._clock.now().replace(microsecond=0)
        for server in self._servers.values():
            await server.start()

    async def stop(self) -> None:
        """Close every server."""
        for server in self._servers.values():
            await server.stop()

    @property
    def feeds(self) -> dict[str, str]:
        """The address of each title's feed, by title id."""
        return {title.id: self._site(title) + _feed_path(title) for title in self.press.titles}

    @property
    def finished(self) -> bool:
        """Whether everything has appeared."""
        return all(self.visible(seen) for seen in self.press.appearances)

    def open(self) -> None:
        """Start the clock now, whoever has come."""
        self.opened_at = self.opened_at or self._clock.now()

    def url(self, seen: Appearance) -> str:
        """Return the address of an article."""
        return self._site(seen.title) + seen.path

    def named_in(self, text: str) -> tuple[Appearance, ...]:
        """Return the articles whose address stands in a text."""
        return tuple(seen for seen in self.press.appearances if self.url(seen) in text)

    def visible(self, seen: Appearance) -> bool:
        """Tell whether an article has appeared."""
        return seen.at < timedelta() or (self.opened_at is not None and self._published_at(seen) <= self._clock.now())

    def was_read(self, seen: Appearance) -> bool:
        """Tell whether someone got the article's page."""
        return any(
            asked.title == seen.title.id and asked.path == seen.path and asked.status == HTTPStatus.OK
            for asked in self.asked
        )

    def _published_at(self, seen: Appearance) -> datetime:
        if seen.at < timedelta() or self.opened_at is None:
            return self._started_at + seen.at
        return (self.opened_at + seen.at * self._pace).replace(microsecond=0)

    def _site(self, title: Title) -> str:
        return self._servers[title.id].url

    def _handler(self, title: Title) -> Callable[[Request], Answer]:
        def handle(request: Request) -> Answer:
            answer = self._decide(title.id, request) or self._answer(title, request)
            self.asked.append(Asked(self._clock.now(), title.id, request.path, answer.status, request))
            if self.opened_at is None and self._everyone_came():
                self.open()
            return answer

        return handle

    def _everyone_came(self) -> bool:
        came = {asked.title for asked in self.asked if asked.path.endswith(".xml")}
        return all(title.id in came or title.behaviour is Behaviour.FAILING for title in self.press.titles)

    def _answer(self, title: Title, request: Request) -> Answer:
        if title.behaviour is Behaviour.FAILING:
            refused = sum(asked.title == title.id for asked in self.asked)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, delay_s=_HANG_S if refused >= _REFUSALS else 0.0)
        if request.path == "/robots.txt":
            return Answer(body=ROBOTS, headers=(("Content-Type", "text/plain"),))
        now_seen = [seen for seen in reversed(self.press.of(title)) if self.visible(seen)]
        if request.path == _feed_path(title):
            return self._feed(title, now_seen, request)
        if request.path == "/":
            return _page(title, home_page(title, feed_url=_feed_path(title), seen=now_seen))
        for seen in now_seen:
            if request.path == seen.path:
                others = [other for other in now_seen if other != seen][:_OTHERS]
                at = self._published_at(seen)
                return _page(title, article_page(seen, url=self.url(seen), published_at=at, others=others))
        return Answer(HTTPStatus.NOT_FOUND)

    def _feed(self, title: Title, listed: list[Appearance], request: Request) -> Answer:
        entries = [(seen, self._published_at(seen)) for seen in listed]
        body = feed_document(title, entries, site=self._site(title))
        changed_at = max((at for _, at in entries), default=self._started_at)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if title.behaviour is Behaviour.LYING:
            etag, changed_at = f'"{len(self.asked)}"', self._clock.now()
        headers = (("ETag", etag), ("Last-Modified", format_datetime(changed_at, usegmt=True)))
        if _unchanged(request, etag, changed_at):
            return Answer(HTTPStatus.NOT_MODIFIED, headers=headers)
        kind = "application/atom+xml" if title.format is Format.ATOM else "application/rss+xml"
        return Answer(body=body, headers=(("Content-Type", kind), *headers))


def _feed_path(title: Title) -> str:
    return "/atom.xml" if title.format is Format.ATOM else "/rss.xml"


def _page(title: Title, body: bytes) -> Answer:
    return Answer(body=body, headers=(("Content-Type", f"text/html; charset={title.encoding}"),))


def _unchanged(request: Request, etag: str, changed_at: datetime) -> bool:
    """Judge a conditional request; If-None-Match wins over the date (RFC 9110, section 13.2.2)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return etag in known
    since = request.headers.get("if-modified-since")
    return since is not None and changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
