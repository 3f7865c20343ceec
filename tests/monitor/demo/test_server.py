from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from monitor.demo import Answer, HttpServer, Request, background
from tests.monitor.demo.clients import ask

if TYPE_CHECKING:
    from collections.abc import Iterator


def echo(request: Request) -> Answer:
    return Answer(body=f"{request.method} {request.path} ".encode() + request.body)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    served = HttpServer(echo)
    with background() as loop:
        loop.run(served.start())
        yield served
        loop.run(served.stop())


def test_a_request_reaches_the_handler_whole(server: HttpServer) -> None:
    assert ask(server.url + "/a?b", method="POST", body=b"c" * 200_000).body == b"POST /a " + b"c" * 200_000


def test_a_head_gets_no_body(server: HttpServer) -> None:
    reply = ask(server.url + "/", method="HEAD")

    assert ("7", b"") == (reply.headers["Content-Length"], reply.body)


@pytest.mark.parametrize(
    "babble",
    [b"", b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"A" * 200_000 + b"\r\n\r\n"],
    ids=["nothing", "no request", "no length", "too long"],
)
def test_babble_is_hung_up_on_and_others_are_served(server: HttpServer, babble: bytes) -> None:
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client, suppress(OSError):
        client.sendall(babble)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(10)

    assert (b"", 200) == (answer, ask(server.url + "/").status)


def test_a_body_too_large_is_hung_up_on(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4000001\r\n\r\n")

        assert client.recv(10) == b""


def test_stopping_hangs_up_on_who_still_waits() -> None:
    async def main() -> bytes:
        asked = asyncio.Event()

        def wait(_request: Request) -> Answer:
            asked.set()
            return Answer(delay_s=600)

        server = HttpServer(wait)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await asked.wait()
        await server.stop()
        answer = b"".join([line async for line in reader])
        writer.close()
        await writer.wait_closed()
        return answer

    assert asyncio.run(main()) == b""


@pytest.mark.parametrize("turns", range(4))
def test_stopping_hangs_up_on_who_is_on_the_way_in(turns: int) -> None:
    async def main() -> None:
        server = HttpServer(echo)
        await server.start()
        client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.stop()
        with client, suppress(ConnectionResetError):
            assert client.recv(1) == b""

    asyncio.run(main())


def test_a_server_that_never_started_may_be_stopped() -> None:
    asyncio.run(HttpServer(echo).stop())
