"""Who is measured, each in a process of its own: veille, reader, a bare GET over veille's transport, bare extraction.

`python -m benchmarks.contenders NAME FOLDER PORT SITES PATH` does what it reads on standard input, a step a line, and
answers each with a line of JSON: the CPU seconds of its tree of processes, and what it counted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmarks import processes
from benchmarks.press import article, site

if TYPE_CHECKING:
    from monitor.app import App

__all__ = ["Contender", "contender"]

_LIVE_S = 20.0
_AT_ONCE = 20  # requests under way, as many as veille's fast lane has


@dataclass(frozen=True)
class Contender:
    """One that runs."""

    steps: IO[str]
    answers: IO[str]

    def do(self, step: str) -> dict[str, Any]:
        """Let it do one step, and return what it counted; `cpu_s` and `wall_s` among it."""
        print(step, file=self.steps, flush=True)
        told: dict[str, Any] = json.loads(self.answers.readline() or "{}")
        if not told:
            raise SystemExit(f"the contender ended at {step!r}")
        return told


@contextmanager
def contender(name: str, folder: Path, *, port: int, sites: int, path: str = "/etag.xml") -> Iterator[Contender]:
    """Run one on `sites` feeds."""
    words = [sys.executable, "-m", "benchmarks.contenders", name, str(folder), str(port), str(sites), path]
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("no pipes")
        try:
            yield Contender(process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait()


# --- inside -----------------------------------------------------------------------------------------------------------


def main() -> None:
    name, folder, port, sites, path = sys.argv[1:]
    urls = [f"http://{site(number)}:{port}{path}" for number in range(int(sites))]
    if name == "reader":
        _reader(Path(folder), urls)
    else:
        run = {"veille": _veille, "bare": _bare, "extraction": _extraction}[name]
        asyncio.run(run(Path(folder), urls))


@contextmanager
def _measured(told: dict[str, Any]) -> Iterator[None]:
    before_s, started = processes.cpu_s(os.getpid()), time.monotonic()
    yield
    told |= {"cpu_s": processes.cpu_s(os.getpid()) - before_s, "wall_s": time.monotonic() - started}


async def _steps() -> AsyncIterator[str]:
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line.strip()


def _reader(folder: Path, urls: list[str]) -> None:
    from reader import make_reader

    with closing(make_reader(str(folder / "reader.db"))) as reader:
        for url in urls:
            reader.add_feed(url)
        for _ in sys.stdin:
            told: dict[str, Any] = {}
            with _measured(told):
                reader.update_feeds(scheduled=False)
            print(json.dumps(told), flush=True)


async def _bare(_folder: Path, urls: list[str]) -> None:
    """Ask and read the answer, over the transport that veille has, and do nothing with it."""
    import httpx

    from monitor.http.addresses import resolve
    from monitor.http.client import _public_authorities
    from monitor.http.transport import CheckedBackend, LaneTransport

    transport = LaneTransport(
        backend=CheckedBackend(allow=[ip_network("127.0.0.0/8")], resolver=resolve),
        ssl_context=_public_authorities(),
        connections_per_host=1,
        max_lanes=128,
        idle_s=30.0,
    )
    etags: dict[str, str] = {}

    async def ask(url: str) -> None:
        headers = {"If-None-Match": etags[url]} if url in etags else {}
        answer = await transport.handle_async_request(httpx.Request("GET", url, headers=headers))
        await answer.aread()
        await answer.aclose()
        etags.update({url: answer.headers["etag"]} if "etag" in answer.headers else {})

    async for _ in _steps():
        told: dict[str, Any] = {}
        with _measured(told):
            await _all(ask, urls)
        print(json.dumps(told), flush=True)
    await transport.aclose()


async def _all(work: Callable[[str], Any], urls: list[str]) -> None:
    left = iter(urls)

    async def some() -> None:
        for url in left:
            await work(url)

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def _extraction(_folder: Path, urls: list[str]) -> None:
    """Read the same page again and again in two children, and nothing else."""
    from monitor import extract
    from monitor.model import Page

    async def read(url: str) -> None:
        await extract.read(pool, Page(url, url, article(), "text/html; charset=utf-8"))

    async with extract.worker_pool(2) as pool:
        await _all(read, urls[:_AT_ONCE])
        async for _ in _steps():
            told: dict[str, Any] = {}
            with _measured(told):
                await _all(read, urls)
            print(json.dumps(told), flush=True)


async def _veille(folder: Path, urls: list[str]) -> None:
    async with _app(folder, urls) as app:
        async for step in _steps():
            told: dict[str, Any] = {}
            with _measured(told):
                await _STEPS[step](app)
            told |= await asyncio.to_thread(_counted, app)
            print(json.dumps(told), flush=True)


async def _poll(app: App) -> None:
    """Poll every feed, and leave what is new for `read`."""
    tools = app.tools
    now = tools.clock.now()
    app.runner._due_by = now  # noqa: SLF001  as `run_once` does, without the articles
    await tools.thread.run(tools.store.make_due, now=now)
    await asyncio.gather(*(pump.drain() for pump in app.runner.hosts.values()))


async def _read(app: App) -> None:
    await asyncio.gather(*(pump.drain() for pump in app.runner.articles.values()))


async def _live(app: App) -> None:
    from monitor.heap import settle

    settle()
    app.runner.start()
    await asyncio.sleep(_LIVE_S)


async def _know(app: App) -> None:
    """Let every feed have been polled, as far as the next poll can tell."""
    await _write(app, """UPDATE feed SET etag = '"0"', baseline_at = added_at, last_ok_at = added_at""")


async def _rest(app: App) -> None:
    """Let no feed be due today."""
    for table in ("feed", "host"):
        await _write(app, f"UPDATE {table} SET next_due_at = '2099-01-01T00:00:00.000000Z'")  # noqa: S608  our own words


async def _write(app: App, sql: str) -> None:
    with closing(sqlite3.connect(app.tools.settings.database)) as log, log:
        log.execute(sql)


_STEPS: Mapping[str, Callable[[Any], Awaitable[None]]] = {
    "poll": _poll,
    "read": _read,
    "live": _live,
    "know": _know,
    "rest": _rest,
}


def _counted(app: App) -> dict[str, Any]:
    with closing(sqlite3.connect(app.tools.settings.database)) as log:
        ok = log.execute("SELECT count(*) FROM feed WHERE last_ok_at IS NOT NULL").fetchone()[0]
        read = log.execute("SELECT count(*) FROM article WHERE completeness = 'full'").fetchone()[0]
    stall_s = app.tools.metrics.registry.get_sample_value("veille_loop_stall_seconds") or 0.0
    return {"ok": ok, "read": read, "stall_ms": stall_s * 1000}


@asynccontextmanager
async def _app(folder: Path, urls: list[str]) -> AsyncIterator[App]:
    from monitor.app import opened
    from monitor.clock import SystemClock
    from monitor.settings import load_settings

    (folder / "feeds.txt").write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
    (folder / ".env").write_text(
        f"VEILLE_DATABASE={folder / 'veille.db'}\nVEILLE_FEEDS={folder / 'feeds.txt'}\nVEILLE_PAGE_INTERVAL_S=0\n"
        "VEILLE_POLL_MIN_S=86400\nVEILLE_POLL_MAX_S=86400\nVEILLE_FETCH_ALLOW_NETWORKS=127.0.0.0/8\n",
        encoding="utf-8",
    )
    logging.disable()
    with opened(load_settings(folder / ".env"), clock=SystemClock()) as app:
        await app.declare_feeds()
        try:
            yield app
        finally:
            await app.stop(grace_s=1)


if __name__ == "__main__":
    main()
