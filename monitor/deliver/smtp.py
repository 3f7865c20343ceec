"""One SMTP exchange, in a thread, within its time and to an address that was checked (promises D11, S2, S8)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from monitor.errors import DeliveryError, FetchError, Reason
from monitor.http import IPNetwork, Resolver, resolve, vet
from monitor.settings import SmtpTls
from monitor.threads import call_aside

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Refusals", "SmtpServer"]

Refusals: TypeAlias = dict[str, int]
"""The recipients that were not accepted, with the server's code."""

_PERMANENT = 500
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")  # RFC 3463
_BUSY = 421
_WANTS_LOGIN = 530  # RFC 4954; also what STARTTLS is asked for with
_MAX_SAID_BYTES = 100_000  # by a server, in one exchange
_FAILURES = range(400, 600)
# What OpenSSL calls an answer that is no TLS: it changed its word in 3.2.
_NO_TLS = dict.fromkeys(("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"), "what answers there does not speak it")


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over.

    Attributes:
        host: its name, which TLS verifies.
        port: its port.
        tls: how the connection is protected.
        user: for authentication, or None.
        password: with `user`.
        allow_networks: networks beside the public internet that may be reached.
        context: what certificates are verified with.
        resolver: name and port to IP addresses.
        deadline_s: for the whole exchange, in seconds.
    """

    host: str
    port: int
    tls: SmtpTls
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    allow_networks: Sequence[IPNetwork] = ()
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    resolver: Resolver = resolve
    deadline_s: float = 30.0

    async def send(self, sender: str, recipients: Sequence[str], message: bytes) -> Refusals:
        """Hand a message over, and return who was refused.

        Raises:
            DeliveryError: nobody can be said to have it. It quotes no text of the server, which may echo a password.
        """
        exchange = _Exchange(self)
        try:
            async with asyncio.timeout(self.deadline_s):
                found = await self.resolver(self.host, self.port)
                addresses = vet(self.host, found, self.allow_networks)
                run = partial(exchange.run, addresses, sender, recipients, message)
                return await call_aside(run, name="smtp")
        except FetchError as exc:
            # Tried again whatever it was: a refused address is a setting that somebody may be mending (promise D1).
            raise DeliveryError(str(exc), reason=exc.reason) from exc
        except TimeoutError as exc:
            raise self._error(f"no complete exchange within {self.deadline_s:g} s", Reason.TIMEOUT) from exc
        except smtplib.SMTPResponseException as exc:
            # Without the cause: it holds the server's text.
            raise self._answered(exc) from None
        except smtplib.SMTPNotSupportedError as exc:
            raise self._error(_not_offered(str(exc)), Reason.TLS) from exc
        except ssl.SSLError as exc:
            why = getattr(exc, "verify_message", "") or _NO_TLS.get(exc.reason or "", exc.reason)
            raise self._error(f"TLS: {why or 'the handshake failed'}", Reason.TLS) from exc
        except (smtplib.SMTPException, OSError, ValueError, UnicodeError):
            raise self._error("the connection failed", Reason.CONNECTION) from None
        finally:
            exchange.abort()

    def _answered(self, exc: smtplib.SMTPResponseException) -> DeliveryError:
        code = exc.smtp_code
        text = exc.smtp_error if isinstance(exc.smtp_error, bytes) else exc.smtp_error.encode()
        enhanced = _ENHANCED.match(text)
        said = f"{code} {enhanced.group().decode()}" if enhanced else f"{code}"
        if isinstance(exc, smtplib.SMTPAuthenticationError):
            # Tried again: the operator may be about to correct the password.
            return self._error(f"it refuses the user or the password ({said})", Reason.AUTH, status=code)
        if code == _WANTS_LOGIN:
            return self._error(f"it wants a user and a password ({said})", Reason.AUTH, status=code)
        if not isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
            # It has not seen the message: what it refuses, for good or not, is us, or everybody (promise D1).
            return self._error(f"it takes no mail: it answered {said}", Reason.UNAVAILABLE, status=code)
        reason = Reason.REJECTED if code >= _PERMANENT else Reason.UNAVAILABLE
        return self._error(f"it answered {said}", reason, retryable=code < _PERMANENT, status=code)

    def _error(self, what: str, reason: Reason, *, retryable: bool = True, status: int | None = None) -> DeliveryError:
        return DeliveryError(
            f"mail server {self.host}:{self.port}: {what}", reason=reason, retryable=retryable, status=status
        )


class _Exchange:
    """One connection, which another thread may cut."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._socket: socket.socket | None = None
        self._aborted = False

    def run(self, addresses: Sequence[str], sender: str, recipients: Sequence[str], message: bytes) -> Refusals:
        """Connect to one of the checked addresses and send. Blocks."""
        server = self._server
        smtp = _Client(self, addresses)
        try:
            if server.tls is SmtpTls.STARTTLS:
                smtp.starttls(context=server.context)
                self.watch(smtp.sock)  # TLS took the place of the plain one
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            refused = _sendmail(smtp, sender, recipients, message)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()  # accepted already: nothing that follows may say otherwise (promise D4)
            return refused
        finally:
            smtp.close()

    def connect(self, addresses: Sequence[str]) -> socket.socket:
        """Return a connection to the first address that answers, protected if it is to be from the start."""
        server = self._server
        connection = _connect(addresses, server.port, server.deadline_s)
        try:
            self.watch(connection)
            if server.tls is SmtpTls.TLS:
                secure = server.context.wrap_socket(
                    connection, server_hostname=server.host, do_handshake_on_connect=False
                )
                connection = secure
                self.watch(secure)
                secure.do_handshake()
        except OSError:
            connection.close()
            raise
        return connection

    def watch(self, connection: socket.socket | None) -> None:
        """Make a connection the one that `abort` cuts."""
        self._socket = connection
        if self._aborted:
            raise TimeoutError("too late")

    def abort(self) -> None:
        """Cut the connection, so that the thread ends."""
        self._aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Client(smtplib.SMTP):
    """smtplib's client, but it connects to addresses that were checked; TLS still verifies the name."""

    def __init__(self, exchange: _Exchange, addresses: Sequence[str]) -> None:
        self._exchange = exchange
        self._addresses = addresses
        server = exchange._server  # noqa: SLF001  one thing in two classes: smtplib wants its own
        super().__init__(server.host, server.port, timeout=server.deadline_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002  smtplib's signature
        return self._exchange.connect(self._addresses)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer; smtplib itself would collect its lines without end."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()


class _Bounded:
    """What a server says on one connection, up to a bound."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_SAID_BYTES

    def readline(self, size: int) -> bytes:
        """Read a line.

        Raises:
            OSError: too much was said; smtplib hangs up.
        """
        said = self._file.readline(size)
        self._left -= len(said)
        if self._left < 0:
            raise OSError("the mail server says too much")
        return said

    def close(self) -> None:
        """Let go of the connection."""
        self._file.close()


def _not_offered(what: str) -> str:
    """Return what a server does not offer, of what smtplib says."""
    if "STARTTLS" in what:
        return "it does not offer STARTTLS, which VEILLE_SMTP_TLS asks for"
    return "it does not offer a login, which VEILLE_SMTP_USER asks for; many do over TLS only"


def _connect(addresses: Sequence[str], port: int, timeout_s: float) -> socket.socket:
    failure = OSError("no address")
    for address in addresses:
        try:
            connection = socket.create_connection((address, port), timeout_s / len(addresses))
        except OSError as exc:
            failure = exc
        else:
            connection.settimeout(timeout_s)  # the share was for connecting only
            return connection
    raise failure


def _sendmail(smtp: smtplib.SMTP, sender: str, recipients: Sequence[str], message: bytes) -> Refusals:
    """Return who was refused; an answer that is no SMTP code counts as one that may pass."""
    try:
        refused = smtp.sendmail(sender, list(recipients), message)
    except smtplib.SMTPRecipientsRefused as exc:
        # After a 421 smtplib stops asking, and nobody has the message: not those it had accepted before either.
        refused = {person: exc.recipients.get(person, (_BUSY, b"")) for person in recipients}
    return {person: code if code in _FAILURES else _BUSY for person, (code, _) in refused.items()}
