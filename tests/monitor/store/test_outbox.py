from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from monitor.errors import NotFoundError, Reason
from monitor.model import (
    AlertId,
    AlertType,
    Change,
    Channel,
    Delivery,
    DeliveryId,
    DeliveryState,
    Receipt,
    Receiver,
    Standing,
    Update,
)
from monitor.store import Store
from tests.monitor.store.samples import NOW, after, alert, match, message, one_entry, record, record_alert, story

SLACK = Receiver("slack", Channel.SLACK)


def _claim(store: Store, at: datetime = NOW, *, receiver: str = "webhook", limit: int = 9) -> tuple[Delivery, ...]:
    return store.claim_deliveries(receiver, now=at, owner="moi", lease_s=60, limit=limit)


def _postpone(store: Store, delivery: Delivery) -> None:
    store.settle_retry(delivery.id, next_attempt_at=after(30), reason=Reason.TIMEOUT, error="trop lent", now=NOW)


def _attempts(store: Store) -> list[tuple[Any, ...]]:
    with store._read() as connection:
        rows = connection.exec_driver_sql("SELECT number, outcome, reason, status FROM attempt ORDER BY id")
        return [tuple(row) for row in rows]


def test_d3_a_delivery_comes_as_it_was_rendered(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    given = message()

    assert (given.message_id, given.rendered) == (delivery.message_id, delivery.rendered)
    assert ("al_7K2QXYZ0", "webhook", Channel.WEBHOOK, DeliveryState.PENDING, 1) == (
        delivery.alert_id,
        delivery.receiver,
        delivery.channel,
        delivery.state,
        delivery.attempts,
    )


def test_the_oldest_delivery_comes_first(store: Store) -> None:
    for name in ("B0000000", "A0000000", "C0000000"):
        record_alert(store, name)

    assert ["al_B0000000", "al_A0000000"] == [delivery.alert_id for delivery in _claim(store, limit=2)]


def test_d9_receivers_are_claimed_apart(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match()), [message(), message(receiver=SLACK)]))

    assert [1, 1, 0] == [len(_claim(store, receiver=name)) for name in ("webhook", "slack", "autre")]


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    record_alert(store)
    attempts = [[delivery.attempts for delivery in _claim(store, at)] for at in (NOW, after(0.9), after(1))]

    assert [[1], [], [1]] == attempts
    assert [(1, "interrupted", None, None), (1, None, None, None)] == _attempts(store)


def test_d4_a_message_that_was_accepted_is_never_claimed_again(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    store.settle_sent(delivery.id, Receipt(200, "ok", ("x@exemple.fr",)), now=after(1))

    assert () == _claim(store, after(10_000))
    assert [(DeliveryState.SENT, after(1))] == [(line.state, line.sent_at) for line in store.deliveries()]
    assert [(1, "sent", None, 200)] == _attempts(store)


def test_d9_a_message_to_retry_waits_and_blocks_none_behind_it(store: Store) -> None:
    record_alert(store, "A0000000")
    record_alert(store, "B0000000")
    (delivery,) = _claim(store, limit=1)
    store.settle_retry(delivery.id, next_attempt_at=after(5), reason=Reason.TIMEOUT, error="lent", now=NOW)

    assert ["al_B0000000"] == [claimed.alert_id for claimed in _claim(store, after(1))]
    assert ["al_A0000000"] == [claimed.alert_id for claimed in _claim(store, after(5), limit=1)]
    assert (1, "retry", "timeout", None) == _attempts(store)[0]


def test_d8_a_message_that_is_given_up_is_visibly_failed(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    store.settle_failed(delivery.id, reason=Reason.REJECTED, error="400", now=NOW)
    (line,) = store.deliveries(state=DeliveryState.FAILED)

    assert (Reason.REJECTED, "400", 1) == (line.last_reason, line.last_error, line.attempts)
    assert () == _claim(store, after(10_000))
    assert [(1, "failed", "rejected", None)] == _attempts(store)


def test_a_delivery_is_settled_once(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    store.settle_sent(delivery.id, Receipt(), now=NOW)

    with pytest.raises(NotFoundError, match="no pending delivery 1"):
        store.settle_failed(delivery.id, reason=Reason.DNS, error="", now=NOW)


def test_a_delivery_that_is_given_back_was_not_tried(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    store.give_back_deliveries([delivery.id], now=NOW)
    store.give_back_deliveries([delivery.id], now=NOW)

    assert [] == _attempts(store)
    assert [1] == [again.attempts for again in _claim(store)]


@pytest.mark.parametrize("interrupted", [True, False])
def test_d1_what_a_daemon_was_sending_when_it_ended_is_sent_again_and_that_was_no_try(
    store: Store, *, interrupted: bool
) -> None:
    record_alert(store)
    _claim(store)

    assert 1 == store.release_leases(now=NOW, interrupted=interrupted)
    assert [(1, "interrupted", None, None)] == _attempts(store)
    assert [(1, int(interrupted))] == [(again.attempts, again.interrupted) for again in _claim(store)]


def _kill(store: Store, times: int) -> None:
    """Let the daemon be killed while it sends, so many times, each time with all that it could claim."""
    for _ in range(times):
        assert _claim(store)
        store.release_leases(now=NOW, interrupted=True)


def test_d7_attempts_that_ended_with_the_daemon_use_up_no_tries(store: Store) -> None:
    record_alert(store)
    _kill(store, 9)
    (tenth,) = _claim(store)
    _postpone(store, tenth)
    (again,) = _claim(store, after(30))

    assert [(1, 9), (2, 0)] == [(delivery.attempts, delivery.interrupted) for delivery in (tenth, again)]


def test_d9_a_message_that_may_end_the_daemon_goes_behind_the_others_and_alone(store: Store) -> None:
    for name in ("A0000000", "B0000000"):
        record_alert(store, name)
    _kill(store, 2)
    record_alert(store, "C0000000")
    claims = [[delivery.alert_id for delivery in _claim(store)] for _ in range(2)]
    store.settle_sent(DeliveryId(3), Receipt(), now=NOW)
    claims += [[delivery.alert_id for delivery in _claim(store)] for _ in range(2)]

    assert [["al_C0000000"], [], ["al_A0000000"], []] == claims


def test_a_delivery_that_is_given_back_until_later_waits(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)
    store.give_back_deliveries([delivery.id], now=NOW, next_attempt_at=after(1))

    assert () == _claim(store)
    assert [1] == [again.attempts for again in _claim(store, after(1))]


def test_an_interruption_ends_a_wait(store: Store) -> None:
    record_alert(store)
    _postpone(store, _claim(store)[0])
    _claim(store, after(30))
    store.release_leases(now=after(30), interrupted=True)

    assert [(2, None)] == [(again.attempts, again.next_attempt_at) for again in _claim(store, after(30))]


def test_the_outbox_tells_what_waits_for_whom_and_how_long(store: Store) -> None:
    nothing = (store.pending_deliveries(), store.gauges(now=NOW).outbox_oldest_s)
    record_alert(store, "A0000000")
    gauges = store.gauges(now=after(1))

    assert ({}, 0.0) == nothing
    assert ({"webhook": 1}, 1, 60.0) == (store.pending_deliveries(), gauges.outbox_pending, gauges.outbox_oldest_s)


def test_deliveries_are_listed_latest_first_by_state_receiver_and_date(store: Store) -> None:
    for name in ("A0000000", "B0000000"):
        record_alert(store, name)
    claims = _claim(store, limit=1)
    store.settle_sent(claims[0].id, Receipt(), now=NOW)

    assert ["al_B0000000", "al_A0000000"] == [line.alert_id for line in store.deliveries()]
    assert ["al_B0000000"] == [line.alert_id for line in store.deliveries(limit=1)]
    assert ["al_A0000000"] == [line.alert_id for line in store.deliveries(state=DeliveryState.SENT)]
    assert () == store.deliveries(receiver="slack")
    assert () == store.deliveries(since=after(1))


# --- replay -----------------------------------------------------------------------------------------------------------


def _settled(store: Store) -> list[DeliveryId]:
    """One delivery that was sent and one that failed."""
    for name in ("A0000000", "B0000000"):
        record_alert(store, name)
    sent, failed = _claim(store)
    store.settle_sent(sent.id, Receipt(), now=NOW)
    store.settle_failed(failed.id, reason=Reason.DNS, error="", now=NOW)
    return [sent.id, failed.id]


def test_d3_a_replayed_message_keeps_its_identity_and_starts_its_schedule_anew(store: Store) -> None:
    _, failed = _settled(store)

    assert {"webhook": 1} == store.replay(ids=[failed], now=after(9))
    (delivery,) = _claim(store, after(9))
    given = message("B0000000")
    assert (given.message_id, given.rendered, 1) == (delivery.message_id, delivery.rendered, delivery.attempts)


def test_d8_a_range_is_replayed_failed_ones_only_unless_told_otherwise(store: Store) -> None:
    sent, failed = _settled(store)

    assert {} == store.replay(since=after(1), now=NOW)
    assert {} == store.replay(until=NOW, now=NOW)
    assert {} == store.replay(receiver="slack", now=NOW)
    assert {"webhook": 1} == store.replay(since=NOW, until=after(1), receiver="webhook", now=NOW)
    assert [failed] == [delivery.id for delivery in _claim(store)]
    assert {"webhook": 1} == store.replay(state=DeliveryState.SENT, now=NOW)
    assert [sent] == [delivery.id for delivery in _claim(store)]


def test_d8_a_replay_leaves_its_trace_among_the_attempts(store: Store) -> None:
    _, failed = _settled(store)
    store.replay(ids=[failed], by="anne", now=after(9))
    _claim(store, after(9))
    attempts = store.attempts(failed)

    assert [(1, "failed"), (0, "replayed"), (1, None)] == [(one.number, one.outcome) for one in attempts]
    assert ("anne", after(9)) == (attempts[1].detail, attempts[1].started_at)
    with pytest.raises(NotFoundError, match="no delivery 99"):
        store.attempts(DeliveryId(99))


def test_a_delivery_under_way_is_not_replayed(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store)

    assert {} == store.replay(ids=[delivery.id], now=NOW)


def test_what_a_receiver_was_sent_is_there_to_be_shown(store: Store) -> None:
    sent, _ = _settled(store)
    [line] = [line for line in store.deliveries() if line.id == sent]
    rows = store.sent_messages("webhook", channel=Channel.WEBHOOK, limit=9)

    assert (1, DeliveryState.SENT) == (len(rows), line.state)
    assert ((), ()) == (
        store.sent_messages("webhook", channel=Channel.FEED, limit=9),
        store.sent_messages("slack", channel=Channel.WEBHOOK, limit=9),
    )


def test_replaying_what_is_not_there_replays_nothing(store: Store) -> None:
    _, failed = _settled(store)

    with pytest.raises(NotFoundError, match="no delivery 98, 99"):
        store.replay(ids=[DeliveryId(99), failed, DeliveryId(98)], now=NOW)
    with pytest.raises(NotFoundError, match=f"no delivery {10**20}"):
        store.replay(ids=[DeliveryId(10**20)], now=NOW)
    with pytest.raises(NotFoundError, match=f"no delivery {10**20}"):
        store.delivery(DeliveryId(10**20))
    assert {} == store.pending_deliveries()
    assert {"webhook": 1} == store.failed_deliveries()


def test_t7_a_clock_set_back_an_hour_keeps_no_delivery_waiting(store: Store) -> None:
    record_alert(store)
    (delivery,) = _claim(store, after(60))
    store.settle_retry(delivery.id, next_attempt_at=after(65), reason=Reason.DNS, error="", now=after(60))
    store.pull_due(now=NOW)

    assert [2] == [again.attempts for again in _claim(store)]


def _told(
    store: Store,
    name: str,
    *,
    updates: str | None = None,
    first: str | None = None,
    receiver: Receiver = SLACK,
    on: str = "un",
    rule: str = "axe",
) -> None:
    """Write an alert with one delivery.

    `updates` names the first on its story and rule, `first` that which this receiver was told where it is another.
    """
    standing = Standing("Titre")
    update = None if updates is None else Update(AlertId(f"al_{updates}"), Change.TITLE_CHANGED, standing, standing)
    if update is not None and first is not None:
        update = replace(update, firsts=((receiver.name, AlertId(f"al_{first}")),))
    type_ = AlertType.STORY_UPDATED if update else AlertType.STORY_NEW
    told = replace(alert(name, match(rule), type_=type_), stories=(story(on),), update=update)
    store.record_alert(told, [message(name, receiver)], now=NOW)


def _send(store: Store, delivery: Delivery, external_id: str | None = None) -> None:
    store.settle_sent(delivery.id, Receipt(status=200, external_id=external_id), now=NOW)


def _facts(store: Store, at: datetime = NOW) -> list[tuple[str, str | None, bool]]:
    return [(one.alert_id, one.thread, one.is_overtaken) for one in _claim(store, at, receiver="slack")]


def test_an_update_knows_what_the_service_calls_the_message_that_it_changes(store: Store) -> None:
    _told(store, "A")
    _send(store, _claim(store, receiver="slack")[0], "C1/1.0")
    _told(store, "B", updates="A")
    _told(store, "C")

    assert [("al_B", "C1/1.0", False), ("al_C", None, False)] == _facts(store)


def test_an_update_changes_the_first_alert_that_its_receiver_was_told_and_waits_for_that(store: Store) -> None:
    _told(store, "A", receiver=Receiver("autre", Channel.SLACK))
    _send(store, _claim(store, receiver="autre")[0], "C2/1.0")
    _told(store, "B")
    _told(store, "C", updates="A", first="B")
    (second,) = _claim(store, receiver="slack")
    _send(store, second, "C1/1.0")

    assert "al_B" == second.alert_id
    assert [("al_C", "C1/1.0", False)] == _facts(store)


@pytest.mark.parametrize("type_", [AlertType.STORY_RECAP, AlertType.STORY_DIGEST])
def test_an_update_never_changes_a_message_that_told_other_stories_too(store: Store, type_: AlertType) -> None:
    store.record_alert(replace(alert("A"), type=type_), [message("A", SLACK)], now=NOW)
    _send(store, _claim(store, receiver="slack")[0], "C1/1.0")
    _told(store, "B", updates="A")
    (update,) = _claim(store, receiver="slack")
    _send(store, update, "C1/2.0")
    _told(store, "C", updates="A")

    assert update.thread is None
    assert [("al_C", "C1/2.0", False)] == _facts(store)


@pytest.mark.parametrize(("on", "rule"), [("deux", "axe"), ("un", "bourse")])
def test_updates_of_what_one_recap_told_change_nothing_of_each_other(store: Store, on: str, rule: str) -> None:
    store.record_alert(replace(alert("A"), type=AlertType.STORY_RECAP), [message("A", SLACK)], now=NOW)
    _send(store, _claim(store, receiver="slack")[0], "C1/1.0")
    _told(store, "B", updates="A")
    _told(store, "C", updates="A", on=on, rule=rule)
    one, other = _claim(store, receiver="slack")  # and none of them waits for another
    _send(store, one, "C1/2.0")
    _send(store, other, "C1/3.0")
    _told(store, "D", updates="A", on=on, rule=rule)

    assert [("al_D", "C1/3.0", False)] == _facts(store)


def test_d9_an_update_waits_for_the_message_that_it_changes_and_nobody_else_does(store: Store) -> None:
    for name, updates in (("A", None), ("B", "A"), ("C", "A"), ("D", None)):
        _told(store, name, updates=updates)
    first, _ = _claim(store, receiver="slack")
    waiting = _facts(store)
    _send(store, first, "C1/1.0")

    assert [] == waiting
    assert [("al_B", "C1/1.0", False)] == _facts(store)


def test_an_update_does_not_wait_for_a_message_that_fails(store: Store) -> None:
    _told(store, "A")
    _told(store, "B", updates="A")
    (first,) = _claim(store, receiver="slack")
    _postpone(store, first)
    (update,) = _claim(store, receiver="slack")
    _send(store, update, "C1/2.0")
    _told(store, "C", updates="A")

    assert update.thread is None
    assert [("al_C", "C1/2.0", False)] == _facts(store)

    (again,) = _claim(store, after(30), receiver="slack", limit=1)
    _send(store, again, "C1/1.0")
    _told(store, "D", updates="A")

    assert first.id == again.id
    assert [("al_C", "C1/1.0", False)] == _facts(store, after(60))


def test_an_update_that_a_later_one_went_before_is_overtaken(store: Store) -> None:
    for name, updates in (("A", None), ("B", "A"), ("C", "A")):
        _told(store, name, updates=updates)
    for settle in (_send, _postpone, _send):
        (claimed,) = _claim(store, receiver="slack")
        settle(store, claimed, *(["C1/1.0"] if settle is _send else []))

    assert [("al_B", "C1/1.0", True)] == _facts(store, after(30))


def test_an_update_has_nothing_to_change_at_another_receiver_or_where_nothing_can_be(store: Store) -> None:
    _told(store, "A", receiver=Receiver("autre", Channel.SLACK))
    _send(store, _claim(store, receiver="autre")[0], "C1/1.0")
    _told(store, "B", updates="A")
    _told(store, "C")
    _send(store, _claim(store, receiver="slack")[1])
    _told(store, "D", updates="C")

    assert [("al_B", None, False), ("al_D", None, False)] == _facts(store, after(1))
