"""`veille rules backtest`: what rules would have found, and what a change of rules would change."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.progress import progress
from monitor.cli.rules.shared import DEFAULT_SINCE, heading, per_day, plural, since_instant

if TYPE_CHECKING:
    from monitor.model import ArticleId
    from monitor.review import Change, Diff, Period, Precision, RuleTally
    from monitor.settings import Settings
    from monitor.store import ArchivedArticle
    from monitor.survey import Survey
    from rules.types import Pack

__all__ = ["backtest"]

_JUDGED = {True: "relevant", False: "not relevant", None: ""}


def backtest(
    context: typer.Context,
    since: str = typer.Option(DEFAULT_SINCE, metavar="WHEN", help="Articles first seen since then: 30d, 2026-05-16."),
    rules: Path | None = typer.Option(None, metavar="DIR", help="These rules. Default: those in force."),
    diff: Path | None = typer.Option(
        None, metavar="DIR", help="Compare with these: a folder is a whole set, a file changes or adds its rules."
    ),
    jobs: int = typer.Option(0, min=0, max=64, metavar="N", help="Processes. Default: one a core, at most 8."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Judge the stored articles again, or compare two sets.

    By the rules in force, or by others. Of each rule: its matches and near misses, and how many of the matches were
    judged relevant by `veille label`. With --diff: which alerts would come and which would go. An alert here is a match
    of a rule that is neither experimental nor deprecated, whatever the routes. An article's age is counted to when it
    was first seen. Articles whose text was not kept cannot be judged, and are counted.
    """
    from monitor.clock import SystemClock
    from monitor.review import period_of, tally
    from monitor.rulesets import load_rules
    from monitor.survey import DEFAULT_JOBS, survey

    settings = settings_of(context)
    now = SystemClock().now()
    begin = since_instant(since, settings, now=now)
    pack = load_rules(rules or settings.rules)
    packs = [pack] if diff is None else [pack, _changed(diff, pack)]
    with progress("articles") as told:
        found = survey(settings.database, packs, since=begin, jobs=jobs or DEFAULT_JOBS, progress=told)
    period = period_of(found.span, since=begin, now=now)
    with log(settings) as store:
        labels = store.judgements()
    if diff is not None:
        _compare(found, packs, labels, period, settings, as_json=as_json)
        return
    tallies = tally(found.outcomes, pack.rules, labels, zone=settings.zone)
    if as_json:
        print_json({**_told_period(period), "rules": [_told(each, period) for each in tallies]})
    else:
        _show(tallies, period)


def _changed(path: Path, pack: Pack) -> Pack:
    """Return the other set: a folder is one by itself, a file changes some rules of the first."""
    from monitor.rulesets import load_rules, read_beside

    return load_rules(path) if path.is_dir() else read_beside([path], pack, with_rules=True)


def _told_period(period: Period) -> dict[str, Any]:
    return {
        "since": period.since,
        "until": period.until,
        "days": period.days,
        "articles": period.articles,
        "withheld": period.withheld,
    }


# --- one set -----------------------------------------------------------------------------------------------------


def _told(tallied: RuleTally, period: Period) -> dict[str, Any]:
    busiest = tallied.busiest
    return {
        "rule": tallied.rule,
        "title": tallied.title,
        "status": tallied.status.value,
        "matches": tallied.matches,
        "near_misses": tallied.near_misses,
        "per_day": round(tallied.matches / period.days, 2),
        "busiest_day": None if busiest is None else {"day": busiest[0].isoformat(), "matches": busiest[1]},
        "relevant": tallied.labels.relevant,
        "not_relevant": tallied.labels.judged - tallied.labels.relevant,
        "precision": _told_precision(tallied.labels),
        "by_day": {day.isoformat(): number for day, number in tallied.days},
    }


def _told_precision(labels: Precision) -> dict[str, Any] | None:
    if labels.interval is None or labels.share is None:
        return None
    return {"share": round(labels.share, 4), "interval_95": [round(bound, 4) for bound in labels.interval]}


def _show(tallies: Sequence[RuleTally], period: Period) -> None:
    sys.stdout.write(f"{_read(period)}\n")
    heading(
        "Rules",
        ("rule", "status", "matches", "a day", "busiest day", "near misses", "relevant", "not relevant"),
        [
            (
                *(each.rule, each.status.value, each.matches, per_day(each.matches, period)),
                "" if each.busiest is None else f"{each.busiest[0].isoformat()} ({each.busiest[1]})",
                *(each.near_misses, each.labels.relevant, each.labels.judged - each.labels.relevant),
            )
            for each in tallies
        ],
    )


def _read(period: Period) -> str:
    withheld = f"; {period.withheld} more kept no text and cannot be judged" if period.withheld else ""
    return f"{plural(period.articles, 'stored article')} of {plural(period.days, 'day')} judged{withheld}"


# --- two sets ----------------------------------------------------------------------------------------------------


def _compare(
    found: Survey,
    packs: Sequence[Pack],
    labels: Mapping[tuple[ArticleId, str], bool],
    period: Period,
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    from monitor.review import compare

    before, after = (pack.rules for pack in packs)
    compared = compare(found.outcomes, before, after, labels, period=period, zone=settings.zone)
    with log(settings) as store:
        articles = store.archived(sorted({change.article for change in compared.changes}))
    if as_json:
        print_json(_told_diff(compared, articles))
    else:
        _show_diff(compared, articles, settings)


def _told_diff(diff: Diff, articles: Mapping[ArticleId, ArchivedArticle]) -> dict[str, Any]:
    from monitor.review import sentence

    return {
        **_told_period(diff.period),
        "summary": sentence(diff),
        "alerts": {"before": diff.before, "after": diff.after},
        "per_day": {name: round(number / diff.period.days, 2) for name, number in _totals(diff).items()},
        "rules": [asdict(each) for each in diff.rules],
        "by_day": [{**asdict(each), "day": each.day.isoformat()} for each in diff.days],
        "gained": [_told_change(change, articles) for change in diff.gained],
        "lost": [_told_change(change, articles) for change in diff.lost],
    }


def _totals(diff: Diff) -> dict[str, int]:
    return {"before": diff.before, "after": diff.after}


def _told_change(change: Change, articles: Mapping[ArticleId, ArchivedArticle]) -> dict[str, Any]:
    article = articles.get(change.article)
    document = None if article is None else article.document
    return {
        "rule": change.rule,
        "article": change.article,
        "first_seen_at": change.at,
        "title": document and document.title,
        "outlet": document and document.outlet,
        "url": article and article.url,
        "before": change.before,
        "after": change.after,
        "relevant": change.relevant,
    }


def _show_diff(diff: Diff, articles: Mapping[ArticleId, ArchivedArticle], settings: Settings) -> None:
    from monitor.review import sentence

    period = diff.period
    volumes = f"{per_day(diff.before, period)} → {per_day(diff.after, period)} alerts a day"
    sys.stdout.write(f"{sentence(diff)}\n{volumes}; {_read(period)}\n")
    columns = ("before", "after", "gained", "lost")
    heading("By rule", ("rule", *columns), [(r.rule, r.before, r.after, r.gained, r.lost) for r in diff.rules])
    heading("By day", ("day", *columns), [(d.day.isoformat(), d.before, d.after, d.gained, d.lost) for d in diff.days])
    for title, changes in (("Gained", diff.gained), ("Lost", diff.lost)):
        heading(
            title,
            ("seen", "rule", "score", "judged", "outlet", "title"),
            [_row(change, articles, settings) for change in changes],
        )


def _row(change: Change, articles: Mapping[ArticleId, ArchivedArticle], settings: Settings) -> tuple[Any, ...]:
    from monitor.cli.when import local

    article = articles.get(change.article)
    outlet, title = (None, None) if article is None else (article.document.outlet, article.document.title)
    scores = f"{_score(change.before)} → {_score(change.after)}"
    return local(change.at, settings.zone), change.rule, scores, _JUDGED[change.relevant], outlet, title


def _score(score: float | None) -> str:
    return "no rule" if score is None else f"{score:.1f}"
