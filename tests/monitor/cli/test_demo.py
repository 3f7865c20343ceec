from __future__ import annotations

import sys
from datetime import time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from monitor.alerting import next_time
from monitor.cli import app
from monitor.cli.demo import _delivered, _program, _told
from monitor.clock import SystemClock
from monitor.demo.receivers import CHANNELS, Received
from monitor.demo.show import Demonstration
from monitor.model import Channel

# `veille run`; once it has asked when its digest is due, its clock goes ahead to shortly before that
HURRIED = """
import runpy, sys
from datetime import UTC, datetime, timedelta
from monitor.clock import SystemClock
from monitor.store import Store
due_at, ahead, ask = datetime.fromisoformat(sys.argv[1]), timedelta(), Store.last_digest
def last_digest(store, receiver, *, now):
    global ahead
    slot_at = ask(store, receiver, now=now)
    ahead = max(ahead, due_at - datetime.now(UTC) - timedelta(seconds=3))
    return slot_at
Store.last_digest, SystemClock.now = last_digest, lambda _: datetime.now(UTC) + ahead
sys.argv = ["veille", "run"]
runpy.run_module("monitor", run_name="__main__")
"""
SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STORY = {
    "title": "Offensive au nord de Kharkiv",
    "sources": [{"outlet": "La Gazette", "completeness": "full", "url": "http://x/a.html"}],
}
MATCH = {
    "score": 24.14,
    "threshold": 10.0,
    "contributions": [
        {"term": "contact", "points": 0.0},
        {"term": "contexte", "points": 1.0},
        {"term": "chine", "points": 9.0, "best": "Chine", "field": "title"},
    ],
    "snippets": [{"field": "title", "text": "Offensive"}, {"field": "lead", "text": "À l'aube."}],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def message(channel: Channel = Channel.WEBHOOK, *, text: str = "al_000000000001", data: object = None) -> Received:
    return Received(channel, "msg_1", text, {"data": data}, {})


def test_an_alert_is_shown_with_its_explanation() -> None:
    rule = {"title": "Guerre en Ukraine"}
    data = {"alert_id": "al_000000000001", "labels": {"level": "high"}, "rule": rule, "story": STORY, "match": MATCH}

    expected = [
        "\n● Guerre en Ukraine · high · al_000000000001",
        "  Offensive au nord de Kharkiv",
        "  La Gazette · full · http://x/a.html",
        "  « À l'aube. »",
        "  Pourquoi : 24,1 points, seuil 10,0 = chine 9,0 (« Chine », titre) ; contexte 1,0",
    ]
    assert expected == [text for text, _ in _told(message(data=data))]


def test_a_long_explanation_says_that_it_is_cut() -> None:
    terms = [{"term": f"terme_{number}", "points": 2.0} for number in range(6)]
    match = MATCH | {"contributions": terms}
    data = {"alert_id": "al_1", "labels": {"level": "high"}, "rule": {"title": "R"}, "story": STORY, "match": match}

    assert [text for text, _ in _told(message(data=data))][-1].endswith("terme 4 2,0 ; …")


def test_a_recap_is_shown_as_a_list() -> None:
    data = {"items": [{"story": STORY, "rule": {"title": "Guerre en Ukraine"}}]}

    expected = [
        "\n● Recap of what was there before: 1 in one message",
        "  Offensive au nord de Kharkiv (Guerre en Ukraine)",
    ]
    assert expected == [text for text, _ in _told(message(data=data))]


def test_what_other_channels_say_is_not_repeated() -> None:
    assert list(_told(message(Channel.SLACK))) == []


def test_a_delivery_is_said_once_every_channel_has_it() -> None:
    channels: dict[str, set[str]] = {}
    said = [list(_delivered(message(channel), channels)) for channel in CHANNELS]
    nothing = list(_delivered(message(text="bonjour"), channels))

    line = ("  ✓ al_000000000001 delivered by mail, slack, webhook", "dim")
    assert [[], [], [line]] == said
    assert nothing == []


def test_a_daemon_that_does_nothing_fails_the_demonstration(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("monitor.demo.show.Demonstration", partial(Demonstration, command=SLEEPER))
    monkeypatch.setattr(Demonstration, "wait", interrupt)
    result = CliRunner().invoke(app, ["demo", "--patience", "1", "--keep"])

    assert result.exit_code == 1
    assert "titles polled\t0 of 15" in result.output
    assert "PROBLEM  kharkiv-offensive: not told by mail" in result.output
    assert "Still running; Ctrl-C ends it." in result.output
    assert f"--env-file {next(folder.iterdir())}/.env matches" in result.output


@pytest.mark.parametrize(
    ("typed", "path", "expected"),
    [
        ("bin/veille", "bin", "veille"),
        ("bin/veille", "", "bin/veille"),
        ("monitor/__main__.py", "bin", f"{Path(sys.executable).name} -m monitor"),
    ],
)
def test_what_to_type_next_is_what_was_typed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, typed: str, path: str, expected: str
) -> None:
    program = folder / "bin" / "veille"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr("sys.argv", [typed])

    assert expected == _program()


def interrupt(_demonstration: Demonstration) -> None:
    raise KeyboardInterrupt


def hurried(folder: Path) -> Demonstration:
    """Return a demonstration whose daemon does not wait for the whole minute at which its digest is due."""
    at = time.fromisoformat(Demonstration(folder).digest_at)
    due_at = next_time((at,), SystemClock().now(), ZoneInfo("Europe/Paris"))
    return Demonstration(folder, pace=0.1, command=(sys.executable, "-c", HURRIED, due_at.isoformat()))


@pytest.mark.acceptance
def test_the_real_daemon_tells_what_it_should_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.demo.show.Demonstration", hurried)
    result = CliRunner().invoke(app, ["demo"])

    assert "PROBLEM" not in result.output
    assert "titles polled\t14 of 15" in result.output
    assert "titles failing, as they should\tL'Indocile" in result.output
    assert "false friends kept silent\t9 of 9" in result.output
    assert result.exit_code == 0
