"""Fit the weights of `monitor.stories.likeness` on the tuning sets: `python -m tests.monitor.stories.fit` prints them.

A logistic regression by Newton's method (Bishop, Pattern Recognition and Machine Learning, 4.3.3) with a ridge, on the
pairs of articles of a set that are no copies, of two houses, and not more than a day and a half apart.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from datetime import timedelta
from itertools import combinations
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from monitor.stories import counted, features_of, weigh
from monitor.stories.likeness import evidence, is_copy
from tests.monitor.stories.judged import TUNING, at, read_set

if TYPE_CHECKING:
    from collections.abc import Sequence

_APART = timedelta(hours=36)
_RIDGE = 2.0
_ROUNDS = 25
Pair = tuple[tuple[float, ...], bool]


def pairs(name: str) -> list[Pair]:
    """Return what speaks for and against one event, and whether it is one, for the pairs of a set."""
    articles = [one for one in read_set(sorted(TUNING.glob(f"{name}_*.yaml"))) if one["kind"] == "article"]
    counts: Counter[str] = Counter()
    made = []
    for one in articles:
        features = features_of(one["title"], one["lead"], one["body"])
        made.append(weigh(features, counts))
        counts.update(("", *counted(features)))
    found = []
    for (one, mine), (other, theirs) in combinations(zip(articles, made, strict=True), 2):
        apart = at(other) - at(one)
        if apart <= _APART and one["house_url"] != other["house_url"] and not is_copy(mine, theirs):
            found.append((evidence(mine, theirs, apart), one["story"] == other["story"]))
    return found


def fit(rows: Sequence[Pair]) -> list[float]:
    """Return the weights, the bias first."""
    columns = list(zip(*(evidence for evidence, _ in rows), strict=True))
    means, spreads = [fmean(column) for column in columns], [pstdev(column) or 1.0 for column in columns]
    points = [
        [1.0, *((value - mean) / spread for value, mean, spread in zip(one, means, spreads, strict=True))]
        for one, _ in rows
    ]
    size = len(columns) + 1
    weights = [0.0] * size
    for _ in range(_ROUNDS):
        slope = [-_RIDGE * weight if number else 0.0 for number, weight in enumerate(weights)]
        bend = [[_RIDGE * (row == column and row > 0) for column in range(size)] for row in range(size)]
        for point, (_, is_event) in zip(points, rows, strict=True):
            likely = 1 / (1 + math.exp(-sum(map(float.__mul__, weights, point))))
            spread = likely * (1 - likely)
            for row in range(size):
                slope[row] += (is_event - likely) * point[row]
                for column in range(size):
                    bend[row][column] += spread * point[row] * point[column]
        weights = [weight + step for weight, step in zip(weights, solved(bend, slope), strict=True)]
    raw = [weight / spread for weight, spread in zip(weights[1:], spreads, strict=True)]
    return [weights[0] - sum(map(float.__mul__, raw, means)), *raw]


def solved(matrix: list[list[float]], values: list[float]) -> list[float]:
    """Solve a system of linear equations by elimination; the matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, values, strict=True)]
    for pivot, row in enumerate(rows):
        for other in rows:
            if other is not row:
                factor = other[pivot] / row[pivot]
                other[:] = [mine - factor * theirs for mine, theirs in zip(other, row, strict=True)]
    return [row[-1] / row[number] for number, row in enumerate(rows)]


if __name__ == "__main__":
    names = sys.argv[1:] or list("abcdefghi")
    print([round(weight, 3) for weight in fit([pair for name in names for pair in pairs(name)])])  # noqa: T201  a script
