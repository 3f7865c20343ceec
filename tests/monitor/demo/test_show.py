from __future__ import annotations

import json
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from monitor.demo import Expect
from monitor.demo.show import Demonstration
from monitor.errors import VeilleError
from monitor.model import Channel
from monitor.settings import load_settings
from monitor.sources import read_feeds

if TYPE_CHECKING:
    from pathlib import Path

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
)


def post(url: str, text: str) -> None:
    payload = {"text": text, "blocks": [{"type": "section"}]}
    request = urllib.request.Request(url, json.dumps(payload).encode(), method="POST")  # noqa: S310  loopback
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  loopback


def test_the_folder_holds_settings_and_feeds_that_veille_reads(tmp_path: Path) -> None:
    with Demonstration(tmp_path, command=SLEEPER) as shown:
        settings = load_settings(shown.env_file)

    assert settings.feeds is not None
    assert set(shown.newsroom.feeds.values()) == {feed.url for feed in read_feeds(settings.feeds)}
    assert str(shown.database) == settings.database
    assert (1.0, ("desk@demo.example",)) == (settings.poll_min_s, settings.mail_to)
    assert shown.env_file.stat().st_mode & 0o077 == 0


def test_a_daemon_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-c",
        "import os; print('raison', os.environ.get('VEILLE_LANGUAGE')); raise SystemExit(3)",
    )
    with Demonstration(tmp_path, command=command) as shown, pytest.raises(VeilleError) as caught:
        list(shown.messages(patience_s=30))

    assert str(caught.value) == "the daemon ended by itself (3):\nraison None"


def test_the_daemon_sees_no_setting_but_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", "en")
    test_a_daemon_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path)


def test_a_daemon_that_does_nothing_leaves_everything_owed(tmp_path: Path) -> None:
    with Demonstration(tmp_path, command=SLEEPER) as shown:
        messages = list(shown.messages(patience_s=0.5))
        report = shown.report()

    assert messages == []
    assert "La Gazette de Lutèce: never polled" in report.problems
    assert "kharkiv-offensive: not read at La Gazette de Lutèce" in report.problems
    assert "kharkiv-offensive: not told by mail" in report.problems
    assert (0, 0, 0) == (report.polled, report.read, report.silent_decoys)


def test_what_should_be_silent_and_what_comes_twice_are_problems(tmp_path: Path) -> None:
    with Demonstration(tmp_path, command=SLEEPER) as shown:
        decoy = next(one for one in shown.newsroom.press.appearances if one.article.expect is Expect.DECOY)
        for _ in range(2):
            post(shown.receivers.slack.url, shown.newsroom.url(decoy))
        messages = shown.messages(patience_s=5)
        first, second = next(messages), next(messages)
        report = shown.report()

    assert first == second
    assert f"{decoy.article.id}: told, and should be silent" in report.problems
    assert any(problem.endswith("came twice") for problem in report.problems)
    assert {Channel.WEBHOOK: 0, Channel.SLACK: 2, Channel.MAIL: 0} == report.messages


def test_a_daemon_that_ignores_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.demo.show._STOP_S", 0.2)
    with Demonstration(tmp_path, command=STUBBORN) as shown:
        while not shown.log.read_bytes():
            list(shown.messages(patience_s=0.1))

    assert shown._daemon.returncode == -9
