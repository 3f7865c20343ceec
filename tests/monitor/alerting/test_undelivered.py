"""Who is told of what a receiver does not get (promise D8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting import Route, Routes, is_soon_after, plan_undelivered
from monitor.alerting.matchers import parse_matcher
from monitor.model import AlertType, Channel, Disabled, Endpoint, Receiver, Undelivered

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
ROUTES = Routes(tuple(Receiver(name, Channel.WEBHOOK) for name in ("desk", "archive", "nuit")))
DESK, ARCHIVE, NUIT = (Undelivered(name, 3, NOW) for name in ROUTES.names)
FAILING = Endpoint("archive", failures=3)
DISABLED = Endpoint("archive", disabled_at=NOW, disabled_why=Disabled.GONE)


def _told(*undelivered: Undelivered, routes: Routes = ROUTES, endpoints: tuple[Endpoint, ...] = ()) -> dict[str, str]:
    """Who is told, and of whom."""
    alerts = plan_undelivered(AlertType.DELIVERY_FAILED, undelivered, routes, endpoints=endpoints, now=NOW)
    return {" ".join(alert.receivers): " ".join(each.receiver for each in alert.undelivered) for alert in alerts}


def test_d8_a_message_that_was_given_up_is_told_to_all_but_its_receiver() -> None:
    assert {"archive nuit": "desk"} == _told(DESK)


def test_d8_what_several_do_not_get_is_one_message_to_each_who_can_know() -> None:
    assert {"archive": "desk nuit", "nuit": "desk archive", "desk": "archive nuit"} == _told(DESK, ARCHIVE, NUIT)


def test_those_that_are_well_are_told_before_those_that_are_not() -> None:
    assert {"nuit": "desk"} == _told(DESK, endpoints=(FAILING,))
    assert {"archive": "desk"} == _told(DESK, endpoints=(FAILING, replace(DISABLED, receiver="nuit")))
    assert {} == _told(DESK, endpoints=(DISABLED, replace(DISABLED, receiver="nuit")))


def test_with_one_receiver_nobody_is_told() -> None:
    assert {} == _told(DESK, routes=Routes(ROUTES.receivers[:1]))


@pytest.mark.parametrize(
    ("receiver", "told"),
    [("nuit", {"nuit": "desk"}), ("journal", {}), ("desk", {"archive nuit": "desk"})],
)
def test_routes_say_who_is_told_unless_it_is_the_one_that_fails(receiver: str, told: dict[str, str]) -> None:
    own = Route(receiver, matchers=(parse_matcher('type="delivery.failed"'),))
    others = tuple(Route(name, goes_on=True) for name in ROUTES.names)
    root = Route("journal", routes=(own, *others))

    assert told == _told(DESK, routes=replace(ROUTES, root=root))


@pytest.mark.parametrize(("minutes", "soon"), [(0, True), (59, True), (60, False), (-1, False)])
def test_d8_messages_that_were_given_up_are_told_once_an_hour(minutes: int, *, soon: bool) -> None:
    assert soon is is_soon_after(NOW, NOW + timedelta(minutes=minutes))
    assert not is_soon_after(None, NOW)


def test_what_is_told_again_later_is_another_alert() -> None:
    alerts = [
        plan_undelivered(AlertType.ENDPOINT_DISABLED, [DESK], ROUTES, endpoints=(), now=at)[0]
        for at in (NOW, NOW, NOW + timedelta(hours=1))
    ]

    assert alerts[0].id == alerts[1].id != alerts[2].id
