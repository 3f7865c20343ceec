"""One alert for each story and rule; one recap for all new feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting import RECAP_LIMIT, Routes, message_id, notifies, plan, plan_recap
from monitor.model import AlertType, NotificationReason
from rules.types import Level, Match, Status
from tests.monitor.deliver.samples import LATENCY_S, MATCH, NOW, ROUTES, RULE, STORY, VERDICT, other

NEAR_MISS = replace(MATCH, verdict=replace(VERDICT, match=False, near_miss=True, level=None))


def with_rule(**changes: object) -> Match:
    return replace(MATCH, rule=replace(RULE, **changes))  # type: ignore[arg-type]  # fields by name


def test_each_rule_that_matched_is_one_alert_to_every_receiver() -> None:
    second = with_rule(id="front-kharkiv")
    alerts = plan([MATCH, second, MATCH], STORY, ROUTES, now=NOW, latency_s=LATENCY_S)

    assert [(MATCH,), (second,)] == [alert.matches for alert in alerts]
    assert {("webhook", "slack", "mail")} == {alert.receivers for alert in alerts}
    assert {(AlertType.STORY_NEW, NotificationReason.FIRST_ALERT)} == {(alert.type, alert.reason) for alert in alerts}
    assert [(STORY,), LATENCY_S, NOW] == [alerts[0].stories, alerts[0].latency_s, alerts[0].planned_at]


@pytest.mark.parametrize(
    "silent",
    [
        NEAR_MISS,
        replace(MATCH, verdict=replace(VERDICT, match=False)),
        with_rule(status=Status.EXPERIMENTAL),
        with_rule(status=Status.DEPRECATED),
    ],
)
def test_near_misses_and_silent_rules_notify_nobody(silent: Match) -> None:
    assert not notifies(silent)
    assert plan([silent], STORY, ROUTES, now=NOW) == ()


def test_a_rule_on_trial_notifies() -> None:
    assert notifies(with_rule(status=Status.TEST))


def test_planning_twice_gives_one_alert_whenever_it_is_done() -> None:
    first = plan([MATCH], STORY, ROUTES, now=NOW)
    again = plan([MATCH], STORY, Routes(), now=NOW + timedelta(days=1))

    assert first[0].id == again[0].id


def test_another_story_or_rule_is_another_alert() -> None:
    ids = {
        *(alert.id for alert in plan([MATCH, with_rule(id="autre")], STORY, ROUTES, now=NOW)),
        *(alert.id for alert in plan([MATCH], replace(STORY, id="st_autre"), ROUTES, now=NOW)),
    }

    assert len(ids) == 3


def test_a_reference_is_easy_to_read_aloud() -> None:
    (alert,) = plan([MATCH], STORY, ROUTES, now=NOW)
    digits = alert.id.removeprefix("al_")

    assert len(digits) == 8
    assert set(digits) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_without_receivers_an_alert_is_for_the_log_only() -> None:
    (alert,) = plan([MATCH], STORY, Routes(), now=NOW)

    assert alert.receivers == ()


def test_D3_a_message_has_one_identity_for_each_receiver() -> None:
    (alert,) = plan([MATCH], STORY, ROUTES, now=NOW)
    ids = [message_id(alert.id, name) for name in ("webhook", "slack", "webhook")]

    assert ids[0] == ids[2]
    assert ids[0] != ids[1]
    assert "." not in "".join(ids)  # promise D5


def test_a_recap_lists_the_most_serious_first_and_counts_the_rest() -> None:
    items = [other(1), other(2), other(3, Level.CRITICAL), (STORY, MATCH)]
    recap = plan_recap(items, ROUTES, now=NOW, total=50)

    assert ["rule-3", "axe-moscou-pekin", "rule-2", "rule-1"] == [match.rule.id for match in recap.matches]
    assert len(recap.stories) == len(recap.matches)
    assert recap.truncated == 46
    assert (AlertType.STORY_RECAP, NotificationReason.RECAP) == (recap.type, recap.reason)


def test_a_recap_is_bounded() -> None:
    recap = plan_recap([other(number) for number in range(RECAP_LIMIT + 5)], ROUTES, now=NOW, total=0)

    assert len(recap.matches) == RECAP_LIMIT
    assert recap.truncated == 5


def test_a_recap_leaves_out_what_notifies_nobody() -> None:
    recap = plan_recap([(STORY, MATCH), (STORY, NEAR_MISS)], ROUTES, now=NOW, total=2)

    assert recap.matches == (MATCH,)
    assert recap.truncated == 0


def test_a_recap_of_nothing_is_for_nobody() -> None:
    recap = plan_recap([(STORY, NEAR_MISS)], ROUTES, now=NOW, total=1)

    assert ((), (), 0) == (recap.matches, recap.receivers, recap.truncated)


def test_a_match_without_a_level_of_its_own_ranks_by_its_rule() -> None:
    unlevelled = replace(MATCH, verdict=replace(VERDICT, level=None))
    recap = plan_recap([other(1, Level.LOW), (STORY, unlevelled)], ROUTES, now=NOW, total=2)

    assert recap.matches[0] == unlevelled
