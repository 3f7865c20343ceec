"""What the commands about rules share: the period, progress on a terminal, tables under a heading."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_table

if TYPE_CHECKING:
    from monitor.review import Period
    from monitor.settings import Settings

__all__ = ["DEFAULT_SINCE", "heading", "histogram", "on_terminal", "per_day", "plural", "progress", "since_instant"]

DEFAULT_SINCE = "30d"
_BAR = 30  # characters of the longest bar of a histogram


def since_instant(since: str, settings: Settings, *, now: datetime) -> datetime:
    """Return when a period begins.

    Raises:
        typer.BadParameter: it is no instant, or in the future.
    """
    from monitor.cli.when import instant

    begin = instant(since, settings.zone, now=now)
    if begin is None or begin >= now:
        raise typer.BadParameter("--since must lie in the past: 30d, 2026-05-16")
    return begin


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal's standard error how far something is; elsewhere nothing."""
    if not on_terminal():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def on_terminal() -> bool:
    """Return whether somebody looks at standard error."""
    return sys.stderr.isatty()


def heading(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table under its title and the names of its columns, in a pipe too; nothing where there are no rows."""
    found = list(rows)
    if not found:
        return
    if not sys.stdout.isatty():
        sys.stdout.write("\n" + title + "\n" + "\t".join(columns) + "\n")
    print_table(title, columns, found)


def per_day(number: int, period: Period) -> str:
    """Return a mean per day, as people read it."""
    return f"{number / period.days:.1f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number of things.

    >>> plural(1, "match", "matches"), plural(2, "article")
    ('1 match', '2 articles')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def histogram(days: Sequence[tuple[date, int]]) -> Iterator[str]:
    """Yield a line for each day, with a bar as long as its number."""
    most = max((number for _, number in days), default=0)
    for day, number in days:
        yield f"  {day.isoformat()}  {number:>5}  {'▇' * max(1, round(_BAR * number / most))}"
