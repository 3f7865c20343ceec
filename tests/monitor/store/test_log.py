from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import NotFoundError
from monitor.model import AlertType, Change, DeliveryState, Standing, Update
from monitor.store import Judgement, LabelLine, MatchFilter, Store
from tests.monitor.store.samples import (
    NOW,
    after,
    alert,
    article,
    match,
    message,
    one_entry,
    record,
    record_alert,
    story,
)


@pytest.fixture
def log(store: Store) -> Store:
    """Three articles: a match that was alerted, one that was not, and a near miss."""
    told = (alert("7K2QXYZ0", match("axe", score=20)), [message()])
    record(store, one_entry(store, "a"), told, entities=["russie", "chine"])
    record(store, one_entry(store, "b"), matches=[match("front", score=12)], entities=["kharkiv"], now=after(10))
    record(store, one_entry(store, "c"), matches=[match("axe", score=4, near_miss=True)], now=after(20))
    return store


def _rules(log: Store, wanted: MatchFilter) -> list[str]:
    return [line.rule for line in log.matches(wanted)]


def test_matches_are_listed_latest_first_without_near_misses(log: Store) -> None:
    front, axe = log.matches()

    assert [("front", None, 12.0), ("axe", "al_7K2QXYZ0", 20.0)] == [
        (line.rule, line.alert_id, line.score) for line in (front, axe)
    ]


def test_matches_are_filtered_by_each_fact(log: Store) -> None:
    assert ["axe", "front", "axe"] == _rules(log, MatchFilter(near_misses=True))
    assert ["front"] == _rules(log, MatchFilter(rule="front"))
    assert ["front"] == _rules(log, MatchFilter(entity="kharkiv"))
    assert [] == _rules(log, MatchFilter(entity="khark_v"))
    assert ["front"] == _rules(log, MatchFilter(since=after(5)))
    assert ["axe"] == _rules(log, MatchFilter(until=after(5)))
    assert ["axe"] == _rules(log, MatchFilter(min_score=15))
    assert ["front"] == [line.rule for line in log.matches(limit=1)]


def test_matches_are_filtered_by_judgement(log: Store) -> None:
    log.label("7K2Q", relevant=False, now=NOW)

    assert [[], ["axe"], ["front"]] == [_rules(log, MatchFilter(label=label)) for label in Judgement]


def test_a_match_that_joined_a_story_that_had_been_told_was_told_by_no_alert(store: Store) -> None:
    told = alert("7K2QXYZ0", match("axe"))
    for name, score in (("a", 20), ("b", 30)):
        record(store, one_entry(store, name), (told, [message()]), story=story(), matches=[match("axe", score=score)])
    joined, first = store.matches()
    records = store.match_records(limit=9)

    assert [(None, "al_7K2QXYZ0"), ("al_7K2QXYZ0", None)] == [
        (line.alert_id, line.joined_alert_id) for line in (joined, first)
    ]
    assert [0, 1] == [len(each.deliveries) for each in records]
    assert (1, [2]) == (store.match("7K2Q").line.id, [line.id for line in store.match("7K2Q").others])
    assert 1 == len(store.match("7K2Q").deliveries)
    assert () == store.match("2").deliveries


def test_a_match_that_joined_a_story_was_told_by_the_update_that_is_made_of_it(store: Store) -> None:
    told = alert("7K2QXYZ0", match("axe"))
    standing = Standing("Une visite")
    update = Update(told.id, Change.LEVEL_RAISED, standing, standing)
    raised = replace(alert("RA1SED00", match("axe"), type_=AlertType.STORY_UPDATED), update=update)
    for name, growth in (("a", []), ("b", [(raised, [message("RA1SED00")], 2)])):
        store.record_article(
            *(one_entry(store, name).id, article()),
            story=story(),
            matches=[match("axe")],
            alerts=[(told, [message()])],
            growth=growth,
            now=NOW,
        )

    again = replace(alert("D1GEST00", match("axe"), type_=AlertType.STORY_DIGEST), planned_at=after(60))
    store.record_recap([(again, [message("D1GEST00")], [2])], [], now=NOW)  # what tells it once more

    assert [("al_RA1SED00", "al_7K2QXYZ0"), ("al_7K2QXYZ0", None)] == [
        (line.alert_id, line.joined_alert_id) for line in store.matches()
    ]


def test_a_match_is_shown_with_all_that_explains_it(log: Store) -> None:
    detail = log.match("al_7k2q")

    assert ("axe", ("russie", "chine"), "https://a.example/rss") == (
        detail.line.rule,
        detail.entities,
        detail.feed_url,
    )
    assert [DeliveryState.PENDING] == [line.state for line in detail.deliveries]
    assert ((), ()) == (detail.labels, detail.others)


def test_a_match_that_nobody_was_told_has_no_deliveries(log: Store) -> None:
    assert () == log.match("2").deliveries


@pytest.mark.parametrize("ref", ["al_7K2QXYZ0", "AL_7k2q", "7k", " 7K2Q ", "1"])
def test_an_alert_is_found_by_enough_of_its_reference_in_any_case(log: Store, ref: str) -> None:
    assert "al_7K2QXYZ0" == log.match(ref).line.alert_id


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        *[("99", "no match 99"), ("al_ZZ", "no alert 'al_ZZ'"), ("al_", "no alert"), ("7K_Q", "no alert")],
        *[("al_" + "a" * 60_000, "no alert 'al_a{96}…'"), ("9" * 60_000, "no alert '9{99}…'")],
    ],
)
def test_a_reference_that_means_nothing_is_refused(log: Store, ref: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=said):
        log.match(ref)


def test_a_reference_that_begins_several_alerts_is_refused_with_their_names(store: Store) -> None:
    for name in ("7A000000", "7B000000"):
        record_alert(store, name)
    with pytest.raises(NotFoundError, match=r"several alerts: al_7A000000, al_7B000000; type more"):
        store.match("al_7")
    for name in ("7C000000", "7D000000"):
        record_alert(store, name)
    with pytest.raises(NotFoundError, match="al_7C000000, …"):
        store.match("al_")


def test_a_whole_reference_wins_over_a_longer_one(store: Store) -> None:
    for name in ("7A", "7AB"):
        record_alert(store, name)

    assert "al_7A" == store.match("7A").line.alert_id


def test_an_alert_that_tells_no_match_cannot_be_shown(store: Store) -> None:
    store.record_recap([(alert("RECAP000", type_=AlertType.STORY_RECAP), [], [])], [], now=NOW)

    with pytest.raises(NotFoundError, match="al_RECAP000 tells no match"):
        store.match("RECAP")


def test_of_an_alert_with_several_matches_the_best_is_shown_and_the_others_listed(store: Store) -> None:
    matches = [match("a", score=11), match("b", score=30), match("c", score=20)]
    record(store, one_entry(store), (alert("7K2QXYZ0", *matches), []))
    detail = store.match("7K2Q")

    assert ("b", ["c", "a"]) == (detail.line.rule, [line.rule for line in detail.others])


def test_the_last_judgement_counts_and_all_are_kept(log: Store) -> None:
    first = log.label("7K2Q", relevant=True, now=NOW)
    log.label("1", relevant=True, now=after(1))
    last = log.label("7k2q", relevant=False, now=after(2))
    detail = log.match("7K2Q")

    assert LabelLine("al_7K2QXYZ0", relevant=True, match_ids=(1,), labelled_at=NOW, changed=0) == first
    assert 1 == last.changed
    assert detail.line.relevant is False
    assert ((NOW, True), (after(1), True), (after(2), False)) == detail.labels


def test_a_judgement_of_an_alert_goes_to_all_its_matches(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match("a"), match("b")), []))
    store.label("7K2Q", relevant=True, now=NOW)

    assert [True, True] == [line.relevant for line in store.matches()]


@pytest.fixture
def digest(store: Store) -> Store:
    """Two alerts on two stories, a match of a third that had none, and a digest that lists them all."""
    for number, ref in enumerate(["7K2QXYZ0", "8X3M0000"], start=1):
        record(store, one_entry(store, f"n{number}"), (alert(ref, match()), [message(ref)]), story=story(f"n{number}"))
    record(store, one_entry(store, "n3"), matches=[match()], story=story("n3"))
    listing = alert("0DIGEST0", type_=AlertType.STORY_DIGEST)
    store.record_group(listing, [message("0DIGEST0")], [], [1, 2, 3], now=after(9))
    return store


def test_a_match_is_known_by_the_alert_on_its_story_and_not_by_a_digest_that_lists_it(digest: Store) -> None:
    assert ["al_0DIGEST0", "al_8X3M0000", "al_7K2QXYZ0"] == [line.alert_id for line in digest.matches()]
    assert {"al_7K2QXYZ0"} == {line.alert_id for line in digest.match("1").deliveries}


def test_a_digest_of_several_stories_is_not_judged_at_once_and_what_to_name_is_listed(digest: Store) -> None:
    with pytest.raises(NotFoundError, match="tells several stories; say which: al_7K2QXYZ0, al_8X3M0000, 3"):
        digest.label("0DIGEST0", relevant=True, now=NOW)

    assert [None, None, None] == [line.relevant for line in digest.matches()]


def test_a_digest_of_one_story_is_judged_by_its_reference(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match("a"), match("b")), []))
    store.record_group(alert("0DIGEST0", type_=AlertType.STORY_DIGEST), [], [], [1, 2], now=NOW)
    store.label("0DIGEST0", relevant=True, now=NOW)

    assert [True, True] == [line.relevant for line in store.matches()]
