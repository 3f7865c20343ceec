from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from monitor.heap import keep_small, trim

def resident_mb():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))

if sys.argv[1] == "small":
    keep_small()
blocks = [bytearray(200_000) for _ in range(500)]
kept = [bytearray(600) for _ in range(50_000)]
last = kept[-1]
del blocks, kept
if sys.argv[1] == "trim":
    trim()
print(resident_mb())
"""


def _resident_mb(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", ["small", "trim"])
def test_r5_what_was_freed_goes_back_to_the_system(how: str) -> None:
    assert _resident_mb(how) < 60


def test_what_is_there_at_the_start_is_not_looked_at_again() -> None:
    script = "import gc; from monitor.heap import settle; settle(); print(gc.get_freeze_count(), len(gc.get_objects()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    frozen, looked_at = map(int, done.stdout.split())
    assert frozen > 1000 > looked_at


def test_where_the_heap_is_not_glibcs_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor import heap

    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    monkeypatch.setattr("ctypes.CDLL", lambda _: pytest.fail("asked the library"))
    heap.keep_small()
    heap.trim()
