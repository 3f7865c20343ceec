"""One daemon for one SQLite file (promise T4)."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from monitor.clock import Clock, SystemClock
from monitor.errors import StoreError, StoreLockedError
from monitor.files import content_of, resolved
from monitor.store.sql import instant_of, text_of_instant

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["DaemonLock", "Holder", "holder_of", "lock_of", "was_killed"]

_SUFFIX = ".lock"
_MOST_BYTES = 4096
_LOOK_S = 0.2  # nobody who only looks holds the lock for so long


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
        pause: waits so many seconds, for somebody who only looks whether it is held to let go of it.

    Raises:
        StoreLockedError: on entering, when another process holds it; the message names that process.
        StoreError: on entering, when the file cannot be written; at once, when the path leads nowhere.
    """

    def __init__(
        self, path: Path, *, clock: Clock | None = None, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.path = lock_of(path)
        self._clock = clock or SystemClock()
        self._pause = pause
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
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise StoreError(f"{self.path}: the lock beside the database is a pipe or a device; remove it")
        if not _took(fd, fcntl.LOCK_EX):
            self._pause(_LOOK_S)
            if not _took(fd, fcntl.LOCK_EX):
                holder = _holder(fd)
                os.close(fd)
                raise StoreLockedError(f"{self.path.with_suffix('')}: another daemon uses it: {holder}; stop it first")
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


def lock_of(path: Path) -> Path:
    """Return the lock of a database: one, whatever names and links lead to the file.

    Raises:
        StoreError: its links lead round in a circle, or cannot be followed; no file has such a name.
    """
    try:
        target = resolved(path)
    except OSError as exc:
        raise StoreError(f"{path}: leads nowhere: {exc.strerror}; set another path") from exc
    return target.with_name(target.name + _SUFFIX)


def holder_of(path: Path) -> Holder | None:
    """Return who holds a database, or did when it was killed; None: who held it let go of it, or nobody has.

    Args:
        path: the database's path.
    """
    try:
        return _read(content_of(lock_of(path), most_bytes=_MOST_BYTES))
    except OSError:
        return None


def was_killed(path: Path) -> bool:
    """Return whether who signed the lock of a database holds it no longer, and did not let go of it: it was killed.

    The lock itself is asked, by taking it for a moment: a pid may be another process by now, or be counted elsewhere.

    Args:
        path: the database's path.
    """
    try:
        fd = os.open(lock_of(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return _took(fd, fcntl.LOCK_SH) and _read(os.pread(fd, _MOST_BYTES, 0)) is not None
    except OSError:  # a pipe, a folder
        return False
    finally:
        os.close(fd)


def _took(fd: int, kind: int) -> bool:
    """Take the lock where nobody holds it."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(signed: bytes) -> Holder | None:
    """Return what a holder signed; None: it has not yet, or no longer, or what is there is nothing of ours."""
    try:
        holder = json.loads(signed)
        return Holder(int(holder["pid"]), str(holder["host"]), instant_of(holder["started_at"]))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None


def _holder(fd: int) -> str:
    holder = _read(os.pread(fd, _MOST_BYTES, 0))
    if holder is None:
        return "a process that has only just started"
    return f"pid {holder.pid} on {holder.host}, since {text_of_instant(holder.started_at)}"
