"""The demonstration: newsroom and receivers here, the real daemon as a child process, and a verdict on what it did."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.clock import SystemClock
from monitor.demo.newsroom import Newsroom
from monitor.demo.press import Behaviour, Expect, load_press
from monitor.demo.receivers import CHANNELS, Receivers
from monitor.demo.server import background
from monitor.errors import VeilleError
from monitor.model import AlertType, Channel, Feed
from monitor.settings import PREFIX
from monitor.sources import export_opml
from monitor.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from monitor.demo.press import Article
    from monitor.demo.receivers import Received
    from monitor.demo.server import Background

__all__ = ["Demonstration", "Report"]

_STOP_S = 20.0  # the daemon promises 15
_TICK_S = 0.2
_LINGER_S = 1.5  # after the last alert that is owed, for one that is not
_LOG_LINES = 15
_MATCHES = 1000
_LOOPBACK = "127.0.0.0/8"
# What makes a poll of minutes a poll of seconds; the rest of the settings is as shipped.
_HASTE = {
    "VEILLE_POLL_MIN_S": "1",
    "VEILLE_POLL_MAX_S": "2",
    "VEILLE_PAGE_INTERVAL_S": "0.1",
    "VEILLE_RETRY_FIRST_S": "1",
}


_PARIS = ZoneInfo("Europe/Paris")
_BEFORE_DIGEST = timedelta(seconds=25)
_ROUTES = """\
# Who is told of what, and in what manner; docs/alerting.md
route:
  receiver: journal
  cooldown: "5 s"                                   # an hour for a story that grows, elsewhere
  routes:
    - {{receiver: webhook, continue: true}}
    - {{receiver: slack, continue: true}}
    - {{receiver: mail, continue: true}}
    - {{receiver: bulletin, digest: "{digest}"}}
time_zone: "Europe/Paris"
receivers:
  webhook: {{webhook: {{}}}}
  slack: {{slack: {{}}}}
  mail: {{email: {{}}}}
  bulletin: {{email: {{to: ["bulletin@demo.example"]}}}}
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What the daemon did, and what is wrong with it: nothing when `problems` is empty."""

    titles: int
    polled: int
    failing: tuple[str, ...]
    read: int
    alerts: int  # stories told at once, and those of the recap
    updates: int  # of stories that others took up, or that changed
    recap: int
    digest: bool  # whether it came
    decoys: int
    silent_decoys: int
    messages: dict[Channel, int]
    problems: tuple[str, ...]


class Demonstration:
    """A demonstration in a folder, as a context: everything runs inside the block, files stay after it.

    Args:
        folder: an existing empty folder for settings, feeds, database and log.
        command: the daemon's command line; the default is `veille run` of this interpreter.
        pace: of the newsroom; 1.0 as written.
    """

    def __init__(self, folder: Path, *, command: Sequence[str] = (), pace: float = 1.0) -> None:
        self.folder = folder
        self.database = folder / "veille.db"
        self.env_file = folder / ".env"
        self.log = folder / "veille.log"
        self.digest_at = _digest_at(SystemClock().now())
        self.newsroom = Newsroom(load_press(), clock=SystemClock(), pace=pace)
        self._arrived: queue.SimpleQueue[Received] = queue.SimpleQueue()
        self.receivers = Receivers(on_alert=self._arrived.put)
        self._command = tuple(command) or (sys.executable, "-m", "monitor", "run")
        self._daemon: subprocess.Popen[bytes]
        self._stack = ExitStack()

    def __enter__(self) -> Demonstration:  # noqa: PYI034  Self says no more, and costs an import
        with ExitStack() as stack:
            loop = stack.enter_context(background())
            for part in (self.receivers, self.newsroom):
                stack.callback(_stop, loop, part)
                loop.run(part.start())
            self._write_files()
            self._daemon = self._start_daemon()
            stack.callback(self._await_daemon)
            stack.callback(_stop, loop, self.newsroom)  # so that the daemon waits for no title that never answers
            stack.callback(self._daemon.terminate)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def messages(self, *, patience_s: float) -> Iterator[Received]:
        """Yield each message as it arrives, until all that is owed has come, or for `patience_s` seconds.

        Raises:
            VeilleError: the daemon ended by itself; the message holds the end of its log.
        """
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            with suppress(queue.Empty):
                yield self._arrived.get(timeout=_TICK_S)
                continue
            self._check_daemon()
            if not self._owed():
                until = min(until, time.monotonic() + _LINGER_S)

    def report(self) -> Report:
        """Judge what was done so far."""
        press, asked = self.newsroom.press, self.newsroom.asked
        polled = {one.title for one in asked if one.path.endswith(".xml") and one.status == HTTPStatus.OK}
        failing = {one.title for one in asked if one.status == HTTPStatus.SERVICE_UNAVAILABLE}
        decoys = self._articles(Expect.DECOY)
        told = self._told()
        anywhere = set[str]().union(*told.values())
        silent = [one for one in decoys if one.id not in anywhere and self._was_read(one)]
        payloads = [received.payload for received in self.receivers.webhook.received]
        recaps = [payload for payload in payloads if payload["type"] == AlertType.STORY_RECAP]
        recap = sum(len(payload["data"]["items"]) for payload in recaps)
        return Report(
            titles=len(press.titles),
            polled=len(polled),
            failing=tuple(title.name for title in press.titles if title.id in failing),
            read=sum(self.newsroom.was_read(seen) for seen in press.appearances),
            alerts=sum(payload["type"] == AlertType.STORY_NEW for payload in payloads),
            updates=sum(payload["type"] == AlertType.STORY_UPDATED for payload in payloads),
            recap=recap,
            digest=self.digest is not None,
            decoys=len(decoys),
            silent_decoys=len(silent),
            messages={channel: sum(one.channel is channel for one in self.receivers.received) for channel in CHANNELS},
            problems=(*self._owed(), *self._unwanted(anywhere), *self._refused(), *self._repeated()),
        )

    @property
    def digest(self) -> Received | None:
        """The digest, once it has come."""
        return next((one for one in self.receivers.mail.received if _is_digest(one)), None)

    def wait(self) -> None:
        """Wait for as long as the daemon runs."""
        self._daemon.wait()

    def _write_files(self) -> None:
        feeds = self.newsroom.feeds
        titles = self.newsroom.press.titles
        feeds_file = self.folder / "feeds.opml"
        feeds_file.write_bytes(export_opml([Feed(feeds[one.id], title=one.name, outlet=one.name) for one in titles]))
        settings = {
            "VEILLE_DATABASE": str(self.database),
            "VEILLE_FEEDS": str(feeds_file),
            "VEILLE_FETCH_ALLOW_NETWORKS": _LOOPBACK,
            "VEILLE_DELIVER_ALLOW_NETWORKS": _LOOPBACK,
            "VEILLE_ROUTES": str(self.folder / "routes.yaml"),
            **_HASTE,
            **self.receivers.settings(),
        }
        (self.folder / "routes.yaml").write_text(_ROUTES.format(digest=self.digest_at), encoding="utf-8")
        self.env_file.touch(mode=0o600)
        lines = [f"{name}='{value}'\n" for name, value in settings.items()]
        self.env_file.write_text("".join(lines), encoding="utf-8")

    def _start_daemon(self) -> subprocess.Popen[bytes]:
        """Start the daemon on the folder's settings alone, whatever the environment says."""
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _await_daemon(self) -> None:
        try:
            self._daemon.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()

    def _check_daemon(self) -> None:
        if self._daemon.poll() is not None:
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
            raise VeilleError("\n".join([f"the daemon ended by itself ({self._daemon.returncode}):", *tail]))

    def _articles(self, *expected: Expect) -> tuple[Article, ...]:
        appearances = self.newsroom.press.appearances
        return tuple(
            {seen.article.id: seen.article for seen in appearances if seen.article.expect in expected}.values()
        )

    def _was_read(self, article: Article) -> bool:
        appearances = self.newsroom.press.appearances
        return any(self.newsroom.was_read(seen) for seen in appearances if seen.article == article)

    def _told(self) -> dict[Channel, set[str]]:
        """Return which articles each channel was told of; a message may name one of a story, and count the others."""
        told: dict[Channel, set[str]] = {channel: set() for channel in CHANNELS}
        for received in self.receivers.received:
            if _is_digest(received):
                continue  # it repeats what was told, and names what nearly was
            told[received.channel] |= self._named(received.text)
        for alert_id, articles in self._joined().items():
            for received in self.receivers.received:
                told[received.channel] |= articles if alert_id in received.text else set()
        return told

    def _joined(self) -> dict[str, set[str]]:
        """Return the articles that each alert tells, by its reference: those that it only counts stand in the log."""
        if not self.receivers.received or not self.database.exists():
            return {}  # the daemon may not have made it yet
        with closing(Store.open(str(self.database), create=False, read_only=True)) as store:
            lines = store.matches(limit=_MATCHES)
        alerts: dict[str, set[str]] = {}
        for line in lines:
            alerts.setdefault(line.alert_id or line.joined_alert_id or "", set()).update(self._named(line.url or ""))
        alerts.pop("", None)
        return alerts

    def _named(self, text: str) -> set[str]:
        return {seen.article.id for seen in self.newsroom.named_in(text)}

    def _owed(self) -> tuple[str, ...]:
        """Return what has not happened yet."""
        told = self._told()
        untold = [
            f"{article.id}: not told by {channel.value}"
            for article in self._articles(Expect.ALERT, Expect.RECAP)
            for channel in CHANNELS
            if article.id not in told[channel]
        ]
        unread = [
            f"{seen.article.id}: not read at {seen.title.name}"
            for seen in self.newsroom.press.appearances
            if seen.at.total_seconds() >= 0 and not self.newsroom.was_read(seen)
        ]
        honest = [one for one in self.newsroom.press.titles if one.behaviour is not Behaviour.FAILING]
        came = {one.title for one in self.newsroom.asked}
        unpolled = (f"{one.name}: never polled" for one in honest if one.id not in came)
        digest = () if self.digest is not None else (f"the digest of {self.digest_at} did not come",)
        return (*unpolled, *unread, *untold, *digest)

    def _unwanted(self, anywhere: set[str]) -> tuple[str, ...]:
        quiet = self._articles(Expect.SILENT, Expect.DECOY)
        return tuple(f"{article.id}: told, and should be silent" for article in quiet if article.id in anywhere)

    def _refused(self) -> tuple[str, ...]:
        both = (self.receivers.webhook, self.receivers.slack)
        return tuple(f"{one.channel.value}: {problem}" for one in both for problem in one.problems)

    def _repeated(self) -> tuple[str, ...]:
        """Return the messages that came twice; Slack's carry no identity, so their words are it."""
        seen: set[tuple[Channel, str]] = set()
        repeated = []
        for received in self.receivers.received:
            key = (received.channel, received.identity or received.text)
            if key in seen:
                repeated.append(f"{received.channel.value}: {key[1][:80]} came twice")
            seen.add(key)
        return tuple(repeated)


def _is_digest(received: Received) -> bool:
    return received.headers.get("x-veille-type") == AlertType.STORY_DIGEST


def _digest_at(now: datetime) -> str:
    """Return the time of day of the demonstration's digest: the next whole minute once the newsroom has said most."""
    due = now.astimezone(_PARIS) + _BEFORE_DIGEST
    return f"{due.replace(second=0) + timedelta(minutes=1 if due.second else 0):%H:%M}"


def _stop(loop: Background, part: Newsroom | Receivers) -> None:
    loop.run(part.stop())
