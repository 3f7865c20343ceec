from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import monitor.workers
import monitor.workers.pool
from monitor.errors import FeedError, Reason, WorkerError
from monitor.workers import WorkerPool

TASKS = "tests.monitor.workers.tasks"
MB = 1024 * 1024


def pool(size: int = 1, **limits: Any) -> WorkerPool:
    chosen: dict[str, Any] = {"cpu_s": 5.0, "memory_bytes": 256 * MB, "deadline_s": 20.0, "recycle_after": 100}
    return WorkerPool(size, **(chosen | limits))


async def pid_of(workers: WorkerPool) -> int:
    return int((await workers.run(f"{TASKS}:echo", b""))["pid"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_task_gets_its_bytes_and_arguments_and_gives_back_json() -> None:
    async def scenario() -> Any:
        async with pool() as workers:
            return await workers.run(f"{TASKS}:echo", "Élysée".encode(), {"n": [1, None]})

    told = asyncio.run(scenario())

    assert {"text": "Élysée", "args": {"n": [1, None]}, "pid": told["pid"]} == told


def test_what_a_task_imports_is_not_counted_against_it() -> None:
    async def scenario() -> Any:
        async with pool(cpu_s=0.25) as workers:
            return await workers.run("tests.monitor.workers.dear:nothing", b"")

    assert asyncio.run(scenario())


def test_a_child_is_kept_for_the_next_task() -> None:
    async def scenario() -> tuple[int, int]:
        async with pool() as workers:
            return await pid_of(workers), await pid_of(workers)

    first, second = asyncio.run(scenario())

    assert first == second


def test_no_child_is_started_before_the_first_task() -> None:
    async def scenario() -> tuple[int, ...]:
        async with pool() as workers:
            return workers.pids

    assert () == asyncio.run(scenario())


def test_closing_leaves_no_child() -> None:
    async def scenario() -> tuple[int, int]:
        async with pool(2) as workers:
            return await asyncio.gather(pid_of(workers), pid_of(workers))

    assert [False, False] == [alive(pid) for pid in asyncio.run(scenario())]


def test_closing_ends_a_busy_child_and_its_task() -> None:
    async def scenario() -> Reason:
        workers = pool()
        task = asyncio.create_task(workers.run(f"{TASKS}:hang", b""))
        while not workers.pids:  # noqa: ASYNC110  a child's birth has no event
            await asyncio.sleep(0)
        await workers.aclose()
        with pytest.raises(WorkerError) as caught:
            await task
        await workers.aclose()
        return caught.value.reason

    assert asyncio.run(scenario()) == Reason.WORKER_CRASHED


@pytest.mark.parametrize(
    ("task", "limits", "reason"),
    [
        ("spin", {"cpu_s": 0.3}, Reason.WORKER_CPU),
        ("hang", {"deadline_s": 0.5}, Reason.TIMEOUT),
        ("swell", {}, Reason.WORKER_MEMORY),
        ("die", {}, Reason.WORKER_CRASHED),
        ("leave", {}, Reason.WORKER_CRASHED),
        ("stumble", {}, Reason.WORKER_CRASHED),
        ("missing", {}, Reason.WORKER_CRASHED),
    ],
)
def test_r3_a_task_that_misbehaves_is_named_and_the_next_one_is_served(
    task: str, limits: dict[str, Any], reason: Reason
) -> None:
    async def scenario() -> tuple[Reason, str]:
        async with pool(**limits) as workers:
            with pytest.raises(WorkerError) as caught:
                await workers.run(f"{TASKS}:{task}", b"")
            workers._deadline_s = 20.0
            return caught.value.reason, (await workers.run(f"{TASKS}:echo", b"encore"))["text"]

    assert (reason, "encore") == asyncio.run(scenario())


@pytest.mark.parametrize("prefix", [b"\xff" * 8, b"\x00\x00\x00\x01\x00\x00\x00\x00{"])
def test_an_unreadable_answer_costs_the_child(prefix: bytes) -> None:
    async def scenario() -> Reason:
        async with pool() as workers:
            with pytest.raises(WorkerError) as caught:
                await workers.run(f"{TASKS}:babble", b"", {"prefix": list(prefix)})
            return caught.value.reason

    assert asyncio.run(scenario()) == Reason.WORKER_CRASHED


def test_an_answer_over_the_limit_is_refused_and_the_child_kept() -> None:
    async def scenario() -> tuple[Reason, bool]:
        async with pool(max_reply_bytes=1000) as workers:
            before = await pid_of(workers)
            with pytest.raises(WorkerError) as caught:
                await workers.run(f"{TASKS}:chatter", b"", {"size": 1001})
            return caught.value.reason, before == await pid_of(workers)

    assert (Reason.TOO_LARGE, True) == asyncio.run(scenario())


def test_an_error_that_the_task_means_keeps_its_kind_and_message() -> None:
    async def scenario() -> FeedError:
        async with pool() as workers:
            with pytest.raises(FeedError) as caught:
                await workers.run(f"{TASKS}:refuse", b"")
            return caught.value

    error = asyncio.run(scenario())

    assert ("this is no feed", Reason.MALFORMED, True) == (str(error), error.reason, error.retryable)


def test_a_cancelled_caller_takes_its_child_along() -> None:
    async def scenario() -> tuple[bool, bool]:
        async with pool() as workers:
            before = await pid_of(workers)
            task = asyncio.create_task(workers.run(f"{TASKS}:hang", b""))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return before == await pid_of(workers), bool(workers.pids)

    assert (False, True) == asyncio.run(scenario())


def test_a_child_killed_while_idle_costs_no_task() -> None:
    async def scenario() -> bool:
        async with pool() as workers:
            before = await pid_of(workers)
            child = workers._idle[0]
            os.kill(before, signal.SIGKILL)
            await asyncio.to_thread(child.process.wait)
            return before == await pid_of(workers)

    assert asyncio.run(scenario()) is False


def test_a_child_is_replaced_after_its_number_of_tasks() -> None:
    async def scenario() -> list[int]:
        async with pool(recycle_after=2) as workers:
            return [await pid_of(workers) for _ in range(3)]

    first, second, third = asyncio.run(scenario())

    assert (first == second, second == third) == (True, False)


def test_an_idle_child_ends() -> None:
    async def scenario() -> tuple[int, ...]:
        async with pool(idle_s=0.0) as workers:
            child = (await pid_of(workers), workers._idle[0])[1]
            await asyncio.to_thread(child.process.wait)
            return workers.pids

    assert () == asyncio.run(scenario())


def test_tasks_over_the_size_wait_for_their_turn() -> None:
    async def scenario() -> set[int]:
        async with pool(2) as workers:
            return set(await asyncio.gather(*(pid_of(workers) for _ in range(6))))

    assert len(asyncio.run(scenario())) <= 2


def test_a_worker_that_cannot_start_is_an_error_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with pool() as workers:
            await workers.run(f"{TASKS}:echo", b"")

    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(WorkerError, match="a worker cannot be started"):
        asyncio.run(scenario())


def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> Any:
        async with pool() as workers:
            return await workers.run(f"{TASKS}:environment", b"")

    monkeypatch.setenv("VEILLE_WEBHOOK_SECRET", "whsec_loup")

    assert "VEILLE_WEBHOOK_SECRET" not in asyncio.run(scenario())


def test_a_child_loads_nothing_that_it_does_not_need() -> None:
    async def scenario() -> Any:
        async with pool() as workers:
            return await workers.run(f"{TASKS}:modules", b"")

    loaded = set(asyncio.run(scenario()))

    assert not {"asyncio", "feedparser", "trafilatura", "httpx", "sqlmodel", "pydantic"} & loaded


PARENT = """
import asyncio, sys
from monitor.workers import WorkerPool

async def main():
    workers = WorkerPool(1, cpu_s=60, memory_bytes=256 << 20, deadline_s=60)
    task = asyncio.create_task(workers.run("tests.monitor.workers.tasks:spin", b""))
    while not workers.pids:
        await asyncio.sleep(0)
    print(workers.pids[0], flush=True)
    await task

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_r7_a_busy_child_dies_with_its_killed_parent() -> None:
    root = Path(monitor.workers.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        watch = os.pidfd_open(child)
        parent.kill()
        parent.wait()

    assert wait_for_end(watch, seconds=10)


def wait_for_end(pidfd: int, *, seconds: float) -> bool:
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


def test_the_package_has_no_other_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pool'"):
        _ = monitor.workers.Pool


def test_a_child_that_does_not_leave_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> bool:
        async with pool() as workers:
            pid = await pid_of(workers)
            os.kill(pid, signal.SIGSTOP)
        return alive(pid)

    monkeypatch.setattr(monitor.workers.pool, "_FAREWELL_S", 0.05)

    assert asyncio.run(scenario()) is False
