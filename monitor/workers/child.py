"""The child's side: read a task, do it within its limits, answer, again until the parent is gone.

A task is a function named `package.module:function` that takes `(body: bytes, args: dict)` and returns what JSON can
carry. Only the parent names tasks; foreign bytes only ever are their `body`.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import logging
import os
import resource
import signal
import sys
import warnings
from io import FileIO
from typing import TYPE_CHECKING, Any

from monitor.errors import ExternalError, Reason
from monitor.workers.frames import PREFIX_BYTES, encode, lengths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["answer", "main", "serve"]

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve the parent at the other end of standard input. Arguments: its process id, bytes of memory, CPU seconds."""
    parent, memory_bytes, cpu_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    _quieten()
    _die_with(parent)
    _limit_memory(memory_bytes)
    with FileIO(os.dup(0), "r+b") as stream:
        serve(stream, cpu_s=cpu_s)


def serve(stream: FileIO, *, cpu_s: float) -> None:
    """Answer each frame of a stream until it ends or memory has run out.

    Args:
        stream: both ways, unbuffered.
        cpu_s: CPU time of one task, user and system. Spending more ends the process by SIGPROF.
    """
    while prefix := _read(stream, PREFIX_BYTES):
        head_bytes, body_bytes = lengths(prefix)
        header = json.loads(_read(stream, head_bytes))
        body = _read(stream, body_bytes)
        reply, last = answer(header, body, cpu_s=cpu_s)
        _write(stream, reply)
        if last:
            return


def answer(header: Mapping[str, Any], body: bytes, *, cpu_s: float) -> tuple[bytes, bool]:
    """Do one task. What it is the first to import is not counted against it.

    Returns:
        The reply frame, and whether the process should end after it.
    """
    last = False
    try:
        task = _task(header["task"])
        with _cpu_limit(cpu_s):
            result = task(body, header["args"])
            reply = encode({"ok": True}, json.dumps(result, ensure_ascii=False).encode("utf-8", "replace"))
        if len(reply) <= header["max_reply_bytes"]:
            return reply, last
        failure = _failure("WorkerError", "its result is too large", Reason.TOO_LARGE)
    except ExternalError as exc:
        failure = _failure(type(exc).__name__, str(exc), exc.reason, retryable=exc.retryable)
    except MemoryError:
        failure, last = _failure("WorkerError", "it ran out of memory", Reason.WORKER_MEMORY), True
    except Exception as exc:  # noqa: BLE001  the worker boundary: whatever a library raises, the parent is told
        failure = _failure("WorkerError", f"{type(exc).__name__}: {exc}"[:500], Reason.WORKER_CRASHED)
    return encode(failure), last


@contextlib.contextmanager
def _cpu_limit(cpu_s: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _failure(kind: str, message: str, reason: Reason, *, retryable: bool = False) -> dict[str, Any]:
    return {"ok": False, "kind": kind, "message": message, "reason": reason.value, "retryable": retryable}


def _task(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _read(stream: FileIO, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = stream.read(min(size - len(parts), 1 << 20))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def _write(stream: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _quieten() -> None:
    """The parent decides when we end (end of input, SIGKILL), and it alone writes the log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _die_with(parent: int) -> None:
    """Ask Linux for SIGKILL when the parent's thread dies (prctl(2)); elsewhere the end of input must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def _limit_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS but may refuse it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


if __name__ == "__main__":
    main()
