"""One site does its worst; the one beside it is watched as ever (promises R1-R6, S1)."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import Answer, WebhookReceiver
from tests.acceptance.child import Daemon, ended, free_port, memory_of
from tests.monitor.bench import Site, item, rss
from tests.monitor.http.server import Request, Server, serving

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

MB = 1_000_000
NEWS = "Guerre en Ukraine : une frappe russe sur Kharkiv fait trois morts"
FALSE_FRIENDS = (
    "Les montagnes russes du parc de la Lande rouvrent samedi",
    "À l'encre de Chine, trente ans de dessins au musée de Lutèce",
    "Une machine à vapeur de 1880 repart au dépôt de Gisors-le-Vieux",
    "Elle chine des meubles anciens et les répare dans son atelier",
)
RSS = (("Content-Type", "application/rss+xml"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)
GZIP = ("Content-Encoding", "gzip")


def _entities() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<!DOCTYPE rss [<!ENTITY e0 "dix">{levels}]><rss version="2.0"><channel><title>&e9;</title></channel>'.encode()
    )


def _bombs(now: datetime) -> dict[str, Answer]:
    """Return the feeds and pages that cost far more to read than to send, by path."""
    zeros = gzip.compress(b"\0" * 60 * MB)
    pages = {
        "/p/gzip": Answer(body=zeros, headers=(*HTML, GZIP)),
        "/p/attributes": Answer(body=b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x", headers=HTML),
        "/p/comments": Answer(body=b"<!--" * 1_000_000, headers=HTML),
        "/p/deep": Answer(body=b"<div>" * 500_000, headers=HTML),
        "/p/unclosed": Answer(body=b"<a href='" * 400_000, headers=HTML),
    }
    return {
        "/entities.xml": Answer(body=_entities(), headers=RSS),
        "/gzip.xml": Answer(body=zeros, headers=(*RSS, GZIP)),
        "/comments.xml": Answer(body=b"<rss><channel>" + b"<!--" * 2_000_000, headers=RSS),
        "/deep.xml": Answer(body=b"<rss>" + b"<item>" * 600_000, headers=RSS),
        "/title.xml": Answer(body=rss(item("http://127.0.0.1:9/", "a" * 3 * MB, at=now)), headers=RSS),
        **pages,
    }


async def _drip(request: Request, writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss>")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _sites() -> AsyncIterator[tuple[Site, Site, Server, WebhookReceiver]]:
    healthy, hostile, webhook = Site(), Site(), WebhookReceiver()
    async with AsyncExitStack() as stack:
        for server in (healthy.server, hostile.server, webhook):
            await server.start()
            stack.push_async_callback(server.stop)
        yield healthy, hostile, await stack.enter_async_context(serving(_drip)), webhook


class Watch:
    """Asks after a daemon's health and memory until told to stop."""

    def __init__(self, daemon: Daemon, port: int) -> None:
        self._daemon = daemon
        self._port = port
        self.most_bytes = 0
        self.answers = 0

    async def run(self) -> None:
        while True:
            self.most_bytes = max(self.most_bytes, memory_of(self._daemon.pid))
            assert "ok\n" == await asyncio.to_thread(self.ask, "/healthz")
            self.answers += 1
            await asyncio.sleep(0.1)

    def ask(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def test_r3_a_site_that_does_its_worst_holds_nobody_else_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with _sites() as (healthy, hostile, dripping, webhook):
            now = datetime.now(UTC)
            hostile.answers.update(_bombs(now))
            old = item(healthy.url("/vieux"), "Le marché de Noël", at=now - timedelta(days=30))
            healthy.publish("/rss.xml", old)
            hostile.publish("/pages.xml", old)
            feeds = [path for path in hostile.answers if path.endswith(".xml")]
            port = free_port()
            daemon = Daemon(
                tmp_path,
                feeds=[*(hostile.url(path) for path in feeds), dripping.url("/drip.xml"), healthy.url("/rss.xml")],
                webhook_url=webhook.url,
                webhook_secret=webhook.secret,
                http_address=f"127.0.0.1:{port}",
            )
            with ended(daemon):
                await _watch(daemon, port, healthy=healthy, hostile=hostile, dripping=dripping, webhook=webhook)

    asyncio.run(main())


async def _watch(
    daemon: Daemon, port: int, *, healthy: Site, hostile: Site, dripping: Server, webhook: WebhookReceiver
) -> None:
    daemon.start()
    watch = Watch(daemon, port)
    await _until(daemon, lambda: healthy.asked("/rss.xml") >= 2 and hostile.asked("/pages.xml") >= 1)
    watching = asyncio.create_task(watch.run())
    now = datetime.now(UTC)
    hostile.publish("/pages.xml", *(item(hostile.url(path), f"Une {path}", at=now) for path in _pages(hostile)))
    await _until(daemon, lambda: all(hostile.asked(path) for path in hostile.answers) and dripping.requests)
    for number, title in enumerate((*FALSE_FRIENDS, NEWS)):
        healthy.page(f"/{number}", f"{title}. " + "Les habitants racontent leur journée. " * 40)
    titled = [item(healthy.url(f"/{n}"), title, at=now) for n, title in enumerate((*FALSE_FRIENDS, NEWS))]
    healthy.publish("/rss.xml", *titled)
    await _until(daemon, lambda: webhook.received, within_s=15)
    await _until(
        daemon,
        lambda: not daemon.query("SELECT 1 FROM entry WHERE state = 'to_read' AND (attempts = 0 OR lease_until > 0)"),
    )
    await _until(daemon, lambda: not daemon.query("SELECT 1 FROM feed WHERE last_polled_at IS NULL"), within_s=60)
    metrics = await asyncio.to_thread(watch.ask, "/metrics")
    watching.cancel()
    [ended_watch] = await asyncio.gather(watching, return_exceptions=True)

    assert isinstance(ended_watch, asyncio.CancelledError), ended_watch
    assert {NEWS} == {received.payload["data"]["story"]["title"] for received in webhook.received}
    assert _value(metrics, "veille_loop_stall_seconds") < 0.5
    assert "veille_errors_total{" not in metrics
    assert watch.most_bytes <= 500 * MB
    assert watch.answers > 10
    assert 0 == await asyncio.to_thread(daemon.stop)


def _pages(hostile: Site) -> list[str]:
    return [path for path in hostile.answers if path.startswith("/p/")]


def _value(metrics: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    assert found is not None
    return float(found[1])


async def _until(daemon: Daemon, condition: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Wait beside the servers, which live in this loop."""
    async with asyncio.timeout(within_s):
        while not condition():
            assert daemon.process is not None
            assert daemon.process.poll() is None, daemon.says()
            await asyncio.sleep(0.05)
