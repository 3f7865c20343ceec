from __future__ import annotations

import pytest

from monitor.feeds import address_keys
from monitor.model import DeliveryState
from monitor.store import EntryState, Store
from tests.monitor.store.samples import (
    NOW,
    WEBHOOK,
    add_feed,
    after,
    alert,
    claim,
    entry,
    live_feed,
    match,
    message,
    one_entry,
    poll,
    record,
    story,
)

LINK = "https://un.example/un"


def test_an_address_that_no_feed_listed_is_not_there(store: Store) -> None:
    one_entry(store)

    assert () == store.listed(address_keys("https://un.example/deux"))


def test_an_entry_comes_with_all_that_followed(store: Store) -> None:
    told = alert("7K2QXYZ0", match("axe"))
    near = match("front", score=7.2, near_miss=True)
    record(store, one_entry(store), (told, [message()]), matches=[near, match("axe")])
    (listed,) = store.listed(("l:" + LINK,))

    assert (EntryState.DONE, "Titre un", "https://un.example/rss") == (
        listed.state,
        listed.entry.title,
        listed.feed.feed.url,
    )
    assert listed.article is not None
    axe, front = listed.article.matches
    assert ("axe", "front", ()) == (axe.match.rule.id, front.match.rule.id, front.alerts)
    ((one,),) = (axe.alerts,)
    assert ("al_7K2QXYZ0", NOW, (WEBHOOK.name,)) == (one.id, one.planned_at, one.receivers)
    assert [DeliveryState.PENDING] == [line.state for line in one.deliveries]


@pytest.mark.parametrize("recorded", [-5, 0, 5])  # the clock may have been set back
def test_an_alert_that_was_there_is_joined_whenever_the_match_was_recorded(store: Store, recorded: float) -> None:
    for name in ("un", "deux"):
        poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    told = alert("7K2QXYZ0", match("axe"))
    for claimed, at in zip(claim(store), (NOW, after(recorded)), strict=True):
        record(store, claimed, (told, [message()]), story=story(), matches=[match("axe")], now=at)
    listed = [store.listed((f"l:https://{name}.example/{name}",))[0].article for name in ("un", "deux")]
    [[first], [second]] = [article.matches for article in listed if article is not None]

    assert (["al_7K2QXYZ0"], []) == tuple([one.id for one in some] for some in (first.alerts, first.joined))
    assert ([], ["al_7K2QXYZ0"]) == tuple([one.id for one in some] for some in (second.alerts, second.joined))


def test_an_entry_that_waits_has_no_article(store: Store) -> None:
    one_entry(store)
    (listed,) = store.listed(("l:" + LINK,))

    assert (EntryState.TO_READ, None, 1) == (listed.state, listed.article, listed.attempts)
    assert listed.lease_until == after(1)


def test_an_address_is_found_as_a_guid_under_another_link(store: Store) -> None:
    feed = live_feed(store)
    poll(store, feed, entry("deux", guid="https://gazette.example/?p=7", link="https://proxy.example/x"))

    assert 1 == len(store.listed(("g:https://gazette.example/?p=7",)))


def test_the_same_address_in_two_feeds_is_two_entries_in_order(store: Store) -> None:
    one = entry("un", guid="1", link=LINK)
    poll(store, live_feed(store, "https://a.example/rss"), one)
    poll(store, live_feed(store, "https://b.example/rss"), one)
    first, second = store.listed(("l:" + LINK,))

    assert (EntryState.TO_READ, EntryState.DUPLICATE) == (first.state, second.state)
    assert first.id == second.same_as


def test_feeds_are_found_by_the_hosts_whose_pages_they_list(store: Store) -> None:
    here, there = add_feed(store, "https://rss.example/a"), add_feed(store, "https://rss.example/b")
    poll(store, here, entry("un", keys=("l:www.gazette.example/un",)))
    poll(store, there, entry("deux", keys=("l:www.gazette.example.evil/deux",)), at=after(10))

    assert (here,) == store.feeds_listing("www.gazette.example")
    assert () == store.feeds_listing("gazette.example")


def test_when_a_feed_last_listed_something_new_is_known(store: Store) -> None:
    feed, silent = live_feed(store), add_feed(store, "https://silent.example/rss")
    poll(store, feed, entry("un"))
    poll(store, feed, entry("un"), entry("deux"), at=after(30))
    poll(store, feed, entry("un"), at=after(60))

    assert {feed: after(30)} == store.last_listed([feed, silent])
    assert 2 == len(claim(store, at=after(60)))
