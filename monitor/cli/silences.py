"""`veille silences`: what nobody is told of for a while."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import harmless, log, print_json, print_table, refused, settings_of
from monitor.cli.groups import ListingGroup
from monitor.cli.when import duration, local

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import Silence
    from monitor.settings import Settings

__all__ = ["app"]

app = typer.Typer(
    cls=ListingGroup, rich_markup_mode=None, help="List silences, add one, or end one: what nobody is told of."
)


@app.command("list")
def list_(
    context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object a line.")
) -> None:
    """List silences, past ones too, with how many alerts each held back."""
    from dataclasses import asdict

    from monitor.clock import SystemClock

    settings, now = settings_of(context), SystemClock().now()
    with log(settings) as store:
        silences = store.silences()
    if as_json:
        for silence in silences:
            print_json({**asdict(silence), "state": _state(silence, now)})
        return
    print_table(
        "Silences",
        ("id", "state", "until", "alerts", "author", "reason", "matchers"),
        [
            (
                *(each.id, _state(each, now), local(each.ended_at or each.expires_at, settings.zone)),
                *(each.alerts, harmless(each.author), harmless(each.reason), harmless(" ".join(each.matchers))),
            )
            for each in silences
        ],
    )
    if not silences:
        sys.stderr.write("No silence: `veille silences add` makes one.\n")


@app.command("add")
def add(
    context: typer.Context,
    matchers: list[str] = typer.Argument(
        metavar="MATCHER...", help='As in routes: rule="axe-moscou-pekin", story="st_…", desk="sport". All must hold.'
    ),
    lasts: str = typer.Option(..., "--for", metavar="TIME", help="How long: 90m, 24h, 7d; 30 days at most."),
    author: str = typer.Option(..., metavar="NAME", help="Who says so."),
    reason: str = typer.Option(..., metavar="TEXT", help="Why."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Tell nobody of what the matchers hold for. It is matched, stored and listed all the same."""
    from dataclasses import asdict

    from monitor import alerting
    from monitor.clock import SystemClock
    from rules.errors import ConditionError

    settings, now = settings_of(context), SystemClock().now()
    try:
        silence = alerting.make_silence(matchers, author=author, reason=reason, lasts=duration(lasts), now=now)
        doubts = _doubts(settings, silence)
    except ConditionError as error:
        raise refused(error) from None
    with log(settings, write=True) as store:
        store.add_silence(silence)
        doubts += tuple(
            f"no match of story {id_!r} is in the log" for id_ in _stories(silence) if not store.told_of_story(id_)
        )
    sys.stderr.writelines(f"the silence is added; {harmless(doubt)}\n" for doubt in doubts)
    if as_json:
        print_json({**asdict(silence), "state": _state(silence, now)})
    else:
        sys.stdout.write(f"{silence.id}: until {local(silence.expires_at, settings.zone)}\n")


@app.command("end")
def end(context: typer.Context, ref: str = typer.Argument(metavar="ID", help="A silence, si_….")) -> None:
    """End a silence now. What it held back stays untold; `veille matches` lists it."""
    from monitor.clock import SystemClock

    settings, now = settings_of(context), SystemClock().now()
    with log(settings, write=True) as store:
        silence = store.end_silence(ref, now=now)
    sys.stdout.write(f"{silence.id}: {_state(silence, now)}; alerts it held back: {silence.alerts}\n")


def _stories(silence: Silence) -> list[str]:
    """Return the stories that a silence names."""
    from monitor.alerting.matchers import parse_matcher

    named = map(parse_matcher, silence.matchers)
    return [each.value for each in named if each.name == "story" and each.pattern is None and not each.negated]


def _doubts(settings: Settings, silence: Silence) -> tuple[str, ...]:
    """Return which rules, entities and labels of a silence there are not; refuse labels that no rule has."""
    from monitor import alerting
    from monitor.deliver import KINDS
    from monitor.rulesets import load_engine

    pack = load_engine(settings, tested=False).pack
    routes = alerting.load_routes(settings, KINDS)
    return alerting.check_matchers(silence.matchers, routes, pack.rules, [entity.id for entity in pack.entities])


def _state(silence: Silence, now: datetime) -> str:
    if silence.ended_at is not None:
        return "ended"
    return "in force" if silence.is_active(now) else "expired"
