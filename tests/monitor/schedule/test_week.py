"""A simulated week: learnt rhythms send fewer requests than every fifteen minutes, and entries are seen sooner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.week import (
    BEFORE,
    POLL_MAX_S,
    WEEK,
    WEEKS,
    by_rhythm,
    every_quarter,
    in_a_database,
    polls,
    quantile,
    sources,
)

pytestmark = pytest.mark.untraced

FEEDS = 25
WARM_UP = timedelta(days=1)


@pytest.mark.parametrize("local", WEEKS.values(), ids=WEEKS)
def test_T7_a_week_of_learnt_rhythms_costs_fewer_requests_and_less_delay_than_a_fixed_interval(
    local: datetime,
) -> None:
    begins = local.astimezone(UTC)
    feeds = sources(FEEDS, begins - WARM_UP - BEFORE, begins + WEEK)

    ours, theirs = by_rhythm(feeds, begins, warm_up=WARM_UP), every_quarter(feeds, begins)

    assert polls(ours) < 0.95 * polls(theirs)
    assert quantile(ours, 0.5) < 0.6 * quantile(theirs, 0.5)
    assert quantile(ours, 0.95) < 0.95 * quantile(theirs, 0.95)
    assert max(told.longest_gap_s for told in ours) <= POLL_MAX_S
    assert min(told.polls for told in ours) >= WEEK.total_seconds() / POLL_MAX_S


def test_T7_no_entry_is_missed_and_no_feed_forgotten_over_the_night_on_which_clocks_go_back(tmp_path: Path) -> None:
    begins, ends = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC)
    feeds = sources(7, begins - BEFORE, ends)

    told = in_a_database(feeds, begins, ends, tmp_path)

    owed = [len(feed.listed(begins, ends - timedelta(seconds=POLL_MAX_S))) for feed in feeds]
    assert all(len(one.delays_s) >= count for one, count in zip(told, owed, strict=True))
    assert max(one.longest_gap_s for one in told) <= POLL_MAX_S + 30
