"""A story that several newspapers come out with at once, in words of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting import bursting, plan_bursts, raised
from monitor.model import AlertId, Change, NotificationReason, Told
from rules.types import Burst, Level, Match
from tests.monitor.alerting.test_growth import FIRST, GROWN, LATER, TOLD
from tests.monitor.deliver.samples import MATCH, NOW, ROUTES, STORY, TITLE, other

HALF_HOUR = timedelta(minutes=30)
THREE = Burst(3, HALF_HOUR)
RULE = MATCH.rule


def at(level: Level, match: Match = MATCH) -> Match:
    return replace(match, verdict=replace(match.verdict, level=level))


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ([("a", 0), ("b", 10), ("c", 30)], True),
        ([("c", 30), ("a", 0), ("b", 10)], True),
        ([("a", 0), ("b", 10), ("c", 31)], False),
        ([("a", 0), ("b", 100), ("c", 110), ("d", 120)], True),
        ([("a", 0), ("b", 10), ("a", 20)], False),  # a second text of one newspaper
        ([("a", 50), ("b", 10), ("c", 20), ("a", 0)], True),
        ([("a", 0), ("b", 1)], False),
        ([], False),
    ],
)
def test_a_story_bursts_where_enough_newspapers_have_a_text_of_their_own_in_the_time(
    voices: list[tuple[str, int]],
    expected: bool,  # noqa: FBT001  a column
) -> None:
    told = [(house, NOW + timedelta(minutes=minutes)) for house, minutes in voices]
    rules = [replace(RULE, burst=THREE), replace(RULE, id="without")]

    assert ({RULE.id: THREE} if expected else {}) == bursting(rules, told)


@pytest.mark.parametrize(
    ("level", "burst", "expected"),
    [
        (Level.LOW, THREE, Level.MEDIUM),
        (Level.HIGH, THREE, Level.CRITICAL),
        (Level.CRITICAL, THREE, Level.CRITICAL),
        (Level.LOW, replace(THREE, level=Level.CRITICAL), Level.CRITICAL),
        (Level.HIGH, replace(THREE, level=Level.MEDIUM), Level.HIGH),
    ],
)
def test_a_burst_raises_a_level_by_one_or_to_what_it_says_and_lowers_none(
    level: Level, burst: Burst, expected: Level
) -> None:
    [match] = raised([at(level)], {RULE.id: burst})

    assert expected is match.verdict.level


def test_only_matches_of_its_rule_are_raised() -> None:
    near = replace(MATCH, verdict=replace(MATCH.verdict, match=False, near_miss=True, level=None))

    assert (near, other(4)[1]) == raised([near, other(4)[1]], {RULE.id: THREE})


def test_a_burst_is_told_to_those_who_were_told_first_and_to_whom_the_level_leads() -> None:
    told = replace(TOLD, first=((FIRST, ("mail",)),))
    [(alert, match_id)] = plan_bursts([told], GROWN, ROUTES, {RULE.id: THREE}, now=LATER)
    assert alert.update is not None

    assert 7 == match_id
    assert (NotificationReason.LEVEL_RAISED, LATER) == (alert.reason, alert.planned_at)
    assert ROUTES.names == alert.receivers
    assert Level.CRITICAL is alert.matches[0].verdict.level
    assert (FIRST, Change.LEVEL_RAISED) == (alert.update.of, alert.update.change)
    assert (Level.HIGH, Level.CRITICAL) == (alert.update.before.level, alert.update.after.level)
    assert THREE == alert.update.burst
    assert ["mail"] == [name for name, _ in alert.update.threads]


def test_a_burst_is_told_once_for_a_story_and_a_rule() -> None:
    bursts = {RULE.id: THREE}
    [(first, _)] = plan_bursts([TOLD, replace(TOLD, match_id=9)], GROWN, ROUTES, bursts, now=LATER)
    [(again, _)] = plan_bursts([TOLD], replace(GROWN, outlets=9), ROUTES, bursts, now=LATER + HALF_HOUR)

    assert first.id == again.id
    assert () == plan_bursts([replace(TOLD, is_raised=True)], GROWN, ROUTES, bursts, now=LATER)


def test_a_burst_rings_nobody_who_had_the_level_by_another_article_nor_twice_by_two_of_them() -> None:
    critical = replace(TOLD, level=Level.HIGH, highest=(("slack", Level.CRITICAL),), match_id=8)
    another = replace(critical, match=other(4)[1], highest=(("mail", Level.CRITICAL),))
    [(alert, _)] = plan_bursts([TOLD, critical, another], GROWN, ROUTES, {RULE.id: THREE}, now=LATER)

    assert set(ROUTES.names) - {"slack"} == set(alert.receivers)
    assert () == plan_bursts([TOLD, replace(critical, is_raised=True)], GROWN, ROUTES, {RULE.id: THREE}, now=LATER)


def test_a_burst_raises_the_level_for_whoever_had_a_lower_one_where_others_had_that_from_another_article() -> None:
    medium = replace(TOLD, match=at(Level.MEDIUM), level=Level.MEDIUM, highest=(("mail", Level.MEDIUM),), match_id=6)
    high = replace(TOLD, first=((AlertId("al_HIGH"), ("slack",)),), highest=(("slack", Level.HIGH),))
    to_high = {RULE.id: replace(THREE, level=Level.HIGH)}
    [(alert, match_id)] = plan_bursts([medium, high], GROWN, ROUTES, to_high, now=LATER)

    assert alert.update is not None

    assert (7, ("mail",)) == (match_id, alert.receivers)
    assert (Level.MEDIUM, Level.HIGH) == (alert.update.before.level, alert.update.after.level)
    assert () == plan_bursts([high], GROWN, ROUTES, to_high, now=LATER)


def test_nothing_is_told_of_a_level_that_people_know_or_of_another_rule() -> None:
    known = replace(TOLD, level=Level.CRITICAL, highest=tuple((name, Level.CRITICAL) for name in ROUTES.names))

    assert () == plan_bursts([known], GROWN, ROUTES, {RULE.id: THREE}, now=LATER)
    assert () == plan_bursts([TOLD], GROWN, ROUTES, {"another": THREE}, now=LATER)
    assert () == plan_bursts(
        [Told(MATCH, STORY.sources[0], TITLE, Level.HIGH)], GROWN, ROUTES, {RULE.id: THREE}, now=LATER
    )
