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
from tests.monitor.http.server import Request, Server, response, serving
from tests.monitor.tcp import tcp

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.untraced,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

MB = 1_000_000
CROWD = 40
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
    await _until(daemon, lambda: not daemon.query("SELECT 1 FROM feed WHERE last_polled_at IS NULL"))
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


def test_r5_a_crowd_of_hosts_that_send_all_they_may_takes_little_memory_and_delays_nobody(tmp_path: Path) -> None:
    body = rss(*(item(f"http://127.0.0.1:9/{n}", "Titre", "mot " * 24_000, at=datetime.now(UTC)) for n in range(98)))
    answer = response(200, body, content_type="application/rss+xml")
    hosts = [f"127.0.2.{n}" for n in range(1, CROWD + 1)]

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    async def main() -> None:
        healthy, webhook, port = Site(), WebhookReceiver(), free_port()
        async with AsyncExitStack() as stack:
            for server in (healthy.server, webhook):
                await server.start()
                stack.push_async_callback(server.stop)
            await stack.enter_async_context(tcp(send, hosts=hosts, port=port))
            now = datetime.now(UTC)
            healthy.publish("/rss.xml", item(healthy.url("/vieux"), "Le marché de Noël", at=now - timedelta(days=30)))
            daemon = Daemon(
                tmp_path,
                feeds=[*(f"http://{host}:{port}/" for host in hosts), healthy.url("/rss.xml")],
                webhook_url=webhook.url,
                webhook_secret=webhook.secret,
            )
            with ended(daemon):
                daemon.start()
                most_bytes = 0

                def measured(condition: Callable[[], object]) -> bool:
                    nonlocal most_bytes
                    most_bytes = max(most_bytes, memory_of(daemon.pid))
                    return bool(condition())

                await _until(daemon, lambda: measured(lambda: healthy.asked("/rss.xml") >= 2), within_s=15)
                healthy.page("/0", f"{NEWS}. " + "Les habitants racontent leur journée. " * 40)
                healthy.publish("/rss.xml", item(healthy.url("/0"), NEWS, at=datetime.now(UTC)))
                await _until(daemon, lambda: measured(lambda: webhook.received), within_s=15)
                read = "SELECT 1 FROM feed WHERE is_heavy OR failures"  # on a slow machine some take too much CPU
                await _until(daemon, lambda: measured(lambda: len(daemon.query(read)) >= 4))

            assert {NEWS} == {received.payload["data"]["story"]["title"] for received in webhook.received}
            assert len(body) > 9 * MB
            assert most_bytes <= 500 * MB

    asyncio.run(main())


def _pages(hostile: Site) -> list[str]:
    return [path for path in hostile.answers if path.startswith("/p/")]


def _value(metrics: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    assert found is not None
    return float(found[1])


async def _until(daemon: Daemon, condition: Callable[[], object], *, within_s: float = 120.0) -> None:
    """Wait beside the servers, which live in this loop."""
    async with asyncio.timeout(within_s):
        while not condition():
            assert daemon.process is not None
            assert daemon.process.poll() is None, daemon.says()
            await asyncio.sleep(0.05)
