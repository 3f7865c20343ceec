"""`veille poll`: one full cycle, then exit."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import configure, print_json, print_table, settings_of

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.settings import Settings

__all__ = ["poll"]

_GRACE_S = 8.0


def poll(
    context: typer.Context,
    feeds: Path | None = typer.Option(None, "--feeds", metavar="FILE", help="OPML, or one address a line."),
    database: str | None = typer.Option(None, "--db", metavar="PATH", help="The log to write to."),
    everything: bool = typer.Option(False, "--all", help="Poll every feed, whether due or not."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Make one full cycle, and exit.

    The feeds that are due are polled, their new pages read, matched and stored, and what waits is delivered.

    A feed or a delivery that fails is listed and tried again by the next cycle; the exit code stays 0.
    """
    import asyncio

    settings = settings_of(context, feeds=feeds, database=database)
    configure(settings)
    summary = asyncio.run(_poll(settings, everything=everything, progress=sys.stderr.isatty() and not as_json))
    if as_json:
        print_json(summary.as_dict())
    else:
        summary.show()


@dataclass
class _Summary:
    """What one cycle did, gathered from the stages' reports."""

    results: Counter[str] = field(default_factory=Counter)
    new: int = 0
    baseline: int = 0
    articles: Counter[str] = field(default_factory=Counter)
    postponed: int = 0
    matches: Counter[str] = field(default_factory=Counter)
    near_misses: int = 0
    deliveries: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)
    undelivered: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[str, int] = field(default_factory=dict)  # by receiver

    def add(self, report: object) -> None:
        """Count one report of a stage."""
        from monitor.model import PollResult
        from monitor.stages import ArticleReport, DeliveryReport, FeedReport

        if isinstance(report, FeedReport):
            outcome = report.outcome
            self.results[outcome.kind.value] += 1
            self.new += report.new
            self.baseline += report.baseline
            if outcome.kind is PollResult.FAILED:
                self.failures.append(
                    {"feed": report.feed.feed.url, "reason": str(outcome.reason), "error": outcome.error or ""}
                )
        elif isinstance(report, ArticleReport):
            self.postponed += report.postponed
            if not report.postponed:
                self.articles[report.article.completeness.value] += 1
            self.matches.update(m.rule.id for m in report.matches if not m.verdict.near_miss)
            self.near_misses += sum(match.verdict.near_miss for match in report.matches)
        elif isinstance(report, DeliveryReport):
            self.deliveries[report.outcome] += 1
            if report.error is not None:
                self.undelivered.append(
                    {
                        "delivery": report.delivery.id,
                        "receiver": report.delivery.receiver,
                        "outcome": report.outcome,
                        "reason": str(report.error.reason),
                        "error": str(report.error),
                    }
                )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for programs."""
        return {
            "feeds": dict(self.results),
            "entries": {"new": self.new, "baseline": self.baseline},
            "articles": dict(self.articles),
            "postponed": self.postponed,
            "matches": dict(self.matches),
            "near_misses": self.near_misses,
            "deliveries": dict(self.deliveries),
            "pending": sum(self.pending.values()),
            "failures": sorted(self.failures, key=lambda failure: failure["feed"]),
            "undelivered": self.undelivered,
        }

    def show(self) -> None:
        """Print the figures for people."""

        def listed(counts: Counter[str]) -> str:
            return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"

        rows = [
            ("feeds polled", sum(self.results.values()), listed(self.results)),
            ("entries", self.new + self.baseline, f"new {self.new}, baseline {self.baseline}"),
            (
                "articles read",
                sum(self.articles.values()),
                f"{listed(self.articles)}; to be tried again {self.postponed}",
            ),
            ("matches", sum(self.matches.values()), f"{listed(self.matches)}; near misses {self.near_misses}"),
            (
                "deliveries",
                sum(self.deliveries.values()),
                f"{listed(self.deliveries)}; pending {sum(self.pending.values())}",
            ),
        ]
        print_table("One cycle", ("what", "count", "of which"), rows)
        if self.failures:
            failed = sorted(self.failures, key=lambda failure: failure["feed"])
            print_table(
                "Feeds that failed", ("feed", "reason", "error"), [(f["feed"], f["reason"], f["error"]) for f in failed]
            )
        if self.undelivered:
            columns = ("delivery", "receiver", "outcome", "reason", "error")
            print_table("Deliveries that failed", columns, [[u[name] for name in columns] for u in self.undelivered])


async def _poll(settings: Settings, *, everything: bool, progress: bool) -> _Summary:
    from monitor.app import opened
    from monitor.clock import SystemClock

    summary = _Summary()
    with opened(settings, clock=SystemClock(), on_report=summary.add) as app:
        try:
            await app.declare_feeds()
            if progress:
                await _with_progress(app, summary, everything=everything)
            else:
                await app.runner.run_once(ignore_due=everything)
            summary.pending = await app.tools.thread.run(app.tools.store.pending_deliveries)
        finally:
            await app.stop(grace_s=_GRACE_S)
    return summary


async def _with_progress(app: App, summary: _Summary, *, everything: bool) -> None:
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from monitor.model import FeedStatus

    tools, now = app.tools, app.tools.clock.now()
    states = [state for state in await tools.thread.run(tools.store.feeds) if state.status is FeedStatus.ACTIVE]
    due = sum(everything or state.next_due_at is None or state.next_due_at <= now for state in states)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        feeds = bar.add_task("feeds", total=due)
        articles = bar.add_task("articles", total=0)

        async def follow() -> None:
            while True:
                read = sum(summary.articles.values()) + summary.postponed
                waiting = await tools.thread.run(tools.store.entries_waiting, now=tools.clock.now())
                bar.update(feeds, completed=sum(summary.results.values()))
                bar.update(articles, completed=read, total=read + waiting)
                await asyncio.sleep(0.25)

        follower = asyncio.create_task(follow())
        try:
            await app.runner.run_once(ignore_due=everything)
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
