"""`veille stats`: what each source gave, how fast, and what was told of it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.rules.shared import heading
from monitor.cli.when import local, span
from monitor.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.model import FeedId, FeedState
    from monitor.review import Spread, Tally

__all__ = ["stats"]

_MOST_SOURCES = 50


def stats(
    context: typer.Context,
    days: float = typer.Option(7, min=0.01, max=3660, metavar="DAYS", help="How far to look back."),
    outlet: str | None = typer.Option(None, metavar="NAME", help="Only this outlet, feed by feed."),
    feed: str | None = typer.Option(None, metavar="REF", help="Only this feed: its number or address."),
    everything: bool = typer.Option(False, "--all", help="Every source, not only those with most articles."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Say how much each source gave, and how fast.

    Of each: articles, the share of which only the feed's summary was there, and how long the legs took, for half of the
    articles and for 95 % of them: published to seen, seen to read, read to matched, matched to delivered. Then sources
    that fail, pages that could not be used, and alerts by rule and by day.
    """
    from datetime import timedelta

    from monitor.clock import SystemClock
    from monitor.review import FeedCondition, alerts_per_day, alerts_per_rule, condition_of, tally_sources

    settings = settings_of(context)
    since = SystemClock().now() - timedelta(days=days)
    with log(settings) as store:
        states = _asked(store.feeds(), outlet, None if feed is None else store.feed(feed))
        read, told = store.ledger(since=since), store.told(since=since)
    whole, *sources = tally_sources(read, told, _source_of(states, by_feed=not (outlet is None and feed is None)))
    ids = {state.id for state in states}
    told = tuple(line for line in told if line.feed_id in ids)
    failing = [state for state in states if condition_of(state) in {FeedCondition.FAILING, FeedCondition.GONE}]
    rules, by_day = alerts_per_rule(told), alerts_per_day(told, settings.zone)
    if as_json:
        print_json(
            {
                "since": since,
                "total": _dict(whole),
                "sources": [_dict(source) for source in sources],
                "failing": [_failing(state) for state in failing],
                "alerts_per_rule": rules,
                "alerts_per_day": {day.isoformat(): alerts for day, alerts in by_day},
            }
        )
        return
    shown = sources if everything else sources[:_MOST_SOURCES]
    _show((whole, *shown), hidden=len(sources) - len(shown))
    if sum(source.alerts for source in sources) > whole.alerts:
        sys.stderr.write("An alert counts once in all, and in each source of which it tells an article.\n")
    heading(
        "Sources that fail",
        ("source", "failures", "last good poll", "error", "address"),
        [
            (state.outlet, state.failures, local(state.last_ok_at, settings.zone), state.last_error, state.feed.url)
            for state in failing
        ],
    )
    heading("Pages that could not be used", ("reason", "pages"), _most_first(whole.page_failures))
    heading("Alerts by rule", ("rule", "alerts"), rules.items())
    if sum(rules.values()) > whole.alerts:
        sys.stderr.write("An alert counts for each rule of which it tells a match.\n")
    heading("Alerts by day", ("day", "alerts"), by_day)


def _asked(feeds: Sequence[FeedState], outlet: str | None, feed: FeedState | None) -> tuple[FeedState, ...]:
    """Return the feeds that are asked about.

    Raises:
        NotFoundError: no feed is of that outlet; the message names the nearest.
    """
    from monitor.settings import nearest

    if feed is not None:
        return (feed,)
    if outlet is None:
        return tuple(feeds)
    found = tuple(state for state in feeds if state.outlet.casefold() == outlet.casefold())
    if not found:
        near = nearest(outlet, {state.outlet for state in feeds})
        hint = f"did you mean {near}?" if near else "`veille feeds` lists them"
        raise NotFoundError(f"no feed of {outlet!r}; {hint}")
    return found


def _source_of(states: Sequence[FeedState], *, by_feed: bool) -> Callable[[FeedId], str | None]:
    return {state.id: state.feed.url if by_feed else state.outlet for state in states}.get


def _show(tallies: Sequence[Tally], *, hidden: int) -> None:
    from monitor.latency import LEGS

    columns = ("source", "articles", "summary only", *(leg.replace("_", " ") for leg in LEGS), "alerts")
    rows = [
        (
            tally.source or "all",
            tally.count,
            "" if tally.summary_share is None else f"{tally.summary_share:.0%}",
            *(_spread(tally.legs.get(leg)) for leg in LEGS),
            tally.alerts,
        )
        for tally in tallies
    ]
    heading("Sources (half of the articles / 95 % of them took at most)", columns, rows)
    if hidden > 0:
        sys.stderr.write(f"{hidden} more sources (--all lists them).\n")


def _spread(spread: Spread | None) -> str:
    return "" if spread is None else f"{span(spread.p50_s)} / {span(spread.p95_s)}"


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _dict(tally: Tally) -> dict[str, Any]:
    return {
        "source": tally.source,
        "articles": tally.count,
        "completeness": tally.articles,
        "summary_share": tally.summary_share,
        "page_failures": tally.page_failures,
        "alerts": tally.alerts,
        "latency": {leg: asdict(spread) for leg, spread in tally.legs.items()},
    }


def _failing(state: FeedState) -> dict[str, Any]:
    return {
        "id": state.id,
        "url": state.feed.url,
        "outlet": state.outlet,
        "status": state.status.value,
        "failures": state.failures,
        "last_ok_at": state.last_ok_at,
        "last_reason": state.last_reason,
        "last_error": state.last_error,
    }
