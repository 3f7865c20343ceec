from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.review import Precision, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    # Newcombe 1998, table I, method 3
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_the_interval_is_wilsons(successes: int, trials: int, expected: tuple[float, float]) -> None:
    assert expected == pytest.approx(wilson(successes, trials), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_holds_the_share(given_: tuple[int, int]) -> None:
    low, high = wilson(*given_)

    assert 0 <= low <= given_[0] / given_[1] + 1e-9
    assert given_[0] / given_[1] - 1e-9 <= high <= 1


def test_nothing_is_known_while_nothing_is_judged() -> None:
    nothing = Precision(0, 0)

    assert (None, None, "none judged") == (nothing.share, nothing.interval, str(nothing))


def test_precision_is_told_with_its_interval() -> None:
    assert "8/10 relevant, 80% (95 %: 49%–94%)" == str(Precision(8, 10))
    assert 0.8 == Precision(8, 10).share
