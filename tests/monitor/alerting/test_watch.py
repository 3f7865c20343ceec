from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import (
    TROUBLE_LIMIT,
    DiskRoom,
    Limits,
    Route,
    Routes,
    SiftedTroubles,
    TroubleTelling,
    broken_receivers,
    plan_troubles,
    sift_troubles,
    sights_of,
)
from monitor.alerting.matchers import parse_matcher
from monitor.model import (
    AlertType,
    CanaryHealth,
    Channel,
    Endpoint,
    IncidentId,
    NotificationReason,
    Receiver,
    Sight,
    Step,
    SystemFacts,
    Trouble,
    TroubleKind,
    Waiting,
)

NOW = datetime(2026, 5, 16, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FAILING, STILL = NotificationReason.SYSTEM_FAILING, NotificationReason.SYSTEM_STILL_FAILING
RECOVERED = NotificationReason.SYSTEM_RECOVERED
LIMITS = Limits(outbox_late_s=900, disk_min_mb=500, disk_min_percent=2)
MB = 1_000_000
RECEIVERS = tuple(Receiver(name, Channel.WEBHOOK) for name in ("desk", "night", "slack"))
LATE = Sight(TroubleKind.OUTBOX, "slack", since=NOW - HOUR, count=3)
FULL = Sight(TroubleKind.DISK, free_mb=1, total_mb=2)


def look(
    facts: SystemFacts | None = None,
    disk: DiskRoom | None = None,
    *,
    limits: Limits = LIMITS,
    known: tuple[TroubleKind, ...] = (),
) -> list[TroubleKind]:
    names = {receiver.name for receiver in RECEIVERS}
    seen = sights_of(facts or SystemFacts(), disk, limits, receivers=names, known=known, now=NOW)
    return [sight.kind for sight in seen]


def waits(minutes: float, receiver: str = "slack") -> SystemFacts:
    return SystemFacts(waiting=(Waiting(receiver, NOW - timedelta(minutes=minutes), 3, "answered 503"),))


def trouble(sight: Sight = LATE, *, began_at: datetime = NOW - 5 * MINUTE, **changes: object) -> Trouble:
    made = Trouble(IncidentId(1), sight.kind, sight.subject, began_at)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def sift(
    *troubles: Trouble, sights: tuple[Sight, ...] = (), last_at: dict[AlertType, datetime] | None = None
) -> SiftedTroubles:
    return sift_troubles(troubles, sights, last_at=last_at or {}, now=NOW)


def reasons(sifted: SiftedTroubles) -> list[NotificationReason]:
    return [telling.reason for telling in sifted.tellings]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "times"), [(0, 0), (15, 0), (16, 1), (60 * 24 * 40, 1), (-60, 0)])
def test_x3_a_message_that_waits_for_too_long_is_seen(minutes: float, times: int) -> None:
    assert [TroubleKind.OUTBOX] * times == look(waits(minutes))


def test_what_is_seen_says_whose_message_waits_since_when_and_why() -> None:
    (sight,) = sights_of(waits(90), None, LIMITS, receivers={"slack"}, known=(), now=NOW)

    assert Sight(TroubleKind.OUTBOX, "slack", since=NOW - 90 * MINUTE, count=3, error="answered 503") == sight


def test_x3_a_receiver_whose_messages_were_given_up_is_not_well_before_it_takes_one() -> None:
    facts = SystemFacts(waiting=(Waiting("slack", None, 0, given_up=2),))
    (sight,) = sights_of(facts, None, LIMITS, receivers={"slack"}, known=(), now=NOW)

    assert (None, 0, 2) == (sight.since, sight.count, sight.given_up)
    assert [] == look(SystemFacts(waiting=(Waiting("slack", None, 0),)))


def test_x3_the_step_at_which_the_canary_is_lost_is_seen() -> None:
    lost = CanaryHealth(NOW, Step.JUDGING, NOW - HOUR, "a child process crashed")
    (sight,) = sights_of(SystemFacts(), None, LIMITS, canary=lost, receivers=(), known=(), now=NOW)

    assert Sight(TroubleKind.CANARY, "judging", since=NOW - HOUR, error="a child process crashed") == sight


def test_messages_for_a_receiver_that_is_gone_are_no_trouble() -> None:
    assert [] == look(waits(90, "gone"))


@pytest.mark.parametrize(
    ("facts", "times"),
    [
        (SystemFacts(), 0),
        (SystemFacts(feeds=4, feeds_late=4, polled_at=NOW - HOUR), 1),
        (SystemFacts(feeds=4, feeds_late=2, polled_at=NOW - HOUR), 1),
        (SystemFacts(feeds=4, feeds_late=1, polled_at=NOW - HOUR), 0),  # the others are not due yet
        (SystemFacts(feeds=4, feeds_late=4, polled_at=NOW - 59 * MINUTE), 0),
        (SystemFacts(feeds=4, feeds_late=0, polled_at=NOW - DAY), 0),
        (SystemFacts(feeds=1, feeds_late=1, added_at=NOW - HOUR), 1),
        (SystemFacts(feeds=1, feeds_late=1, added_at=NOW), 0),
        (SystemFacts(feeds=1, feeds_late=1, polled_at=NOW + HOUR), 0),  # the clock was set back
    ],
)
def test_x3_no_poll_that_succeeds_for_an_hour_is_seen_while_feeds_are_due(facts: SystemFacts, times: int) -> None:
    assert [TroubleKind.POLLING] * times == look(facts)


@pytest.mark.parametrize(
    ("free_mb", "total_mb", "times"),
    [(499, 1_000, 1), (500, 1_000, 0), (1_999, 100_000, 1), (2_000, 100_000, 0)],
)
def test_x3_a_disk_is_nearly_full_by_the_larger_of_both_limits(free_mb: int, total_mb: int, times: int) -> None:
    assert [TroubleKind.DISK] * times == look(disk=DiskRoom(free_mb * MB, total_mb * MB))


def test_a_disk_that_was_nearly_full_is_well_only_with_a_little_more_room() -> None:
    for free_mb, kinds in ((549, [TroubleKind.DISK]), (551, [])):
        assert kinds == look(disk=DiskRoom(free_mb * MB, 1_000 * MB), known=(TroubleKind.DISK,))


def test_a_disk_is_not_watched_where_both_limits_are_zero() -> None:
    assert [] == look(disk=DiskRoom(0, 1), limits=Limits(900, 0, 0))


# --- when it is told --------------------------------------------------------------------------------------------------


def test_x3_a_trouble_is_told_once_it_was_seen_for_a_minute() -> None:
    fresh = trouble(began_at=NOW - 59 * timedelta(seconds=1))

    assert SiftedTroubles() == sift(fresh, sights=(LATE,))
    assert [FAILING] == reasons(sift(trouble(began_at=NOW - MINUTE), sights=(LATE,)))
    assert [FAILING] == reasons(sift(trouble(began_at=NOW + HOUR), sights=(LATE,)))  # the clock was set back


def test_what_is_told_is_as_it_is_now() -> None:
    (telling,) = sift(trouble(), sights=(LATE,)).tellings

    assert [LATE] == [each.sight for each in telling.troubles]


def test_a_trouble_that_is_over_before_it_was_told_was_none() -> None:
    sifted = sift(trouble())

    assert ((), ()) == (sifted.tellings, sifted.ended)
    assert [IncidentId(1)] == [each.id for each in sifted.dropped]


def test_x3_a_trouble_is_told_again_each_day() -> None:
    for told_at, expected in ((NOW - DAY + MINUTE, []), (NOW - DAY, [STILL]), (NOW + DAY, [STILL])):
        assert expected == reasons(sift(trouble(told=1, told_at=told_at), sights=(LATE,)))


def test_what_will_soon_be_told_again_goes_along() -> None:
    soon = trouble(FULL, told=1, told_at=NOW - 13 * HOUR)
    (telling,) = sift(trouble(told=1, told_at=NOW - DAY), soon, sights=(LATE, FULL)).tellings

    assert 2 == len(telling.troubles)
    assert SiftedTroubles() == sift(soon, sights=(FULL,))


def test_x3_a_trouble_that_is_over_is_told_once() -> None:
    told = trouble(told=1, told_at=NOW - HOUR)
    sifted = sift(told)

    assert [RECOVERED] == reasons(sifted)
    assert [replace(told, ended_at=NOW)] == list(sifted.ended)


def test_an_end_that_may_not_be_told_yet_waits_for_its_hour() -> None:
    over = trouble(told=1, told_at=NOW - HOUR, ended_at=NOW - MINUTE)

    assert SiftedTroubles() == sift(over, last_at={AlertType.SYSTEM_RECOVERED: NOW - 59 * MINUTE})
    assert [RECOVERED] == reasons(sift(over, last_at={AlertType.SYSTEM_RECOVERED: NOW - HOUR}))


def test_two_messages_of_a_type_are_an_hour_apart() -> None:
    for minutes, expected in ((59, []), (60, [FAILING])):
        last_at = {AlertType.SYSTEM_FAILING: NOW - minutes * MINUTE}

        assert expected == reasons(sift(trouble(), sights=(LATE,), last_at=last_at))


def test_what_is_new_goes_before_what_is_told_again() -> None:
    sifted = sift(trouble(), trouble(FULL, told=1, told_at=NOW - 2 * DAY), sights=(LATE, FULL))

    assert [FAILING] == reasons(sifted)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(60, 200_000)), min_size=1, max_size=8))
def test_however_veille_fails_nobody_is_flooded_and_nothing_is_forgotten(outages: list[tuple[int, int]]) -> None:
    rows: dict[int, Trouble] = {}
    heard: dict[int, list[NotificationReason]] = {number: [] for number in range(len(outages))}
    sent: list[tuple[AlertType, datetime]] = []
    for at_s in range(0, 240_000, 600):
        now = NOW + timedelta(seconds=at_s)
        down = {number for number, (begins_s, lasts_s) in enumerate(outages) if begins_s <= at_s < begins_s + lasts_s}
        sights = [Sight(TroubleKind.OUTBOX, str(number)) for number in down]
        for number in down:
            new = Trouble(IncidentId(number), TroubleKind.OUTBOX, str(number), now)
            rows[number] = rows[number] if number in rows and rows[number].ended_at is None else new
        sifted = sift_troubles(rows.values(), sights, last_at=dict(sent), now=now)
        rows.update({int(each.subject): each for each in sifted.ended})
        for each in sifted.dropped:
            del rows[int(each.subject)]
        for telling in sifted.tellings:
            sent.append((plan_troubles(telling, Routes(RECEIVERS), broken=(), now=now).type, now))
            for each in telling.troubles:
                number = int(each.subject)
                heard[number].append(telling.reason)
                rows[number] = replace(rows[number], told=each.told + 1, told_at=now)
                if telling.reason is RECOVERED:
                    del rows[number]

    for type_ in AlertType:
        times = [at for told_type, at in sent if told_type is type_]
        assert all(later - earlier >= HOUR for earlier, later in pairwise(times))
    for number, (begins_s, lasts_s) in enumerate(outages):
        told = [reason for reason in heard[number] if reason is not STILL]
        assert told == [FAILING, RECOVERED] or (told == [] and lasts_s < 3600 + 1200) or begins_s + lasts_s > 230_000


# --- who is told ------------------------------------------------------------------------------------------------------


def told_to(routes: Routes, *broken: str) -> tuple[str, ...]:
    return plan_troubles(TroubleTelling(FAILING, (trouble(),)), routes, broken=broken, now=NOW).receivers


def routes_to(*names: str) -> Routes:
    """Return routes that send what is said of veille itself to some receivers, and the rest to all."""
    matchers = (parse_matcher('type=~"system.*"'),)
    system = tuple(Route(name, matchers=matchers, goes_on=True, path=f"route.{name}") for name in names)
    others = tuple(Route(each.name, (parse_matcher('type="story.alert.new"'),), goes_on=True) for each in RECEIVERS)
    return Routes(RECEIVERS, Route("journal", routes=(*system, *others)))


def test_x3_it_is_told_on_the_channels_that_work() -> None:
    assert ("desk", "night", "slack") == told_to(Routes(RECEIVERS))
    assert ("desk", "night") == told_to(Routes(RECEIVERS), *broken_receivers((LATE, FULL)))


def test_x3_where_those_who_should_be_told_are_the_broken_ones_others_are() -> None:
    assert ("slack",) == told_to(routes_to("slack"))
    assert ("desk", "night") == told_to(routes_to("slack"), "slack")


def test_x3_a_receiver_that_is_left_alone_or_disabled_is_not_told() -> None:
    endpoints = (Endpoint("desk", open_until=NOW), Endpoint("night", disabled_at=NOW), Endpoint("slack"))

    assert {"desk", "night"} == broken_receivers((), endpoints)


def test_where_nobody_can_be_told_it_is_in_the_log() -> None:
    assert () == told_to(Routes(RECEIVERS[-1:]), "slack")
    assert () == told_to(routes_to("journal"), "slack")


def test_troubles_are_one_alert_without_matches_under_an_id_of_what_it_tells() -> None:
    many = tuple(trouble(replace(LATE, subject=str(number))) for number in range(TROUBLE_LIMIT + 4))
    alert = plan_troubles(TroubleTelling(FAILING, many), Routes(RECEIVERS), broken=(), now=NOW)
    again = plan_troubles(TroubleTelling(FAILING, many[::-1]), Routes(RECEIVERS), broken=(), now=NOW + HOUR)
    later = [replace(each, told=1) for each in many]

    assert (AlertType.SYSTEM_FAILING, FAILING, NOW, (), (), 4) == (
        alert.type,
        alert.reason,
        alert.planned_at,
        alert.stories,
        alert.matches,
        alert.truncated,
    )
    assert TROUBLE_LIMIT == len({each.ref for each in alert.troubles})
    assert all(each.ref.startswith("in_") for each in alert.troubles)
    assert again.id == alert.id
    assert alert.id != plan_troubles(TroubleTelling(FAILING, tuple(later)), Routes(), broken=(), now=NOW).id
