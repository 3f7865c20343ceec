"""The entry: help, exit codes, closed pipes, full disks."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import run
from tests.monitor.cli.conftest import Veille

HEAVY = (
    *("aiosmtpd", "alembic", "apscheduler", "feedparser", "httpcore", "httpx", "lark", "lxml", "prometheus_client"),
    *("pydantic", "pydantic_settings", "re2", "rich", "sqlalchemy", "sqlmodel", "starlette", "structlog"),
    *("trafilatura", "uvicorn"),
)
PROGRAM = (sys.executable, "-m", "monitor")


@pytest.mark.untraced
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["feeds", "--help"], ["poll", "-h"], ["analyse", "-h"], ["rules", "-h"]]
)
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    """Of a command's own help typer itself wants pydantic, to read the options that stand before it."""
    program = (
        f"import sys; sys.argv = ['veille', *{words!r}]\n"
        "from monitor.cli import run\n"
        f"code = run(); sys.stderr.write(' '.join(set(sys.modules) & set({HEAVY!r}))); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert set() == set(done.stderr.split()) - ({"pydantic"} if len(words) > 1 else set())


@pytest.mark.parametrize("words", [["--help"], ["feeds", "-h"], ["deliveries", "--help"], ["rules", "-h"]])
def test_the_list_of_commands_cuts_no_sentence(veille: Veille, words: list[str]) -> None:
    got = veille(*words)

    assert got.code == 0
    assert [] == [line for line in got.out.partition("Commands:")[2].splitlines() if "..." in line or "…" in line]
    assert re.findall(r"^  \w+$", got.out.partition("Commands:")[2], re.MULTILINE) == []


def test_nothing_typed_is_help(veille: Veille) -> None:
    assert "Commands:" in veille().out + veille().err


def test_the_version_is_told(veille: Veille) -> None:
    assert re.fullmatch(r"veille \d+\.\d+\.\d+\n", veille("--version").out)


@pytest.mark.parametrize("words", [["nothing"], ["poll", "--nothing"], ["label", "al_1"], ["matches", "--limit", "0"]])
def test_a_mistyped_command_line_exits_2(veille: Veille, words: list[str]) -> None:
    got = veille(*words)

    assert got.code == 2
    assert "Error: " in got.err


def test_a_mistyped_command_is_corrected(veille: Veille) -> None:
    assert "Did you mean 'poll'?" in veille("pol").err


def test_a_wrong_setting_exits_2_and_is_named(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WORKRES", "3")
    got = veille("config")

    assert (2, "veille: VEILLE_WORKRES: no such setting; did you mean VEILLE_WORKERS?\n") == (got.code, got.err)


def test_an_env_file_that_is_not_there_exits_2(veille: Veille) -> None:
    got = veille("--env-file", "nulle-part", "config")

    assert (2, "veille: nulle-part: no such file; `veille init` writes one\n") == (got.code, got.err)


def test_wrong_rules_exit_2_and_each_problem_is_a_line(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "r.txt").write_text("kharkiv ET (\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "r.txt")
    got = veille("explain", "-")

    assert got.code == 2
    assert re.match(r"veille: r\.txt: refused\n  r\.txt:1:\d+: ", got.err)


@pytest.mark.parametrize(
    "words", [["matches"], ["feeds"], ["deliveries"], ["label", "al_1", "oui"], ["deliveries", "replay", "1"]]
)
def test_a_log_that_is_not_there_exits_3(veille: Veille, folder: Path, words: list[str]) -> None:
    got = veille(*words)

    assert (3, "veille: veille.db: no such database; `veille run` or `veille poll` makes it\n") == (got.code, got.err)
    assert not (folder / "veille.db").exists()


@pytest.mark.parametrize("words", [["matches"], ["feeds", "pause", "1"]])
def test_a_file_that_is_no_log_exits_3(veille: Veille, folder: Path, words: list[str]) -> None:
    (folder / "veille.db").write_bytes(b"Ceci n'est pas une base. " * 100)
    got = veille(*words)

    assert (3, "veille: veille.db: not an SQLite database; set another path\n") == (got.code, got.err)


@pytest.mark.untraced
def test_a_feed_declared_twice_is_told_with_its_file_line_and_address(folder: Path) -> None:
    (folder / "feeds.txt").write_text("https://a.example/\n\nhttps://A.example\n", encoding="utf-8")
    done = subprocess.run(
        (*PROGRAM, "feeds"),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "VEILLE_FEEDS": "feeds.txt"},
    )

    assert "veille: feed declared twice: file=feeds.txt, line=3, url=https://A.example, first_line=1\n" == done.stderr


@pytest.mark.untraced
def test_a_reader_that_goes_away_is_no_error_to_tell(folder: Path) -> None:
    (folder / "in.jsonl").write_text('{"id": 1}\n' * 5000, encoding="utf-8")
    command = (*PROGRAM, "analyse", "--jsonl", str(folder / "in.jsonl"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert (1, b"") == (process.returncode, told)


class Broken(io.StringIO):
    """An output that fails when it is emptied."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


def test_a_disk_without_room_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["veille", "config"])
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", Broken(OSError(28, "No space left on device")))
        code = run()

    assert (1, "veille: the output: No space left on device\n") == (code, capsys.readouterr().err)


def test_a_pipe_closed_before_the_end_is_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["veille", "config"])
    monkeypatch.setattr("sys.stdout", Broken(BrokenPipeError(32, "Broken pipe")))

    code = run()
    sys.stdout.close()

    assert (1, "") == (code, capsys.readouterr().err)


@pytest.mark.untraced
@pytest.mark.usefixtures("store")
def test_a_command_whose_streams_are_closed_does_its_work(folder: Path) -> None:
    program = shlex.join([*PROGRAM, "matches", "--format", "csv"])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for closed in (">&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{program} {closed}"], cwd=folder, env=environment, capture_output=True, check=False
        )

        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_a_stream_that_is_closed_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["veille", "--version"])
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    code = run()
    opened = [getattr(sys, name) for name in ("stdin", "stdout", "stderr")]
    read = opened[0].read()
    for stream in opened:
        stream.close()

    assert (0, "") == (code, read)


@pytest.mark.untraced
def test_characters_that_the_terminal_lacks_are_escaped(folder: Path) -> None:
    (folder / "t.txt").write_text("Kharkiv visée ✔\n", encoding="utf-8")
    done = subprocess.run(
        [*PROGRAM, "explain", "t.txt"],
        cwd=folder,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=True,
    )

    assert done.stdout.startswith(b"Kharkiv vis\\xe9e \\u2714\n")
