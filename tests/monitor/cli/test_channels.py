"""`veille channels`, with receivers on loopback that answer for real."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from monitor.clock import SystemClock
from monitor.model import Channel, Endpoint, Receiver
from monitor.store import DaemonLock, Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.deliver.servers import HttpReceiver, SmtpReceiver, smtp
from tests.monitor.store.samples import record_alert
from tests.monitor.tcp import tcp

ROUTES = """
route:
  receiver: web
  routes: [{receiver: desk, continue: true}, {receiver: archive}]
receivers:
  web: {webhook: {url: "${VEILLE_SECRET_WEB}"}}
  desk: {email: {to: ["desk@example.org", "nuit@example.org"]}}
  archive: {file: {path: ARCHIVE}}
"""

Serve = Callable[[AbstractAsyncContextManager[int]], int]


@contextmanager
def running(server: AbstractAsyncContextManager[int]) -> Iterator[int]:
    """Serve in a loop of its own: the command has another."""
    loop, ports, listening = asyncio.new_event_loop(), list[int](), Event()
    stop = asyncio.Event()

    async def serve() -> None:
        async with server as port:
            ports.append(port)
            listening.set()
            await stop.wait()

    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert listening.wait(10)
    yield ports[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:
        yield lambda server: servers.enter_context(running(server))


@pytest.fixture(autouse=True)
def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "routes.yaml").write_text(ROUTES.replace("ARCHIVE", str(folder / "alerts.jsonl")), encoding="utf-8")
    for name, value in {
        "ROUTES": "routes.yaml",
        "SECRET_WEB": "http://127.0.0.1:9/T0KEN",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_TLS": "none",
        "MAIL_FROM": "veille@example.org",
        "MAIL_TO": "chef@example.org",
        "DELIVER_ALLOW_NETWORKS": "127.0.0.0/8",
    }.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)


def test_x4_receivers_are_listed_with_where_they_lead_but_no_secret(veille: Veille, folder: Path) -> None:
    got = veille("channels")

    assert 0 == got.code
    assert [
        "web\twebhook\t127.0.0.1:9\tok\t0\t0",
        "desk\tmail\t127.0.0.1:25, desk@example.org nuit@example.org\tok\t0\t0",
        f"archive\tfile\t{folder / 'alerts.jsonl'}\tok\t0\t0",
    ] == got.out.splitlines()
    assert not (folder / "veille.db").exists()


def test_what_waits_and_what_failed_is_counted(veille: Veille, folder: Path, store: Store) -> None:
    text = (folder / "routes.yaml").read_text(encoding="utf-8")
    (folder / "routes.yaml").write_text(re.sub(r"\bweb\b", "webhook", text), encoding="utf-8")
    record_alert(store)
    got = veille("channels", "list", "--json").lines[0]

    assert ("webhook", 1, 0) == (got["receiver"], got["pending"], got["failed"])


LONG_AGO = datetime(2020, 5, 16, 5, 30, tzinfo=UTC)
UNWELL: dict[str, dict[str, Any]] = {
    "failing since 2020-05-16 07:30": {"failures": 2},
    "disabled since 2020-05-16 07:30": {"failures": 99, "disabled_at": LONG_AGO},
    "paused until 2090-05-16 07:30": {"failures": 9, "open_until": LONG_AGO.replace(year=2090)},
    "ok": {"last_ok_at": LONG_AGO},
}


def _unwell(store: Store, **facts: Any) -> None:
    failing = {"failing_since": LONG_AGO, "failed_at": LONG_AGO, "last_error": "web: répond 503"}
    store.enable_endpoint(Endpoint("web", **{**failing, **facts}), now=LONG_AGO)


@pytest.mark.parametrize("health", UNWELL)
def test_d8_how_a_receiver_is_is_listed(veille: Veille, store: Store, health: str) -> None:
    _unwell(store, **UNWELL[health])
    line = veille("channels", "list", "--json").lines[0]

    assert health == veille("channels").out.splitlines()[0].split("\t")[3]
    assert health.split(maxsplit=1)[0] == line["health"]
    assert (None if health == "ok" else "web: répond 503") == line["last_error"]


def test_d8_a_receiver_that_is_disabled_is_enabled_by_a_command(veille: Veille, store: Store) -> None:
    _unwell(store, disabled_at=LONG_AGO)
    record_alert(store, receiver=Receiver("web", Channel.WEBHOOK))
    checked = veille("check").out
    got, again = veille("channels", "enable", "web"), veille("channels", "enable", "web", "--json")

    assert "web: disabled since 2020-05-16 07:30; `veille channels enable web` sends what waits" in checked
    assert (0, "web: enabled; 1 to send\n") == (got.code, got.out)
    assert [{"receiver": "web", "pending": 1}] == again.lines
    assert Endpoint("web") == store.endpoint("web")
    assert "disabled" not in veille("check").out


def test_a_receiver_that_is_not_there_cannot_be_enabled(veille: Veille) -> None:
    got = veille("channels", "enable", "autre")

    assert 0 != got.code
    assert "no receiver autre" in got.err


def test_without_receivers_the_list_says_so(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUTES", "SMTP_HOST", "MAIL_FROM", "MAIL_TO"):
        monkeypatch.delenv(f"VEILLE_{name}")
    got = veille("channels", "list")

    assert (0, "") == (got.code, got.out)
    assert "No receiver" in got.err


def test_a_webhook_is_sent_a_sample_while_the_daemon_runs(
    veille: Veille, folder: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = HttpReceiver(status=202)
    monkeypatch.setenv("VEILLE_SECRET_WEB", f"http://127.0.0.1:{serve(tcp(receiver))}/T0KEN")
    with DaemonLock(folder / "veille.db", clock=SystemClock()):
        got = veille("channels", "test", "web")
        again = veille("channels", "test", "web", "--reason", "source_failing", "--json")
    (first, second) = [json.loads(body) for _, _, body in receiver.requests]

    assert (0, "web: accepted, status 202\n") == (got.code, got.out)
    assert (0, True, 202) == (again.code, again.lines[0]["accepted"], again.lines[0]["status"])
    assert "ESSAI" in first["data"]["story"]["title"]
    assert ("story.alert.new", "source.failing") == (first["type"], second["type"])
    assert first["data"]["alert_id"] != second["data"]["alert_id"]


def test_a_recipient_that_is_refused_is_told(veille: Veille, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = SmtpReceiver(recipients={"nuit@example.org": "550 5.1.1 nobody"})
    monkeypatch.setenv("VEILLE_SMTP_PORT", str(serve(smtp(receiver))))
    got = veille("channels", "test", "desk")

    assert 1 == got.code
    assert got.out.startswith("desk: accepted, status 250; refused for nuit@example.org")
    assert ["desk@example.org"] == receiver.accepted[0][0]


def test_a_file_has_no_status(veille: Veille, folder: Path) -> None:
    got = veille("channels", "test", "archive")

    assert (0, "archive: accepted\n") == (got.code, got.out)
    assert "ESSAI" in (folder / "alerts.jsonl").read_text(encoding="utf-8")


def test_of_a_feed_that_is_served_it_is_told_that_a_sample_is_not(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILLE_SECRET_WEB", "s3cr3t-s3cr3t-s3cr3t")
    monkeypatch.setenv("VEILLE_HTTP_ADDRESS", "127.0.0.1:9464")
    text = (folder / "routes.yaml").read_text(encoding="utf-8").replace("webhook: {url", "feed: {token")
    (folder / "routes.yaml").write_text(text, encoding="utf-8")

    assert "web: accepted; the daemon serves what is stored\n" == veille("channels", "test", "web").out


@pytest.mark.parametrize(
    ("status", "told", "hint"),
    [
        (401, "answered 401", "see its address, user and secrets"),
        (404, "answered 404", "see its address, and what the other side takes"),
        (405, "answered 405", "its address is probably wrong"),
        (501, "answered 501", "its address is probably wrong"),
        (503, "answered 503", "try again later, as the daemon would"),
    ],
)
def test_x4_what_was_answered_is_told_with_what_to_do(
    veille: Veille, serve: Serve, monkeypatch: pytest.MonkeyPatch, *, status: int, told: str, hint: str
) -> None:
    port = serve(tcp(HttpReceiver(status=status)))
    monkeypatch.setenv("VEILLE_SECRET_WEB", f"http://127.0.0.1:{port}/T0KEN")
    got = veille("channels", "test", "web")

    assert 1 == got.code
    assert told in got.err
    assert hint in got.err
    assert "T0KEN" not in got.err + got.out


@pytest.mark.parametrize(
    ("tls", "told"),
    [("starttls", "it does not offer STARTTLS"), ("tls", "TLS: what answers there does not speak it")],
)
def test_x4_where_a_mail_server_speaks_no_tls_the_setting_is_named(
    veille: Veille, serve: Serve, monkeypatch: pytest.MonkeyPatch, tls: str, told: str
) -> None:
    monkeypatch.setenv("VEILLE_SMTP_PORT", str(serve(smtp(SmtpReceiver()))))
    monkeypatch.setenv("VEILLE_SMTP_TLS", tls)
    got = veille("channels", "test", "desk")

    assert 1 == got.code
    assert told in got.err
    assert (
        "VEILLE_SMTP_TLS must be what the server speaks on VEILLE_SMTP_PORT: starttls (mostly 587), tls (465)"
        in got.err
    )


def test_x4_a_mail_server_that_is_not_there_is_looked_for_by_its_settings(
    veille: Veille, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILLE_SMTP_PORT", "9")
    got = veille("channels", "test", "desk")

    assert "see VEILLE_SMTP_HOST and VEILLE_SMTP_PORT" in got.err


def test_a_receiver_that_is_not_there_is_told(veille: Veille) -> None:
    got = veille("channels", "test", "nobody")

    assert 5 == got.code
    assert "no receiver nobody" in got.err


def test_a_reason_without_a_sample_is_told(veille: Veille) -> None:
    got = veille("channels", "test", "web", "--reason", "no-reason")

    assert 2 == got.code
    assert "first_alert" in got.err
