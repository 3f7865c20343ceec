"""The same reading, in a child process that can be killed."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

from monitor.clock import SystemClock
from monitor.feeds.wire import from_wire

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import ParsedFeed
    from monitor.workers import WorkerPool

__all__ = ["MAX_BYTES", "parse", "worker_pool"]

MAX_BYTES: Final = 10 * 1024 * 1024  # promise R1
_MB = 1024 * 1024


def worker_pool(size: int = 1, *, cpu_s: float = 5.0, memory_bytes: int = 212 * _MB) -> WorkerPool:
    """Return a pool for feeds: a child of its own, so that no feed waits behind a slow page.

    Args:
        size: children at most; one parses some 50 feeds a second.
        cpu_s: CPU seconds of one document; one is enough for some thousand entries.
        memory_bytes: address space of a child; it begins with 50 MB.
    """
    from monitor.workers import WorkerPool  # late: the child imports this module too, and needs no asyncio

    return WorkerPool(
        size, cpu_s=cpu_s, memory_bytes=memory_bytes, deadline_s=8 * cpu_s, recycle_after=1000, idle_s=60.0
    )


async def parse(
    pool: WorkerPool,
    body: bytes,
    *,
    url: str,
    content_type: str | None = None,
    max_bytes: int = MAX_BYTES,
    now: datetime | None = None,
    traces: bytes = b"",
) -> ParsedFeed:
    """Read a feed in a child process.

    Args:
        pool: as made by `worker_pool`.
        body: the document, after its Content-Encoding; a gzip file is unpacked there.
        url: where it came from; relative links are resolved against it.
        content_type: the HTTP header, or None.
        max_bytes: of the document, unpacked.
        now: later dates are implausible; the machine's clock unless said.
        traces: of the feed's last document; entries that it held are counted and left out.

    Raises:
        FeedError: EMPTY, MALFORMED or TOO_LARGE.
        WorkerError: the child crashed or hit a limit.
    """
    args = {
        "url": url,
        "content_type": content_type,
        "max_bytes": max_bytes,
        "now": (now or SystemClock().now()).isoformat(),
        "traces": b64encode(traces).decode("ascii"),
    }
    return from_wire(await pool.run("monitor.feeds.task:parse_task", body, args))
