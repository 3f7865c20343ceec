from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.store import Store
from rules.source import read

METADATA = Path(__file__).parents[2] / "deploy" / "datasette.yaml"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    Store.open(str(tmp_path / "veille.db")).close()
    with closing(sqlite3.connect(tmp_path / "veille.db")) as connection:
        yield connection


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return dict(read(METADATA.read_text(encoding="utf-8"), file="metadata.yaml").plain()["databases"]["veille"])


def test_every_view_and_column_that_is_named_exists(log: sqlite3.Connection, shown: dict[str, Any]) -> None:
    for view, about in shown["tables"].items():
        columns = {row[1] for row in log.execute(f"PRAGMA table_info({view})")}

        assert {about["sort_desc"], *about["facets"]} <= columns


def test_every_query_runs_on_a_fresh_log(log: sqlite3.Connection, shown: dict[str, Any]) -> None:
    for query in shown["queries"].values():
        assert [] == log.execute(query["sql"]).fetchall()
