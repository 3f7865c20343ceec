from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias

import pytest
from typer.main import get_command

from monitor.cli import run
from monitor.sources.catalogue import catalogue
from monitor.store import Store


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON value of each line printed."""
        return [json.loads(line) for line in self.out.splitlines()]


Veille: TypeAlias = Callable[..., Outcome]

_command_of = cache(get_command)
_catalogue = cache(catalogue)


@pytest.fixture(autouse=True)
def _words_and_catalogue_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what all commands take and the catalogue once, not for each command: that was most of what many cost."""
    monkeypatch.setattr("typer.main.get_command", _command_of)
    monkeypatch.setattr(sys.modules[catalogue.__module__], "catalogue", _catalogue)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the command is typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def veille(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Veille:
    """Type a command, with these bytes at its standard input; on a terminal if `terminal`."""

    def type_(*words: str, given: bytes = b"", terminal: bool = False) -> Outcome:
        monkeypatch.setattr("sys.argv", ["veille", *words])
        stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(given)), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", stdin)
        for stream in (stdin, sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
        code = run()
        return Outcome(code, *capsys.readouterr())

    return type_


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The log of the folder, as the daemon has it open."""
    opened = Store.open(str(folder / "veille.db"))
    yield opened
    opened.close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A web site on loopback, which the settings allow: `site(path, body, kind)` serves it and gives its address."""
    served: dict[str, tuple[int, bytes, dict[str, str]]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = served.get(self.path, (404, b"", {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("VEILLE_FETCH_ALLOW_NETWORKS", "127.0.0.0/8")

    def serve(
        path: str,
        body: str | bytes | None,
        kind: str = "text/html; charset=utf-8",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        address = f"http://127.0.0.1:{server.server_port}{path}"
        if body is not None:
            given = body if isinstance(body, bytes) else body.replace("SITE", address.removesuffix(path)).encode()
            served[path] = (status, given, {"Content-Type": kind, **(headers or {})})
        return address

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()
