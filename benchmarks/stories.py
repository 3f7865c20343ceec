"""Finding the stories that an article may belong to, and writing what finds it, among 1,000 articles and a million.

The stored articles are synthetic: their words follow Zipf's law over a vocabulary of 200,000, their keys are made as
for real ones, and all are of the 72 hours that a lookup spans, so that none is spared. Databases are temporary files.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.likenesses import features_values
from monitor.model import (
    Article,
    ArticleKind,
    Completeness,
    Entry,
    Features,
    Feed,
    Grouped,
    Lane,
    PollOutcome,
    PollResult,
    Story,
)
from monitor.store import Store
from monitor.store.sql import text_of_instant
from monitor.stories import WINDOW, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOW: Final = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
_VOCABULARY: Final = 200_000
_PROBES: Final = 200


def synthetic(rng: random.Random) -> Features:
    """Return the features of an article: a hundred words of its own, the rarest first."""
    ranks = sorted({int(_VOCABULARY ** rng.random()) for _ in range(160)}, reverse=True)[:100]
    terms = tuple((f"mot{rank}", round(math.log(rank + 1), 2)) for rank in ranks)
    words = tuple(term for term, _ in terms)
    numbers = (("7", "mort"), ("23", "blesse"))
    return Features(
        ArticleKind.NEWS, rng.randbytes(16).hex(), rng.randbytes(256), terms, words[:6], words[:20], words[:12], numbers
    )


def fill(path: Path, articles: int, rng: random.Random) -> None:
    """Store articles, each a story of its own; in bulk, for that takes a thousandth of the time."""
    keys: list[tuple[int, str, int]] = []

    def rows() -> Iterator[tuple[int, str, str, str, str, int, str, str]]:
        for number in range(-articles, 0):  # those that are written beside them have the numbers from 1 on
            features = synthetic(rng)
            at = text_of_instant(_NOW - WINDOW * rng.random())
            made = keys_of(features, f"gazette.example/{number}")
            keys.extend((key, at, number) for key in dict.fromkeys(made))
            kept = json.dumps(features_values(features))
            yield number, f"st_{number}", f"titre {number % 500}", "", at, number, json.dumps(made), kept

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        grouped = "article_id, story_id, house, url_key, at, text_id, story_keys, features"
        connection.executemany(f"INSERT INTO grouped ({grouped}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows())  # noqa: S608  names of ours
        connection.execute(
            "INSERT INTO story (id, title, first_seen_at, sources, truncated)"
            " SELECT story_id, 'Un titre', at, '[]', 0 FROM grouped"
        )
        keys.sort()
        connection.executemany("INSERT INTO story_key (key, at, article_id) VALUES (?, ?, ?)", keys)
        connection.commit()


def lookups(path: Path, rng: random.Random) -> tuple[float, float]:
    """Return the median milliseconds of a lookup, and by how many MB the process grew."""
    with closing(Store.open(str(path))) as store:
        took = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(_PROBES):
            features = synthetic(rng)
            began = time.perf_counter()
            store.term_counts([term for term, _ in features.terms], now=_NOW)
            keys = keys_of(features, f"echo.example/{number}")
            store.find_stories(keys, own_id="st_0", since=_NOW - WINDOW, until=_NOW + timedelta(hours=1))
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def writes(path: Path, rng: random.Random) -> float:
    """Return the median milliseconds of CPU that it takes to record an article, with what others find it by.

    What the disk takes is left out: it differs from one write to the next by more than what is measured.
    """
    entries = [
        Entry((f"l:{n}",), None, f"https://echo.example/{n}", "Un titre", "", published_at=_NOW) for n in range(_PROBES)
    ]
    with closing(Store.open(str(path))) as store:
        store.sync_feeds([Feed("https://echo.example/rss")], now=_NOW)
        feed_id = store.feed("https://echo.example/rss").id
        parsed = PollOutcome(PollResult.PARSED)
        store.record_poll(feed_id, parsed, entries, next_due_at=_NOW, now=_NOW, baseline_max_age_s=86_400)
        took = []
        for claim in store.claim_entries(now=_NOW, owner="moi", lease_s=3_600, limit=_PROBES, lane=Lane.FAST):
            article = Article(
                url=f"https://echo.example/{claim.id}",
                title="Un titre",
                lead="",
                body="",
                language="fr",
                published_at=_NOW,
                authors=(),
                completeness=Completeness.FULL,
                extractor="feed",
                text_sha256="0" * 64,
                outlet="L’Écho",
            )
            story = Story(f"st_new{claim.id}", "Un titre", _NOW, ())
            features = synthetic(rng)
            terms = tuple(term for term, _ in features.terms)
            grouped = Grouped("echo.example", "", _NOW, features, keys_of(features, f"echo.example/{claim.id}"), terms)
            began = time.process_time()
            store.record_article(claim.id, article, story=story, matches=(), alerts=(), grouped=grouped, now=_NOW)
            took.append((time.process_time() - began) * 1000)
        return statistics.median(took)


def main() -> None:
    """Print a line for each size, and the ratios of the largest to the smallest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    sizes = parser.parse_args().sizes
    medians, recordings = [], []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "veille.db"
            Store.open(str(path)).close()
            fill(path, size, random.Random(size))  # noqa: S311  the same articles each time
            median, grown = lookups(path, random.Random(7))  # noqa: S311  the same questions each time
            mb = path.stat().st_size / 2**20
            recording = writes(path, random.Random(8))  # noqa: S311  the same articles each time
            medians.append(median)
            recordings.append(recording)
            print(
                f"{size:>9,} articles: {median:6.2f} ms a lookup, {recording:6.2f} ms of CPU a recording, "
                f"{grown:+.1f} MB of memory, {mb:,.0f} MB on disk"
            )
    lookup, recording = medians[-1] / medians[0], recordings[-1] / recordings[0]
    print(f"{sizes[-1]:,} against {sizes[0]:,}: a lookup {lookup:.2f} x, a recording {recording:.2f} x")


if __name__ == "__main__":
    main()
