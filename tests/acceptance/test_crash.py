"""Kill -9 at any moment, under receivers that are flaky: all that is owed arrives, under one identity, and what comes
again has a reason in the log (promises D1-D4, D11, T2, R7)."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import background
from tests.acceptance.account import Account, record
from tests.acceptance.child import Daemon, children_of, ended
from tests.acceptance.publishers import Document, Kind, Piece, Publisher, press
from tests.acceptance.receivers import Flaky, FlakyCommand, FlakyFile, FlakyHttp, FlakySmtp, Heard
from tests.monitor.bench import item, rss, write_rules
from tests.monitor.deliver.servers import smtp
from tests.monitor.tcp import tcp

FULL = bool(os.environ.get("ACCEPTANCE_FULL"))
KILLS = 100 if FULL else 5
PAPERS = 3
RECEIVERS = ("hook", "slack", "mail", "bulletin", "command", "file")
DRAINED_WITHIN_S = 1500.0 if FULL else 150.0
STARTED_WITHIN_S = 90.0  # on a machine that does much else
_LISTED = 90  # articles in a feed: what thirty lives publish
_TABLES = ("entry", "delivery")
_AT_WORK = "SELECT 1 FROM {} WHERE state IN ('to_read', 'pending') AND coalesce(next_attempt_at, '') < '{:%FT%T}'"

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(400 + 40 * KILLS),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and needs all of 127.0.0.0/8"),
]

_ROUTES = """
route:
  receiver: journal
  cooldown: "0s"
  routes:
    - {{receiver: hook, continue: true}}
    - {{receiver: command, continue: true}}
    - {{receiver: file, continue: true, cooldown: "2s"}}
    - {{receiver: slack, continue: true, group_by: [rule], group_wait: "1s", cooldown: "2s"}}
    - {{receiver: mail, continue: true, budget: "{budget}/min"}}
    - {{receiver: bulletin, digest: "{digest}"}}
time_zone: UTC
receivers:
  hook: {{webhook: {{}}}}
  slack: {{slack: {{}}}}
  mail: {{email: {{}}}}
  bulletin: {{webhook: {{url: "${{VEILLE_SECRET_BULLETIN}}"}}}}
  command: {{command: {{argv: ["{command}"]}}}}
  file: {{file: {{path: "{file}"}}}}
"""


class Press:
    """Papers whose feeds grow; what one prints another may take up later."""

    def __init__(self) -> None:
        self.papers = [Publisher(f"paper {number}", write=_latest) for number in range(PAPERS)]
        self.owed: dict[str, str] = {}  # a word of its own, by the title of each article
        self.grown: Counter[str] = Counter()
        self._dispatch: Piece | None = None

    @property
    def feeds(self) -> list[str]:
        return [paper.url() for paper in self.papers]

    def appear(self) -> None:
        """Let papers publish what matches by title, by text alone, and not at all; and one, what another had."""
        if self._dispatch is not None:
            self.papers[1].take_up(self._dispatch)
            self.grown[self._dispatch.title] += 1
        told = [paper.publish(Kind.TITLE) for paper in self.papers]
        self._dispatch = self.papers[0].publish(Kind.TEXT)
        self.papers[2].publish(Kind.NOTHING)
        self.owed |= {piece.title: piece.word for piece in (*told, self._dispatch)}

    def was_polled(self, times: int) -> bool:
        return all(len(paper.asked("/rss.xml")) >= times for paper in self.papers)


def _latest(paper: Publisher) -> Document:
    """Return the feed of a paper: what it published last. Pages stay."""
    return rss(*(item(piece.link, piece.title, piece.summary, at=piece.at) for piece in paper.listed[:_LISTED])), (
        "application/rss+xml"
    )


class Desk:
    """Those who are told, on addresses that they keep while the daemon dies and lives again."""

    def __init__(self, folder: Path) -> None:
        self.said: list[Heard] = []  # by those that are told over a network
        self.hook, self.slack, self.bulletin = (
            FlakyHttp(name, self.said.append) for name in ("hook", "slack", "bulletin")
        )
        self.mail = Flaky("mail", self.said.append)
        self.command = FlakyCommand("command", folder / "command")
        (folder / "archive").mkdir()
        self.file = FlakyFile("file", folder / "archive" / "alerts.jsonl")
        self.settings: dict[str, object] = {}
        self._routes = folder / "routes.yaml"

    @property
    def heard(self) -> list[Heard]:
        return [*self.said, *self.command.heard, *self.file.heard]

    async def open(self, stack: AsyncExitStack) -> None:
        ports = [await stack.enter_async_context(tcp(each)) for each in (self.hook, self.slack, self.bulletin)]
        hook, slack, bulletin = (f"http://127.0.0.1:{port}/hook" for port in ports)
        self.settings = {
            "routes": self._routes,
            "webhook_url": hook,
            "slack_webhook_url": slack,
            "secret_bulletin": bulletin,
            "smtp_host": "127.0.0.1",
            "smtp_port": await stack.enter_async_context(smtp(FlakySmtp(self.mail))),
            "smtp_tls": "none",
            "mail_from": "veille@example.org",
            "mail_to": "desk@example.org",
        }

    def route(self, *, digest: str, budget: int) -> None:
        places = {"command": self.command.program, "file": self.file.path}
        self._routes.write_text(_ROUTES.format(digest=digest, budget=budget, **places), encoding="utf-8")

    def get_well(self) -> None:
        for each in (self.hook, self.slack, self.bulletin, self.mail):
            each.is_well = True
        self.file.show()


@pytest.fixture
def papers() -> Iterator[Press]:
    made = Press()
    stack = AsyncExitStack()
    with background() as loop:
        loop.run(stack.enter_async_context(press(made.papers)))
        yield made
        loop.run(stack.aclose())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    stack = AsyncExitStack()
    with background() as loop:
        loop.run(made.open(stack))
        yield made
        loop.run(stack.aclose())


def test_d1_d3_d4_killed_at_any_moment_it_tells_all_under_one_identity(
    tmp_path: Path, papers: Press, desk: Desk
) -> None:
    chance = random.Random(3)  # noqa: S311  the same moments in every run
    settings = {"rules": write_rules(tmp_path), "retry_first_s": 0.2, "retry_max_s": 0.5}
    daemon = Daemon(tmp_path, feeds=papers.feeds, **desk.settings, **settings)
    desk.route(digest=_minutes(), budget=20 if FULL else 4)
    kills = []
    with ended(daemon):
        daemon.start()
        daemon.until(lambda: papers.was_polled(2))
        for _ in range(KILLS):
            papers.appear()
            _live(daemon, desk, chance)
            workers = children_of(daemon.pid)
            daemon.kill()
            kills.append(time.time())
            _start_again(daemon, workers)
        papers.appear()
        desk.get_well()
        _drain(daemon, papers, desk)

        assert 0 == daemon.stop()

    account = Account(*record(daemon.query), desk.heard, kills)
    print(account.figures())  # noqa: T201  with `-s`, and where it fails

    assert [("ok",)] == daemon.query("PRAGMA integrity_check")
    assert [] == daemon.query("PRAGMA foreign_key_check")
    assert {
        "lost": [],
        "doubled": [],
        "unexplained": [],
    } == {
        "lost": list(account.lost(papers.owed, RECEIVERS)),
        "doubled": list(account.doubled(papers.owed, RECEIVERS, grown=papers.grown)),
        "unexplained": list(account.unexplained()),
    }


def _minutes() -> str:
    """Return the minutes to come, as the times of a digest."""
    now = datetime.now(UTC)
    return ",".join(f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in range(90))


def _live(daemon: Daemon, desk: Desk, chance: random.Random) -> None:
    """Let it live until a moment after some messages were read, or until it rests; now and then with no file.

    One life in eight may end before it has begun: to start takes a second or two. It rests now and then, for what is
    interrupted again and again is left alone for ever longer.
    """
    if chance.random() < 1 / 8:
        daemon.live(chance.uniform(0.1, 2.0))
        return
    if chance.random() < 0.3:
        desk.file.hide()
    daemon.until(daemon.is_up, within_s=STARTED_WITHIN_S)
    if chance.random() < 1 / 5:
        desk.file.show()
        _wait(
            lambda: not any(daemon.query(_AT_WORK.format(table, datetime.now(UTC))) for table in _TABLES), within_s=20
        )
    else:
        messages = len(desk.said) + chance.randint(1, 25)
        _wait(lambda: len(desk.said) >= messages, within_s=4.0)
        time.sleep(chance.uniform(0.0, 0.03))  # killed at any moment after a message, not always right after it
    desk.file.show()


def _wait(condition: Callable[[], object], *, within_s: float) -> None:
    end = time.monotonic() + within_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def _start_again(daemon: Daemon, workers: tuple[int, ...]) -> None:
    """Start the next life; no worker of the last one is left for long (promise R7)."""
    daemon.start()
    daemon.until(lambda: not any(Path(f"/proc/{pid}/task").exists() for pid in workers), within_s=15)


def _drain(daemon: Daemon, papers: Press, desk: Desk) -> None:
    """Wait until nothing waits any more, save, where there is no time for it, for a budget."""
    waits = "SELECT 1 FROM delivery WHERE state = 'pending' OR state = 'held'"
    if not FULL:
        waits += " AND why <> 'budget'"
    daemon.until(lambda: papers.owed.keys() <= _written(daemon), within_s=DRAINED_WITHIN_S)
    desk.route(digest="none", budget=9999)
    daemon.reload()
    daemon.until(lambda: not daemon.query(waits), within_s=DRAINED_WITHIN_S)


def _written(daemon: Daemon) -> set[str]:
    """Return the titles of articles that somebody is told of."""
    return {title for (title,) in daemon.query("SELECT DISTINCT title FROM alert_match")}
