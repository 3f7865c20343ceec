"""What every test shares: an environment without settings of ours, and a log as it was before."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from monitor.store import Store
from monitor.store.connection import create_file, database_path

# Deadlines measure the machine, not the code. Where a change is judged, the examples are the same each time; elsewhere
# they are new ones, and what they find becomes an @example.
settings.register_profile("veille", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("traced", deadline=None, derandomize=True, max_examples=20)  # `make check`: tracing is slow
settings.load_profile("veille")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("VEILLE_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)


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
        return whole(database, create=create, read_only=read_only)

    monkeypatch.setattr(Store, "open", staticmethod(open_))


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Undo what a command sets up for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
