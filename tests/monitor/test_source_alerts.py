"""What people are told of sources: a whole daemon, a real site, a clock that is told the time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.demo import Answer, Received, Request
from monitor.errors import Reason
from monitor.model import Feed, PollOutcome, PollResult
from monitor.schedule import Network
from monitor.stages import tell_incidents
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk, eventually

MINUTE_S = 60.0
DAY = timedelta(days=1)


def _of_sources(desk: Desk) -> list[Received]:
    return [received for received in desk.webhook.received if received.payload["type"].startswith("source.")]


def _told(desk: Desk) -> list[tuple[str, str]]:
    """Return why each message was sent and of what kind its first incident is."""
    data = [received.payload["data"] for received in _of_sources(desk)]
    return [(one["notification_reason"], one["incidents"][0]["kind"]) for one in data]


def _incidents(desk: Desk) -> list[dict[str, Any]]:
    return [one for received in _of_sources(desk) for one in received.payload["data"]["incidents"]]


def _in_order(desk: Desk, path: str = "/rss.xml") -> None:
    desk.site.publish(path, desk.item("/vieux", "Le marché de Noël ouvre samedi", age_s=10 * TOMORROW_S))


async def _pass(desk: Desk, hours: int) -> None:
    """Let hours pass, a quarter at a time."""
    for _ in range(4 * hours):
        await desk.cycle(after_s=HOUR_S / 4)


def test_x3_a_source_that_fails_is_told_once_again_each_day_and_once_it_is_well(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        _in_order(desk)
        await desk.cycle()
        desk.site.fail("/rss.xml", 503)
        await _pass(desk, 2)

        assert [] == _told(desk)

        await _pass(desk, 4)

        assert [("source_failing", "failing")] == _told(desk)

        desk.clock.pass_s(TOMORROW_S - HOUR_S)
        await _pass(desk, 2)

        assert [("source_failing", "failing"), ("source_still_failing", "failing")] == _told(desk)

        _in_order(desk)
        await desk.cycle(after_s=7 * HOUR_S)
        await _pass(desk, 1)

        assert ("source_recovered", "failing") == _told(desk)[-1]
        assert 3 == len(_told(desk))
        first, again, over = _incidents(desk)
        assert 1 == len({one["incident_id"] for one in (first, again, over)})
        assert ("unavailable", 0, 1) == (first["reason"], first["repeats"], again["repeats"])
        assert {"until"} <= over.keys()
        assert [] == desk.webhook.problems
        assert {"failing": 0, "gone": 0, "quiet": 0} == desk.app.tools.store.gauges(now=desk.clock.now()).incidents

    at_desk(tmp_path, act)


def test_p7_a_source_that_is_gone_is_told_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(desk: Desk) -> None:
        _in_order(desk)
        await desk.cycle()
        desk.site.fail("/rss.xml", 410)
        await desk.cycle(after_s=HOUR_S)

        assert [("source_failing", "gone")] == _told(desk)
        assert "source_failing" in [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert 1 == desk.metric("alerts_total", type="source.failing")

    at_desk(tmp_path, act)


def test_a_source_that_stumbles_is_told_to_nobody(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        _in_order(desk)
        await desk.cycle()
        desk.site.fail("/rss.xml", 500)
        await _pass(desk, 1)
        assert 1 == len(desk.app.tools.store.open_incidents())
        _in_order(desk)
        await _pass(desk, 4)

        assert [] == _told(desk)
        assert () == desk.app.tools.store.open_incidents()

    at_desk(tmp_path, act)


def test_p7_nothing_is_told_of_sources_while_our_own_network_is_down(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        tools = desk.app.tools
        tools.store.record_poll(
            desk.feed.id,
            PollOutcome(PollResult.FAILED, reason=Reason.GONE, error="answered 410"),
            (),
            next_due_at=None,
            now=desk.clock.now(),
            baseline_max_age_s=0,
        )
        tools.uplink.network = Network(down_since=desk.clock.now())

        assert () == await tell_incidents(tools)

        tools.uplink.network = Network()

        assert 1 == len(await tell_incidents(tools))

    at_desk(tmp_path, act)


def test_a_source_that_the_operator_pauses_is_told_no_more(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 410)
        await desk.cycle()
        desk.app.tools.store.pause_feed(desk.feed.id, paused=True, now=desk.clock.now())
        await desk.cycle(after_s=2 * TOMORROW_S)

        assert [("source_failing", "gone")] == _told(desk)

    at_desk(tmp_path, act)


@pytest.mark.untraced
def test_three_hundred_sources_that_fail_are_one_message(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        store, began_at = desk.app.tools.store, desk.clock.now()
        store.sync_feeds([Feed(f"https://site{number}.example/rss") for number in range(300)], now=began_at)
        failed = PollOutcome(PollResult.FAILED, reason=Reason.CONNECTION, error="no connection")
        for number, state in enumerate(store.feeds()[1:]):
            for hour in range(5):  # each begins at a minute of its own
                at = began_at + timedelta(hours=hour, minutes=number % 60)
                store.record_poll(state.id, failed, (), next_due_at=at + DAY, now=at, baseline_max_age_s=0)
        desk.clock.pass_s(4 * HOUR_S)
        for _ in range(120):
            await tell_incidents(desk.app.tools)
            desk.clock.pass_s(MINUTE_S)
        await desk.cycle()
        [message] = _of_sources(desk)
        data = message.payload["data"]

        assert (20, 280) == (len(data["incidents"]), data["truncated"])

    at_desk(tmp_path, act)


def _list(desk: Desk, first: int, count: int = 5) -> None:
    """Let the feed list articles that were published a minute after each other, the last one now."""
    numbers = range(first, first + count)
    items = [desk.item(f"/{n}", f"Nouvelle {n}", age_s=MINUTE_S * (first + count - 1 - n)) for n in numbers]
    desk.site.publish("/rss.xml", *items)


def test_x3_a_gap_between_two_polls_is_told_once_and_the_next_poll_comes_sooner(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for first in (0, 3):  # they share entries
            _list(desk, first)
            await desk.cycle(after_s=HOUR_S)
        since = desk.clock.now()

        assert [] == _told(desk)

        desk.clock.pass_s(HOUR_S)
        _list(desk, 100)
        await desk.cycle()
        [gap] = _incidents(desk)
        due_at = desk.feed.next_due_at

        assert [("source_gap", "gap")] == _told(desk)
        assert (since.strftime("%H:%M"), desk.clock.now().strftime("%H:%M")) == (
            gap["since"][11:16],
            gap["until"][11:16],
        )
        assert (1, 56) == (gap["gaps"], gap["missed"])
        assert due_at is not None
        assert due_at - desk.clock.now() <= timedelta(seconds=1.1 * desk.app.tools.settings.poll_min_s)
        assert 1 == desk.metric("gaps_total")

        for first in (200, 300):
            desk.clock.pass_s(HOUR_S)
            _list(desk, first)
            await desk.cycle()

        assert [("source_gap", "gap")] == _told(desk)

        await desk.cycle(after_s=TOMORROW_S)
        again = _incidents(desk)[-1]

        assert [("source_gap", "gap")] * 2 == _told(desk)
        assert (2, 112) == (again["gaps"], again["missed"])
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act)


def test_x3_a_source_that_is_quieter_than_its_rhythm_is_told_and_its_first_article_ends_it(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        items = [desk.item(f"/{n}", f"Nouvelle {n}", age_s=HOUR_S * (1 + 2 * n)) for n in range(150)]
        desk.site.publish("/rss.xml", *items)
        await desk.cycle()
        desk.clock.pass_s(12 * HOUR_S)
        await desk.cycle()

        assert [] == _told(desk)

        desk.clock.pass_s(2 * TOMORROW_S)
        await desk.cycle()
        await desk.cycle(after_s=HOUR_S)

        assert [("source_failing", "quiet")] == _told(desk)
        assert _incidents(desk)[0]["since"] == _incidents(desk)[0]["last_new_at"]

        desk.site.publish("/rss.xml", desk.item("/neuf", "Du neuf"), *items[:9])
        await desk.cycle(after_s=HOUR_S)

        assert [("source_failing", "quiet"), ("source_recovered", "quiet")] == _told(desk)

    at_desk(tmp_path, act)


def test_p7_a_source_that_moved_for_good_is_told_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        _in_order(desk, "/neuf.xml")
        desk.site.fail("/rss.xml", 301, location=desk.site.url("/neuf.xml"))
        for _ in range(6):
            await desk.cycle(after_s=2 * HOUR_S)
        [moved] = _incidents(desk)

        assert [("source_moved", "moved")] == _told(desk)
        assert (desk.site.url("/rss.xml"), desk.site.url("/neuf.xml")) == (moved["old_url"], moved["url"])
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act)


def test_d3_what_was_not_accepted_is_sent_again_under_the_same_identity(tmp_path: Path) -> None:
    def decide(number: int, request: Request) -> Answer | None:
        return Answer(503) if number == 1 else None

    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 410)
        await desk.cycle()
        await desk.cycle(after_s=HOUR_S)
        first, second = desk.webhook.requests

        assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)

    at_desk(tmp_path, act, decide=decide)


def test_routes_may_keep_sources_to_the_log(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "route:\n  receiver: desk\n  routes:\n    - {matchers: ['type=~\"source.*\"'], receiver: journal}\n"
        "receivers: {desk: {webhook: {}}}\n",
        encoding="utf-8",
    )

    async def act(desk: Desk) -> None:
        desk.site.fail("/rss.xml", 410)
        await desk.cycle()

        assert [] == desk.webhook.received
        assert 1 == desk.metric("alerts_total", type="source.failing")

    at_desk(tmp_path, act, routes=routes)


def test_the_rounds_look_at_sources_once_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.runner.embedded._ROUND_S", 0.05)

    async def act(desk: Desk) -> None:
        store = desk.app.tools.store
        desk.site.fail("/rss.xml", 410)
        await desk.app.start()
        await eventually(lambda: desk.feed.failures)
        desk.clock.pass_s(MINUTE_S)
        received = await desk.arrival()

        assert "source.failing" == received.payload["type"]
        await eventually(lambda: desk.metric("incidents", kind="gone"))
        assert 1 == len(store.open_incidents())

    at_desk(tmp_path, act)
