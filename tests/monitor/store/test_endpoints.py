"""How receivers are, kept over restarts."""

from __future__ import annotations

from dataclasses import replace

from monitor.errors import Reason
from monitor.model import DeliveryId, Disabled, Endpoint, Receipt
from monitor.store import Store
from tests.monitor.store.samples import NOW, after, record_alert

DOWN = Endpoint(
    "webhook",
    failures=7,
    lone_id=DeliveryId(3),
    failing_since=NOW,
    failed_at=after(1),
    open_until=after(2),
    asked=True,
    disabled_at=after(3),
    disabled_why=Disabled.FAILING,
    last_ok_at=after(-1),
    last_reason=Reason.DNS,
    last_error="introuvable",
)


def _claim(store: Store, at: float = 0, *, probe: bool = False, limit: int = 9) -> list[int]:
    claimed = store.claim_deliveries("webhook", now=after(at), owner="moi", lease_s=60, limit=limit, probe=probe)
    return [delivery.id for delivery in claimed]


def _retry(
    store: Store, number: int, *, minutes: float, endpoint: Endpoint | None = None, counted: bool = True
) -> None:
    store.settle_retry(
        DeliveryId(number),
        next_attempt_at=after(minutes),
        reason=Reason.DNS,
        error="introuvable",
        counted=counted,
        endpoint=endpoint,
        now=NOW,
    )


def test_a_receiver_that_was_sent_nothing_is_well(store: Store) -> None:
    assert (Endpoint("webhook"), ()) == (store.endpoint("webhook"), store.endpoints())


def test_how_a_receiver_is_comes_with_each_way_that_an_attempt_ends(store: Store) -> None:
    for name in ("A0000000", "B0000000", "C0000000"):
        record_alert(store, name)
    _claim(store)
    well = Endpoint("webhook", last_ok_at=NOW)
    found = []
    _retry(store, 1, minutes=60, endpoint=DOWN)
    found.append(store.endpoint("webhook"))
    store.settle_sent(DeliveryId(2), Receipt(), now=NOW, endpoint=well)
    found.append(store.endpoint("webhook"))
    store.settle_failed(DeliveryId(3), reason=Reason.REJECTED, error="", now=NOW, endpoint=replace(DOWN, failures=0))
    found.append(store.endpoint("webhook"))

    assert [DOWN, well, replace(DOWN, failures=0)] == found
    assert (found[-1],) == store.endpoints()


def test_an_attempt_that_is_not_counted_leaves_the_message_its_tries(store: Store) -> None:
    record_alert(store)
    _claim(store)
    _retry(store, 1, minutes=1, counted=False)

    assert [0] == [line.attempts for line in store.deliveries()]


def test_a_probe_takes_what_was_not_tried_or_not_for_longest(store: Store) -> None:
    for name in ("A0000000", "B0000000", "C0000000"):
        record_alert(store, name)
    _claim(store, limit=2)
    _retry(store, 1, minutes=2)
    _retry(store, 2, minutes=1)

    assert [[3], [2], [1]] == [_claim(store, 5, probe=True, limit=1) for _ in range(3)]


def test_what_waited_for_a_receiver_is_due_once_it_takes_a_message_and_the_rest_is_not(store: Store) -> None:
    for name in ("A0000000", "B0000000", "C0000000"):
        record_alert(store, name)
    _claim(store)
    _retry(store, 1, minutes=60)
    _retry(store, 2, minutes=60)
    store.settle_sent(
        DeliveryId(3), Receipt(), now=NOW, endpoint=Endpoint("webhook"), waited_for=frozenset({Reason.TLS})
    )
    before = _claim(store)
    store.replay(ids=[DeliveryId(3)], now=NOW)
    _claim(store)
    store.settle_sent(DeliveryId(3), Receipt(), now=NOW, endpoint=Endpoint("webhook"), waited_for={Reason.DNS})

    assert ([], [1, 2]) == (before, _claim(store))


def test_d8_an_enabled_receiver_has_all_that_waits_tried_at_once(store: Store) -> None:
    record_alert(store)
    _claim(store)
    _retry(store, 1, minutes=600, endpoint=DOWN)
    store.enable_endpoint(Endpoint("webhook"), now=NOW)

    assert (Endpoint("webhook"), [1]) == (store.endpoint("webhook"), _claim(store))
