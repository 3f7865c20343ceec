"""`veille rules lint`: what in the rules is allowed but hardly meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import harmless, print_json, settings_of
from monitor.cli.progress import progress
from monitor.cli.rules.shared import DEFAULT_SINCE, plural, since_instant

if TYPE_CHECKING:
    from monitor.settings import Settings
    from rules.lint import Finding
    from rules.types import Pack

__all__ = ["lint"]


def lint(
    context: typer.Context,
    since: str = typer.Option(DEFAULT_SINCE, metavar="WHEN", help="Look in the articles first seen since then."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a finding, a line each."),
) -> None:
    """Find what in the rules in force is allowed but hardly meant.

    Terms that change nothing, thresholds out of reach, patterns that another sees already, rules that look for the
    same, rules without tests; with at least 500 stored articles, also patterns that none of them holds. The exit code
    is 1 when a finding is an error.
    """
    from rules.lint import Severity
    from rules.lint import lint as lint_pack

    settings = settings_of(context)
    pack = _pack(settings)
    findings = [*lint_pack(pack), *_of_archive(settings, pack, since)]
    findings.sort(key=lambda found: (found.file, found.line, found.code))
    errors = sum(found.severity is Severity.ERROR for found in findings)
    if as_json:
        for found in findings:
            print_json(_told(found))
    else:
        sys.stdout.writelines(f"{harmless(str(found))}\n" for found in findings)
        sys.stdout.write(f"{plural(errors, 'error')}, {plural(len(findings) - errors, 'warning')}\n")
    if errors:
        raise typer.Exit(1)


def _pack(settings: Settings) -> Pack:
    from monitor.rulesets import load_rules

    return load_rules(settings.rules)


def _of_archive(settings: Settings, pack: Pack, since: str) -> list[Finding]:
    """Return what the stored articles tell; nothing where there is no log yet."""
    from monitor.clock import SystemClock
    from monitor.review import never_seen, overlapping, period_of
    from monitor.store.connection import database_path
    from monitor.survey import survey

    now = SystemClock().now()
    begin = since_instant(since, settings, now=now)
    if not database_path(settings.database).exists():
        return []
    with progress("articles") as told:
        found = survey(settings.database, [pack], since=begin, patterns=True, progress=told)
    period = period_of(found.span, since=begin, now=now)
    seen = found.seen or frozenset()
    return [*never_seen(pack.rules, seen, period), *overlapping(found.outcomes, pack.rules)]


def _told(found: Finding) -> dict[str, Any]:
    return {
        "file": found.file,
        "line": found.line,
        "severity": found.severity.value,
        "code": found.code,
        "subject": found.subject,
        "message": found.message,
        "hint": found.hint,
    }
