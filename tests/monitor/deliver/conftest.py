"""Golden files. `UPDATE_GOLDEN=1 pytest tests/monitor/deliver` writes them anew; read the difference."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


@pytest.fixture
def golden() -> Golden:
    """Return what compares a text with the golden file of that name."""

    def compare(name: str, actual: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.write_text(actual, encoding="utf-8")

        assert path.read_text(encoding="utf-8") == actual

    return compare
