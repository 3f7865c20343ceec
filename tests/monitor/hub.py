"""A hub on loopback, as WebSub has it: asks back, and sends what is new, signed."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from monitor.demo import Answer, HttpServer, Request
from monitor.http import HttpClient, HttpResponse


@dataclass
class Hub:
    """Keeps what it is asked for; a test lets it ask back and publish."""

    answer: Answer = field(default_factory=lambda: Answer(202))
    server: HttpServer = field(init=False)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = HttpServer(self._handle)
        self._client = HttpClient(user_agent="hub", allow_networks=[ipaddress.ip_network("127.0.0.0/8")])

    @property
    def url(self) -> str:
        return f"{self.server.url}/hub"

    async def verify(self, **changes: str) -> HttpResponse:
        """Ask whether the last request was meant."""
        told = self.asked[-1]
        query = {
            "hub.mode": "subscribe",
            "hub.topic": told["hub.topic"],
            "hub.challenge": "un deux trois",
            "hub.lease_seconds": "86400",
        }
        query |= {f"hub.{name}": value for name, value in changes.items()}
        return await self._client.get(f"{told['hub.callback']}?{urlencode(query)}", max_bytes=10_000)

    async def publish(
        self, body: bytes = b"<rss/>", *, method: str = "sha256", secret: str | None = None, path: str | None = None
    ) -> HttpResponse:
        """Send something to the last who asked."""
        told = self.asked[-1]
        mac = hmac.new((secret or told["hub.secret"]).encode(), body, getattr(hashlib, method)).hexdigest()
        headers = {"Content-Type": "application/rss+xml"}
        if method != "md5":
            headers["X-Hub-Signature"] = f"{method}={mac}"
        target = told["hub.callback"] if path is None else told["hub.callback"].rpartition("/")[0] + path
        return await self._client.post(target, content=body, headers=headers)

    async def aclose(self) -> None:
        await self._client.aclose()
        await self.server.stop()

    def _handle(self, request: Request) -> Answer:
        if request.path == "/hub":
            self.asked.append({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        return self.answer if request.path == "/hub" else Answer(404)
