from __future__ import annotations

from datetime import timedelta

from monitor.errors import Reason
from monitor.model import (
    AlertType,
    FeedId,
    PollOutcome,
    PollResult,
    Receipt,
    Sight,
    SystemFacts,
    Trouble,
    TroubleKind,
    Waiting,
)
from monitor.store import Store
from tests.monitor.store.samples import DAY_S, NOW, add_feed, after, alert, live_feed, message, poll, record_alert

LATE = Sight(TroubleKind.OUTBOX, "webhook", since=NOW, count=1)
FULL = Sight(TroubleKind.DISK, free_mb=1, total_mb=2)
FAILED = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 502")


def noted(store: Store, *sights: Sight) -> tuple[Trouble, ...]:
    store.note_troubles(sights, now=NOW)
    return store.pending_troubles().troubles


def settle(store: Store, *troubles: Trouble, type_: AlertType = AlertType.SYSTEM_FAILING, minute: int = 0) -> None:
    name = f"SYSTEM{minute:02}"
    told = (alert(name, type_=type_), [message(name)], [each.id for each in troubles])
    store.record_incidents([told], ended=(), dropped=(), now=after(minute))


# --- facts ------------------------------------------------------------------------------------------------------------


def test_x3_the_outbox_says_since_when_the_oldest_message_to_each_receiver_waits_and_why(store: Store) -> None:
    record_alert(store)
    assert (Waiting("webhook", NOW, 1),) == store.system_facts(now=after(1)).waiting

    (delivery,) = store.claim_deliveries("webhook", now=NOW, owner="me", lease_s=60, limit=9)
    store.settle_retry(
        delivery.id, next_attempt_at=after(90), reason=Reason.HTTP_5XX, error="webhook: answered 503", now=NOW
    )

    assert (Waiting("webhook", NOW, 1, "webhook: answered 503"),) == store.system_facts(now=after(1)).waiting

    (delivery,) = store.claim_deliveries("webhook", now=after(90), owner="me", lease_s=60, limit=9)
    store.settle_sent(delivery.id, Receipt(200), now=after(91))

    assert () == store.system_facts(now=after(92)).waiting


def test_x3_of_a_receiver_in_trouble_what_was_given_up_since_its_last_message_is_counted(store: Store) -> None:
    def give_up(name: str, minute: int) -> None:
        store.record_alert(alert(name, type_=AlertType.SOURCE_GAP), [message(name)], now=after(minute))
        (one,) = store.claim_deliveries("webhook", now=after(minute), owner="me", lease_s=60, limit=9)
        store.settle_failed(one.id, reason=Reason.HTTP_4XX, error="webhook: answered 400", now=after(minute))

    give_up("GIVENUP0", 0)

    assert () == store.system_facts(now=after(1)).waiting
    assert (Waiting("webhook", None, 0, given_up=1),) == store.system_facts(failing=["webhook"], now=after(1)).waiting

    store.record_alert(alert("SENT0000", type_=AlertType.SOURCE_GAP), [message("SENT0000")], now=after(2))
    (sent,) = store.claim_deliveries("webhook", now=after(2), owner="me", lease_s=60, limit=9)
    store.settle_sent(sent.id, Receipt(200), now=after(3))

    assert (Waiting("webhook", None, 0),) == store.system_facts(failing=["webhook"], now=after(4)).waiting

    give_up("GIVENUP1", 5)

    assert 1 == store.system_facts(failing=["webhook"], now=after(6)).waiting[0].given_up


def test_x3_feeds_that_fail_or_are_overdue_are_late(store: Store) -> None:
    assert SystemFacts() == store.system_facts(now=NOW)

    feed_id = add_feed(store)

    assert SystemFacts(feeds=1, added_at=NOW) == store.system_facts(now=NOW)
    assert 1 == store.system_facts(now=after(1)).feeds_late

    poll(store, feed_id, at=after(1))
    polled = store.system_facts(now=after(1))

    assert (1, 0, after(1)) == (polled.feeds, polled.feeds_late, polled.polled_at)

    store.record_poll(feed_id, FAILED, (), next_due_at=after(900), now=after(60), baseline_max_age_s=DAY_S)
    failing = store.system_facts(now=after(61))

    assert (1, 1, after(1)) == (failing.feeds, failing.feeds_late, failing.polled_at)


def test_t7_a_poll_that_is_yet_to_come_has_not_succeeded(store: Store) -> None:
    feed_id = add_feed(store)
    poll(store, feed_id, at=after(DAY_S))

    assert store.system_facts(now=NOW).polled_at is None

    poll(store, feed_id, at=after(1))

    assert after(1) == store.system_facts(now=NOW).polled_at

    store.pause_feed(FeedId(feed_id), paused=True, now=after(62))

    assert SystemFacts() == store.system_facts(now=after(63))


# --- troubles ---------------------------------------------------------------------------------------------------------


def test_a_trouble_is_noted_once_while_it_lasts(store: Store) -> None:
    noted(store, LATE)
    noted(store, LATE)
    late, full = noted(store, LATE, FULL)

    assert (TroubleKind.OUTBOX, "webhook", NOW, 0, None) == (
        late.kind,
        late.subject,
        late.began_at,
        late.told,
        late.ended_at,
    )
    assert (TroubleKind.DISK, "") == (full.kind, full.subject)
    assert {"outbox": 1, "polling": 0, "disk": 1, "canary": 0} == store.gauges(now=NOW).troubles


def test_a_trouble_is_no_incident_of_a_source(store: Store) -> None:
    live_feed(store)
    noted(store, LATE, FULL)

    assert () == store.open_incidents()
    assert () == store.pending_incidents(now=NOW).incidents
    assert {"failing": 0, "gone": 0, "quiet": 0} == store.gauges(now=NOW).incidents


def test_what_was_told_is_kept_with_its_messages(store: Store) -> None:
    troubles = noted(store, LATE, FULL)
    settle(store, *troubles)
    pending = store.pending_troubles()

    assert {AlertType.SYSTEM_FAILING: NOW} == pending.last_at
    assert {(1, NOW)} == {(each.told, each.told_at) for each in pending.troubles}
    assert {AlertType.SYSTEM_FAILING} == {line.type for line in store.deliveries()}


def test_what_is_over_is_settled_once_it_was_told_and_may_begin_anew(store: Store) -> None:
    (late,) = noted(store, LATE)
    settle(store, late)
    over = Trouble(late.id, late.kind, late.subject, late.began_at, ended_at=after(5))
    store.record_incidents([], ended=[over], dropped=(), now=after(5))

    assert [after(5)] == [each.ended_at for each in store.pending_troubles().troubles]
    assert {"outbox": 0, "polling": 0, "disk": 0, "canary": 0} == store.gauges(now=NOW).troubles

    settle(store, late, type_=AlertType.SYSTEM_RECOVERED, minute=6)

    assert () == store.pending_troubles().troubles
    assert 1 == len(noted(store, LATE))


def test_a_trouble_that_was_none_is_dropped(store: Store) -> None:
    (late,) = noted(store, LATE)
    store.record_incidents([], ended=(), dropped=[late.id], now=after(1))

    assert () == store.pending_troubles().troubles


def test_t7_what_began_in_the_future_began_now(store: Store) -> None:
    store.note_troubles([LATE], now=NOW + timedelta(days=1))
    store.pull_due(now=NOW)

    assert [NOW] == [each.began_at for each in store.pending_troubles().troubles]
