"""Articles that changed, as they are stored: the queue, the revisions, what people know (promises I9, D2)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.errors import NotFoundError
from monitor.model import (
    Alert,
    AlertId,
    AlertType,
    Article,
    Change,
    EntryClaim,
    FeedId,
    NotificationReason,
    Reread,
    Standing,
    Update,
)
from monitor.store import MatchFilter, Revised, Store
from rules.types import Level, Match
from tests.monitor.store.samples import (
    NOW,
    PARSED,
    add_feed,
    after,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    message,
    poll,
    record,
    story,
)

FIRST = AlertId("al_7K2QXYZ0")
RETITLED = Revised(("title",))


def read(store: Store, **changes: Any) -> FeedId:
    """Let an entry be read, and its one match be told."""
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un", **changes))
    [claimed] = claim(store)
    record(store, claimed, (alert("7K2QXYZ0", match()), [message()]))
    return feed_id


def change(store: Store, feed_id: FeedId, title: str = "Autre titre", *, minutes: float = 1, **changes: Any) -> int:
    """Let the feed say something else; return how many are to be read again."""
    return poll(store, feed_id, entry("un", title=title, **changes), at=after(minutes)).changed


def again(store: Store, *, minutes: float = 1) -> EntryClaim:
    [claimed] = claim(store, at=after(minutes))
    return claimed


def update(name: str, *matches: Match, of: AlertId | None = FIRST, minutes: float = 2) -> Alert:
    told = Update(of, Change.TITLE_CHANGED, Standing("Une visite"), Standing("Autre titre"))
    kind = {"type": AlertType.STORY_UPDATED, "reason": NotificationReason.CORRECTED, "planned_at": after(minutes)}
    return replace(alert(name, *matches), update=told, **kind)  # type: ignore[arg-type]  # fields by name


def revise(store: Store, claimed: EntryClaim, made: Article, revised: Revised = RETITLED, **changes: Any) -> None:
    given = {"story": story(), "matches": (), "alerts": (), "now": after(2), "rereads": claimed.rereads, **changes}
    store.record_article(claimed.id, made, revised=revised, **given)


# --- the queue --------------------------------------------------------------------------------------------------------


def test_i9_a_changed_entry_is_queued_once_and_claimed_with_what_it_says_now(store: Store) -> None:
    feed_id = read(store)

    assert (1, 0, 0) == (change(store, feed_id), change(store, feed_id, "Encore un autre"), change(store, feed_id))
    claimed = again(store)
    assert (Reread.PAGE, 1, True, False) == (
        claimed.reread,
        claimed.rereads,
        claimed.is_recorded,
        claimed.is_withheld,
    )
    assert ("Autre titre", after(1)) == (claimed.entry.title, claimed.queued_at)


def test_an_entry_that_is_the_same_is_not_queued(store: Store) -> None:
    feed_id = read(store)

    assert 0 == poll(store, feed_id, entry("un"), at=after(1)).changed
    assert () == claim(store, at=after(1))


def test_p8_the_second_change_waits(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"))
    change(store, feed_id, "Encore un autre", minutes=5)

    assert () == claim(store, at=after(15))
    assert "Encore un autre" == again(store, minutes=16).entry.title


def test_p8_a_feed_has_so_many_pages_a_day_read_again(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, *(entry(name) for name in "abcde"))
    while claims := claim(store):
        for claimed in claims:
            record(store, claimed)
    outcome = {"next_due_at": None, "now": after(1), "baseline_max_age_s": 1, "rereads_per_day": 2}
    entries = [entry(name, summary="Autre résumé") for name in "abcde"]

    assert 2 == store.record_poll(feed_id, PARSED, entries, **outcome).changed  # type: ignore[arg-type]  # by name


def test_p8_where_most_of_a_document_changed_nothing_is_read_again_and_it_is_said(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, *(entry(name) for name in "abcdef"))
    while claims := claim(store):
        for claimed in claims:
            record(store, claimed)
    found = poll(store, feed_id, *(entry(name, title=f"Titre {name} - La Gazette") for name in "abcdef"), at=after(1))

    assert (0, 6) == (found.changed, found.passed_over)
    assert () == claim(store, at=after(1))

    others = [entry(name, title=f"Un autre titre {name}") for name in "abcdef"]
    found = poll(store, feed_id, *others, at=after(2), held=30)

    assert (6, 0) == (found.changed, found.passed_over)


def test_what_is_read_again_comes_after_what_is_new(store: Store) -> None:
    feed_id = read(store)
    poll(store, feed_id, entry("un", title="Autre titre"), entry("deux"), at=after(1))

    assert [None, Reread.PAGE] == [claimed.reread for claimed in claim(store, at=after(1))]


def test_a_host_that_was_slow_once_is_asked_in_the_fast_lane_again(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    [claimed] = claim(store)
    store.leave_to_slow_lane(claimed.id, whole_host=True, now=NOW)
    record(store, claimed)
    change(store, feed_id)

    assert "Autre titre" == again(store).entry.title


def test_an_entry_that_was_never_read_keeps_only_its_new_words(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, entry("un", published_at=NOW - timedelta(days=9)))

    assert 0 == change(store, feed_id)
    assert () == claim(store, at=after(1))


def test_an_entry_that_waits_to_be_read_is_read_once_with_its_new_words(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))

    assert 0 == change(store, feed_id)
    assert ("Autre titre", 0) == ((one := again(store)).entry.title, one.rereads)


def test_an_entry_that_changes_while_it_is_read_is_read_again(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    [claimed] = claim(store)
    change(store, feed_id)
    record(store, claimed, rereads=claimed.rereads)
    second = again(store, minutes=2)

    assert (Reread.PAGE, 1, True) == (second.reread, second.rereads, second.is_recorded)

    revise(store, second, article("Autre titre"))

    assert () == claim(store, at=after(60))


def test_p8_an_entry_that_changes_at_each_reading_waits_longer_each_time_however_often_it_changed(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    [first] = claim(store)
    for number in range(3):
        change(store, feed_id, f"Titre {number}", minutes=number)
    record(store, first, rereads=first.rereads, now=after(3))
    second = again(store, minutes=3)
    change(store, feed_id, "Encore un titre", minutes=4)
    record(store, second, rereads=second.rereads, now=after(5))

    assert 1 == second.rereads
    assert () == claim(store, at=after(17))
    assert 2 == again(store, minutes=19).rereads


def test_words_that_a_document_lists_twice_otherwise_are_no_change(store: Store) -> None:
    feed_id = read(store)
    twice = (entry("un", title="Autre titre"), entry("un", title="Encore un autre"))

    assert 0 == poll(store, feed_id, *twice, at=after(1)).changed


# --- revisions --------------------------------------------------------------------------------------------------------


def test_i9_what_an_article_said_is_kept_and_the_article_says_what_it_says(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    revise(store, again(store), article("Autre titre", body="Un autre corps."), Revised(("title", "body")))
    change(store, feed_id, "Troisième titre", minutes=60)
    revise(store, again(store, minutes=60), article("Troisième titre"), now=after(61))
    last, first = store.revisions()

    assert [(2, ("title",)), (1, ("title", "body"))] == [(one.number, one.changed) for one in (last, first)]
    assert ("Une visite", "Autre titre") == (first.before.title, first.after.title)
    assert ("Autre titre", "Troisième titre") == (last.before.title, last.after.title)
    assert "Un autre corps." == first.after.body == last.before.body
    assert (FIRST, "La Gazette de Lutèce", after(2)) == (first.alert_id, first.outlet, first.seen_at)
    assert 2 == store.match("7K2Q").revisions


def test_revisions_are_found_by_alert_match_address_and_time(store: Store) -> None:
    keys = ("g:un", "l:gazette.example/un")
    feed_id = read(store, keys=keys)
    change(store, feed_id, keys=keys)
    revise(store, again(store), article("Autre titre"))

    for ref in ("al_7K2Q", "1", "https://gazette.example/un", "http://gazette.example/un/?utm_source=rss"):
        assert 1 == len(store.revisions(ref=ref))
    assert (1, 0) == (len(store.revisions(since=after(2))), len(store.revisions(since=after(3))))
    for ref in ("https://gazette.example/rien", "ftp://gazette.example", "al_RIEN"):
        with pytest.raises(NotFoundError):
            store.revisions(ref=ref)


def test_an_article_that_nobody_was_told_of_has_revisions_too(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    record(store, claim(store)[0])
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"))

    assert [None] == [one.alert_id for one in store.revisions()]


def test_p5_of_a_reserved_article_only_titles_are_kept_of_earlier_revisions_too(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"))
    change(store, feed_id, "Troisième titre", minutes=60)
    revise(store, again(store, minutes=60), article("Troisième titre"), keep_text=False)
    wordings = [wording for one in store.revisions() for wording in (one.before, one.after)]

    assert {""} == {text for wording in wordings for text in (wording.lead, wording.body)}
    assert 1 == change(store, feed_id, "Quatrième titre", minutes=6000)
    assert (Reread.TITLE, True) == ((one := again(store, minutes=6000)).reread, one.is_withheld)


def test_p5_while_it_waits_a_reserved_entry_that_changes_again_keeps_no_text(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    [claimed] = claim(store)
    change(store, feed_id)
    record(store, claimed, keep_text=False, rereads=claimed.rereads)
    revise(store, again(store), article("Autre titre"), keep_text=False)
    with closing(sqlite3.connect(store.path)) as log:
        [texts] = log.execute("SELECT summary, content, state FROM entry").fetchall()

    assert ("", "", "done") == texts


# --- what people know -------------------------------------------------------------------------------------------------


def known(store: Store, claimed: EntryClaim) -> dict[str, tuple[Any, ...]]:
    before = store.earlier(claimed.id)
    assert before is not None
    return {one.match.rule.id: (one.title, one.level, one.is_lost, one.first, one.times) for one in before.told}


def test_i9_what_people_were_told_last_is_what_an_article_is_compared_with(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    claimed = again(store)

    assert {"axe": ("Une visite", Level.MEDIUM, False, ((FIRST, ("webhook",)),), 1)} == known(store, claimed)

    raised = replace(match(score=30), verdict=replace(match(score=30).verdict, level=Level.HIGH))
    told = (update("UPDATED0", raised), [message("UPDATED0")])
    revise(store, claimed, article("Autre titre"), matches=[raised], alerts=[told], done=False)

    assert {"axe": ("Autre titre", Level.HIGH, False, ((FIRST, ("webhook",)),), 2)} == known(store, claimed)
    assert [30.0] == [line.score for line in store.matches()]
    assert [FIRST] == [line.alert_id for line in store.matches()]
    assert 1 == len(store.match("al_UPDATED0").line.title.split("\n"))


def test_i9_a_match_that_was_told_stays_as_told_until_it_is_told_anew(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"), matches=[match(score=30), match("neuf")])

    assert {"axe": 12.5, "neuf": 12.5} == {line.rule: line.score for line in store.matches()}


def test_i9_a_rule_that_finds_an_article_no_longer_is_noted_with_when(store: Store) -> None:
    feed_id = read(store)
    change(store, feed_id)
    claimed = again(store)
    lost = Revised(("body",), lost=("axe",))
    told = (update("UPDATED0", match()), [message("UPDATED0")])
    near = [match(score=2, near_miss=True)]
    revise(store, claimed, article("Autre titre"), lost, matches=near, alerts=[told], done=False)

    assert {"axe": ("Autre titre", Level.MEDIUM, True, ((FIRST, ("webhook",)),), 2)} == known(store, claimed)
    assert [(12.5, after(2))] == [(line.score, line.lost_at) for line in store.matches()]

    back = (update("UPDATED1", match(), minutes=3), [message("UPDATED1")])
    revise(store, claimed, article("Autre titre"), matches=[match()], alerts=[back])

    assert [None] == [line.lost_at for line in store.matches()]


def test_a_match_that_nobody_was_told_makes_room_for_the_present_one(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    record(store, claim(store)[0], matches=[match(score=11)])
    change(store, feed_id)
    claimed = again(store)

    assert {"axe": ("Une visite", Level.MEDIUM, False, (), 0)} == known(store, claimed)

    revise(store, claimed, article("Autre titre"), matches=[match(score=15)])

    assert [15] == [line.score for line in store.matches()]


def test_what_waits_for_the_recap_and_is_lost_is_told_in_none(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, entry("un"))
    record(store, claim(store)[0], matches=[match()])
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"), Revised(("body",), lost=("axe",)))

    assert 0 == store.recap_pending(limit=9).count


def test_what_matches_only_since_it_changed_waits_for_no_recap(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, entry("un"))
    record(store, claim(store)[0])
    change(store, feed_id)
    revise(store, again(store), article("Autre titre"), matches=[match()])

    assert 0 == store.recap_pending(limit=9).count


def test_nothing_is_known_of_an_entry_that_was_not_recorded(store: Store) -> None:
    poll(store, live_feed(store), entry("un"))

    assert store.earlier(claim(store)[0].id) is None


def test_matches_are_filtered_by_language(store: Store) -> None:
    read(store)

    assert (1, 0) == (len(store.matches(MatchFilter(language="fr"))), len(store.matches(MatchFilter(language="en"))))
    assert ["fr"] == [line.language for line in store.matches()]


# --- what left its feed early -----------------------------------------------------------------------------------------


def test_i9_a_told_entry_that_left_its_feed_is_asked_for_once(store: Store) -> None:
    feed_id = read(store)
    [told] = store.told_entries(feed_id, since=NOW)

    assert ("un", "https://gazette.example/un") == (told.guid, told.link)
    assert 1 == store.ask_after(feed_id, [told.id], rereads_per_day=9, now=after(1))
    claimed = again(store)
    assert (Reread.PAGE, 1) == (claimed.reread, claimed.rereads)

    revise(store, claimed, article(), Revised())

    assert () == store.told_entries(feed_id, since=NOW)


def test_p8_what_a_feed_may_ask_for_in_a_day_holds_for_what_left_it_too(store: Store) -> None:
    feed_id = read(store)
    [told] = store.told_entries(feed_id, since=NOW)

    assert 0 == store.ask_after(feed_id, [told.id], rereads_per_day=0, now=after(1))
    assert 1 == len(store.told_entries(feed_id, since=NOW))


def test_old_lost_and_untold_entries_are_not_asked_for(store: Store) -> None:
    feed_id = read(store)
    poll(store, feed_id, entry("deux"))
    record(store, claim(store)[0], matches=[match()])

    assert (1, 0) == (len(store.told_entries(feed_id, since=NOW)), len(store.told_entries(feed_id, since=after(1))))

    change(store, feed_id)
    revise(store, again(store), article(), Revised(("body",), lost=("axe",)))

    assert () == store.told_entries(feed_id, since=NOW)
