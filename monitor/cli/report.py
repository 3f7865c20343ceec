"""All that `veille why` knows of an address, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from monitor import extract
from monitor.cli.account import Account
from monitor.cli.shown import console, show_verdict
from monitor.links import site_of
from monitor.review import Stage, Whereabouts, condition_of, nearest, newly_matching, whereabouts
from rules.explain import as_dict as verdict_dict

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from monitor.cli.lookup import FeedGlance, Lookup, Offer, PageGlance
    from monitor.model import FeedState, Incident
    from monitor.settings import Settings
    from monitor.store import ListedAlert, ListedEntry, ListedMatch
    from rules.engine import Analysis, Engine
    from rules.types import Document, RuleDef, Verdict

__all__ = ["Report", "SiteFeed"]

_MOST_RULES = 3


@dataclass(frozen=True, slots=True)
class SiteFeed:
    """A feed of ours that should have listed the address."""

    state: FeedState
    last_listed_at: datetime | None  # when it last listed anything that was new
    incidents: tuple[Incident, ...] = ()  # what was wrong with it when the article was published


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules of today say of a text.

    `said_by` tells which: `article`, as stored; `feed`, its title and summary; `title`; `page`, as read just now.
    """

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
    feeds: tuple[SiteFeed, ...] = ()
    lookup: Lookup | None = None
    offers: tuple[Offer, ...] = ()  # feeds that are not ours and may list such articles

    @staticmethod
    def of(
        address: str,
        listed: tuple[ListedEntry, ...],
        engine: Engine,
        *,
        now: datetime,
        rule: str | None = None,
        feeds: tuple[SiteFeed, ...] = (),
        lookup: Lookup | None = None,
        offers: tuple[Offer, ...] = (),
    ) -> Report:
        """Put together what the log holds, what the web says, and what the rules say of it."""
        found = whereabouts(listed, now=now)
        today: tuple[str, ...] = ()
        if found.entry is not None:
            judged: Judged | None = (of_entry := judge_entry(engine, found.entry))
            today = newly_matching(found.entry, of_entry.verdicts)
            found = whereabouts(listed, now=now, matching_today=today)
        else:
            judged = judge_lookup(engine, address, lookup, feeds, now=now)
            found = listed_now(lookup) or found
        judged = None if judged is None else _chosen(judged, rule)
        return Report(address, found, listed, today, judged, feeds, lookup, offers)

    @property
    def title(self) -> str:
        """The article's title, or "" where nothing is known of it."""
        if self.found.entry is not None:
            return self.found.entry.entry.title
        return self.judged.analysis.document.title if self.judged else ""

    def show(self, settings: Settings) -> None:
        """Print it for people."""
        out, account = console(), Account(settings)
        title = self.title
        if title:
            out.print(Text(title, style="bold"))
        out.print(Text(self.address))
        out.print(Text(f"→ {account.headline(self.found, today=self.today)}", style="bold"))
        out.print()
        if self.entries and self.lookup is not None:
            out.print(Text(account.say("alias", url=self.entries[0].entry.link)))
        elif self.lookup is not None:
            out.print(Text(account.page(self.lookup.page)))
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
            self._show_site(out, account)

    def _show_site(self, out: Console, account: Account) -> None:
        """Print how the feeds of the site fare, and which others there are."""
        site, lookup = site_of(self.address), self.lookup
        glances = {glance.feed.id: account.glance(glance) for glance in (lookup.feeds if lookup else ())}
        out.print()
        out.print(Text(account.say("feeds" if self.feeds else "no_feed", site=site)))
        for feed in self.feeds:
            told = [account.feed(feed.state, last_listed_at=feed.last_listed_at)]
            told += [glances[feed.state.id]] if feed.state.id in glances else []
            out.print(Text("  " + ", ".join(told)))
            for incident in feed.incidents:
                out.print(Text(f"    {account.incident(incident)}"))
        out.print()
        out.print(Text(account.say("offers" if self.offers else "no_offer", site=site)))
        for offer in self.offers:
            out.print(Text(f"  {account.offer(offer)}"))

    def as_dict(self, settings: Settings) -> dict[str, Any]:
        """Return it for programs."""
        account, judged = Account(settings), self.judged
        page = self.lookup.page if self.lookup else None
        glances = {glance.feed.id: _glance_dict(glance) for glance in (self.lookup.feeds if self.lookup else ())}
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
            else [verdict_dict(*pair, judged.analysis, settings.language.value) for pair in judged.verdicts],
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
                    "now": glances.get(feed.state.id),
                    "incidents": [
                        {
                            "kind": each.kind.value,
                            "began_at": each.began_at,
                            "ended_at": each.until_at or each.ended_at,
                            "missed": each.missed,
                        }
                        for each in feed.incidents
                    ],
                }
                for feed in self.feeds
            ],
            "page": None if page is None else _page_dict(page),
            "offers": [asdict(offer) for offer in self.offers],
        }


def judge_entry(engine: Engine, entry: ListedEntry) -> Judged:
    """Ask the rules of today about an entry's text, as of the instant when it was read or first seen."""
    state, first_seen_at = entry.feed, entry.first_seen_at
    if entry.article is None:
        article, said_by, now = extract.to_article(entry.entry, None, outlet=state.outlet), "feed", first_seen_at
        copy_of = None
    else:
        article, now, copy_of = entry.article.article, entry.article.recorded_at, entry.article.copy_of
        said_by = "title" if entry.withheld else "article"
    document = article.document(feed=state.feed.url, first_seen_at=first_seen_at, copy_of=copy_of)
    return judge(engine, document, said_by=said_by, now=now)


def judge_lookup(
    engine: Engine, address: str, lookup: Lookup | None, feeds: tuple[SiteFeed, ...], *, now: datetime
) -> Judged | None:
    """Ask the rules of today about what the web says of an address, as of when it was published; None: nothing."""
    if lookup is None:
        return None
    listing = next((glance.feed for glance in lookup.feeds if glance.entry is not None), None)
    nearest_feed = listing or next((feed.state for feed in feeds), None)
    article = lookup.article(outlet=nearest_feed.outlet if nearest_feed else site_of(address))
    if article is None:
        return None
    at = min(article.published_at or now, now)
    document = article.document(feed=listing.feed.url if listing else None, first_seen_at=at)
    return judge(engine, document, said_by="page" if lookup.page.extracted else "feed", now=at)


def listed_now(lookup: Lookup | None) -> Whereabouts | None:
    """Return that a feed lists the address by now, or None: none does."""
    listing = [glance.feed for glance in (lookup.feeds if lookup else ()) if glance.entry is not None]
    return Whereabouts(Stage.LISTED_NOW, listing[0].next_due_at) if listing else None


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
        "interrupted": entry.interrupted,
        "next_attempt_at": entry.next_attempt_at,
        "last_reason": entry.last_reason,
        "last_error": entry.last_error,
        "waits_to_be_read_again": entry.is_reread,
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
            "withdrawn_at": read.withdrawn_at,
            "revisions": [asdict(revision) for revision in read.revisions],
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
        "lost_at": match.lost_at,
        "waits_for_recap": match.waits_for_recap,
        "alerts": [_alert_dict(alert) for alert in match.alerts],
        "joined": [_alert_dict(alert) for alert in match.joined],
        "growth": [_alert_dict(alert) for alert in match.growth],
    }


def _alert_dict(alert: ListedAlert) -> dict[str, Any]:
    names = (
        *("id", "receiver", "state", "attempts", "next_attempt_at", "sent_at"),
        *("last_reason", "last_error", "why", "held_until", "told_by"),
    )
    return {
        "id": alert.id,
        "reason": alert.reason.value,
        "planned_at": alert.planned_at,
        "updates": alert.updates,
        "receivers": alert.receivers,
        "deliveries": [{name: asdict(line)[name] for name in names} for line in alert.deliveries],
        "tellers": [{name: asdict(line)[name] for name in ("alert_id", *names)} for line in alert.tellers],
    }


def _glance_dict(glance: FeedGlance) -> dict[str, Any]:
    return {
        "lists_it": None if glance.error else glance.entry is not None,
        "entries": glance.entries,
        "oldest_at": glance.oldest_at,
        "error": glance.error,
        "reason": glance.reason,
    }


def _page_dict(page: PageGlance) -> dict[str, Any]:
    read = page.extracted
    return {
        "url": page.url,
        "title": read.title if read else None,
        "published_at": read.published_at if read else None,
        "completeness": read.completeness.value if read else None,
        "characters": len(read.text) if read else 0,
        "reason": page.reason,
        "error": page.error,
    }
