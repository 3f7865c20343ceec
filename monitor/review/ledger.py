"""The latency ledger, counted: for each source how much was read, how fast, and what was told of it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.latency import LEGS, legs, percentile
from monitor.model import AlertType, Completeness, FeedId

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from monitor.store import LedgerLine, ToldLine

__all__ = ["Spread", "Tally", "alerts_per_day", "alerts_per_rule", "tally_sources"]

_AT_ONCE = frozenset({AlertType.STORY_NEW, AlertType.STORY_UPDATED})


@dataclass(frozen=True, slots=True)
class Spread:
    """Half of the values are at most `p50_s`, 95 % of them at most `p95_s`, in seconds; of `count` values."""

    p50_s: float
    p95_s: float
    count: int


@dataclass(slots=True)
class _Counts:
    articles: Counter[str] = field(default_factory=Counter)  # by completeness
    page_failures: Counter[str] = field(default_factory=Counter)  # by reason
    alerts: set[str] = field(default_factory=set)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {leg: [] for leg in LEGS})

    def take(self, known: Mapping[str, float]) -> None:
        for leg, seconds in known.items():
            self.seconds[leg].append(seconds)

    def add(self, other: _Counts) -> None:
        self.articles += other.articles
        self.page_failures += other.page_failures
        self.alerts |= other.alerts
        self.take_all(other.seconds)

    def take_all(self, seconds: Mapping[str, Sequence[float]]) -> None:
        for leg, values in seconds.items():
            self.seconds[leg].extend(values)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a source, or all of them, gave in a period.

    Attributes:
        source: its name; "" for all.
        articles: how many, by completeness.
        page_failures: of them, those whose page could not be used, by reason.
        alerts: how many alerts tell of them.
        legs: how long each leg took, where any is known.
    """

    source: str
    articles: Mapping[str, int]
    page_failures: Mapping[str, int]
    alerts: int
    legs: Mapping[str, Spread]

    @property
    def count(self) -> int:
        """How many articles."""
        return sum(self.articles.values())

    @property
    def summary_share(self) -> float | None:
        """The share of articles of which only the feed's summary was there, from 0 to 1; None where there are none."""
        return self.articles.get(Completeness.SUMMARY, 0) / self.count if self.count else None


def tally_sources(
    read: Iterable[LedgerLine], told: Sequence[ToldLine], source_of: Callable[[FeedId], str | None]
) -> tuple[Tally, ...]:
    """Count what each source gave, those with most articles first, after all of them together.

    Of first polls only the reading is timed: how late we found what was there before us says nothing.

    Args:
        read: the articles of the period.
        told: what was told in it.
        source_of: the name of a feed's source; None: it is not asked about.
    """
    counts: defaultdict[str, _Counts] = defaultdict(_Counts)
    names = _Names(source_of)
    for line in read:
        if (name := names[line.feed_id]) is None:
            continue
        source = counts[name]
        source.articles[line.completeness] += 1
        if line.page_reason is not None:
            source.page_failures[line.page_reason] += 1
        if not line.baseline:
            source.take(legs(published_at=line.published_at, seen_at=line.seen_at, read_at=line.read_at))
    for name, lines in _by_source(told, names).items():
        _take_told(counts[name], lines)
    whole = _Counts()
    for each in counts.values():
        whole.add(each)
    sources = sorted((_tally(name, each) for name, each in counts.items()), key=lambda one: (-one.count, one.source))
    return (_tally("", whole), *sources)


class _Names(dict[FeedId, "str | None"]):
    """The source of each feed, asked once."""

    def __init__(self, source_of: Callable[[FeedId], str | None]) -> None:
        super().__init__()
        self._source_of = source_of

    def __missing__(self, feed_id: FeedId) -> str | None:
        self[feed_id] = self._source_of(feed_id)
        return self[feed_id]


def _by_source(told: Iterable[ToldLine], names: _Names) -> dict[str, list[ToldLine]]:
    found: dict[str, list[ToldLine]] = {}
    for line in told:
        if (name := names[line.feed_id]) is not None:
            found.setdefault(name, []).append(line)
    return found


def _take_told(source: _Counts, told: Iterable[ToldLine]) -> None:
    """Count alerts, and time those that were told at once: how long a recap waits is meant."""
    matched: set[str] = set()
    for line in told:
        source.alerts.add(line.alert_id)
        if line.type not in _AT_ONCE:
            continue
        if line.type is AlertType.STORY_NEW and line.alert_id not in matched:
            matched.add(line.alert_id)
            source.take(legs(read_at=line.read_at, matched_at=line.planned_at))
        source.take(legs(matched_at=line.planned_at, delivered_at=line.sent_at))


def _tally(source: str, counts: _Counts) -> Tally:
    return Tally(
        source=source,
        articles=dict(counts.articles),
        page_failures=dict(counts.page_failures),
        alerts=len(counts.alerts),
        legs={leg: spread for leg, values in counts.seconds.items() if (spread := _spread(values)) is not None},
    )


def _spread(values: Iterable[float]) -> Spread | None:
    ordered = sorted(values)
    p50, p95 = percentile(ordered, 0.5), percentile(ordered, 0.95)
    return None if p50 is None or p95 is None else Spread(p50, p95, len(ordered))


def alerts_per_rule(told: Iterable[ToldLine]) -> dict[str, int]:
    """Return how many alerts tell a match of each rule, the most frequent rule first."""
    alerts: defaultdict[str, set[str]] = defaultdict(set)
    for line in told:
        alerts[line.rule].add(line.alert_id)
    return {rule: len(ids) for rule, ids in sorted(alerts.items(), key=lambda item: (-len(item[1]), item[0]))}


def alerts_per_day(told: Iterable[ToldLine], zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    """Return how many alerts were planned on each local day that has any, in order."""
    alerts: defaultdict[date, set[str]] = defaultdict(set)
    for line in told:
        alerts[line.planned_at.astimezone(zone).date()].add(line.alert_id)
    return tuple((day, len(ids)) for day, ids in sorted(alerts.items()))
