from __future__ import annotations

from datetime import timedelta

from monitor.model import FeedId, Subscription
from monitor.store import Store
from tests.monitor.store.samples import NOW, add_feed, after, claim, entry, live_feed, next_due_at, poll

HUB, TOPIC = "https://hub.example/", "https://gazette.example/rss"
LATER = NOW + timedelta(days=9)


def _noted(store: Store, feed_id: FeedId | None = None, *, name: str = "t1") -> FeedId:
    feed_id = feed_id or add_feed(store)
    store.note_hub(feed_id, hub=HUB, topic=TOPIC, token=name, secret="s", now=NOW)
    return feed_id


def _confirmed(store: Store, name: str = "t1", *, topic: str = TOPIC, minutes: float = 1) -> bool:
    return store.confirm_subscription(
        name, topic=topic, lease_until=LATER, due_at=LATER - timedelta(days=1), now=after(minutes)
    )


def test_a_hub_is_to_be_asked_at_once(store: Store) -> None:
    feed_id = _noted(store)
    expected = Subscription(feed_id, HUB, TOPIC, "t1", "s", NOW)

    assert (expected,) == store.due_subscriptions(now=NOW, limit=5)
    assert expected == store.find_subscription("t1") == store.subscription_of(feed_id)
    assert () == store.due_subscriptions(now=NOW - timedelta(seconds=1), limit=5)
    assert not expected.is_active(NOW)
    assert frozenset({"t1"}) == store.subscription_tokens()
    assert (expected,) == store.subscriptions()


def test_a_hub_that_changes_or_leaves_takes_its_subscription_with_it(store: Store) -> None:
    feed_id = _noted(store)
    _noted(store, feed_id, name="t2")
    store.note_hub(feed_id, hub=None, topic=TOPIC, token="t3", secret="s", now=NOW)

    assert [None, None, None] == [store.find_subscription(token) for token in ("t1", "t2", "t3")]
    assert store.subscription_of(feed_id) is None


def test_a_paused_feed_is_not_subscribed_to(store: Store) -> None:
    feed_id = _noted(store)
    store.pause_feed(feed_id, paused=True, now=NOW)

    assert () == store.due_subscriptions(now=NOW, limit=5)
    assert not store.note_push("t1", now=NOW)


def test_only_what_was_asked_for_lately_and_under_its_topic_is_confirmed(store: Store) -> None:
    _noted(store)
    unasked = _confirmed(store)
    store.note_asked("t1", due_at=after(60), now=NOW)
    wrong = [
        _confirmed(store, "autre"),
        _confirmed(store, topic="https://autre.example/"),
        _confirmed(store, minutes=1500),
    ]
    asked = store.find_subscription("t1")
    confirmed, again = _confirmed(store), _confirmed(store)
    now_ = store.find_subscription("t1")

    assert [False, False, False, False] == [unasked, *wrong]
    assert asked is not None
    assert (after(60), NOW, 1) == (asked.due_at, asked.asked_at, asked.failures)
    assert (True, False) == (confirmed, again)
    assert now_ is not None
    assert (LATER, None, 0, True) == (now_.lease_until, now_.asked_at, now_.failures, now_.is_active(NOW))
    assert () == store.due_subscriptions(now=NOW, limit=5)


def test_a_refusal_is_kept_and_what_the_hub_promised_stands_unless_it_is_over(store: Store) -> None:
    _noted(store)
    store.note_asked("t1", due_at=after(60), now=NOW)
    _confirmed(store)
    store.fail_subscription("t1", error="hub.example: answered 503", due_at=after(120))
    failed = store.find_subscription("t1")
    store.fail_subscription("t1", error="the hub says no", due_at=after(180), over=True)
    over = store.find_subscription("t1")

    assert failed is not None
    assert over is not None
    assert ("hub.example: answered 503", after(120), LATER) == (failed.last_error, failed.due_at, failed.lease_until)
    assert ("the hub says no", None, False) == (over.last_error, over.lease_until, over.is_trusted)


def test_a_push_makes_its_feed_due_but_not_twice_in_ten_seconds(store: Store) -> None:
    feed_id = live_feed(store)
    _noted(store, feed_id)
    poll(store, feed_id, entry("un"), at=NOW)
    soon = store.note_push("t1", now=NOW + timedelta(seconds=1))
    first = next_due_at(store)
    store.note_push("t1", now=NOW + timedelta(seconds=60))
    pushed = store.find_subscription("t1")

    assert soon
    assert NOW + timedelta(seconds=10) == first == next_due_at(store)
    assert pushed is not None
    assert (NOW + timedelta(seconds=60), True) == (pushed.pushed_at, pushed.is_trusted)

    store.settle_push("t1", pushed_at=NOW, trusted=False)
    kept = store.find_subscription("t1")
    store.settle_push("t1", pushed_at=NOW + timedelta(seconds=60), trusted=True)
    answered = store.find_subscription("t1")
    store.settle_push("t1", pushed_at=None, trusted=False)
    doubted = store.find_subscription("t1")

    assert pushed == kept
    assert answered is not None
    assert doubted is not None
    assert (None, True, False) == (answered.pushed_at, answered.is_trusted, doubted.is_trusted)


def test_a_push_to_a_feed_never_polled_or_to_nobody(store: Store) -> None:
    _noted(store)

    assert store.note_push("t1", now=NOW)
    assert not store.note_push("nobody", now=NOW)
    assert () == claim(store)
