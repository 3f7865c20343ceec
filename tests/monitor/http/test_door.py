"""Promise S4: there is one door to the network, and no module has another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
CLIENTS = {"httpx", "httpcore", "requests", "aiohttp", "urllib3", "urllib.request", "http.client"}
MODULES = sorted(
    path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if "http" not in path.relative_to(ROOT).parts
)


def doors(source: str) -> set[str]:
    """What a module uses to reach the network for HTTP."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & CLIENTS
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & CLIENTS
    return found


@pytest.mark.parametrize("module", MODULES)
def test_S4_no_module_but_the_client_reaches_the_network_for_http(module: str) -> None:
    found = doors((ROOT / module).read_text(encoding="utf-8"))

    assert found == set()


@pytest.mark.parametrize(
    "source",
    ["import httpx", "from urllib import request", "from http.client import HTTPConnection"],
)
def test_S4_another_door_would_be_seen(source: str) -> None:
    found = doors(source)

    assert found
