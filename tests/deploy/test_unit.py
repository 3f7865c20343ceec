from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.settings import PREFIX
from tests.monitor.bench import write_rules

UNIT = Path(__file__).parents[2] / "deploy" / "veille.service"
MOST_EXPOSED = 15  # tenths: promise X2
# asyncio's threads, resolvers of both clients, store and main thread, feed workers, as many page workers as may be set
MOST_TASKS = 32 + 2 * 16 + 2 + 2 + 64
BINARY = "/opt/veille/.venv/bin/veille"
ENV_FILE = "/etc/veille/veille.env"  # read by the service manager


def _directives() -> dict[str, list[str]]:
    """Return the values of each directive; one that is named again adds one."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def _one(name: str) -> str:
    [value] = _directives()[name]
    return value


class Manager:
    """Starts what ExecStart says, as systemd would, and listens to it."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        (folder / "feeds.txt").touch()
        lines = {"DATABASE": folder / "veille.db", "FEEDS": folder / "feeds.txt", "RULES": write_rules(folder)}
        binary, *words = shlex.split(_one("ExecStart"))
        assert BINARY == binary
        assert ENV_FILE == _one("EnvironmentFile")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= {PREFIX + name: str(value) for name, value in lines.items()}
        self._listener = listener
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *words],
            cwd=UNIT.parents[1],
            env={**environment, "NOTIFY_SOCKET": str(listener.getsockname())},
            stderr=subprocess.DEVNULL,
        )

    def hears(self, notice: str, *, within_s: float) -> None:
        """Wait for a notice."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            self._listener.settimeout(max(0.01, until - time.monotonic()))
            if notice in self._listener.recv(4096).decode().splitlines():
                return
        pytest.fail(f"no {notice} in {within_s:g} s")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with tempfile.TemporaryDirectory() as folder, _listening(folder) as listener:
        started = Manager(tmp_path, listener)
        try:
            yield started
        finally:
            started.process.kill()
            started.process.wait()


@contextmanager
def _listening(folder: str) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(f"{folder}/notify")
        yield listener


def test_x2_the_unit_is_hardened() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(UNIT)]
    judged = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unrecognized option" in judged.stderr or "Failed to initialize manager" in judged.stderr:
        pytest.skip(f"this systemd-analyze cannot judge a file: {judged.stderr.strip()}")
    found = re.search(r"exposure level for veille\.service: ([\d.]+)", judged.stdout)

    assert found is not None, judged.stderr
    assert float(found[1]) <= MOST_EXPOSED / 10
    assert 0 == judged.returncode


def test_x2_the_guide_states_the_exposure_that_is_measured() -> None:
    said = (UNIT.parent / "README.md").read_text(encoding="utf-8")

    assert "`systemd-analyze security` at 1.2" in said


def test_x1_the_manager_waits_for_notices_and_watches_rounds() -> None:
    assert ("notify", "main") == (_one("Type"), _one("NotifyAccess"))
    assert float(_one("WatchdogSec")) >= 60  # a round may wait for a busy database
    assert float(_one("TimeoutStopSec")) > 15  # what the daemon promises (T8)


def test_it_may_write_its_state_and_nothing_else() -> None:
    assert ("strict", "yes") == (_one("ProtectSystem"), _one("ProtectHome"))
    assert "/var/lib/" + _one("StateDirectory") == _one("WorkingDirectory")
    assert "ReadWritePaths" not in _directives()


def test_the_workers_may_lower_their_limits() -> None:
    assert "prlimit64 setrlimit" == _directives()["SystemCallFilter"][-1]


def test_every_thread_and_worker_fits_the_limit_of_tasks() -> None:
    assert MOST_TASKS <= int(_one("TasksMax"))


@pytest.mark.acceptance
def test_x1_what_the_unit_starts_tells_its_whole_life(manager: Manager) -> None:
    manager.hears("READY=1", within_s=60)
    manager.hears("WATCHDOG=1", within_s=30)
    manager.process.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1", within_s=10)
    manager.hears("READY=1", within_s=30)
    manager.process.terminate()
    manager.hears("STOPPING=1", within_s=5)

    assert 0 == manager.process.wait(15)


@pytest.mark.acceptance
def test_t4_what_the_unit_starts_holds_its_database(manager: Manager, tmp_path: Path) -> None:
    manager.hears("READY=1", within_s=60)
    holder = json.loads((tmp_path / "veille.db.lock").read_text(encoding="utf-8"))

    assert manager.process.pid == holder["pid"]
