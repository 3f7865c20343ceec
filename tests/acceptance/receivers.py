"""Receivers on loopback that are flaky, each in the ways of its kind, by luck that is the same in every run.

Each keeps a log of what it has read to its end, and of what became of that: its fate. What is refused, cut or lost
before the message was read whole leaves no trace.
"""

from __future__ import annotations

import asyncio
import random
import re
import shlex
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from tests.monitor.deliver.servers import SmtpReceiver
from tests.monitor.http.server import read_request, response

_SLOW_S = 0.4
_MOST_REFUSED = 3  # times for each message, so that none runs out of attempts


class Fate(StrEnum):
    """What became of a message that was read."""

    TAKEN = "taken"  # kept, and who sent it is told so
    UNSAID = "unsaid"  # kept, but who sent it is not told, or told otherwise
    REFUSED = "refused"  # not kept


@dataclass(frozen=True)
class Heard:
    """A message that a receiver has read. `identity` is what it names itself; a post to Slack has none."""

    receiver: str
    identity: str
    body: bytes
    fate: Fate
    at: float = 0.0

    @property
    def is_kept(self) -> bool:
        return self.fate is not Fate.REFUSED

    @property
    def text(self) -> str:
        """Its words, as a reader sees them."""
        if not self.body.startswith(b"Subject:"):
            return self.body.decode()
        message = message_from_bytes(self.body, policy=policy.default)
        return "\n".join([str(message["subject"]), *(part.get_content() for part in message.iter_parts())])


OnHeard: TypeAlias = Callable[[Heard], None]


class Luck:
    """Draws misfortunes.

    Args:
        seed: the same draws for the same requests.
        share: of messages that meet with one.
    """

    def __init__(self, seed: str, *, share: float = 0.45) -> None:
        self._chance = random.Random(seed)  # noqa: S311  the same misfortunes in every run
        self._share = share
        self._struck: defaultdict[bytes, int] = defaultdict(int)

    def strikes(self, message: bytes) -> bool:
        if self._struck[message] >= _MOST_REFUSED or self._chance.random() > self._share:
            return False
        self._struck[message] += 1
        return True

    def strikes_unseen(self) -> bool:
        """Tell whether one strikes before the message is known."""
        return self._chance.random() < self._share / 6

    def draw(self, sides: int) -> int:
        return self._chance.randrange(sides)


@dataclass
class Flaky:
    """What is common to receivers.

    Args:
        name: the receiver's.
        on_heard: called with each message that was read.
        is_well: it does as it should from now on.
    """

    name: str
    on_heard: OnHeard
    luck: Luck = field(init=False)
    is_well: bool = False

    def __post_init__(self) -> None:
        self.luck = Luck(self.name)

    def hear(self, identity: str, body: bytes, fate: Fate) -> None:
        self.on_heard(Heard(self.name, identity, body, fate, time.time()))


@dataclass
class FlakyHttp(Flaky):
    """Takes posts. Answers 500, 503 and 429, hangs up before and after it has read, dawdles, keeps and does not say."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            if not self.is_well and self.luck.strikes_unseen():
                await reader.readuntil(b"\r\n\r\n")
                _reset(writer)
                return
            request = await read_request(reader)
            fate, answer = self._draw(request.body)
            if fate is Fate.TAKEN and answer is None:
                await asyncio.sleep(_SLOW_S)
            self.hear(request.headers.get("webhook-id", ""), request.body, fate)
            if fate is not Fate.TAKEN and answer is None:
                _reset(writer)
                return
            writer.write(answer or response(200, b"ok"))
            await writer.drain()

    def _draw(self, body: bytes) -> tuple[Fate, bytes | None]:
        """Return a fate, and what is answered; None: nothing, or after a while."""
        if self.is_well or not self.luck.strikes(body):
            return Fate.TAKEN, response(200, b"ok")
        fates = (
            (Fate.REFUSED, response(500)),
            (Fate.REFUSED, response(503, retry_after="1")),
            (Fate.REFUSED, response(429, retry_after="1")),
            (Fate.REFUSED, None),
            (Fate.TAKEN, None),
            (Fate.UNSAID, None),
            (Fate.UNSAID, b"HTTP/1.1 2"),  # a status cut in the middle
            (Fate.UNSAID, response(504)),
        )
        return fates[self.luck.draw(len(fates))]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Hang up with a reset."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FlakySmtp(SmtpReceiver):
    """A mail server: greylists, has no room, dawdles, and hangs up after the message, whether it keeps it or not."""

    def __init__(self, flaky: Flaky) -> None:
        super().__init__()
        self._flaky = flaky

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if not self._flaky.is_well and self._flaky.luck.strikes_unseen():
            return "450 4.2.0 greylisted"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        body = envelope.original_content
        identity = re.search(rb"^Message-ID: <([^@>]+)@", body, re.MULTILINE)
        named = identity[1].decode() if identity else ""
        if self._flaky.is_well or not self._flaky.luck.strikes(body):
            self._flaky.hear(named, body, Fate.TAKEN)
            return "250 2.0.0 taken"
        match self._flaky.luck.draw(4):
            case 0:
                self._flaky.hear(named, body, Fate.REFUSED)
                return "452 4.3.1 no room"
            case 1:
                await asyncio.sleep(_SLOW_S)
                self._flaky.hear(named, body, Fate.TAKEN)
                return "250 2.0.0 taken"
            case cut:
                self._flaky.hear(named, body, Fate.UNSAID if cut == 2 else Fate.REFUSED)
                server.transport.abort()
                return "250 2.0.0 nobody hears this"


_COMMAND = """#!/bin/sh
body=$(cat)
[ -n "$body" ] || exit 75  # whoever ran it is dead
draw=$(printf %s "$VEILLE_MESSAGE_ID $VEILLE_ATTEMPT" | cksum)
fate=taken code=0
if [ "$VEILLE_ATTEMPT" -le 3 ]; then case $((${draw%% *} % 8)) in
  0) fate=unsaid code=1 ;;
  1) fate=refused code=75 ;;
  2) fate=refused code=3 ;;
  3) sleep 0.3 ;;
esac; fi
to="$VEILLE_MESSAGE_ID $VEILLE_ATTEMPT $$ $fate"
printf %s "$body" > "$0.d/.$to" && mv "$0.d/.$to" "$0.d/$to"
exit $code
"""


@dataclass(frozen=True)
class FlakyCommand:
    """A program that keeps each message in a file of its own, and does not always say so."""

    name: str
    program: Path

    def __post_init__(self) -> None:
        self.program.write_text(_COMMAND, encoding="utf-8")
        self.program.chmod(0o700)
        Path(f"{self.program}.d").mkdir()

    @property
    def heard(self) -> Iterator[Heard]:
        for path in Path(f"{self.program}.d").glob("[!.]*"):
            identity, _attempt, _pid, fate = shlex.split(path.name)
            yield Heard(self.name, identity, path.read_bytes(), Fate(fate), path.stat().st_mtime)


@dataclass(frozen=True)
class FlakyFile:
    """A file of alerts whose folder is not always there."""

    name: str
    path: Path

    def hide(self) -> None:
        self.path.parent.rename(self._elsewhere)

    def show(self) -> None:
        if self._elsewhere.exists():
            self._elsewhere.rename(self.path.parent)

    @property
    def _elsewhere(self) -> Path:
        return self.path.parent.with_suffix(".away")

    @property
    def heard(self) -> Iterator[Heard]:
        """What its lines say. One that was cut short by a kill is not a line of JSON, and no message."""
        for line in self.path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"}\n"):
                yield Heard(self.name, "", line, Fate.TAKEN)
