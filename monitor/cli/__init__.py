"""The command line: one file per command.

Nothing heavy is imported here or at the head of a command's file, so that `veille --help` stays instant; a test
holds it.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import IO

import typer

from monitor.cli import (
    analyse,
    channels,
    check,
    config,
    deliveries,
    demo,
    entities,
    explain,
    feeds,
    init,
    label,
    matches,
    poll,
    read,
    revisions,
    routes,
    rules,
    silences,
    stats,
    status,
    why,
)
from monitor.cli import run as run_command
from monitor.cli.context import State, exit_code
from monitor.errors import VeilleError

__all__ = ["app", "run"]

app = typer.Typer(
    name="veille",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("init")(init.init)
app.command("demo", short_help="Watch it work on a small fictitious press, offline.")(demo.demo)
app.command("run")(run_command.run)
app.command("poll")(poll.poll)
app.command("check")(check.check)
app.command("config")(config.config)
app.command("status")(status.status)
app.command("matches")(matches.matches)
app.command("revisions")(revisions.revisions)
app.command("label")(label.label)
app.command("stats")(stats.stats)
app.command("why")(why.why)
app.command("explain")(explain.explain)
app.command("analyse")(analyse.analyse)
app.command("entities")(entities.entities)
app.command("read")(read.read)
app.add_typer(feeds.app, name="feeds")
app.add_typer(rules.app, name="rules")
app.add_typer(channels.app, name="channels")
app.add_typer(routes.app, name="routes")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(silences.app, name="silences")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"veille {version('veille')}\n")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    env_file: str = typer.Option(
        "", "--env-file", metavar="FILE", help="Read settings from this file. Default: .env in this folder, if any."
    ),
    _: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True, callback=_version),
) -> None:
    """News monitoring and alerting for the French press: poll, read, match, explain, alert."""
    context.obj = State(env_file=env_file)


def run() -> int:
    """Run the command line and return its exit code (docs/commands.md lists them).

    What veille or the system refuses is one message on standard error; a stack trace is a bug of ours.
    """
    _open_what_is_closed()
    _never_choke_on_characters()
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Plainly())
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # `veille matches | head -1`: whoever read us has had enough; nothing may be written at exit either.
        sys.stdout = _null("w")
        return 1
    except VeilleError as error:
        sys.stderr.write(f"veille: {error}\n")
        sys.stderr.writelines(f"  {line}\n" for line in getattr(error, "errors", ()))
        return exit_code(error)
    except OSError as error:
        sys.stderr.write(f"veille: {error.filename or 'the output'}: {error.strerror or error}\n")
        return 1
    return code


def _run() -> int:
    try:
        app()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


class _Plainly(logging.Formatter):
    """A warning as a line of its own, with its facts: what a command prints that sets up no log."""

    def format(self, record: logging.LogRecord) -> str:
        facts = vars(record).keys() - vars(logging.makeLogRecord({})).keys() - {"message"}
        told = (f"{name}={getattr(record, name)}" for name in vars(record) if name in facts)
        return f"veille: {': '.join(filter(None, [record.getMessage(), ', '.join(told)]))}"


def _null(mode: str) -> IO[str]:
    """Return a stream that holds nothing and keeps nothing, for as long as the process lives."""
    return Path(os.devnull).open(mode, encoding="utf-8")


def _open_what_is_closed() -> None:
    """Give a standard stream that was closed (`>&-`) the device that holds nothing and keeps nothing.

    Else there would be nothing to write to, and the next file opened would have the stream's number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = _null(mode)
            os.set_inheritable(stream.fileno(), True)  # a program that we start has it too
            setattr(sys, name, stream)


def _never_choke_on_characters() -> None:
    """Write what the terminal's character set or a file's odd name cannot as an escape, which JSON reads too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
