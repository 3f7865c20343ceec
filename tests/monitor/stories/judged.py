"""The judged sets, fed to the real store one article after the other, as `read_article` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from monitor.links import site_of
from monitor.model import Article, Completeness, Entry, EntryId, Feed, Lane, PollOutcome, PollResult
from monitor.store import Store
from monitor.stories import assign, counted, features_of, kind_of, search_of, weigh

PARSED = PollOutcome(PollResult.PARSED)
SETS = Path(__file__).parent / "sets"
TUNING = Path(__file__).parent / "tuning"


@dataclass(frozen=True)
class Judged:
    """An article of a set, and the story that it was found to be of."""

    id: str
    truth: str
    kind: str
    found: str
    title: str


@dataclass(frozen=True)
class Scores:
    """How pairs of articles were judged."""

    right: int  # found to be one story, and they are
    wrong: int  # found to be one story, and are not
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __add__(self, other: Scores) -> Scores:
        return Scores(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.4f}, recall {self.recall:.4f} "
            f"({self.right} right, {self.wrong} wrong, {self.missed} missed)"
        )


def read_set(paths: list[Path]) -> list[dict[str, Any]]:
    """Return the articles of a set, the oldest first."""
    articles = [one for path in paths for one in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return sorted(articles, key=lambda one: (at(one), one["id"]))


def at(one: dict[str, Any]) -> datetime:
    """Return when an article was published."""
    when = one["published_at"]
    when = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def group(store: Store, articles: list[dict[str, Any]]) -> list[Judged]:
    """Group articles in a store."""
    start = at(articles[0])
    urls = {one["house_url"].rstrip("/") for one in articles}
    store.sync_feeds([Feed(f"{url}/rss") for url in sorted(urls)], now=start)
    feeds = {url: store.feed(f"{url}/rss").id for url in urls}
    judged = []
    for one in articles:
        now, home = at(one), one["house_url"].rstrip("/")
        article = Article(
            url=f"{home}/{one['id']}",
            title=one["title"],
            lead=one["lead"],
            body=one["body"],
            language="fr",
            published_at=now,
            authors=(),
            completeness=Completeness.FULL,
            extractor="feed",
            text_sha256="0" * 64,
            outlet=one["outlet"],
            wire=one.get("wire"),
        )
        key = f"l:{article.url}"
        entry = Entry((key,), None, article.url, article.title, "", published_at=now)
        store.record_poll(feeds[home], PARSED, [entry], next_due_at=now, now=now, baseline_max_age_s=86_400)
        (claim,) = store.claim_entries(now=now, owner="moi", lease_s=60, limit=1, lane=Lane.FAST)
        found = put(store, article, claim.id, house=site_of(home), now=now)
        judged.append(Judged(one["id"], one["story"], one["kind"], found, article.title))
    return judged


def put(store: Store, article: Article, entry: EntryId, *, house: str, now: datetime) -> str:
    """Group one article, and record it."""
    features = features_of(article.title, article.lead, article.body)
    terms = counted(features)
    kind = kind_of(article.title, article.url)
    features = replace(weigh(features, store.term_counts(terms, now=now)), kind=kind)
    key = f"l:{article.url}"
    search = search_of(article, features, entry_key=key, house=house, first_seen_at=now)
    found = store.find_stories(search.keys, own_id=search.own_id, since=search.since, until=search.until)
    alone = partial(assign, article, entry_key=key, house=house, first_seen_at=now)
    assigned = alone(features=features, candidates=found, counted_terms=terms)
    store.record_article(entry, article, story=assigned.story, matches=(), alerts=(), grouped=assigned.grouped, now=now)
    return assigned.story.id


def scores(judged: list[Judged]) -> Scores:
    """Count the pairs."""
    pairs = [(a.truth == b.truth, a.found == b.found) for a, b in combinations(judged, 2)]
    return Scores(
        right=sum(same and found for same, found in pairs),
        wrong=sum(found and not same for same, found in pairs),
        missed=sum(same and not found for same, found in pairs),
    )
