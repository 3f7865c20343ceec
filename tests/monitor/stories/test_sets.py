"""Grouping is judged on two sets of French articles written for it, on which no weight was fitted."""

from __future__ import annotations

from contextlib import closing
from functools import reduce
from operator import add
from pathlib import Path

import pytest

from monitor.store import Store
from tests.monitor.stories.judged import SETS, Judged, group, read_set, scores

pytestmark = pytest.mark.untraced  # two minutes when traced, and nothing that other tests do not reach

_SETS = {name: sorted(SETS.glob(f"{name}_*.yaml")) for name in ("j", "k")}
_ARTICLES, _STORIES = 300, 60  # at least
_PRECISION = 0.99
_RECALL = 0.90


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Judged]]:
    """Each set, grouped in a store of its own in the order of publication."""
    return {name: grouped(files, tmp_path_factory.mktemp(name)) for name, files in _SETS.items()}


def grouped(files: list[Path], folder: Path) -> list[Judged]:
    articles = read_set(files)
    with closing(Store.open(str(folder / "veille.db"))) as store:
        return group(store, articles)


def test_stories_are_grouped_with_hardly_a_wrong_merge(judged: dict[str, list[Judged]]) -> None:
    by_set = {name: scores(articles) for name, articles in judged.items()}
    for name, found in by_set.items():
        print(f"set {name}: {len(judged[name])} articles, {found}")  # noqa: T201  shown with -s: how each fares
    overall = reduce(add, by_set.values())

    assert sum(map(len, judged.values())) >= _ARTICLES
    assert len({one.truth for articles in judged.values() for one in articles}) >= _STORIES
    assert overall.precision >= _PRECISION, overall
    assert overall.recall >= _RECALL, overall


def test_live_blogs_and_press_reviews_stay_alone(judged: dict[str, list[Judged]]) -> None:
    for articles in judged.values():
        sizes = [one.found for one in articles]
        apart = [one.title for one in articles if one.kind != "article" and sizes.count(one.found) > 1]

        assert apart == []
