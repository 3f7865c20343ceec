from __future__ import annotations

from datetime import date

from monitor.cli.rules.shared import histogram

DAY = date(2026, 5, 1)


def test_days_without_anything_are_shown_between_others() -> None:
    lines = list(histogram([(DAY, 4), (DAY.replace(day=3), 2)]))

    assert [("2026-05-01", "4", 30), ("2026-05-02", "0", 0), ("2026-05-03", "2", 15)] == [
        (*line.split()[:2], line.count("▇")) for line in lines
    ]


def test_long_gaps_are_left_out() -> None:
    assert 2 == len(list(histogram([(DAY, 4), (DAY.replace(month=6), 2)])))


def test_nothing_has_no_histogram() -> None:
    assert [] == list(histogram([]))
