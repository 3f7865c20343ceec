"""`veille poll` on the real feeds of the corpus: nothing crashes, and each failure has a name."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from monitor.errors import Reason
from monitor.settings import PREFIX
from tests.acceptance.child import ROOT
from tests.acceptance.corpus import CORPUS, CorpusFeed, CorpusServer, feeds, host

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real feeds is not here"),
]

FULL = bool(os.environ.get("ACCEPTANCE_FULL"))
SAMPLE = 60
_EVER_H = "300000"  # so that every dated entry is read, however old the corpus is
_UNNAMED = frozenset({Reason.WORKER_CRASHED, Reason.WORKER_CPU, Reason.WORKER_MEMORY, Reason.CONNECTION})


def _chosen() -> list[CorpusFeed]:
    """Return every feed, or some from all over the corpus."""
    whole = feeds()
    return whole if FULL else whole[:: max(1, len(whole) // SAMPLE)][:SAMPLE]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[CorpusServer, list[CorpusFeed]]]:
    chosen = _chosen()
    server = CorpusServer(chosen)
    yield server, chosen
    server.close()


def _poll(folder: Path, urls: list[str]) -> dict[str, Any]:
    (folder / "feeds.txt").write_text("\n".join(urls), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {
        "FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
        "PAGE_INTERVAL_S": "0",
        "BASELINE_MAX_AGE_H": _EVER_H,
        "LOG_LEVEL": "error",
    }
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "poll", "--feeds", "feeds.txt", "--db", "veille.db", "--all", "--json"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **{PREFIX + name: value for name, value in ours.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr[-4000:]
    assert "Traceback" not in done.stderr
    return dict(json.loads(done.stdout))


def _entries(folder: Path) -> dict[str, int]:
    """Return how many entries each feed gave."""
    with closing(sqlite3.connect(folder / "veille.db")) as log:
        rows = log.execute("SELECT f.url, count(e.id) FROM feed f LEFT JOIN entry e ON e.feed_id = f.id GROUP BY f.url")
        return dict(rows.fetchall())


def test_every_feed_is_polled_and_each_failure_is_named(
    served: tuple[CorpusServer, list[CorpusFeed]], tmp_path: Path
) -> None:
    server, chosen = served
    summary = _poll(tmp_path, [server.url(feed) for feed in chosen])
    failures = {failure["feed"]: failure for failure in summary["failures"]}
    counted = _entries(tmp_path)
    expected = {server.url(feed): feed.expected["entries"] for feed in chosen if feed.expected}
    short = {url: (counted[url], wanted) for url, wanted in expected.items() if counted[url] != wanted}
    _tell(summary, expected=len(expected), short=short)

    assert len(chosen) == sum(summary["feeds"].values())
    assert [] == [one for one in failures.values() if not one["error"] or one["reason"] in _UNNAMED]
    assert [] == [url for url in short if url in failures and expected[url]]
    assert sum(summary["articles"].values()) + summary["postponed"] > 0
    assert len(short) <= len(expected) * 0.05


def _tell(summary: dict[str, Any], *, expected: int, short: dict[str, tuple[int, int]]) -> None:
    """Print the figures; pytest shows them with -s."""
    figures = {name: value for name, value in summary.items() if name != "failures"}
    reasons = Counter(failure["reason"] for failure in summary["failures"])
    sys.stdout.write(f"\n{json.dumps(figures)}\n{dict(reasons)}\n{expected - len(short)} of {expected} as expected\n")
    sys.stdout.writelines(f"{url}: {found} of {wanted}\n" for url, (found, wanted) in short.items())


def test_the_server_sends_links_to_itself(served: tuple[CorpusServer, list[CorpusFeed]]) -> None:
    server, chosen = served
    bodies = [_get(server.url(feed)) for feed in chosen[:5]]

    assert any(f":{server.port}/".encode() in body for body in bodies)


def test_the_server_has_a_page_at_every_path_and_no_robots(served: tuple[CorpusServer, list[CorpusFeed]]) -> None:
    server, _ = served
    site = f"http://{host('journal.example')}:{server.port}"

    assert b"<" in _get(f"{site}/politique/article.html")

    with pytest.raises(HTTPError, match="404"):
        _get(f"{site}/robots.txt")


def _get(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:  # noqa: S310  our own server
        return bytes(answer.read())
