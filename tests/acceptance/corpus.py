"""A server of the real feeds and pages of `../shared/corpus`, on many loopback addresses, links rewritten to itself."""

from __future__ import annotations

import gzip
import json
import re
import threading
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
HOSTS = 40
_POLL_S = 0.05  # how soon a server sees that it should stop
# Links of entries, wherever feeds put them; namespaces are addresses too and must stay.
_LINK = re.compile(rb"""(<link[^>]*>\s*(?:<!\[CDATA\[)?|href=["']|<guid[^>]*>\s*|"url":\s*")https?://([^/\s<"']+)""")


@dataclass(frozen=True)
class CorpusFeed:
    """A feed of the corpus with what is expected of it."""

    id: str
    body: bytes
    expected: dict[str, Any]


def feeds() -> list[CorpusFeed]:
    """Return every feed of the corpus."""
    lines = (CORPUS / "feeds" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    manifest = [json.loads(line) for line in lines]
    return [
        CorpusFeed(item["id"], gzip.decompress((CORPUS / "feeds" / item["file"]).read_bytes()), item["expected"])
        for item in manifest
    ]


class CorpusServer:
    """Serves feeds at `/feed/ID` and some page of the corpus at every other path, until closed."""

    def __init__(self, served: list[CorpusFeed]) -> None:
        pages = [gzip.decompress(path.read_bytes()) for path in sorted((CORPUS / "pages").glob("*.html.gz"))]

        class Handler(_Handler):
            """One class for each server, because the library makes its instances."""

        Handler.feeds, Handler.pages = {feed.id: feed.body for feed in served}, pages
        first = ThreadingHTTPServer(("127.0.1.1", 0), Handler)
        self.port = Handler.port = first.server_port
        others = [ThreadingHTTPServer((f"127.0.1.{n}", self.port), Handler) for n in range(2, HOSTS + 1)]
        self._servers = [first, *others]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True).start()

    def url(self, feed: CorpusFeed) -> str:
        """Return the address of a feed."""
        return f"http://{host(feed.id)}:{self.port}/feed/{feed.id}"

    def close(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def host(name: str) -> str:
    """Return the loopback address that stands for a name."""
    return f"127.0.1.{1 + zlib.crc32(name.encode()) % HOSTS}"


class _Handler(BaseHTTPRequestHandler):
    feeds: ClassVar[dict[str, bytes]]
    pages: ClassVar[list[bytes]]
    port: ClassVar[int]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/robots.txt" or path.startswith("/.well-known/"):
            self._answer(404, "text/plain", b"")
        elif path.removeprefix("/feed/") in self.feeds:
            port = self.port
            body = _LINK.sub(
                lambda found: found[1] + f"http://{host(found[2].decode('latin-1'))}:{port}".encode(),
                self.feeds[path.removeprefix("/feed/")],
            )
            self._answer(200, "application/xml", body)
        else:
            self._answer(200, "text/html", self.pages[zlib.crc32(path.encode()) % len(self.pages)])

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        if content_type != "application/xml":
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        """Say nothing."""
