"""A story that another article brings to a higher level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerting import once_each, plan_bursts, plan_growth, plan_rises
from monitor.model import Alert, Change, NotificationReason
from rules.types import Burst, Level, Match, Status
from tests.monitor.alerting.test_bursts import HALF_HOUR, RULE, at
from tests.monitor.alerting.test_growth import FIRST, GROWN, LATER, TOLD
from tests.monitor.deliver.samples import MATCH, ROUTES, STORY, other

MEDIUM = replace(
    TOLD,
    match=at(Level.MEDIUM),
    level=Level.MEDIUM,
    first=((FIRST, ("slack", "mail")),),
    highest=(("slack", Level.MEDIUM), ("mail", Level.MEDIUM)),
)
MAIL_KNOWS = replace(TOLD, level=Level.HIGH, highest=(("mail", Level.HIGH),), match_id=8)


def rises(match: Match = MATCH) -> tuple[Alert, ...]:
    return plan_rises([MEDIUM], [match], STORY, ROUTES, now=LATER)


def test_whoever_was_told_at_a_lower_level_hears_that_it_rose() -> None:
    another = replace(STORY, title="Un autre titre")
    [alert] = plan_rises([MEDIUM, MAIL_KNOWS], [MATCH], another, ROUTES, now=LATER)
    assert alert.update is not None

    assert {another.title} == {alert.update.before.title, alert.update.after.title}
    assert Level.MEDIUM is alert.update.before.level
    assert (("slack",), NotificationReason.LEVEL_RAISED) == (alert.receivers, alert.reason)
    assert (FIRST, Change.LEVEL_RAISED, Level.HIGH) == (
        alert.update.first_for("slack"),
        alert.update.change,
        alert.update.after.level,
    )


def test_whoever_knows_it_only_by_an_article_that_joined_hears_that_it_rose() -> None:
    lost, joined = replace(MEDIUM, is_lost=True), replace(MEDIUM, highest=(), match_id=8)
    [alert] = plan_rises([lost, joined], [MATCH], STORY, ROUTES, now=LATER)
    assert alert.update is not None

    assert (("slack", "mail"), Level.MEDIUM) == (alert.receivers, alert.update.before.level)


@pytest.mark.parametrize(
    "match",
    [
        at(Level.MEDIUM),
        at(Level.LOW),
        other(4)[1],
        replace(MATCH, rule=replace(RULE, status=Status.EXPERIMENTAL)),
        replace(MATCH, verdict=replace(MATCH.verdict, match=False, near_miss=True, level=None)),
    ],
)
def test_what_does_not_rise_is_told_to_nobody(match: Match) -> None:
    assert () == rises(match)


def test_d3_each_article_and_level_is_an_alert_of_its_own() -> None:
    [high], [again], [critical] = rises(), rises(), rises(at(Level.CRITICAL))

    assert high.id == again.id != critical.id


def test_whoever_hears_that_the_level_rose_hears_no_growth_beside() -> None:
    growth = plan_growth([MEDIUM], GROWN, ROUTES, outlets_before=2, now=LATER)
    [for_slack] = plan_rises([MEDIUM, MAIL_KNOWS], [MATCH], STORY, ROUTES, now=LATER)

    assert (rises(), ()) == once_each(rises(), growth)
    assert ((), growth) == once_each((), growth)
    told, [(grown, _)] = once_each([for_slack], growth)
    assert ([for_slack], ("mail",)) == (list(told), grown.receivers)


@pytest.mark.parametrize(
    ("burst_to", "told"),
    [(Level.HIGH, ["burst"]), (Level.CRITICAL, ["burst"]), (Level.LOW, ["rise"])],
)
def test_of_two_rises_the_higher_one_is_told(burst_to: Level, told: list[str]) -> None:
    bursts = {RULE.id: Burst(3, HALF_HOUR, burst_to)}
    heard = (*MEDIUM.first, (FIRST, ROUTES.names))  # all of them had it: none is reached first by the level
    one = replace(MEDIUM, first=heard, highest=tuple((name, Level.MEDIUM) for name in ROUTES.names))
    rise = plan_rises([one], [MATCH], STORY, ROUTES, now=LATER)
    burst = plan_bursts([one], GROWN, ROUTES, bursts, now=LATER)
    left, growth = once_each(rise, burst)

    assert told == ["rise"] * len(left) + ["burst"] * len(growth)
