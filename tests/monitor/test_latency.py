from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.latency import LEGS, legs, percentile

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_every_leg_is_what_lies_between_two_instants() -> None:
    found = legs(published_at=after(-840), seen_at=NOW, read_at=after(25), matched_at=after(27), delivered_at=after(30))

    assert dict(zip(LEGS, (840.0, 25.0, 2.0, 3.0), strict=True)) == found


@pytest.mark.parametrize(
    "published_at",
    [None, after(1), NOW - timedelta(days=31), datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)],
    ids=["unknown", "future", "old", "year 1", "year 9999"],
)
def test_i10_an_absurd_publication_date_is_an_unknown_one(published_at: datetime | None) -> None:
    assert {"seen_to_read": 5.0} == legs(published_at=published_at, seen_at=NOW, read_at=after(5))


def test_a_leg_with_an_unknown_end_is_unknown() -> None:
    assert {} == legs(published_at=NOW, read_at=after(5), delivered_at=after(9))
    assert {} == legs()


def test_what_was_told_before_the_page_was_read_is_no_leg_of_negative_length() -> None:
    assert {"matched_to_delivered": 1.0} == legs(read_at=after(60), matched_at=NOW, delivered_at=after(1))


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)

    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)
