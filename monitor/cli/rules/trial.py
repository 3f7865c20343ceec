"""`veille rules try`: a rule on the stored articles, before it is one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_json, settings_of
from monitor.cli.progress import progress
from monitor.cli.rules.shared import DEFAULT_SINCE, histogram, per_day, plural, since_instant

if TYPE_CHECKING:
    from monitor.review import Outcome, Period, RuleTally
    from monitor.settings import Settings
    from monitor.store import ArchivedArticle
    from rules.types import Pack, Snippet

__all__ = ["try_"]


def try_(
    context: typer.Context,
    rule: str = typer.Argument(metavar="RULE|FILE", help="A one-line rule, in quotes, or a rule file."),
    since: str = typer.Option(DEFAULT_SINCE, metavar="WHEN", help="Articles first seen since then: 30d, 2026-05-16."),
    limit: int = typer.Option(10, min=0, max=1000, metavar="N", help="Show at most this many matches."),
    newest: bool = typer.Option(False, "--newest", help="Show the newest matches; else those with the best score."),
    jobs: int = typer.Option(0, min=0, max=64, metavar="N", help="Processes. Default: one a core, at most 8."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a rule, a line each."),
) -> None:
    """Try a rule on the stored articles; nothing is saved.

    It may name the entities of the rules in force, as in "@kharkiv PROCHE/40 drone". An article's age is counted to
    when it was first seen.
    """
    from monitor.clock import SystemClock
    from monitor.review import period_of, tally
    from monitor.survey import DEFAULT_JOBS, survey

    settings = settings_of(context)
    now = SystemClock().now()
    begin = since_instant(since, settings, now=now)
    pack = _pack(rule, settings)
    with progress("articles") as told:
        found = survey(settings.database, [pack], since=begin, jobs=jobs or DEFAULT_JOBS, progress=told)
    period = period_of(found.span, since=begin, now=now)
    for tallied in tally(found.outcomes, pack.rules, {}, zone=settings.zone):
        outcomes = [outcome for outcome in found.outcomes if outcome.rule == tallied.rule]
        hits = _hits(outcomes, pack, settings, limit=limit, newest=newest)
        if as_json:
            print_json(_told(tallied, hits, period))
        else:
            _show(tallied, hits, period, settings)


def _pack(rule: str, settings: Settings) -> Pack:
    from monitor.rulesets import load_rules, read_beside, read_one_line

    known = load_rules(settings.rules)
    path = Path(rule)
    is_file = path.suffix in {".yaml", ".yml", ".txt"} or (len(rule) < _LONGEST_NAME and path.exists())
    return read_beside([path], known) if is_file else read_one_line(rule, known)


_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class _Hit:
    """A match to show."""

    article: ArchivedArticle
    score: float
    snippets: tuple[Snippet, ...]


def _hits(outcomes: Sequence[Outcome], pack: Pack, settings: Settings, *, limit: int, newest: bool) -> tuple[_Hit, ...]:
    """Return the matches to show, each with the sentences that show why."""
    from contextlib import closing

    from monitor.store import Store
    from rules.engine import Engine

    scores = {
        outcome.article: (grade.score, outcome.at)
        for outcome in outcomes
        if (grade := outcome.grades[0]) and grade.match
    }
    chosen = sorted(scores, key=lambda id_: (scores[id_][1], 0) if newest else scores[id_], reverse=True)[:limit]
    if not chosen:
        return ()
    engine = Engine(pack)
    with closing(Store.open(settings.database, create=False, read_only=True)) as store:
        articles = store.archived(chosen)
    hits = []
    for article in (articles[id_] for id_ in chosen if id_ in articles):
        matches = engine.match(engine.analyse(article.document), now=article.first_seen_at)
        snippets = next((match.snippets for match in matches if match.rule.id == outcomes[0].rule), ())
        hits.append(_Hit(article, scores[article.id][0], snippets))
    return tuple(hits)


def _told(tallied: RuleTally, hits: Sequence[_Hit], period: Period) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "rule": tallied.rule,
        "since": period.since,
        "days": period.days,
        "articles": period.articles,
        "withheld": period.withheld,
        "matches": tallied.matches,
        "near_misses": tallied.near_misses,
        "per_day": round(tallied.matches / period.days, 2),
        "by_day": {day.isoformat(): number for day, number in tallied.days},
        "hits": [
            {
                "article": hit.article.id,
                "first_seen_at": hit.article.first_seen_at,
                "outlet": hit.article.document.outlet,
                "title": hit.article.document.title,
                "url": hit.article.url,
                "score": hit.score,
                "snippets": [asdict(snippet) for snippet in hit.snippets],
            }
            for hit in hits
        ],
    }


def _show(tallied: RuleTally, hits: Sequence[_Hit], period: Period, settings: Settings) -> None:
    from rich.text import Text

    from monitor.cli.shown import console, marked
    from monitor.cli.when import local

    out = console()
    out.print(Text(f"{tallied.rule}: {plural(tallied.matches, 'match', 'matches')}", style="bold"))
    for hit in hits:
        article = hit.article
        when = local(article.first_seen_at, settings.zone)
        out.print(Text(f"\n{when} · {article.document.outlet or ''} · {hit.score:.1f} points"))
        out.print(Text(article.document.title, style="bold"))
        for snippet in hit.snippets[:1]:
            out.print(marked(snippet))
    out.print()
    for line in histogram(tallied.days):
        out.print(Text(line))
    scanned = f"{plural(period.articles, 'article')} of {plural(period.days, 'day')} read"
    out.print(
        Text(
            f"{plural(tallied.matches, 'match', 'matches')}, {per_day(tallied.matches, period)} a day; "
            f"{plural(tallied.near_misses, 'near miss', 'near misses')}; {scanned}"
        )
    )
    if not period.articles:
        sys.stderr.write("No stored article. `veille poll` or `veille run` fill the log.\n")
