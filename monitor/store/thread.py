"""The store's own thread: sync SQL that never blocks the event loop, one transaction at a time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

__all__ = ["StoreThread"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_FIRST, _SOON, _IN_TURN = 0, 1, 2


@dataclass(order=True, slots=True)
class _Call:
    rank: int
    number: int
    function: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)


class StoreThread:
    """Runs functions that touch the store, one after the other, in one thread.

    What is of deliveries goes first: an alert that was planned never waits behind what a flood of feeds and pages has
    to write. Then comes what an alert waits for that is yet to be planned, and last what polls write. There are a few
    of the former at a time, so that the others have their turn between them.

    A caller that is cancelled stops waiting; the transaction under way still ends.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._lock = threading.Lock()
        self._calls: list[_Call] = []  # a heap; the executor is asked once for each
        self._numbers = itertools.count()

    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the function in the store's thread and return what it returns."""
        return await self._in_thread(_IN_TURN, partial(function, *args, **kwargs))

    async def run_first(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Do as `run`, before all that waits there."""
        return await self._in_thread(_FIRST, partial(function, *args, **kwargs))

    async def run_soon(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Do as `run`, before all that waits its turn there."""
        return await self._in_thread(_SOON, partial(function, *args, **kwargs))

    def close(self) -> None:
        """Wait for the transaction under way, and end the thread."""
        self._executor.shutdown(wait=True)

    async def _in_thread(self, rank: int, function: Callable[[], _R]) -> _R:
        future: Future[_R] = Future()
        with self._lock:
            heapq.heappush(self._calls, _Call(rank, next(self._numbers), function, future))
        self._executor.submit(self._next)
        return await asyncio.wrap_future(future)

    def _next(self) -> None:
        with self._lock:
            call = heapq.heappop(self._calls)
        if not call.future.set_running_or_notify_cancel():
            return
        try:
            call.future.set_result(call.function())
        except BaseException as error:  # noqa: BLE001  it is the caller's, as from any executor
            call.future.set_exception(error)
            del call  # its future keeps the error, and the error's trace keeps this frame
