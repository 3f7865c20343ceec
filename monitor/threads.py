"""Calls that may hang, each in a thread of its own.

An executor's threads are few, so that some that hang keep all other calls waiting (promises D9 and R4), and they are
joined at exit, so that one that hangs keeps the process from ending (promise T8).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["call_aside"]

_R = TypeVar("_R")


async def call_aside(function: Callable[[], _R], *, name: str) -> _R:
    """Call a function that blocks in a thread that nobody waits for once the caller is cancelled or the process ends.

    Args:
        function: what to call.
        name: of the thread, for who looks at the process.

    Returns:
        What the function returned.

    Raises:
        Exception: what the function raised.
    """
    answer: Future[_R] = Future()
    answer.set_running_or_notify_cancel()  # from here on the thread alone settles it
    threading.Thread(target=_settle, args=(answer, function), name=name, daemon=True).start()
    return await asyncio.wrap_future(answer)


def _settle(answer: Future[_R], function: Callable[[], _R]) -> None:
    try:
        answer.set_result(function())
    except Exception as error:  # noqa: BLE001  whoever waits is told, whatever it is
        answer.set_exception(error)
