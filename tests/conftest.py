"""What every test shares: an environment without settings of ours, and a log as it was before."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from monitor.store import Store
from monitor.store.connection import _set_up_writer, create_file, database_path

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# Deadlines measure the machine, not the code. Where a change is judged, the examples are the same each time; elsewhere
# they are new ones, and what they find becomes an @example.
settings.register_profile("veille", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("traced", deadline=None, derandomize=True, max_examples=20)  # `make check`: tracing is slow
settings.load_profile("veille")

_LONG = ("acceptance", "untraced")
_ENGINES: dict[str, Engine] = {}


def pytest_configure() -> None:
    """Give way to the first worker, which begins with what is measured in real time."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        os.nice(19)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, else one worker is at it when the others have nothing left to do."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in _LONG])


def _sharing_statements(store: Store) -> Store:
    """Let a database know the statements that another compiled: a daemon has one for life, tests have thousands."""
    engine = store._engine
    first = _ENGINES.setdefault("first", engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database as the migrations make it."""
    path = tmp_path_factory.mktemp("migrated") / "veille.db"
    Store.open(str(path)).close()
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _databases_are_migrated_once(migrated: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin new databases as a copy of one: a quarter of the time of many tests went into migrations."""
    whole = Store.open

    def open_(database: str, *, create: bool = True, read_only: bool = False) -> Store:
        path = database_path(database)
        if create and not read_only and path.parent.is_dir() and not path.exists():
            create_file(path)
            path.write_bytes(migrated)
        return _sharing_statements(whole(database, create=create, read_only=read_only))

    monkeypatch.setattr(Store, "open", staticmethod(open_))


@pytest.fixture(autouse=True)
def _commits_do_not_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the fsync of each commit, of which tests did little else on a busy disk.

    What it is for is held by tests of whole processes, which know nothing of this.
    """

    def set_up(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        _set_up_writer(connection, entry)
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    monkeypatch.setattr("monitor.store.connection._set_up_writer", set_up)


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Undo what a command sets up for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
