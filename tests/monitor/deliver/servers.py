"""Receivers on loopback that answer as they are told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult

from monitor.demo.server import Connections

LOOPBACK = "127.0.0.1"


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept the connection and say nothing."""
    await asyncio.Event().wait()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Cut the connection at the first byte, or at once."""
    writer.transport.abort()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer what is no protocol."""
    writer.write(b"\x00\xff bonjour\r\n\r\n")
    await writer.drain()


@dataclass
class HttpReceiver:
    """Answers every POST with one status, and remembers what it was sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target, *lines = head.split("\r\n")[:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            self.requests.append((target, headers, await reader.readexactly(int(headers["content-length"]))))
            told = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            answer = f"HTTP/1.1 {self.status} Told\r\ncontent-length: {len(self.body)}\r\n{told}\r\n"
            writer.write(answer.encode() + self.body)
            await writer.drain()


@dataclass
class SmtpReceiver:
    """A mail server's behaviour: its answers, and what it accepted."""

    recipients: Mapping[str, str] = field(default_factory=dict)  # answers other than 250, by address
    data: str = "250 taken"
    data_after_s: float = 0.0
    sender: str = "250 fine"
    password: str | None = None
    cut_after_data: bool = False
    accepted: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.sender.startswith("250"):
            envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = self.recipients.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.data_after_s)
        if self.data.startswith("250"):
            self.accepted.append((envelope.rcpt_tos, envelope.original_content))
        if self.cut_after_data:
            server.transport.abort()
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
        return AuthResult(success=login.password.decode() == self.password, handled=False)


PHASES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "message")


@dataclass
class SmtpScript:
    """A mail server that does one thing at one phase of the exchange, and what it should at the others.

    Attributes:
        phase: one of `PHASES`; `data` is the command, `message` what follows it.
        answer: what it says there; None: nothing, and it waits; "": it cuts the connection.
    """

    phase: str
    answer: str | None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "greeting", "220 mail.example")
        while command := (await reader.readline()).decode().strip():
            verb = command.partition(" ")[0].lower()
            phase = {"helo": "ehlo"}.get(verb, verb)
            fine = (
                "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN" if phase == "ehlo" else _FINE.get(phase, "250 ok")
            )
            await self._say(writer, phase, fine)
            if phase == "data" and self.phase != "data":
                await reader.readuntil(b"\r\n.\r\n")
                await self._say(writer, "message", "250 taken")

    async def _say(self, writer: asyncio.StreamWriter, phase: str, fine: str) -> None:
        answer = self.answer if phase == self.phase else fine
        if answer is None:
            await asyncio.Event().wait()
        if not answer:
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()


_FINE = {
    "ehlo": "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN",
    "starttls": "220 go on",
    "auth": "235 welcome",
    "data": "354 go on",
}


@asynccontextmanager
async def smtp(
    receiver: SmtpReceiver, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve mail, and yield the port."""

    connections = Connections()

    class Session(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.add(cast("asyncio.WriteTransport", transport))  # what a listener makes
            super().connection_made(transport)

    def session() -> SMTP:
        return Session(
            receiver,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=receiver.authenticate if receiver.password else None,
            auth_require_tls=receiver.password is None,
            hostname="mail.example",
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(session, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await connections.cut(server)
