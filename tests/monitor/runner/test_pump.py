from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from monitor.errors import StoreFullError
from monitor.runner.pump import Pump
from monitor.telemetry import Metrics


class Work:
    """A queue that counts what runs at once."""

    def __init__(self, items: int) -> None:
        self.waiting = list(range(items))
        self.done: list[int] = []
        self.running = 0
        self.most = 0
        self.all_done = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def claim(self, free: int) -> Sequence[int]:
        taken, self.waiting = self.waiting[:free], self.waiting[free:]
        return taken

    async def do(self, item: int) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.hold.wait()
            await asyncio.sleep(0)
            if item == 3:
                raise RuntimeError("three")
            self.done.append(item)
            if len(self.done) == 5:
                self.all_done.set()
        finally:
            self.running -= 1


def _pump(work: Work, metrics: Metrics | None = None) -> Pump[int]:
    return Pump("stage", claim=work.claim, work=work.do, limit=2, metrics=metrics or Metrics())


def test_drain_does_everything_and_never_more_than_the_limit_at_once() -> None:
    async def main() -> tuple[Work, int]:
        work = Work(3)
        return work, await _pump(work).drain()

    work, claimed = asyncio.run(main())

    assert ([0, 1, 2], 3) == (sorted(work.done), claimed)
    assert 2 == work.most


def test_an_item_that_raises_is_counted_and_stops_no_other() -> None:
    metrics = Metrics()

    async def main() -> Work:
        work = Work(6)
        await _pump(work, metrics).drain()
        return work

    work = asyncio.run(main())

    assert [0, 1, 2, 4, 5] == sorted(work.done)
    assert 1 == metrics.registry.get_sample_value("veille_errors_total", {"stage": "stage"})


def test_a_claim_that_raises_is_counted_and_tried_again_at_the_next_nudge() -> None:
    metrics = Metrics()
    answers: list[Exception | list[int]] = [OSError("disk"), [1]]
    seen: list[int] = []
    came = asyncio.Event()

    async def claim(free: int) -> Sequence[int]:
        answer = answers.pop(0) if answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def work(item: int) -> None:
        seen.append(item)
        came.set()

    async def main() -> None:
        pump = Pump("stage", claim=claim, work=work, limit=1, metrics=metrics)
        running = asyncio.create_task(pump.run())
        pump.nudge()
        await asyncio.sleep(0.01)
        pump.nudge()
        await asyncio.wait_for(came.wait(), 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())

    assert [1] == seen
    assert 1 == metrics.registry.get_sample_value("veille_errors_total", {"stage": "stage"})


def test_run_looks_again_whenever_an_item_ends() -> None:
    async def main() -> Work:
        work = Work(5)
        work.waiting = [0, 1, 2, 4, 5]
        pump = _pump(work)
        running = asyncio.create_task(pump.run())
        pump.nudge()
        async with asyncio.timeout(5):
            await work.all_done.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return work

    assert [0, 1, 2, 4, 5] == sorted(asyncio.run(main()).done)


def test_stop_lets_work_end_within_the_grace() -> None:
    async def main() -> tuple[int, list[int]]:
        work = Work(2)
        pump = _pump(work)
        running = asyncio.create_task(pump.run())
        pump.nudge()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        return await pump.stop(grace_s=5), work.done

    cancelled, done = asyncio.run(main())

    assert (0, [0, 1]) == (cancelled, sorted(done))


def test_stop_cancels_what_outlasts_the_grace() -> None:
    async def main() -> tuple[int, int]:
        work = Work(2)
        work.hold.clear()
        pump = _pump(work)
        running = asyncio.create_task(pump.run())
        pump.nudge()
        await asyncio.sleep(0.01)
        running.cancel()
        return await pump.stop(grace_s=0.01), work.running

    assert (2, 0) == asyncio.run(main())


def test_stop_has_nothing_to_do_where_nothing_runs() -> None:
    async def main() -> int:
        return await _pump(Work(0)).stop(grace_s=0)

    assert 0 == asyncio.run(main())


def test_t3_what_the_database_refuses_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    claimed = asyncio.Event()

    async def claim(_free: int) -> Sequence[int]:
        claimed.set()
        raise StoreFullError("no room")

    async def main() -> None:
        pump = Pump("stage", claim=claim, work=Work(0).do, limit=1, metrics=Metrics())
        pump.nudge()
        running = asyncio.create_task(pump.run())
        await asyncio.wait_for(claimed.wait(), 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
    [record] = caplog.records

    assert ("claim_failed", "no room", None) == (record.message, vars(record)["error"], record.exc_info)


def test_a_claim_that_fails_ends_a_drain() -> None:
    async def claim(_free: int) -> Sequence[int]:
        raise StoreFullError("no room")

    async def main() -> None:
        await Pump("stage", claim=claim, work=Work(0).do, limit=1, metrics=Metrics()).drain()

    with pytest.raises(StoreFullError):
        asyncio.run(main())
