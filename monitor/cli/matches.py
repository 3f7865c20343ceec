"""`veille matches`: the log of matches, and one match explained."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, print_table, settings_of

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store import Judgement, MatchLine

__all__ = ["matches"]


def matches(
    context: typer.Context,
    ref: str = typer.Argument(
        "", metavar="REF", help="Show this one: an alert's reference (al_…) or a match's number."
    ),
    rule: str | None = typer.Option(None, metavar="ID", help="Only this rule."),
    entity: str | None = typer.Option(None, metavar="ID", help="Only texts that mention this entity, such as kharkiv."),
    since: str | None = typer.Option(
        None, metavar="WHEN", help="From this instant or for this long: 2026-05-16, 24h, 7d."
    ),
    until: str | None = typer.Option(None, metavar="WHEN", help="Up to this instant."),
    min_score: float | None = typer.Option(None, metavar="POINTS", help="Score at least this."),
    label: str | None = typer.Option(None, metavar="oui|non|none", help="Judged oui, non, or none (not judged yet)."),
    language: str | None = typer.Option(None, metavar="CODE", help="Only articles in this language, such as fr."),
    near_misses: bool = typer.Option(False, "--near-misses", help="Near misses too: condition true, score too low."),
    limit: int = typer.Option(50, min=1, max=100_000, metavar="N", help="At most this many, newest first."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """List matches, newest first; or show one, explained.

    With a reference, the match is shown with its points, its sentences, and its text with the terms highlighted.
    """
    from monitor.cli.explain import check_rule
    from monitor.cli.when import instant, local
    from monitor.rulesets import load_engine

    settings = settings_of(context)
    if ref:
        from monitor.cli.shown import show_match

        with log(settings) as store:
            detail = store.match(ref)
        show_match(detail, settings, as_json=as_json)
        return
    with log(settings) as store:
        lines = store.matches(
            rule=rule,
            entity=entity,
            since=instant(since, settings.zone),
            until=instant(until, settings.zone),
            min_score=min_score,
            label=_judgement(label),
            language=language and language.lower(),
            near_misses=near_misses,
            limit=limit,
        )
        is_found = bool(lines) or rule is None or bool(store.matches(rule=rule, near_misses=True, limit=1))
    if not is_found:  # a rule that was removed is known by what it found
        check_rule(rule, {each.id for each in load_engine(settings, tested=False).pack.rules})
    if as_json:
        for line in lines:
            print_json(asdict(line))
        return
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


def _remark(line: MatchLine, settings: Settings) -> str:
    """Return that a match has lost its ground: its page is gone, or the rule no longer finds the text."""
    from monitor.cli.when import local

    if line.withdrawn_at is not None:
        return f"page gone since {local(line.withdrawn_at, settings.zone)}"
    return f"found no more since {local(line.lost_at, settings.zone)}" if line.lost_at is not None else ""


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
