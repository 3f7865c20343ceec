"""One alert for each story and rule; one recap for all new feeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import (
    RECAP_LIMIT,
    REFUSAL_LIMIT,
    Route,
    Routes,
    message_id,
    notifies,
    plan,
    plan_recap,
    plan_refusal,
    refused_since,
)
from monitor.alerting.matchers import parse_matcher
from monitor.model import Alert, AlertType, NotificationReason, Story
from rules.types import Level, Match, Status
from tests.monitor.deliver.samples import EVERYBODY, LATENCY_S, MATCH, NOW, REFUSAL, ROUTES, RULE, STORY, VERDICT, other

NEAR_MISS = replace(MATCH, verdict=replace(VERDICT, match=False, near_miss=True, level=None))


def with_rule(**changes: object) -> Match:
    return replace(MATCH, rule=replace(RULE, **changes))  # type: ignore[arg-type]  # fields by name


def test_each_rule_that_matched_is_one_alert_to_every_receiver() -> None:
    second = with_rule(id="front-kharkiv")
    alerts = plan([MATCH, second, MATCH], STORY, ROUTES, now=NOW, latency_s=LATENCY_S)

    assert [(MATCH,), (second,)] == [alert.matches for alert in alerts]
    assert {EVERYBODY} == {alert.receivers for alert in alerts}
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

    assert len(digits) == 12
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


def test_each_alert_goes_where_its_match_is_routed() -> None:
    essai = Route("slack", (parse_matcher("rule=essai"),))
    routes = Routes(ROUTES.receivers, Route("journal", routes=(essai,)))
    alerts = plan([MATCH, with_rule(id="essai")], STORY, routes, now=NOW)

    assert [(), ("slack",)] == [alert.receivers for alert in alerts]


# --- recap ----------------------------------------------------------------------------------------------------------


def recap(items: Sequence[tuple[Story, Match]], routes: Routes = ROUTES) -> Alert:
    [planned] = plan_recap(items, routes, now=NOW)
    return planned.alert


def by_level(*routes: tuple[str, str]) -> Routes:
    """Return routes by level, each going on to the next; what is left goes to the log only."""
    tree = (Route(name, (parse_matcher(f"level=~{levels}"),), goes_on=True) for name, levels in routes)
    return Routes(ROUTES.receivers, Route("journal", routes=tuple(tree)))


def test_a_recap_lists_the_most_serious_first() -> None:
    told = recap([other(1), other(2), other(3, Level.CRITICAL), (STORY, MATCH)])

    assert ["rule-3", "axe-moscou-pekin", "rule-2", "rule-1"] == [match.rule.id for match in told.matches]
    assert len(told.stories) == len(told.matches)
    assert (EVERYBODY, 0) == (told.receivers, told.truncated)
    assert (AlertType.STORY_RECAP, NotificationReason.RECAP) == (told.type, told.reason)


def test_a_recap_is_bounded_and_counts_the_rest() -> None:
    [planned] = plan_recap([other(number) for number in range(RECAP_LIMIT + 5)], ROUTES, now=NOW)

    assert len(planned.alert.matches) == RECAP_LIMIT
    assert planned.alert.truncated == 5
    assert set(range(RECAP_LIMIT + 5)) == set(planned.items)


def test_articles_of_one_story_are_one_line_of_a_recap_for_each_rule() -> None:
    again, best = replace(MATCH, verdict=replace(VERDICT, score=11.0)), with_rule(id="essai")
    [planned] = plan_recap([(STORY, again), (STORY, MATCH), (STORY, best)], ROUTES, now=NOW)

    assert [("axe-moscou-pekin", 24.1), ("essai", 24.1)] == [
        (match.rule.id, match.verdict.score) for match in planned.alert.matches
    ]
    assert (0, {0, 1, 2}) == (planned.alert.truncated, set(planned.items))


def test_a_recap_neither_lists_nor_counts_what_notifies_nobody() -> None:
    silent = [(STORY, NEAR_MISS), *[(STORY, with_rule(id="essai", status=Status.EXPERIMENTAL))] * 50]
    [planned] = plan_recap([*silent, (STORY, MATCH)], ROUTES, now=NOW)

    assert ((MATCH,), 0, (51,)) == (planned.alert.matches, planned.alert.truncated, planned.items)


def test_a_recap_of_nothing_is_none() -> None:
    assert () == plan_recap([(STORY, NEAR_MISS)], ROUTES, now=NOW)
    assert () == plan_recap([], ROUTES, now=NOW)


def test_a_recap_without_receivers_is_for_the_log_only() -> None:
    assert () == recap([(STORY, MATCH)], Routes()).receivers


def test_each_receiver_has_one_recap_of_what_is_for_it() -> None:
    items = [other(1, Level.LOW), other(2, Level.HIGH), other(3, Level.CRITICAL), other(4, Level.MEDIUM)]
    routes = by_level(("slack", "high|critical"), ("mail", "high|critical"), ("webhook", "critical|low"))
    recaps = plan_recap(items, routes, now=NOW)

    assert {("slack", "mail"): (2, 1), ("webhook",): (2, 0), (): (3,)} == {
        one.alert.receivers: one.items for one in recaps
    }
    assert len({one.alert.id for one in recaps}) == 3


def test_recaps_that_list_the_same_and_count_otherwise_are_two() -> None:
    items = [*(other(number, Level.HIGH) for number in range(RECAP_LIMIT)), other(99, Level.LOW)]
    recaps = plan_recap(items, by_level(("slack", "high"), ("mail", "high|low")), now=NOW)

    assert [0, 1] == [one.alert.truncated for one in recaps]
    assert recaps[0].alert.matches == recaps[1].alert.matches
    assert recaps[0].alert.id != recaps[1].alert.id


LEVELS = st.sampled_from(list(Level))
SOME = st.lists(LEVELS, min_size=1, max_size=3)


@given(st.lists(LEVELS, max_size=30), SOME, SOME)
def test_every_match_is_told_to_each_of_its_receivers_once(
    levels: list[Level], slack: list[Level], mail: list[Level]
) -> None:
    items = [other(number, level) for number, level in enumerate(levels)]
    routes = by_level(("slack", "|".join(slack)), ("mail", "|".join(mail)))
    recaps = plan_recap(items, routes, now=NOW)

    told = [(name, place) for one in recaps for name in one.alert.receivers or ("",) for place in one.items]
    assert len(told) == len(set(told))
    assert {("slack", place) for place, level in enumerate(levels) if level in slack} <= set(told)
    assert {("mail", place) for place, level in enumerate(levels) if level in mail} <= set(told)
    assert set(range(len(items))) == {place for _, place in told}


def test_a_match_without_a_level_of_its_own_ranks_by_its_rule() -> None:
    unlevelled = replace(MATCH, verdict=replace(VERDICT, level=None))

    assert recap([other(1, Level.LOW), (STORY, unlevelled)]).matches[0] == unlevelled


# --- refusal --------------------------------------------------------------------------------------------------------


DAY = timedelta(days=1)


def test_a_refusal_is_one_alert_without_matches_to_every_receiver() -> None:
    told = plan_refusal(REFUSAL, ROUTES, since=NOW, now=NOW)

    assert (AlertType.RULES_REJECTED, NotificationReason.RULES_REJECTED) == (told.type, told.reason)
    assert (EVERYBODY, NOW, (), ()) == (
        told.receivers,
        told.planned_at,
        told.stories,
        told.matches,
    )
    assert (REFUSAL, 0) == (told.refusal, told.truncated)


def test_a_refusal_goes_to_those_whom_a_route_leads_to_each_once() -> None:
    tree = Route("journal", routes=(Route("slack", (parse_matcher("level=high"),)), Route("slack")))

    assert ("slack",) == plan_refusal(REFUSAL, Routes(ROUTES.receivers, tree), since=NOW, now=NOW).receivers
    assert () == plan_refusal(REFUSAL, Routes(), since=NOW, now=NOW).receivers


def test_a_refusal_is_bounded_and_counts_the_rest() -> None:
    errors = tuple(f"rules/{number}.yaml:1:1: wrong" for number in range(REFUSAL_LIMIT + 5))
    told = plan_refusal(replace(REFUSAL, errors=errors), ROUTES, since=NOW, now=NOW)

    assert told.refusal is not None
    assert (errors[:REFUSAL_LIMIT], 5) == (told.refusal.errors, told.truncated)


def test_D3_the_same_refusal_is_the_same_alert_whenever_it_is_planned() -> None:
    first, again = (plan_refusal(REFUSAL, ROUTES, since=NOW, now=now) for now in (NOW, NOW + timedelta(hours=5)))

    assert first.id == again.id


def test_another_error_also_one_that_is_not_listed_or_another_beginning_is_another_alert() -> None:
    many = replace(REFUSAL, errors=REFUSAL.errors * REFUSAL_LIMIT)
    refusals = [REFUSAL, many, replace(many, errors=(*many.errors[:-1], "another")), replace(REFUSAL, error="tests")]
    ids = {plan_refusal(one, ROUTES, since=since, now=NOW).id for one in refusals for since in (NOW, NOW + DAY)}

    assert 8 == len(ids)


@pytest.mark.parametrize(
    ("first_at", "since"),
    [
        (None, NOW),
        (NOW, NOW),
        (NOW - DAY + timedelta(seconds=1), NOW - DAY + timedelta(seconds=1)),
        (NOW - DAY, NOW),
        (NOW + timedelta(hours=1), NOW),  # the clock was set back
    ],
)
def test_a_refusal_is_the_same_for_a_day(first_at: datetime | None, since: datetime) -> None:
    assert since == refused_since(first_at, now=NOW)


@given(st.lists(st.floats(0, 200_000), min_size=1, max_size=30))
def test_a_refusal_that_goes_on_is_told_once_a_day(gaps_s: list[float]) -> None:
    now, first_at, told = NOW, None, list[datetime]()
    for gap_s in gaps_s:
        now += timedelta(seconds=gap_s)
        since = refused_since(first_at, now=now)
        if since != first_at:
            told.append(now)
        first_at = since

        assert timedelta() <= now - since < DAY

    assert all(later - earlier >= DAY for earlier, later in pairwise(told))
