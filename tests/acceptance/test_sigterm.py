"""Stopped in the middle of its work, it ends in time and loses nothing (promise T8)."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import Answer, Background, HttpServer, Request, WebhookReceiver, background
from tests.acceptance.child import Daemon, ended
from tests.monitor.bench import FILLER, Site, item, write_rules

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(150)]

AT_ONCE = "Kharkiv : la ville s'éveille sous la neige"
SLOW_PAGE = "Une nuit de veille, récit"
_NEVER_S = 600.0


class Stage:
    """A site and a webhook that can be told to be slow."""

    def __init__(self) -> None:
        self.site = Site()
        self.webhook = WebhookReceiver(decide=self._decide)
        self.slow = False

    def _decide(self, _number: int, _request: Request) -> Answer | None:
        return Answer(503, delay_s=_NEVER_S) if self.slow else None

    @property
    def told(self) -> set[str]:
        return {received.payload["data"]["story"]["title"] for received in self.webhook.received}


def _stop(loop: Background, server: HttpServer | WebhookReceiver) -> None:
    loop.run(server.stop())


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    with background() as loop, ExitStack() as stack:
        servers: tuple[HttpServer | WebhookReceiver, ...] = (made.site.server, made.webhook)
        for server in servers:
            stack.callback(_stop, loop, server)
            loop.run(server.start())
        made.site.publish("/rss.xml", _item(made, "/vieux", "Le marché", age=timedelta(days=30)))
        yield made


@pytest.fixture
def daemon(tmp_path: Path, stage: Stage) -> Iterator[Daemon]:
    """A daemon that has seen its feed once."""
    made = Daemon(
        tmp_path,
        feeds=[stage.site.url("/rss.xml")],
        rules=write_rules(tmp_path),
        webhook_url=stage.webhook.url,
        webhook_secret=stage.webhook.secret,
    )
    with ended(made):
        made.start()
        made.until(lambda: stage.site.asked("/rss.xml") >= 2)
        yield made


def _item(stage: Stage, path: str, title: str, *, age: timedelta = timedelta()) -> str:
    return item(stage.site.url(path), title, at=datetime.now(UTC) - age)


def test_t8_what_is_in_flight_is_given_back_and_the_next_start_does_it_at_once(stage: Stage, daemon: Daemon) -> None:
    stage.slow = True
    stage.site.answers["/slow"] = Answer(delay_s=_NEVER_S)
    stage.site.publish("/rss.xml", _item(stage, "/une", AT_ONCE), _item(stage, "/slow", SLOW_PAGE))
    daemon.until(lambda: stage.site.asked("/slow") and stage.webhook.requests)

    assert 0 == daemon.stop()
    assert [] == daemon.query("SELECT 1 FROM entry WHERE lease_until > 0")
    assert [("pending",)] == daemon.query("SELECT state FROM delivery WHERE lease_until IS NULL")

    stage.slow = False
    stage.site.page("/slow", FILLER, "Le train quitte Kharkiv avant l'aube.", FILLER)
    daemon.start()
    daemon.until(lambda: {AT_ONCE, SLOW_PAGE} == stage.told, within_s=20)

    assert 0 == daemon.stop()
    assert 1 == len({request.headers["webhook-id"] for request in stage.webhook.requests if AT_ONCE in _text(request)})


def test_t8_what_ends_within_the_grace_is_done(stage: Stage, daemon: Daemon) -> None:
    stage.site.page("/slow", FILLER, "Le train quitte Kharkiv avant l'aube.", FILLER)
    page = stage.site.answers["/slow"]
    stage.site.answers["/slow"] = Answer(body=page.body, headers=page.headers, delay_s=1.5)
    stage.site.publish("/rss.xml", _item(stage, "/slow", SLOW_PAGE))
    daemon.until(lambda: stage.site.asked("/slow"))

    assert 0 == daemon.stop()
    assert [(SLOW_PAGE, "done")] == daemon.query("SELECT title, state FROM entry WHERE NOT baseline")
    assert [("pending",)] == daemon.query("SELECT state FROM delivery")
    assert 1 == stage.site.asked("/slow")


def _text(request: Request) -> str:
    return request.body.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_t8_a_signal_before_it_is_all_there_does_no_harm(stage: Stage, tmp_path: Path) -> None:
    starting = Daemon(tmp_path, feeds=[stage.site.url("/rss.xml")], rules=write_rules(tmp_path))
    with ended(starting):
        starting.start()
        # Both: under `nohup` SIGHUP is ignored from the first instant, before the daemon has said a word about SIGTERM.
        starting.until(
            lambda: _minds(starting.pid, "SigCgt", signal.SIGTERM) and _minds(starting.pid, "SigIgn", signal.SIGHUP)
        )
        os.kill(starting.pid, signal.SIGHUP)

        assert 0 == starting.stop()
        assert 0 == stage.site.asked("/rss.xml")


def _minds(pid: int, what: str, number: signal.Signals) -> bool:
    """Return whether a process ignores (`SigIgn`) or catches (`SigCgt`) a signal (proc_pid_status(5))."""
    found = re.search(rf"^{what}:\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)
