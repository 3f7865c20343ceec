"""`veille rules expand`: the file form of a one-line rule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.errors import RulesError

if TYPE_CHECKING:
    from rules.errors import ConditionError

__all__ = ["expand"]


def expand(
    rule: str = typer.Argument(metavar="RULE|FILE.txt", help="A one-line rule, in quotes, or a file of them."),
) -> None:
    """Print the file form of a one-line rule, to go on from there.

    Of a .txt file each rule is printed, as items of one YAML list.
    """
    from monitor.rulesets import rule_files
    from rules.errors import ConditionError
    from rules.pack import expand as expanded

    if not (rule.endswith(".txt") and Path(rule).is_file()):
        try:
            sys.stdout.write(expanded(rule))
        except ConditionError as error:
            raise RulesError("the rule cannot be read", errors=(_told("rule", 1, error),)) from None
        return
    ((name, text),) = rule_files(Path(rule))
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        try:
            sys.stdout.write(_item(expanded(line)))
        except ConditionError as error:
            problems.append(_told(name, number, error))
    if problems:
        raise RulesError(f"{name}: refused", errors=tuple(problems))


def _told(name: str, line: int, error: ConditionError) -> str:
    return f"{name}:{line}:{error.offset + 1}: {error.message}" + (f" ({error.hint})" if error.hint else "")


def _item(rule: str) -> str:
    """Return a mapping as an item of a list."""
    first, *rest = rule.splitlines()
    return "".join([f"- {first}\n", *(f"  {line}\n" for line in rest)])
