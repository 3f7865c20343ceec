"""A week of the French press: polled by learnt rhythms, against every fifteen minutes.

`python -m benchmarks.week [FEEDS]`, 600 unless said. The clock is moved by hand; the schedule and the rhythms are the
daemon's. Feeds publish by the hour of the French week, each in its own way, some days more than others; they teach
their rhythm in the two weeks before. Two weeks are told: those in which French clocks spring forward and go back. A few
of the feeds then live through the same week in a real database, with its claims, transactions and due times; they were
just declared, and have their first document to go by.
"""

from __future__ import annotations

import heapq
import math
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.errors import Reason
from monitor.model import Entry, Feed, FeedId, FeedState, FeedStatus, PollOutcome, PollResult
from monitor.rhythm import arrived_at, begin, learn
from monitor.schedule import next_check
from monitor.store import Store

PARIS = ZoneInfo("Europe/Paris")
FIXED_S = 900.0
POLL_MIN_S = 300.0
POLL_MAX_S = 3600.0
WEEKS = {
    "clocks spring forward": datetime(2026, 3, 23, tzinfo=PARIS),
    "clocks go back": datetime(2026, 10, 19, tzinfo=PARIS),
}
WEEK = timedelta(weeks=1)
WARM_UP = timedelta(weeks=2)
BEFORE = timedelta(weeks=4)  # of which a first document may list entries
_LISTED = 30  # entries of a document
_FAILS = 0.01  # of all polls
_TICK = timedelta(seconds=30)
_STORED = 20  # feeds that live through the week in a database

# How much a feed brings in each hour of the day, against its busiest.
_OFFICE = (0, 0, 0, 0, 0, 0.1, 0.3, 0.6, 0.9, 1, 1, 1, 0.7, 0.5, 0.8, 0.9, 1, 0.9, 0.6, 0.3, 0.1, 0.1, 0, 0)
_DAILY = (0.1, 0, 0, 0, 0.2, 0.8, 1, 0.8, 0.7, 0.7, 0.8, 0.8, 0.7, 0.6, 0.6, 0.7, 0.8, 0.9, 0.9, 0.8, 0.6, 0.4, 0.3, 0)
_WIRE = (0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1, 1, 0.9, 0.8, 0.9, 1, 1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


@dataclass(frozen=True)
class Kind:
    """A kind of feed: its share of all feeds, the least and most entries of an ordinary day, and when they come."""

    name: str
    share: float
    a_day: tuple[float, float]
    hours: tuple[float, ...]
    weekdays: tuple[float, ...] = (1, 1, 1, 1, 1, 0.6, 0.5)


KINDS = (
    Kind("wire", 0.04, (120, 350), _WIRE, (1, 1, 1, 1, 1, 0.7, 0.7)),
    Kind("front page of a daily", 0.10, (50, 120), _DAILY),
    Kind("section of a daily", 0.26, (5, 30), _DAILY),
    Kind("regional", 0.28, (8, 50), _DAILY, (1, 1, 1, 1, 1, 0.8, 0.7)),
    Kind("weekly", 0.12, (1, 5), _OFFICE, (0.7, 1, 3, 2, 1, 0.1, 0.1)),
    Kind("slow", 0.10, (0.1, 1), _OFFICE, (1, 1, 1, 1, 1, 0, 0)),
    Kind("dead", 0.10, (0, 0), _OFFICE),
)


@dataclass(frozen=True)
class Source:
    """A feed, with all that it publishes."""

    kind: Kind
    published_at: tuple[datetime, ...]

    def listed(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """Return what was published in a span, its end included."""
        return self.published_at[bisect_right(self.published_at, start) : bisect_right(self.published_at, end)]

    def document(self, now: datetime) -> Sequence[datetime]:
        """Return what the feed lists."""
        end = bisect_right(self.published_at, now)
        return self.published_at[max(0, end - _LISTED) : end]


@dataclass
class Told:
    """What a week of polls gave."""

    polls: int = 0
    delays_s: list[float] = field(default_factory=list)
    longest_gap_s: float = 0.0


def sources(count: int, start: datetime, end: datetime, *, seed: int = 1) -> tuple[Source, ...]:
    """Return feeds of all kinds with what they publish in a span."""
    chance = random.Random(seed)  # noqa: S311  makes feeds up, guards nothing
    kinds = [kind for kind in KINDS for _ in range(max(1, round(kind.share * count)))]
    return tuple(Source(kind, tuple(_published(kind, start, end, chance))) for kind in kinds)


def _published(kind: Kind, start: datetime, end: datetime, chance: random.Random) -> list[datetime]:
    low, high = kind.a_day
    if not high:
        return []
    a_day = math.exp(chance.uniform(math.log(low), math.log(high)))
    shift = chance.choice((-1, 0, 0, 1))  # newsrooms rise at their own time
    own = [share * chance.gammavariate(4, 0.25) for share in kind.hours]
    mean = sum(own) * sum(kind.weekdays) / 7
    dates: list[datetime] = []
    days: dict[object, float] = {}
    at = start
    while at < end:
        local = at.astimezone(PARIS)
        day = days.setdefault(local.date(), chance.gammavariate(6, 1 / 6))  # news days and calm ones
        rate = a_day / mean * own[(local.hour + shift) % 24] * kind.weekdays[local.weekday()] * day
        moment = chance.expovariate(rate) if rate else 1.0
        while moment < 1:
            dates.append(at + timedelta(hours=moment))
            moment += chance.expovariate(rate)
        at += timedelta(hours=1)
    return dates


def by_rhythm(feeds: Sequence[Source], begins: datetime, *, warm_up: timedelta = WARM_UP, seed: int = 2) -> list[Told]:
    """Poll feeds as the daemon would, and return what the week that begins then gave for each."""
    chance = random.Random(seed)  # noqa: S311  spreads polls, guards nothing
    told = [Told() for _ in feeds]
    states = [
        FeedState(FeedId(number), Feed(f"https://{number}.example/"), f"{number}.example", FeedStatus.ACTIVE)
        for number in range(len(feeds))
    ]
    due = [(begins - warm_up + timedelta(seconds=chance.uniform(0, FIXED_S)), number) for number in range(len(feeds))]
    heapq.heapify(due)
    while due[0][0] < begins + WEEK:
        now, number = heapq.heappop(due)
        state, source = states[number], feeds[number]
        new = source.listed(state.last_ok_at, now) if state.last_ok_at else ()
        outcome = _outcome(new, chance)
        next_at = _next(state, outcome, now, chance)
        states[number] = _after(state, outcome, source, new, now=now, next_at=next_at)
        if now >= begins:
            _count(told[number], state, outcome, [at for at in new if at >= begins], now=now)
        heapq.heappush(due, (next_at, number))
    return told


def in_a_database(feeds: Sequence[Source], begins: datetime, ends: datetime, folder: Path) -> list[Told]:
    """Poll feeds by the store's own claims and due times, without a warm-up: a first document teaches the rhythm."""
    chance = random.Random(4)  # noqa: S311  spreads polls, guards nothing
    numbers = {f"https://{number}.example/": number for number in range(len(feeds))}
    told = [Told() for _ in feeds]
    with closing(Store.open(str(folder / "week.db"))) as store:
        store.sync_feeds([Feed(url) for url in numbers], now=begins)
        now = begins
        while now < ends:
            for claim in store.claim_hosts(now=now, owner="week", lease_s=600, limit=len(feeds)):
                for state in claim.feeds:
                    number = numbers[state.feed.url]
                    _poll_stored(store, state, feeds[number], told[number], now=now, chance=chance)
                store.release_host(claim.id, now=now, lane=claim.lane)
            now += _TICK
    return told


def _poll_stored(
    store: Store, state: FeedState, source: Source, told: Told, *, now: datetime, chance: random.Random
) -> None:
    new = source.listed(state.last_ok_at, now) if state.last_ok_at else source.document(now)
    outcome = _outcome(new, chance) if state.last_ok_at else PollOutcome(PollResult.PARSED)
    entries = [_entry(state, at) for at in source.document(now)] if outcome.kind is PollResult.PARSED else []
    next_at = _next(state, outcome, now, chance)
    record = store.record_poll(state.id, outcome, entries, next_due_at=next_at, now=now, baseline_max_age_s=0)
    _count(told, state, outcome, new[len(new) - record.new :], now=now)


def _entry(state: FeedState, at: datetime) -> Entry:
    link = f"{state.feed.url}{at.timestamp()}"
    return Entry((f"g:{link}", f"l:{link}"), link, link, link, "", published_at=at)


def _outcome(new: Sequence[datetime], chance: random.Random) -> PollOutcome:
    if chance.random() < _FAILS:
        return PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT)
    return PollOutcome(PollResult.PARSED if new else PollResult.NOT_MODIFIED)


def _next(state: FeedState, outcome: PollOutcome, now: datetime, chance: random.Random) -> datetime:
    at = next_check(state, outcome, now, poll_min_s=POLL_MIN_S, poll_max_s=POLL_MAX_S, jitter=chance.random())
    if at is None:
        raise ValueError("a feed that is not gone is polled again")
    return at


def _after(
    state: FeedState,
    outcome: PollOutcome,
    source: Source,
    new: Sequence[datetime],
    *,
    now: datetime,
    next_at: datetime,
) -> FeedState:
    """Return what the store would make of a feed."""
    if outcome.kind is PollResult.FAILED:
        return replace(state, failures=state.failures + 1, last_polled_at=now)
    if state.rhythm is None:
        rhythm = begin(source.document(now), now)
    else:
        rhythm = learn(state.rhythm, [arrived_at(at, last_ok_at=state.last_ok_at, now=now) for at in new])
    interval_s = (next_at - now).total_seconds()
    return replace(state, rhythm=rhythm, failures=0, last_polled_at=now, last_ok_at=now, interval_s=interval_s)


def _count(told: Told, state: FeedState, outcome: PollOutcome, new: Sequence[datetime], *, now: datetime) -> None:
    told.polls += 1
    told.longest_gap_s = max(told.longest_gap_s, (now - (state.last_polled_at or now)).total_seconds())
    if outcome.kind is PollResult.PARSED:
        told.delays_s += [(now - at).total_seconds() for at in new]


def every_quarter(feeds: Sequence[Source], begins: datetime, *, seed: int = 3) -> list[Told]:
    """Return what the week would give if each feed were polled every fifteen minutes, from a moment of its own."""
    chance = random.Random(seed)  # noqa: S311  spreads polls, guards nothing
    told = []
    for feed in feeds:
        phase_s = chance.uniform(0, FIXED_S)
        delays_s = [
            FIXED_S - ((at - begins).total_seconds() - phase_s) % FIXED_S for at in feed.listed(begins, begins + WEEK)
        ]
        told.append(Told(int(WEEK.total_seconds() / FIXED_S), delays_s, FIXED_S))
    return told


def quantile(told: Sequence[Told], share: float) -> float:
    """Return the delay, in seconds, that a share of all entries stays under."""
    delays_s = sorted(delay_s for one in told for delay_s in one.delays_s)
    return delays_s[int(share * len(delays_s))] if delays_s else math.nan


def polls(told: Sequence[Told]) -> int:
    """Return how many requests were sent."""
    return sum(one.polls for one in told)


def _mean(told: Sequence[Told]) -> float:
    delays_s = [delay_s for one in told for delay_s in one.delays_s]
    return statistics.fmean(delays_s) if delays_s else math.nan


def _line(name: str, ours: Sequence[Told], theirs: Sequence[Told]) -> str:
    both = (ours, theirs)
    measures = [[measure(told) / 60 for told in both] for measure in (_mean, _median, _p95)]
    shown = "".join(f"{mine:8.1f}{fixed:6.1f}" for mine, fixed in measures)
    entries = sum(len(one.delays_s) for one in ours)
    gap_min = max(one.longest_gap_s for one in ours) / 60
    ratio = polls(ours) / polls(theirs)
    return f"{name:24}{len(ours):6}{entries:9}{polls(ours):9}{polls(theirs):8}{ratio:6.2f}{shown}{gap_min:9.1f}"


def _median(told: Sequence[Told]) -> float:
    return quantile(told, 0.5)


def _p95(told: Sequence[Told]) -> float:
    return quantile(told, 0.95)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    for name, local in WEEKS.items():
        begins = local.astimezone(UTC)
        feeds = sources(count, begins - WARM_UP - BEFORE, begins + WEEK)
        started_s = time.process_time()
        ours = by_rhythm(feeds, begins)
        spent_s = time.process_time() - started_s
        theirs = every_quarter(feeds, begins)
        print(f"\nThe week in which {name}, from {local:%Y-%m-%d}: by rhythm, and every fifteen minutes")
        titles = f"{'polls':>9}{'':8}{'':6}{'mean':>14}{'median':>14}{'p95':>14}{'longest':>9}"
        print(f"{'':24}{'feeds':>6}{'entries':>9}{titles}")
        for kind in KINDS:
            chosen = [number for number, feed in enumerate(feeds) if feed.kind is kind]
            print(_line(kind.name, [ours[number] for number in chosen], [theirs[number] for number in chosen]))
        print(_line("all", ours, theirs))
        some = feeds[:: max(1, len(feeds) // _STORED)]
        with tempfile.TemporaryDirectory() as folder:
            print(
                _line(
                    "a few, in a database",
                    in_a_database(some, begins, begins + WEEK, Path(folder)),
                    every_quarter(some, begins),
                )
            )
        print(f"delays and longest time between two polls of a feed in minutes; {spent_s:.0f} s of CPU")


if __name__ == "__main__":
    main()
