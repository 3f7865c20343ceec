"""A raw HTTP server on loopback that can misbehave in every way: handlers write bytes, not responses."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, TypeAlias

from monitor.cookies import NO_COOKIES
from monitor.http import HttpClient, resolve
from tests.monitor.tcp import tcp

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from monitor.clock import Clock
    from monitor.cookies import CookieJar
    from monitor.http import IPNetwork, Resolver

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Handler: TypeAlias = "Callable[[Request, asyncio.StreamWriter], Awaitable[None]]"


@dataclass
class Server:
    port: int = 0
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


def response(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """Bytes of a whole response; `content_type="x"` is `content-type: x`."""
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "content_length" not in headers and status != 304:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def answering(*answers: bytes) -> Handler:
    """A handler that gives these bytes in turn, then the last one for ever."""
    left = list(answers)

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return handle


def routing(routes: dict[str, bytes]) -> Handler:
    """A handler that answers by path, 404 elsewhere."""

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(routes.get(request.path, response(404)))

    return handle


@asynccontextmanager
async def serving(
    handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """Serve on a free port of a loopback address until the end of the block."""
    server = Server(scheme="https" if tls else "http")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        while True:
            request = await read_request(reader)
            server.requests.append(request)
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                await handler(request, writer)
                await writer.drain()
            finally:
                server.in_flight -= 1
            if writer.is_closing():
                return

    async with tcp(converse, tls=tls, hosts=(host,)) as server.port:
        yield server


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


@asynccontextmanager
async def client(
    *,
    tls: ssl.SSLContext | None = None,
    resolver: Resolver = resolve,
    clock: Clock | None = None,
    cookies: CookieJar = NO_COOKIES,
    private: bool = False,
    allow: Sequence[IPNetwork] = LOOPBACK,
    **limits: float,
) -> AsyncIterator[HttpClient]:
    """A client that may reach loopback, unless `private` asks for the public internet only."""
    async with HttpClient(
        user_agent="veille/0 (+https://veille.example)",
        allow_networks=() if private else allow,
        ssl_context=tls,
        clock=clock,
        resolver=resolver,
        cookies=cookies,
        **limits,  # type: ignore[arg-type]  # the tests name the limits that they set
    ) as opened:
        yield opened
