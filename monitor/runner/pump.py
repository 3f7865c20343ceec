"""A pump claims work from the store and runs it, a bounded number at once.

The claim is the only source of work: a nudge just says "look now". So nothing is lost with the process, and a nudge
that comes twice, late or never changes nothing but the moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from monitor.errors import StoreError
from monitor.telemetry import Metrics

__all__ = ["Pump"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Pump(Generic[_T]):
    """Claims items and works on them, at most `limit` at once.

    Args:
        name: of the stage, for logs and metrics.
        claim: given how many more items may run, claims and returns at most that many.
        work: does one item; an exception is logged and counted, the item's lease brings it back.
        limit: how many items run at once.
        metrics: where unexpected errors are counted.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[int], Awaitable[Sequence[_T]]],
        work: Callable[[_T], Awaitable[object]],
        limit: int,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self._claim = claim
        self._work = work
        self._limit = limit
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Look for work now."""
        self._wake.set()

    async def run(self) -> None:
        """Look for work at each nudge and whenever an item ends, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._fill()
            except Exception as error:  # noqa: BLE001  an edge that must survive: the next nudge tries again
                self._failed("claim_failed", error)

    async def drain(self) -> int:
        """Work until a claim finds nothing and nothing runs; return how many items were claimed.

        Raises:
            StoreError: a claim failed; what runs goes on.
        """
        claimed = 0
        while (more := await self._fill()) or self._running:
            claimed += more
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return claimed

    async def stop(self, *, grace_s: float) -> int:
        """Let what runs end, cancel what does not within `grace_s` seconds; return how many were cancelled."""
        running = set(self._running)
        if not running:
            return 0
        _, late = await asyncio.wait(running, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)

    async def _fill(self) -> int:
        free = self._limit - len(self._running)
        if free <= 0:
            return 0
        items = await self._claim(free)
        for item in items:
            task = asyncio.create_task(self._one(item), name=self.name)
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(items)

    async def _one(self, item: _T) -> None:
        try:
            await self._work(item)
        except Exception as error:  # noqa: BLE001  an edge that must survive: the lease brings the work back
            self._failed("work_failed", error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    def _failed(self, event: str, error: Exception) -> None:
        """Tell it; what is raised on purpose (a full disk, once a second) says all in one line."""
        self._metrics.errors.labels(self.name).inc()
        if isinstance(error, StoreError):
            _log.error(event, extra={"stage": self.name, "error": str(error)})
        else:
            _log.error(event, exc_info=error, extra={"stage": self.name})
