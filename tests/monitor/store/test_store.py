from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store import Gauges, Store
from tests.monitor.store.samples import NOW, add_feed, after, counts, entry, live_feed, poll, record_alert

NO_INCIDENTS = {"failing": 0, "gone": 0, "quiet": 0}
NO_TROUBLES = {"outbox": 0, "polling": 0, "disk": 0, "canary": 0}


def test_a_store_may_be_used_from_another_thread(store: Store) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(add_feed, store).result()

    assert 1 == len(store.feeds())


def test_t5_a_backup_is_a_whole_database_that_the_owner_alone_may_read(store: Store, tmp_path: Path) -> None:
    record_alert(store)
    target = tmp_path / "copie.db"
    store.backup(target)
    copy = Store.open(str(target))

    assert counts(store) == counts(copy)
    assert 0o600 == stat.S_IMODE(target.stat().st_mode)
    copy.close()


def test_a_backup_overwrites_nothing(store: Store, path: Path) -> None:
    with pytest.raises(StoreError, match="exists already"):
        store.backup(path)


def test_a_backup_that_fails_leaves_no_file(store: Store, tmp_path: Path) -> None:
    store.close()
    store.path.write_bytes(b"abime" * 4096)

    with pytest.raises(StoreError, match="not an SQLite database"):
        store.backup(tmp_path / "copie.db")
    assert not (tmp_path / "copie.db").exists()


def test_x1_a_heartbeat_proves_that_the_database_can_be_written(store: Store) -> None:
    store.heartbeat(now=NOW)
    store.heartbeat(now=after(1))
    with store._read() as connection:
        beats = connection.exec_driver_sql("SELECT beat_at FROM heartbeat").scalars().all()

    assert ["2026-05-16T05:01:00.000000Z"] == beats


def test_gauges_tell_what_waits(store: Store) -> None:
    record_alert(store)
    poll(store, live_feed(store), entry("deux"))
    feeds = {"active": 2, "paused": 0, "gone": 0}

    assert Gauges(1, 1, 60.0, feeds, NO_INCIDENTS, NO_TROUBLES) == store.gauges(now=after(1))


def test_gauges_of_an_empty_store_are_zero(store: Store) -> None:
    assert Gauges(0, 0, 0.0, {"active": 0, "paused": 0, "gone": 0}, NO_INCIDENTS, NO_TROUBLES) == store.gauges(now=NOW)


def test_a_database_that_is_deleted_while_open_is_told(store: Store) -> None:
    store.heartbeat(now=NOW)
    store.path.unlink()

    with pytest.raises(StoreError, match="deleted or replaced"):
        store.heartbeat(now=NOW)


def test_a_check_says_how_a_database_is_and_makes_none(store: Store, path: Path, tmp_path: Path) -> None:
    assert f"{path}: there" == Store.check(str(path))
    assert "made at the first poll" in Store.check(str(tmp_path / "new.db"))
    assert not (tmp_path / "new.db").exists()
    with pytest.raises(StoreError, match="no folder"):
        Store.check(str(tmp_path / "nowhere" / "new.db"))
    with pytest.raises(StoreError, match="leads nowhere: no file has such a name; set another path"):
        Store.check(str(tmp_path / "new\0.db"))
