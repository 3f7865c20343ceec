from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.errors import NotFoundError, Reason
from monitor.model import EntryId, Feed, FeedId, FeedState, FeedStatus, Hints, Lane, PollOutcome, PollResult
from monitor.store import FeedSync, PollRecord, Store
from tests.monitor.store.samples import (
    DAY_S,
    NOW,
    PARSED,
    add_feed,
    after,
    alert,
    claim,
    counts,
    entry,
    live_feed,
    match,
    poll,
    record,
)


def _record(store: Store, feed_id: FeedId, outcome: PollOutcome, *, minutes: float = 0) -> FeedState:
    now = after(minutes)
    store.record_poll(feed_id, outcome, (), next_due_at=after(minutes + 5), now=now, baseline_max_age_s=DAY_S)
    return store.feed(str(feed_id))


# --- the feed ---------------------------------------------------------------------------------------------------------


def test_a_poll_keeps_validators_as_received(store: Store) -> None:
    state = _record(store, add_feed(store), PARSED)

    assert ('"a"', "hier", "sha", True) == (state.etag, state.last_modified, state.body_sha256, state.is_heavy)
    assert (NOW, NOW, after(5), 300.0) == (
        state.last_polled_at,
        state.last_ok_at,
        state.next_due_at,
        state.interval_s,
    )


def test_a_feed_that_is_put_off_did_not_fail(store: Store) -> None:
    state = _record(store, add_feed(store), PARSED)
    store.put_off_feed(state.id, next_due_at=after(9))

    assert replace(state, next_due_at=after(9)) == store.feed(str(state.id))


@pytest.mark.parametrize(
    ("names", "changes", "expected"),
    [((), {}, None), (("a",), {"truncated": True}, None), (("a",), {}, NOW)],
    ids=["empty", "cut short", "whole"],
)
def test_i2_a_first_document_that_is_empty_or_cut_short_is_no_baseline(
    store: Store, names: tuple[str, ...], changes: dict[str, Any], expected: datetime | None
) -> None:
    feed_id = add_feed(store)
    old = [entry(name, published_at=NOW - timedelta(days=40)) for name in "ab"]
    poll(store, feed_id, *old[: len(names)], **changes)

    assert expected == store.feed(str(feed_id)).baseline_at
    assert (PollRecord(new=1, known=1) if expected else PollRecord(baseline=2 - len(names), known=len(names))) == poll(
        store, feed_id, *old
    )


def test_i2_a_feed_that_stays_empty_for_a_day_has_begun(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, at=NOW + timedelta(hours=25))

    assert PollRecord(new=1) == poll(store, feed_id, entry("a"), at=NOW + timedelta(hours=26))


def test_i1_an_entry_whose_guid_changes_is_known_by_its_title_and_date(store: Store) -> None:
    first, other = live_feed(store), live_feed(store, "https://b.example/rss")
    listed = [entry("a", keys=("g:1", "d:x")), entry("a", keys=("g:2", "d:x"))]

    assert PollRecord(new=1) == poll(store, first, listed[0])
    assert PollRecord(new=0, known=1) == poll(store, first, listed[1])
    assert PollRecord(new=1) == poll(store, other, listed[0])


def test_what_a_document_held_is_remembered_until_it_holds_something_else(store: Store) -> None:
    feed_id = live_feed(store)
    held = [
        _record(store, feed_id, replace(PARSED, traces=b"un")).traces,
        _record(store, feed_id, PollOutcome(PollResult.NOT_MODIFIED)).traces,
        _record(store, feed_id, PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT)).traces,
        _record(store, feed_id, replace(PARSED, truncated=True)).traces,
    ]

    assert [b"un", b"un", b"un", b""] == held


def test_what_a_document_still_held_is_known(store: Store) -> None:
    feed_id = live_feed(store)
    given: dict[str, Any] = {"next_due_at": after(5), "now": NOW, "baseline_max_age_s": DAY_S}
    seen = replace(PARSED, held=29)

    assert PollRecord(known=29) == store.record_poll(feed_id, seen, (), **given)
    assert PollRecord(new=1, known=29) == store.record_poll(feed_id, seen, [entry("neuf")], **given)


def test_a_feed_that_is_resumed_forgets_what_its_document_held(store: Store) -> None:
    feed_id = live_feed(store)
    _record(store, feed_id, replace(PARSED, traces=b"un"))
    store.pause_feed(feed_id, paused=True, now=NOW)
    store.pause_feed(feed_id, paused=False, now=NOW)

    assert b"" == store.feed(str(feed_id)).traces


def test_p1_validators_that_a_document_no_longer_has_are_forgotten(store: Store) -> None:
    feed_id = live_feed(store)
    state = _record(store, feed_id, PollOutcome(PollResult.PARSED))

    assert (None, None, None, False) == (state.etag, state.last_modified, state.body_sha256, state.is_heavy)
    assert NOW == state.baseline_at


def test_p1_a_304_changes_only_the_validators_that_it_gives(store: Store) -> None:
    state = _record(store, live_feed(store), PollOutcome(PollResult.NOT_MODIFIED, etag='"b"'))

    assert ('"b"', "hier", "sha", True) == (state.etag, state.last_modified, state.body_sha256, state.is_heavy)


def test_p1_the_same_document_sent_again_has_the_validators_that_came_with_it(store: Store) -> None:
    state = _record(store, live_feed(store), PollOutcome(PollResult.SAME_BODY, etag='"b"', body_sha256="sha"))

    assert ('"b"', None, "sha", True) == (state.etag, state.last_modified, state.body_sha256, state.is_heavy)


def test_failures_are_counted_until_a_poll_succeeds(store: Store) -> None:
    feed_id = live_feed(store)
    failed = PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT, error="10 s sans réponse")
    _record(store, feed_id, failed, minutes=1)
    state = _record(store, feed_id, failed, minutes=2)

    assert (2, Reason.TIMEOUT, "10 s sans réponse") == (state.failures, state.last_reason, state.last_error)
    assert (NOW, after(2), 300.0) == (state.last_ok_at, state.last_polled_at, state.interval_s)

    state = _record(store, feed_id, PollOutcome(PollResult.NOT_MODIFIED), minutes=3)

    assert (0, None, None) == (state.failures, state.last_reason, state.last_error)


def test_p7_a_failure_that_was_our_own_networks_is_taken_back(store: Store) -> None:
    feed_id, healthy = live_feed(store), live_feed(store, "https://b.example/rss")
    failed = PollOutcome(PollResult.FAILED, reason=Reason.DNS, error="no address")
    for minutes in (1, 2):
        _record(store, feed_id, failed, minutes=minutes)
    [claimed, _] = store.claim_hosts(now=after(10), owner="moi", lease_s=60, limit=9)
    store.release_host(claimed.id, now=after(10), lane=Lane.SLOW)
    before = store.feed(str(healthy))
    store.forgive_polls([feed_id, healthy], next_due_at=after(11), now=after(10))
    state = store.feed(str(feed_id))
    again = store.claim_hosts(now=after(11), owner="moi", lease_s=60, limit=9, lane=Lane.FAST)

    assert (1, None, None, after(11)) == (state.failures, state.last_reason, state.last_error, state.next_due_at)
    assert before == store.feed(str(healthy))
    assert feed_id in [feed.id for claim in again for feed in claim.feeds]


def test_p7_a_feed_without_a_next_poll_is_gone(store: Store) -> None:
    feed_id = add_feed(store)
    gone = PollOutcome(PollResult.FAILED, reason=Reason.GONE, error="410")
    store.record_poll(feed_id, gone, (), next_due_at=None, now=NOW, baseline_max_age_s=DAY_S)

    assert FeedStatus.GONE == store.feed(str(feed_id)).status


def test_p7_identical_permanent_redirects_are_counted(store: Store) -> None:
    feed_id = live_feed(store)
    moved = replace(PARSED, moved_to="https://gazette.example/atom")
    counts = [_record(store, feed_id, moved).moved_count for _ in range(2)]
    counts.append(_record(store, feed_id, replace(moved, moved_to="https://gazette.example/xml")).moved_count)
    counts.append(_record(store, feed_id, PollOutcome(PollResult.FAILED, reason=Reason.DNS)).moved_count)
    state = _record(store, feed_id, PARSED)

    assert [1, 2, 1, 1] == counts
    assert (None, 0) == (state.moved_to, state.moved_count)


def test_a_poll_of_a_feed_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no feed 7"):
        _record(store, FeedId(7), PARSED)


def test_a_gone_feed_has_no_interval(store: Store) -> None:
    feed_id = live_feed(store)
    store.record_poll(feed_id, PARSED, (), next_due_at=None, now=NOW, baseline_max_age_s=DAY_S)

    assert store.feed(str(feed_id)).interval_s is None


def test_p1_what_a_document_says_of_when_to_ask_is_kept_until_the_next_one(store: Store) -> None:
    feed_id = live_feed(store)
    hints = Hints(ttl_s=900, period_s=3600, skip_hours=(0, 1), skip_days=(6,))
    kept = [
        _record(store, feed_id, PollOutcome(PollResult.PARSED, hints=hints)).hints,
        _record(store, feed_id, PollOutcome(PollResult.NOT_MODIFIED)).hints,
        _record(store, feed_id, PollOutcome(PollResult.FAILED, reason=Reason.DNS)).hints,
        _record(store, feed_id, PollOutcome(PollResult.PARSED)).hints,
    ]

    assert [hints, hints, hints, Hints()] == kept


def test_a_first_document_teaches_a_rhythm_and_new_entries_go_on_with_it(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, *(entry(str(n), published_at=NOW - timedelta(hours=4 * n)) for n in range(60)))
    first = store.feed(str(feed_id)).rhythm
    poll(store, feed_id, at=after(60))
    unchanged = store.feed(str(feed_id)).rhythm
    poll(store, feed_id, entry("neuf", published_at=after(90)), entry("sans-date", published_at=None), at=after(120))
    second = store.feed(str(feed_id)).rhythm

    assert first is not None
    assert second is not None
    assert NOW - timedelta(hours=4 * 53) == first.since == second.since
    assert first == unchanged
    assert (NOW, after(120)) == (first.last_new_at, second.last_new_at)
    assert sum(second.counts) == pytest.approx(sum(first.counts) + 2, rel=0.01)


def test_what_another_feed_listed_first_is_of_this_ones_rhythm_too(store: Store) -> None:
    one, other = live_feed(store), live_feed(store, "https://gazette.example/une")
    for feed_id in (one, other):
        poll(store, feed_id, entry("a"), at=after(-5))  # of a feed that was empty, the first rhythm
        poll(store, feed_id, entry("un"))
    rhythms = [store.feed(str(feed_id)).rhythm for feed_id in (one, other)]

    assert [1.0, 1.0] == [rhythm and sum(rhythm.counts) for rhythm in rhythms]


def test_a_rhythm_begins_anew_when_we_were_away_for_long_or_the_feed_was_paused(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, *(entry(str(n), published_at=NOW - timedelta(hours=4 * n)) for n in range(60)))
    late = NOW + timedelta(days=8)
    poll(store, feed_id, *(entry(f"n{n}", published_at=late - timedelta(hours=n)) for n in range(60)), at=late)
    rhythm = store.feed(str(feed_id)).rhythm
    store.pause_feed(feed_id, paused=True, now=late)
    store.pause_feed(feed_id, paused=False, now=late)

    assert rhythm is not None
    assert late - timedelta(hours=53) == rhythm.since
    assert store.feed(str(feed_id)).rhythm is None


# --- its address ------------------------------------------------------------------------------------------------------

OLD, NEW = "https://gazette.example/rss", "https://ailleurs.example/atom"


def _move(store: Store, feed_id: FeedId, address: str, *, minutes: float = 0) -> tuple[bool, FeedState]:
    """Record a poll after which the feed is polled elsewhere."""
    now, due = after(minutes), after(minutes + 5)
    record = store.record_poll(
        feed_id, PARSED, [entry("un")], next_due_at=due, now=now, baseline_max_age_s=DAY_S, address=address
    )
    return record.moved, store.feed(str(feed_id))


def test_P7_a_feed_that_moved_stays_itself_and_is_polled_under_its_new_host(store: Store) -> None:
    feed_id = live_feed(store)
    moved, state = _move(store, feed_id, NEW)
    again, _ = _move(store, feed_id, NEW)
    [claimed] = store.claim_hosts(now=after(6), owner="moi", lease_s=60, limit=9)

    assert (True, False) == (moved, again)
    assert (OLD, NEW, NEW) == (state.feed.url, state.polled_url, state.address)
    assert ("ailleurs.example", [feed_id], '"a"') == (
        claimed.host,
        [feed.id for feed in claimed.feeds],
        claimed.feeds[0].etag,
    )
    assert FeedSync() == store.sync_feeds([state.feed], now=after(7))
    assert PollRecord(known=1) == poll(store, feed_id, entry("un"))


def test_P7_a_feed_that_moved_back_is_asked_without_the_validators_of_elsewhere(store: Store) -> None:
    feed_id = live_feed(store)
    _move(store, feed_id, NEW)
    moved, state = _move(store, feed_id, OLD)
    [claimed] = store.claim_hosts(now=after(6), owner="moi", lease_s=60, limit=9)

    assert moved
    assert (None, None, None, "gazette.example") == (state.polled_url, state.etag, state.body_sha256, claimed.host)


@pytest.mark.parametrize("how", ["declared", "moved"])
def test_P7_a_feed_does_not_move_to_where_another_is_polled(store: Store, how: str) -> None:
    feed_id = live_feed(store)
    other = live_feed(store, NEW if how == "declared" else "https://tiers.example/rss")
    if how == "moved":
        _move(store, other, NEW)
    moved, state = _move(store, feed_id, NEW)

    assert (False, None, OLD) == (moved, state.polled_url, state.address)


def test_P7_a_feed_makes_room_for_one_that_is_declared_where_it_moved_to(store: Store) -> None:
    feed_id = live_feed(store)
    _, moved = _move(store, feed_id, NEW)
    store.sync_feeds([moved.feed, Feed(NEW)], now=after(1))

    assert [OLD, NEW] == [state.address for state in store.feeds()]
    assert ["gazette.example", "ailleurs.example"] == [state.host for state in store.feeds()]


# --- its entries ------------------------------------------------------------------------------------------------------


def test_i2_of_a_first_poll_only_young_dated_entries_are_read(store: Store) -> None:
    young = entry("jeune", published_at=NOW - timedelta(hours=23))
    entries = (
        young,
        entry("vieux", published_at=NOW - timedelta(hours=25)),
        entry("sans-date", published_at=None),
        entry("futur", published_at=NOW + timedelta(hours=25)),
    )

    assert PollRecord(baseline=4) == poll(store, add_feed(store), *entries)
    assert [(young, True)] == [(claimed.entry, claimed.baseline) for claimed in claim(store)]


def test_i2_what_a_pause_missed_is_read_however_long_it_was(store: Store) -> None:
    feed_id = live_feed(store)
    monday = NOW + timedelta(days=3)
    store.pause_feed(feed_id, paused=True, now=NOW)
    store.pause_feed(feed_id, paused=False, now=monday)
    missed = [entry(str(day), published_at=NOW + timedelta(days=day)) for day in range(2)]
    older = entry("plus vieux", published_at=NOW - timedelta(days=2))

    assert PollRecord(baseline=3) == poll(store, feed_id, *missed, older, at=monday)
    assert {"0", "1"} == {claimed.entry.guid for claimed in claim(store, at=monday)}


def test_i2_after_the_first_poll_every_unseen_entry_is_read_whatever_its_date(store: Store) -> None:
    feed_id = live_feed(store)
    entries = (
        entry("vieux", link="https://a.example/1", published_at=NOW - timedelta(days=900)),
        entry("sans-date", link="https://b.example/1", published_at=None),
        entry("futur", link="https://c.example/1", published_at=NOW + timedelta(days=90)),
    )

    assert PollRecord(new=3) == poll(store, feed_id, *entries)
    assert {one.title for one in entries} == {claimed.entry.title for claimed in claim(store)}
    assert [False] * 3 == [claimed.baseline for claimed in claim(store, at=after(2))]


def test_a_failed_first_poll_is_no_baseline(store: Store) -> None:
    feed_id = add_feed(store)
    _record(store, feed_id, PollOutcome(PollResult.FAILED, reason=Reason.DNS))

    assert PollRecord(baseline=1) == poll(store, feed_id, entry("un"))


def test_an_entry_of_the_baseline_is_never_new(store: Store) -> None:
    feed_id = add_feed(store)
    old = entry("vieux", published_at=None)
    poll(store, feed_id, old)

    assert PollRecord(known=1) == poll(store, feed_id, old)
    assert () == claim(store)


def test_i1_an_entry_is_new_once(store: Store) -> None:
    feed_id = live_feed(store)

    assert [PollRecord(new=2), PollRecord(new=1, known=2)] == [
        poll(store, feed_id, entry("un"), entry("deux")),
        poll(store, feed_id, entry("trois"), entry("un"), entry("deux", guid="autre")),
    ]


def test_a_seen_entry_that_changed_gets_the_new_text_and_is_read_again(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    (claimed,) = claim(store)
    record(store, claimed)
    corrected = entry("un", title="Titre corrigé", summary="Nouveau", content="Tout", updated_at=NOW)

    assert PollRecord(known=1, changed=1) == poll(store, feed_id, corrected)
    assert [corrected] == [claimed.entry for claimed in claim(store, at=after(60))]


def test_an_entry_that_changed_before_it_was_read_is_read_as_it_is_now(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    corrected = entry("un", title="Titre corrigé", summary="Nouveau", content="Tout", updated_at=NOW)
    poll(store, feed_id, corrected)

    assert [corrected] == [claimed.entry for claimed in claim(store)]


def test_i1_one_article_in_two_feeds_is_read_once(store: Store) -> None:
    one, other = live_feed(store), live_feed(store, "https://gazette.example/une")
    poll(store, one, entry("un"))

    assert PollRecord(known=1) == poll(store, other, entry("un", guid="ailleurs"))
    assert [one] == [claimed.feed.id for claimed in claim(store)]
    assert 1 == counts(store)["entries_duplicate"]


def test_i1_an_article_that_is_done_in_another_feed_is_not_read_again(store: Store) -> None:
    one, other = live_feed(store), add_feed(store, "https://gazette.example/une")
    poll(store, one, entry("un"))
    record(store, claim(store)[0], (alert("7K2QXYZ0", match()), []))

    assert PollRecord(known=1) == poll(store, other, entry("un", guid="ailleurs"))
    assert () == claim(store, at=after(60))


def test_an_article_that_another_feed_only_has_as_baseline_is_new(store: Store) -> None:
    one, other = add_feed(store), live_feed(store, "https://gazette.example/une")
    poll(store, one, entry("un", published_at=None))

    assert PollRecord(new=1) == poll(store, other, entry("un", guid="ailleurs", published_at=None))
    assert [other] == [claimed.feed.id for claimed in claim(store)]


@pytest.mark.parametrize("words", [{"title": "Frappe sur Kharkiv"}, {"summary": "Trois morts à Kharkiv."}])
def test_d1_an_article_that_another_feed_listed_under_other_words_is_read_here_too(
    store: Store, words: dict[str, str]
) -> None:
    one, other = live_feed(store), live_feed(store, "https://ailleurs.example/rss")
    poll(store, one, entry("un"))
    record(store, claim(store)[0])

    assert PollRecord(new=1) == poll(store, other, entry("un", **words))
    assert [other] == [claimed.feed.id for claimed in claim(store)]


@pytest.mark.parametrize("words", [{"summary": ""}, {"summary": "", "title": ""}])
def test_i1_a_sitemap_that_says_no_more_of_an_article_than_another_feed_lists_it_twice(
    store: Store, words: dict[str, str]
) -> None:
    one, other = live_feed(store), live_feed(store, "https://gazette.example/sitemap-news.xml")
    poll(store, one, entry("un"))

    assert PollRecord(known=1) == poll(store, other, entry("un", guid="", **words))
    assert PollRecord(new=1) == poll(store, other, entry("deux", guid="", **words))


def test_d1_a_sitemap_with_another_title_or_a_text_is_read_too(store: Store) -> None:
    one, other = live_feed(store), live_feed(store, "https://ailleurs.example/sitemap-news.xml")
    poll(store, one, entry("un"), entry("deux"))

    assert PollRecord(new=2) == poll(
        store, other, entry("un", title="Frappe", summary=""), entry("deux", summary="", content="Trois morts.")
    )


def test_a_duplicate_points_to_the_entry_that_is_read(store: Store) -> None:
    feeds = [live_feed(store, f"https://gazette.example/{name}") for name in "abc"]
    for feed_id in feeds:
        poll(store, feed_id, entry("un", guid=str(feed_id)))
    with store._read() as connection:
        same_as = connection.exec_driver_sql("SELECT same_as FROM entry ORDER BY id").scalars().all()

    assert [None, EntryId(1), EntryId(1)] == same_as


@pytest.mark.parametrize(
    ("other", "queued"), [("https://www.gazette.example/une", 1), ("https://ailleurs.example/", 0)]
)
def test_i9_a_second_listing_is_followed_where_it_is_the_articles_own_site(
    store: Store, other: str, queued: int
) -> None:
    one, two = live_feed(store), live_feed(store, other)
    poll(store, one, entry("un"))
    poll(store, two, entry("un", guid="ailleurs"))
    [claimed] = claim(store)
    record(store, claimed)

    assert queued == poll(store, two, entry("un", guid="ailleurs", title="Démenti")).changed
    assert [entry("un", title="Démenti").title] * queued == [one.entry.title for one in claim(store)]


def test_i9_whoever_lists_an_article_first_has_no_say_once_its_own_site_lists_it(store: Store) -> None:
    stranger, own = live_feed(store, "https://ailleurs.example/"), live_feed(store, "https://gazette.example/une")
    poll(store, stranger, entry("un"))
    [claimed] = claim(store)
    record(store, claimed)
    poll(store, own, entry("un", guid="ailleurs"))

    assert 0 == poll(store, stranger, entry("un", title="Faux")).changed
    assert 1 == poll(store, own, entry("un", guid="ailleurs", title="Démenti")).changed


def test_i1_a_guid_or_hash_means_nothing_in_another_feed(store: Store) -> None:
    one, other = live_feed(store), live_feed(store, "https://gazette.example/une")
    poll(store, one, entry("un", guid="1"), entry("hash", guid="", link=None))

    assert PollRecord(new=2) == poll(store, other, entry("deux", guid="1"), entry("hash", guid="", link=None))


def test_a_very_long_document_is_recorded_whole(store: Store) -> None:
    feed_id = live_feed(store)
    entries = [entry(str(number)) for number in range(1500)]

    assert [PollRecord(new=1500), PollRecord(known=1500)] == [poll(store, feed_id, *entries) for _ in range(2)]
