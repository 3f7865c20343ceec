"""The canary and its heartbeat: a whole daemon, a real server, a clock that is told the time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import extract, feeds
from monitor.app import App, check_channels, opened
from monitor.demo import Answer, HttpServer, Request
from monitor.errors import Reason, SettingsError, StoreFullError, WorkerError
from monitor.judges import RemoteJudge
from monitor.model import CanaryHealth, Lane, Step
from monitor.receivers import HEARTBEAT
from monitor.runner import EmbeddedRunner
from monitor.stages import send_canary
from rules.types import Document
from tests.clock import ManualClock
from tests.monitor.bench import HOUR_S, Desk, InlineWorkers, eventually, opened_desk, settings_for, stored

MINUTE_S = 60.0
NOW = ManualClock().now()


@dataclass
class Switch:
    """A dead man's switch: it counts who says to be alive."""

    status: int = 200
    pings: list[Request] = field(default_factory=list)

    def handle(self, request: Request) -> Answer:
        self.pings.append(request)
        return Answer(self.status, body=b"OK")

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Give its address, a secret."""
        server = HttpServer(self.handle)
        await server.start()
        try:
            yield f"{server.url}/ping/topsecret"
        finally:
            await server.stop()


def at_switch(folder: Path, act: Callable[[Desk, Switch], Awaitable[None]], **settings: Any) -> Switch:
    """Open a daemon that tells a switch to be alive, and do something with both."""
    switch = Switch()

    async def main() -> None:
        async with switch.served() as url, opened_desk(folder, heartbeat_url=url, **settings) as desk:
            await act(desk, switch)

    asyncio.run(main())
    return switch


class BrokenWorkers(InlineWorkers):
    """Children that crash with every document."""

    async def run(self, task: str, body: bytes, args: Mapping[str, Any] | None = None) -> Any:
        raise WorkerError(f"{task}: the child crashed", reason=Reason.WORKER_CRASHED)


class BrokenJudge:
    """A judge whose child crashes with the canary."""

    def __init__(self, judge: Any, failure: Exception) -> None:
        self._judge = judge
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._judge, name)

    async def finds_canary(self, document: Document, *, now: datetime) -> bool:
        raise self._failure


def _broken(desk: Desk, **changes: Any) -> None:
    """Let the daemon go on with other tools."""
    tools = replace(desk.app.tools, **changes)
    desk.app = App(tools, EmbeddedRunner(tools, on_report=desk.reports.append))


def _lost(desk: Desk) -> list[tuple[str, str | None]]:
    """Return why each message on veille itself was sent, and of which step."""
    data = [one.payload["data"] for one in desk.webhook.received if one.payload["type"].startswith("system.")]
    return [(one["notification_reason"], one["troubles"][0].get("step")) for one in data]


async def _minutes(desk: Desk, minutes: int) -> None:
    for _ in range(minutes):
        await desk.cycle(after_s=MINUTE_S)


def test_x3_a_canary_that_goes_the_whole_way_tells_the_switch(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        await _minutes(desk, 3)
        payloads = [json.loads(ping.body) for ping in switch.pings]

        assert 3 == len(switch.pings)
        assert {("POST", "/ping/topsecret")} == {(ping.method, ping.path) for ping in switch.pings}
        assert {"heartbeat"} == {payload["type"] for payload in payloads}
        assert 3 == len({payload["data"]["alert_id"] for payload in payloads})
        assert 3 == desk.metric("canaries_total", result="arrived")
        assert desk.clock.now().timestamp() == desk.metric("canary_arrived_timestamp_seconds")
        assert CanaryHealth(due_at=desk.app.tools.canaries.health.due_at) == desk.app.tools.canaries.health

    at_switch(tmp_path, act)


def test_x3_readers_see_nothing_of_it(tmp_path: Path) -> None:
    async def act(desk: Desk, _switch: Switch) -> None:
        await _minutes(desk, 3)
        store, since = desk.app.tools.store, ManualClock().now()

        assert [] == desk.webhook.received
        assert ((), (), ()) == (store.deliveries(), store.matches(), store.told(since=since))
        assert () == store.ledger(since=since)
        assert (0, {}) == (store.gauges(now=desk.clock.now()).entries_waiting, store.pending_deliveries())
        assert 1 == len(store.deliveries(receiver=HEARTBEAT))
        assert 0 == desk.metric("alerts_total", type="heartbeat")
        assert 0 == desk.metric("planned_to_sent_seconds_count")
        assert [] == [one for one in desk.reports if "canari" in repr(one)]

    at_switch(tmp_path, act)


def test_x3_the_switch_hears_nothing_while_a_page_cannot_be_read_and_people_do(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        whole = desk.app.tools.page_workers
        _broken(desk, page_workers={lane: BrokenWorkers() for lane in Lane})
        await _minutes(desk, 3)

        assert [] == switch.pings
        assert [("system_failing", "extracting")] == _lost(desk)
        assert 3 == desk.metric("canaries_total", result="extracting")

        _broken(desk, page_workers=whole)
        await _minutes(desk, 2)

        assert 2 == len(switch.pings)
        assert [("system_failing", "extracting"), ("system_recovered", "extracting")] == _lost(desk)
        assert [] == desk.webhook.problems

    at_switch(tmp_path, act)


def test_x3_nor_while_a_feed_cannot_be_read(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        _broken(desk, feed_workers={lane: BrokenWorkers() for lane in Lane})

        assert Step.READING is (await send_canary(desk.app.tools)).step
        assert [] == switch.pings

    at_switch(tmp_path, act)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (WorkerError("the child crashed", reason=Reason.WORKER_CRASHED), "the child crashed"),
        (TimeoutError(), "no end within 60 s"),
        (KeyError("secret"), "a mistake in veille, please report it: KeyError"),
    ],
)
def test_x3_nor_while_the_judge_cannot_judge(
    tmp_path: Path, failure: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        live = desk.app.tools.live
        live.judge = BrokenJudge(live.judge, failure)
        health = await send_canary(desk.app.tools)

        assert (Step.JUDGING, said) == (health.step, health.error)
        assert [] == switch.pings
        assert [logging.ERROR] == [record.levelno for record in caplog.records if record.message == "canary_failed"]

    at_switch(tmp_path, act)


def test_x3_nor_while_the_database_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk, switch: Switch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(desk.app.tools.store, "record_heartbeat", full)
            await _minutes(desk, 1)

            assert (Step.STORING, "no room") == (
                desk.app.tools.canaries.health.step,
                desk.app.tools.canaries.health.error,
            )
            assert [] == switch.pings

        await _minutes(desk, 1)

        assert 1 == len(switch.pings)
        assert [] == _lost(desk)

    at_switch(tmp_path, act)


@pytest.mark.parametrize("what", ["finds_canary", "parse", "read"])
def test_a_canary_that_comes_out_otherwise_is_lost(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        if what == "finds_canary":

            async def not_found(*_: object, **__: object) -> bool:
                return False

            monkeypatch.setattr(desk.app.tools.live.judge, "finds_canary", not_found)
        elif what == "parse":
            nothing = feeds.parse_feed(
                b"<rss version='2.0'><channel><title>Un</title></channel></rss>", url="http://x/", now=NOW
            )

            async def emptied(*_: object, **__: object) -> object:
                return nothing

            monkeypatch.setattr("monitor.stages.canary.feeds.parse", emptied)
        else:

            async def blank(*_: object, **__: object) -> None:
                return None

            monkeypatch.setattr("monitor.stages.canary.extract.read", blank)
        health = await send_canary(desk.app.tools)

        assert {"finds_canary": Step.JUDGING, "parse": Step.READING, "read": Step.EXTRACTING}[what] is health.step
        assert [] == switch.pings

    at_switch(tmp_path, act)


def test_x3_a_switch_that_does_not_answer_is_told_on_another_channel(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        switch.status = 410
        await _minutes(desk, 4)

        assert [("system_failing", "delivering")] == _lost(desk)
        assert 4 == len({json.loads(ping.body)["data"]["alert_id"] for ping in switch.pings})
        assert 1 == len(desk.app.tools.store.deliveries(receiver=HEARTBEAT))
        assert [] == [one for one in desk.app.tools.store.endpoints() if one.disabled_at or one.open_until]

        switch.status = 200
        await _minutes(desk, 2)

        assert [("system_failing", "delivering"), ("system_recovered", "delivering")] == _lost(desk)

    at_switch(tmp_path, act)


def test_s8_a_switch_on_a_private_network_is_reached_only_if_that_is_allowed(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        await _minutes(desk, 2)
        (line,) = desk.app.tools.store.deliveries(receiver=HEARTBEAT)

        assert [] == switch.pings
        assert Reason.ADDRESS_REFUSED is line.last_reason

    at_switch(tmp_path, act, deliver_allow_networks="10.0.0.0/8")


def test_x4_its_address_is_in_no_log_and_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def act(desk: Desk, switch: Switch) -> None:
        switch.status = 500
        await _minutes(desk, 3)
        (line,) = desk.app.tools.store.deliveries(receiver=HEARTBEAT)

        assert "topsecret" not in str(line)
        assert "topsecret" not in "".join(
            str(vars(record)) for record in caplog.records if record.name.startswith("monitor")
        )
        assert "topsecret" not in str([received.payload for received in desk.webhook.received])

    at_switch(tmp_path, act)

    with pytest.raises(SettingsError, match=r"VEILLE_HEARTBEAT_URL: ") as refused:
        check_channels(settings_for(tmp_path, heartbeat_url="https://hc.example:99999/topsecret"))
    assert "topsecret" not in str(refused.value)


def test_x3_the_daemon_sends_canaries_at_their_interval_with_or_without_a_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.05)

    async def act(desk: Desk, switch: Switch) -> None:
        await desk.app.start()
        await eventually(lambda: desk.app.tools.canaries.health.due_at)
        assert [] == switch.pings

        desk.clock.pass_s(30)
        await eventually(lambda: 1 == len(switch.pings))
        desk.clock.pass_s(300)
        await eventually(lambda: 2 == len(switch.pings))

        assert 2 == desk.metric("canaries_total", result="arrived")

    at_switch(_made(tmp_path / "with"), act)

    async def alone() -> None:
        async with opened_desk(_made(tmp_path / "without")) as desk:
            await desk.app.start()
            await eventually(lambda: desk.app.tools.canaries.health.due_at)
            desk.clock.pass_s(30)
            await eventually(lambda: desk.metric("canaries_total", result="arrived"))

            assert () == desk.app.tools.store.deliveries(receiver=HEARTBEAT)

    asyncio.run(alone())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_reload_keeps_the_switch(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        await desk.app.reload()
        await _minutes(desk, 1)

        assert 1 == len(switch.pings)

    at_switch(tmp_path, act)


@pytest.mark.untraced
def test_x3_the_whole_way_leads_through_the_children(tmp_path: Path) -> None:
    switch, clock = Switch(), ManualClock()

    async def main() -> None:
        async with switch.served() as url:
            settings = settings_for(tmp_path, heartbeat_url=url)
            with opened(settings, clock=clock, judge=await RemoteJudge.of(settings)) as app:
                await app.runner.run_once()
                assert 1 == len(switch.pings)

                await app.stop(grace_s=1)

    asyncio.run(main())


@pytest.mark.untraced
def test_x3_a_child_without_memory_stops_the_heartbeat(tmp_path: Path) -> None:
    async def act(desk: Desk, switch: Switch) -> None:
        async with extract.worker_pool(1, memory_bytes=8 * 1024 * 1024) as starved:
            _broken(desk, page_workers=dict.fromkeys(Lane, starved))
            await desk.cycle()

        assert Step.EXTRACTING is desk.app.tools.canaries.health.step
        assert [] == switch.pings

    at_switch(tmp_path, act)


def test_what_a_daemon_leaves_is_one_heartbeat(tmp_path: Path) -> None:
    async def act(desk: Desk, _switch: Switch) -> None:
        for _ in range(5):
            await desk.cycle(after_s=HOUR_S)

    at_switch(tmp_path, act)
    with stored(tmp_path) as store:
        assert 1 == len(store.deliveries(receiver=HEARTBEAT))
