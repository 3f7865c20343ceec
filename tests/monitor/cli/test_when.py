from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import typer

from monitor.cli.when import instant, local

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 5, 16, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2026-05-16", datetime(2026, 5, 15, 22, tzinfo=UTC)),
        ("2026-01-16 07:30", datetime(2026, 1, 16, 6, 30, tzinfo=UTC)),
        ("2026-05-16T07:30:00Z", datetime(2026, 5, 16, 7, 30, tzinfo=UTC)),
        (" 90m ", NOW - timedelta(minutes=90)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("7d", NOW - timedelta(days=7)),
        ("30s", NOW - timedelta(seconds=30)),
        ("", None),
        (None, None),
    ],
)
def test_instants_are_typed_in_many_ways(typed: str | None, expected: datetime | None) -> None:
    assert expected == instant(typed, PARIS, now=NOW)


def test_how_long_ago_counts_from_the_present() -> None:
    assert instant("1d", PARIS) is not None


@pytest.mark.parametrize("typed", ["hier", "24", "2026-13-01", "99999999999d", "0001-01-01"])
def test_what_is_no_instant_is_refused(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-05-16 07:30"):
        instant(typed, PARIS, now=NOW)


def test_nothing_is_shown_of_no_instant() -> None:
    assert local(None, PARIS) == ""
