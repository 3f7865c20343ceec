from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import httpcore
import pytest

from monitor.http.transport import _Bounded


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection

    def get_extra_info(self, info: str) -> object:
        return {"socket": self._connection, "server_addr": ("127.0.0.1", 80)}.get(info)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        yield ours, theirs


def test_a_connection_that_rests_is_not_readable(ends: tuple[socket.socket, socket.socket]) -> None:
    stream = _Bounded(_Stream(ends[0]))

    assert [False, False] == [stream.get_extra_info("is_readable") for _ in range(2)]
    assert ("127.0.0.1", 80) == stream.get_extra_info("server_addr")


def test_a_connection_that_the_other_side_closed_is_readable(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.close()

    assert _Bounded(_Stream(ours)).get_extra_info("is_readable")


def test_a_connection_that_is_no_more_counts_as_readable(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    ours.close()

    assert _Bounded(_Stream(ours)).get_extra_info("is_readable")
    assert _Bounded(_Stream(None)).get_extra_info("is_readable")
