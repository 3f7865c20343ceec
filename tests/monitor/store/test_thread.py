from __future__ import annotations

import asyncio
import threading

import pytest

from monitor.store.thread import StoreThread


def test_calls_run_one_after_the_other_in_one_thread_of_their_own() -> None:
    async def call() -> list[str]:
        thread = StoreThread()
        names = await asyncio.gather(*(thread.run(lambda: threading.current_thread().name) for _ in range(3)))
        thread.close()
        return names

    assert ["store_0"] * 3 == asyncio.run(call())


def test_r4_what_goes_first_overtakes_all_that_waits() -> None:
    done: list[str] = []

    async def call() -> None:
        thread, opened = StoreThread(), threading.Event()
        under_way = asyncio.ensure_future(thread.run(opened.wait))
        waiting = [asyncio.ensure_future(thread.run(done.append, f"poll {n}")) for n in range(2)]
        await asyncio.sleep(0)
        articles = [asyncio.ensure_future(thread.run_soon(done.append, f"article {n}")) for n in range(2)]
        await asyncio.sleep(0)
        urgent = [asyncio.ensure_future(thread.run_first(done.append, f"delivery {n}")) for n in range(2)]
        await asyncio.sleep(0)
        opened.set()
        await asyncio.gather(under_way, *waiting, *articles, *urgent)
        thread.close()

    asyncio.run(call())

    assert ["delivery 0", "delivery 1", "article 0", "article 1", "poll 0", "poll 1"] == done


def test_a_call_that_fails_tells_its_caller_and_the_next_one_runs() -> None:
    async def call() -> str:
        thread = StoreThread()
        with pytest.raises(ZeroDivisionError):
            await thread.run(divmod, 1, 0)
        try:
            return await thread.run(str, 7)
        finally:
            thread.close()

    assert "7" == asyncio.run(call())


def test_who_is_cancelled_while_waiting_is_not_run() -> None:
    done: list[str] = []

    async def call() -> None:
        thread, opened = StoreThread(), threading.Event()
        under_way = asyncio.ensure_future(thread.run(opened.wait))
        waiting = asyncio.ensure_future(thread.run(done.append, "late"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        opened.set()
        await under_way
        thread.close()

    asyncio.run(call())

    assert [] == done
