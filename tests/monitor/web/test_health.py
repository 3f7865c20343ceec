from __future__ import annotations

import asyncio
import http.client
import socket

import pytest

from monitor.errors import SettingsError
from monitor.telemetry import Metrics
from monitor.web import WebService, health_app


def _ask(*requests: tuple[str, str], why: str | None = None) -> list[tuple[int, str]]:
    """Serve the health pages on a free port and return the (status, body) of each (path, Host)."""

    def get(port: int, path: str, host: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        assert "server" not in {name.lower() for name, _ in answer.getheaders()}
        return answer.status, body

    async def main() -> list[tuple[int, str]]:
        metrics = Metrics()
        metrics.polls.labels("parsed").inc()
        service = WebService(health_app(metrics=metrics, unready=lambda: why), "127.0.0.1:0")
        await service.start()
        try:
            return [await asyncio.to_thread(get, service.port, path, host) for path, host in requests]
        finally:
            await service.stop()

    return asyncio.run(main())


def test_a_living_and_ready_daemon_says_so() -> None:
    assert [(200, "ok\n"), (200, "ready\n")] == _ask(("/healthz", "127.0.0.1"), ("/readyz", "localhost"))


def test_an_unready_daemon_says_why() -> None:
    assert [(200, "ok\n"), (503, "starting\n")] == _ask(
        ("/healthz", "127.0.0.1"), ("/readyz", "127.0.0.1"), why="starting"
    )


def test_metrics_are_prometheus_text() -> None:
    [(status, body)] = _ask(("/metrics", "127.0.0.1:9464"))

    assert 200 == status
    assert 'veille_polls_total{result="parsed"} 1.0' in body


def test_w1_another_host_name_is_refused() -> None:
    answers = _ask(("/metrics", "evil.example"), ("/healthz", "127.0.0.1.evil.example"))

    assert [400, 400] == [status for status, _ in answers]


def test_nothing_else_is_served() -> None:
    assert [404] == [status for status, _ in _ask(("/docs", "127.0.0.1"))]


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = WebService(health_app(metrics=Metrics(), unready=lambda: None), f"127.0.0.1:{other.getsockname()[1]}")

        with pytest.raises(SettingsError, match="choose another port"):
            asyncio.run(taken.start())


def test_a_service_that_was_never_started_stops() -> None:
    asyncio.run(WebService(health_app(metrics=Metrics(), unready=lambda: None), "127.0.0.1:0").stop())


def test_ipv6_loopback_is_served() -> None:
    async def main() -> int:
        service = WebService(health_app(metrics=Metrics(), unready=lambda: None), "[::1]:0")
        await service.start()
        await service.stop()
        return service.port

    assert asyncio.run(main()) > 0


def test_t8_a_client_that_reads_nothing_does_not_hold_up_the_end() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        service = WebService(health_app(metrics=Metrics(), unready=lambda: None), "127.0.0.1:0")
        await service.start()
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.settimeout(0)
            for _ in range(2000):
                try:
                    client.send(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50)
                except BlockingIOError:
                    break
                await asyncio.sleep(0)
            started = loop.time()
            await service.stop()
            return loop.time() - started

    assert asyncio.run(main()) < 5
