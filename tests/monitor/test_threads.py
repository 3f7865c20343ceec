from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from monitor.threads import call_aside

_HUNG = """
import asyncio, threading
from monitor.threads import call_aside

async def main():
    try:
        await asyncio.wait_for(call_aside(threading.Event().wait, name="hung"), 0.1)
    except TimeoutError:
        print("gave up")

asyncio.run(main())
"""


def test_a_call_gives_what_the_function_returns() -> None:
    assert threading.get_ident() != asyncio.run(call_aside(threading.get_ident, name="aside"))


def test_a_call_raises_what_the_function_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(call_aside(lambda: 1 // 0, name="aside"))


def test_d9_calls_that_hang_keep_no_other_waiting() -> None:
    release = threading.Event()

    async def main() -> float:
        hung = [asyncio.create_task(call_aside(release.wait, name="hung")) for _ in range(50)]
        try:
            return await asyncio.wait_for(call_aside(time.monotonic, name="aside"), 5)
        finally:
            release.set()
            await asyncio.gather(*hung)

    assert asyncio.run(main()) > 0


def test_t8_a_call_that_hangs_does_not_keep_the_process_from_ending() -> None:
    ended = subprocess.run([sys.executable, "-c", _HUNG], capture_output=True, text=True, timeout=30, check=True)

    assert ("gave up\n", "") == (ended.stdout, ended.stderr)
