"""`veille why`: where an article got to, and why nobody was told of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.explain import check_rule

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import FeedState
    from monitor.review import Whereabouts
    from monitor.settings import Settings
    from monitor.store import ListedAlert, ListedEntry, ListedMatch, Store
    from rules.engine import Analysis, Engine
    from rules.types import Document, RuleDef, Verdict

__all__ = ["why"]

_MOST_RULES = 3


def why(
    context: typer.Context,
    url: str = typer.Argument(help="The article's address."),
    rule: str | None = typer.Option(None, metavar="ID", help="Explain this rule, not those that came nearest."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Say where an article got to, and why nobody was told of it.

    One that a feed listed is looked up in the log: when it was seen, read, matched, told, or what stopped it; and the
    rules that came nearest are explained. Of one that no feed listed, the feeds of its site are shown with how they
    fare.
    """
    from monitor.clock import SystemClock
    from monitor.feeds import address_keys
    from monitor.rulesets import load_engine

    settings = settings_of(context)
    address = checked_address(url)
    engine = load_engine(settings, tested=False)
    check_rule(rule, {each.id for each in engine.pack.rules})
    with log(settings) as store:
        listed = store.listed(address_keys(address))
        feeds = () if listed else site_feeds(store, address)
    report = Report.of(address, listed, engine, now=SystemClock().now(), rule=rule, feeds=feeds)
    if as_json:
        print_json(report.as_dict(settings))
    else:
        report.show(settings)


def checked_address(url: str) -> str:
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


@dataclass(frozen=True, slots=True)
class SiteFeed:
    """A feed of ours that should have listed the address."""

    state: FeedState
    last_listed_at: datetime | None  # when it last listed anything that was new


def site_feeds(store: Store, address: str) -> tuple[SiteFeed, ...]:
    """Return the feeds of an address's site: those that are there, and those that list its pages."""
    from monitor.http import host_of
    from monitor.links import site_of

    listing = set(store.feeds_listing(host_of(address)))
    site = site_of(address)
    states = [state for state in store.feeds() if state.id in listing or site_of(state.feed.url) == site]
    last = store.last_listed([state.id for state in states])
    return tuple(SiteFeed(state, last.get(state.id)) for state in states)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules of today say of a text. `said_by` tells which: `article`, `feed` (title and summary), `title`."""

    said_by: str
    analysis: Analysis
    verdicts: tuple[tuple[Verdict, RuleDef], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that `veille why` knows of an address."""

    address: str
    found: Whereabouts
    entries: tuple[ListedEntry, ...]
    today: tuple[str, ...]  # rules that match it as they are today, and did not when it was read
    judged: Judged | None
    feeds: tuple[SiteFeed, ...] = field(default=())

    @staticmethod
    def of(
        address: str,
        listed: tuple[ListedEntry, ...],
        engine: Engine,
        *,
        now: datetime,
        rule: str | None = None,
        feeds: tuple[SiteFeed, ...] = (),
    ) -> Report:
        """Put together what the log holds and what the rules say of it."""
        from monitor.review import newly_matching, whereabouts

        first = whereabouts(listed, now=now)
        judged = None if first.entry is None else judge_entry(engine, first.entry)
        today = () if judged is None or first.entry is None else newly_matching(first.entry, judged.verdicts)
        found = whereabouts(listed, now=now, matching_today=today)
        return Report(address, found, listed, today, None if judged is None else _chosen(judged, rule), feeds)

    def show(self, settings: Settings) -> None:
        """Print it for people."""
        from rich.text import Text

        from monitor.cli.account import Account
        from monitor.cli.shown import console, show_verdict

        out, account = console(), Account(settings)
        if self.found.entry is not None:
            out.print(Text(self.found.entry.entry.title, style="bold"))
        out.print(Text(self.address))
        out.print(Text(f"→ {account.headline(self.found, today=self.today)}", style="bold"))
        out.print()
        for entry in self.entries:
            out.print(Text("\n".join(account.entry(entry))))
        if self.judged is not None:
            out.print()
            out.print(Text(account.say(f"judged_{self.judged.said_by}")))
            for verdict, rule in self.judged.verdicts:
                show_verdict(out, verdict, rule, self.judged.analysis, settings)
            if not self.judged.verdicts:
                out.print(Text(f"  {account.say('nothing')}"))
        if not self.entries:
            from monitor.links import site_of

            out.print(Text(account.say("feeds" if self.feeds else "no_feed", site=site_of(self.address))))
            for feed in self.feeds:
                out.print(Text(f"  {account.feed(feed.state, last_listed_at=feed.last_listed_at)}"))

    def as_dict(self, settings: Settings) -> dict[str, Any]:
        """Return it for programs."""
        from monitor.cli.account import Account
        from monitor.review import condition_of
        from rules.explain import as_dict

        account, judged = Account(settings), self.judged
        return {
            "url": self.address,
            "stage": self.found.stage.value,
            "at": self.found.at,
            "explanation": account.headline(self.found, today=self.today),
            "matching_today": self.today,
            "entries": [_entry_dict(entry) for entry in self.entries],
            "judged": None if judged is None else judged.said_by,
            "rules": []
            if judged is None
            else [as_dict(*pair, judged.analysis, settings.language.value) for pair in judged.verdicts],
            "feeds": [
                {
                    "id": feed.state.id,
                    "url": feed.state.feed.url,
                    "outlet": feed.state.feed.outlet,
                    "condition": condition_of(feed.state).value,
                    "last_polled_at": feed.state.last_polled_at,
                    "last_ok_at": feed.state.last_ok_at,
                    "last_listed_at": feed.last_listed_at,
                    "next_due_at": feed.state.next_due_at,
                    "failures": feed.state.failures,
                    "last_error": feed.state.last_error,
                }
                for feed in self.feeds
            ],
        }


def judge_entry(engine: Engine, entry: ListedEntry) -> Judged:
    """Ask the rules of today about an entry's text, as of the instant when it was read or first seen."""
    from monitor import extract

    state, first_seen_at = entry.feed, entry.first_seen_at
    if entry.article is None:
        article, said_by, now = extract.to_article(entry.entry, None, outlet=state.outlet), "feed", first_seen_at
    else:
        article, now = entry.article.article, entry.article.recorded_at
        said_by = "title" if entry.withheld else "article"
    return judge(engine, article.document(feed=state.feed.url, first_seen_at=first_seen_at), said_by=said_by, now=now)


def judge(engine: Engine, document: Document, *, said_by: str, now: datetime) -> Judged:
    """Ask the rules of today about a text.

    Args:
        engine: the rules.
        document: the text.
        said_by: what the text is.
        now: the instant that ages are counted to.
    """
    rules = {rule.id: rule for rule in engine.pack.rules}
    analysis = engine.analyse(document)
    verdicts = tuple((verdict, rules[verdict.rule]) for verdict in engine.verdicts(analysis, now=now))
    return Judged(said_by, analysis, verdicts)


def _chosen(judged: Judged, rule: str | None) -> Judged:
    from monitor.review import nearest

    if rule is None:
        return Judged(judged.said_by, judged.analysis, nearest(judged.verdicts, most=_MOST_RULES))
    return Judged(judged.said_by, judged.analysis, tuple(pair for pair in judged.verdicts if pair[1].id == rule))


def _entry_dict(entry: ListedEntry) -> dict[str, Any]:
    read = entry.article
    return {
        "id": entry.id,
        "feed": {"id": entry.feed.id, "url": entry.feed.feed.url, "outlet": entry.feed.feed.outlet},
        "link": entry.entry.link,
        "title": entry.entry.title,
        "published_at": entry.entry.published_at,
        "first_seen_at": entry.first_seen_at,
        "state": entry.state.value,
        "baseline": entry.baseline,
        "same_as": entry.same_as,
        "lane": entry.lane.value,
        "attempts": entry.attempts,
        "next_attempt_at": entry.next_attempt_at,
        "last_reason": entry.last_reason,
        "last_error": entry.last_error,
        "article": None
        if read is None
        else {
            "id": read.id,
            "recorded_at": read.recorded_at,
            "outlet": read.article.outlet,
            "completeness": read.article.completeness.value,
            "characters": len(read.article.lead) + len(read.article.body),
            "reserved": read.article.reserved,
            "page_reason": read.article.page_reason,
            "page_error": read.article.page_error,
        },
        "matches": [] if read is None else [_match_dict(match) for match in read.matches],
    }


def _match_dict(match: ListedMatch) -> dict[str, Any]:
    verdict, rule = match.match.verdict, match.match.rule
    return {
        "id": match.id,
        "rule": rule.id,
        "version": rule.version,
        "status": rule.status.value,
        "level": verdict.level,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "near_miss": verdict.near_miss,
        "matched_at": match.matched_at,
        "waits_for_recap": match.waits_for_recap,
        "alerts": [_alert_dict(alert) for alert in match.alerts],
    }


def _alert_dict(alert: ListedAlert) -> dict[str, Any]:
    names = ("id", "receiver", "state", "attempts", "next_attempt_at", "sent_at", "last_reason", "last_error")
    return {
        "id": alert.id,
        "reason": alert.reason.value,
        "planned_at": alert.planned_at,
        "receivers": alert.receivers,
        "deliveries": [{name: asdict(line)[name] for name in names} for line in alert.deliveries],
    }
