"""One daemon for one SQLite file (promise T4)."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from monitor.clock import Clock, SystemClock
from monitor.errors import StoreError, StoreLockedError
from monitor.store.sql import text_of_instant

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["DaemonLock", "Holder", "holder_of"]

_SUFFIX = ".lock"


class Holder(NamedTuple):
    """A process that holds a database."""

    pid: int
    host: str
    started_at: datetime


class DaemonLock:
    """Holds `<database>.lock` for as long as the context lasts; the kernel lets go of it when the process dies.

    The file names its holder (pid, host, start) as JSON. It stays behind, empty: removing it would let two processes
    lock two files of one name.

    Args:
        path: the database's path.
        clock: tells the start; the machine's clock by default.

    Raises:
        StoreLockedError: on entering, when another process holds it; the message names that process.
        StoreError: on entering, when the file cannot be written.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        target = path.resolve()  # one file may have several names
        self.path = target.with_name(target.name + _SUFFIX)
        self._clock = clock or SystemClock()
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            what_to_do = "make its folder writable" if self.path.parent.is_dir() else "make its folder"
            raise StoreError(
                f"{self.path}: the lock beside the database cannot be opened: {exc.strerror}; "
                f"{what_to_do}, or set VEILLE_DATABASE to another path"
            ) from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = _holder(fd)
            os.close(fd)
            raise StoreLockedError(
                f"{self.path.with_suffix('')}: another daemon uses it: {holder}; stop it first"
            ) from exc
        self._fd = fd
        os.ftruncate(fd, 0)
        os.pwrite(fd, self._myself(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)

    def _myself(self) -> bytes:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "started_at": text_of_instant(self._clock.now())}
        return json.dumps(me).encode()


def holder_of(path: Path) -> Holder | None:
    """Return who holds a database, or did when it was killed; None: who held it let go of it, or nobody has.

    Args:
        path: the database's path.
    """
    target = path.resolve()
    try:
        return _read(target.with_name(target.name + _SUFFIX).read_bytes())
    except OSError:
        return None


def _read(signed: bytes) -> Holder | None:
    """Return what a holder signed; None: it has not yet, or no longer."""
    try:
        holder = json.loads(signed)
    except ValueError:
        return None
    return Holder(holder["pid"], holder["host"], datetime.fromisoformat(holder["started_at"]))


def _holder(fd: int) -> str:
    holder = _read(os.pread(fd, 4096, 0))
    if holder is None:
        return "a process that has only just started"
    return f"pid {holder.pid} on {holder.host}, since {text_of_instant(holder.started_at)}"
