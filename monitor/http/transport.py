"""httpcore under httpx's transport interface: checked addresses, and a small pool for each origin.

One big pool is rescanned at each request (docs: 4.3 ms against 1.0), so every origin has a lane of its own; all share
one TLS context and one network backend.
"""

from __future__ import annotations

import asyncio
import select
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from monitor.http.addresses import IPNetwork, Resolver, vet

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import AsyncIterator, Iterable, Sequence

__all__ = ["CheckedBackend", "LaneTransport"]

_LOOKED_AT = 8  # lanes considered for closing at each request
_MAX_ADDRESSES = 4
_MAX_HEAD_BYTES = 512 * 1024


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolve once, refuse if any answer is bad, connect to an address that was checked (promise S2).

    Args:
        allow: networks beside the public internet that may be reached.
        resolver: name and port to IP addresses.
    """

    def __init__(self, *, allow: Sequence[IPNetwork], resolver: Resolver) -> None:
        self._allow = tuple(allow)
        self._resolver = resolver
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            FetchError: `dns` or `address_refused`.
            httpcore.ConnectError: none of the addresses answered.
            httpcore.ConnectTimeout: the last one did not in time.
        """
        addresses = vet(host, await self._resolver(host, port), self._allow)[:_MAX_ADDRESSES]
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return _Bounded(await self._tcp.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Bounded(await self._tcp.connect_tcp(addresses[-1], port, share, local_address, socket_options))


@dataclass(slots=True)
class _Head:
    """How many bytes may still come until an answer's head is complete."""

    room: int = _MAX_HEAD_BYTES


_HEAD: ContextVar[_Head | None] = ContextVar("head", default=None)


class _Bounded(httpcore.AsyncNetworkStream):
    """A connection on which an answer's head has a bound, however many early ones (RFC 8297) come before it.

    h11 bounds one head; of 103s it takes as many as are sent, at a cost of 40 microseconds each (promise R1).
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore's interface
        """Read some bytes.

        Raises:
            httpcore.RemoteProtocolError: too many, and still no head.
        """
        data = await self._stream.read(max_bytes, timeout)
        head = _HEAD.get()
        if head is not None:
            head.room -= len(data)
            if head.room < 0:
                raise httpcore.RemoteProtocolError("no end of the head")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  httpcore's interface
        """Write bytes."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from here on."""
        return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks about the connection.

        Before each request, whether the other side has closed it: anyio would look up all that it knows to say that.
        """
        if info != "is_readable":
            return self._stream.get_extra_info(info)
        if self._socket is None:
            self._socket = self._stream.get_extra_info("socket")
        return _is_readable(self._socket)


def _is_readable(connection: socket.socket | None) -> bool:
    """Return whether something waits there, if only the end; of a connection that is no more, too."""
    number = -1 if connection is None else connection.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


class LaneTransport(httpx.AsyncBaseTransport):
    """Send each request through the small pool of its origin; close pools left idle.

    Args:
        backend: how connections are made.
        ssl_context: shared by all lanes.
        connections_per_host: most connections to one origin at a time.
        max_lanes: origins kept connected while idle.
        idle_s: how long an idle origin is kept connected, in seconds.
    """

    def __init__(
        self,
        *,
        backend: httpcore.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext,
        connections_per_host: int,
        max_lanes: int,
        idle_s: float,
    ) -> None:
        self._backend = backend
        self._ssl_context = ssl_context
        self._connections_per_host = connections_per_host
        self._max_lanes = max_lanes
        self._idle_s = idle_s
        self._lanes: OrderedDict[tuple[str, bytes, int | None], _Lane] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; httpcore's exceptions pass through."""
        lane = self._lane(request.url)
        for pool in self._retire(lane):
            await pool.aclose()
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        token = _HEAD.set(_Head())
        try:
            response = await lane.pool.handle_async_request(asked)
        finally:
            _HEAD.reset(token)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close every connection."""
        lanes, self._lanes = self._lanes, OrderedDict()
        for lane in lanes.values():
            await lane.pool.aclose()

    @property
    def origins(self) -> int:
        """How many origins have a lane."""
        return len(self._lanes)

    def _lane(self, url: httpx.URL) -> _Lane:
        key = (url.scheme, url.raw_host, url.port)
        lane = self._lanes.get(key)
        if lane is None:
            pool = httpcore.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=self._connections_per_host,
                keepalive_expiry=self._idle_s,
                network_backend=self._backend,
            )
            lane = self._lanes[key] = _Lane(pool)
        lane.used_at = asyncio.get_running_loop().time()
        self._lanes.move_to_end(key)
        return lane

    def _retire(self, current: _Lane) -> list[httpcore.AsyncConnectionPool]:
        """Forget lanes that are idle and too old or too many, least recently used first; return their pools."""
        retired = []
        for key, lane in list(islice(self._lanes.items(), _LOOKED_AT)):
            is_stale = lane.used_at + self._idle_s < current.used_at
            if not is_stale and len(self._lanes) <= self._max_lanes:
                break
            if lane is not current and lane.is_idle:
                retired.append(self._lanes.pop(key).pool)
        return retired


@dataclass(slots=True)
class _Lane:
    pool: httpcore.AsyncConnectionPool
    used_at: float = 0.0  # of the event loop's clock

    @property
    def is_idle(self) -> bool:
        return all(connection.is_idle() for connection in self.pool.connections)


class _Body(httpx.AsyncByteStream):
    """An httpcore body as httpx wants it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()
