"""Files of the operator's: small texts, which may turn out to be anything, and what takes another's place."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["content_of", "replacing", "resolved", "text_of"]

_MOST_BYTES: Final = 2_000_000


def text_of(path: Path, *, most_bytes: int = _MOST_BYTES) -> str:
    """Return the text of a file, without a byte order mark; for the arguments, see `content_of`.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read; `why_unreadable` says why.
    """
    return content_of(path, most_bytes=most_bytes).decode("utf-8-sig")


def content_of(path: Path, *, most_bytes: int) -> bytes:
    """Return what a file holds.

    A pipe or a device, which may never end, is refused and not waited for; of what is too large no more is read.

    Args:
        path: of the file.
        most_bytes: that it may have.

    Raises:
        OSError: it cannot be read; `why_unreadable` says why.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:
        raise _no_name() from error
    with os.fdopen(opened, "rb") as file:  # which a folder is refused by
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "not a file")
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes / 1_000_000:g} MB")
    return content


def resolved(path: Path) -> Path:
    """Return a path from `/` on, its links followed; it need not exist yet.

    Raises:
        OSError: its links lead round in a circle, or cannot be followed; no file has such a name.
    """
    try:
        return Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        return Path(os.path.realpath(path))
    except ValueError as error:
        raise _no_name() from error


def _no_name() -> OSError:
    """Return what is wrong with a path that has a NUL, or half a character."""
    return OSError(errno.EINVAL, "no file has such a name")


@contextmanager
def replacing(path: Path, *, mode: int) -> Iterator[BinaryIO]:
    """Give a file to write: at the end it is what `path` names, a link followed; where anything is raised, nothing is.

    Args:
        path: need not exist yet; its folder must.
        mode: who may read the new file.

    Raises:
        OSError: it cannot be written.
    """
    target = resolved(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        made.chmod(mode)
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
