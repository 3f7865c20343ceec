"""`veille label`: judge an alert."""

from __future__ import annotations

import sys
from enum import StrEnum

import typer

from monitor.cli.context import log, print_json, settings_of

__all__ = ["label"]


class Judgement(StrEnum):
    """Was the alert worth it?"""

    OUI = "oui"
    NON = "non"
    YES = "yes"
    NO = "no"


def label(
    context: typer.Context,
    ref: str = typer.Argument(
        help="An alert's short reference, al_7K2Q, or as much as is unique; or a match's number."
    ),
    judgement: Judgement = typer.Argument(case_sensitive=False, help="Was it relevant?"),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Judge an alert by its short reference."""
    from dataclasses import asdict

    from monitor.clock import SystemClock

    with log(settings_of(context), write=True) as store:
        line = store.label(ref, judgement in {Judgement.OUI, Judgement.YES}, now=SystemClock().now())
        rule = store.match(line.ref).line.rule
    if as_json:
        print_json(asdict(line))
    else:
        verdict = "relevant" if line.relevant else "not relevant"
        changed = f", judged otherwise before: {line.changed}" if line.changed else ""
        sys.stdout.write(f"{line.ref}: {verdict} (matches: {len(line.match_ids)}{changed})\n")
        if not line.relevant:
            sys.stderr.write(f"`veille rules suggest {rule}` says what would have avoided it.\n")
