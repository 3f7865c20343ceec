from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.errors import NotFoundError, Reason
from monitor.model import EntryId, Lane
from monitor.store import Store
from tests.monitor.store.samples import NOW, add_feed, after, claim, entry, live_feed, one_entry, poll, record


def _titles(store: Store, *, at: datetime = NOW, limit: int = 100, lane: Lane = Lane.FAST) -> list[str]:
    return [one.entry.title.removeprefix("Titre ") for one in claim(store, at=at, limit=limit, lane=lane)]


def test_the_newest_entry_comes_first(store: Store) -> None:
    for minutes, name in ((-3, "c"), (-1, "a"), (-2, "b")):
        link = f"https://{name}.example/"
        poll(store, live_feed(store, link), entry(name, link=link, published_at=after(minutes)))

    assert ["a", "b"] == _titles(store, limit=2)


def test_a_date_in_the_future_is_no_way_to_the_front(store: Store) -> None:
    first = live_feed(store, "https://a.example/")
    second = live_feed(store, "https://b.example/")
    poll(store, first, entry("futur", link="https://a.example/1", published_at=NOW + timedelta(days=9)))
    poll(store, second, entry("neuf", link="https://b.example/1", published_at=after(1)), at=after(1))

    assert ["neuf", "futur"] == _titles(store, at=after(1))


@pytest.mark.parametrize("host", ["a{number}.example", "a.example"])
def test_r4_feeds_take_turns_however_many_hosts_one_names(store: Store, host: str) -> None:
    flood = [entry(f"a{number}", link=f"https://{host.format(number=number)}/{number}") for number in range(10)]
    poll(store, live_feed(store, "https://a.example/rss"), *flood)
    old = NOW - timedelta(days=2)
    poll(store, live_feed(store, "https://b.example/rss"), entry("b", link="https://b.example/1", published_at=old))

    assert ["a0", "b", "a1"] == _titles(store, limit=3)


def test_r4_a_host_has_few_leases_in_a_lane(store: Store) -> None:
    flood = [entry(f"a{number}", link=f"https://a.example/{number}") for number in range(10)]
    poll(store, live_feed(store, "https://a.example/rss"), *flood)
    old = NOW - timedelta(days=2)
    poll(store, live_feed(store, "https://b.example/rss"), entry("b", link="https://b.example/1", published_at=old))

    assert [["a0", "b"], ["a1"], []] == [_titles(store, limit=2) for _ in range(3)]

    for left in range(1, 3):
        store.leave_to_slow_lane(EntryId(left), whole_host=False, now=NOW)

    assert [["a0", "a1"], ["a2", "a3"]] == [_titles(store, lane=lane) for lane in (Lane.SLOW, Lane.FAST)]


def test_leases_elsewhere_hide_nobodys_entries(store: Store) -> None:
    poll(store, live_feed(store), *(entry(str(n), link=f"https://h{n}.example/") for n in range(600)))
    claim(store, limit=550)

    assert [1, 49] == [len(claim(store, limit=limit)) for limit in (1, 100)]


def test_entries_of_first_polls_come_last(store: Store) -> None:
    poll(store, add_feed(store, "https://a.example/rss"), entry("premier", link="https://a.example/1"))
    old = NOW - timedelta(days=2)
    poll(store, live_feed(store, "https://b.example/rss"), entry("neuf", link="https://b.example/1", published_at=old))

    assert ["neuf", "premier"] == _titles(store)


def test_an_entry_without_a_link_takes_its_feeds_host(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, *(entry(name, link=None) for name in "abcd"))

    assert 2 == len(claim(store))


def test_a_claimed_entry_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    poll(store, live_feed(store), entry("un"))
    counts = [
        [(claimed.attempts, claimed.interrupted) for claimed in claim(store, at=at)]
        for at in (NOW, after(0.9), after(1))
    ]

    assert [[(1, 0)], [], [(1, 1)]] == counts


def test_a_claim_tells_where_the_entry_comes_from(store: Store) -> None:
    poll(store, live_feed(store), entry("un"))
    (claimed,) = claim(store)

    assert ("https://gazette.example/rss", NOW) == (claimed.feed.feed.url, claimed.first_seen_at)


def test_a_postponed_entry_comes_back_at_its_time(store: Store) -> None:
    claimed = one_entry(store)
    store.postpone_entry(claimed.id, next_attempt_at=after(5), reason=Reason.TIMEOUT, error="lent", now=NOW)

    assert [0, 1] == [len(claim(store, at=at)) for at in (after(4), after(5))]


def test_an_entry_that_is_done_cannot_be_postponed(store: Store) -> None:
    claimed = one_entry(store)
    record(store, claimed)

    with pytest.raises(NotFoundError, match="no entry 1 to read"):
        store.postpone_entry(claimed.id, next_attempt_at=NOW, reason=Reason.DNS, error="", now=NOW)


def test_an_entry_that_is_given_back_was_not_tried(store: Store) -> None:
    claimed = one_entry(store)
    store.give_back_entries([claimed.id, EntryId(99)], now=NOW)
    store.give_back_entries([claimed.id], now=NOW)

    assert [1] == [again.attempts for again in claim(store)]


@pytest.mark.parametrize(("interrupted", "counted"), [(True, 1), (False, 0)])
def test_t2_what_ended_with_the_daemon_was_no_attempt(store: Store, *, interrupted: bool, counted: int) -> None:
    one_entry(store)

    assert 1 == store.release_leases(now=NOW, interrupted=interrupted)
    assert [(1, counted)] == [(again.attempts, again.interrupted) for again in claim(store)]


def test_i8_an_interrupted_entry_has_yet_to_wait_for_that(store: Store) -> None:
    claimed = one_entry(store)
    waited = []
    for minute in (5, 10):
        store.postpone_entry(claimed.id, next_attempt_at=after(minute), reason=Reason.DNS, error="", now=NOW)
        waited += [again.has_waited for again in claim(store, at=after(minute))]
        store.release_leases(now=after(minute), interrupted=True)
        waited += [again.has_waited for again in claim(store, at=after(minute))]

    assert [False, True, False, True, False] == [claimed.has_waited, *waited]


def test_i8_only_interruptions_in_a_row_count(store: Store) -> None:
    claimed = one_entry(store)
    interrupted = []
    for counted in (False, True):
        store.release_leases(now=NOW, interrupted=True)
        claim(store)
        store.postpone_entry(
            claimed.id, next_attempt_at=NOW, reason=Reason.HTTP_5XX, error="", counted=counted, now=NOW
        )
        interrupted += [again.interrupted for again in claim(store)]

    assert [1, 0] == interrupted


def test_waiting_entries_are_counted(store: Store) -> None:
    poll(store, add_feed(store), entry("premier"))
    poll(store, live_feed(store, "https://b.example/rss"), entry("neuf"), entry("autre"))
    (claimed,) = claim(store, limit=1)
    store.postpone_entry(claimed.id, next_attempt_at=after(5), reason=Reason.DNS, error="", now=NOW)

    assert [2, 3] == [store.entries_waiting(now=at) for at in (NOW, after(5))]
    assert 1 == store.baseline_waiting()


def test_t7_a_clock_set_back_an_hour_keeps_no_entry_waiting(store: Store) -> None:
    claimed = one_entry(store)
    store.postpone_entry(claimed.id, next_attempt_at=after(65), reason=Reason.DNS, error="", now=after(60))
    store.pull_due(now=NOW)

    assert [claimed.id] == [again.id for again in claim(store)]


def test_r4_what_is_left_to_the_slow_lane_is_read_there_alone(store: Store) -> None:
    poll(store, live_feed(store), entry("a", link="https://a.example/1"), entry("b", link="https://a.example/2"))
    (left,) = claim(store, limit=1)
    store.leave_to_slow_lane(left.id, whole_host=False, now=NOW)
    poll(store, live_feed(store), entry("c", link="https://a.example/3"))

    assert [["c", "b"], ["a"]] == [_titles(store, lane=lane) for lane in Lane]


def test_r4_entries_of_a_slow_page_host_wait_in_the_slow_lane_while_one_does(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("a", link="https://a.example/1"), entry("b", link="https://a.example/2"))
    claimed = claim(store)
    store.leave_to_slow_lane(claimed[0].id, whole_host=True, now=NOW)
    poll(store, feed_id, entry("c", link="https://a.example/3"), entry("d", link="https://d.example/1"))

    assert [["d"], ["a", "c"]] == [_titles(store, at=after(5), lane=lane) for lane in Lane]  # two of a host at once


def test_r4_a_page_host_is_fast_again_once_the_slow_lane_has_tried_it(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("a", link="https://a.example/1"))
    (left,) = claim(store)
    store.leave_to_slow_lane(left.id, whole_host=True, now=NOW)
    (tried,) = claim(store, lane=Lane.SLOW)
    store.postpone_entry(tried.id, next_attempt_at=after(30), reason=Reason.TIMEOUT, error="", now=NOW)
    poll(store, feed_id, entry("b", link="https://a.example/2"))

    assert [["b"], ["a"]] == [_titles(store, at=after(31), lane=lane) for lane in Lane]


def test_r4_a_page_host_with_nothing_left_in_the_slow_lane_is_fast_again(store: Store) -> None:
    feed_id = live_feed(store)
    poll(store, feed_id, entry("a", link="https://a.example/1"))
    (slow,) = claim(store)
    store.leave_to_slow_lane(slow.id, whole_host=True, now=NOW)
    record(store, slow)
    poll(store, feed_id, entry("b", link="https://a.example/2"))

    assert ["b"] == _titles(store)
