from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import Store


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once for all tests."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    Store.open(str(path)).close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "veille.db"


@pytest.fixture
def store(path: Path, empty: Path) -> Iterator[Store]:
    shutil.copy(empty, path)
    opened = Store.open(str(path))
    yield opened
    opened.close()
