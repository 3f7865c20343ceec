"""`veille rules promote`: a rule that was tried out becomes stable."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import settings_of
from monitor.cli.progress import progress
from monitor.cli.rules.shared import histogram, per_day, plural
from monitor.errors import InputError, NotFoundError, RulesError

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.settings import Settings
    from rules.types import Pack, RuleDef

__all__ = ["promote"]

_DAYS = 30


def promote(
    context: typer.Context,
    rule: str = typer.Argument(metavar="ID", help="The rule; its status is experimental or test."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Show how an experimental rule fared, and make it stable.

    Its matches in the log of the last 30 days are shown, what people said of them, and what it finds in the stored
    articles of that time. The tests of all rules are run; then the `status:` in its file is set to stable, and nothing
    else in it is changed. The daemon follows once it is told to reload.
    """
    from monitor.clock import SystemClock
    from monitor.rulesets import load_rules

    settings = settings_of(context)
    pack = load_rules(settings.rules)
    found = _found(rule, pack, settings)
    _show(found, pack, settings, now=SystemClock().now())
    path = Path(found.file)
    text = path.read_bytes().decode()  # not read_text: line ends stay as they are
    new = _promoted(text, found, pack)
    if not yes and not _agreed(found):
        sys.stdout.write("Nothing was changed.\n")
        return
    _write(path, text, new)
    sys.stdout.write(
        f"{found.file}: {found.id} is stable now.\nTo apply: systemctl reload veille (or kill -HUP its pid).\n"
    )


def _found(rule: str, pack: Pack, settings: Settings) -> RuleDef:
    """Return the rule, which must be one that can be promoted."""
    from monitor.settings import nearest
    from rules.types import Status

    known = {each.id: each for each in pack.rules}
    if rule not in known:
        near = nearest(rule, known)
        raise NotFoundError(f"no rule {rule!r}" + (f"; did you mean {near}?" if near else ""))
    found = known[rule]
    if found.status not in {Status.EXPERIMENTAL, Status.TEST}:
        raise InputError(f"{rule} is {found.status}; only what is experimental or test can be promoted")
    if settings.rules is None:
        raise InputError(
            f"{rule} comes with veille; copy its file to a folder of yours and set VEILLE_RULES to it first"
        )
    return found


def _show(rule: RuleDef, pack: Pack, settings: Settings, *, now: datetime) -> None:
    """Print the rule's record in the log, and what it finds in the stored articles."""
    from dataclasses import replace

    from monitor.review import period_of, shadow_record, tally
    from monitor.store import Store
    from monitor.store.connection import database_path
    from monitor.survey import survey

    sys.stdout.write(f"{rule.id} · {rule.title} · {rule.status}\n")
    if not database_path(settings.database).exists():
        sys.stdout.write("No log yet: nothing is known of how it fares.\n")
        return
    begin = now - timedelta(days=_DAYS)
    with closing(Store.open(settings.database, create=False, read_only=True)) as store:
        record = shadow_record(
            store.shadow_matches((rule.id, *rule.previous_ids), since=begin), rule, zone=settings.zone
        )
        labels = store.judgements()
    matches = plural(record.matches, "match", "matches")
    older = f", {record.older} of them by an earlier text of the rule" if record.older else ""
    near = plural(record.near_misses, "near miss", "near misses")
    a_day = f"{record.matches / _DAYS:.1f} a day"
    sys.stdout.write(f"log: {matches} in {_DAYS} days ({a_day}{older}); {near}; told nobody: {record.silent}\n")
    sys.stdout.writelines(f"{line}\n" for line in histogram(record.days))
    sys.stdout.write(f"labels: {record.labels}\n")
    with progress("articles") as told:
        found = survey(settings.database, [replace(pack, rules=(rule,))], since=begin, progress=told)
    period = period_of(found.span, since=begin, now=now)
    (tallied,) = tally(found.outcomes, [rule], labels, zone=settings.zone)
    sys.stdout.write(
        f"backtest: {plural(tallied.matches, 'match', 'matches')} in {plural(period.articles, 'stored article')}, "
        f"{per_day(tallied.matches, period)} a day; {tallied.labels}\n"
    )


def _promoted(text: str, rule: RuleDef, known: Pack) -> str:
    """Return the file's text with the rule stable, once the set that it would make was read and tested.

    Raises:
        RulesError: that set would be refused.
    """
    from monitor.rulesets import failure, parse_beside
    from rules.edit import with_status
    from rules.trial import run_tests
    from rules.types import Status

    try:
        new = with_status(text, rule, Status.STABLE)
    except ValueError as error:
        raise InputError(f"{error}: it is written in a way that cannot be changed by itself; edit the file") from error
    pack = parse_beside([(rule.file, new)], known, with_rules=True)
    failed = tuple(failure(outcome) for outcome in run_tests(pack) if not outcome.passed)
    if failed:
        raise RulesError(f"{rule.file}: not promoted, as tests fail", errors=failed)
    return new


def _agreed(rule: RuleDef) -> bool:
    """Ask on a terminal; elsewhere nobody agrees."""
    if not sys.stdin.isatty():
        sys.stderr.write("Say --yes to make it stable.\n")
        return False
    return typer.confirm(f"Make {rule.id} stable?", default=False)


def _write(path: Path, read: str, new: str) -> None:
    """Replace a file at once, unless somebody changed it meanwhile."""
    from monitor.files import replacing

    if path.read_bytes().decode() != read:
        raise InputError(f"{path}: changed while it was looked at; nothing was written, try again")
    try:
        with replacing(path, mode=path.stat().st_mode & 0o7777) as file:
            file.write(new.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
