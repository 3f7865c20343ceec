"""What is told of sources, to whom, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import INCIDENT_LIMIT, Route, Routes, Sifted, Telling, plan_incidents, sift_incidents
from monitor.alerting.matchers import parse_matcher
from monitor.model import AlertType, FeedId, FeedStatus, Incident, IncidentId, IncidentKind, NotificationReason
from monitor.rhythm import Rhythm, begin
from tests.monitor.deliver.samples import EVERYBODY, GAP, GAPS, MOVED, NOW, ROUTES, incident, told_of, well

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FAILING, STILL = NotificationReason.SOURCE_FAILING, NotificationReason.SOURCE_STILL_FAILING
RECOVERED, GAP_TOLD = NotificationReason.SOURCE_RECOVERED, NotificationReason.SOURCE_GAP


def sift(
    *incidents: Incident,
    now: datetime = NOW,
    last_at: Mapping[AlertType, datetime] | None = None,
    gaps_at: Mapping[int, datetime] | None = None,
) -> Sifted:
    return sift_incidents(incidents, last_at=last_at or {}, gaps_at=gaps_at or {}, now=now)


def told(*incidents: Incident, now: datetime = NOW) -> dict[NotificationReason, list[int]]:
    return {telling.reason: [each.id for each in telling.incidents] for telling in sift(*incidents, now=now).tellings}


def failing(number: int = 7, *, polls: int = 5, for_: timedelta = 3 * HOUR, **changes: object) -> Incident:
    made = replace(incident(number=number, began_at=NOW - for_), **changes)  # type: ignore[arg-type]  # fields by name
    return standing(made, failures=polls)


def standing(one: Incident, **changes: object) -> Incident:
    return replace(one, source=replace(one.source, **changes))  # type: ignore[arg-type]  # fields by name


# --- when it is told --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polls", "for_", "is_told"),
    [
        (5, 3 * HOUR, True),
        (4, 30 * HOUR, False),
        (50, 3 * HOUR - timedelta(seconds=1), False),
        (3, HOUR, False),
    ],
)
def test_p7_a_source_that_fails_is_told_after_five_polls_and_three_hours(
    polls: int,
    for_: timedelta,
    is_told: bool,  # noqa: FBT001  a table's column
) -> None:
    assert ({FAILING: [7]} if is_told else {}) == told(failing(polls=polls, for_=for_))


def test_what_has_failed_for_half_as_long_goes_along_in_the_same_message() -> None:
    soon, later, young = failing(8, polls=3, for_=1.5 * HOUR), failing(9, polls=2), failing(10, for_=HOUR)

    assert {FAILING: [7, 8]} == told(failing(), soon, later, young)
    assert {} == told(soon, later, young)


@pytest.mark.parametrize("kind", [IncidentKind.GONE, IncidentKind.QUIET])
def test_p7_what_needs_no_second_look_is_told_at_once(kind: IncidentKind) -> None:
    one = incident(kind, began_at=NOW)
    status = FeedStatus.GONE if kind is IncidentKind.GONE else FeedStatus.ACTIVE

    assert {FAILING: [7]} == told(standing(one, status=status, failures=1))


def test_an_incident_is_told_once_and_again_each_day() -> None:
    one = failing(told=1, told_at=NOW)

    assert {} == told(one, now=NOW + DAY - timedelta(seconds=1))
    assert {STILL: [7]} == told(one, now=NOW + DAY)


def test_what_is_due_again_half_a_day_later_goes_along() -> None:
    first, second, third = (
        failing(number, told=1, told_at=NOW - hours * HOUR) for number, hours in ((7, 24), (8, 12), (9, 11))
    )

    assert {STILL: [7, 8]} == told(first, second, third)


@pytest.mark.parametrize("kind", [IncidentKind.FAILING, IncidentKind.GONE])
def test_a_source_that_is_well_again_ends_its_incident(kind: IncidentKind) -> None:
    over = standing(incident(kind, told=1, told_at=NOW), failures=0, last_ok_at=NOW)
    sifted = sift(over)

    assert (replace(over, ended_at=NOW),) == sifted.ended
    assert [(RECOVERED, sifted.ended)] == [(telling.reason, telling.incidents) for telling in sifted.tellings]


SILENT = standing(incident(IncidentKind.QUIET, told=1, told_at=NOW), quiet_since=NOW - DAY)


def test_x3_a_silence_is_told_once_and_ends_with_a_new_entry() -> None:
    heard = standing(SILENT, quiet_since=None, rhythm=begin([], NOW))

    assert {FAILING: [7]} == told(replace(SILENT, told=0, told_at=None))
    assert {} == told(SILENT)
    assert (replace(heard, ended_at=NOW),) == sift(heard).ended


@pytest.mark.parametrize("rhythm", [None, begin([], NOW - 3 * HOUR)])
def test_a_silence_whose_rhythm_is_forgotten_is_none(rhythm: Rhythm | None) -> None:
    forgotten = standing(SILENT, quiet_since=None, rhythm=rhythm)

    assert Sifted(dropped=(forgotten,)) == sift(forgotten)


def test_an_end_that_waits_for_its_message_is_told_later_and_is_no_new_end() -> None:
    sifted = sift(well(), last_at={AlertType.SOURCE_RECOVERED: NOW - timedelta(minutes=59)})

    assert ((), ()) == (sifted.tellings, sifted.ended)
    assert {RECOVERED: [7]} == told(well())


@pytest.mark.parametrize(
    ("one", "status", "failures", "ok_at"),
    [
        (incident(), FeedStatus.ACTIVE, 0, NOW),  # well again before anybody was told
        (failing(told=1), FeedStatus.PAUSED, 5, None),  # by the operator
        (incident(IncidentKind.GONE, told=1), FeedStatus.PAUSED, 5, None),
        (failing(told=1), FeedStatus.GONE, 5, None),  # that is another incident
        (failing(told=1), FeedStatus.ACTIVE, 0, NOW - DAY),  # resumed, and not polled since
        (failing(told=1), FeedStatus.ACTIVE, 0, None),
    ],
)
def test_what_concerns_nobody_any_more_is_dropped_without_a_word(
    one: Incident, status: FeedStatus, failures: int, ok_at: datetime | None
) -> None:
    one = standing(one, status=status, failures=failures, last_ok_at=ok_at)

    assert Sifted(dropped=(one,)) == sift(one)


@pytest.mark.parametrize("ok_at", [None, NOW - DAY])
def test_a_source_that_was_gone_and_is_resumed_is_well_once_a_poll_succeeds(ok_at: datetime | None) -> None:
    resumed = standing(incident(IncidentKind.GONE, told=1, told_at=NOW), failures=0, last_ok_at=ok_at)

    assert Sifted() == sift(resumed)
    assert {RECOVERED: [7]} == told(standing(resumed, last_ok_at=NOW))


def test_gaps_and_moves_are_told_once_each_in_a_message_of_its_own() -> None:
    assert {GAP_TOLD: [7, 8], NotificationReason.SOURCE_MOVED: [7]} == told(GAP, GAPS, MOVED)


def test_gaps_of_one_feed_are_told_once_a_day() -> None:
    for gap_at, ids in ((NOW - DAY + HOUR, [8]), (NOW - DAY, [7, 8]), (NOW + HOUR, [7, 8])):
        (telling,) = sift(GAP, GAPS, gaps_at={7: gap_at}).tellings

        assert ids == [each.id for each in telling.incidents]


@pytest.mark.parametrize("minutes", [0, 59, 60, -1])
def test_two_messages_of_a_type_are_an_hour_apart(minutes: int) -> None:
    last_at = NOW - timedelta(minutes=minutes)
    sifted = sift(failing(), GAP, well(number=9), last_at={AlertType.SOURCE_FAILING: last_at})
    may_tell = not 0 <= minutes < 60  # a clock that was set back stops nothing

    assert may_tell is (FAILING in {telling.reason for telling in sifted.tellings})
    assert {GAP_TOLD, RECOVERED} <= {telling.reason for telling in sifted.tellings}


def test_of_two_messages_of_a_type_that_are_due_at_once_the_more_urgent_goes_and_the_other_waits() -> None:
    assert {FAILING: [7]} == told(failing(), replace(MOVED, id=IncidentId(8)))


class Press:
    """Sources that fail for some seconds each, what is stored of that, and what people heard."""

    def __init__(self, outages: list[tuple[int, int]]) -> None:
        self.outages = outages
        self.rows: dict[int, Incident] = {}
        self.heard: dict[int, list[NotificationReason]] = {number: [] for number in range(len(outages))}
        self.sent: list[tuple[AlertType, datetime]] = []

    def look(self, at_s: int) -> None:
        now = NOW + timedelta(seconds=at_s)
        for number, (begins_s, lasts_s) in enumerate(self.outages):
            is_down = begins_s <= at_s < begins_s + lasts_s
            if is_down and number not in self.rows:
                self.rows[number] = incident(number=number, began_at=NOW + timedelta(seconds=begins_s))
            if number in self.rows:
                failures = 1 + (at_s - begins_s) // 900 if is_down else 0
                self.rows[number] = standing(self.rows[number], failures=failures, last_ok_at=now)
        sifted = sift(*self.rows.values(), now=now, last_at=dict(self.sent))
        self.rows.update({each.source.id: each for each in sifted.ended})
        for each in sifted.dropped:
            del self.rows[each.source.id]
        for telling in sifted.tellings:
            self.sent.append((plan_incidents(telling, ROUTES, now=now).type, now))
            for each in telling.incidents:
                self._hear(each, telling.reason, now)

    def _hear(self, told: Incident, reason: NotificationReason, now: datetime) -> None:
        number = told.source.id
        self.heard[number].append(reason)
        self.rows[number] = replace(self.rows[number], told=told.told + 1, told_at=now)
        if reason is RECOVERED:
            del self.rows[number]


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(600, 200_000)), min_size=1, max_size=20),
    st.integers(600, 3600),
)
def test_however_sources_fail_nobody_is_flooded_and_nothing_is_forgotten(
    outages: list[tuple[int, int]], round_s: int
) -> None:
    press = Press(outages)
    for at_s in range(0, 240_000, round_s):
        press.look(at_s)

    for type_ in AlertType:
        times = sorted({at for told_type, at in press.sent if told_type is type_})
        assert all(later - earlier >= HOUR for earlier, later in pairwise(times))
    for number, (_, lasts_s) in enumerate(outages):
        heard = [reason for reason in press.heard[number] if reason is not STILL]
        assert heard == [FAILING, RECOVERED] or (heard == [] and lasts_s < 4 * 3600 + 3 * round_s)


# --- what is told -----------------------------------------------------------------------------------------------------


def test_incidents_are_one_alert_without_matches_to_every_receiver() -> None:
    alert = told_of(failing(), failing(8))

    assert (AlertType.SOURCE_FAILING, FAILING, EVERYBODY, NOW, (), (), 0) == (
        alert.type,
        alert.reason,
        alert.receivers,
        alert.planned_at,
        alert.stories,
        alert.matches,
        alert.truncated,
    )
    assert [7, 8] == [each.id for each in alert.incidents]


def test_a_message_is_bounded_and_counts_the_rest() -> None:
    alert = told_of(*(failing(number) for number in range(300)))

    assert (INCIDENT_LIMIT, 300 - INCIDENT_LIMIT) == (len(alert.incidents), alert.truncated)


def test_D3_planning_twice_in_any_order_gives_one_alert_and_one_name_for_each_incident() -> None:
    one, two = failing(), failing(8)
    first = told_of(one, two)
    again = plan_incidents(Telling(FAILING, (two, one)), ROUTES, now=NOW + HOUR)

    assert first.id == again.id
    assert [each.ref for each in first.incidents] == [each.ref for each in again.incidents]


def test_an_incident_keeps_its_name_and_each_telling_is_an_alert_of_its_own() -> None:
    one = failing()
    tellings = [
        told_of(one),
        told_of(replace(one, told=1), reason=STILL),
        told_of(replace(one, told=2), reason=STILL),
        told_of(replace(one, told=2, ended_at=NOW), reason=RECOVERED),
    ]

    assert 4 == len({alert.id for alert in tellings})
    assert 1 == len({each.ref for alert in tellings for each in alert.incidents})


@pytest.mark.parametrize(
    "other",
    [
        failing(for_=4 * HOUR),
        failing(source=replace(failing().source, id=FeedId(8))),
        incident(IncidentKind.GONE),
    ],
)
def test_another_time_source_or_kind_is_another_incident(other: Incident) -> None:
    assert told_of(failing()).incidents[0].ref != told_of(other).incidents[0].ref


def test_another_incident_that_is_not_listed_makes_another_alert() -> None:
    many = [failing(number) for number in range(INCIDENT_LIMIT + 5)]

    assert told_of(*many).id != told_of(*many[:-1], failing(99)).id


@pytest.mark.parametrize(
    ("matcher", "receiver", "expected"),
    [
        ('type=~"source.*"', "slack", ("slack",)),
        ('type=~"source.*"', "journal", ()),
        ('type="source.gap"', "slack", ("webhook", "slack")),  # of failing sources nothing is said: all are told
        ('level="high"', "slack", ("webhook", "slack")),
        ('type!~"source.*"', "slack", ("webhook",)),
    ],
)
def test_routes_may_send_what_is_said_of_sources_to_one_receiver_or_nowhere(
    matcher: str, receiver: str, expected: tuple[str, ...]
) -> None:
    tree = Route(
        "webhook", routes=(Route(receiver, (parse_matcher(matcher),)), Route("slack", (parse_matcher("rule=x"),)))
    )
    routes = Routes(ROUTES.receivers, tree)

    assert expected == plan_incidents(Telling(FAILING, (failing(),)), routes, now=NOW).receivers
