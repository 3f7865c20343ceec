"""Killable child processes for the parsing of foreign bytes (promises R3 and R7).

The pool is imported on first use: a child imports this package too, and has no need of asyncio (11 MB).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.workers.pool import WorkerPool

__all__ = ["WorkerPool"]


def __getattr__(name: str) -> Any:
    """Import the pool when it is first asked for (PEP 562)."""
    if name != "WorkerPool":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from monitor.workers.pool import WorkerPool

    return WorkerPool
