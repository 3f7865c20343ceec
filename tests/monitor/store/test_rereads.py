"""Which changed entries are read again, how and when (promises I9, P8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.model import Entry, Reread
from monitor.store.rereads import Known, Requeued, is_mass, plan_rereads
from tests.monitor.store.samples import NOW, entry

KNOWN = Known(1, "Titre un", "Résumé un", None, withheld=False, first_seen_at=NOW, rereads=0, reread_at=None)
DAY = timedelta(days=1)


def planned(known: Known, now: Entry, *, room: int = 9, at: datetime = NOW) -> list[Requeued]:
    return list(plan_rereads([(known, now)], room=room, now=at))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": "Autre titre"}, Reread.PAGE),
        ({"summary": "Autre résumé"}, Reread.PAGE),
        ({"summary": "Résumé  un"}, None),
        ({"updated_at": NOW}, None),  # it had no such date
    ],
)
def test_a_young_entry_that_changed_is_read_again_with_its_page(
    change: dict[str, object], expected: Reread | None
) -> None:
    found = planned(KNOWN, replace(entry("un"), **change))  # type: ignore[arg-type]  # fields by name

    assert [expected] * (expected is not None) == [one.reread for one in found]


@pytest.mark.parametrize(("later", "expected"), [(1, 1), (0, 0), (-1, 0)])
def test_a_later_date_of_the_last_change_is_a_change(later: int, expected: int) -> None:
    known = replace(KNOWN, updated_at=NOW)

    assert expected == len(planned(known, entry("un", updated_at=NOW + timedelta(hours=later))))


@pytest.mark.parametrize(
    ("known", "room"),
    [(replace(KNOWN, withheld=True), 9), (replace(KNOWN, first_seen_at=NOW - 8 * DAY), 9), (KNOWN, 0)],
)
def test_p8_of_old_reserved_and_too_many_entries_only_a_title_is_looked_at(known: Known, room: int) -> None:
    retitled, resumed = entry("un", title="Autre titre"), entry("un", summary="Autre résumé")

    assert [Reread.TITLE] == [one.reread for one in planned(known, retitled, room=room)]
    assert [] == planned(known, resumed, room=room)


def test_p8_what_may_be_asked_for_in_a_day_is_counted() -> None:
    changed = [(replace(KNOWN, id=n), entry("un", title="Autre titre")) for n in range(3)]

    assert [Reread.PAGE, Reread.PAGE, Reread.TITLE] == [one.reread for one in plan_rereads(changed, room=2, now=NOW)]


def test_p8_each_further_change_waits_longer() -> None:
    at = NOW
    due = []
    known = KNOWN
    for number in range(8):
        [one] = planned(known, entry("un", title=f"Titre {number}"), at=at)
        due.append(one.due_at - at)
        at = one.due_at
        known = replace(known, rereads=number + 1, reread_at=at)
    hours = [wait.total_seconds() / 3600 for wait in due]

    assert [0, 0.25, 1, 4, 12, 24, 24] == hours[:7]


def test_a_wait_that_is_over_is_none() -> None:
    known = replace(KNOWN, rereads=2, reread_at=NOW - DAY)

    assert [NOW] == [one.due_at for one in planned(known, entry("un", title="Autre titre"))]


@pytest.mark.parametrize(("changed", "known", "mass"), [(5, 5, False), (6, 11, True), (6, 12, False)])
def test_p8_too_many_changes_at_once_are_the_feeds_own(changed: int, known: int, mass: object) -> None:
    assert is_mass(changed, known) is mass
