"""What the commands about rules share: the period, numbers, tables under a heading."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_table

if TYPE_CHECKING:
    from monitor.review import Period
    from monitor.settings import Settings

__all__ = ["DEFAULT_SINCE", "heading", "histogram", "per_day", "plural", "since_instant"]

DEFAULT_SINCE = "30d"
_MOST_EMPTY = 14  # days in a row
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
    for day, number in _without_gaps(days):
        bar = "▇" * (max(1, round(_BAR * number / most)) if number else 0)
        yield f"  {day.isoformat()}  {number:>5}  {bar}".rstrip()


def _without_gaps(days: Sequence[tuple[date, int]]) -> Iterator[tuple[date, int]]:
    """Fill in the days without anything, unless there are many: a year of empty lines tells nothing."""
    for place, (day, number) in enumerate(days):
        missing = (day - days[place - 1][0]).days - 1 if place else 0
        if missing <= _MOST_EMPTY:
            yield from ((day - timedelta(days=back), 0) for back in range(missing, 0, -1))
        yield day, number
