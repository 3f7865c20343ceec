from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.alerting import after_canary, first_canary, heartbeat_receivers, plan_heartbeat
from monitor.model import AlertType, CanaryHealth, NotificationReason, Step
from monitor.receivers import Channel
from monitor.settings import load_settings

NOW = datetime(2026, 5, 16, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
URL = "https://hc.example/ping/topsecret"


def test_the_first_canary_leaves_soon_after_the_start() -> None:
    assert NOW + 30 * SECOND == first_canary(CanaryHealth(), interval_s=300, now=NOW).due_at
    assert NOW + 10 * SECOND == first_canary(CanaryHealth(), interval_s=10, now=NOW).due_at


def test_t7_a_clock_that_is_set_back_delays_no_canary() -> None:
    due = CanaryHealth(due_at=NOW + timedelta(days=1))

    assert NOW + 300 * SECOND == first_canary(due, interval_s=300, now=NOW).due_at
    assert CanaryHealth(due_at=NOW) == first_canary(CanaryHealth(due_at=NOW), interval_s=300, now=NOW)


def test_x3_after_one_that_failed_the_next_leaves_sooner_and_the_first_failure_is_kept() -> None:
    first = after_canary(CanaryHealth(), Step.JUDGING, "crashed", interval_s=300, now=NOW)
    second = after_canary(first, Step.READING, "slow", interval_s=300, now=NOW + 30 * SECOND)

    assert CanaryHealth(NOW + 30 * SECOND, Step.JUDGING, NOW, "crashed") == first
    assert CanaryHealth(NOW + 60 * SECOND, Step.READING, NOW, "slow") == second


def test_one_that_arrives_forgets_those_before_it() -> None:
    lost = CanaryHealth(NOW, Step.JUDGING, NOW, "crashed")

    assert CanaryHealth(due_at=NOW + 300 * SECOND) == after_canary(lost, None, None, interval_s=300, now=NOW)


def test_x3_a_heartbeat_goes_to_its_address_and_to_no_reader() -> None:
    settings = load_settings(None, heartbeat_url=URL)
    (receiver,) = heartbeat_receivers(settings)
    alert = plan_heartbeat(settings, now=NOW)

    assert ("heartbeat", Channel.WEBHOOK, URL) == (receiver.name, receiver.channel, receiver.text("url"))
    assert "topsecret" not in repr(receiver)
    assert (AlertType.HEARTBEAT, NotificationReason.HEARTBEAT, ("heartbeat",)) == (
        alert.type,
        alert.reason,
        alert.receivers,
    )
    assert alert.id != plan_heartbeat(settings, now=NOW + SECOND).id


def test_without_an_address_it_goes_to_nobody() -> None:
    settings = load_settings(None)

    assert ((), ()) == (heartbeat_receivers(settings), plan_heartbeat(settings, now=NOW).receivers)
