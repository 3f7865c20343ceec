"""The parent's side: a few children, each doing one task at a time, replaced whenever one misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from monitor.errors import ExternalError, ExtractError, FeedError, Reason, WorkerError
from monitor.heap import ENVIRONMENT
from monitor.workers import frames

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["WorkerPool"]

_KINDS: dict[str, type[ExternalError]] = {"FeedError": FeedError, "ExtractError": ExtractError}
_FAREWELL_S = 5.0
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


@dataclass(slots=True, eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tasks: int = 0
    retirement: asyncio.TimerHandle | None = field(default=None)


class WorkerPool:
    """Runs tasks in child processes that can be killed.

    Children start when first needed and end when idle. A child that crashes, or that spends more than its CPU time,
    memory or wall time, costs its own task and nothing else: the next task gets a fresh one. Use it from the main
    thread's event loop, because a child dies with the thread that started it.

    Args:
        size: children at most; further tasks wait for one.
        cpu_s: CPU seconds of one task.
        memory_bytes: address space of a child (not enforced on macOS).
        deadline_s: wall seconds of one task, waiting for a free child not included.
        recycle_after: tasks after which a child is replaced, against the growth of memory.
        idle_s: seconds without work after which a child ends.
        max_reply_bytes: larger results are refused; decoding one must not stall the event loop.
    """

    def __init__(
        self,
        size: int,
        *,
        cpu_s: float,
        memory_bytes: int,
        deadline_s: float,
        recycle_after: int = 500,
        idle_s: float = 30.0,
        max_reply_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        self._cpu_s = cpu_s
        self._memory_bytes = memory_bytes
        self._deadline_s = deadline_s
        self._recycle_after = recycle_after
        self._idle_s = idle_s
        self._max_reply_bytes = min(max_reply_bytes, frames.MAX_FRAME_BYTES)
        self._room = asyncio.Semaphore(size)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._ending: list[_Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def run(self, task: str, body: bytes, args: Mapping[str, Any] | None = None) -> Any:
        """Do one task in a child. Cancelling the caller kills the child.

        Args:
            task: `package.module:function`, a function of `(body: bytes, args: dict)` that returns JSON values.
            body: the foreign bytes.
            args: what else the task needs, as JSON values.

        Returns:
            What the task returned, through JSON.

        Raises:
            FeedError: raised by the task itself.
            ExtractError: raised by the task itself.
            WorkerError: WORKER_CPU, WORKER_MEMORY, WORKER_CRASHED, TIMEOUT or TOO_LARGE.
        """
        asked = {"task": task, "args": args or {}, "max_reply_bytes": self._max_reply_bytes}
        async with self._room:
            request = frames.encode(asked, body)  # only now: those that wait need no second copy (promise R5)
            child = self._take() or await self._start()
            self._busy.add(child)
            clean = False
            try:
                header, result = await self._exchange(child, task, request)
                clean = header.get("reason") != Reason.WORKER_MEMORY
            finally:
                self._busy.discard(child)
                if clean:
                    self._give_back(child)
                else:
                    self._kill(child)
        if header["ok"]:
            return json.loads(result)
        raise _KINDS.get(header["kind"], WorkerError)(
            header["message"] if header["kind"] in _KINDS else f"{task}: {header['message']}",
            reason=Reason(header["reason"]),
            retryable=bool(header["retryable"]),
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children that live."""
        return tuple(child.process.pid for child in (*self._idle, *self._busy))

    async def aclose(self) -> None:
        """End every child, the busy ones too, and wait until they are gone."""
        for child in self._idle:
            self._dismiss(child)
        for child in self._busy:
            self._kill(child)
        self._idle.clear()
        ending, self._ending = self._ending, []
        for child in ending:
            with contextlib.suppress(OSError):
                await child.writer.wait_closed()
            try:
                await asyncio.to_thread(child.process.wait, _FAREWELL_S)
            except subprocess.TimeoutExpired:
                child.process.kill()
                await asyncio.to_thread(child.process.wait)

    async def _exchange(self, child: _Child, task: str, request: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            async with asyncio.timeout(self._deadline_s):
                child.writer.write(request)
                await child.writer.drain()
                prefix = await child.reader.readexactly(frames.PREFIX_BYTES)
                head_bytes, body_bytes = frames.lengths(prefix)
                header = json.loads(await child.reader.readexactly(head_bytes))
                return header, await child.reader.readexactly(body_bytes)
        except TimeoutError as exc:
            raise WorkerError(f"{task}: no answer in {self._deadline_s:g} s", reason=Reason.TIMEOUT) from exc
        except (OSError, EOFError) as exc:
            status = await asyncio.to_thread(child.process.wait)
            if status == -signal.SIGPROF:
                raise WorkerError(
                    f"{task}: more than {self._cpu_s:g} s of CPU", reason=Reason.WORKER_CPU, retryable=False
                ) from exc
            raise WorkerError(f"{task}: the worker ended with status {status}", reason=Reason.WORKER_CRASHED) from exc
        except ValueError as exc:
            raise WorkerError(f"{task}: the worker's answer is unreadable", reason=Reason.WORKER_CRASHED) from exc

    def _take(self) -> _Child | None:
        self._reap()
        while self._idle:
            child = self._idle.pop()
            if child.retirement is not None:
                child.retirement.cancel()
            if child.process.poll() is None:
                return child
            self._dismiss(child)
        return None

    async def _start(self) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                return _Child(_spawn(theirs, self._memory_bytes, self._cpu_s), reader, writer)
            except OSError as exc:
                writer.close()
                raise WorkerError(f"a worker cannot be started: {exc}", reason=Reason.WORKER_CRASHED) from exc

    def _give_back(self, child: _Child) -> None:
        child.tasks += 1
        if child.tasks >= self._recycle_after:
            self._dismiss(child)
            return
        self._idle.append(child)
        child.retirement = asyncio.get_running_loop().call_later(self._idle_s, self._retire, child)

    def _retire(self, child: _Child) -> None:
        self._idle.remove(child)
        self._dismiss(child)

    def _kill(self, child: _Child) -> None:
        child.process.kill()
        self._dismiss(child)

    def _dismiss(self, child: _Child) -> None:
        """Close a child's input, at whose end it leaves; `_reap` or `aclose` collects what is left of it."""
        if child.retirement is not None:
            child.retirement.cancel()
        child.writer.close()
        self._ending.append(child)

    def _reap(self) -> None:
        self._ending = [child for child in self._ending if child.process.poll() is None]


def _spawn(ends_at: socket.socket, memory_bytes: int, cpu_s: float) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-P", "-m", "monitor.workers.child", str(os.getpid()), str(memory_bytes), str(cpu_s)]
    return subprocess.Popen(words, stdin=ends_at.fileno(), stdout=subprocess.DEVNULL, env=_environment())


def _environment() -> dict[str, str]:
    """What a child may know: what it needs to import the same code, and no secret of ours."""
    kept = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("COVERAGE_")}
    return kept | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
