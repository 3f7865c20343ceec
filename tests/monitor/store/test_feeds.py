from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.errors import NotFoundError
from monitor.model import Feed, FeedId, FeedStatus
from monitor.store import FeedSync, PollRecord, Store
from monitor.store.feeds import host_of
from tests.monitor.store.samples import NOW, add_feed, after, entry, live_feed, next_due_at, poll

A = Feed("https://a.example/rss")
B = Feed("https://b.example/rss", title="B", outlet="Le B", country="FR", kind="daily", language="fr", section="une")


def _statuses(store: Store) -> list[FeedStatus]:
    return [state.status for state in store.feeds()]


def test_declared_feeds_are_added_and_due_at_once(store: Store) -> None:
    assert FeedSync(added=(A, B)) == store.sync_feeds([A, B], now=NOW)
    assert [A, B] == [state.feed for state in store.feeds()]
    assert [NOW, NOW] == [state.next_due_at for state in store.feeds()]
    assert NOW == next_due_at(store)


def test_declaring_the_same_feeds_again_changes_nothing(store: Store) -> None:
    store.sync_feeds([A, B], now=NOW)
    before = store.feeds()

    assert FeedSync() == store.sync_feeds([A, B], now=after(5))
    assert before == store.feeds()


def test_a_new_declaration_replaces_the_old_one(store: Store) -> None:
    store.sync_feeds([A, B], now=NOW)
    renamed = Feed(A.url, title="La Gazette", typed=False)
    store.sync_feeds([renamed, B], now=NOW)

    assert [renamed, B] == [state.feed for state in store.feeds()]


def test_of_a_feed_declared_twice_the_first_counts(store: Store) -> None:
    store.sync_feeds([B, Feed(B.url, title="autre")], now=NOW)

    assert [B] == [state.feed for state in store.feeds()]


def test_a_feed_without_a_title_shows_its_own(store: Store) -> None:
    poll(store, add_feed(store, A.url), title="La Gazette")

    assert "La Gazette" == store.feed(A.url).feed.title


def test_a_feed_removed_from_the_file_is_paused_and_never_due(store: Store) -> None:
    store.sync_feeds([A], now=NOW)

    assert FeedSync(paused=(A,)) == store.sync_feeds([], now=NOW)
    assert [FeedStatus.PAUSED] == _statuses(store)
    assert next_due_at(store) is None
    assert FeedSync() == store.sync_feeds([], now=NOW)


def test_a_feed_that_is_declared_again_resumes_at_once(store: Store) -> None:
    store.sync_feeds([A], now=NOW)
    store.sync_feeds([], now=NOW)

    assert FeedSync(resumed=(A,)) == store.sync_feeds([A], now=after(5))
    assert [FeedStatus.ACTIVE] == _statuses(store)
    assert after(5) == next_due_at(store)


def test_a_feed_that_the_operator_paused_stays_paused(store: Store) -> None:
    feed_id = add_feed(store, A.url)
    store.pause_feed(feed_id, paused=True, now=NOW)
    store.sync_feeds([], now=NOW)
    store.sync_feeds([A], now=NOW)

    assert [FeedStatus.PAUSED] == _statuses(store)


def test_a_feed_that_the_operator_resumes_is_due_at_once(store: Store) -> None:
    feed_id = add_feed(store, A.url)
    store.pause_feed(feed_id, paused=True, now=NOW)
    store.pause_feed(feed_id, paused=False, now=after(5))

    assert (FeedStatus.ACTIVE, after(5)) == (store.feed(A.url).status, store.feed(A.url).next_due_at)
    assert after(5) == next_due_at(store)


@pytest.mark.parametrize("by_the_operator", [True, False])
def test_what_a_paused_feed_listed_meanwhile_is_baseline(store: Store, by_the_operator: bool) -> None:  # noqa: FBT001
    feed_id = live_feed(store, A.url)
    if by_the_operator:
        store.pause_feed(feed_id, paused=True, now=NOW)
        store.pause_feed(feed_id, paused=False, now=after(5))
    else:
        store.sync_feeds([], now=NOW)
        store.sync_feeds([A], now=after(5))

    assert PollRecord(baseline=1) == poll(store, feed_id, entry("deux"), at=after(6))
    assert PollRecord(new=1, known=1) == poll(store, feed_id, entry("deux"), entry("trois"), at=after(7))


def test_a_feed_that_was_gone_is_polled_again_once_it_is_added_again(store: Store) -> None:
    feed_id = add_feed(store, A.url)
    poll_gone = {"next_due_at": None, "now": NOW, "baseline_max_age_s": 0}
    from tests.monitor.store.samples import PARSED

    store.record_poll(feed_id, PARSED, (), **poll_gone)  # type: ignore[arg-type]  # one dict of keywords
    gone = _statuses(store)
    store.sync_feeds([], now=NOW)
    store.sync_feeds([A], now=NOW)

    assert [[FeedStatus.GONE], [FeedStatus.ACTIVE]] == [gone, _statuses(store)]


def test_a_feed_is_found_by_number_and_by_address(store: Store) -> None:
    feed_id = add_feed(store, A.url)

    assert feed_id == store.feed(str(feed_id)).id == store.feed(A.url).id


@pytest.mark.parametrize(
    ("ref", "hint"),
    [("99", "`veille feeds` lists them"), ("https://a.example/rs", "did you mean https://a.example/rss")],
)
def test_a_feed_that_is_not_there_is_named_with_the_nearest(store: Store, ref: str, hint: str) -> None:
    add_feed(store, A.url)

    with pytest.raises(NotFoundError, match=hint):
        store.feed(ref)


def test_a_feed_that_is_not_there_cannot_be_paused(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no feed 7"):
        store.pause_feed(FeedId(7), paused=True, now=NOW)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Gazette.example/rss", "gazette.example"),
        ("http://gazette.example:80/rss", "gazette.example"),
        ("http://gazette.example:443/rss", "gazette.example:443"),
        ("http://[::1]:8080/rss", "[::1]:8080"),
        ("mailto:a@gazette.example", ""),
    ],
)
def test_a_host_is_its_name_and_any_port_of_its_own(url: str, host: str) -> None:
    assert host == host_of(url)


def test_every_active_feed_can_be_made_due(store: Store) -> None:
    poll(store, add_feed(store, A.url))
    store.pause_feed(add_feed(store, B.url), paused=True, now=NOW)
    (claimed,) = store.claim_hosts(now=after(10), owner="moi", lease_s=60, limit=9)
    store.release_host(claimed.id, now=NOW, not_before=after(600))
    store.make_due(now=after(11))
    claims = store.claim_hosts(now=after(11), owner="moi", lease_s=60, limit=9)

    assert [["https://a.example/rss"]] == [[state.feed.url for state in claim.feeds] for claim in claims]


def test_t7_a_clock_set_back_an_hour_delays_no_feed_by_more_than_its_interval(store: Store) -> None:
    polled = add_feed(store, A.url)
    poll(store, polled, at=after(60))
    steady = add_feed(store, B.url)
    poll(store, steady, at=after(-1))
    late = Feed("https://c.example/rss")
    store.sync_feeds([A, B, late], now=after(60))
    store.pull_due(now=NOW)
    due = {state.feed.url: state.next_due_at for state in store.feeds()}

    assert {A.url: NOW + timedelta(minutes=5), B.url: after(4), late.url: NOW} == due
    assert NOW == next_due_at(store)


def test_t7_what_a_host_asked_for_on_the_old_clock_is_forgotten(store: Store) -> None:
    poll(store, add_feed(store, A.url), at=after(60))
    (claimed,) = store.claim_hosts(now=after(66), owner="moi", lease_s=60, limit=9)
    store.release_host(claimed.id, now=after(66), not_before=after(67))
    store.pull_due(now=NOW)

    assert after(5) == next_due_at(store)
