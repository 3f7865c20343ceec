"""`veille rules test`: the tests that rules and entities carry."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import harmless, print_json, settings_of
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.settings import Settings
    from rules.trial import TestOutcome

__all__ = ["own_tests"]


def own_tests(
    context: typer.Context,
    paths: list[Path] = typer.Argument(
        None, metavar="FILE…", help="Only the tests of these files and folders. Default: of the rules in force."
    ),
    junit: Path | None = typer.Option(None, metavar="FILE", help="Write the results there as JUnit XML, for CI."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a test, a line each."),
) -> None:
    """Run the tests that rules and entities carry.

    A file may name the entities of the rules in force. The exit code is 1 when a test fails, 2 when the rules cannot be
    read.
    """
    outcomes = _outcomes(settings_of(context), paths or [])
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if junit is not None:
        from monitor.cli.rules.junit import junit_xml

        try:
            junit.write_text(junit_xml(outcomes), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{junit}: cannot be written: {error.strerror or error}") from error
    if as_json:
        for outcome in outcomes:
            print_json(_told(outcome))
    else:
        from monitor.rulesets import failure

        sys.stdout.writelines(f"{harmless(failure(outcome))}\n" for outcome in failed)
        none = "" if outcomes else ": no test stands in these files"
        sys.stdout.write(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed{none}\n")
    if failed:
        raise typer.Exit(1)


def _outcomes(settings: Settings, paths: Sequence[Path]) -> tuple[TestOutcome, ...]:
    """Run the tests of the rules in force, or of some files beside their entities."""
    from monitor.rulesets import load_rules, read_beside, rule_files
    from rules.trial import run_tests

    known = load_rules(settings.rules)
    if not paths:
        return run_tests(known)
    names = {name for path in paths for name, _ in rule_files(path)}
    return tuple(outcome for outcome in run_tests(read_beside(paths, known)) if outcome.file in names)


def _told(outcome: TestOutcome) -> dict[str, object]:
    return {
        "subject": outcome.subject,
        "name": outcome.name,
        "passed": outcome.passed,
        "problems": outcome.problems,
        "file": outcome.file,
        "line": outcome.line,
    }
