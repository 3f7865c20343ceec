"""`veille config`: the effective settings."""

from __future__ import annotations

import sys

import typer

from monitor.cli.context import print_json, settings_of

__all__ = ["config"]


def config(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Print the effective settings, secrets masked."""
    from monitor.settings import effective

    shown = effective(settings_of(context))
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        sys.stdout.write(f"{name}={value}\n")
