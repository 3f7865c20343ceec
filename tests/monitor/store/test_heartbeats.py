from __future__ import annotations

import sqlite3
from contextlib import closing

from monitor.errors import Reason
from monitor.model import AlertType, Channel, Delivery, DeliveryState, Receipt, Receiver
from monitor.receivers import HEARTBEAT
from monitor.store import Store, Unsent
from tests.monitor.store.samples import NOW, after, alert, counts, message, record_alert

BEAT = Receiver(HEARTBEAT, Channel.WEBHOOK)


def beat(store: Store, minute: int) -> Unsent | None:
    name = f"BEAT{minute:04}"
    one = alert(name, type_=AlertType.HEARTBEAT)
    return store.record_heartbeat(one, [message(name, BEAT)], now=after(minute))


def claim(store: Store, minute: int) -> tuple[Delivery, ...]:
    return store.claim_deliveries(HEARTBEAT, now=after(minute), owner="me", lease_s=120, limit=9)


def fail(store: Store, delivery: Delivery, minute: int) -> None:
    store.settle_retry(
        delivery.id, next_attempt_at=after(minute), reason=Reason.HTTP_5XX, error="heartbeat: 503", now=after(minute)
    )


def waiting(store: Store) -> list[str]:
    return [str(line.alert_id) for line in store.deliveries(receiver=HEARTBEAT)]


def test_x3_at_most_one_heartbeat_waits_and_those_before_it_are_gone(store: Store) -> None:
    for minute in range(4):
        beat(store, minute)

    assert ["al_BEAT0003"] == waiting(store)
    assert {"alerts": 1, "deliveries_pending": 1, "articles": 0, "feeds": 0} == counts(store)


def test_x3_a_heartbeat_that_was_not_accepted_says_why_and_is_superseded(store: Store) -> None:
    assert beat(store, 0) is None

    (first,) = claim(store, 0)
    fail(store, first, 0)

    assert Unsent("heartbeat: 503") == beat(store, 5)
    assert ["al_BEAT0005"] == waiting(store)

    (second,) = claim(store, 5)
    store.settle_sent(second.id, Receipt(200), now=after(5))

    assert beat(store, 10) is None
    assert Unsent() == beat(store, 11)  # which nobody tried to send
    assert ["al_BEAT0011"] == waiting(store)


def test_a_heartbeat_that_is_being_sent_is_left_until_the_next(store: Store) -> None:
    beat(store, 0)
    (first,) = claim(store, 0)
    beat(store, 1)

    assert ["al_BEAT0001", "al_BEAT0000"] == waiting(store)

    store.settle_sent(first.id, Receipt(200), now=after(1))
    beat(store, 5)

    assert ["al_BEAT0005"] == waiting(store)


def test_without_an_address_those_before_go_and_none_waits(store: Store) -> None:
    beat(store, 0)
    store.record_heartbeat(alert("BEAT0001", type_=AlertType.HEARTBEAT), [], now=after(1))

    assert [] == waiting(store)
    assert {"alerts": 1, "articles": 0, "feeds": 0} == counts(store)


def test_x3_heartbeats_are_none_of_the_readers_messages(store: Store) -> None:
    record_alert(store)
    beat(store, 1)
    (late,) = store.system_facts(now=after(2)).waiting
    gauges = store.gauges(now=after(2))

    with closing(sqlite3.connect(store.path)) as log:
        assert [("webhook",)] == log.execute("SELECT receiver FROM deliveries_v").fetchall()
    assert ["al_7K2QXYZ0"] == [str(line.alert_id) for line in store.deliveries()]
    assert {"webhook": 1} == store.pending_deliveries()
    assert {} == store.failed_deliveries()
    assert "webhook" == late.receiver
    assert (1, 120.0) == (gauges.outbox_pending, gauges.outbox_oldest_s)

    (delivery,) = claim(store, 2)
    store.settle_failed(delivery.id, reason=Reason.HTTP_5XX, error="no", now=after(2))

    assert {} == store.failed_deliveries()
    assert {} == store.replay(now=after(3))
    assert {HEARTBEAT: 1} == store.replay(now=after(3), receiver=HEARTBEAT)
    assert (NOW, DeliveryState.PENDING) == (store.deliveries()[0].created_at, store.deliveries()[0].state)
