from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.daemon import serve
from monitor.errors import SettingsError, StoreBusyError
from tests.clock import ShiftedClock
from tests.monitor.bench import Desk, at_desk, eventually


class Manager:
    """What a service manager hears."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.heard: list[dict[str, str]] = []

    async def hears(self, name: str, value: str = "1") -> None:
        """Wait for a notice."""
        async with asyncio.timeout(20):
            while True:
                told = (await asyncio.get_running_loop().sock_recv(self._listener, 4096)).decode()
                self.heard.append(dict(line.split("=", 1) for line in told.splitlines()))
                if self.heard[-1].get(name) == value:
                    return

    def drain(self) -> list[str]:
        """Return the first line of what else was said."""
        with suppress(BlockingIOError):
            while True:
                self.heard.append({self._listener.recv(4096).decode().split("=")[0]: "1"})
        return [next(iter(notice)) for notice in self.heard]


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        address = str(Path(folder) / "notify")
        listener.bind(address)
        listener.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield Manager(listener)


class Beside:
    """A service that notes its life."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.life: list[str] = []

    async def start(self) -> None:
        self.life.append("start")
        if self.broken:
            raise SettingsError("port taken")

    async def stop(self) -> None:
        self.life.append("stop")


def _serving(
    folder: Path, manager: Manager, act: Callable[[Desk], Awaitable[None]], *, stop_by: int = signal.SIGTERM
) -> Beside:
    """Do something while the daemon serves, then stop it by a signal."""
    beside = Beside()

    async def main(desk: Desk) -> None:
        serving = asyncio.create_task(serve(desk.app, services=[beside]))
        await manager.hears("READY")
        await act(desk)
        os.kill(os.getpid(), stop_by)
        async with asyncio.timeout(15):
            await serving

    at_desk(folder, main, clock=ShiftedClock())
    return beside


async def _nothing(_: Desk) -> None:
    return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_t8_a_signal_stops_the_daemon_and_all_beside_it(tmp_path: Path, manager: Manager, number: int) -> None:
    beside = _serving(tmp_path, manager, _nothing, stop_by=number)

    assert ["start", "stop"] == beside.life
    assert "STOPPING" == manager.drain()[-1]


def test_x1_the_watchdog_is_fed_after_a_round(tmp_path: Path, manager: Manager) -> None:
    async def act(desk: Desk) -> None:
        await manager.hears("WATCHDOG")

        assert "1 feeds, " in manager.heard[-1]["STATUS"]

    _serving(tmp_path, manager, act)


def test_x1_the_watchdog_is_not_fed_where_the_database_cannot_be_written(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(**_: object) -> None:
        raise OSError("disk")

    async def main(desk: Desk) -> None:
        monkeypatch.setattr(desk.app.tools.store, "heartbeat", stuck)
        serving = asyncio.create_task(serve(desk.app))
        await eventually(lambda: desk.metric("errors_total", stage="round"))
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    at_desk(tmp_path, main, clock=ShiftedClock())

    assert {"READY", "WATCHDOG"}.isdisjoint(manager.drain())


def test_a_reload_that_the_database_refuses_is_told_and_over(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("another program kept it locked")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.app.tools.store, "sync_feeds", busy)
        os.kill(os.getpid(), signal.SIGHUP)
        await manager.hears("RELOADING")
        await manager.hears("READY")

        assert 1 == desk.metric("errors_total", stage="reload")

    _serving(tmp_path, manager, act)

    assert ["reload_failed"] == [record.message for record in caplog.records if record.levelname == "ERROR"]


def test_t8_a_reload_under_way_does_not_hold_up_the_end(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> None:
        await asyncio.sleep(600)

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.app, "reload", never)
        os.kill(os.getpid(), signal.SIGHUP)
        await manager.hears("RELOADING")

    _serving(tmp_path, manager, act)


def test_sighup_reads_rules_and_feeds_again(tmp_path: Path, manager: Manager) -> None:
    async def act(desk: Desk) -> None:
        (desk.folder / "rules" / "vin.txt").write_text("vendanges\n", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGHUP)
        await manager.hears("RELOADING")
        await manager.hears("READY")

        assert 4 == desk.metric("rules")

    _serving(tmp_path, manager, act)


def test_sighup_with_rules_that_fail_tells_people_and_goes_on(tmp_path: Path, manager: Manager) -> None:
    async def act(desk: Desk) -> None:
        (desk.folder / "rules" / "neuf.yaml").write_text("id: neuf\ncondition: nowhere\n", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGHUP)
        received = await desk.arrival()

        assert "rules.rejected" == received.payload["type"]
        assert 3 == received.payload["data"]["rules_live"] == desk.metric("rules")

    _serving(tmp_path, manager, act)


def test_a_refusal_that_the_database_could_not_take_is_told_at_a_later_round(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.2)

    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("another program kept it locked")

    async def act(desk: Desk) -> None:
        (desk.folder / "rules" / "neuf.yaml").write_text("id: neuf\ncondition: nowhere\n", encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(desk.app.tools.store, "record_alert", busy)
            os.kill(os.getpid(), signal.SIGHUP)
            await manager.hears("RELOADING")
            await manager.hears("READY")

            assert desk.app.untold is not None

        assert "rules.rejected" == (await desk.arrival()).payload["type"]

    _serving(tmp_path, manager, act)


def test_a_feeds_file_that_changes_is_followed_without_a_signal(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.2)

    async def act(desk: Desk) -> None:
        await manager.hears("WATCHDOG")
        with (desk.folder / "feeds.txt").open("a", encoding="utf-8") as feeds:
            feeds.write(desk.site.url("/other.xml") + "\n")
        for _ in range(3):
            await manager.hears("WATCHDOG")

        assert 2 == len(desk.feeds)

    _serving(tmp_path, manager, act)


def test_a_service_that_cannot_start_stops_everything(tmp_path: Path, manager: Manager) -> None:
    beside = Beside(broken=True)

    async def main(desk: Desk) -> None:
        with pytest.raises(SettingsError, match="port taken"):
            await serve(desk.app, services=[beside])

    at_desk(tmp_path, main)

    assert ["start", "stop"] == beside.life
    assert "READY" not in manager.drain()
