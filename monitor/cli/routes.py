"""`veille routes`: the tree of routes, and where an alert would go, and when."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import harmless, log, print_json, print_table, refused, settings_of
from monitor.cli.explain import check_rule
from monitor.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from monitor.alerting import Manner, Route, Routes
    from monitor.model import Silence
    from monitor.settings import Settings

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None, help="Draw the routes, or see where an alert would go.", no_args_is_help=True)

_MINUTE_S, _HOUR_S = 60, 3600


@app.command()
def show(context: typer.Context) -> None:
    """Draw the tree of routes, with the manner in which each tells."""
    settings = settings_of(context)
    routes = _routes(settings)
    if routes.root is None:
        sys.stdout.write("no routes file: every receiver gets every match at once\n")
        sys.stdout.writelines(f"  {name}\n" for name in routes.names or ("journal",))
        return
    sys.stdout.writelines(f"{line}\n" for line in _drawn(routes.root, ""))


@app.command("test")
def try_(
    context: typer.Context,
    ref: str | None = typer.Argument(None, metavar="[REF]", help="An alert or a match: its facts, as they are stored."),
    rule: str | None = typer.Option(None, metavar="ID", help="A rule: its labels, status and highest level."),
    level: str | None = typer.Option(None, metavar="LEVEL", help="low, medium, high or critical."),
    outlet: str | None = typer.Option(None, metavar="NAME", help="Its outlet."),
    entity: list[str] = typer.Option([], metavar="ID", help="An entity that the article names; any number of them."),
    label: list[str] = typer.Option([], metavar="NAME=VALUE", help="A label, or any other fact; any number of them."),
    at: str | None = typer.Option(None, metavar="WHEN", help="At this instant: 2026-05-16T22:15. Default: now."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Say who would be told of a match, by which route, and when, or which silence would stop it. Nothing is sent.

    What routes told before (cooldown, budget, group_wait) is taken as nothing: it is the first match of the day.
    """
    from monitor.cli.when import instant
    from monitor.clock import SystemClock

    settings = settings_of(context)
    now = instant(at, settings.zone) or SystemClock().now()
    routes = _routes(settings)
    given = {"rule": rule, "level": level, "outlet": outlet}
    typed = [(name, value) for name, value in given.items() if value is not None]
    typed += [*(("entity", each) for each in entity), *map(_label, label)]
    facts = _facts(settings, routes, typed, _stored_facts(settings, ref) if ref is not None else {})
    silence = _silence(settings, routes, facts, now)
    lines = list(_told(settings, routes, facts, now, silence))
    if as_json:
        for line in lines:
            print_json(line)
    elif lines:
        columns = ("receiver", "route", "when", "why")
        print_table("Told", columns, [tuple(line[name] for name in columns) for line in lines])
    else:
        sys.stdout.write("nobody: the log only\n")
    if silence is not None and not as_json:
        sys.stderr.write(_told_silence(silence, routes, settings))


def _routes(settings: Settings) -> Routes:
    from monitor.alerting import load_routes
    from monitor.deliver import KINDS

    return load_routes(settings, KINDS)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--label {text}: not of the form NAME=VALUE")
    return name, value


def _facts(
    settings: Settings, routes: Routes, typed: Sequence[tuple[str, str]], stored: dict[str, str | tuple[str, ...]]
) -> dict[str, str | tuple[str, ...]]:
    """Return the facts of a match as they are stored, with what people typed; refuse what no match has."""
    from monitor.alerting import check_typed, is_of_rules
    from monitor.alerting.matchers import wire_facts
    from monitor.rulesets import load_engine
    from rules.errors import ConditionError
    from rules.types import Pack

    asks_rules = any(is_of_rules(name) for name, _ in typed)
    pack = load_engine(settings, tested=False).pack if asks_rules else Pack()
    for value in (value for name, value in typed if name == "rule"):
        check_rule(value, {each.id for each in pack.rules})
    try:
        check_typed(typed, routes, pack.rules, [entity.id for entity in pack.entities])
    except ConditionError as error:
        raise refused(error) from None
    facts: dict[str, str | tuple[str, ...]] = {"level": "medium", "status": "stable", "type": "story.alert.new"}
    facts |= stored
    said = dict(typed)
    for rule in (rule for rule in pack.rules if rule.id == said.get("rule")):
        facts |= {**dict(rule.labels), "level": rule.level.value, "status": rule.status.value}
    facts |= said
    if entities := tuple(value for name, value in typed if name == "entity"):
        facts["entity"] = entities
    if "outlet" in said:
        _doubt_outlet(settings, said["outlet"])
    if "wire" in said:
        facts["wire"] = wire_facts(said["wire"])
    return facts


def _doubt_outlet(settings: Settings, outlet: str) -> None:
    """Say that no feed is of an outlet, where feeds name theirs; it may be right all the same."""
    from monitor.app import load_feeds
    from monitor.settings import nearest

    known = {feed.outlet for feed in load_feeds(settings) if feed.outlet} if settings.feeds else set()
    if known and outlet not in known:
        near = nearest(outlet, known)
        hint = f"; did you mean {near}?" if near else ""
        sys.stderr.write(f"no feed of yours is of the outlet {outlet!r}{hint}\n")


def _stored_facts(settings: Settings, ref: str) -> dict[str, str | tuple[str, ...]]:
    from monitor.alerting.matchers import facts_of

    with log(settings) as store:
        found = store.match(ref)
    return facts_of(found.match, found.story)


def _silence(
    settings: Settings, routes: Routes, facts: dict[str, str | tuple[str, ...]], now: datetime
) -> Silence | None:
    """Return the silence that would stop a match, of the routes file or one that people added."""
    from monitor.alerting import silence_for
    from monitor.store.connection import database_path

    silences = routes.silences
    if database_path(settings.database).exists():  # nobody added any before there is a log
        with log(settings) as store:
            silences = (*silences, *store.active_silences(now=now))
    return silence_for(facts, silences, now=now)


def _told_silence(silence: Silence, routes: Routes, settings: Settings) -> str:
    from monitor.cli.when import local

    until = f"until {local(silence.expires_at, settings.zone)}"
    ends = "of the routes file" if silence in routes.silences else f"`veille silences end {silence.id}` ends it"
    said = harmless(f"{silence.author}: {silence.reason}; {' '.join(silence.matchers)}")
    return f"silenced by {silence.id} {until} ({said}); {ends}\n"


def _told(
    settings: Settings,
    routes: Routes,
    facts: dict[str, str | tuple[str, ...]],
    now: datetime,
    silence: Silence | None,
) -> Iterator[dict[str, str]]:
    from monitor.alerting import digest_times, hold, next_time
    from monitor.model import History, NotificationReason
    from rules.types import Level

    zone = routes.zone or settings.zone
    level = Level(str(facts["level"]))
    taken = [routes.way_to(name) for name in routes.names] if routes.root is None else routes.taken(facts)
    digests = digest_times(routes)  # a receiver has one at the times of all its routes
    for route in taken:
        if silence is not None:
            stopped = {"when": "never", "why": "silence", "silence": silence.id}
            yield {"receiver": route.receiver, "route": route.path, **stopped}
            continue
        held = hold(
            route.manner,
            level=level,
            reason=NotificationReason.FIRST_ALERT,
            rings=True,
            history=History(),
            now=now,
            zone=zone,
        )
        until = None if held is None else held.until or next_time(digests[route.receiver], now, zone)
        yield {
            "receiver": route.receiver,
            "route": route.path,
            "when": "at once" if until is None else f"{until.astimezone(zone):%Y-%m-%d %H:%M}",
            "why": "" if held is None else held.why.value,
            "silence": "",
        }


def _drawn(route: Route, indent: str) -> Iterator[str]:
    matchers = ", ".join(matcher.text for matcher in route.matchers)
    goes_on = "; continue" if route.goes_on else ""
    manner = _manner(route.manner)
    yield f"{indent}{route.path}: {matchers or 'everything'} -> {route.receiver}{goes_on}{manner and f' [{manner}]'}"
    for inner in route.routes:
        yield from _drawn(inner, indent + "  ")


def _manner(manner: Manner) -> str:
    """Return in what manner a route tells, where it is not at once."""
    from monitor.alerting import AT_ONCE

    parts = []
    if manner.group_by != AT_ONCE.group_by:
        parts.append(f"group_by {'+'.join(manner.group_by)}")
    if manner.group_wait:
        parts.append(f"group_wait {_span(manner.group_wait.total_seconds())}")
    if manner.cooldown is not None:
        parts.append(f"cooldown {_span(manner.cooldown.total_seconds())}")
    if manner.budget is not None:
        parts.append(f"budget {manner.budget.count} in {_span(manner.budget.per.total_seconds())}")
    if manner.digest:
        parts.append(f"digest {','.join(f'{at:%H:%M}' for at in manner.digest)}")
    if (quiet := manner.quiet_hours) is not None:
        passes = f" except {quiet.except_level}" if quiet.except_level else ""
        parts.append(f"quiet {quiet.start:%H:%M}-{quiet.end:%H:%M}{passes}")
    return "; ".join(parts)


def _span(seconds: float) -> str:
    for unit_s, unit in ((_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"
