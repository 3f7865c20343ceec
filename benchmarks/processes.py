"""What a tree of processes costs: CPU and memory, from /proc. Linux only."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cpu_of", "cpu_s", "memory_mb", "queued_s", "tree"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree(pid: int) -> tuple[int, ...]:
    """Return a process and all that descend from it."""
    parents = {int(entry.name): _stat(int(entry.name))[1] for entry in _PROC.iterdir() if entry.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == str(one)]
    return tuple(found)


def cpu_s(pid: int) -> float:
    """Return user and system seconds of a tree, those of children that have ended included."""
    return sum(sum(map(int, _stat(one)[11:15])) for one in tree(pid)) / _TICKS


def cpu_of(pid: int) -> float:
    """Return user and system seconds of one process."""
    return sum(map(int, _stat(pid)[11:13])) / _TICKS


def queued_s() -> float:
    """Return the seconds that the calling thread, ready to run, has waited for a CPU (proc_schedstat(5))."""
    return int((_PROC / "thread-self" / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def memory_mb(pid: int) -> float:
    """Return the resident megabytes of one process, what it shares counted by its share."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0  # it has just ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _stat(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the state on."""
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ["X"] + ["0"] * 20  # it has just ended
