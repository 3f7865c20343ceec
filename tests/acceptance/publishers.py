"""Publishers on loopback addresses of their own, each with a script of what it does to whoever asks, and a log.

A script is driven by requests and not by a clock: an *act* answers one request for the feed, the next act the next one.
So a slow machine sees the same play as a fast one. What a publisher publishes, it publishes when it is asked: some
before its acts, one article with each act, one of each kind after them.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from html import escape
from typing import TypeAlias

from tests.acceptance.child import free_port
from tests.monitor.bench import filler, item, rss
from tests.monitor.http.server import Request, read_request, response
from tests.monitor.tcp import tcp

FEED = "/rss.xml"
_FACT = "Le train quitte Kharkiv avant l'aube, et personne ne sait quand il reviendra."
_MENU = '<aside><h2>Lire aussi</h2><ul><li><a href="/k">Kharkiv sous la neige</a></li></ul></aside>'


class Kind(StrEnum):
    """Where an article says what it is found by."""

    TITLE = "title"
    SUMMARY = "summary"
    TEXT = "text"
    NOTHING = "nothing"  # a false friend


KINDS = (Kind.TITLE, Kind.SUMMARY, Kind.TEXT, Kind.NOTHING)
_TITLES = {
    Kind.TITLE: "À Kharkiv, l'été : dépêche {}",
    Kind.SUMMARY: "Une nuit de veille, récit nº {}",
    Kind.TEXT: "L'hôtel de la gare, reportage {}",
    Kind.NOTHING: "Les Kharkiviens de Lutèce fêtent Noël : épisode {}",
}


@dataclass(frozen=True)
class Piece:
    """An article as it was published; its number stands in its title and nowhere else in the press."""

    number: int
    kind: Kind
    at: datetime
    link: str
    is_first: bool = False  # told in the recap of first polls

    @property
    def title(self) -> str:
        return f"{_TITLES[self.kind].format(self.number)} {self._words(2)}"

    @property
    def summary(self) -> str:
        told = _FACT if self.kind is Kind.SUMMARY else "Rien de plus à cette heure."
        return f"{told} {self._words(3)}"

    @property
    def word(self) -> str:
        """A word of its title that no other piece has."""
        return self._words(2).split()[0]

    def _words(self, part: int) -> str:
        """Return words that no other piece has: another number in the same title is no other story."""
        return " ".join(filler(self.number, part).split()[1:12:2])

    def page(self) -> bytes:
        told = _FACT if self.kind is Kind.TEXT else "La suite est pour demain."
        paragraphs = "".join(f"<p>{escape(text)}</p>" for text in (filler(self.number), told, filler(self.number, 1)))
        head = f"<head><meta charset=utf-8><title>{escape(self.title)}</title></head>"
        body = f"<body><article><h1>{escape(self.title)}</h1>{paragraphs}</article>{_MENU}</body>"
        return f"<!DOCTYPE html><html lang=fr>{head}{body}</html>".encode()


@dataclass
class Asked:
    """One request, as the log of its publisher tells it; times in Unix seconds."""

    path: str
    headers: Mapping[str, str]
    at: float
    ended_at: float = float("inf")
    status: int = 0  # 0: there was no whole answer
    size: int = 0  # of the body
    etag: str = ""  # that was given with it
    last_modified: str = ""
    not_before: float = 0.0  # no other request before then

    def __str__(self) -> str:
        return f"{self.path} ({self.status}) from {self.at:.2f} to {self.ended_at:.2f}"

    @property
    def is_page(self) -> bool:
        return self.path.startswith("/a/")


@dataclass
class Exchange:
    """A request and the way to answer it."""

    publisher: Publisher
    asked: Asked
    writer: asyncio.StreamWriter

    async def send(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer; `content_type="x"` is `content-type: x`."""
        self.asked.size = len(body)
        await self.write(response(status, body, **headers))
        self.asked.status = status
        self.asked.etag = _as_read(headers.get("etag", ""))
        self.asked.last_modified = headers.get("last_modified", "")

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def well(self) -> None:
        """Answer with the feed as it is now, or with 304."""
        await self.publisher.answer_feed(self)


Act: TypeAlias = Callable[[Exchange], Awaitable[None]]
Document: TypeAlias = tuple[bytes, str]
Writer: TypeAlias = "Callable[[Publisher], Document]"


def _as_read(header: str) -> str:
    """Return what `response` writes of a header as `read_request` reads it."""
    return header.encode().decode("latin-1")


async def well(exchange: Exchange) -> None:
    """Answer as one should."""
    await exchange.well()


def as_rss(publisher: Publisher) -> Document:
    return rss(*(item(piece.link, piece.title, piece.summary, at=piece.at) for piece in publisher.listed)), (
        "application/rss+xml"
    )


@dataclass(eq=False)
class Publisher:
    """One publisher.

    Args:
        name: what is special about it.
        acts: what it does with the requests for its feed that follow the first good one.
        first: and with those before it.
        then: what it does once all is published.
        page_acts: what it does with the first requests for each page.
        write: the feed of what it lists.
        robots: its robots.txt, or an act; None: 404.
        paths: what stands at other paths.
        declared: whether the daemon is told its feed.
        feeds: the paths of its feeds; the first one follows the script.
        recaps: whether it has an article for the recap when it opens.
        has_validators: whether it gives ETag and Last-Modified.
        pages_are_read: whether what only a page says can be owed.
        reread: the kinds whose pages may be read once more, as its feed changes them.
        after: what it publishes after its acts.
        calm: how many more good answers it gives before its acts.
    """

    name: str
    acts: Sequence[Act] = ()
    first: Sequence[Act] = ()
    then: Act = well
    page_acts: Sequence[Act] = ()
    write: Writer = as_rss
    robots: str | Act | None = None
    paths: Mapping[str, Act] = field(default_factory=dict)
    declared: bool = True
    feeds: Sequence[str] = (FEED,)
    recaps: bool = False
    has_validators: bool = True
    pages_are_read: bool = True
    reread: Sequence[Kind] = ()
    after: Sequence[Kind] = (Kind.TITLE, Kind.TEXT)
    calm: int = 0
    host: str = ""
    port: int = 0
    pieces: list[Piece] = field(default_factory=list)
    log: list[Asked] = field(default_factory=list)
    is_done: bool = False  # the script is over, and all is published

    def __post_init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count()
        self._script = self._play()
        self._page_turns: dict[str, Iterator[Act]] = {}
        self.is_done = FEED in self.paths

    def open(self, host: str, port: int, numbers: Iterator[int]) -> None:
        """Take an address, and list what there was before the daemon came."""
        self.host, self.port, self._numbers = host, port, numbers
        self.publish(Kind.TITLE, age=timedelta(days=30))
        if self.recaps:
            self.publish(Kind.TITLE, is_first=True)

    def url(self, path: str = FEED) -> str:
        return f"http://{self.host}:{self.port}{path}"

    @property
    def listed(self) -> list[Piece]:
        """What its feed lists, newest first."""
        return self.pieces[::-1]

    @property
    def owed(self) -> list[Piece]:
        """What must be told of it."""
        kinds = {Kind.TITLE, Kind.SUMMARY} | ({Kind.TEXT} if self.pages_are_read else set())
        return [piece for piece in self.pieces[1:] if piece.kind in kinds]

    def publish(self, kind: Kind, *, age: timedelta = timedelta(), is_first: bool = False) -> Piece:
        number = next(self._numbers)
        piece = Piece(number, kind, datetime.now(UTC) - age, self.url(f"/a/{number}"), is_first=is_first)
        self.pieces.append(piece)
        return piece

    def take_up(self, piece: Piece) -> None:
        """Publish what another has published, word for word: a dispatch."""
        self.pieces.append(replace(piece, at=datetime.now(UTC), link=self.url(f"/a/{piece.number}")))

    def may_be_reread(self, path: str) -> bool:
        """Return whether the page at a path may be read once more; a third time would be 15 minutes later."""
        return any(piece.link == self.url(path) and piece.kind in self.reread for piece in self.pieces)

    def asked(self, path: str) -> list[Asked]:
        return [asked for asked in self.log if asked.path == path]

    # --- answering --------------------------------------------------------------------------------------------------

    async def answer(self, request: Request, writer: asyncio.StreamWriter, has_left: Callable[[], bool]) -> None:
        """Answer one request, or stop when who asked has left."""
        asked = Asked(request.path, request.headers, time.time())
        self.log.append(asked)
        answering = asyncio.ensure_future(self._act(asked)(Exchange(self, asked, writer)))
        try:
            while not answering.done() and not has_left():
                await asyncio.wait((answering,), timeout=0.02)
        finally:
            asked.ended_at = time.time()
            answering.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await answering

    def _act(self, asked: Asked) -> Act:
        path = asked.path.partition("?")[0]
        if path in self.paths:
            return self.paths[path]
        if path in self.feeds:
            return next(self._script) if path == self.feeds[0] else well
        if path == "/robots.txt":
            return self._answer_robots
        piece = next((piece for piece in self.pieces if piece.link == self.url(path)), None)
        if piece is None:
            return _missing
        return next(self._page_turns.setdefault(path, iter(self.page_acts)), _page(piece))

    def _play(self) -> Iterator[Act]:
        """Yield what to do with each request for the feed; publish what comes with it."""
        yield from self.first
        for _ in range(1 + self.calm):
            yield well
        for kind, act in zip(itertools.cycle(KINDS), self.acts, strict=False):
            self.publish(kind)
            yield act
        for kind in self.after:
            self.publish(kind)
        self.is_done = True
        yield well
        while True:
            yield self.then

    async def answer_feed(self, exchange: Exchange) -> None:
        body, content_type = self.write(self)
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:12]}é"'
        modified = "Thu, 05 Nov 2026 08:00:00 GMT"
        validators = {"etag": etag, "last_modified": modified} if self.has_validators else {}
        if self.has_validators and exchange.asked.headers.get("if-none-match") == _as_read(etag):
            await exchange.send(304, b"", **validators)
        else:
            await exchange.send(200, body, content_type=content_type, **validators)

    async def _answer_robots(self, exchange: Exchange) -> None:
        if callable(self.robots):
            await self.robots(exchange)
        elif self.robots is None:
            await exchange.send(404)
        else:
            await exchange.send(200, self.robots.encode(), content_type="text/plain")


def _page(piece: Piece) -> Act:
    async def act(exchange: Exchange) -> None:
        await exchange.send(200, piece.page(), content_type="text/html; charset=utf-8")

    return act


async def _missing(exchange: Exchange) -> None:
    await exchange.send(404)


@asynccontextmanager
async def press(publishers: Sequence[Publisher]) -> AsyncIterator[None]:
    """Let each publisher answer at a loopback address of its own, all on one port."""
    port, numbers = free_port(), itertools.count(101)
    by_host = {f"127.0.2.{number}": publisher for number, publisher in enumerate(publishers, start=1)}
    for host, publisher in by_host.items():
        publisher.open(host, port, numbers)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        publisher = by_host[writer.get_extra_info("sockname")[0]]
        while not writer.is_closing():
            request = await read_request(reader)
            await publisher.answer(request, writer, lambda: reader.at_eof() or reader.exception() is not None)

    async with tcp(converse, hosts=list(by_host), port=port):
        yield
