from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.store import Store
from tests.monitor.store.samples import counts

_ROOT = Path(__file__).parents[3]
_KILLS = "ABCDE"


@pytest.mark.untraced
def test_t2_what_was_acknowledged_survives_kill_9(path: Path) -> None:
    acknowledged = _write_and_kill(path)
    store = Store.open(str(path))
    recorded = {line.alert_id.removeprefix("al_") for line in store.deliveries(limit=1_000_000)}
    rows = counts(store)
    store.close()
    connection = sqlite3.connect(path)
    checks = [connection.execute(f"PRAGMA {name}").fetchall() for name in ("integrity_check", "foreign_key_check")]
    connection.close()

    assert [[("ok",)], []] == checks
    assert set() == acknowledged - recorded
    assert len(recorded) <= len(acknowledged) + len(_KILLS)
    assert 1 == len({rows[name] for name in ("articles", "matches", "alerts", "deliveries_pending", "entries_done")})


def _write_and_kill(path: Path) -> set[str]:
    """Kill a writer at random, several times; return what the writers said they had recorded."""
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.monitor.store.writer", str(path)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for run in _KILLS:
            print(run, file=nursery.stdin, flush=True)
            pid = int(nursery.stdout.readline())
            said += [nursery.stdout.readline() for _ in range(random.randint(1, 40))]  # noqa: S311  when to kill is no secret
            os.kill(pid, signal.SIGKILL)
            while (line := nursery.stdout.readline()) != "dead\n":
                said.append(line)
    return {line.strip() for line in said}
