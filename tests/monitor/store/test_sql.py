from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from monitor.errors import StoreError
from monitor.store.sql import Instant, Json, chunks, text_of_instant

_DIALECT = sqlite.dialect()
_INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]), min_value=datetime(1, 1, 2))  # noqa: DTZ001  hypothesis adds the zone


@settings(deadline=None)
@given(_INSTANTS)
def test_an_instant_comes_back_as_it_was(instant: datetime) -> None:
    stored = Instant().process_bind_param(instant, _DIALECT)

    assert instant == Instant().process_result_value(stored, _DIALECT)


def test_an_instant_that_another_program_wrote_without_a_zone_is_utc() -> None:
    stored = Instant().process_result_value("2026-05-16 05:00:00.000000", _DIALECT)

    assert datetime(2026, 5, 16, 5, tzinfo=UTC) == stored


@settings(deadline=None)
@given(_INSTANTS, _INSTANTS)
def test_texts_sort_as_instants_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (text_of_instant(one) < text_of_instant(other))


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        text_of_instant(datetime(2026, 5, 16))  # noqa: DTZ001  the point of the test


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_json_comes_back_as_it_was(value: object) -> None:
    stored = Json().process_bind_param(value, _DIALECT)

    assert value == Json().process_result_value(stored, _DIALECT)


@settings(deadline=None)
@given(st.lists(st.integers()), st.integers(min_value=1, max_value=7))
def test_chunks_hold_everything_in_order(values: list[int], size: int) -> None:
    cut = list(chunks(values, size))

    assert values == [value for some in cut for value in some]
    assert all(len(some) <= size for some in cut)


@pytest.mark.parametrize("stored", ["garbage", "", "2026-05-32", 7, b"x" * 5000])
def test_what_is_no_instant_is_told_as_damage(stored: Any) -> None:
    with pytest.raises(StoreError, match=r"damaged: .{1,50} where an instant should be; restore a backup"):
        Instant().process_result_value(stored, _DIALECT)


@pytest.mark.parametrize("stored", ["{", "", 7, "[" * 100_000])
def test_what_is_no_json_is_told_as_damage_without_its_text(stored: Any) -> None:
    with pytest.raises(StoreError, match="damaged: there is something else where JSON should be; restore a backup"):
        Json().process_result_value(stored, _DIALECT)
