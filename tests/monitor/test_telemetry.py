from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.settings import LogFormat, LogLevel
from monitor.telemetry import Metrics, configure_logging, notify_systemd


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_json_line_holds_the_event_and_its_facts() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, LogFormat.JSON, stream=stream)

    logging.getLogger("monitor.x").info("polled", extra={"feed_id": 3, "title": "L’Élysée\u202e\n"})
    logging.getLogger("monitor.x").debug("too small")
    line = json.loads(stream.getvalue())

    assert ("polled", 3, "info", "monitor.x") == (line["event"], line["feed_id"], line["level"], line["logger"])


def test_an_exception_is_in_the_json_line() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, LogFormat.JSON, stream=stream)
    try:
        int("wrong")
    except ValueError:
        logging.getLogger("monitor.x").exception("failed")

    assert "wrong" in json.dumps(json.loads(stream.getvalue()))


SECRET = "https://hooks.example.org/topsecret"


@pytest.mark.parametrize("log_format", LogFormat)
def test_a_stack_trace_shows_no_local_variables(log_format: LogFormat) -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, log_format, stream=stream)

    def send(address: str) -> None:
        int(address[:5])

    try:
        send(SECRET)
    except ValueError:
        logging.getLogger("monitor.x").exception("failed")

    assert "ValueError" in stream.getvalue()
    assert "topsecret" not in stream.getvalue()


def test_a_console_line_is_one_line_whatever_a_title_holds() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.DEBUG, LogFormat.CONSOLE, stream=stream)

    logging.getLogger("monitor.x").warning("poll_failed", extra={"error": "first\nsecond"})

    assert 1 == stream.getvalue().count("\n")


def test_libraries_that_log_addresses_are_quiet() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.DEBUG, LogFormat.JSON, stream=stream)

    logging.getLogger("httpx").info("POST https://hooks.example.org/topsecret")

    assert "" == stream.getvalue()


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO, LogFormat.CONSOLE)

    logging.getLogger("monitor.x").info("there")

    assert "there" in capsys.readouterr().err


def test_metrics_of_two_instances_are_apart() -> None:
    one, other = Metrics(), Metrics()

    one.polls.labels("parsed").inc()

    assert b'veille_polls_total{result="parsed"} 1.0' in one.exposition()
    assert b'result="parsed"' not in other.exposition()


def test_the_end_of_a_round_is_noted() -> None:
    metrics = Metrics()
    now = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)

    metrics.round_ended(now)

    assert now == metrics.last_round_at
    assert now.timestamp() == metrics.registry.get_sample_value("veille_last_round_timestamp_seconds")


def test_without_a_service_manager_nobody_is_told() -> None:
    assert not notify_systemd("READY=1")


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)

        told = notify_systemd("READY=1")

        assert (True, b"READY=1") == (told, manager.recv(100))


def test_a_service_manager_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    assert not notify_systemd("WATCHDOG=1")


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        try:
            manager.bind("\0veille-test-notify")
        except OSError:
            pytest.skip("abstract addresses are Linux's own")
        monkeypatch.setenv("NOTIFY_SOCKET", "@veille-test-notify")

        told = notify_systemd("READY=1")

        assert told
