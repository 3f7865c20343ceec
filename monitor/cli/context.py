"""What every command shares: where the settings are, how errors leave, how results are printed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import (
    NotFoundError,
    RoutesError,
    RulesError,
    SettingsError,
    SourceError,
    StoreError,
    StoreLockedError,
    VeilleError,
)

if TYPE_CHECKING:
    import typer

    from monitor.settings import Settings
    from monitor.store import Store
    from rules.errors import ConditionError

__all__ = [
    "EXIT_CODES",
    "State",
    "configure",
    "exit_code",
    "harmless",
    "json_line",
    "log",
    "print_json",
    "print_table",
    "refused",
    "settings_of",
]

# Exit code: meaning. 0 is success; 2 is also what a mistyped command line gives.
EXIT_CODES: dict[int, str] = {
    0: "everything asked for was done",
    1: "something failed: an input could not be read or fetched, the demo or the status was not as it should be",
    2: "the command line, a setting, a rule, a route or a feeds file is wrong; nothing was started",
    3: "the database cannot be used",
    4: "another veille holds the database",
    5: "what was asked for does not exist: an alert, a match, a delivery, a receiver, a feed, a rule",
    130: "interrupted (Ctrl-C)",
}

_CODES: tuple[tuple[type[VeilleError], int], ...] = (
    (StoreLockedError, 4),
    (StoreError, 3),
    (NotFoundError, 5),
    (SettingsError, 2),
    (SourceError, 2),
    (RulesError, 2),
    (RoutesError, 2),
)


_WHOLE = ("id", "match", "alert", "delivery")  # columns of what people copy

# C0 and C1, line and paragraph separators, bidirectional controls
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class State:
    """The global options."""

    env_file: str = ""


def exit_code(error: VeilleError) -> int:
    """Return the exit code that tells a program what kind of error this is."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def settings_of(context: typer.Context, **overrides: object) -> Settings:
    """Read the settings, with command-line options winning over the environment and the env file."""
    from monitor.settings import load_settings

    state = context.find_object(State) or State()
    default = Path(".env")
    env_file = Path(state.env_file) if state.env_file else (default if default.is_file() else None)
    return load_settings(env_file, **overrides)


def configure(settings: Settings) -> None:
    """Send log lines where the settings say."""
    from monitor.telemetry import configure_logging

    configure_logging(settings.log_level, settings.log_format)


@contextmanager
def log(settings: Settings, *, write: bool = False) -> Iterator[Store]:
    """Give the open database, which must exist. To read it changes nothing, not even an older schema."""
    from monitor.store import Store

    with closing(Store.open(settings.database, create=False, read_only=not write)) as store:
        yield store


def print_json(value: object) -> None:
    """Print one value as one line of JSON, at once."""
    sys.stdout.write(json_line(value))
    sys.stdout.flush()


def json_line(value: object) -> str:
    """Return a value as a line of JSON: accents as they are, instants in ISO 8601, sets as sorted lists."""
    return json.dumps(value, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return sorted(value) if isinstance(value, frozenset) else str(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table for people; as plain tab-separated lines where nobody looks (a pipe)."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(_text(cell) for cell in row) + "\n")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        table.add_row(*(Text(_text(cell)) for cell in row))
    Console().print(table)


def refused(error: ConditionError) -> typer.BadParameter:
    """Return what refuses a command line that names what does not exist, with what was meant."""
    import typer

    return typer.BadParameter(f"{error}; {error.hint}" if error.hint else str(error))


def harmless(text: str) -> str:
    r"""Return text that can neither steer a terminal nor break a line of a table.

    >>> harmless("Kharkiv\x1b[2J\tvisée")
    'Kharkiv [2J visée'
    """
    return _CONTROLS.sub(" ", text)


def _text(cell: object) -> str:
    return "" if cell is None else harmless(str(cell))
