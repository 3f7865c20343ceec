"""A small HTTP server for loopback, so that a test or a demonstration decides every answer.

It speaks enough HTTP/1.1 (RFC 9112) for an honest client: one request for a connection, bodies with a Content-Length.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from typing import Any, TypeAlias

__all__ = ["HOST", "Answer", "Background", "Connections", "Handler", "HttpServer", "Request", "background"]

T = TypeVar("T")

HOST = "127.0.0.1"
_MAX_HEAD = 64 * 1024
_MAX_BODY = 4_000_000
_PATIENCE_S = 30
_TURNS = 5  # of an event loop, more than a connection takes from `accept` to its protocol, or from `abort` to its end


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is told, `delay_s` seconds later."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0


if TYPE_CHECKING:
    Handler: TypeAlias = Callable[[Request], Answer]


class Connections:
    """What a server has accepted, so that stopping it leaves nothing open (asyncio does this from Python 3.13 on)."""

    def __init__(self) -> None:
        self._accepted: WeakSet[asyncio.WriteTransport] = WeakSet()

    def add(self, transport: asyncio.WriteTransport) -> None:
        """Remember a connection that was made."""
        self._accepted.add(transport)

    async def cut(self, server: asyncio.Server) -> None:
        """Accept no more, and hang up on everyone, those on their way in included."""
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener)
        await _turns()  # whom asyncio accepted reaches a protocol: closed before that, the server would forget them
        server.close()
        for transport in tuple(self._accepted):
            with suppress(AttributeError):  # asyncio's own, of one that has just ended by itself
                transport.abort()
        await _turns()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class HttpServer:
    """A server on a free port of the loopback address, from `start` to `stop`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections = Connections()
        self._conversations: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen; the port is known afterwards."""
        self._server = await asyncio.start_server(self._connected, HOST, 0, limit=_MAX_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everyone and close."""
        if self._server is not None:
            await self._connections.cut(self._server)
            for conversation in self._conversations:
                conversation.cancel()
            await asyncio.gather(*self._conversations, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer.transport)
        conversation = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; a client that leaves or babbles is no event."""
        try:
            with suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_PATIENCE_S):
                    request = await _read(reader)
                answer = self._handler(request)
                await asyncio.sleep(answer.delay_s)
                writer.write(_written(answer, head_only=request.method == "HEAD"))
                await writer.drain()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _version = start.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= _MAX_BODY:
        raise ValueError("body too large")
    return Request(method, path, headers, await reader.readexactly(length))


def _written(answer: Answer, *, head_only: bool) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    head = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    if answer.status != HTTPStatus.NOT_MODIFIED:
        head.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1") + (b"" if head_only else answer.body)


class Background:
    """An event loop in a thread, for code that is not asynchronous. See `background`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def background() -> Iterator[Background]:
    """Give an event loop that runs in a thread until the block ends."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, name="demo", daemon=True)
        thread.start()
        try:
            yield Background(loop)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
