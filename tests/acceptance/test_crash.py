"""Kill -9 at any moment: all that is owed arrives, under one identity, and nothing is left (promises D1-D4, T2, R7)."""

from __future__ import annotations

import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import Answer, Background, HttpServer, Received, Request, WebhookReceiver, background
from tests.acceptance.child import Daemon, children_of, ended
from tests.monitor.bench import Site, filler, item, write_rules

KILLS = 20 if os.environ.get("ACCEPTANCE_FULL") else 5
PAPERS = 3
_REFUSED_AT_MOST = 3  # times for each message, so that none runs out of attempts

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(60 + 15 * KILLS),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


class Flaky:
    """Refuses, hangs up, dawdles; and sometimes takes a message and hangs up before it says so."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._refused: defaultdict[str, int] = defaultdict(int)

    def decide(self, _number: int, request: Request) -> Answer | None:
        identity = request.headers["webhook-id"]
        if self._refused[identity] >= _REFUSED_AT_MOST or self._chance.random() < 0.5:
            return None
        self._refused[identity] += 1
        match self._chance.randrange(3):
            case 0:
                return Answer(500)
            case 1:
                return Answer(503, delay_s=0.5)
            case _:
                raise ConnectionResetError

    def taken(self, received: Received) -> None:
        if self._refused[received.identity] < _REFUSED_AT_MOST and self._chance.random() < 0.3:
            self._refused[received.identity] += 1
            raise ConnectionResetError


class Press:
    """A few papers whose feeds grow; `owed` are the titles that must be told."""

    def __init__(self) -> None:
        self.papers = [Site() for _ in range(PAPERS)]
        self.owed: set[str] = set()
        self._items: list[list[str]] = [[] for _ in self.papers]
        self._count = 0

    @property
    def feeds(self) -> list[str]:
        return [paper.url("/rss.xml") for paper in self.papers]

    def open(self) -> None:
        for number, paper in enumerate(self.papers):
            old = item(paper.url("/vieux"), "Le marché de Noël", at=datetime.now(UTC) - timedelta(days=30))
            self._items[number].append(old)
            paper.publish("/rss.xml", old)

    def appear(self) -> None:
        """Let each paper publish what matches by title, by text alone, by an agency's copy, and not at all."""
        for number, paper in enumerate(self.papers):
            self._count += 1
            by_title, by_text = f"Kharkiv, jour {self._count}", f"Une nuit de veille, récit {self._count}"
            self._publish(number, paper, by_title)
            self._publish(
                number,
                paper,
                by_text,
                filler(self._count),
                "Le train quitte Kharkiv avant l'aube.",
                filler(self._count, 1),
            )
            self._publish(number, paper, f"Le marché de Noël, jour {self._count}", filler(self._count, 2))
            self.owed |= {by_title, by_text}
        shared = f"Kharkiv au quotidien, numéro {self._count}"
        self.owed.add(shared)
        for number in range(2):
            self._publish(number, self.papers[0], shared)
        for number, paper in enumerate(self.papers):
            paper.publish("/rss.xml", *self._items[number])

    def _publish(self, number: int, paper: Site, title: str, *paragraphs: str) -> None:
        path = "/" + title.replace(" ", "-").replace(",", "").encode("ascii", "ignore").decode()
        if paragraphs:
            paper.page(path, *paragraphs)
        else:
            paper.fail(path, 404)
        self._items[number].append(item(paper.url(path), title, at=datetime.now(UTC)))

    def was_polled(self, times: int) -> bool:
        return all(paper.asked("/rss.xml") >= times for paper in self.papers)


def _stop(loop: Background, server: HttpServer) -> None:
    loop.run(server.stop())


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    with background() as loop, ExitStack() as stack:
        for paper in made.papers:
            stack.callback(_stop, loop, paper.server)
            loop.run(paper.server.start())
        made.open()
        yield made


@pytest.fixture
def webhook() -> Iterator[WebhookReceiver]:
    flaky = Flaky(random.Random(20261123))  # noqa: S311  the same misfortunes in every run
    receiver = WebhookReceiver(decide=flaky.decide, on_alert=flaky.taken)
    with background() as loop:
        loop.run(receiver.start())
        yield receiver
        loop.run(receiver.stop())


def test_d1_killed_at_any_moment_it_tells_all_under_one_identity(
    tmp_path: Path, press: Press, webhook: WebhookReceiver
) -> None:
    chance = random.Random(3)  # noqa: S311  the same moments in every run
    daemon = Daemon(
        tmp_path,
        feeds=press.feeds,
        rules=write_rules(tmp_path),
        webhook_url=webhook.url,
        webhook_secret=webhook.secret,
        retry_first_s=0.2,
        retry_max_s=0.5,
    )
    with ended(daemon):
        daemon.start()
        daemon.until(lambda: press.was_polled(2))
        for _ in range(KILLS):
            press.appear()
            daemon.live(chance.uniform(0.1, 3.0))
            workers = children_of(daemon.pid)
            daemon.kill()
            _await_end(daemon, workers)
        press.appear()
        daemon.until(lambda: press.owed <= _told(webhook), within_s=60)
        daemon.until(lambda: not daemon.query("SELECT 1 FROM delivery WHERE state = 'pending'"))

        assert 0 == daemon.stop()

    assert press.owed == _told(webhook)
    assert [] == webhook.problems
    assert [("ok",)] == daemon.query("PRAGMA integrity_check")
    assert [("sent", len(press.owed))] == daemon.query("SELECT state, count(*) FROM delivery GROUP BY state")
    for title, messages in _by_title(webhook).items():
        assert (title, 1) == (title, len({(one.identity, one.payload["data"]["alert_id"]) for one in messages}))
        assert (title, 1) == (title, len({str(one.payload) for one in messages}))


def _await_end(daemon: Daemon, workers: tuple[int, ...]) -> None:
    """Start the next life only once no worker of the last one is left (promise R7)."""
    daemon.start()
    daemon.until(lambda: not any(Path(f"/proc/{pid}/task").exists() for pid in workers), within_s=5)


def _by_title(webhook: WebhookReceiver) -> dict[str, list[Received]]:
    by_title: defaultdict[str, list[Received]] = defaultdict(list)
    for received in webhook.received:
        by_title[received.payload["data"]["story"]["title"]].append(received)
    return by_title


def _told(webhook: WebhookReceiver) -> set[str]:
    return set(_by_title(webhook))
