"""The command line: one file per command.

Nothing heavy is imported here or at the head of a command's file, so that `veille --help` stays instant; a test
holds it.
"""

from __future__ import annotations

import sys

import typer

from monitor.cli import (
    analyse,
    check,
    config,
    deliveries,
    demo,
    explain,
    feeds,
    init,
    label,
    matches,
    poll,
    read,
)
from monitor.cli import run as run_command
from monitor.cli.context import State, exit_code
from monitor.errors import VeilleError

__all__ = ["app", "run"]

app = typer.Typer(
    name="veille",
    help="News monitoring and alerting for the French press: poll, read, match, explain, alert.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("init")(init.init)
app.command("demo")(demo.demo)
app.command("run")(run_command.run)
app.command("poll")(poll.poll)
app.command("check")(check.check)
app.command("config")(config.config)
app.command("matches")(matches.matches)
app.command("label")(label.label)
app.command("explain")(explain.explain)
app.command("analyse")(analyse.analyse)
app.command("read")(read.read)
app.add_typer(feeds.app, name="feeds")
app.add_typer(deliveries.app, name="deliveries")


@app.callback()
def main(
    context: typer.Context,
    env_file: str = typer.Option(
        "", "--env-file", metavar="FILE", help="Read settings from this file. Default: .env in this folder, if any."
    ),
) -> None:
    """News monitoring and alerting for the French press: poll, read, match, explain, alert."""
    context.obj = State(env_file=env_file)


def run() -> int:
    """Run the command line and return its exit code (docs/commands.md lists them)."""
    try:
        app(standalone_mode=True)
    except VeilleError as error:
        sys.stderr.write(f"veille: {error}\n")
        for line in getattr(error, "errors", ()):
            sys.stderr.write(f"  {line}\n")
        return exit_code(error)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0
