"""Receivers on loopback that answer as they are told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

LOOPBACK = "127.0.0.1"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve each connection with a handler, and yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handler(reader, writer)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(connected(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await _settle()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _settle()


async def _settle() -> None:
    """Give the loop the turns it needs to take what comes in and close what was cut."""
    for _ in range(10):
        await asyncio.sleep(0)


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
        if self.data.startswith("250"):
            self.accepted.append((envelope.rcpt_tos, envelope.original_content))
        if self.cut_after_data:
            server.transport.abort()
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
        return AuthResult(success=login.password.decode() == self.password, handled=False)


@asynccontextmanager
async def smtp(
    receiver: SmtpReceiver, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve mail, and yield the port."""

    sessions: list[SMTP] = []

    def session() -> SMTP:
        served = SMTP(
            receiver,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=receiver.authenticate if receiver.password else None,
            auth_require_tls=receiver.password is None,
            hostname="mail.example",
            loop=asyncio.get_running_loop(),
        )
        sessions.append(served)
        return served

    server = await asyncio.get_running_loop().create_server(session, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await _settle()  # a connection may be on its way in
        server.close()
        for served in sessions:
            if served.transport is not None:
                served.transport.close()
        await _settle()
