"""Receivers that fail, for a while or for days: nothing is lost, and nothing is sent in vain (promises D6 to D10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerting import BREAK_AFTER, enabled
from monitor.demo import Answer, Request
from monitor.errors import Reason
from monitor.model import DeliveryState, Disabled, Endpoint
from monitor.schedule import Network
from monitor.stages import tell_undelivered
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk, eventually, filler

MINUTE_S = 60.0


class Down:
    """A receiver that answers so until it is up; for one message always, where it is poisoned."""

    def __init__(self, status: int = 503, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.answer = Answer(status, headers=headers)
        self.is_up = False
        self.poison: tuple[bytes, int] | None = None
        self.seen: list[Request] = []

    def __call__(self, _number: int, request: Request) -> Answer | None:
        self.seen.append(request)
        if self.poison is not None and self.poison[0] in request.body:
            return Answer(self.poison[1])
        return None if self.is_up else self.answer

    @contextmanager
    def counted(self) -> Iterator[Callable[[], int]]:
        """Count what is asked from now on."""
        before = len(self.seen)
        yield lambda: len(self.seen) - before


async def _outbox(desk: Desk, count: int) -> None:
    """Let a second poll find so many articles, each a message of its own; they are tried once."""
    desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël", age_s=10 * TOMORROW_S))
    await desk.cycle()
    items = [desk.item(f"/{number}", f"Kharkiv et le numéro {number}", filler(number, 9)) for number in range(count)]
    desk.site.publish("/rss.xml", *items)
    await desk.cycle(after_s=HOUR_S)


async def _cycles(desk: Desk, *, every_s: float, for_s: float) -> None:
    """Let time pass, and look at the outbox ever so often."""
    for _ in range(int(for_s / every_s)):
        desk.clock.pass_s(every_s)
        for pump in desk.app.runner.messages.values():
            await pump.drain()


def _endpoint(desk: Desk) -> Endpoint:
    return desk.app.tools.store.endpoint("webhook")


def test_d8_a_receiver_that_is_down_for_four_days_has_all_of_its_messages_in_the_end(tmp_path: Path) -> None:
    down = Down()

    async def act(desk: Desk) -> None:
        await _outbox(desk, 12)
        await _cycles(desk, every_s=2 * MINUTE_S, for_s=HOUR_S)
        with down.counted() as asked:
            await _cycles(desk, every_s=4 * HOUR_S, for_s=4 * TOMORROW_S)
            assert 24 == asked()
        waiting = desk.app.tools.store.deliveries(state=DeliveryState.PENDING)
        down.is_up = True
        await desk.cycle(after_s=HOUR_S)

        assert 12 == len(waiting)
        assert max(line.attempts for line in waiting) <= 2
        assert (12, 0) == (len(desk.alerts), desk.pending())
        assert Endpoint("webhook", last_ok_at=desk.clock.now()) == _endpoint(desk)

    at_desk(tmp_path, act, decide=down)


def test_d9_probes_take_turns_so_that_a_poisoned_message_blocks_none_behind_it(tmp_path: Path) -> None:
    down = Down()

    async def act(desk: Desk) -> None:
        await _outbox(desk, 8)
        await _cycles(desk, every_s=2 * MINUTE_S, for_s=HOUR_S / 2)
        down.poison, down.is_up = ("Kharkiv et le numéro 0".encode(), 500), True
        await _cycles(desk, every_s=30 * MINUTE_S, for_s=2 * HOUR_S)

        assert 7 == len(desk.alerts)
        assert (0, None) == (_endpoint(desk).open_until or 0, _endpoint(desk).disabled_at)

    at_desk(tmp_path, act, decide=down)


def test_a_pause_outlives_the_daemon(tmp_path: Path) -> None:
    down = Down(429, headers=(("Retry-After", "1800"),))

    async def first(desk: Desk) -> None:
        await _outbox(desk, 6)

    async def second(desk: Desk) -> None:
        desk.clock.pass_s(HOUR_S + 1200)
        with down.counted() as asked:
            await desk.cycle()
            assert 0 == asked()
            down.is_up = True
            await desk.cycle(after_s=700)

        assert 6 == len(desk.alerts)

    at_desk(tmp_path, first, decide=down)
    at_desk(tmp_path, second, decide=down)


def test_t7_a_clock_that_is_set_back_holds_no_receiver(tmp_path: Path) -> None:
    down = Down()

    async def act(desk: Desk) -> None:
        desk.clock.pass_s(40 * TOMORROW_S)
        await _outbox(desk, 8)
        await _cycles(desk, every_s=2 * MINUTE_S, for_s=HOUR_S / 2)
        assert _endpoint(desk).open_until is not None
        down.is_up = True
        desk.clock.pass_s(-30 * TOMORROW_S)
        desk.app.tools.store.pull_due(now=desk.clock.now())
        await desk.cycle()

        assert 8 == len(desk.alerts)

    at_desk(tmp_path, act, decide=down)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_d9_messages_that_are_refused_one_by_one_pause_nobody(tmp_path: Path, status: int) -> None:
    async def act(desk: Desk) -> None:
        await _outbox(desk, 2 * BREAK_AFTER)

        assert 2 * BREAK_AFTER == len(desk.outcomes) == len(desk.webhook.requests)
        assert Endpoint("webhook") == _endpoint(desk)

    at_desk(tmp_path, act, decide=Down(status))


def test_d6_a_receiver_that_is_gone_is_disabled_and_its_messages_wait_until_somebody_enables_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    down = Down(410)

    async def act(desk: Desk) -> None:
        await _outbox(desk, 9)
        down.is_up = True
        with down.counted() as asked:
            await _cycles(desk, every_s=TOMORROW_S, for_s=9 * TOMORROW_S)
            assert 0 == asked()
        endpoint, store = _endpoint(desk), desk.app.tools.store

        assert (Disabled.GONE, Reason.GONE) == (endpoint.disabled_why, endpoint.last_reason)
        assert (9, {}) == (desk.pending(), store.failed_deliveries())
        assert 4 >= desk.metric("delivery_failures_total", receiver="webhook", reason="gone") >= 1

        store.enable_endpoint(enabled(endpoint), now=desk.clock.now())
        await desk.cycle()

        assert (9, 0) == (len(desk.alerts), desk.pending())

    at_desk(tmp_path, act, decide=down)

    assert 1 == caplog.messages.count("endpoint_disabled")


def test_d8_a_receiver_that_fails_for_five_days_is_disabled_and_loses_nothing(tmp_path: Path) -> None:
    down = Down(401)

    async def act(desk: Desk) -> None:
        await _outbox(desk, 6)
        await _cycles(desk, every_s=5 * HOUR_S, for_s=6 * TOMORROW_S)
        endpoint, store = _endpoint(desk), desk.app.tools.store

        assert endpoint.disabled_at is not None
        assert endpoint.disabled_why is Disabled.FAILING
        assert (6, {}) == (desk.pending(), store.failed_deliveries())

        down.is_up = True
        store.enable_endpoint(enabled(endpoint), now=desk.clock.now() + timedelta(seconds=1))
        await desk.cycle()

        assert 6 == len(desk.alerts)

    at_desk(tmp_path, act, decide=down)


def test_d8_one_message_that_a_receiver_was_not_reached_for_is_not_given_up(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _outbox(desk, 1)
        await desk.webhook.stop()
        await _cycles(desk, every_s=4 * HOUR_S, for_s=4.5 * TOMORROW_S)

        assert (1, {}) == (desk.pending(), desk.app.tools.store.failed_deliveries())

    at_desk(tmp_path, act, decide=Down())


def test_d8_a_token_that_is_revoked_in_the_middle_costs_none_of_the_messages_behind(tmp_path: Path) -> None:
    is_mended: list[bool] = []

    def decide(number: int, _request: Request) -> Answer | None:
        return None if number <= 3 or is_mended else Answer(401)

    async def act(desk: Desk) -> None:
        await _outbox(desk, 9)
        await _cycles(desk, every_s=2 * MINUTE_S, for_s=HOUR_S)

        assert (3, 6, {}) == (len(desk.alerts), desk.pending(), desk.app.tools.store.failed_deliveries())

        is_mended.append(True)
        await desk.cycle(after_s=HOUR_S)

        assert 9 == len(desk.alerts)

    at_desk(tmp_path, act, decide=decide)


def test_d8_a_message_that_is_forbidden_while_others_are_taken_is_given_up_in_the_end(tmp_path: Path) -> None:
    down = Down()

    async def act(desk: Desk) -> None:
        down.is_up, down.poison = True, ("Kharkiv et le numéro 0".encode(), 403)
        await _outbox(desk, 3)
        await _cycles(desk, every_s=5 * HOUR_S, for_s=6 * TOMORROW_S)

        assert (2, {"webhook": 1}) == (len(desk.alerts), desk.app.tools.store.failed_deliveries())
        assert (0, None) == (_endpoint(desk).failures, _endpoint(desk).disabled_at)

    at_desk(tmp_path, act, decide=down)


def test_d9_a_receiver_that_hangs_delays_no_other(tmp_path: Path) -> None:
    hangs: list[Answer] = []

    async def act(desk: Desk) -> None:
        await _outbox(desk, 9)
        store, archive = desk.app.tools.store, tmp_path / "a.jsonl"
        hangs.append(Answer(200, delay_s=60.0))
        store.replay(state=DeliveryState.SENT, now=desk.clock.now())
        await desk.app.start()
        await eventually(lambda: archive.read_text(encoding="utf-8").count("\n") == 18)

        assert (9, 9) == (store.pending_deliveries()["desk"], len(desk.webhook.received))

    at_desk(tmp_path, act, decide=lambda _number, _request: hangs[0] if hangs else None, routes=_two(tmp_path))


def test_how_receivers_are_is_measured(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        store = desk.app.tools.store
        store.enable_endpoint(Endpoint("desk", disabled_at=desk.clock.now()), now=desk.clock.now())
        await desk.app.runner._measure()

        assert (1, 1, 0) == tuple(desk.metric("receivers", health=health) for health in ("ok", "disabled", "paused"))

    at_desk(tmp_path, act, routes=_two(tmp_path))


# --- what the others are told -----------------------------------------------------------------------------------------

ROUTES = """
route:
  receiver: desk
  routes: [{receiver: archive, continue: true}, {receiver: desk}]
receivers: {desk: {webhook: {}}, archive: {file: {path: ARCHIVE}}}
"""


def _two(folder: Path) -> Path:
    """Write routes to a receiver on loopback and to a file."""
    (folder / "routes.yaml").write_text(ROUTES.replace("ARCHIVE", str(folder / "a.jsonl")), encoding="utf-8")
    return folder / "routes.yaml"


def _told(folder: Path, type_: str) -> list[list[dict[str, Any]]]:
    """Return what the file was told of a type."""
    lines = (folder / "a.jsonl").read_text(encoding="utf-8").splitlines()
    return [told["data"]["receivers"] for told in map(json.loads, lines) if told["type"] == type_]


def test_d8_that_a_receiver_is_disabled_is_told_once_through_the_others(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _outbox(desk, 3)
        for _ in range(3):
            await desk.cycle(after_s=HOUR_S)
        [[told]] = _told(tmp_path, "endpoint.disabled")

        assert ("desk", 3, "gone") == (told["receiver"], told["messages"], told["why"])
        assert "answered 410" in told["error"]
        assert 1 == desk.metric("alerts_total", type="endpoint.disabled")
        assert {"desk": 3} == desk.app.tools.store.pending_deliveries()

    at_desk(tmp_path, act, decide=Down(410), routes=_two(tmp_path))


def test_d8_messages_that_are_given_up_are_told_through_the_others_once_an_hour(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _outbox(desk, 3)
        store = desk.app.tools.store
        for at, number in ((HOUR_S, 0), (60, 1), (60, 2)):
            desk.clock.pass_s(at)
            line = store.deliveries(receiver="desk", state=DeliveryState.PENDING)[0]
            store.settle_failed(line.id, reason=Reason.REJECTED, error=f"non {number}", now=desk.clock.now())
            await desk.cycle()
        at_first = _told(tmp_path, "delivery.failed")
        await desk.cycle(after_s=HOUR_S)
        [first], [second] = _told(tmp_path, "delivery.failed")

        assert [[first]] == at_first
        assert ("desk", 1, "non 0") == (first["receiver"], first["messages"], first["error"])
        assert (2, "non 1", None) == (second["messages"], second["error"], second.get("delivery_id"))
        assert isinstance(first["delivery_id"], int)

    at_desk(tmp_path, act, decide=Down(400), routes=_two(tmp_path))


def test_d8_with_one_receiver_what_is_given_up_is_in_the_log_and_told_no_further(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        await _outbox(desk, 1)
        await desk.cycle(after_s=HOUR_S)
        await desk.cycle(after_s=HOUR_S)

        assert 0 == desk.metric("alerts_total", type="endpoint.disabled")
        assert 1 == desk.pending()

    at_desk(tmp_path, act, decide=Down(410))

    assert 1 == caplog.messages.count("undelivered")


def test_while_our_own_network_is_down_nothing_of_that_is_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.app.tools.uplink.network = Network(down_since=desk.clock.now())
        store = desk.app.tools.store
        store.enable_endpoint(Endpoint("desk", disabled_at=desk.clock.now()), now=desk.clock.now())
        at_first = await tell_undelivered(desk.app.tools)
        desk.app.tools.uplink.network = Network()

        assert () == at_first
        assert 1 == len(await tell_undelivered(desk.app.tools))

    at_desk(tmp_path, act, routes=_two(tmp_path))


def test_the_rounds_tell_it_too(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        store = desk.app.tools.store
        store.enable_endpoint(Endpoint("archive", disabled_at=desk.clock.now()), now=desk.clock.now())
        await desk.app.start()
        received = await desk.arrival()

        assert "endpoint.disabled" == received.payload["type"]

    at_desk(tmp_path, act, routes=_two(tmp_path))
