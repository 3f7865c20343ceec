from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from monitor.errors import NotFoundError
from monitor.model import Feed, FeedId, HostClaim, HostId, Lane
from monitor.store import HeldHost, HostRelease, Store
from tests.monitor.store.samples import DAY_S, NOW, PARSED, add_feed, after, next_due_at, poll


def _claim(store: Store, at: datetime = NOW, *, limit: int = 9, lane: Lane | None = None) -> tuple[HostClaim, ...]:
    return store.claim_hosts(now=at, owner="moi", lease_s=60, limit=limit, lane=lane)


def _urls(claims: tuple[HostClaim, ...]) -> list[list[str]]:
    return [[state.feed.url for state in claim.feeds] for claim in claims]


def test_a_host_comes_with_those_of_its_feeds_that_are_due(store: Store) -> None:
    polled = add_feed(store, "https://a.example/1")
    add_feed(store, "https://a.example/2")
    poll(store, polled)

    assert [["https://a.example/2"]] == _urls(_claim(store))


def test_the_most_overdue_host_comes_first(store: Store) -> None:
    for minutes, name in ((3, "c"), (1, "a"), (2, "b")):
        poll(store, add_feed(store, f"https://{name}.example/"), at=after(minutes))
    for claimed in _claim(store, after(1)):
        store.release_host(claimed.id, now=NOW)

    assert ["a.example", "b.example"] == [claim.host for claim in _claim(store, after(60), limit=2)]


def test_a_claimed_host_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    add_feed(store)

    assert [1, 0, 1] == [len(_claim(store, at)) for at in (NOW, after(0.9), after(1))]


def test_r4_lanes_are_claimed_apart(store: Store) -> None:
    add_feed(store)
    (claimed,) = _claim(store, lane=Lane.FAST)
    store.release_host(claimed.id, now=NOW, lane=Lane.SLOW)

    assert [0, 1] == [len(_claim(store, lane=lane)) for lane in (Lane.FAST, Lane.SLOW)]


def test_a_released_host_is_due_with_its_first_feed(store: Store) -> None:
    poll(store, add_feed(store, "https://a.example/1"), at=after(1))
    poll(store, add_feed(store, "https://a.example/2"), at=after(2))
    (claimed,) = _claim(store)
    store.release_host(claimed.id, now=after(3))

    assert after(6) == next_due_at(store)


def test_p2_a_host_that_asked_us_to_wait_is_not_due_before(store: Store) -> None:
    poll(store, add_feed(store))
    (claimed,) = _claim(store)
    store.release_host(claimed.id, now=NOW, not_before=after(60))

    assert after(60) == next_due_at(store)


def test_p2_a_new_feed_does_not_shorten_its_hosts_wait(store: Store) -> None:
    poll(store, add_feed(store))
    (claimed,) = _claim(store)
    store.release_host(claimed.id, now=NOW, not_before=after(60))
    add_feed(store, "https://gazette.example/autre")

    assert after(60) == next_due_at(store)


def test_a_host_is_given_back_with_the_poll_of_its_last_feed(store: Store) -> None:
    feed_id = add_feed(store)
    (claimed,) = _claim(store)
    release = HostRelease(claimed.id, Lane.SLOW, after(60))
    given: dict[str, Any] = {"next_due_at": after(5), "now": after(0.5), "baseline_max_age_s": DAY_S}
    store.record_poll(feed_id, PARSED, (), **given, release=release)

    assert after(60) == next_due_at(store)
    assert [0, 1] == [len(_claim(store, after(60), lane=lane)) for lane in (Lane.FAST, Lane.SLOW)]


def test_a_host_stays_leased_where_the_poll_cannot_be_recorded(store: Store) -> None:
    add_feed(store)
    (claimed,) = _claim(store)
    given: dict[str, Any] = {"next_due_at": after(5), "now": NOW, "baseline_max_age_s": DAY_S}
    with pytest.raises(NotFoundError):
        store.record_poll(FeedId(99), PARSED, (), **given, release=HostRelease(claimed.id))

    assert () == _claim(store, after(0.9))


def test_p2_what_a_page_was_told_holds_the_feeds_of_its_host_too(store: Store) -> None:
    poll(store, add_feed(store))
    (claimed,) = _claim(store)
    store.hold_host(claimed.host, feeds_until=after(60), pages_until=after(90), now=NOW)
    store.release_host(claimed.id, now=NOW, not_before=after(30))

    assert after(60) == next_due_at(store)
    assert (HeldHost(claimed.host, after(60), after(90)),) == store.held_hosts(now=NOW)
    assert (HeldHost(claimed.host, None, after(90)),) == store.held_hosts(now=after(60))


def test_p2_the_longest_that_a_host_asked_for_counts(store: Store) -> None:
    poll(store, add_feed(store))
    for minutes in (30, 60, 40):
        store.hold_host("gazette.example", feeds_until=after(minutes), pages_until=after(2 * minutes), now=NOW)

    assert after(60) == next_due_at(store)
    assert (HeldHost("gazette.example", after(60), after(120)),) == store.held_hosts(now=NOW)


def test_p2_a_host_of_pages_only_is_held_until_its_time(store: Store) -> None:
    store.hold_host("pages.example", feeds_until=NOW, pages_until=after(60), now=NOW)

    assert (HeldHost("pages.example", None, after(60)),) == store.held_hosts(now=after(59))
    assert () == store.held_hosts(now=after(60))


def test_t7_a_hold_of_a_clock_that_was_wrong_is_none(store: Store) -> None:
    poll(store, add_feed(store))
    (claimed,) = _claim(store)
    wrong = after(3 * 24 * 60)
    store.hold_host(claimed.host, feeds_until=wrong, pages_until=wrong, now=after(2 * 24 * 60 + 1))

    assert () == store.held_hosts(now=NOW)

    store.release_host(claimed.id, now=NOW)

    assert after(5) == next_due_at(store)


def test_a_host_that_is_not_there_cannot_be_released(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no host 7"):
        store.release_host(HostId(7), now=NOW)


def test_leases_are_given_back_at_start(store: Store) -> None:
    poll(store, add_feed(store, "https://a.example/1"))
    add_feed(store, "https://b.example/1")
    _claim(store)

    assert [2, 0] == [store.release_leases(now=NOW, interrupted=True) for _ in range(2)]
    assert NOW == next_due_at(store)


def test_many_hosts_can_be_claimed_at_once(store: Store) -> None:
    feeds = [Feed(f"https://h{number}.example/") for number in range(1200)]
    store.sync_feeds(feeds, now=NOW)

    assert [[feed.url] for feed in feeds] == _urls(_claim(store, limit=5000))
