"""`veille run` as a child process, as a user runs it, on the settings of a folder."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from monitor.settings import PREFIX

ROOT = Path(__file__).parents[2]
STOP_S = 15.0  # promise T8
_LOOPBACK = "127.0.0.0/8"


class Daemon:
    """A daemon that can be started, killed and started again on one database.

    Args:
        folder: where its settings, database and log are.
        feeds: what it polls.
        settings: the rest, by name in lower case.
    """

    def __init__(self, folder: Path, *, feeds: Sequence[str], **settings: object) -> None:
        self.folder = folder
        self.database = Path(str(settings.get("database", folder / "veille.db")))
        self.log = folder / "veille.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._life_at = 0  # where the log of this life begins
        (folder / "feeds.txt").write_text("".join(f"{url}\n" for url in feeds), encoding="utf-8")
        given = {
            "database": self.database,
            "feeds": folder / "feeds.txt",
            "fetch_allow_networks": _LOOPBACK,
            "deliver_allow_networks": _LOOPBACK,
            "poll_min_s": 1,
            "poll_max_s": 1,
            "page_interval_s": 0,
            **settings,
        }
        lines = [f"{PREFIX}{name.upper()}='{value}'\n" for name, value in given.items()]
        (folder / ".env").write_text("".join(lines), encoding="utf-8")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._life_at = log.tell()
            self.process = self._run("run", stdout=log, stderr=subprocess.STDOUT)

    def is_up(self) -> bool:
        """Return whether it says that it has started."""
        return b"] started " in self.log.read_bytes()[self._life_at :]

    def kill(self) -> None:
        """Kill it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and return its exit code.

        Raises:
            subprocess.TimeoutExpired: it took longer than it promises.
        """
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def reload(self) -> None:
        """Let it read its files again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def says(self) -> str:
        """Return the end of its log, for the message of a test that fails."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read its database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def until(self, condition: Callable[[], object], *, within_s: float = 30.0) -> None:
        """Wait for something to become true while it runs."""
        assert self.process is not None
        end = time.monotonic() + within_s
        while not condition():
            assert self.process.poll() is None, self.says()
            assert time.monotonic() < end, self.says()
            self.live(0.05)

    def live(self, seconds: float) -> None:
        """Let it live a while, or less if it ends by itself."""
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def _run(self, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment["PYTHONPATH"] = str(ROOT)
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            **streams,
        )


@contextmanager
def ended(daemon: Daemon) -> Iterator[Daemon]:
    """See to it that a daemon does not outlive its test."""
    try:
        yield daemon
    finally:
        if daemon.process is not None:
            daemon.process.kill()
            daemon.process.wait()


def children_of(pid: int) -> tuple[int, ...]:
    """Return the processes that a process started and that live; Linux only."""
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(int(entry.name) for entry in processes if _parent_of(entry) == pid)


def _parent_of(entry: Path) -> int | None:
    try:
        fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None  # it has just ended
    state, parent = fields[0], fields[1]
    return None if state == "Z" else int(parent)


def memory_of(pid: int) -> int:
    """Return the resident bytes of a process and of those it started, what they share counted once; Linux only."""
    return sum(_resident(one) for one in (pid, *children_of(pid)))


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0  # it has just ended
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
