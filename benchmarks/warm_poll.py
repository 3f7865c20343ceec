"""A feed that answers 304: our fetch, against a bare httpx GET of the same address with the same headers."""

from __future__ import annotations

import asyncio
import ipaddress
import time

import httpx

from monitor.fetch import fetch_feed
from monitor.http import HttpClient
from monitor.model import Feed, FeedId, FeedState, FeedStatus

_REQUESTS = 500
_ROUNDS = 5
_ETAG = '"v1"'


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
        await writer.drain()


async def main() -> None:
    server = await asyncio.start_server(_quietly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/rss"
    state = FeedState(id=FeedId(1), feed=Feed(url), host=f"127.0.0.1:{port}", status=FeedStatus.ACTIVE, etag=_ETAG)
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    ratios = []
    async with HttpClient(user_agent="benchmark", allow_networks=allowed) as ours, httpx.AsyncClient() as bare:
        for _ in range(_ROUNDS):
            started = time.process_time()
            for _ in range(_REQUESTS):
                await fetch_feed(ours, state, max_bytes=1_000_000, deadline_s=10)
            middle = time.process_time()
            for _ in range(_REQUESTS):
                await bare.get(url, headers={"If-None-Match": _ETAG})
            ratios.append((middle - started, time.process_time() - middle))
    ours_ms, bare_ms = (sorted(column)[_ROUNDS // 2] / _REQUESTS * 1000 for column in zip(*ratios, strict=True))
    print(f"304 through fetch_feed {ours_ms:.2f} ms CPU, bare httpx GET {bare_ms:.2f} ms (server included in both)")
    print(f"ratio {ours_ms / bare_ms:.2f}")
    server.close()


async def _quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await _serve(reader, writer)
    except (asyncio.IncompleteReadError, asyncio.CancelledError):  # the client left, or the benchmark is over
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
