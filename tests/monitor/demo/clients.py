"""What the tests of the demonstration share: a newsroom in a thread, and a plain HTTP client."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.demo import Newsroom, Press, background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from monitor.demo import Answer, Request


@dataclass
class ManualClock:
    """A clock that moves when told."""

    at: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, parts.path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())
    finally:
        connection.close()


@contextmanager
def open_newsroom(
    press: Press,
    clock: ManualClock,
    *,
    pace: float = 1.0,
    decide: Callable[[str, Request], Answer | None] = lambda _title, _request: None,
) -> Iterator[Newsroom]:
    newsroom = Newsroom(press, clock=clock, pace=pace, decide=decide)
    with background() as loop:
        loop.run(newsroom.start())
        try:
            yield newsroom
        finally:
            loop.run(newsroom.stop())
