"""The heap kept small, and its collections short (promise R5).

Where the C heap is glibc's, what was freed goes back to the system. By default glibc gives every thread a heap of its
own, and stops giving large blocks back one by one once a few were freed: a daemon that holds a hundred pages for a
moment would keep their room for ever.
"""

from __future__ import annotations

import ctypes
import gc
import platform
from typing import Final

__all__ = ["ENVIRONMENT", "keep_small", "settle", "trim"]

_LARGE: Final = 128 * 1024  # bytes from which a block is one of its own, and free room at the top is given back
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h

ENVIRONMENT: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(_LARGE),
    "MALLOC_TRIM_THRESHOLD_": str(_LARGE),
}
"""What says the same to a process that is started."""


def keep_small() -> None:
    """Have this process keep little of what it frees; mallopt(3)."""
    if _is_glibc():
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)


def trim() -> None:
    """Give back now what is free, inside the heap too; malloc_trim(3)."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def settle() -> None:
    """Let collections look no more at what is there now and stays: the event loop stood still for 150 ms at each."""
    gc.collect()
    gc.freeze()


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
