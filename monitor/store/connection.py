"""Opening the database, and what its failures are called here. SQLAlchemy's errors end in this module."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from monitor.errors import StoreBusyError, StoreError, StoreFullError
from monitor.settings import SQLITE_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["BUSY_TIMEOUT_S", "connect", "create_file", "database_path", "reading", "translated", "writing"]

BUSY_TIMEOUT_S = 5.0
_WRITE = "veille_write"
# The low byte of an extended SQLite result code is its kind: https://sqlite.org/rescode.html
_KIND = 0xFF


def database_path(database: str) -> Path:
    """Return the file that a setting names.

    Raises:
        StoreError: it is the URL of something that is not an SQLite file.

    Examples:
        >>> database_path("veille.db"), database_path("sqlite:////var/lib/veille/veille.db")
        (PosixPath('veille.db'), PosixPath('/var/lib/veille/veille.db'))
    """
    if database.startswith(SQLITE_URL) and len(database) > len(SQLITE_URL):
        return Path(database.removeprefix(SQLITE_URL))
    if "://" in database or database == ":memory:":
        shown = database.partition("://")[0]
        raise StoreError(
            f"{shown}: not a database veille can use; give a path, or an SQLite URL such as sqlite:///veille.db"
        )
    return Path(database)


def create_file(path: Path) -> None:
    """Make an empty database that its owner alone may read; SQLite gives -wal and -shm the same mode.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as exc:
        raise StoreError(
            f"{path}: the database cannot be created: {exc.strerror}; make its folder, or set another path"
        ) from exc


def connect(path: Path, *, read_only: bool) -> Engine:
    """Return the engine of an existing file; nothing is opened yet."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"

    def creator() -> sqlite3.Connection:
        opened = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        opened.create_function("casefold", 1, str.casefold, deterministic=True)  # lower() knows ASCII only
        return opened

    engine = create_engine("sqlite://", creator=creator, poolclass=QueuePool, pool_size=1, hide_parameters=True)
    event.listen(engine, "connect", _set_up_reader if read_only else _set_up_writer)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_reader(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _pragmas(connection, "foreign_keys=ON", "query_only=ON")


def _set_up_writer(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _pragmas(connection: DBAPIConnection, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin as the sqlite3 module would not: a deferred writer fails at once where an immediate one waits."""
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def writing(engine: Engine, path: Path) -> Iterator[Connection]:
    """Give a write transaction: committed at the end, rolled back where anything is raised."""
    with translated(path), engine.connect() as connection:
        connection.execution_options(**{_WRITE: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine, path: Path) -> Iterator[Connection]:
    """Give a read transaction: one view of the database, whatever is written meanwhile."""
    with translated(path), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the driver raises into `StoreError`."""
    try:
        yield
    except DBAPIError as exc:
        raise _error(path, exc.orig) from exc
    except sqlite3.Error as exc:
        raise _error(path, exc) from exc


def _error(path: Path, error: BaseException | None) -> StoreError:
    kind = getattr(error, "sqlite_errorcode", 0) & _KIND
    make = _ERRORS.get(kind)
    return make(path) if make else StoreError(f"{path}: {error}")


_ERRORS: dict[int, Callable[[Path], StoreError]] = {
    sqlite3.SQLITE_FULL: lambda path: StoreFullError(f"{path}: no room left on the disk; nothing was lost, make room"),
    sqlite3.SQLITE_BUSY: lambda path: StoreBusyError(
        f"{path}: another program kept it locked for over {BUSY_TIMEOUT_S:g} s; close that program"
    ),
    sqlite3.SQLITE_NOTADB: lambda path: StoreError(f"{path}: not an SQLite database; set another path"),
    sqlite3.SQLITE_CORRUPT: lambda path: StoreError(f"{path}: the database is damaged; restore a backup"),
    sqlite3.SQLITE_READONLY: lambda path: StoreError(f"{path}: the database may only be read; {_of_its_folder(path)}"),
    sqlite3.SQLITE_CANTOPEN: lambda path: StoreError(f"{path}: the database cannot be opened; {_of_its_folder(path)}"),
}


def _of_its_folder(path: Path) -> str:
    """Return what to do about a file that cannot be used: WAL needs its folder, even to read (sqlite.org/wal.html)."""
    folder = path.absolute().parent
    if os.access(folder, os.W_OK):
        return "check who owns it"
    return (
        f"its folder {folder} may not be written to, as SQLite must even to read: let veille write there, "
        f"or copy {path.name} and {path.name}-wal to where it may, and set VEILLE_DATABASE to the copy"
    )
