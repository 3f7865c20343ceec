"""CPU time, and how it is compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 5


def cpu_ms(work: Callable[[], object], *, times: int) -> float:
    """Return the CPU milliseconds of one call: the median over rounds of the mean over `times` calls."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1000)
    return statistics.median(rounds)
