"""A disk that is full and has room again, under a daemon that goes on (promises D1, D3, T3)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import Answer, Background, HttpServer, Received, Request, WebhookReceiver, background
from tests.acceptance.child import Daemon, ended
from tests.monitor.bench import Site, filler, item, write_rules

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk"),
]

_SIZE = "12m"
_ROUTES = """
route:
  receiver: journal
  routes:
    - {receiver: hook, continue: true}
    - {receiver: group, group_by: [rule], group_wait: "4s", cooldown: "4s"}
receivers:
  hook: {webhook: {}}
  group: {webhook: {url: "${VEILLE_SECRET_GROUP}", secret: "${VEILLE_SECRET_GROUP_KEY}"}}
"""


class Desk:
    """A paper, and two who are told; one of them takes nothing until it is well."""

    def __init__(self) -> None:
        self.paper = Site()
        self.hook = WebhookReceiver(decide=self._decide)
        self.group = WebhookReceiver()
        self.is_well = False
        self._items: list[str] = []

    def _decide(self, _number: int, _request: Request) -> Answer | None:
        return None if self.is_well else Answer(503)

    def publish(self, *titles: str, age: timedelta = timedelta()) -> None:
        for title in titles:
            path = f"/{len(self._items)}"
            text = [filler(len(self._items), part) for part in range(20)]
            self.paper.page(path, *text)
            self._items.append(item(self.paper.url(path), title, text[0], at=datetime.now(UTC) - age))
        self.paper.publish("/rss.xml", *self._items)

    @property
    def told(self) -> list[str]:
        """The titles that each was told of; a message that came twice counts twice."""
        return sorted(title for received in self.hook.received for title in _titles(received))

    @property
    def grouped(self) -> list[str]:
        return sorted(title for received in self.group.received for title in _titles(received))


def _titles(received: Received) -> list[str]:
    data = received.payload["data"]
    return [one["story"]["title"] for one in data.get("items", [data]) if "story" in one]  # not: the disk is full


def _stop(loop: Background, server: HttpServer | WebhookReceiver) -> None:
    loop.run(server.stop())


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    with background() as loop, ExitStack() as stack:
        servers: tuple[HttpServer | WebhookReceiver, ...] = (made.paper.server, made.hook, made.group)
        for server in servers:
            stack.callback(_stop, loop, server)
            loop.run(server.start())
        made.publish("Le marché ouvre", age=timedelta(days=30))
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    words = ["-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    if mount is None or umount is None or subprocess.run([mount, *words], check=False, capture_output=True).returncode:
        pytest.skip("whoever runs this may not mount a disk")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


def _fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return ballast


def test_t3_d1_a_full_disk_loses_nothing_that_is_pending_or_held_and_needs_no_restart(
    tmp_path: Path, disk: Path, desk: Desk
) -> None:
    (tmp_path / "routes.yaml").write_text(_ROUTES, encoding="utf-8")
    daemon = Daemon(
        tmp_path,
        feeds=[desk.paper.url("/rss.xml")],
        rules=write_rules(tmp_path),
        database=disk / "veille.db",
        routes=tmp_path / "routes.yaml",
        webhook_url=desk.hook.url,
        webhook_secret=desk.hook.secret,
        secret_group=desk.group.url,
        secret_group_key=desk.group.secret,
        retry_first_s=0.5,
        retry_max_s=1,
    )
    early = [f"Kharkiv, l'aube du {day} mai" for day in ("premier", "trois", "dix")]
    late = [f"Kharkiv, le soir de la {number}e nuit" for number in range(30, 45)]
    with ended(daemon):
        daemon.start()
        daemon.until(lambda: desk.paper.asked("/rss.xml") >= 2, within_s=90)
        desk.publish(*early)
        daemon.until(lambda: _states(daemon) == {("hook", "pending", 3), ("group", "held", 3)}, within_s=60)
        ballast = _fill(disk)
        desk.publish(*late)
        daemon.until(lambda: daemon.log.read_text(encoding="utf-8").count("no room left on the disk") >= 5)
        desk.is_well = True
        daemon.live(6.0)

        assert [] == desk.told == desk.grouped
        assert _states(daemon) == {("hook", "pending", 3), ("group", "held", 3)}

        ballast.unlink()
        daemon.until(lambda: set(early + late) == set(desk.told) == set(desk.grouped), within_s=120)
        daemon.until(lambda: not daemon.query("SELECT 1 FROM delivery WHERE state IN ('pending', 'held')"), within_s=60)

        assert 0 == daemon.stop()

    assert sorted(early + late) == desk.told == desk.grouped
    assert [] == desk.hook.problems == desk.group.problems
    assert [("ok",)] == daemon.query("PRAGMA integrity_check")


def _states(daemon: Daemon) -> set[tuple[str, str, int]]:
    found = daemon.query("SELECT receiver, state, count(*) FROM delivery GROUP BY receiver, state")
    return {(receiver, state, count) for receiver, state, count in found}
