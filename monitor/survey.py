"""The stored articles of a period, read in batches and judged again by several processes.

Each process opens the database by itself, read-only, and reads ranges of article numbers in turn: never is more than
one batch of texts in memory. What `review` decides on comes back; the texts do not.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING, TypeAlias

from monitor.errors import VeilleError
from monitor.review import Judge, Outcome
from monitor.store import ArchiveSpan, Store
from rules.types import Pack, Pattern

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["DEFAULT_JOBS", "Survey", "survey"]

_BATCH = 250  # articles read at once: a few megabytes
_WORTH_A_PROCESS = 2_000  # articles judged in about the time that a process takes to start
_MOST_JOBS = 8

DEFAULT_JOBS = min(_MOST_JOBS, os.cpu_count() or 1)

_Range: TypeAlias = tuple[int, int]
_Batch: TypeAlias = tuple[int, list[Outcome]]
_Name: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the rules say of the stored articles, in the order these were stored. `seen` is None unless asked for."""

    span: ArchiveSpan
    outcomes: tuple[Outcome, ...]
    seen: frozenset[Pattern] | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process is given."""

    database: str
    packs: tuple[Pack, ...]
    since: datetime
    ranges: tuple[_Range, ...]
    patterns: bool


def survey(
    database: str,
    packs: Sequence[Pack],
    *,
    since: datetime,
    jobs: int = DEFAULT_JOBS,
    patterns: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Judge the stored articles of a period by one set of rules, or by two side by side.

    Args:
        database: the setting of that name.
        packs: the sets.
        since: articles first seen then or later.
        jobs: how many processes at most; few articles are judged in this one.
        patterns: note which patterns were seen.
        progress: is told how many articles were judged, and of how many.

    Raises:
        StoreError: the database cannot be read.
    """
    with closing(Store.open(database, create=False, read_only=True)) as store:
        span = store.archive_span(since=since)
    ranges = [
        (first, min(first + _BATCH - 1, span.last_id)) for first in range(span.first_id, span.last_id + 1, _BATCH)
    ]
    jobs = max(1, min(jobs, len(ranges), span.count // _WORTH_A_PROCESS))
    shares = [_Work(database, tuple(packs), since, tuple(ranges[number::jobs]), patterns) for number in range(jobs)]
    outcomes: list[Outcome] = []
    seen: set[_Name] = set()
    done = 0
    for result in _judged(shares[0]) if jobs == 1 else _in_processes(shares):
        if isinstance(result, frozenset):
            seen |= result
            continue
        count, found = result
        outcomes += found
        done += count
        if progress is not None:
            progress(done, span.count)
    every = {(str(p.kind), p.text): p for pack in packs for rule in pack.rules for t in rule.terms for p in t.patterns}
    met = frozenset(every[name] for name in seen if name in every) if patterns else None
    return Survey(span, tuple(sorted(outcomes, key=lambda outcome: outcome.article)), met)


def _judged(work: _Work) -> Iterator[_Batch | frozenset[_Name]]:
    """Yield what was found in each range, and at the end the patterns that were seen."""
    judge = Judge(work.packs)
    seen: set[Pattern] | None = set() if work.patterns else None
    with closing(Store.open(work.database, create=False, read_only=True)) as store:
        for first, last in work.ranges:
            articles = store.read_archive(first, last, since=work.since)
            yield len(articles), [outcome for article in articles for outcome in judge.judge(article, seen)]
    # by name: what a pattern hashes to differs from process to process
    yield frozenset((str(pattern.kind), pattern.text) for pattern in seen or ())


def _in_processes(shares: Sequence[_Work]) -> Generator[_Batch | frozenset[_Name], None, None]:
    """Give each share to a process of its own, and yield what they find as it comes."""
    context = get_context("spawn")  # a fork would take along whatever threads this process has
    processes = []
    open_: list[Connection] = []
    try:
        for share in shares:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(share, theirs), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            open_.append(ours)
        while open_:
            for ready in connection.wait(open_):
                result = _received(ready)  # type: ignore[arg-type]  # they are the connections it was given
                if result is None:
                    open_.remove(ready)  # type: ignore[arg-type]  # as above
                elif isinstance(result, VeilleError):
                    raise result
                else:
                    yield result
    finally:
        for ours in open_:
            ours.close()
        for process in processes:
            if open_:
                process.terminate()
            process.join()


def _received(ready: Connection) -> _Batch | frozenset[_Name] | VeilleError | None:
    """Return what a process sent, or None: it has done its share.

    Raises:
        VeilleError: it ended before that.
    """
    try:
        result: _Batch | frozenset[_Name] | VeilleError | None = ready.recv()
    except EOFError:
        raise VeilleError("a process that judged articles was killed; try again with --jobs 1") from None
    return result


def _work(share: _Work, results: Connection) -> None:
    """Do a share in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits: it ends this process
    try:
        for result in _judged(share):
            results.send(result)
    except VeilleError as error:
        results.send(error)
        return
    except BrokenPipeError:
        return
    results.send(None)
