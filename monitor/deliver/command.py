"""A command of the operator's: the payload on its standard input, its exit status for an answer."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from monitor.deliver.means import Problems
from monitor.deliver.notes import note_of
from monitor.deliver.payload import payload_bytes
from monitor.deliver.text import line
from monitor.errors import DeliveryError, Reason
from monitor.model import Receipt, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.deliver.means import Means
    from monitor.deliver.words import Words
    from monitor.model import Alert, Delivery
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "CommandSender", "endpoint", "make"]

_TIMEOUT_S = 20.0
_LONGEST_S = 90.0  # a delivery is leased for 120 s: nobody else may try it meanwhile
_HEARD_BYTES = 4096  # of what a command says; the rest is read and forgotten
_PASSED_ON = ("PATH", "HOME", "LANG")
_SUBJECT = "VEILLE_SUBJECT"

KIND = ChannelKind(
    Channel.COMMAND,
    word="command",
    summary="A program of yours, with JSON as described by alert.schema.json on its standard input.",
    options=(
        Option("argv", OptionType.TEXTS, "The program and its arguments; no shell reads them.", is_required=True),
        Option("timeout_s", OptionType.NUMBER, "Seconds after which it is killed: 20 unless said, 90 at most."),
    ),
)


def make(receiver: Receiver, means: Means) -> CommandSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its program is not there, or its time impossible.
    """
    problems = Problems(receiver)
    program, *arguments = receiver.texts("argv") or ("",)
    found = shutil.which(program) if "/" not in program or program.startswith("/") else None
    if found is None:
        hint = "name one that is in PATH, or say where it is from / on"
        problems.note("argv", f"argv: {program!r} is no program that can be run; {hint}")
    timeout_s = receiver.number("timeout_s", _TIMEOUT_S)
    if not 0 < timeout_s <= _LONGEST_S:
        problems.note("timeout_s", f"timeout_s: {timeout_s:g} is not between 0 and {_LONGEST_S:g}")
    problems.tell()
    return CommandSender(
        name=receiver.name, argv=(found or program, *arguments), words=means.words, timeout_s=timeout_s
    )


def endpoint(receiver: Receiver, settings: Settings) -> None:
    """Return None: there is nothing to look up."""


class CommandSender:
    """Runs a program for each message, in a process group of its own.

    Args:
        name: the receiver's name.
        argv: the program, from `/` on, and its arguments.
        words: the readers' language and time zone.
        timeout_s: after which the group is killed, in seconds.
    """

    def __init__(self, *, name: str, argv: tuple[str, ...], words: Words, timeout_s: float = _TIMEOUT_S) -> None:
        self._name = name
        self._argv = argv
        self._words = words
        self._timeout_s = timeout_s

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  the identity is in the environment
        """Return the payload, and in one line what it says."""
        subject = (_SUBJECT, note_of(alert, self._words).subject)
        return Rendered(body=payload_bytes(alert), content_type="application/json", headers=(subject,))

    async def send(self, delivery: Delivery) -> Receipt:
        """Run it once. Exit 0 is success; all else is tried again, for a program may be mended.

        Raises:
            DeliveryError: it could not be run, took too long, or did not end with 0.
        """
        with closing(_Saying()) as saying:
            try:
                code = await self._run(delivery, saying)
            except TimeoutError:
                told = f"{self._name}: not done after {self._timeout_s:g} s, killed{saying.told()}"
                raise DeliveryError(told, reason=Reason.TIMEOUT) from None
            except OSError as error:
                told = f"{self._name}: {self._argv[0]} cannot be run: {error.strerror}"
                raise DeliveryError(told, reason=Reason.UNAVAILABLE) from error
            if code == 0:
                return Receipt(status=0)
            ended = f"exit {code}" if code > 0 else f"ended by {_signal_name(-code)}"
            raise DeliveryError(
                f"{self._name}: {ended}{saying.told()}",
                reason=Reason.UNAVAILABLE if code == os.EX_TEMPFAIL or code < 0 else Reason.REJECTED,
                status=code if code > 0 else None,
            )

    async def _run(self, delivery: Delivery, saying: _Saying) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=saying.writer,
            env=_environment(os.environ, delivery),
            cwd="/",
            start_new_session=True,
        )
        saying.listen()
        try:
            async with asyncio.timeout(self._timeout_s):
                if process.stdin is not None:  # it was asked for
                    process.stdin.write(delivery.rendered.body)
                    process.stdin.close()
                return await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


class _Saying:
    """What a command writes to its standard error: the beginning is kept, and it is never held up.

    A pipe of our own, for a child that it leaves behind may keep it open: what counts is when the command ends.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._heard = b""
        self._loop = asyncio.get_running_loop()

    def listen(self) -> None:
        """Read from now on: the command has its end of the pipe."""
        os.close(self.writer)
        self.writer = -1
        self._loop.add_reader(self._reader, self._read)

    def told(self) -> str:
        """Return its first line, harmless, to stand at the end of a message."""
        with suppress(BlockingIOError):
            self._read()
        said = next(filter(None, self._heard.decode(errors="replace").splitlines()), "")
        return f": {line(said, 200)}" if said else ""

    def close(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._reader)
        os.close(self._reader)
        if self.writer >= 0:
            os.close(self.writer)

    def _read(self) -> None:
        heard = os.read(self._reader, 1 << 16)
        self._heard = (self._heard + heard)[:_HEARD_BYTES]
        if not heard:
            self._loop.remove_reader(self._reader)


def _environment(ours: Mapping[str, str], delivery: Delivery) -> dict[str, str]:
    """Return the environment of a command: none of our settings, among which there are secrets."""
    return {name: ours[name] for name in _PASSED_ON if name in ours} | {
        "VEILLE_ALERT_ID": delivery.alert_id,
        "VEILLE_MESSAGE_ID": delivery.message_id,
        "VEILLE_RECEIVER": delivery.receiver,
        "VEILLE_ATTEMPT": str(delivery.attempts),
        **dict(delivery.rendered.headers),
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
