from __future__ import annotations

import asyncio
import threading

from monitor.store.thread import StoreThread


def test_calls_run_one_after_the_other_in_one_thread_of_their_own() -> None:
    async def call() -> list[str]:
        thread = StoreThread()
        names = await asyncio.gather(*(thread.run(lambda: threading.current_thread().name) for _ in range(3)))
        thread.close()
        return names

    assert ["store_0"] * 3 == asyncio.run(call())
