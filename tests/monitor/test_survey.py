"""The stored articles are judged again, by this process or by several."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import survey as module
from monitor.clock import SystemClock
from monitor.errors import StoreError, VeilleError
from monitor.store import Store
from monitor.survey import Survey, survey
from tests.monitor.archive import fill, store_article
from tests.monitor.review.samples import pack, rule

NOW = SystemClock().now()
SINCE = NOW - timedelta(days=30)
RULES = pack(rule("lune"), rule("mars"))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Six articles of six days, in batches of two."""
    monkeypatch.setattr(module, "_BATCH", 2)
    path = str(tmp_path / "veille.db")
    with closing(Store.open(path)) as store:
        fill(store, RULES, ["La lune", "Rien", "Mars", "Lune et mars", "Rien", "La lune"], until=NOW, days=6)
    return path


def found(result: Survey) -> list[tuple[str, int]]:
    return [(outcome.rule, outcome.article) for outcome in result.outcomes]


def test_every_article_of_the_period_is_judged_once_in_order(database: str) -> None:
    result = survey(database, [RULES], since=SINCE)

    assert [("lune", 1), ("mars", 3), ("lune", 4), ("mars", 4), ("lune", 6)] == found(result)
    assert (6, None) == (result.span.count, result.seen)


def test_older_articles_are_left_out(database: str) -> None:
    assert [("lune", 4), ("mars", 4), ("lune", 6)] == found(survey(database, [RULES], since=NOW - timedelta(days=3.5)))


def test_several_processes_find_the_same(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = survey(database, [RULES], since=SINCE, jobs=1, patterns=True)
    monkeypatch.setattr(module, "_WORTH_A_PROCESS", 1)
    together = survey(database, [RULES], since=SINCE, jobs=2, patterns=True)

    assert alone == together
    assert {"lune", "mars"} == {pattern.text for pattern in together.seen or ()}


def test_few_articles_start_no_process(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "get_context", pytest.fail)

    assert 5 == len(survey(database, [RULES], since=SINCE, jobs=8).outcomes)


def test_it_is_told_how_far_it_is(database: str) -> None:
    told: list[tuple[int, int]] = []
    survey(database, [RULES], since=SINCE, progress=lambda done, total: told.append((done, total)))

    assert [(2, 6), (4, 6), (6, 6)] == told


def test_what_kept_no_text_is_not_judged(tmp_path: Path) -> None:
    path = str(tmp_path / "veille.db")
    with closing(Store.open(path)) as store:
        store_article(store, RULES, "un", "La lune", at=NOW - timedelta(days=1), keep_text=False)
    result = survey(path, [RULES], since=SINCE)

    assert ([], 0, 1) == (found(result), result.span.count, result.span.withheld)


def test_an_empty_log_gives_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "veille.db")
    Store.open(path).close()

    assert [] == found(survey(path, [RULES], since=SINCE))


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such database"):
        survey(str(tmp_path / "rien.db"), [RULES], since=SINCE)


def test_what_a_process_cannot_read_is_told_here(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_A_PROCESS", 1)
    shares = [module._Work(f"{database}-rien", (RULES,), SINCE, ((1, 6),), patterns=False)]

    with pytest.raises(StoreError, match="no such database"):
        list(module._in_processes(shares))
    assert [] == multiprocessing.active_children()


def test_a_process_that_is_killed_is_told(database: str) -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.close()

    with pytest.raises(VeilleError, match="was killed; try again with --jobs 1"):
        module._received(ours)
    ours.close()


def test_processes_end_with_who_waits_for_them(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [module._Work(database, (RULES,), SINCE, ((1, 2),) * 500, patterns=False)]
    coming = module._in_processes(shares)
    next(coming)
    coming.close()

    assert [] == multiprocessing.active_children()


def test_judging_writes_nothing(database: str) -> None:
    before = Path(database).read_bytes()
    survey(database, [RULES], since=SINCE)

    assert before == Path(database).read_bytes()
    with closing(sqlite3.connect(database)) as log:
        assert (6,) == log.execute("SELECT count(*) FROM article").fetchone()
