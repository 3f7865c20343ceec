"""The same reading, in a child process that can be killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.clock import SystemClock
from monitor.extract.wire import from_wire

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.extract.read import Extracted
    from monitor.model import Page
    from monitor.workers import WorkerPool

__all__ = ["read", "worker_pool"]

_MB = 1024 * 1024


def worker_pool(size: int = 2, *, cpu_s: float = 5.0, memory_bytes: int = 212 * _MB) -> WorkerPool:
    """Return a pool for pages; its children load trafilatura, and end when no page came for half a minute.

    Args:
        size: children at most; one reads some 30 pages a second.
        cpu_s: CPU seconds of one page.
        memory_bytes: address space of a child; it begins with 80 MB.
    """
    from monitor.workers import WorkerPool  # late: the child imports this module too, and needs no asyncio

    return WorkerPool(size, cpu_s=cpu_s, memory_bytes=memory_bytes, deadline_s=30.0, recycle_after=300, idle_s=30.0)


async def read(pool: WorkerPool, page: Page, *, now: datetime | None = None) -> Extracted:
    """Read a page's article in a child process.

    Args:
        pool: as made by `worker_pool`.
        page: as fetched.
        now: later dates are implausible; the machine's clock unless said.

    Raises:
        ExtractError: NOT_HTML, EMPTY or BLOCKED.
        WorkerError: the child crashed or hit a limit.
    """
    args = {
        "url": page.final_url or page.url,
        "content_type": page.content_type,
        "now": (now or SystemClock().now()).isoformat(),
    }
    return from_wire(await pool.run("monitor.extract.task:read_task", page.body, args))
