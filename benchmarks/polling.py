"""What polling and reading cost, beside reader, a bare GET and bare extraction: the goals as ratios, in one run.

`python -m benchmarks.polling [--quick]`. The sites are served by a process of their own on loopback; CPU is user and
system seconds of the whole tree of processes that is measured; each figure is the median of its rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.backtest import fill
from benchmarks.contenders import contender
from benchmarks.press import press, site

_CLOSED_PORT = 9
_SETTLE_S = 15.0
_IDLE_S = 30.0
_MORE = 3  # new entries on each site, for the articles
_HELPS = 5
_FEW = 200  # feeds; more than are kept connected, as of many


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    feeds: int
    many_feeds: int
    due: int
    stored: tuple[int, int]


FULL = Size(rounds=3, feeds=1000, many_feeds=5000, due=50_000, stored=(1000, 100_000))
QUICK = Size(rounds=1, feeds=100, many_feeds=1000, due=10_000, stored=(1000, 10_000))


@dataclass
class Figures:
    """What was measured, by name, a value for each round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Keep the figure of a round."""
        self.values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> float:
        return statistics.median(self.values[name])

    def ratio(self, name: str, of: str) -> float:
        """Return the median of the rounds' ratios: what was measured side by side is compared."""
        return statistics.median(a / b for a, b in zip(self.values[name], self.values[of], strict=True))


def polls(figures: Figures, folder: Path, size: Size) -> None:
    """Each contender polls the same feeds: for the first time, unchanged, and with one new entry."""
    with press(size.feeds) as port:
        go = partial(contender, port=port, sites=size.feeds)
        with go("bare", folder / "bare") as bare:
            bare.do("poll")
            figures.add("bare 304", bare.do("poll")["cpu_s"] / size.feeds)
        with go("veille", folder / "veille") as veille:
            figures.add("cold", _all_ok(veille.do("poll"), size.feeds)["cpu_s"] / size.feeds)
            figures.add("304", veille.do("poll")["cpu_s"] / size.feeds)
            _publish(port)
            figures.add("one new", veille.do("poll")["cpu_s"] / size.feeds)
        with go("reader", folder / "reader") as reader:
            figures.add("reader cold", reader.do("poll")["cpu_s"] / size.feeds)
            figures.add("reader 304", reader.do("poll")["cpu_s"] / size.feeds)
        few = max(50, size.feeds // 5)
        with contender("veille", folder / "plain", port=port, sites=few, path="/plain.xml") as veille:
            _all_ok(veille.do("poll"), few)
            figures.add("same", veille.do("poll")["cpu_s"] / few)
        with contender("reader", folder / "reader plain", port=port, sites=few, path="/plain.xml") as reader:
            reader.do("poll")
            figures.add("reader same", reader.do("poll")["cpu_s"] / few)


def articles(figures: Figures, folder: Path, size: Size) -> None:
    """Pages through the whole way, beside the same page in two children and nothing else."""
    sites = size.feeds // 5
    with press(sites) as port:
        with contender("extraction", folder / "extraction", port=port, sites=sites * _MORE) as bare:
            figures.add("bare pages/s", sites * _MORE / bare.do("read")["wall_s"])
        for name, stored in zip(("article", "article, many stored"), size.stored, strict=True):
            at = folder / name
            at.mkdir()
            fill(str(at / "veille.db"), stored)
            with contender("veille", at, port=port, sites=sites) as veille:
                veille.do("poll")
                _publish(port)
                veille.do("poll")
                veille.do("read")  # until the children are there
                for _ in range(_MORE):
                    _publish(port)
                before = veille.do("poll")["read"]
                told = veille.do("read")
                figures.add(name, told["cpu_s"] / (told["read"] - before))
                if stored == size.stored[0]:
                    figures.add("pages/s", (told["read"] - before) / told["wall_s"])


def growth(figures: Figures, folder: Path, size: Size) -> None:
    """The same poll among few feeds and among many."""
    with press(size.many_feeds) as port:
        for name, sites in (("few feeds", _FEW), ("many feeds", size.many_feeds)):
            with contender("veille", folder / name, port=port, sites=sites) as veille:
                veille.do("know")
                veille.do("poll")
                figures.add(name, veille.do("poll")["cpu_s"] / sites)


def tick(figures: Figures, folder: Path, size: Size) -> None:
    """Every feed is due at once, each on a host of its own that refuses."""
    with contender("veille", folder / "tick", port=_CLOSED_PORT, sites=size.due) as veille:
        figures.add("stall ms", veille.do("live")["stall_ms"])


def idle(figures: Figures, folder: Path, size: Size) -> None:
    """A daemon with nothing to do."""
    at = folder / "idle"
    with contender("veille", at, port=_CLOSED_PORT, sites=size.many_feeds) as veille:
        veille.do("rest")
    with subprocess.Popen([sys.executable, "-m", "monitor", "run"], cwd=at, stderr=subprocess.DEVNULL) as daemon:
        time.sleep(_SETTLE_S)
        before_s = processes.cpu_s(daemon.pid)
        time.sleep(_IDLE_S)
        figures.add("idle %", 100 * (processes.cpu_s(daemon.pid) - before_s) / _IDLE_S)
        figures.add("parent MB", processes.memory_mb(daemon.pid))
        figures.add("tree MB", sum(map(processes.memory_mb, processes.tree(daemon.pid))))
        daemon.terminate()


def helps(figures: Figures) -> None:
    """What it costs to ask the program what it can do."""
    for _ in range(_HELPS):
        child = subprocess.Popen([sys.executable, "-m", "monitor", "--help"], stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
        figures.add("help ms", 1000 * (used.ru_utime + used.ru_stime))


def _all_ok(told: dict[str, Any], feeds: int) -> dict[str, Any]:
    """Return what a contender told, or end: what did not work was not measured."""
    if told["ok"] != feeds:
        raise SystemExit(f"{feeds - told['ok']} of {feeds} feeds could not be polled")
    return told


def _publish(port: int) -> None:
    urllib.request.urlopen(f"http://{site(0)}:{port}/more", timeout=10).close()


@dataclass(frozen=True)
class Goal:
    """A line of the table: what, at most (or at least) how much, and how much it is."""

    what: str
    goal: float
    measured: Callable[[Figures], float]
    is_least: bool = False

    def row(self, figures: Figures) -> tuple[str, str, str, str]:
        """Return it with what was measured."""
        value = self.measured(figures)
        sign, is_met = ("≥", value >= self.goal) if self.is_least else ("≤", value <= self.goal)
        return self.what, f"{sign} {self.goal:g}", f"{value:.3g}", "yes" if is_met else "no"


GOALS = (
    Goal("304: CPU against reader's", 0.5, lambda f: f.ratio("304", "reader 304")),
    Goal("304: CPU against a bare GET on the same transport", 1.3, lambda f: f.ratio("304", "bare 304")),
    Goal("same bytes, no validators: CPU against our 304", 1.5, lambda f: f.ratio("same", "304")),
    Goal("same bytes, no validators: CPU against reader's", 0.08, lambda f: f.ratio("same", "reader same")),
    Goal("cold poll: CPU against reader's", 0.6, lambda f: f.ratio("cold", "reader cold")),
    Goal("one new entry of 30: CPU against our cold poll", 0.25, lambda f: f.ratio("one new", "cold")),
    Goal("all feeds due at once: longest stall, ms", 50, lambda f: f["stall ms"]),
    Goal("pages a second against bare extraction", 0.85, lambda f: f.ratio("pages/s", "bare pages/s"), is_least=True),
    Goal("CPU of a 304 among many feeds against few", 1.15, lambda f: f.ratio("many feeds", "few feeds")),
    Goal("CPU of an article, many stored against 1,000", 1.15, lambda f: f.ratio("article, many stored", "article")),
    Goal("idle daemon: % of a core", 1.5, lambda f: f["idle %"]),
    Goal("idle daemon: parent, MB", 80, lambda f: f["parent MB"]),
    Goal("idle daemon: the whole tree, MB", 250, lambda f: f["tree MB"]),
    Goal("`veille --help`: CPU ms", 150, lambda f: f["help ms"]),
)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    size = QUICK if "--quick" in sys.argv else FULL
    figures = Figures()
    for number in range(size.rounds):
        for measure in (polls, articles):
            with tempfile.TemporaryDirectory() as folder:
                measure(figures, Path(folder), size)
        print(f"round {number + 1} of {size.rounds} is done", file=sys.stderr)
    for measure in (growth, tick, idle):
        with tempfile.TemporaryDirectory() as folder:
            measure(figures, Path(folder), size)
    helps(figures)
    print(table([("what", "goal", "measured", "met"), ("---",) * 4, *(goal.row(figures) for goal in GOALS)]))
    per_feed = ("304", "bare 304", "reader 304", "same", "reader same", "one new", "cold", "reader cold")
    per_article = ("article", "article, many stored")
    print()
    costs = [(name, f"{figures[name] * 1000:.2f}") for name in (*per_feed, *per_article)]
    print(table([("CPU of one, ms", ""), ("---", "---"), *costs]))


if __name__ == "__main__":
    main()
