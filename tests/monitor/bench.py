"""A whole daemon inside a test: real store, real HTTP on loopback, rules of its own, a clock that is told the time."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest.mock import patch

from monitor.app import App, opened
from monitor.demo import Answer, HttpServer, Received, Request, WebhookReceiver
from monitor.model import DeliveryState, Feed, FeedState, Lane
from monitor.rulesets import load_engine
from monitor.runner import EmbeddedRunner
from monitor.settings import Settings, load_settings
from monitor.stages import ArticleReport, DeliveryReport, FeedReport
from monitor.store import Store
from monitor.workers import WorkerPool
from rules.engine import Engine
from tests.clock import ManualClock

T = TypeVar("T")

HOUR_S = 3600.0
TOMORROW_S = 86_400.0
FILLER = "Le conseil municipal se réunit jeudi soir à la mairie pour examiner le budget des écoles et des routes. " * 6

_RULES = {
    "kharkiv.txt": "Kharkiv\n",
    "essai.yaml": 'id: essai\ntitle: "Essai"\nstatus: experimental\nterms:\n  drone: {any: ["drone"]}\n'
    'condition: "drone"\n',
    "barrage.yaml": 'id: barrage\ntitle: "Barrages"\nstatus: stable\nterms:\n  barrage: {any: ["barrage"], weight: 1}\n'
    'condition: "barrage"\nscore: {threshold: 5}\n',
}


class InlineWorkers(WorkerPool):
    """Does tasks here, at once. That they are done elsewhere is what the tests of `workers` hold."""

    def __init__(self) -> None:
        super().__init__(1, cpu_s=1, memory_bytes=1, deadline_s=1)
        self.tasks: list[str] = []

    async def run(self, task: str, body: bytes, args: Mapping[str, Any] | None = None) -> Any:
        self.tasks.append(task)
        module, _, function = task.partition(":")
        return getattr(importlib.import_module(module), function)(body, args or {})


@dataclass
class Site:
    """A web site whose every page a test decides; what it does not is a 404."""

    server: HttpServer = field(init=False)
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = HttpServer(self._handle)

    def url(self, path: str) -> str:
        return self.server.url + path

    def asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(request.path == path for request in self.requests)

    def publish(self, path: str, *items: str) -> None:
        """Let a feed hold these items."""
        self.answers[path] = Answer(body=rss(*items), headers=(("Content-Type", "application/rss+xml"),))

    def page(self, path: str, *paragraphs: str, head: str = "") -> None:
        """Let an article stand at a path."""
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        body = (
            f"<!DOCTYPE html><html lang=fr><head><title>Une</title>{head}</head><body><article>{text}</article></body>"
        )
        self.answers[path] = Answer(body=body.encode(), headers=(("Content-Type", "text/html; charset=utf-8"),))

    def fail(self, path: str, status: int, **headers: str) -> None:
        """Let a path answer so; `retry_after="60"` is `retry-after: 60`."""
        self.answers[path] = Answer(status, headers=tuple((name.replace("_", "-"), v) for name, v in headers.items()))

    def _handle(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers.get(request.path, Answer(404))


@dataclass
class Desk:
    """An opened daemon with its site and its receiver."""

    app: App
    clock: ManualClock
    site: Site
    webhook: WebhookReceiver
    folder: Path
    reports: list[object]
    arrivals: asyncio.Queue[Received]

    async def arrival(self, *, within_s: float = 20.0) -> Received:
        """Wait for the next message that the receiver accepts."""
        async with asyncio.timeout(within_s):
            return await self.arrivals.get()

    async def cycle(self, *, after_s: float = 0.0) -> None:
        """Let time pass, then do all that is due."""
        self.clock.pass_s(after_s)
        self.reports.clear()
        await self.app.runner.run_once()

    async def open_papers(self, paths: Sequence[str]) -> None:
        """Declare a newspaper for each path, and poll them for the first time: what comes later is news."""
        papers = [Feed(self.site.url(path), outlet=f"Journal {path}") for path in paths]
        await self.app.tools.thread.run(self.app.tools.store.sync_feeds, papers, now=self.clock.now())
        for path in paths:
            self.site.publish(path, self.item(f"/vieux{path}", f"Le marché {path} ouvre", age_s=HOUR_S))
        await self.cycle()

    def item(self, path: str, title: str, summary: str = "", *, age_s: float = 60.0, guid: str = "") -> str:
        """Return an item that links to a path of the site."""
        return item(self.site.url(path), title, summary, at=self.clock.now() - timedelta(seconds=age_s), guid=guid)

    @property
    def feeds(self) -> tuple[FeedState, ...]:
        return self.app.tools.store.feeds()

    @property
    def feed(self) -> FeedState:
        [feed] = self.feeds
        return feed

    @property
    def parsed(self) -> list[str]:
        """The tasks that were given to the feeds' workers."""
        pools = self.app.tools.feed_workers.values()
        return [task for workers in pools if isinstance(workers, InlineWorkers) for task in workers.tasks]

    @property
    def polls(self) -> list[FeedReport]:
        return [report for report in self.reports if isinstance(report, FeedReport)]

    @property
    def articles(self) -> list[ArticleReport]:
        return [report for report in self.reports if isinstance(report, ArticleReport)]

    @property
    def outcomes(self) -> list[str]:
        return [report.outcome for report in self.reports if isinstance(report, DeliveryReport)]

    @property
    def alerts(self) -> list[Received]:
        """What was told at once."""
        return [received for received in self.webhook.received if received.payload["type"] == "story.alert.new"]

    @property
    def recaps(self) -> list[Received]:
        return [received for received in self.webhook.received if received.payload["type"] == "story.recap"]

    @property
    def told(self) -> list[str]:
        """The titles that were told at once, in order."""
        return [received.payload["data"]["story"]["title"] for received in self.alerts]

    def metric(self, name: str, **labels: str) -> float:
        return self.app.tools.metrics.registry.get_sample_value(f"veille_{name}", labels) or 0.0

    def pending(self) -> int:
        return len(self.app.tools.store.deliveries(state=DeliveryState.PENDING))


async def eventually(condition: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Wait until something is true that tells nobody when it becomes so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.01)


def filler(number: int, part: int = 0) -> str:
    """Return a paragraph in words that no other has: else articles that say nearly the same are one story."""
    digest = hashlib.shake_256(f"{number}/{part}".encode()).digest(240)
    words = [
        "".join("bdfglmnprstv"[byte % 12] + "aeiou"[byte // 12 % 5] for byte in digest[at : at + 5])
        for at in range(0, 240, 5)
    ]
    return " ".join("Le {} va de {} à {} avec {}.".format(*words[at : at + 4]) for at in range(0, len(words), 4))


def rss(*items: str) -> bytes:
    channel = "<title>Gazette d'essai</title><link>http://gazette.example/</link>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}{"".join(items)}</channel></rss>'.encode()


def item(link: str, title: str, summary: str = "", *, at: datetime, guid: str = "") -> str:
    return (
        f"<item><title>{escape(title)}</title><link>{link}</link><guid>{guid or link}</guid>"
        f"<description>{escape(summary)}</description><pubDate>{format_datetime(at)}</pubDate></item>"
    )


def write_rules(folder: Path) -> Path:
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    for name, text in _RULES.items():
        (rules / name).write_text(text, encoding="utf-8")
    return rules


@cache
def _usual_engine() -> Engine:
    with TemporaryDirectory() as folder:
        return load_engine(load_settings(None, rules=write_rules(Path(folder))))


def _load_once(settings: Settings, *, tested: bool = True) -> Engine:
    """Load rules as ever, but the usual ones once: that is most of what opening a daemon costs."""
    files = settings.rules.iterdir() if settings.rules is not None else ()
    usual = _RULES == {file.name: file.read_text(encoding="utf-8", errors="replace") for file in files}
    return _usual_engine() if usual else load_engine(settings, tested=tested)


def settings_for(folder: Path, **given: object) -> Settings:
    """Return settings for loopback, with rules and feeds in a folder."""
    feeds = folder / "feeds.txt"
    feeds.touch()
    defaults: dict[str, object] = {
        "database": str(folder / "veille.db"),
        "feeds": feeds,
        "rules": write_rules(folder),
        "page_interval_s": 0,
        "fetch_allow_networks": "127.0.0.0/8",
        "deliver_allow_networks": "127.0.0.0/8",
        "disk_min_mb": 0,  # that of the machine that tests is none of theirs
        "disk_min_percent": 0,
    }
    return load_settings(None, **{**defaults, **given})


@asynccontextmanager
async def opened_desk(
    folder: Path,
    *,
    feeds: tuple[str, ...] = ("/rss.xml",),
    clock: ManualClock | None = None,
    site: Site | None = None,
    decide: Callable[[int, Request], Answer | None] = lambda _number, _request: None,
    **settings: object,
) -> AsyncIterator[Desk]:
    """Open a daemon on a site, which is started unless it is given; its feeds are declared, nothing is polled yet."""
    clock = clock or ManualClock()
    arrivals: asyncio.Queue[Received] = asyncio.Queue()
    given, site = site, site or Site()
    webhook = WebhookReceiver(on_alert=arrivals.put_nowait, decide=decide, now_s=lambda: clock.now().timestamp())
    reports: list[object] = []
    async with AsyncExitStack() as stack:
        for server in (webhook,) if given else (site.server, webhook):
            await server.start()
            stack.push_async_callback(server.stop)
        destination = {"webhook_url": webhook.url, "webhook_secret": webhook.secret}
        chosen = settings_for(folder, **{**destination, **settings})
        (folder / "feeds.txt").write_text("".join(f"{site.url(path)}\n" for path in feeds), encoding="utf-8")
        stack.enter_context(patch("monitor.judges.local.load_engine", _load_once))
        made = stack.enter_context(opened(chosen, clock=clock))
        tools = replace(
            made.tools,
            feed_workers={lane: InlineWorkers() for lane in Lane},
            page_workers={lane: InlineWorkers() for lane in Lane},
        )
        app = App(tools, EmbeddedRunner(tools, on_report=reports.append))
        try:
            await app.declare_feeds()
            yield Desk(app, clock, site, webhook, folder, reports, arrivals)
        finally:
            await app.stop(grace_s=1)


def at_desk(
    folder: Path,
    act: Callable[[Desk], Awaitable[T]],
    *,
    feeds: tuple[str, ...] = ("/rss.xml",),
    clock: ManualClock | None = None,
    site: Site | None = None,
    decide: Callable[[int, Request], Answer | None] = lambda _number, _request: None,
    **settings: object,
) -> T:
    """Open a daemon, do something with it, and return what that gives."""

    async def main() -> T:
        async with opened_desk(folder, feeds=feeds, clock=clock, site=site, decide=decide, **settings) as desk:
            return await act(desk)

    return asyncio.run(main())


def stored(folder: Path) -> closing[Store]:
    """Open the log that a daemon left."""
    return closing(Store.open(str(folder / "veille.db"), create=False))
