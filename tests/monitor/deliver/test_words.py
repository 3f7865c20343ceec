"""French and English, without a locale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting import plan_digest, plan_releases
from monitor.deliver.notes import note_of
from monitor.deliver.words import vocabulary
from monitor.errors import Reason
from monitor.model import Change, IncidentKind, Missed, NotificationReason, SourcesState, Step, TroubleKind, Why
from monitor.settings import Language
from rules.types import Burst, Completeness, Contribution, Field, Level
from tests.monitor.deliver.benches import words
from tests.monitor.deliver.samples import (
    MATCH,
    NOW,
    REFUSAL,
    RETITLED,
    STORY,
    TITLE,
    VERDICT,
    alert,
    gathered,
    held,
    other,
    refused,
    updated,
)

FR, EN = words(Language.FR), words(Language.EN)


def test_every_word_exists_in_every_language() -> None:
    for each in (FR, EN):
        assert set(each.levels) == set(Level)
        assert set(each.reasons) == set(NotificationReason)
        assert set(each.completeness) == set(Completeness)
        assert set(each.fields) == set(Field)
        assert set(each.sources.titles) == set(each.sources.told) == set(each.sources.to_do) == set(IncidentKind)
        assert set(each.sources.causes) == set(Reason)
        assert set(each.system.titles) == set(each.system.names) == set(TroubleKind)
        assert set(each.system.steps) == set(Step)
        assert set(each.system.told) == set(each.system.to_do) == set(TroubleKind)
        assert (len(each.days), len(each.months)) == (7, 12)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2024, 5, 16, 4, 58, tzinfo=UTC), "jeudi 16 mai 2024, 06:58"),
        (datetime(2024, 1, 1, 12, 0, tzinfo=UTC), "lundi 1er janvier 2024, 13:00"),
        (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), "dimanche 26 octobre 2025, 02:30"),
        (datetime(2025, 10, 26, 1, 30, tzinfo=UTC), "dimanche 26 octobre 2025, 02:30"),
        (None, "date inconnue"),
    ],
)
def test_dates_are_those_of_the_readers_zone(instant: datetime | None, expected: str) -> None:
    assert FR.long_date(instant) == expected


def test_english_dates_have_no_ordinal() -> None:
    instant = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)

    assert (EN.long_date(instant), EN.short_date(instant)) == ("Monday 1 January 2024, 13:00", "1 January, 13:00")
    assert EN.short_date(None) == "date unknown"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (820, "14 min"),
        (3600, "1 h"),
        (86400, "24 h"),
        (2 * 86400, "2 j"),
        (10 * 86400, "10 j"),
        (59.7, "1 min"),
        (3570, "1 h"),
        (3599.7, "1 h"),
        (2 * 86400 - 1, "2 j"),
    ],
)
def test_a_span_is_told_in_its_own_unit(seconds: float, expected: str) -> None:
    assert FR.span(seconds) == expected


@pytest.mark.parametrize(
    ("latency", "expected"),
    [
        ((("published_to_seen_s", 820.0), ("seen_to_sent_s", 27.0)), "Vu en 14 min, envoyé en 27 s"),
        ((("seen_to_sent_s", 27.0),), "Envoyé en 27 s"),
        ((), ""),
    ],
)
def test_latency_is_what_is_known_of_it(latency: tuple[tuple[str, float], ...], expected: str) -> None:
    assert FR.told_latency(latency) == expected


@pytest.mark.parametrize(
    ("threshold", "expected"), [(10.0, "2,4 × le seuil"), (None, "24,1 points"), (0.0, "24,1 points")]
)
def test_strength_is_relative_to_the_threshold_if_there_is_one(threshold: float | None, expected: str) -> None:
    assert FR.strength(replace(MATCH, verdict=replace(VERDICT, threshold=threshold))) == expected


def test_points_are_told_with_their_threshold_if_there_is_one() -> None:
    assert FR.score(MATCH) == "24,1 points, seuil 10"
    assert FR.score(replace(MATCH, verdict=replace(VERDICT, threshold=None))) == "24,1 points"


def test_a_term_that_takes_points_away_is_told_with_a_minus() -> None:
    against = Contribution("exclu_sport", -3.0, "tournoi", Field.TITLE, 1)
    match = replace(MATCH, verdict=replace(VERDICT, contributions=(against,)))

    assert FR.breakdown(match) == "exclu sport −3,0"
    assert FR.seen(match) == ""


def test_a_form_that_serves_two_terms_is_told_once() -> None:
    served = [Contribution(term, 2.0, "missile", Field.TITLE, 1) for term in ("combats", "combats_en_tête")]
    match = replace(MATCH, verdict=replace(VERDICT, contributions=tuple(served)))

    assert FR.seen(match) == "missile (titre)"


def test_an_agency_is_named_only_if_a_credit_was_read() -> None:
    source = STORY.sources[0]

    assert FR.agency(source) == "agence non identifiée"
    assert FR.agency(replace(source, wire=True, agency="AFP")) == "dépêche AFP"
    assert vocabulary(Language.EN, FR.zone).agency(replace(source, wire=True, agency="AFP")) == "AFP dispatch"
    assert FR.agency(replace(source, wire=True)) == "dépêche reprise"
    assert ("", "dépêche AFP") == (FR.credited(source), FR.credited(replace(source, wire=True, agency="AFP")))


def test_the_vocabulary_is_chosen_by_the_setting() -> None:
    assert (vocabulary(Language.FR, FR.zone).code, vocabulary(Language.EN, FR.zone).code) == ("fr", "en")


def test_the_newspapers_that_took_up_a_story_are_named_and_the_others_counted() -> None:
    planned = updated(RETITLED, TITLE)
    assert planned.update is not None
    told = STORY.sources[0]
    others = [
        replace(told, outlet=name) for name in ("L'Écho", told.outlet, "Le Courrier du Val", "L'Écho", "", "Le Phare")
    ]
    story = replace(STORY, sources=(told, *others), outlets=4)
    grown = replace(planned, stories=(story,), update=replace(planned.update, change=Change.GREW))
    counted = [replace(grown, stories=(replace(story, outlets=outlets),)) for outlets in (4, 5, 7)]

    assert [
        "Repris par : L'Écho, Le Courrier du Val, Le Phare",
        "Repris par : L'Écho, Le Courrier du Val, Le Phare et 1 autre",
        "Repris par : L'Écho, Le Courrier du Val, Le Phare et 3 autres",
    ] == [FR.joined_of(alert) for alert in counted]
    assert "Also in: L'Écho, Le Courrier du Val, Le Phare and 3 others" == EN.joined_of(counted[-1])
    arrest = replace(story, sources=(told, replace(others[0], title="Un suspect arrêté"), *others[1:]), outlets=4)
    assert "Repris par : L'Écho (« Un suspect arrêté »), Le Courrier du Val, Le Phare" == FR.joined_of(
        replace(grown, stories=(arrest,))
    )
    assert "" == FR.joined_of(replace(grown, stories=(replace(story, sources=(told,)),)))
    assert "" == FR.joined_of(replace(planned, stories=(story,)))
    assert "" == FR.joined_of(replace(grown, update=None))


def test_a_budget_that_is_spent_says_until_when_with_the_day_where_that_is_another() -> None:
    soon, later = (replace(alert(), budget_until=NOW + after) for after in (timedelta(minutes=50), timedelta(days=1)))

    assert "budget atteint : la suite à 08:02" == FR.spent(soon)
    assert "budget atteint : la suite le 17 mai, 07:12" == FR.spent(later)
    assert "budget spent: more on 17 May, 07:12" == EN.spent(later)
    assert "" == EN.spent(alert())


def test_what_raised_a_level_is_said() -> None:
    planned = updated(RETITLED, TITLE)
    assert planned.update is not None
    burst = Burst(3, timedelta(minutes=30))
    raised = replace(planned, update=replace(planned.update, change=Change.LEVEL_RAISED, burst=burst))

    assert "niveau relevé : 3 titres indépendants en 30 min" == FR.happened(raised)
    assert "level raised: 3 independent outlets in 30 min" == EN.happened(raised)


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(days=1), "24 h"),
        (timedelta(days=3), "3 j"),
        (timedelta(hours=49), "49 h"),
    ],
)
def test_in_how_long_a_level_was_raised_is_said_as_the_rule_has_it(within: timedelta, expected: str) -> None:
    planned = updated(RETITLED, TITLE)
    assert planned.update is not None
    burst = Burst(3, within)
    raised = replace(planned, update=replace(planned.update, change=Change.LEVEL_RAISED, burst=burst))

    assert f"niveau relevé : 3 titres indépendants en {expected}" == FR.happened(raised)


@pytest.mark.parametrize(
    ("levels", "french", "english"),
    [
        ([Level.HIGH], "1 sujet, élevé", "1 story, high"),
        ([Level.HIGH] * 8, "8 sujets, tous élevés", "8 stories, all high"),
        ([Level.CRITICAL, Level.HIGH], "2 sujets dont 1 critique", "2 stories, 1 of them critical"),
        ([Level.HIGH, Level.HIGH, Level.LOW], "3 sujets dont 2 élevés", "3 stories, 2 of them high"),
        ([Level.LOW] * 2, "2 sujets", "2 stories"),
    ],
)
def test_a_digest_says_how_many_of_its_stories_are_serious(levels: list[Level], french: str, english: str) -> None:
    messages = [held(number, level=level) for number, level in enumerate(levels, 1)]
    since = NOW - timedelta(hours=13)
    digest = plan_digest("mail", gathered(*messages), Missed(), SourcesState(feeds=9), since=since, until=NOW, now=NOW)

    assert note_of(digest, FR).subject.endswith(f" – {french}")
    assert note_of(digest, EN).subject.endswith(f" – {english}")


def test_a_digest_counts_each_story_once_and_those_that_it_does_not_list_too() -> None:
    twice = [other(number) for number in range(1, 16)]
    by_two_rules = [
        held(number, story=story, match=replace(match, rule=replace(match.rule, id=f"{match.rule.id}{rule}")))
        for number, (story, match) in enumerate(twice, 1)
        for rule in "ab"
    ]
    many = [held(number, level=Level.HIGH) for number in range(1, 31)]
    some = [held(number, level=Level.HIGH if number < 25 else Level.LOW) for number in range(1, 31)]

    for messages, told, left_out in (
        (by_two_rules, "15 sujets", 5),
        (many, "30 sujets, tous élevés", 10),
        (some, "30 sujets dont 24 élevés", 10),
    ):
        digest = plan_digest("mail", gathered(*messages), Missed(), SourcesState(), since=NOW, until=NOW, now=NOW)
        [release] = plan_releases([replace(each, why=Why.QUIET_HOURS) for each in messages], now=NOW)
        assert release.alert is not None
        for each in (note_of(digest, FR), note_of(release.alert, FR)):
            assert told == each.subject.split(" – ")[1]
            assert left_out == each.uncounted


def test_an_outlet_of_which_several_feeds_fail_is_named_once_and_each_feed_is_counted() -> None:
    names = ("L'Écho du Vexin",) * 3 + tuple(f"Radio {number}" for number in range(12))
    sources = SourcesState(feeds=20, failing=names)
    digest = plan_digest("mail", gathered(), Missed(), sources, since=NOW, until=NOW, now=NOW)
    told = "".join(span.text for paragraph in note_of(digest, FR).closing for line in paragraph.lines for span in line)

    assert "5 sources sur 20" in told
    assert "L'Écho du Vexin (3), Radio 0, " in told
    assert "et 3 de plus" in told


def test_one_source_and_one_article_agree() -> None:
    state = SourcesState(feeds=1, articles=35, partial=1)
    digest = plan_digest("mail", gathered(), Missed(), state, since=NOW, until=NOW, now=NOW)
    for each, told in (
        (FR, ("1 source sur 1", "Texte partiel : 1 article sur 35")),
        (EN, ("1 of 1 sources", "Partial text: 1 article of 35")),
    ):
        lines = ["".join(span.text for span in line) for part in note_of(digest, each).closing for line in part.lines]
        assert set(told) <= set(lines)


def test_where_no_source_answers_that_is_told_in_good_english_too() -> None:
    state = SourcesState(feeds=3, failing=("A", "B", "C"))
    digest = plan_digest("mail", gathered(), Missed(), state, since=NOW, until=NOW, now=NOW)
    for each, told in ((FR, "0 source sur 3 ; en panne : A, B, C"), (EN, "0 of 3 sources; failing: A, B, C")):
        lines = ["".join(span.text for span in line) for part in note_of(digest, each).closing for line in part.lines]
        assert told in [line.replace("\u00a0", " ") for line in lines]


def test_a_routes_file_that_is_refused_is_told_as_one() -> None:
    of_routes = refused(replace(REFUSAL, of_routes=True))

    assert note_of(of_routes, FR).subject.startswith("Routes refusées : ")
    assert note_of(of_routes, EN).subject.startswith("Routes rejected: ")
    assert "les routes précédentes restent en service" == FR.refused_still(replace(REFUSAL, of_routes=True))
    assert "the previous rules stay live (14)" == EN.refused_still(REFUSAL)
