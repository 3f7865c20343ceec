"""A listener on loopback: what it serves is a handler's affair, that nothing stays open is its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from monitor.demo.server import HOST, Connections

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp(
    handler: Handler, *, tls: ssl.SSLContext | None = None, hosts: Sequence[str] = (HOST,), port: int = 0
) -> AsyncIterator[int]:
    """Serve each connection with a handler, and yield the port; a client that goes away ends its handler."""
    connections = Connections()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await handler(reader, writer)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer.transport)
        tasks.add(asyncio.ensure_future(connected(reader, writer)))

    server = await asyncio.start_server(accept, hosts, port, ssl=tls, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await connections.cut(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
