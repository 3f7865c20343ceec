"""A file of this machine: one alert a line, as JSON, for what reads logs."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.deliver.means import place_of
from monitor.deliver.payload import payload_bytes
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.model import Receipt, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from monitor.deliver.means import Means
    from monitor.model import Alert, Delivery
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "FileSender", "endpoint", "make", "unwritten"]

_OWNER_ONLY = 0o600
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

KIND = ChannelKind(
    Channel.FILE,
    word="file",
    summary="JSON as described by alert.schema.json, a line an alert, appended to a file of this machine.",
    options=(Option("path", OptionType.TEXT, "The file, from `/` on; made where it is not there.", is_required=True),),
)


def make(receiver: Receiver, means: Means) -> FileSender:  # noqa: ARG001  it needs nothing
    """Return the channel of a receiver.

    Raises:
        SettingsError: its path does not say where the file is.
    """
    path = Path(receiver.text("path") or "")
    if not path.is_absolute():
        raise SettingsError(f"{place_of(receiver, 'path')}: path: {str(path)!r} does not begin with /")
    return FileSender(name=receiver.name, path=path)


def endpoint(receiver: Receiver, settings: Settings) -> None:
    """Return None: there is nothing to look up."""


class FileSender:
    """Appends each message as a line, which is on the disk before the message counts as sent.

    Args:
        name: the receiver's name.
        path: the file; opened each time, so that it may be rotated.
    """

    def __init__(self, *, name: str, path: Path) -> None:
        self._name = name
        self._path = path

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  `alert_id` tells repeats
        """Return the payload and the end of its line."""
        return Rendered(body=payload_bytes(alert) + b"\n", content_type="application/jsonl")

    async def send(self, delivery: Delivery) -> Receipt:
        """Append once. Whatever the system refuses may be mended, and is tried again.

        Raises:
            DeliveryError: not written, or not all of it.
        """
        try:
            await asyncio.to_thread(_append, self._path, delivery.rendered.body)
        except OSError as error:
            raise unwritten(error, who=self._name, path=self._path) from error
        return Receipt()


def unwritten(error: OSError, *, who: str, path: Path) -> DeliveryError:
    """Return what is told of a file that was not written, or not all of it."""
    full = error.errno in _FULL
    hint = "make room" if full else "see that it is a file that veille may write"
    return DeliveryError(f"{who}: {path}: {error.strerror}; {hint}", reason=Reason.UNAVAILABLE)


def _append(path: Path, text: bytes) -> None:
    """Append a line to a file, after the end of one that a crash or a full disk cut short."""
    # A named pipe is refused at once: what is written there nobody may ever read.
    opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, _OWNER_ONLY)
    try:
        about = os.fstat(opened)
        regular = stat.S_ISREG(about.st_mode)
        if not regular and not stat.S_ISCHR(about.st_mode):
            raise OSError(errno.EINVAL, "is no file")
        if about.st_size and os.pread(opened, 1, about.st_size - 1) != b"\n":
            text = b"\n" + text
        if os.write(opened, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if regular:
            os.fsync(opened)
    finally:
        os.close(opened)
