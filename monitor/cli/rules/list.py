"""`veille rules list`: the rules in force and how they fare."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, print_table, settings_of

if TYPE_CHECKING:
    from monitor.settings import Settings
    from rules.types import RuleDef

__all__ = ["list_"]

_DAYS = 30


def list_(
    context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object a line.")
) -> None:
    """List the rules in force (what no command means).

    With what they are, and their matches of the last 30 days.
    """
    from monitor.rulesets import load_rules

    settings = settings_of(context)
    rules = load_rules(settings.rules).rules
    counts = _counts(settings)
    if as_json:
        for rule in rules:
            print_json(_told(rule, counts))
        return
    print_table(
        "Rules",
        ("id", "level", "status", "threshold", "tests", f"matches in {_DAYS} days", "title"),
        [
            (
                *(rule.id, rule.level.value, rule.status.value, _threshold(rule), len(rule.tests)),
                *("" if counts is None else _matches(rule, counts), rule.title),
            )
            for rule in rules
        ],
    )


def _counts(settings: Settings) -> dict[str, int] | None:
    """Return the matches of each rule in the log, or None where there is no log yet."""
    from monitor.clock import SystemClock
    from monitor.store.connection import database_path

    if not database_path(settings.database).exists():
        return None
    with log(settings) as store:
        return store.match_counts(since=SystemClock().now() - timedelta(days=_DAYS))


def _matches(rule: RuleDef, counts: dict[str, int]) -> int:
    return sum(counts.get(name, 0) for name in (rule.id, *rule.previous_ids))


def _threshold(rule: RuleDef) -> str:
    return "" if rule.score.threshold is None else f"{rule.score.threshold:g}"


def _told(rule: RuleDef, counts: dict[str, int] | None) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level.value,
        "status": rule.status.value,
        "threshold": rule.score.threshold,
        "tests": len(rule.tests),
        "matches": None if counts is None else _matches(rule, counts),
        "version": rule.version,
        "file": rule.file,
        "line": rule.line,
    }
