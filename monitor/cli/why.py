"""`veille why`: where an article got to, and why nobody was told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.explain import check_rule

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.cli.lookup import Lookup
    from monitor.cli.report import SiteFeed
    from monitor.store import Store

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
    import asyncio

    from monitor.cli.lookup import look, offers_of_catalogue
    from monitor.cli.report import Report
    from monitor.clock import SystemClock
    from monitor.feeds import address_keys
    from monitor.rulesets import load_engine

    settings = settings_of(context)
    address = _address(url)
    engine = load_engine(settings, tested=False)
    check_rule(rule, {each.id for each in engine.pack.rules})
    lookup: Lookup | None = None
    with log(settings) as store:
        listed = store.listed(address_keys(address))
        feeds = () if listed else _site_feeds(store, address)
        known = [state.feed.url for state in store.feeds()] if not listed else []
    if not listed and not offline:
        lookup = asyncio.run(look(settings, address, [feed.state for feed in feeds], known))
        with log(settings) as store:  # not held open while sites are asked (promise T5)
            listed = store.listed([key for alias in lookup.aliases for key in address_keys(alias)])
            feeds = _with_incidents(store, feeds, lookup.published_at)
    offers = lookup.offers if lookup else () if listed else offers_of_catalogue(address, known)
    report = Report.of(
        address, listed, engine, now=SystemClock().now(), rule=rule, feeds=feeds, lookup=lookup, offers=offers
    )
    if as_json:
        print_json(report.as_dict(settings))
    else:
        report.show(settings)
    if lookup is not None and report.judged is None:
        raise typer.Exit(1)


def _address(url: str) -> str:
    """Return an address in its one spelling.

    Raises:
        typer.BadParameter: nothing can be at such an address.
    """
    from monitor.errors import FetchError
    from monitor.http import canonical_url

    try:
        return canonical_url(url.strip())
    except FetchError as error:
        raise typer.BadParameter(f"{url!r} is no article's address: {error}") from error


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
