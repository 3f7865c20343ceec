"""When people are told again of what they know (promise I9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting import Reading, Route, Routes, Updates, message_id, plan, plan_updates
from monitor.model import Alert, AlertId, AlertType, Change, NotificationReason, Told
from rules.types import Level, Match, Status
from tests.monitor.deliver.samples import EVERYBODY, MATCH, NOW, ROUTES, RULE, STORY, TITLE, VERDICT, alert

FIRST = alert()
OTHER = "Un autre titre"


def found(level: Level | None = Level.HIGH, **rule: object) -> tuple[Match, ...]:
    """Return what the rule says: a level, or nothing."""
    made = replace(MATCH, rule=replace(RULE, **rule), verdict=replace(VERDICT, level=level))  # type: ignore[arg-type]  # fields by name
    return () if level is None else (made,)


def told(level: Level = Level.HIGH, title: str = TITLE, *, lost: bool = False, times: int = 1) -> Told:
    return Told(
        found(level)[0],
        STORY.sources[0],
        title,
        level,
        is_lost=lost,
        first=((FIRST.id, ("webhook", "mail")),),
        times=times,
    )


def reading(before: tuple[Match, ...], after: tuple[Match, ...], *, corrected: bool = True, **changes: bool) -> Reading:
    return Reading(TITLE, before, after, {OTHER}, is_corrected=corrected, **changes)


def updates(one: Told | None, what: Reading, routes: Routes = ROUTES) -> Updates:
    return plan_updates([one] if one else [], what, STORY, routes, now=NOW)


def changes(one: Told | None, what: Reading) -> list[Change]:
    planned = updates(one, what)
    return [alert.update.change for alert in (*planned.alerts, *planned.first) if alert.update is not None]


@pytest.mark.parametrize(
    ("told_level", "before", "after", "expected"),
    [
        (None, None, Level.LOW, [Change.MATCHED]),
        (None, Level.LOW, Level.HIGH, []),  # the rule is younger than the text: nothing crossed
        (None, None, None, []),
        (Level.MEDIUM, Level.MEDIUM, Level.HIGH, [Change.LEVEL_RAISED]),
        (Level.MEDIUM, None, Level.HIGH, [Change.LEVEL_RAISED]),
        (Level.MEDIUM, Level.HIGH, Level.HIGH, []),  # it is the rule that changed
        (Level.HIGH, Level.HIGH, Level.MEDIUM, []),
        (Level.HIGH, Level.HIGH, Level.HIGH, []),
        (Level.HIGH, Level.HIGH, None, [Change.UNMATCHED]),
        (Level.HIGH, None, None, []),  # the rule changed, or is gone
    ],
)
def test_i9_an_update_is_told_only_where_a_threshold_is_crossed(
    told_level: Level | None, before: Level | None, after: Level | None, expected: list[Change]
) -> None:
    known = None if told_level is None else told(told_level)

    assert expected == changes(known, reading(found(before), found(after)))


def test_i9_a_title_that_says_something_else_than_people_know_is_told() -> None:
    assert [Change.TITLE_CHANGED] == changes(told(title=OTHER), reading(found(), found()))
    assert [] == changes(told(title="Un titre mal orthografié"), reading(found(), found()))


def test_i9_a_level_is_told_before_a_title() -> None:
    what = reading(found(Level.HIGH), found(Level.CRITICAL))

    assert [Change.LEVEL_RAISED] == changes(told(title=OTHER), what)


def test_i9_what_was_lost_and_is_found_again_is_told() -> None:
    assert [Change.MATCHED] == changes(told(lost=True), reading((), found()))
    assert [] == changes(told(lost=True), reading((), ()))


def test_i9_a_withdrawn_article_is_told_once_and_its_rules_lose_it() -> None:
    gone = reading(found(), (), corrected=False, is_withdrawn=True)

    assert [Change.WITHDRAWN] == changes(told(), gone)
    assert (RULE.id,) == updates(told(), gone).lost
    assert [] == changes(told(lost=True), gone)


def test_i9_of_a_live_report_only_crossings_are_told() -> None:
    assert [] == changes(told(title=OTHER), reading(found(), found(), is_live=True))
    assert [] == changes(told(), reading(found(), (), is_live=True))
    assert [Change.LEVEL_RAISED] == changes(told(), reading(found(), found(Level.CRITICAL), is_live=True))


def test_more_of_the_same_text_may_raise_a_level_and_is_no_correction() -> None:
    assert [Change.LEVEL_RAISED] == changes(told(), reading(found(), found(Level.CRITICAL), corrected=False))
    assert [] == changes(told(), reading(found(), (), corrected=False))
    assert [] == changes(None, reading((), found(), corrected=False))


@pytest.mark.parametrize("status", [Status.EXPERIMENTAL, Status.DEPRECATED])
def test_a_silent_rule_tells_no_update(status: Status) -> None:
    silent = found(status=status)

    assert Updates() == updates(None, reading((), silent))
    assert Updates(lost=(RULE.id,)) == updates(replace(told(), first=()), reading(silent, ()))
    assert Updates() == updates(told(Level.LOW), reading(found(Level.LOW), silent))
    assert [] == changes(told(), reading(silent, ()))


def test_a_near_miss_is_no_match() -> None:
    near = (replace(MATCH, verdict=replace(VERDICT, match=False, near_miss=True, level=None)),)

    assert [Change.UNMATCHED] == changes(told(), reading(found(), near))
    assert [Change.MATCHED] == changes(None, reading(near, found()))


def one(known: Told | None, what: Reading, routes: Routes = ROUTES) -> Alert:
    [made] = updates(known, what, routes).alerts
    return made


def test_an_update_names_the_alert_it_updates_and_threads_its_messages() -> None:
    made = one(told(Level.MEDIUM), reading(found(Level.MEDIUM), found()))
    assert made.update is not None

    assert (AlertType.STORY_UPDATED, NotificationReason.LEVEL_RAISED) == (made.type, made.reason)
    assert FIRST.id == made.update.of != made.id
    assert {name: message_id(FIRST.id, name) for name in ("webhook", "mail")} == dict(made.update.threads)


def test_who_was_told_first_is_told_of_the_update_and_who_is_gone_is_not() -> None:
    journal = Routes(ROUTES.receivers[:2], None)
    nobody = Routes((), None)

    assert {"webhook", "mail"} == set(one(told(), reading(found(), ())).receivers)
    assert ("webhook",) == one(told(), reading(found(), ()), journal).receivers
    assert () == one(told(), reading(found(), ()), nobody).receivers


@pytest.mark.parametrize(
    ("known", "what"),
    [
        (told(title=OTHER), reading(found(), found())),
        (told(lost=True), reading((), found())),
        (told(), reading(found(), (), is_withdrawn=True)),
    ],
)
def test_only_those_who_had_an_alert_hear_that_it_was_corrected(known: Told, what: Reading) -> None:
    assert {"webhook", "mail"} == set(one(known, what).receivers)


def test_a_level_that_rises_is_told_to_those_whom_it_concerns_too() -> None:
    assert EVERYBODY == one(told(), reading(found(), found(Level.CRITICAL))).receivers


def test_whom_a_higher_level_reaches_and_another_article_had_told_it_is_an_update_of_that() -> None:
    another = replace(told(), first=((AlertId("al_2"), ("slack", "mail")),))
    elsewhere = replace(another, match=replace(MATCH, rule=replace(RULE, id="autre")))
    elsewhere = replace(elsewhere, first=((AlertId("al_3"), ("ntfy",)),))
    what = reading(found(), found(Level.CRITICAL))
    [raised] = plan_updates([told()], what, STORY, ROUTES, beside=(told(), another, elsewhere), now=NOW).alerts
    assert raised.update is not None

    assert {"webhook": FIRST.id, "mail": FIRST.id, "slack": "al_2"} == dict(raised.update.firsts)
    assert message_id(AlertId("al_2"), "slack") == dict(raised.update.threads)["slack"]


def test_nobody_is_told_again_of_a_level_that_another_article_of_the_story_brought() -> None:
    medium = replace(told(Level.MEDIUM), highest=(("webhook", Level.MEDIUM), ("mail", Level.MEDIUM)))
    high = replace(told(), title=OTHER, highest=(("webhook", Level.HIGH), ("slack", Level.CRITICAL)))
    what = reading(found(Level.MEDIUM), found())

    def receivers(*beside: Told) -> list[tuple[str, ...]]:
        return [one.receivers for one in plan_updates([medium], what, STORY, ROUTES, beside=beside, now=NOW).alerts]

    others = tuple(name for name in EVERYBODY if name not in {"webhook", "slack"})

    assert [others] == receivers(medium, high)
    assert [EVERYBODY] == receivers(medium, replace(high, is_lost=True))  # they heard that it is so no longer
    assert [EVERYBODY] == receivers(replace(high, match=replace(MATCH, rule=replace(RULE, id="autre"))))


def test_a_level_that_rises_again_rings_nobody_who_had_it_and_another_title_is_told_them() -> None:
    fell = replace(told(Level.MEDIUM, OTHER), highest=(("webhook", Level.HIGH), ("mail", Level.MEDIUM)))
    what = reading(found(Level.MEDIUM), found())
    raised, titled = updates(fell, what).alerts

    assert NotificationReason.LEVEL_RAISED == raised.reason
    assert (NotificationReason.CORRECTED, ("webhook",)) == (titled.reason, titled.receivers)
    assert "webhook" not in raised.receivers
    assert raised.id != titled.id

    # another article said so in the same words
    there = replace(fell, title=TITLE)
    assert [raised] == list(plan_updates([fell], what, STORY, ROUTES, beside=(fell, there), now=NOW).alerts)
    assert [Change.LEVEL_RAISED] == changes(replace(fell, highest=()), what)


def test_a_higher_level_is_told_to_those_who_know_the_story_by_another_article() -> None:
    elsewhere = replace(told(), first=((AlertId("al_2"), ("slack",)),))
    nowhere = Routes(ROUTES.receivers, Route("journal"))
    what = reading(found(), found(Level.CRITICAL))
    [raised] = plan_updates([told()], what, STORY, nowhere, beside=(told(), elsewhere), now=NOW).alerts

    assert {"webhook", "mail", "slack"} == set(raised.receivers)


def test_d3_an_update_planned_twice_is_one_and_the_next_is_another() -> None:
    what = reading(found(), ())
    [again] = plan_updates([told()], what, STORY, Routes(), now=NOW + timedelta(hours=1)).alerts

    assert one(told(), what).id == again.id
    assert one(told(times=2), what).id != again.id


def test_a_text_that_matches_since_it_changed_is_known_by_the_id_of_a_first_alert() -> None:
    [made] = updates(None, reading((), found())).first
    [first] = plan(found(), STORY, ROUTES, now=NOW)
    assert made.update is not None

    assert (first.id, NotificationReason.CORRECTED, None) == (made.id, made.reason, made.update.of)
    assert (None, Level.HIGH) == (made.update.before.level, made.update.after.level)


def test_d1_who_was_told_of_an_article_by_an_update_hears_of_its_correction() -> None:
    known = replace(told(), first=((FIRST.id, ("mail",)),), highest=(("mail", Level.HIGH), ("webhook", Level.HIGH)))

    assert {"mail", "webhook"} == set(one(known, reading(found(), ())).receivers)


def test_d3_corrections_of_two_articles_of_a_story_are_two_alerts() -> None:
    corrected = reading(found(), ())
    ids = [one(replace(told(), match_id=match_id), corrected).id for match_id in (1, 2, 2)]

    assert 2 == len(set(ids))


def test_of_several_alerts_that_told_it_first_each_receiver_is_threaded_to_its_own() -> None:
    recap = (AlertId("al_RECAP0000000"), ("slack",))
    made = one(replace(told(), first=(*told().first, recap)), reading(found(), ()))
    assert made.update is not None

    assert message_id(recap[0], "slack") == dict(made.update.threads)["slack"]
