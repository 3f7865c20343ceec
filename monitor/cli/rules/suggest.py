"""`veille rules suggest`: what would have avoided the matches that people found not relevant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.rules.shared import DEFAULT_SINCE, since_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.review import Diff
    from monitor.settings import Settings
    from monitor.store import Judgement
    from rules.types import Match, Pack, RuleDef

__all__ = ["suggest"]

_MOST = 200  # judged matches of a kind that are looked at, the latest


def suggest(
    context: typer.Context,
    rule: str = typer.Argument(metavar="RULE", help="The rule's id."),
    since: str = typer.Option(DEFAULT_SINCE, metavar="WHEN", help="Articles first seen since then: 30d, 2026-05-16."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Suggest changes to a rule.

    They come from what was judged not relevant, and each is tried on the stored articles. What would change no alert is
    left out, and what would cost relevant ones and avoid none of the others. Nothing is changed: what it prints is for
    you to write into the rule's file.
    """
    from monitor.clock import SystemClock
    from monitor.errors import NotFoundError
    from monitor.review import suggestions
    from monitor.rulesets import load_rules
    from monitor.store import Judgement

    settings, now = settings_of(context), SystemClock().now()
    begin = since_instant(since, settings, now=now)
    pack = load_rules(settings.rules)
    known = next((each for each in pack.rules if each.id == rule), None)
    if known is None:
        raise NotFoundError(f"no rule {rule}; `veille rules` lists them")
    wrong, right = (_judged(settings, rule, one) for one in (Judgement.NOT_RELEVANT, Judgement.RELEVANT))
    found = [(each, _tried(settings, pack, each.rule, begin, now)) for each in suggestions(known, wrong, right)]
    useful = [(each, diff) for each, diff in found if diff.changes and (_avoided(diff) or not _lost(diff))]
    for each, diff in useful:
        avoided, lost = _avoided(diff), _lost(diff)
        told: dict[str, Any] = {
            "rule": rule,
            "why": each.why,
            "yaml": each.yaml,
            "before": diff.before,
            "after": diff.after,
            "avoided": avoided,
            "relevant_lost": lost,
        }
        if as_json:
            print_json(told)
        else:
            counts = (
                f"{diff.before} → {diff.after} alerts; judged not relevant avoided: {avoided}; relevant lost: {lost}"
            )
            sys.stdout.write(f"{each.why}\n  {counts}\n\n{each.yaml}\n")
    if not useful:
        sys.stderr.write(f"No suggestion: judged not relevant: {len(wrong)}, relevant: {len(right)}.\n")
    if idle := len(found) - len(useful):
        sys.stderr.write(f"{idle} left out that would change nothing for the better on the articles since {since}.\n")


def _avoided(diff: Diff) -> int:
    return sum(change.relevant is False for change in diff.lost)


def _lost(diff: Diff) -> int:
    return sum(change.relevant is True for change in diff.lost)


def _judged(settings: Settings, rule: str, label: Judgement) -> Sequence[Match]:
    from monitor.store import MatchFilter

    with log(settings) as store:
        lines = store.matches(MatchFilter(rule=rule, label=label), limit=_MOST)
        return [store.match(str(line.id)).match for line in lines]


def _tried(settings: Settings, pack: Pack, changed: RuleDef, since: datetime, now: datetime) -> Diff:
    """Return what the stored articles say of a change of one rule; it counts as alerting, even if it is silent yet."""
    from dataclasses import replace

    from monitor.review import compare, period_of
    from monitor.survey import survey
    from rules.types import Status

    [before] = [replace(each, status=Status.STABLE) for each in pack.rules if each.id == changed.id]
    packs = [replace(pack, rules=(one,)) for one in (before, replace(changed, status=Status.STABLE))]
    found = survey(settings.database, packs, since=since)
    with log(settings) as store:
        labels = store.judgements()
    period = period_of(found.span, since=since, now=now)
    old, new = (one.rules for one in packs)
    return compare(found.outcomes, old, new, labels, period=period, zone=settings.zone)
