"""What was held is told, and digests come at their times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.alerting import (
    Gathering,
    Manner,
    Release,
    Route,
    Routes,
    digest_times,
    due_slot,
    missed_by,
    plan_digest,
    plan_releases,
)
from monitor.alerting.matchers import parse_matcher
from monitor.alerting.plan import RECAP_LIMIT
from monitor.model import Change, Channel, Missed, Receiver, SourcesState, Why
from rules.types import Level
from tests.monitor.deliver.samples import NOW, SILENCES, gathered, held, other

PARIS = ZoneInfo("Europe/Paris")
LATER = NOW + timedelta(hours=1)


def test_nothing_due_is_nothing_told() -> None:
    assert () == plan_releases([], now=NOW)


def test_one_message_leaves_as_it_is() -> None:
    one = held(0, Why.COOLDOWN)

    assert (Release(free=(one,)),) == plan_releases([one], now=NOW)


def test_quiet_hours_end_with_one_message_for_each_receiver() -> None:
    due = [held(0, Why.QUIET_HOURS), held(1, Why.QUIET_HOURS), held(2, Why.QUIET_HOURS, receiver="slack")]
    both, alone = plan_releases(due, now=LATER)

    assert both.alert is not None
    assert ("mail",) == both.alert.receivers
    assert tuple(due[:2]) == both.told
    assert both.alert.digest is not None
    assert (Why.QUIET_HOURS, NOW, LATER) == (
        both.alert.digest.why,
        both.alert.digest.since,
        both.alert.digest.until,
    )
    assert Release(free=(due[2],)) == alone


@pytest.mark.parametrize(
    ("why", "messages"), [(Why.BUDGET, 1), (Why.COOLDOWN, 2), (Why.GROUP_WAIT, 2), (Why.DIGEST, 1)]
)
def test_groups_are_told_apart_save_what_is_over_the_budget(why: Why, messages: int) -> None:
    assert messages == len(plan_releases([held(0, why), held(1, why)], now=NOW))


def test_of_several_updates_of_one_story_the_last_is_told() -> None:
    older, newer = (held(0, Why.COOLDOWN, id=number, is_update=True) for number in (8, 9))

    assert (Release(free=(newer,), told=(older,)),) == plan_releases([older, newer], now=NOW)


def test_an_alert_and_its_update_are_one_message() -> None:
    first, update = held(0, Why.COOLDOWN), held(0, Why.COOLDOWN, is_update=True)
    [release] = plan_releases([first, update], now=NOW)

    assert release.alert is not None
    assert 1 == len(release.alert.stories)
    assert (first, update) == release.told


def test_a_digest_lists_the_most_serious_first_and_counts_the_rest() -> None:
    messages = [held(number) for number in range(RECAP_LIMIT + 4)]
    alert = plan_digest("mail", gathered(*messages), Missed(), SourcesState(), since=NOW, until=LATER, now=LATER)

    assert "axe-moscou-pekin" == alert.matches[0].rule.id
    assert (RECAP_LIMIT, 4) == (len(alert.stories), alert.truncated)


def test_what_a_flood_fills_a_digest_with_is_counted_and_the_most_serious_of_all_is_listed() -> None:
    story = held(0).story
    flood, told = Gathering(), RECAP_LIMIT + 3
    flood.add([held(0, id=900, level=Level.MEDIUM), *(held(number) for number in range(1, told))])
    flood.add([held(0, id=8), held(99, level=Level.CRITICAL), *(held(number) for number in range(told, 50))])
    alert = plan_digest("mail", flood, Missed((other(3),), 1), SourcesState(), since=NOW, until=LATER, now=LATER)

    assert (RECAP_LIMIT, 51 - RECAP_LIMIT) == (len(alert.matches), alert.truncated)
    assert (Level.CRITICAL, 1) == (alert.matches[0].verdict.level, alert.stories.count(story))
    assert (52, 52, RECAP_LIMIT) == (len(flood.ids), len(flood.match_ids), len(flood.listed))
    assert 900 == next(one.id for one in flood.listed if one.story == story)  # the latest on it
    assert alert.digest is not None
    assert Missed() == alert.digest.missed  # told, though it is not listed


def test_what_lost_its_ground_while_it_was_held_is_told_with_why() -> None:
    messages = [held(0, lost=Change.UNMATCHED), held(1)]
    alert = plan_digest("mail", gathered(*messages), Missed(), SourcesState(), since=NOW, until=LATER, now=LATER)
    [release] = plan_releases([replace(each, why=Why.QUIET_HOURS) for each in messages], now=LATER)

    for told in (alert, release.alert):
        assert told is not None
        assert told.digest is not None
        assert ((messages[0].story.id, "axe-moscou-pekin", Change.UNMATCHED),) == told.digest.lost


def test_d1_a_story_that_nobody_was_told_is_not_told_as_lost_while_an_article_of_it_is_found() -> None:
    first, raised = held(0, lost=Change.WITHDRAWN), held(0, id=8, is_update=True, level=Level.CRITICAL)
    grown, gone = held(0, id=9, is_update=True), held(0, id=10, is_update=True, lost=Change.WITHDRAWN)
    apart = Gathering()
    apart.add([gone, grown])
    apart.add([raised, first])
    alert = plan_digest("mail", apart, Missed(), SourcesState(), since=NOW, until=LATER, now=LATER)
    quiet = [replace(each, why=Why.QUIET_HOURS) for each in (first, raised, grown, gone)]
    [release] = plan_releases(quiet, now=LATER)
    [correction] = plan_releases([replace(each, is_update=True) for each in quiet], now=LATER)

    assert [grown] == apart.listed
    assert (quiet[3],) == correction.free  # of what was told before, that it is found no longer is news
    for told in (alert, release.alert):
        assert told is not None
        assert told.digest is not None
        assert () == told.digest.lost


def test_a_story_that_is_told_is_no_near_miss() -> None:
    missed = Missed((other(1), other(2)), 3)
    alert = plan_digest("mail", gathered(held(1)), missed, SourcesState(), since=NOW, until=LATER, now=LATER)
    assert alert.digest is not None

    assert Missed((other(2),), 2) == alert.digest.missed


def test_a_digest_is_the_same_however_often_it_is_planned_and_another_at_another_time() -> None:
    ids = {
        plan_digest("mail", gathered(*messages), Missed(), SourcesState(), since=NOW, until=until, now=until).id
        for messages, until in (([], LATER), ([held(0)], LATER), ([], LATER + timedelta(hours=1)))
    }

    assert 2 == len(ids)


def test_the_times_of_a_receiver_are_those_of_all_its_routes() -> None:
    mail, log = Receiver("mail", Channel.MAIL), Receiver("slack", Channel.SLACK)
    root = Route(
        "slack",
        routes=(
            Route("mail", manner=Manner(digest=(time(18),))),
            Route("mail", manner=Manner(digest=(time(7), time(18)))),
            Route("journal", manner=Manner(digest=(time(3),))),
        ),
    )

    assert {"mail": (time(7), time(18))} == digest_times(Routes((mail, log), root))
    assert {} == digest_times(Routes((mail,)))


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 2, 16, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 2, 17, 0, tzinfo=UTC), (2, 17, 0)),
        # a pause of three days is one digest, the latest
        (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 5, 12, 0, tzinfo=UTC), (5, 6, 30)),
        # a clock that was set back repeats none
        (datetime(2026, 3, 2, 17, tzinfo=UTC), datetime(2026, 3, 2, 17, 0, tzinfo=UTC), None),
    ],
)
def test_t7_a_digest_is_due_once(last: datetime, now: datetime, expected: tuple[int, int, int] | None) -> None:
    due = due_slot((time(7, 30), time(18)), last_at=last, now=now, zone=PARIS)

    assert expected == (due and (due.day, due.hour, due.minute))


def test_t7_the_night_of_the_change_has_each_digest_once() -> None:
    for day in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        last, told, now = day, [], day
        for _ in range(24 * 60 // 5):
            now += timedelta(minutes=5)
            slot = due_slot((time(2, 30),), last_at=last, now=now, zone=PARIS)
            if slot is not None:
                last = slot
                told.append(slot)

        assert 1 == len(told)


def test_near_misses_are_those_that_the_receiver_would_have_been_told_of() -> None:
    receivers = (Receiver("mail", Channel.MAIL), Receiver("slack", Channel.SLACK))
    root = Route("mail", routes=(Route("slack", (parse_matcher("rule=rule-3"),)),))
    near = tuple(other(number) for number in range(9))
    missed = missed_by("mail", Missed(near, 9, SILENCES), Routes(receivers, root))

    assert (5, 8, 4) == (len(missed.near), missed.near_count, missed.silenced)
    assert "rule-3" not in {match.rule.id for _, match in missed.near}
    assert replace(missed, near=near[3:4], near_count=1) == missed_by(
        "slack", Missed(near, 9, SILENCES), Routes(receivers, root)
    )


def test_silences_of_the_file_are_named_in_digests() -> None:
    of_file = replace(SILENCES[0], id=SILENCES[1].id, alerts=0)
    missed = missed_by("mail", Missed(silences=SILENCES), Routes(silences=(of_file,)))

    assert (SILENCES[0], replace(of_file, alerts=1)) == missed.silences
