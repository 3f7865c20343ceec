"""`veille why`: where an article got to, and why nobody was told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.explain import check_rule

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.cli.lookup import Lookup, Offer
    from monitor.cli.report import SiteFeed
    from monitor.settings import Settings
    from monitor.store import ListedEntry, Store

__all__ = ["why"]


def why(
    context: typer.Context,
    url: str = typer.Argument(help="The article's address."),
    rule: str | None = typer.Option(None, metavar="ID", help="Explain this rule, not those that came nearest."),
    offline: bool = typer.Option(False, "--offline", help="Ask the log only, and no site."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Say where an article got to, and why nobody was told of it.

    One that a feed listed is looked up in the log: when it was seen, read, matched, told, or what stopped it; and the
    rules that came nearest are explained. One that no feed listed is asked for, as the daemon would, and judged; the
    feeds of its site are shown with how they fare and whether they list it now, and others are offered.

    The exit code is 1 where no feed listed it and its page cannot be read, so that rules have nothing to judge.
    """
    from monitor.cli.report import Report
    from monitor.clock import SystemClock
    from monitor.rulesets import load_engine

    settings = settings_of(context)
    address = _address(url)
    engine = load_engine(settings, tested=False)
    check_rule(rule, {each.id for each in engine.pack.rules})
    with log(settings) as store:
        search = _search(store, settings, address, offline=offline)
    report = Report.of(
        search.address,
        search.listed,
        engine,
        now=SystemClock().now(),
        rule=rule,
        feeds=search.feeds,
        lookup=search.lookup,
        offers=search.offers,
    )
    if as_json:
        print_json(report.as_dict(settings))
    else:
        report.show(settings)
    if search.lookup is not None and report.judged is None:
        raise typer.Exit(1)


def _address(url: str) -> str:
    """Return an address in its one spelling.

    Raises:
        typer.BadParameter: nothing can be at such an address.
    """
    from monitor.errors import FetchError
    from monitor.http import canonical_url
    from monitor.wrappers import unwrapped

    try:
        return unwrapped(canonical_url(url.strip()))
    except FetchError as error:
        raise typer.BadParameter(f"{url!r} is no article's address: {error}") from error


@dataclass(frozen=True, slots=True)
class _Search:
    """What was found of an address: in the log, and of one that no feed listed, of its site."""

    address: str
    listed: tuple[ListedEntry, ...] = ()
    feeds: tuple[SiteFeed, ...] = ()
    lookup: Lookup | None = None
    offers: tuple[Offer, ...] = ()


def _search(store: Store, settings: Settings, address: str, *, offline: bool, moved: bool = False) -> _Search:
    """Look for an address: in the log, then at its site, then in the log under the names that it has there.

    Each question to the log is a transaction of its own, so that none is open while sites are asked (promise T5).
    """
    import asyncio

    from monitor.feeds import address_keys
    from monitor.links import site_of

    if listed := store.listed(address_keys(address)):
        return _Search(address, listed)
    from monitor.cli.lookup import look, offers_of_catalogue

    feeds, known = _site_feeds(store, address), [state.feed.url for state in store.feeds()]
    if offline:
        return _Search(address, feeds=feeds, offers=offers_of_catalogue(address, known))
    lookup = asyncio.run(look(settings, address, [feed.state for feed in feeds], known))
    listed = store.listed([key for alias in lookup.aliases for key in address_keys(alias)])
    if not (listed or moved) and site_of(lookup.page.url) != site_of(address):  # a shortener's link
        return _search(store, settings, lookup.page.url, offline=False, moved=True)
    return _Search(address, listed, _with_incidents(store, feeds, lookup.published_at), lookup, lookup.offers)


def _site_feeds(store: Store, address: str) -> tuple[SiteFeed, ...]:
    """Return the feeds of an address's site, those first that listed its pages, the latest before all."""
    from monitor.cli.report import SiteFeed
    from monitor.http import origin_of
    from monitor.links import link_key, site_of

    listing = set(store.feeds_listing(link_key(origin_of(address))))
    site = site_of(address)
    states = [state for state in store.feeds() if state.id in listing or site_of(state.feed.url) == site]
    last = store.last_listed([state.id for state in states])
    feeds = [SiteFeed(state, last.get(state.id)) for state in states]
    latest = sorted((feed for feed in feeds if feed.last_listed_at), key=_last_listed_at, reverse=True)
    return (*latest, *(feed for feed in feeds if feed.last_listed_at is None))


def _with_incidents(store: Store, feeds: tuple[SiteFeed, ...], published_at: datetime | None) -> tuple[SiteFeed, ...]:
    """Return the feeds with what was wrong with each when the article was published."""
    if published_at is None:
        return feeds
    found = store.incidents_around([feed.state.id for feed in feeds], at=published_at)
    return tuple(
        replace(feed, incidents=tuple(each for each in found if each.source.id == feed.state.id)) for feed in feeds
    )


def _last_listed_at(feed: SiteFeed) -> float:
    return feed.last_listed_at.timestamp() if feed.last_listed_at else 0.0
