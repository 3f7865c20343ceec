"""A press of any number of sites, each on a loopback address of its own; a process beside what is measured.

`python -m benchmarks.press SITES` prints its port. Each site has `/etag.xml`, which answers 304 to who knows it, and
`/plain.xml`, which has no validators: 30 entries of about a kilobyte. `/more` on any site publishes one more on all.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import cast

__all__ = ["ENTRIES", "article", "press", "site"]

ENTRIES = 30
_BACKLOG = 16
_BEGAN = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
_WORDS = (
    "Le conseil municipal se réunit jeudi soir à la mairie pour examiner le budget des écoles et des routes, dit "
    "le maire. Les élus d'opposition demandent un report, les habitants du bourg attendent surtout la réouverture "
    "du pont de pierre. "
)
_LINK = '<li><a href="/rubrique/{0}" title="Rubrique {0}">La rubrique numéro {0} du journal et ses dépêches</a></li>'


def site(number: int) -> str:
    """Return the address of a site."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


@contextmanager
def press(sites: int) -> Iterator[int]:
    """Run the press, and give its port."""
    words = [sys.executable, "-m", "benchmarks.press", str(sites)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline() if server.stdout else 0)
        finally:
            server.terminate()


@lru_cache(maxsize=4)
def _items(more: int) -> bytes:
    items = "".join(
        f"<item><title>Dépêche {n} du site @@ : le pont de pierre rouvrira</title><link>http://@@/page/{n}</link>"
        f"<guid isPermaLink='false'>urn:@@:{n}</guid><dc:creator>Jeanne Morvan</dc:creator>"
        f"<category>Vie locale</category><description><![CDATA[<img src='http://@@/i/{n}.jpg' alt='Le pont'/>"
        f"<p>{_WORDS * 3}</p><p><a href='/page/{n}'>Lire la suite</a> {_WORDS}</p>]]></description>"
        f"<enclosure url='http://@@/i/{n}.jpg' type='image/jpeg' length='1'/>"
        f"<pubDate>{format_datetime(_BEGAN + timedelta(hours=n))}</pubDate></item>"
        for n in range(more + ENTRIES, more, -1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Site @@</title><link>http://@@/</link>{items}</channel></rss>"
    ).encode()


@lru_cache(maxsize=1)
def article() -> bytes:
    """Return a page of about 60 kB: an article among links, as newspapers have them."""
    data = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Le pont de pierre"})
    links = "".join(_LINK.format(n) for n in range(250))
    text = "".join(f"<p>{_WORDS} ({n})</p>" for n in range(24))
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Le pont de pierre rouvrira</title>'
        f'<script type="application/ld+json">{data}</script></head><body><nav><ul>{links}</ul></nav>'
        f"<main><article><h1>Le pont de pierre rouvrira</h1>{text}</article></main>"
        f"<footer><ul>{links}</ul></footer></body>"
    ).encode()


class _Site(asyncio.Protocol):
    more = 0  # entries published beyond the first ones, on every site

    def __init__(self, address: bytes) -> None:
        self._address = address
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            head, self._heard = self._heard[:end], self._heard[end + 4 :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path == b"/more":
            _Site.more += 1
            return _response(b"200 OK", b"ok")
        if path.startswith(b"/page/"):
            return _response(b"200 OK", article(), b"Content-Type: text/html; charset=utf-8\r\n")
        if path == b"/plain.xml":
            return _response(b"200 OK", self._feed())
        if path == b"/etag.xml":
            etag = b'"%d"' % _Site.more
            if etag in head:
                return b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n" % etag
            return _response(b"200 OK", self._feed(), b"ETag: %b\r\n" % etag)
        return _response(b"404 Not Found", b"")

    def _feed(self) -> bytes:
        return _items(_Site.more).replace(b"@@", self._address)


def _response(status: bytes, body: bytes, headers: bytes = b"Content-Type: application/rss+xml\r\n") -> bytes:
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)


async def _serve(sites: int) -> None:
    loop = asyncio.get_running_loop()
    port = 0
    for number in range(sites):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((site(number), port))
        port = listener.getsockname()[1]
        address = f"{site(number)}:{port}".encode()
        await loop.create_server(lambda address=address: _Site(address), sock=listener, backlog=_BACKLOG)  # type: ignore[misc]  # a default that binds the loop's value
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
