from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from monitor.errors import StoreError, StoreLockedError
from monitor.store import DaemonLock, holder_of, was_killed
from tests.monitor.store.samples import NOW


class _Clock:
    def now(self) -> datetime:
        return NOW


def test_t4_a_second_daemon_is_told_who_holds_the_database(path: Path) -> None:
    holder = f"veille.db: another daemon uses it: pid {os.getpid()} on .*, since 2026-05-16T05:00:00"

    with DaemonLock(path, clock=_Clock()), pytest.raises(StoreLockedError, match=holder), DaemonLock(path):
        pass


def test_t4_a_lock_whose_holder_has_not_signed_yet_still_holds(path: Path) -> None:
    with DaemonLock(path) as lock:
        os.truncate(lock.path, 0)

        with pytest.raises(StoreLockedError, match="only just started"), DaemonLock(path):
            pass


def test_the_lock_names_its_holder_in_a_file_of_its_own(path: Path) -> None:
    with DaemonLock(path) as lock:
        holder = json.loads(lock.path.read_text(encoding="utf-8"))

    assert path.with_name("veille.db.lock") == lock.path
    assert os.getpid() == holder["pid"]
    assert 0o600 == lock.path.stat().st_mode & 0o777


def test_the_lock_can_be_taken_again_after_it_was_let_go(path: Path) -> None:
    assert not was_killed(path)
    with DaemonLock(path):
        pass
    assert not was_killed(path)
    with DaemonLock(path) as lock:
        assert lock.path.read_text(encoding="utf-8")


def test_t4_the_lock_of_a_killed_daemon_is_free(path: Path) -> None:
    code = (
        "import pathlib, sys; from monitor.store.lock import DaemonLock\n"
        "with DaemonLock(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert "held\n" == child.stdout.readline()
        with pytest.raises(StoreLockedError, match=str(child.pid)), DaemonLock(path):
            pass
        assert not was_killed(path)
        child.kill()
        child.wait()
        assert was_killed(path)
        assert (holder := holder_of(path)) is not None
        assert child.pid == holder.pid

    with DaemonLock(path):
        pass


def test_a_lock_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "veille.db.lock").mkdir()
    told = "lock beside the database cannot be opened"
    for folder, what_to_do in (("absent", "make its folder"), (".", "make its folder writable")):
        with (
            pytest.raises(StoreError, match=rf"veille\.db\.lock: the {told}: .*; {what_to_do}, or set"),
            DaemonLock(tmp_path / folder / "veille.db"),
        ):
            pass


@pytest.mark.timeout(10)
def test_a_lock_that_is_a_pipe_is_waited_for_by_nobody(path: Path) -> None:
    os.mkfifo(path.with_name("veille.db.lock"))

    assert holder_of(path) is None
    assert not was_killed(path)
    with pytest.raises(StoreError, match=r"veille\.db\.lock: .* a pipe or a device; remove it"), DaemonLock(path):
        pass


def test_a_database_whose_links_lead_round_in_a_circle_is_told(path: Path) -> None:
    path.symlink_to(path)

    with pytest.raises(StoreError, match="leads nowhere: Too many levels of symbolic links; set another path"):
        DaemonLock(path)


@pytest.mark.parametrize(
    "signed",
    [
        *["null", "[]", "7", "{}", "\xff" * 9000, "[" * 4000, '{"pid": 7, "host": "desk"}'],
        *[f'{{"pid": 7, "host": "desk", "started_at": {at}}}' for at in ('"x"', "null", "3", '"2026-05-32"')],
        *[f'{{"pid": {pid}, "host": "desk", "started_at": "{NOW.isoformat()}"}}' for pid in ("1e400", "[]", '"x"')],
    ],
)
def test_a_lock_that_nobody_of_ours_signed_names_no_holder(path: Path, signed: str) -> None:
    path.with_name("veille.db.lock").write_text(signed, "utf-8")

    assert holder_of(path) is None


def test_a_lock_names_its_holder_to_who_only_looks(path: Path) -> None:
    with DaemonLock(path, clock=_Clock()):
        holder = holder_of(path)
    assert holder is not None

    assert (os.getpid(), NOW) == (holder.pid, holder.started_at)


def test_who_looks_whether_it_is_held_keeps_no_daemon_from_starting(path: Path) -> None:
    with path.with_name("veille.db.lock").open("w") as looks:
        fcntl.flock(looks, fcntl.LOCK_SH)

        with DaemonLock(path, pause=lambda _: looks.close()):
            assert not was_killed(path)
