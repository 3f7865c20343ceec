"""`veille matches`: the log of matches, one match explained, and the log as a file for spreadsheets."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import json_line, log, print_table, settings_of

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store import Judgement, MatchFilter, MatchLine, Store
    from rules.types import Level

__all__ = ["matches"]

_SHOWN = 50


class Format(StrEnum):
    """What an export is read by."""

    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    JSONL = "jsonl"


def matches(
    context: typer.Context,
    ref: str = typer.Argument(
        "", metavar="REF", help="Show this one: an alert's reference (al_…) or a match's number."
    ),
    rule: str | None = typer.Option(None, metavar="ID", help="Only this rule."),
    entity: str | None = typer.Option(None, metavar="ID", help="Only texts that mention this entity, such as kharkiv."),
    outlet: str | None = typer.Option(None, metavar="NAME", help="Only this outlet."),
    story: str | None = typer.Option(None, metavar="ID", help="Only this story (st_…)."),
    since: str | None = typer.Option(
        None, metavar="WHEN", help="From this instant or for this long: 2026-05-16, 24h, 7d."
    ),
    until: str | None = typer.Option(None, metavar="WHEN", help="Up to this instant."),
    level: str | None = typer.Option(None, metavar="LEVEL", help="Only low, medium, high or critical ones."),
    min_score: float | None = typer.Option(None, metavar="POINTS", help="Score at least this."),
    label: str | None = typer.Option(None, metavar="oui|non|none", help="Judged oui, non, or none (not judged yet)."),
    language: str | None = typer.Option(None, metavar="CODE", help="Only articles in this language, such as fr."),
    near_misses: bool = typer.Option(False, "--near-misses", help="Near misses too: condition true, score too low."),
    limit: int | None = typer.Option(
        None,
        min=1,
        max=100_000_000,
        metavar="N",
        help="At most this many, newest first. Default: 50; with --format, all.",
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
    format_: Format | None = typer.Option(
        None, "--format", metavar="|".join(Format), help="Export them: for programs, for a French Excel, as JSON lines."
    ),
    output: str = typer.Option(
        "", metavar="FILE", help="Export to this file, which you alone may read. Default: standard output."
    ),
) -> None:
    """List matches, newest first; show one, or export them.

    With a reference, the match is shown with its points, its sentences, and its text with the terms highlighted. With
    --format, every match that the other options leave is a row of a file (docs/export.md).
    """
    from monitor.cli.explain import check_rule
    from monitor.cli.when import instant, local
    from monitor.rulesets import load_engine
    from monitor.store import MatchFilter

    if output and format_ is None:
        raise typer.BadParameter(f"--output goes with --format {'|'.join(Format)}")
    if format_ is not None and (ref or as_json):
        raise typer.BadParameter("--format exports the list; it goes neither with a reference nor with --json")
    settings = settings_of(context)
    if ref:
        from monitor.cli.shown import show_match

        with log(settings) as store:
            detail = store.match(ref)
        show_match(detail, settings, as_json=as_json)
        return
    with log(settings) as store:
        wanted = MatchFilter(
            rule=rule,
            entity=entity,
            outlet=outlet,
            story=story,
            since=instant(since, settings.zone),
            until=instant(until, settings.zone),
            level=_level(level),
            min_score=min_score,
            label=_judgement(label),
            language=language and language.lower(),
            near_misses=near_misses,
        )
        # a rule that was removed is known by what it found
        if rule is not None and not store.has_matched(rule):
            check_rule(rule, {each.id for each in load_engine(settings, tested=False).pack.rules})
        if format_ is not None:
            _export(store, wanted, format_, output, limit)
            return
        if as_json:
            _export(store, wanted, Format.JSONL, output, limit or _SHOWN)
            return
        lines = store.matches(wanted, limit=limit or _SHOWN)
    print_table(
        "Matches",
        ("match", "alert", "matched", "level", "score", "rule", "outlet", "title", "judged", "remark"),
        [
            (
                line.id,
                line.alert_id,
                local(line.matched_at, settings.zone),
                line.level or "near miss",
                f"{line.score:.1f}",
                line.rule,
                line.outlet,
                line.title,
                {True: "oui", False: "non", None: ""}[line.relevant],
                _remark(line, settings),
            )
            for line in lines
        ],
    )
    if not lines:
        sys.stderr.write("No match. `veille poll` or `veille run` fill the log; filters may hide some.\n")


def _export(store: Store, wanted: MatchFilter, format_: Format, output: str, limit: int | None) -> None:
    """Write the rows, as many as there are, a page of them in memory at a time."""
    from monitor.cli.export import FRENCH_EXCEL, PLAIN, STDOUT, opened, records, row_of, write_csv

    if output not in STDOUT and store.keeps(Path(output)):
        raise typer.BadParameter("--output names the database itself, or a file of its own; name another one")
    rows = map(row_of, records(store, wanted, limit=limit))
    with opened(output) as file:
        if format_ is Format.JSONL:
            count = 0
            for count, row in enumerate(rows, start=1):  # noqa: B007  the count is what is told
                file.write(json_line(row))
        else:
            count = write_csv(rows, file, FRENCH_EXCEL if format_ is Format.CSV_EXCEL else PLAIN)
    if output not in STDOUT:
        sys.stderr.write(f"{count} in {output}\n")


def _level(level: str | None) -> Level | None:
    from rules.types import Level

    if level is not None and level.lower() not in set(Level):
        raise typer.BadParameter(f"--level takes {', '.join(Level)}")
    return None if level is None else Level(level.lower())


def _remark(line: MatchLine, settings: Settings) -> str:
    """Return that a match has lost its ground: its page is gone, or the rule no longer finds the text.

    Else that nobody was told it, as its story had been told.
    """
    from monitor.cli.when import local

    if line.withdrawn_at is not None:
        return f"page gone since {local(line.withdrawn_at, settings.zone)}"
    if line.lost_at is not None:
        return f"found no more since {local(line.lost_at, settings.zone)}"
    joined = line.joined_alert_id if line.alert_id is None else None
    return "" if joined is None else f"joined {joined}"


def _judgement(label: str | None) -> Judgement | None:
    from monitor.store import Judgement

    words = {
        "oui": Judgement.RELEVANT,
        "yes": Judgement.RELEVANT,
        "non": Judgement.NOT_RELEVANT,
        "no": Judgement.NOT_RELEVANT,
        "none": Judgement.NONE,
    }
    if label is None:
        return None
    if label.lower() not in words:
        raise typer.BadParameter("--label takes oui, non or none")
    return words[label.lower()]
