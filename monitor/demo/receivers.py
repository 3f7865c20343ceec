"""Local destinations for alerts: a webhook, a Slack-like webhook and a mail server, on loopback.

They check what a real one would (signature, blocks, headers), keep what they got, and call back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from monitor.demo.server import HOST, Answer, Connections, HttpServer, Request
from monitor.model import Channel

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    OnAlert: TypeAlias = "Callable[[Received], None]"

__all__ = ["CHANNELS", "MailReceiver", "Received", "Receivers", "SlackReceiver", "WebhookReceiver", "signature_problem"]

CHANNELS = (Channel.WEBHOOK, Channel.SLACK, Channel.MAIL)
"""The channels that there is a receiver for."""

_MAX_SKEW_S = 300
_MAX_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was accepted. `identity` is its webhook-id or Message-ID, or nothing; `text` is all its words."""

    channel: Channel
    identity: str
    text: str
    payload: Mapping[str, Any]
    headers: Mapping[str, str]


class WebhookReceiver:
    """A receiver of signed webhooks.

    Args:
        on_alert: called with each message accepted.
        decide: asked first, with the request's number from 1; what it answers goes out instead.
        now_s: tells the time in Unix seconds, to judge timestamps.
    """

    channel = Channel.WEBHOOK

    def __init__(
        self,
        *,
        on_alert: OnAlert = lambda _received: None,
        decide: Callable[[int, Request], Answer | None] = lambda _number, _request: None,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.requests: list[Request] = []
        self.received: list[Received] = []
        self.problems: list[str] = []
        self._on_alert = on_alert
        self._decide = decide
        self._now_s = now_s
        self._server = HttpServer(self._handle)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"{self._server.url}/hooks/{self.channel.value}"

    def settings(self) -> dict[str, str]:
        """Return the settings that send alerts here."""
        return {"VEILLE_WEBHOOK_URL": self.url, "VEILLE_WEBHOOK_SECRET": self.secret}

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def stop(self) -> None:
        """Close."""
        await self._server.stop()

    def problem(self, request: Request) -> str | None:
        """Return what is wrong with a request, or None."""
        return signature_problem(request, self.secret, now_s=None if self._now_s is None else self._now_s())

    def _handle(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self._decide(len(self.requests), request)
        if answer is not None:
            return answer
        problem = "not POST" if request.method != "POST" else self.problem(request)
        if problem:
            self.problems.append(problem)
            return Answer(HTTPStatus.BAD_REQUEST, problem.encode())
        payload = json.loads(request.body)
        identity = request.headers.get("webhook-id", "")
        received = Received(self.channel, identity, "\n".join(_texts(payload)), payload, request.headers)
        self.received.append(received)
        self._on_alert(received)
        return Answer(body=b"ok", headers=(("Content-Type", "text/plain"),))


class SlackReceiver(WebhookReceiver):
    """A receiver that takes what a Slack incoming webhook takes, and answers as one does."""

    channel = Channel.SLACK

    def settings(self) -> dict[str, str]:
        """Return the settings that send alerts here."""
        return {"VEILLE_SLACK_WEBHOOK_URL": self.url}

    def problem(self, request: Request) -> str | None:
        """Return what Slack would find wrong with a request, or None."""
        try:
            payload = json.loads(request.body)
        except ValueError:
            return "invalid_payload"
        if not isinstance(payload, dict) or not payload.get("text"):
            return "no_text"
        blocks = payload.get("blocks")
        if (
            not isinstance(blocks, list)
            or not 0 < len(blocks) <= _MAX_BLOCKS
            or not all("type" in one for one in blocks)
        ):
            return "invalid_blocks"
        return None


class MailReceiver:
    """A mail server that takes everything.

    Args:
        on_alert: called with each message accepted.
        decide: asked first, with the message's number from 1; the SMTP reply it gives goes out instead.
    """

    channel = Channel.MAIL

    def __init__(
        self,
        *,
        on_alert: OnAlert = lambda _received: None,
        decide: Callable[[int], str | None] = lambda _number: None,
    ) -> None:
        self.messages: list[EmailMessage] = []
        self.received: list[Received] = []
        self._attempts = 0
        self._on_alert = on_alert
        self._decide = decide
        self._server: asyncio.Server | None = None
        self._connections = Connections()
        self.port = 0

    def settings(self) -> dict[str, str]:
        """Return the settings that send alerts here."""
        return {
            "VEILLE_SMTP_HOST": HOST,
            "VEILLE_SMTP_PORT": str(self.port),
            "VEILLE_SMTP_TLS": "none",
            "VEILLE_MAIL_FROM": "Veille <veille@demo.example>",
            "VEILLE_MAIL_TO": "desk@demo.example",
        }

    async def start(self) -> None:
        """Listen."""
        import asyncio

        from aiosmtpd.smtp import SMTP

        connections = self._connections

        class Session(SMTP):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                connections.add(cast("asyncio.WriteTransport", transport))  # what a listener makes
                super().connection_made(transport)

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Session(self, hostname="demo.example", loop=loop), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everyone and close."""
        if self._server is not None:
            await self._connections.cut(self._server)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take a message, or refuse it as decided."""
        self._attempts += 1
        reply = self._decide(self._attempts)
        if reply is not None:
            return reply
        message = message_from_bytes(envelope.original_content, EmailMessage, policy=policy.default)
        headers = {name.lower(): str(value) for name, value in message.items()}
        parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        text = "\n".join([headers.get("subject", ""), *parts])
        received = Received(
            self.channel, headers.get("message-id", ""), text, {"subject": headers.get("subject")}, headers
        )
        self.messages.append(message)
        self.received.append(received)
        self._on_alert(received)
        return "250 2.0.0 OK"


class Receivers:
    """The three of them, from `start` to `stop`."""

    def __init__(self, *, on_alert: OnAlert = lambda _received: None) -> None:
        self.webhook = WebhookReceiver(on_alert=on_alert)
        self.slack = SlackReceiver(on_alert=on_alert)
        self.mail = MailReceiver(on_alert=on_alert)

    async def start(self) -> None:
        """Listen."""
        for receiver in (self.webhook, self.slack, self.mail):
            await receiver.start()

    async def stop(self) -> None:
        """Close."""
        for receiver in (self.webhook, self.slack, self.mail):
            await receiver.stop()

    def settings(self) -> dict[str, str]:
        """Return the settings that send alerts to all three."""
        return {**self.webhook.settings(), **self.slack.settings(), **self.mail.settings()}

    @property
    def received(self) -> tuple[Received, ...]:
        """Everything that was accepted, by channel."""
        return (*self.webhook.received, *self.slack.received, *self.mail.received)


def signature_problem(request: Request, secret: str, *, now_s: float | None = None) -> str | None:
    """Return what is wrong with a webhook's signature (Standard Webhooks 1.0.0), or None.

    Args:
        request: as received.
        secret: `whsec_` and base64.
        now_s: Unix time in seconds, to refuse stale timestamps; None: any timestamp is good.
    """
    identity, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if not identity or "." in identity or not timestamp.isdecimal():
        return "no webhook-id or webhook-timestamp"
    if now_s is not None and abs(now_s - int(timestamp)) > _MAX_SKEW_S:
        return "webhook-timestamp too far from now"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identity}.{timestamp}.".encode() + request.body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = request.headers.get("webhook-signature", "").split()
    return None if any(hmac.compare_digest(expected, one) for one in given) else "wrong webhook-signature"


def _texts(value: object) -> list[str]:
    """Return every text inside a JSON value."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in _texts(one)]
