from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.jobstores.memory import MemoryJobStore

from monitor.demo import Answer, Request
from monitor.errors import StoreFullError
from monitor.runner.embedded import _Every
from monitor.stages import HOST_LEASE_S
from tests.clock import ManualClock, ShiftedClock
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk, eventually

T = TypeVar("T")

NEWS = "Kharkiv : la ville s'éveille sous la neige"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _live(folder: Path, act: Callable[[Desk], Awaitable[T]], **given: Any) -> T:
    """Do something at a desk whose daemon runs by itself, polls every second and has seen its feed once."""

    async def main(desk: Desk) -> T:
        desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël", age_s=10 * TOMORROW_S))
        await desk.cycle()
        desk.app.runner._due_by = None
        await desk.app.start()
        return await act(desk)

    return at_desk(folder, main, clock=ShiftedClock(), **{"poll_min_s": 1, "poll_max_s": 1, **given})


async def _round(desk: Desk) -> None:
    """Wait for the end of a round."""
    ended = asyncio.Event()

    async def note() -> None:
        ended.set()

    desk.app.runner.each_round(note)
    async with asyncio.timeout(20):
        await ended.wait()


def test_what_appears_is_told_without_being_asked_for(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        received = await desk.arrival()

        assert NEWS == received.payload["data"]["story"]["title"]

    _live(tmp_path, act)


def test_t7_a_clock_set_back_by_an_hour_stops_nothing(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.clock.pass_s(-HOUR_S)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await desk.arrival()

        assert [NEWS] == desk.told

    _live(tmp_path, act)


def test_the_recap_of_a_new_feed_is_told_by_the_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.2)

    async def act(desk: Desk) -> None:
        desk.site.publish("/new.xml", desk.item("/une", NEWS))
        with (desk.folder / "feeds.txt").open("a", encoding="utf-8") as feeds:
            feeds.write(desk.site.url("/new.xml") + "\n")
        for _ in range(2):
            await desk.app.follow_feeds()
        received = await desk.arrival()

        assert "story.recap" == received.payload["type"]

    _live(tmp_path, act)


@pytest.mark.untraced
@pytest.mark.parametrize("night", [datetime(2026, 3, 29, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 0, 10, tzinfo=UTC)])
def test_t7_the_nights_on_which_paris_changes_its_clocks_skip_and_repeat_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, night: datetime
) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()

    async def act(desk: Desk) -> list[int]:
        asked = []
        for number in range(12):
            at = desk.clock.now().astimezone(ZoneInfo("Europe/Paris"))
            news = f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} {at:%Z}</pubDate>"
            desk.site.publish(
                "/rss.xml",
                f"<item><title>Kharkiv, {number}</title><guid>{number}</guid>{news}</item>",
            )
            await desk.cycle()
            asked.append(desk.site.asked("/rss.xml"))
            desk.clock.pass_s(900)
        published = [line.published_at for line in desk.app.tools.store.matches(limit=100)]

        assert [night + timedelta(minutes=15 * number) for number in range(12)] == sorted(filter(None, published))
        return asked

    asked = at_desk(tmp_path, act, clock=ManualClock(night), poll_min_s=600, poll_max_s=600)
    monkeypatch.undo()
    time.tzset()

    assert list(range(1, 13)) == asked


def test_t8_what_does_not_end_in_time_is_given_back(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.answers["/une"] = Answer(delay_s=600)
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await eventually(lambda: desk.site.asked("/une"))
        await desk.app.stop(grace_s=0.05)

        assert 1 == desk.app.tools.store.entries_waiting(now=desk.clock.now())

    _live(tmp_path, act)


def test_what_fails_in_a_round_is_counted_and_stops_nothing_else(tmp_path: Path) -> None:
    async def act(desk: Desk) -> list[str]:
        done: list[str] = []

        async def fail() -> None:
            raise OSError("a bug")

        async def note() -> None:
            done.append("noted")

        desk.app.runner.each_round(fail)
        desk.app.runner.each_round(note)
        await desk.app.runner._round()

        assert 1 == desk.metric("errors_total", stage="round")
        assert desk.clock.now() == desk.app.tools.metrics.last_round_at
        return done

    assert ["noted"] == at_desk(tmp_path, act)


def test_x1_a_whole_round_writes_the_database_and_is_noted(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await desk.app.runner._round()

        assert desk.clock.now() == desk.app.tools.metrics.last_round_at
        assert 1 == desk.metric("feeds", status="active")

    at_desk(tmp_path, act)


def test_the_first_round_comes_at_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> str | None:
        await _round(desk)
        await eventually(lambda: desk.app.unready() is None)
        return desk.app.unready()

    assert _live(tmp_path, act) is None


def test_r3_the_longest_stall_of_the_loop_is_measured(tmp_path: Path) -> None:
    async def act(desk: Desk) -> float:
        await asyncio.sleep(0.06)
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            pass
        await asyncio.sleep(0.06)
        return desk.metric("loop_stall_seconds")

    assert _live(tmp_path, act) > 0.2


def test_t6_no_job_is_skipped_for_being_late_none_runs_twice_at_once_and_none_is_pickled(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        scheduler = desk.app.runner._scheduler
        assert scheduler is not None
        jobs = scheduler.get_jobs()

        assert {"tick", "round"} <= {job.id for job in jobs}
        assert {(None, True, 1)} == {(job.misfire_grace_time, job.coalesce, job.max_instances) for job in jobs}
        assert UTC is scheduler.timezone
        assert [MemoryJobStore] == [type(store) for store in scheduler._jobstores.values()]

    _live(tmp_path, act)


def test_t6_ticks_that_were_skipped_are_counted(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for code in (EVENT_JOB_MISSED, EVENT_JOB_MAX_INSTANCES):
            desk.app.runner._missed(SimpleNamespace(code=code))

        assert 1 == desk.metric("jobs_missed_total", event="missed")
        assert 1 == desk.metric("jobs_missed_total", event="max_instances")

    at_desk(tmp_path, act)


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, NOW),
        (NOW, NOW + timedelta(seconds=5)),
        (NOW - timedelta(days=20_000), NOW + timedelta(seconds=5)),
        (NOW + timedelta(seconds=1), NOW + timedelta(seconds=6)),
    ],
)
def test_t6_a_trigger_leaves_no_missed_times_behind(previous: datetime | None, expected: datetime) -> None:
    assert expected == _Every(5).get_next_fire_time(previous, NOW)


def test_run_once_polls_what_is_not_due_when_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml")
        await desk.cycle()
        await desk.cycle()

        assert 1 == desk.site.asked("/rss.xml")

        await desk.app.runner.run_once(ignore_due=True)

        assert 2 == desk.site.asked("/rss.xml")

    at_desk(tmp_path, act)


def test_run_once_says_that_the_database_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.app.tools.store, "claim_hosts", full)
        with pytest.raises(StoreFullError):
            await desk.app.runner.run_once()

    at_desk(tmp_path, act)


def test_t7_what_could_not_be_repaired_after_a_clock_was_set_back_is_at_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml")
        await desk.cycle()
        desk.clock.pass_s(-TOMORROW_S)
        desk.app.runner._set_back_clock()
        with monkeypatch.context() as patch:
            patch.setattr(desk.app.tools.store, "pull_due", full)
            await desk.app.runner._round()
        await desk.app.runner._round()

        assert desk.feed.next_due_at is not None
        assert desk.feed.next_due_at - desk.clock.now() < timedelta(seconds=TOMORROW_S)

    at_desk(tmp_path, act)


def test_d6_d10_a_receiver_that_asks_for_a_pause_is_asked_nothing_meanwhile(tmp_path: Path) -> None:
    answers = [Answer(429, headers=(("Retry-After", "1800"),))]

    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël", age_s=10 * TOMORROW_S))
        await desk.cycle()
        asked = []
        for number, wait_s in enumerate((HOUR_S, 60, 1200, 600)):
            desk.site.publish("/rss.xml", desk.item(f"/{number}", f"{NEWS} {number}"))
            await desk.cycle(after_s=wait_s)
            asked.append(len(desk.webhook.requests))

        assert [1, 1, 1] == asked[:3]
        assert asked[3] > 1
        assert 0 == desk.pending()

    at_desk(
        tmp_path, act, poll_min_s=1, poll_max_s=1, decide=lambda _number, _request: answers.pop() if answers else None
    )


def test_a_pause_that_would_last_a_day_lets_a_message_try_after_an_hour(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël", age_s=10 * TOMORROW_S))
        await desk.cycle()
        asked = []
        for number, wait_s in enumerate((HOUR_S, 3500, 101)):
            desk.site.publish("/rss.xml", desk.item(f"/{number}", f"{NEWS} {number}"))
            await desk.cycle(after_s=wait_s)
            asked.append(len(desk.webhook.requests))

        assert [1, 1] == asked[:2]
        assert asked[2] > 1

    pause = Answer(503, headers=(("Retry-After", "86400"),))
    at_desk(tmp_path, act, poll_min_s=1, poll_max_s=1, decide=lambda _number, _request: pause)


def test_t8_a_full_disk_does_not_keep_the_daemon_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        def full(**_: object) -> None:
            raise StoreFullError("no room")

        monkeypatch.setattr(desk.app.tools.store, "release_leases", full)
        await desk.app.runner.stop(grace_s=1)

        assert ["leases_kept", "stopped"] == [record.message for record in caplog.records if "runner" in record.name]

    with caplog.at_level("INFO"):
        at_desk(tmp_path, act)


def test_t8_a_locked_database_does_not_keep_the_daemon_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        unlocked = threading.Event()
        monkeypatch.setattr("monitor.runner.embedded._RELEASE_S", 0.05)
        monkeypatch.setattr(desk.app.tools.store, "release_leases", lambda **_: unlocked.wait(20))
        with caplog.at_level("INFO"):
            await desk.app.runner.stop(grace_s=0)
        unlocked.set()

        assert ["leases_kept", "stopped"] == [record.message for record in caplog.records if "runner" in record.name]

    at_desk(tmp_path, act)


def test_t3_a_round_on_a_full_disk_fails_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        def full(**_: object) -> None:
            raise StoreFullError("no room")

        monkeypatch.setattr(desk.app.tools.store, "heartbeat", full)
        await desk.app.runner._round()

        assert desk.app.tools.metrics.last_round_at is None

        [record] = [record for record in caplog.records if record.message == "round_failed"]

        assert ("no room", None) == (vars(record)["error"], record.exc_info)
        assert 1 == desk.metric("errors_total", stage="round")

    at_desk(tmp_path, act)


async def _limit(desk: Desk, pages: int | None = None) -> None:
    """Let the disk hold so many pages of the database and no more; None: those it has.

    In the store's own thread: beside it, this would get a connection of its own, and limit nothing.
    """

    def limit() -> None:
        with desk.app.tools.store._read() as connection:
            most = pages or connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={most}")

    await desk.app.tools.thread.run(limit)


def test_t3_on_a_full_disk_polls_fail_loudly_stored_alerts_are_told_and_nothing_is_lost(tmp_path: Path) -> None:
    is_full = False

    async def act(desk: Desk) -> None:
        nonlocal is_full
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await eventually(lambda: desk.webhook.requests)
        await _limit(desk)
        is_full = True
        flood = [desk.item(f"/{number}", f"Kharkiv, {number}", "mot " * 4000) for number in range(12)]
        desk.site.publish("/rss.xml", *flood)
        await eventually(lambda: desk.metric("errors_total", stage="poll_host_fast"))
        desk.clock.pass_s(60)
        await eventually(lambda: NEWS in desk.told)

        assert [NEWS] == desk.told

        await _limit(desk, 1_000_000)
        desk.clock.pass_s(HOST_LEASE_S)
        await eventually(lambda: 13 == len(desk.told), within_s=60)

        assert 13 == len(set(desk.told))

    def refuse(_number: int, _request: Request) -> Answer | None:
        return None if is_full else Answer(503)

    _live(tmp_path, act, decide=refuse)
