"""`veille check`: settings, database, feeds, rules, routes and destinations, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.errors import RoutesError, SourceError, VeilleError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from monitor.alerting import Routes
    from monitor.settings import Settings
    from monitor.store import Store

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class _Result:
    name: str
    ok: bool
    found: str
    errors: tuple[str, ...] = ()


def check(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Check settings, database, feeds, rules, routes.

    The rules' own tests are run, and where alerts go is looked up. Nothing is started and nothing is sent; the exit
    code says how it went.
    """
    settings = settings_of(context)
    results = [_Result("settings", ok=True, found="every name and value is valid")]
    told: dict[str, str] = {}
    for name, look in _CHECKS.items():
        try:
            results.append(_Result(name, ok=True, found=look(settings)))
        except VeilleError as error:
            first = told.setdefault(str(error), name)
            if first == name:
                results.append(_Result(name, ok=False, found=str(error), errors=getattr(error, "errors", ())))
            else:
                results.append(_Result(name, ok=False, found=f"not checked, as {first} failed"))
    good = all(result.ok for result in results)
    if as_json:
        print_json({"ok": good, "checks": [asdict(result) for result in results]})
    else:
        for result in results:
            sys.stdout.write(f"{'ok  ' if result.ok else 'FAIL'} {result.name}: {result.found}\n")
            sys.stdout.writelines(f"       {line}\n" for line in result.errors)
    if not good:
        raise typer.Exit(2)


def _database(settings: Settings) -> str:
    from monitor.store import Store

    return Store.check(settings.database)


def _feeds(settings: Settings) -> str:
    from monitor.app import load_feeds

    count = len(load_feeds(settings))
    if not count:
        raise SourceError(
            f"{settings.feeds}: no feed, so nothing is polled; `veille feeds add URL` declares one, "
            "`veille feeds search WORD` finds them"
        )
    return f"{count} feed{'s' * (count != 1)}"


def _rules(settings: Settings) -> str:
    from monitor.rulesets import load_engine

    pack = load_engine(settings).pack
    tests = sum(len(rule.tests) for rule in pack.rules)
    sentences = sum(len(entity.matches) + len(entity.rejects) for entity in pack.entities)
    return (
        f"{len(pack.rules)} rule{'s' * (len(pack.rules) != 1)}, {len(pack.entities)} entities; "
        f"passed: {tests} tests of rules, {sentences} sentences of entities"
    )


def _routes(settings: Settings) -> str:
    from monitor.alerting import idle_matchers, load_routes
    from monitor.app import check_channels, orphans
    from monitor.deliver import KINDS
    from monitor.rulesets import load_engine
    from monitor.settings import PREFIX
    from monitor.store.connection import database_path

    routes = load_routes(settings, KINDS)
    receivers = ", ".join(check_channels(settings)) or "none, the log only"
    if idle := idle_matchers(routes, load_engine(settings, tested=False).pack.rules):
        raise RoutesError("matchers that tell no rule from another", errors=idle)
    told = [f"no receiver uses {setting}" for setting in routes.unused]
    told += _idle_silences(routes, settings.zone)
    if settings.public_url is not None and settings.link_secret is None:
        told.append(f"{PREFIX}PUBLIC_URL without {PREFIX}LINK_SECRET: alerts carry no links")
    if database_path(settings.database).exists():
        with log(settings) as store:
            told += orphans(store.unsent_deliveries(), routes)
            told += _unwell(store, routes, settings.zone)
    return "; ".join([f"receivers: {receivers}", *told])


def _idle_silences(routes: Routes, zone: ZoneInfo) -> list[str]:
    """Return a line for each silence of the file that is over, or has not begun."""
    from monitor.alerting import MAX_SILENCE
    from monitor.cli.when import local
    from monitor.clock import SystemClock

    now, told = SystemClock().now(), []
    for silence in routes.silences:
        what = f"the silence of {', '.join(silence.matchers)} ({silence.author})"
        if silence.expires_at <= now:
            told.append(f"{what} ended on {local(silence.expires_at, zone)}; take it out")
        elif silence.created_at > now:
            begins = f"{what} holds only from {local(silence.created_at, zone)}"
            told.append(f"{begins}: {MAX_SILENCE.days} days before its end")
    return told


def _unwell(store: Store, routes: Routes, zone: ZoneInfo) -> list[str]:
    """Return a line for each receiver that is disabled or left alone."""
    from monitor.cli.health import condition_of, said

    unwell = [
        (endpoint.receiver, condition_of(endpoint))
        for endpoint in store.endpoints()
        if endpoint.receiver in routes.names
    ]
    return [
        f"{name}: {said(condition, zone)}; `veille channels enable {name}` sends what waits"
        for name, condition in unwell
        if condition.health in {"disabled", "paused"}
    ]


def _cookies(settings: Settings) -> str:
    from monitor.clock import SystemClock
    from monitor.cookies import load_cookies

    now, cookies = SystemClock().now(), load_cookies(settings.cookies).cookies
    if not cookies:
        return "none; pages are read as any visitor reads them"
    hosts = sorted({cookie.host for cookie in cookies})
    expired = sorted({cookie.host for cookie in cookies if cookie.is_expired(now)})
    told = f"{len(cookies)} of {', '.join(hosts)}"
    return f"{told}; expired: some of {', '.join(expired)}" if expired else told


def _destinations(settings: Settings) -> str:
    import asyncio

    from monitor import alerting, deliver

    routes = alerting.load_routes(settings, deliver.KINDS)
    receivers = (*routes.receivers, *alerting.heartbeat_receivers(settings))
    if refused := asyncio.run(deliver.refused_destinations(settings, receivers)):
        raise RoutesError("every alert would be refused", errors=refused)
    return "no address that is refused"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "database": _database,
    "feeds": _feeds,
    "rules": _rules,
    "routes": _routes,
    "cookies": _cookies,
    "destinations": _destinations,
}
