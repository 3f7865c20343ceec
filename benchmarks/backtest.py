"""`veille rules backtest` over a log of many stored articles: articles a second, by processes.

`python -m benchmarks.backtest [ARTICLES]`, 100,000 unless said. The log is made first, in a temporary folder: the
graded articles of the tests are stored, then their rows are copied until there are enough. Nothing is remembered from
one article to the next, so that copies cost what others would.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rules
from benchmarks.rules import articles, one_liners
from monitor.store import Store
from monitor.survey import survey
from tests.monitor.archive import store_article

NOW = datetime(2026, 11, 26, tzinfo=UTC)
_RULES = 50
_ARTICLES = 100_000
_GOAL_S = 60


def fill(database: str, count: int) -> None:
    """Make a log of as many articles."""
    texts = articles()
    nothing = rules.Pack()
    with closing(Store.open(database)) as store:
        for number, text in enumerate(texts):
            body = f"{text.lead}\n\n{text.body}"
            store_article(store, nothing, f"a{number}", text.title, at=NOW - timedelta(minutes=number), body=body)
    with closing(sqlite3.connect(database)) as connection:
        for table in ("entry", "article"):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            moved = {"id": "id + :by", "entry_id": "entry_id + :by"} if table == "article" else {"id": "id + :by"}
            values = ", ".join(moved.get(name, name) for name in names)
            for by in range(len(texts), count, len(texts)):
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE id <= :kept",  # noqa: S608  our own names
                    {"by": by, "kept": min(len(texts), count - by)},
                )
        connection.commit()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _ARTICLES
    bundled = rules.bundled()
    more = rules.load_pack([("more.txt", one_liners(_RULES - len(bundled.rules)))]).rules
    pack = rules.Pack(bundled.entities, (*bundled.rules, *more))
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "veille.db")
        fill(database, count)
        print(f"{count} stored articles, {len(pack.rules)} rules, {len(pack.entities)} entities")
        base = None
        for jobs in (1, 2):
            started = time.monotonic()
            found = survey(database, [pack], since=NOW - timedelta(days=31), jobs=jobs)
            spent = time.monotonic() - started
            base = base or spent
            print(
                f"  {jobs} process{'es' * (jobs > 1):2} {spent:7.1f} s, {found.span.count / spent:7.0f} articles/s,"
                f" ratio {spent / base:.2f}; {len(found.outcomes)} matches and near misses"
            )
    print(f"  goal: 100,000 articles in {_GOAL_S} s by 2 processes, that is {_ARTICLES // _GOAL_S} a second")


if __name__ == "__main__":
    main()
