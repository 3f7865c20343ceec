"""Small things that cost others dearly, each through the real path: the door, then a child (promises R1 to R3, R6).

What feedparser, trafilatura and httpx do with them by themselves was measured before: minutes, gigabytes, or for ever.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import pytest

from benchmarks import processes
from monitor import extract, feeds
from monitor.demo import background
from monitor.errors import ExternalError
from monitor.model import Page
from tests.monitor.http.server import Handler, Request, Server, answering, client, response, routing, serving

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.untraced,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

MB = 1_000_000
CPU_S = 5.0
GRACE_S = 0.5  # from a child's limit to its end, and for what surrounds it
MEMORY_MB = 200.0
STALL_S = 0.5
FEED_BYTES, PAGE_BYTES = 10 * 1024 * 1024, 5 * 1024 * 1024
URL = "https://gazette.example/une"


def rss(items: str, *, head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>'.encode()


def laughs(levels: int) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels))
    head = f'<!DOCTYPE rss [<!ENTITY e0 "lol">{entities}]>'
    return rss(f"<item><title>&e{levels - 1};</title></item>", head=head)


def foreign(entity: str) -> bytes:
    return rss("<item><title>&x;</title></item>", head=f"<!DOCTYPE rss [{entity}]>")


def story(text: str) -> bytes:
    return rss(f"<item><title>T</title><description>{text}</description></item>")


FEEDS: Mapping[str, bytes] = {
    "160,000 comments that do not end": story("<![CDATA[" + "<!--" * 160_000 + "]]>"),
    "160,000 of them, escaped": story("&lt;!--" * 160_000),
    "a billion laughs": laughs(10),
    "a million of them": laughs(7),
    "a file as an entity": foreign('<!ENTITY x SYSTEM "file:///etc/passwd">'),
    "an address as an entity": foreign('<!ENTITY x SYSTEM "http://127.0.0.1:9/secret">'),
    "a document type elsewhere": rss("", head='<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd">'),
    "a parameter entity": foreign('<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;'),
    "10,000 items": rss("".join(f"<item><title>{n}</title><guid>{n}</guid></item>" for n in range(10_000))),
    "100,000 items": rss("".join(f"<item><title>{n}</title><guid>{n}</guid></item>" for n in range(100_000))),
    "10 MB of items": rss("".join(f"<item><title>{n}</title>{'x' * 9000}</item>" for n in range(1100))),
    "10 MB in one item": story("mot " * 2_500_000),
    "10 MB that are not well-formed": rss("".join(f"<item><title>{n}<b></title>{'x' * 900}" for n in range(10_000))),
    "100,000 tags in each other": b"<rss>" + b"<a>" * 100_000,
    "100,000 div in each other": story("<![CDATA[" + "<div>" * 100_000 + "]]>"),
}

TEXT = "Le préfet a reçu les élus du littoral, qui demandent un nouveau plan pour la digue. "


def html(body: str, *, head: str = "") -> bytes:
    article = f"<article><h1>La digue</h1><p>{TEXT * 8}</p></article>"
    return (
        f"<!doctype html><html><head><title>La digue</title>{head}</head><body>{article}{body}</body></html>".encode()
    )


PAGES: Mapping[str, bytes] = {
    "an ordinary page": html(""),
    "100,000 escaped quotes in JSON-LD": html(
        "", head='<script type="application/ld+json">{"headline": "' + '\\"' * 100_000 + "</script>"
    ),
    "100,000 attributes": html("<p " + " ".join(f'a{n}="b"' for n in range(100_000)) + ">x</p>"),
    "a table of 50,000 rows": html("<table>" + f"<tr>{'<td>1</td>' * 10}</tr>" * 45_000 + "</table>"),
    "100,000 links": html("".join(f'<a href="/rubrique/{n}">lien {n}</a>' for n in range(100_000))),
    "5 MB of text": html(f"<p>{TEXT * 12}</p>" * 4500),
    "a million div": html("<div>" * 900_000),
    "100,000 tags that are not closed": html("<b>" * 100_000),
    "lists in lists": html("<ul><li>" * 50_000),
    "tables in tables": html("<table><tr><td>" * 50_000),
    "quotes in quotes": html("<blockquote>" * 100_000),
    "spans in spans": html("<span>" * 10_000 + TEXT),
    "a NUL": html("<p>avant\0après</p>"),
    "entities": b'<!DOCTYPE html [<!ENTITY a "b">' + b'<!ENTITY c "&a;&a;">' * 20_000 + b"]>" + html("&c;"),
    "a file as an entity": b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + html("<p>&x;</p>"),
    "random bytes": os.urandom(500_000),
    "a PDF": b"%PDF-1.7\n" + os.urandom(100_000),
    "nothing": b"",
    "please enable JavaScript": b"<html><body><p>Please enable JavaScript and cookies to continue</p></body></html>",
}


@dataclass(frozen=True)
class Cost:
    """What something took; `outcome` is the reason that it failed for, or "read"."""

    outcome: str
    cpu_s: float
    memory_mb: float
    stall_s: float

    @property
    def is_small(self) -> bool:
        return self.cpu_s <= CPU_S + GRACE_S and self.memory_mb <= MEMORY_MB and self.stall_s <= STALL_S


def memory_mb() -> float:
    return sum(map(processes.memory_mb, processes.tree(os.getpid())))


def spent_s() -> float:
    """Return the CPU seconds of the loop's thread and of the children; what serves and what watches are elsewhere."""
    return time.thread_time() + processes.cpu_s(os.getpid()) - processes.cpu_of(os.getpid())


async def cost_of(work: Callable[[], Awaitable[object]]) -> Cost:
    """Do something, with an eye on the loop, the processor and the memory of all our processes."""
    stall_s, most_mb, base_mb, outcome = 0.0, 0.0, await asyncio.to_thread(memory_mb), "read"

    async def watch_loop() -> None:
        nonlocal stall_s
        while True:
            before, queued_s = time.monotonic(), processes.queued_s()
            await asyncio.sleep(0.01)
            others_s = processes.queued_s() - queued_s  # that other programs on this machine took
            stall_s = max(stall_s, time.monotonic() - before - 0.01 - others_s)

    async def watch_memory() -> None:
        nonlocal most_mb
        while True:
            most_mb = max(most_mb, await asyncio.to_thread(memory_mb))
            await asyncio.sleep(0.05)

    watching = [asyncio.create_task(watch()) for watch in (watch_loop, watch_memory)]
    before_s = spent_s()
    try:
        await work()
    except ExternalError as error:
        outcome = error.reason
    cpu_s = spent_s() - before_s
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return Cost(outcome, cpu_s, most_mb - base_mb, stall_s)


@contextmanager
def served(handler: Handler) -> Iterator[Server]:
    """Serve from a thread of its own: what it costs to send a bomb is not what it costs to receive it."""

    async def enter() -> Server:
        return await stack.enter_async_context(serving(handler))

    stack = AsyncExitStack()
    with background() as elsewhere:
        try:
            yield elsewhere.run(enter())
        finally:
            elsewhere.run(stack.aclose())


@pytest.mark.parametrize("bomb", FEEDS)
def test_r3_a_feed_that_is_a_bomb_costs_little(bomb: str) -> None:
    async def run(url: str) -> Cost:
        async with client() as http, feeds.worker_pool() as pool:
            await feeds.parse(pool, rss("<item><title>T</title></item>"), url=URL)

            async def read() -> None:
                answer = await http.get(url, max_bytes=FEED_BYTES)
                parsed = await feeds.parse(pool, answer.body, url=URL)
                assert all(len(entry.title) <= 500 and "root:" not in entry.title for entry in parsed.entries)

            return await cost_of(read)

    with served(answering(response(200, FEEDS[bomb], content_type="application/rss+xml"))) as server:
        cost = asyncio.run(run(server.url()))

    assert cost.is_small, cost


@pytest.mark.parametrize("bomb", PAGES)
def test_r3_a_page_that_is_a_bomb_costs_little(bomb: str) -> None:
    async def run(url: str) -> Cost:
        async with client() as http, extract.worker_pool(1) as pool:
            await extract.read(pool, Page(URL, URL, PAGES["an ordinary page"], "text/html"))

            async def read() -> None:
                answer = await http.get(url, max_bytes=PAGE_BYTES)
                found = await extract.read(pool, Page(URL, URL, answer.body, "text/html"))
                assert "root:" not in found.text

            return await cost_of(read)

    with served(answering(response(200, PAGES[bomb], content_type="text/html; charset=utf-8"))) as server:
        cost = asyncio.run(run(server.url()))

    assert cost.is_small, cost
    assert cost.outcome == "read" or bomb != "an ordinary page"


def sending(head: str, pieces: Callable[[], Iterable[bytes]]) -> Handler:
    """A handler that writes a head, then pieces until the other side has gone."""

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        for piece in pieces():
            writer.write(piece)
            await writer.drain()
        writer.close()

    return handle


async def dripping(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


def inflating() -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(500):
        yield packer.compress(bytes(1 << 20))


def many(piece: bytes, times: int) -> Callable[[], Iterable[bytes]]:
    def pieces() -> Iterator[bytes]:
        for _ in range(times):
            yield piece

    return pieces


def early(times: int) -> Handler:
    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        for _ in range(times // 1000):
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)
            await writer.drain()
        writer.write(response(200, b"une"))

    return handle


def stacked() -> bytes:
    body = bytes(100_000_000)
    for _ in range(3):
        body = gzip.compress(body)
    return body


ANSWERS: Mapping[str, tuple[Handler, str]] = {
    "500 MB of gzip": (sending("content-encoding: gzip\r\n", inflating), "too_large"),
    "brotli": (answering(response(200, b"\x00" * 405, content_encoding="br")), "encoding"),
    "zstd": (answering(response(200, b"\x28\xb5\x2f\xfd" + bytes(16_000), content_encoding="zstd")), "encoding"),
    "gzip in gzip in gzip": (answering(response(200, stacked(), content_encoding="gzip, gzip, gzip")), "encoding"),
    "a cut gzip": (answering(response(200, gzip.compress(os.urandom(9999))[:-9], content_encoding="gzip")), "encoding"),
    "a body that drips": (dripping, "timeout"),
    "100 MB without an end": (sending("", many(bytes(1 << 20), 100)), "too_large"),
    "100 MB on a redirect": (
        routing(
            {
                "/": b"HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 100000000\r\n\r\n" + bytes(4 * MB),
                "/b": response(200, b"une"),
            }
        ),
        "read",
    ),
    "5,000 headers": (sending("".join(f"x-{n}: y\r\n" for n in range(5000)), many(b"", 1)), "read"),
    "a header of 10 MB": (sending(f"x: {'y' * 10 * MB}\r\n", many(b"", 1)), "protocol"),
    "200,000 early hints": (early(200_000), "protocol"),
    "a short body": (sending("content-length: 50\r\n", many(b"short", 1)), "protocol"),
}  # fmt: skip


@pytest.mark.parametrize("bomb", ANSWERS)
def test_r1_an_answer_that_is_a_bomb_costs_little(bomb: str) -> None:
    handler, expected = ANSWERS[bomb]

    async def run(url: str) -> Cost:
        async with client() as http:

            async def read() -> None:
                await http.get(url, max_bytes=FEED_BYTES, deadline_s=5.0)

            return await cost_of(read)

    with served(handler) as server:
        cost = asyncio.run(run(server.url()))

    assert cost.is_small, cost
    assert expected == cost.outcome
