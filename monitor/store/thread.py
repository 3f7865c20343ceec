"""The store's own thread: sync SQL that never blocks the event loop, one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

__all__ = ["StoreThread"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class StoreThread:
    """Runs functions that touch the store, one after the other, in one thread.

    A caller that is cancelled stops waiting; the transaction under way still ends.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the function in the store's thread and return what it returns."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Wait for the transaction under way, and end the thread."""
        self._executor.shutdown(wait=True)
