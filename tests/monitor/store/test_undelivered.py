"""Messages that were given up, and receivers that are disabled: told once, and never in a circle."""

from __future__ import annotations

from dataclasses import replace

from monitor.errors import Reason
from monitor.model import AlertType, DeliveryId, Disabled, Endpoint, Undelivered
from monitor.store import Failures, Store
from tests.monitor.store.samples import NOW, after, alert, message, record_alert


def _give_up(store: Store, number: int, error: str = "400") -> None:
    store.claim_deliveries("webhook", now=NOW, owner="moi", lease_s=60, limit=99)
    store.settle_failed(DeliveryId(number), reason=Reason.REJECTED, error=error, now=NOW)


def _record(store: Store, name: str, *ids: int, type_: AlertType = AlertType.DELIVERY_FAILED) -> None:
    notice = replace(alert(name, type_=type_), planned_at=after(9))
    told = [DeliveryId(number) for number in ids]
    store.record_undelivered([(notice, [message(name)])], failed=told, disabled=["webhook"], now=after(9))


def test_d8_messages_that_were_given_up_are_counted_by_receiver(store: Store) -> None:
    for name in ("A0000000", "B0000000", "C0000000"):
        record_alert(store, name)
    nothing = store.untold_failures()
    _give_up(store, 1)
    one = store.untold_failures()
    _give_up(store, 3, "422")

    assert Failures() == nothing
    assert (Undelivered("webhook", 1, NOW, error="400", delivery_id=DeliveryId(1)),) == one.receivers
    assert Failures((Undelivered("webhook", 2, NOW, error="422"),), (DeliveryId(1), DeliveryId(3))) == (
        store.untold_failures()
    )


def test_d8_what_was_told_is_told_once_and_again_only_where_it_is_given_up_again(store: Store) -> None:
    record_alert(store, "A0000000")
    _give_up(store, 1)
    _record(store, "NOTICE00", 1)
    told = store.untold_failures()
    store.replay(ids=[DeliveryId(1)], now=NOW)
    _give_up(store, 1)

    assert Failures(last_at=after(9)) == told
    assert (DeliveryId(1),) == store.untold_failures().ids


def test_d8_what_tells_of_messages_that_were_given_up_is_told_to_nobody_when_it_is_given_up_itself(
    store: Store,
) -> None:
    for name, type_ in (("NOTICE00", AlertType.DELIVERY_FAILED), ("NOTICE01", AlertType.ENDPOINT_DISABLED)):
        _record(store, name, type_=type_)
    for number in (1, 2):
        _give_up(store, number)

    assert () == store.untold_failures().ids
    assert {"webhook": 2} == store.failed_deliveries()


def test_d8_that_a_receiver_is_disabled_is_noted_as_told(store: Store) -> None:
    record_alert(store)
    store.enable_endpoint(Endpoint("webhook", disabled_at=NOW, disabled_why=Disabled.GONE), now=NOW)
    _record(store, "NOTICE00")

    assert after(9) == store.endpoint("webhook").told_at
