"""`veille check`: settings, database, feeds, rules, routes and destinations, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.findings import Finding, print_findings
from monitor.errors import RoutesError, SourceError, VeilleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from monitor.alerting import Routes
    from monitor.model import Feed
    from monitor.settings import Settings

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is there, and what works but is hardly meant so."""

    found: str
    warnings: tuple[str, ...] = ()


def check(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Check settings, database, feeds, rules, routes.

    The rules' own tests are run, and where alerts go is looked up. Nothing is started and nothing is sent; the exit
    code says how it went.
    """
    settings = settings_of(context)
    results = [Finding("settings", ok=True, found="every name and value is valid")]
    told: dict[str, str] = {}
    for name, look in _CHECKS.items():
        try:
            seen = look(settings)
            results.append(Finding(name, ok=True, found=seen.found, warnings=seen.warnings))
        except VeilleError as error:
            errors: tuple[str, ...] = getattr(error, "errors", ())
            known = (str(error), *errors)
            first = next((told[each] for each in known if each in told), None)
            told = dict.fromkeys(known, name) | told
            if first is None:
                results.append(Finding(name, ok=False, found=str(error), errors=errors))
            else:
                results.append(Finding(name, ok=False, found=f"not checked, as {first} failed"))
    good = all(result.ok for result in results)
    if as_json:
        print_json({"ok": good, "checks": [asdict(result) for result in results]})
    else:
        print_findings(results)
    if not good:
        raise typer.Exit(2)


def _database(settings: Settings) -> _Seen:
    from monitor.store import Store

    return _Seen(Store.check(settings.database))


def _feeds(settings: Settings) -> _Seen:
    from monitor.app import load_feeds

    feeds = load_feeds(settings)
    count = len(feeds)
    if not count:
        raise SourceError(
            f"{settings.feeds}: no feed, so nothing is polled; `veille feeds add URL` declares one, "
            "`veille feeds search WORD` finds them"
        )
    return _Seen(f"{count} feed{'s' * (count != 1)}", tuple(_unreachable(feeds, settings)))


def _unreachable(feeds: Sequence[Feed], settings: Settings) -> Iterator[str]:
    """Yield a line for each host that is an address which no feed may be asked at; names are not looked up."""
    from contextlib import suppress
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    from monitor.errors import FetchError
    from monitor.http.addresses import vet

    for host in dict.fromkeys(urlsplit(feed.url).hostname or "" for feed in feeds):
        with suppress(ValueError):  # a name
            address = str(ip_address("127.0.0.1" if host == "localhost" else host))
            try:
                vet(host, (address,), settings.fetch_allow_networks)
            except FetchError as error:
                yield f"{error}: its feeds are never read unless VEILLE_FETCH_ALLOW_NETWORKS allows that network"


def _rules(settings: Settings) -> _Seen:
    from monitor.rulesets import load_engine

    pack = load_engine(settings).pack
    tests = sum(len(rule.tests) for rule in pack.rules)
    sentences = sum(len(entity.matches) + len(entity.rejects) for entity in pack.entities)
    return _Seen(
        f"{len(pack.rules)} rule{'s' * (len(pack.rules) != 1)}, {len(pack.entities)} entities; "
        f"passed: {tests} tests of rules, {sentences} sentences of entities"
    )


def _routes(settings: Settings) -> _Seen:
    from monitor.alerting import idle_groups, idle_matchers, load_routes
    from monitor.app import check_channels, orphans
    from monitor.cli.health import unwell
    from monitor.deliver import KINDS
    from monitor.rulesets import load_engine
    from monitor.settings import PREFIX
    from monitor.store.connection import database_path

    routes = load_routes(settings, KINDS)
    receivers = ", ".join(check_channels(settings)) or "none, the log only"
    rules = load_engine(settings, tested=False).pack.rules
    if idle := idle_matchers(routes, rules):
        raise RoutesError("matchers that tell no rule from another", errors=idle)
    told = [f"no receiver uses {setting}" for setting in routes.unused]
    told += [*idle_groups(routes, rules), *_no_folders(routes), *_idle_silences(routes, settings.zone)]
    told += _unsigned(routes, settings)
    if settings.public_url is not None and settings.link_secret is None:
        told.append(f"{PREFIX}PUBLIC_URL without {PREFIX}LINK_SECRET: alerts carry no links")
    if database_path(settings.database).exists():
        with log(settings) as store:
            told += orphans(store.unsent_deliveries(), routes)
            told += unwell(store.endpoints(), routes.names, settings.zone)
    return _Seen(f"receivers: {receivers}", tuple(told))


def _no_folders(routes: Routes) -> Iterator[str]:
    """Yield a line for each receiver whose file has no folder to be made in."""
    from monitor.receivers import Channel

    for receiver in routes.receivers:
        path = Path(receiver.text("path") or "") if receiver.channel is Channel.FILE else Path()
        if not path.parent.is_dir():
            yield f"{receiver.name}: there is no folder {path.parent}; what is for it waits until it is there"


def _unsigned(routes: Routes, settings: Settings) -> Iterator[str]:
    """Yield a line for each webhook that is not signed, as it has an address of its own and no secret of its own."""
    from monitor.receivers import Channel

    for receiver in routes.receivers if settings.webhook_secret is not None else ():
        has_own = receiver.channel is Channel.WEBHOOK and receiver.text("url") is not None
        if has_own and receiver.text("secret") is None:
            only = "VEILLE_WEBHOOK_SECRET signs for VEILLE_WEBHOOK_URL only"
            yield f"{receiver.name}: nothing signs what it is sent: {only}; give it a secret of its own"


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


def _cookies(settings: Settings) -> _Seen:
    from monitor.clock import SystemClock
    from monitor.cookies import load_cookies

    now, cookies = SystemClock().now(), load_cookies(settings.cookies).cookies
    if not cookies:
        return _Seen("none; pages are read as any visitor reads them")
    hosts = sorted({cookie.host for cookie in cookies})
    expired = sorted({cookie.host for cookie in cookies if cookie.is_expired(now)})
    told = f"{len(cookies)} of {', '.join(hosts)}"
    return _Seen(f"{told}; expired: some of {', '.join(expired)}" if expired else told)


def _destinations(settings: Settings) -> _Seen:
    import asyncio

    from monitor import alerting, deliver

    routes = alerting.load_routes(settings, deliver.KINDS)
    receivers = (*routes.receivers, *alerting.heartbeat_receivers(settings))
    if refused := asyncio.run(deliver.refused_destinations(settings, receivers)):
        raise RoutesError("every alert would be refused", errors=refused)
    return _Seen("no address that is refused")


_CHECKS: dict[str, Callable[[Settings], _Seen]] = {
    "database": _database,
    "feeds": _feeds,
    "rules": _rules,
    "routes": _routes,
    "cookies": _cookies,
    "destinations": _destinations,
}
