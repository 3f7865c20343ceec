from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import StoreBusyError, StoreError, StoreFullError
from monitor.store import Store
from monitor.store.connection import _set_up_writer, database_path, translated
from tests.monitor.store.samples import NOW, add_feed, counts, entry, live_feed, poll, record_alert


@pytest.mark.parametrize("url", ["postgresql://u:secret@h/veille", "sqlite://", "sqlite:///", ":memory:"])
def test_what_is_no_sqlite_file_is_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(StoreError, match=r"give a path, or an SQLite URL such as sqlite:///veille\.db") as caught:
        database_path(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("database", "path"),
    [("veille.db", "veille.db"), ("sqlite:///veille.db", "veille.db"), ("sqlite:////var/veille.db", "/var/veille.db")],
)
def test_a_database_is_a_path_or_its_url(database: str, path: str) -> None:
    assert Path(path) == database_path(database)


def test_a_path_may_hold_what_a_url_may_not(tmp_path: Path) -> None:
    path = tmp_path / "é ?#%20.db"
    Store.open(str(path)).close()

    assert path.exists()


def test_x4_the_database_and_its_companions_are_the_owners_alone(store: Store, path: Path) -> None:
    add_feed(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert {"veille.db": 0o600, "veille.db-wal": 0o600, "veille.db-shm": 0o600} == modes


def test_t1_the_settings_of_each_connection_are_those_promised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.connection._set_up_writer", _set_up_writer)  # that of the tests does not wait
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with closing(Store.open(str(path))) as store, store._read() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert ["wal", 2, 1, 5000] == values


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a folder; give the path of a file in it"):
        Store.open(str(tmp_path))


@pytest.mark.timeout(10)
def test_a_pipe_or_a_device_is_no_database_and_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)

    for database in (str(path), "/dev/zero"):
        with pytest.raises(StoreError, match="a pipe or a device; give the path of a file"):
            Store.open(database, read_only=True)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be created: No such file or directory; make its folder"):
        Store.open(str(tmp_path / "absent" / "veille.db"))


@pytest.mark.parametrize("how", [{"create": False}, {"read_only": True}])
def test_a_missing_database_is_made_only_where_it_may(path: Path, how: dict[str, bool]) -> None:
    with pytest.raises(StoreError, match="no such database"):
        Store.open(str(path), **how)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"Bonjour, je suis un roman." * 40, b"SQLite format 3\x00" + b"\xff" * 600])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"veille\.db: "):
        Store.open(str(path))
    assert content == path.read_bytes()


def test_a_reader_sees_what_is_written_and_writes_nothing(store: Store, path: Path) -> None:
    reader = Store.open(str(path), read_only=True)
    add_feed(store)

    assert 1 == len(reader.feeds())
    with pytest.raises(StoreError, match="the database may only be read"):
        reader.heartbeat(now=NOW)
    reader.close()


def test_a_reader_reads_a_database_that_nobody_has_open(path: Path) -> None:
    Store.open(str(path)).close()
    reader = Store.open(str(path), read_only=True)

    assert () == reader.feeds()
    reader.close()


def test_a_database_that_another_program_keeps_locked_is_an_error_with_a_name(store: Store, path: Path) -> None:
    add_feed(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store._read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")

    with pytest.raises(StoreBusyError, match="another program kept it locked"):
        store.heartbeat(now=NOW)
    other.execute("ROLLBACK")
    other.close()
    store.heartbeat(now=NOW)


def _limit(store: Store, pages: int) -> None:
    with store._read() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_t3_a_full_disk_fails_loudly_loses_nothing_and_is_recovered_from(store: Store) -> None:
    feed_id = live_feed(store)
    record_alert(store)
    before, feeds = counts(store), store.feeds()
    with store._read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    _limit(store, pages)
    flood = [entry(str(number), content="x" * 4000) for number in range(100)]

    with pytest.raises(StoreFullError, match="no room left on the disk"):
        poll(store, feed_id, *flood)
    assert (before, feeds) == (counts(store), store.feeds())
    assert 1 == len(store.claim_deliveries("webhook", now=NOW, owner="moi", lease_s=60, limit=9))

    _limit(store, 1_000_000)

    assert 100 == poll(store, feed_id, *flood).new


def test_errors_of_the_driver_have_our_name_too() -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT

    with pytest.raises(StoreError, match="the database is damaged"), translated(Path("veille.db")):
        raise error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR])
def test_no_error_of_the_driver_escapes(code: int) -> None:
    error = sqlite3.OperationalError("unable")
    error.sqlite_errorcode = code

    with pytest.raises(StoreError, match=r"veille\.db: "), translated(Path("veille.db")):
        raise error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY])
@pytest.mark.parametrize(
    ("is_writable", "told"),
    [
        (True, "check who owns it"),
        (False, "may not be written to, as SQLite must even to read: let veille write there, or copy veille.db"),
    ],
)
def test_a_database_in_a_folder_that_may_only_be_read_is_told_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, told: str, *, is_writable: bool
) -> None:
    monkeypatch.setattr("monitor.store.connection.os.access", lambda *_: is_writable)  # the tests may run as root
    error = sqlite3.OperationalError("unable")
    error.sqlite_errorcode = code

    with pytest.raises(StoreError, match=told), translated(path):
        raise error


def test_no_text_of_an_article_is_in_an_error(store: Store) -> None:
    with pytest.raises(StoreError) as caught, store._write() as connection:
        connection.exec_driver_sql("INSERT INTO absente VALUES (?)", ("confidentiel",))

    assert "confidentiel" not in f"{caught.value}{caught.value.__cause__}"
