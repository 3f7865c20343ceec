"""What people are told of veille itself: a whole daemon, real receivers, a clock that is told the time."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor.demo import Answer, Received, Request
from monitor.model import DeliveryState
from monitor.stages import tell_troubles
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk, eventually

MINUTE_S = 60.0


def _troubles(desk: Desk) -> list[Received]:
    return [one for one in desk.webhook.received if one.payload["type"].startswith("system.")]


def _told(desk: Desk) -> list[tuple[str, str]]:
    """Return why each message was sent and of what kind its first trouble is."""
    data = [one.payload["data"] for one in _troubles(desk)]
    return [(one["notification_reason"], one["troubles"][0]["kind"]) for one in data]


def _all(desk: Desk) -> list[dict[str, Any]]:
    return [one for received in _troubles(desk) for one in received.payload["data"]["troubles"]]


async def _minutes(desk: Desk, minutes: int) -> None:
    for _ in range(minutes):
        await desk.cycle(after_s=MINUTE_S)


def _dead_routes(folder: Path) -> Path:
    """Return routes with a receiver that takes everything, and one whose folder is gone."""
    (folder / "gone").mkdir()
    routes = folder / "routes.yaml"
    routes.write_text(
        "route:\n  receiver: journal\n  routes:\n"
        "    - {matchers: ['type=\"story.alert.new\"'], receiver: dead}\n"
        "    - {matchers: ['type=~\"system.*\"'], receiver: dead, continue: true}\n"
        "    - {matchers: ['type=~\"system.*\"'], receiver: desk}\n"
        f"receivers: {{desk: {{webhook: {{}}}}, dead: {{file: {{path: {folder / 'gone' / 'alerts.jsonl'}}}}}}}\n",
        encoding="utf-8",
    )
    return routes


def _news(desk: Desk) -> None:
    desk.site.publish("/rss.xml", desk.item("/neuf", "Les combats continuent autour de Kharkiv"))


async def _first_polled(desk: Desk) -> None:
    desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël ouvre", age_s=10 * TOMORROW_S))
    await desk.cycle()


def test_x3_messages_that_do_not_get_through_are_told_on_the_channel_that_works(tmp_path: Path) -> None:
    routes = _dead_routes(tmp_path)

    async def act(desk: Desk) -> None:
        await _first_polled(desk)
        shutil.rmtree(tmp_path / "gone")
        _news(desk)
        await desk.cycle(after_s=HOUR_S)
        await _minutes(desk, 15)

        assert [] == _told(desk)

        await _minutes(desk, 3)
        (late,) = _all(desk)

        assert [("system_failing", "outbox")] == _told(desk)
        assert ("dead", 1, 0) == (late["receiver"], late["waiting"], late["repeats"])
        assert late["error"]
        assert {"dead"} == {line.receiver for line in desk.app.tools.store.deliveries(state=DeliveryState.PENDING)}
        assert 1 == desk.metric("alerts_total", type="system.failing")
        assert {"outbox": 1} == {
            k: v for k, v in desk.app.tools.store.gauges(now=desk.clock.now()).troubles.items() if v
        }

        await _minutes(desk, 5)
        await desk.cycle(after_s=TOMORROW_S)

        assert [("system_failing", "outbox"), ("system_still_failing", "outbox")] == _told(desk)

        (tmp_path / "gone").mkdir()
        await desk.cycle(after_s=TOMORROW_S / 2)
        await desk.cycle(after_s=HOUR_S)

        assert ("system_recovered", "outbox") == _told(desk)[-1]
        assert 3 == len(_told(desk))
        assert 1 == len({one["incident_id"] for one in _all(desk)})
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, routes=routes)


def test_x3_where_only_the_broken_receiver_exists_it_is_in_the_log_and_in_the_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def decide(_number: int, _request: Request) -> Answer:
        return Answer(503)

    async def act(desk: Desk) -> None:
        await _first_polled(desk)
        _news(desk)
        await desk.cycle(after_s=HOUR_S)
        await _minutes(desk, 18)

        assert [logging.ERROR] == [record.levelno for record in caplog.records if record.message == "system_failing"]
        assert 1 == desk.metric("alerts_total", type="system.failing")
        assert {"story.alert.new"} == {line.type for line in desk.app.tools.store.deliveries()}

    at_desk(tmp_path, act, decide=decide)


def test_what_waited_while_veille_was_away_is_no_trouble(tmp_path: Path) -> None:
    def decide(number: int, _request: Request) -> Answer | None:
        return Answer(503) if number == 1 else None

    async def act(desk: Desk) -> None:
        await _first_polled(desk)
        _news(desk)
        await desk.cycle(after_s=2 * HOUR_S)
        assert 1 == desk.pending()
        desk.clock.pass_s(TOMORROW_S)

        await tell_troubles(desk.app.tools)
        await desk.cycle(after_s=MINUTE_S)

        assert [] == _told(desk)
        assert 1 == len(desk.alerts)
        assert {0} == set(desk.app.tools.store.gauges(now=desk.clock.now()).troubles.values())

    at_desk(tmp_path, act, decide=decide)


def test_x3_no_successful_poll_for_an_hour_is_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _first_polled(desk)
        desk.site.fail("/rss.xml", 503)
        await desk.cycle(after_s=HOUR_S - MINUTE_S)

        assert [] == _told(desk)

        await _minutes(desk, 3)
        (unpolled,) = _all(desk)

        assert [("system_failing", "polling")] == _told(desk)
        assert (1, 1) == (unpolled["feeds"], unpolled["feeds_late"])

        _news(desk)
        await desk.cycle(after_s=2 * HOUR_S)

        assert [("system_failing", "polling"), ("system_recovered", "polling")] == _told(desk)
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[Usage | OSError]:
    """Give a disk that is as its last item says."""
    states: list[Usage | OSError] = [Usage(20_000_000_000, 0, 20_000_000_000)]

    def usage(_folder: Path) -> Usage:
        state = states[-1]
        if isinstance(state, OSError):
            raise state
        return state

    monkeypatch.setattr("monitor.stages.watching.shutil.disk_usage", usage)
    return states


def test_x3_a_disk_that_is_nearly_full_is_told_before_it_is(tmp_path: Path, disk: list[Usage | OSError]) -> None:
    async def act(desk: Desk) -> None:
        await _first_polled(desk)

        assert [] == _told(desk)

        disk.append(Usage(20_000_000_000, 19_700_000_000, 300_000_000))
        await _minutes(desk, 2)
        (full,) = _all(desk)

        assert [("system_failing", "disk")] == _told(desk)
        assert (300, 20_000) == (full["free_mb"], full["total_mb"])

        disk.append(OSError("gone"))  # nobody can say
        await desk.cycle(after_s=HOUR_S)

        assert [("system_failing", "disk"), ("system_recovered", "disk")] == _told(desk)

    at_desk(tmp_path, act, disk_min_mb=500, disk_min_percent=1)


def test_the_rounds_look_at_veille_itself(
    tmp_path: Path, disk: list[Usage | OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.05)
    disk.append(Usage(1000, 999, 1))

    async def act(desk: Desk) -> None:
        await desk.app.start()
        await eventually(lambda: desk.metric("troubles", kind="disk"))
        desk.clock.pass_s(MINUTE_S)
        received = await desk.arrival()

        assert "system.failing" == received.payload["type"]

    at_desk(tmp_path, act, disk_min_mb=500)
