"""What every test shares: an environment without settings of ours, and a log as it was before."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

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


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Undo what a command sets up for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
