"""A story that other newspapers take up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.alerting import for_the_untold, message_id, plan, plan_growth
from monitor.alerting.plan import first_alert_id
from monitor.model import AlertId, Change, NotificationReason, Told
from rules.types import Level, Status
from tests.monitor.deliver.samples import MATCH, NOW, ROUTES, STORY, TITLE, other

LATER = NOW + timedelta(minutes=9)
FIRST = first_alert_id(MATCH, STORY)
TOLD = Told(
    MATCH, STORY.sources[0], TITLE, Level.HIGH, first=((FIRST, ("slack", "mail", "gone")),), times=1, match_id=7
)
GROWN = replace(STORY, outlets=3)


def test_those_who_were_told_first_hear_that_a_story_grew() -> None:
    [(alert, match_id)] = plan_growth([TOLD], GROWN, ROUTES, outlets_before=2, now=LATER)
    assert alert.update is not None

    assert 7 == match_id
    assert (NotificationReason.STORY_GREW, ("slack", "mail")) == (alert.reason, alert.receivers)
    assert (FIRST, Change.GREW, Level.HIGH) == (alert.update.of, alert.update.change, alert.update.after.level)
    assert {"slack", "mail", "gone"} == dict(alert.update.threads).keys()


def test_of_several_first_alerts_each_receiver_has_its_own_and_a_recap_is_no_message_on_the_story() -> None:
    recap, second = AlertId("al_RECAP"), AlertId("al_2")
    first = ((recap, ("webhook",)), (FIRST, ("slack", "mail")), (second, ("slack", "webhook")))
    told = [
        replace(TOLD, first=first[:1], with_others=frozenset({recap})),
        replace(TOLD, first=first[1:]),
    ]
    [(alert, _)] = plan_growth(told, GROWN, ROUTES, outlets_before=2, now=LATER)
    assert alert.update is not None

    assert (recap, FIRST, FIRST, recap) == tuple(
        alert.update.first_for(name) for name in ("webhook", "slack", "mail", "new")
    )
    assert {"slack": message_id(FIRST, "slack"), "mail": message_id(FIRST, "mail")} | {
        "webhook": message_id(second, "webhook")
    } == dict(alert.update.threads)


def test_what_is_shown_of_a_story_that_grew_is_the_article_that_was_told() -> None:
    mine = STORY.sources[0]
    newest = replace(mine, outlet="L'Écho du Vexin", url="https://echo.example/1", title="Un autre titre")
    grown = replace(GROWN, title=newest.title, sources=(newest, mine), entities=("inde",))
    [(alert, _)] = plan_growth([replace(TOLD, entities=("chine",))], grown, ROUTES, outlets_before=2, now=LATER)
    [story] = alert.stories
    assert alert.update is not None

    assert (mine.title, (mine, newest), ("chine",)) == (story.title, story.sources, story.entities)
    assert story.title == alert.update.after.title
    assert 3 == story.outlets


def test_an_article_of_a_newspaper_that_had_it_is_no_growth() -> None:
    assert () == plan_growth([TOLD], GROWN, ROUTES, outlets_before=3, now=LATER)


def test_growth_is_told_once_for_each_rule_of_what_was_told_and_still_holds() -> None:
    _, match = other(4)
    again = replace(TOLD, first=((AlertId("al_2"), ("mail",)),))
    second = replace(TOLD, match=match, first=((AlertId("al_3"), ("mail",)),))
    lost, silent, untold = (
        replace(second, match=replace(match, rule=replace(match.rule, id="lost")), is_lost=True),
        replace(second, match=replace(match, rule=replace(match.rule, id="silent", status=Status.EXPERIMENTAL))),
        replace(second, match=replace(match, rule=replace(match.rule, id="untold")), first=()),
    )
    alerts = plan_growth([TOLD, again, second, lost, silent, untold], GROWN, ROUTES, outlets_before=2, now=LATER)

    assert [FIRST, "al_3"] == [alert.update.of for alert, _ in alerts if alert.update is not None]


def test_of_a_story_that_grew_what_was_told_at_the_highest_level_is_shown() -> None:
    mail = (("mail", Level.MEDIUM),)
    medium = replace(TOLD, level=Level.MEDIUM, highest=mail, match_id=1)
    joined = replace(TOLD, level=Level.CRITICAL, match_id=2)  # it was told to nobody
    high = replace(TOLD, level=Level.HIGH, highest=(("slack", Level.HIGH),), match_id=3)
    [(alert, match_id)] = plan_growth([medium, joined, high, high], GROWN, ROUTES, outlets_before=2, now=LATER)
    [(_, first)] = plan_growth([medium, joined], GROWN, ROUTES, outlets_before=2, now=LATER)
    assert alert.update is not None

    assert (3, 1, Level.HIGH, ("slack", "mail")) == (match_id, first, alert.update.after.level, alert.receivers)


def test_growing_to_the_same_is_the_same_news() -> None:
    grown = [
        plan_growth([TOLD], replace(STORY, outlets=count), ROUTES, outlets_before=1, now=LATER) for count in (2, 3)
    ]

    assert plan_growth([TOLD], GROWN, ROUTES, outlets_before=1, now=LATER) == grown[1]
    assert grown[0][0][0].id != grown[1][0][0].id


def test_d1_whoever_was_told_anything_of_a_story_and_a_rule_hears_no_first_alert_of_it() -> None:
    raised, recap = (AlertId("al_RAISED"), ("mail",)), (AlertId("al_RECAP"), ("slack",))
    [planned] = plan([MATCH], STORY, ROUTES, now=LATER)
    alerts = [replace(planned, receivers=("slack", "mail"))]
    told = replace(TOLD, first=((FIRST, ()), raised))
    [for_slack] = for_the_untold(alerts, [told], [], STORY)
    [(grown, _)] = plan_growth([replace(told, first=(recap, raised))], GROWN, ROUTES, outlets_before=2, now=LATER)
    [meanwhile] = for_the_untold(alerts, [told], [grown], STORY)
    [for_nobody] = for_the_untold(alerts, [told, replace(told, first=(recap,))], [], STORY)

    assert (("slack",), False) == (for_slack.receivers, for_slack.id in {FIRST, raised[0]})
    # it is joined to what some were told, which the growth of the story updates
    assert [raised[0]] * 2 == [for_nobody.id, meanwhile.id]


def test_d1_whoever_was_told_of_an_article_that_is_found_no_longer_hears_of_another_one() -> None:
    [planned] = plan([MATCH], STORY, ROUTES, now=LATER)
    lost = replace(TOLD, first=((FIRST, ("slack", "mail")),), is_lost=True)
    [again] = for_the_untold([replace(planned, receivers=("slack", "mail"))], [lost], [], STORY)
    [for_slack] = for_the_untold(
        [replace(planned, receivers=("slack", "mail"))],
        [lost, replace(TOLD, first=((AlertId("al_OTHER"), ("mail",)),), match_id=8)],
        [],
        STORY,
    )

    assert (("slack", "mail"), ("slack",)) == (again.receivers, for_slack.receivers)
    assert FIRST not in {again.id, for_slack.id}


def test_whom_only_an_update_told_of_a_story_hears_that_it_grew() -> None:
    raised, on_lost = (AlertId("al_RAISED"), ("mail",)), (AlertId("al_LOST"), ("slack",))
    told = [replace(TOLD, first=((FIRST, ()), raised)), replace(TOLD, first=(on_lost,), is_lost=True, match_id=8)]
    [(alert, match_id)] = plan_growth(told, GROWN, ROUTES, outlets_before=2, now=LATER)
    assert alert.update is not None

    # slack knows it only from what holds no longer: the next article that is found rings there
    assert (7, ("mail",), raised[0]) == (match_id, alert.receivers, alert.update.of)
    assert message_id(raised[0], "mail") == dict(alert.update.threads)["mail"]
