"""Promise S4: there is one door to the network, and no module has another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
CLIENTS = {
    "aiohttp",
    "aiosmtplib",
    "anyio",
    "ftplib",
    "h11",
    "http.client",
    "httpcore",
    "httpx",
    "imaplib",
    "poplib",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "telnetlib",
    "trafilatura.downloads",
    "urllib.request",
    "urllib3",
    "xmlrpc.client",
}
CALLS = {
    "create_connection",
    "create_datagram_endpoint",
    "fetch_response",
    "fetch_url",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
    "urlopen",
    "urlretrieve",
}
# Why each may: none of them asks for an address that came from outside.
EXCEPTIONS = {
    "deliver/smtp.py": {"smtplib", "socket", "create_connection"},  # mail: to addresses that `http.vet` let pass
    "store/lock.py": {"socket"},  # the name of this machine, for who holds a database
    "telemetry.py": {"socket"},  # tells systemd, over a socket file
    "web/server.py": {"socket"},  # listens
    "workers/pool.py": {"socket", "open_connection"},  # a pair of sockets to each child
}
MODULES = sorted(
    module
    for path in ROOT.rglob("*.py")
    if not (module := path.relative_to(ROOT).as_posix()).startswith(("http/", "store/migrations/"))
)


def doors(source: str) -> set[str]:
    """What a module uses to reach the network."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name for alias in node.names for name in _packages(alias.name)} & CLIENTS
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names} | set(_packages(node.module or ""))
            found |= (names | {alias.name for alias in node.names}) & (CLIENTS | CALLS)
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & CALLS
    return found


def opened_by_feedparser(source: str) -> list[str]:
    """What is given to feedparser: anything but a stream of bytes may be the name of a file, or an address."""
    return [
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("feedparser.parse")
    ]


def _packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:most]) for most in range(1, len(parts) + 1)]


@pytest.mark.untraced
@pytest.mark.parametrize("module", MODULES)
def test_S4_no_module_but_the_client_reaches_the_network(module: str) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")

    assert EXCEPTIONS.get(module, set()) == doors(source)
    assert [] == [given for given in opened_by_feedparser(source) if not given.startswith("io.BytesIO(")]


def test_S4_each_exception_is_still_needed() -> None:
    assert set(EXCEPTIONS) <= set(MODULES)


@pytest.mark.parametrize(
    "source",
    [
        "import httpx",
        "import urllib.request",
        "from urllib import request",
        "from http.client import HTTPConnection",
        "import asyncio\nasyncio.open_connection('a', 1)",
        "from asyncio import open_connection",
        "import socket as network",
        "from smtplib import SMTP",
        "import trafilatura\ntrafilatura.fetch_url('http://a')",
        "loop.create_connection(None, 'a', 1)",
    ],
)
def test_S4_another_door_would_be_seen(source: str) -> None:
    assert doors(source)


def test_S4_an_address_given_to_feedparser_would_be_seen() -> None:
    assert ["url"] == opened_by_feedparser("import feedparser\nfeedparser.parse(url)")
