"""A receiver that is down for days beside others that are well, in a whole daemon: nothing of theirs is late, nothing
of its own is lost, and it all comes in order (promises D1, D8 to D10, T7)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.alerting import BREAK_AFTER, enabled
from monitor.demo import Answer, Received, Request, SlackReceiver, WebhookReceiver
from monitor.model import DeliveryState
from tests.clock import ManualClock
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, filler, opened_desk

pytestmark = pytest.mark.untraced

BEGAN_AT = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
_AT_ONCE = 4  # messages on their way to a receiver
_BURST, _ODD = 5, 2  # messages at once, and those that a window of a second holds beside them (promise D10)
_MINUTE_S = 60.0
_ROUTES = """
route:
  receiver: journal
  routes:
    - {receiver: down, continue: true}
    - {receiver: live, continue: true}
    - {receiver: bulletin, digest: "07:30,18:00"}
time_zone: Europe/Paris
receivers:
  down: DOWN
  live: {webhook: {}}
  bulletin: {webhook: {url: "${VEILLE_SECRET_BULLETIN}", secret: "${VEILLE_SECRET_BULLETIN_KEY}"}}
"""


_DOWN = {
    SlackReceiver: '{slack: {url: "${VEILLE_SECRET_DOWN}"}}',
    WebhookReceiver: '{webhook: {url: "${VEILLE_SECRET_DOWN}", secret: "${VEILLE_SECRET_DOWN_KEY}"}}',
}


@dataclass
class Down:
    """A receiver that answers nothing good until it is up."""

    is_up: bool = False
    asked: int = 0
    took_at: list[float] = field(default_factory=list)

    def decide(self, _number: int, _request: Request) -> Answer | None:
        self.asked += 1
        if not self.is_up:
            return Answer(503)
        self.took_at.append(asyncio.get_running_loop().time())
        return None


@dataclass
class Newsroom:
    """A daemon, the receiver that is down, one that is live, and one of digests."""

    desk: Desk
    down: Down
    receiver: WebhookReceiver
    bulletin: WebhookReceiver
    published: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    async def pass_days(self, days: int) -> None:
        """Let days pass, with news every six hours, looked at every three."""
        for number in range(8 * days):
            if number % 2 == 0:
                self.publish()
            await self.desk.cycle(after_s=3 * HOUR_S)
            self.late += sorted(set(self.published) - set(self.desk.told))

    def publish(self) -> None:
        number = len(self.published)
        title = f"Kharkiv, journal {filler(number).split()[1]}"
        self.published.append(title)
        self.desk.site.publish("/rss.xml", self.desk.item(f"/{number}", title, filler(number, 1), age_s=0))

    @property
    def came(self) -> list[str]:
        """The titles that the receiver took which was down, in the order in which they came."""
        return [title for title in map(_title, self.receiver.received) if title is not None]

    @property
    def digested(self) -> list[str]:
        """The titles that the digests told."""
        items = (received.payload["data"]["items"] for received in self.digests)
        return [item["story"]["title"] for item in itertools.chain.from_iterable(items)]

    @property
    def told_disabled(self) -> list[datetime]:
        """When the one that is live heard that the other is disabled."""
        told = (received.payload for received in self.desk.webhook.received)
        return [datetime.fromisoformat(one["timestamp"]) for one in told if one["type"] == "endpoint.disabled"]

    @property
    def digests(self) -> list[Received]:
        return [received for received in self.bulletin.received if received.payload["type"] == "story.digest"]


def _title(received: Received) -> str | None:
    """Return what a message tells of: a webhook's, or Slack's."""
    if received.payload.get("type") == "story.alert.new":
        return str(received.payload["data"]["story"]["title"])
    _, found, title = str(received.payload.get("text", "")).partition("Kharkiv – ")
    return title if found else None


def _at_newsroom(
    folder: Path, act: Callable[[Newsroom], Awaitable[None]], *, kind: type[WebhookReceiver] = WebhookReceiver
) -> None:
    async def main() -> None:
        down, clock = Down(), ManualClock(BEGAN_AT)
        given: dict[str, Any] = {"now_s": lambda: clock.now().timestamp()}
        receiver, bulletin = kind(decide=down.decide, **given), WebhookReceiver(**given)
        async with AsyncExitStack() as stack:
            for server in (receiver, bulletin):
                await server.start()
                stack.push_async_callback(server.stop)
            routes = folder / "routes.yaml"
            routes.write_text(_ROUTES.replace("DOWN", _DOWN[kind]), encoding="utf-8")
            desk = await stack.enter_async_context(
                opened_desk(
                    folder,
                    clock=clock,
                    routes=routes,
                    secret_down=receiver.url,
                    secret_down_key=receiver.secret,
                    secret_bulletin=bulletin.url,
                    secret_bulletin_key=bulletin.secret,
                )
            )
            desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché ouvre samedi", age_s=TOMORROW_S))
            await desk.cycle()
            await act(Newsroom(desk, down, receiver, bulletin))

    asyncio.run(main())


def _check_others(room: Newsroom, days: int) -> None:
    """Nobody else was late, and each digest came once, at each of its hours (promise T7)."""
    slots = [received.payload["data"]["digest"]["until"] for received in room.digests]
    expected = [f"2026-03-{2 + day:02}T{hour}:00Z" for day in range(days) for hour in ("06:30", "17:00")]

    assert [] == room.late
    assert room.published == room.desk.told
    assert expected == slots
    assert room.published[: len(room.digested)] == sorted(room.digested, key=room.published.index)


@pytest.mark.parametrize(("days", "kind"), [(1, SlackReceiver), (3, WebhookReceiver)])
def test_d1_d9_d10_what_waited_for_days_comes_in_order_and_is_no_flood(
    tmp_path: Path, days: int, kind: type[WebhookReceiver]
) -> None:
    async def act(room: Newsroom) -> None:
        await room.pass_days(days)
        _check_others(room, days)
        assert room.down.asked <= BREAK_AFTER + 8 * days  # one asks for all
        assert [] == room.came

        room.down.is_up = True
        for _ in range(3):
            await room.desk.cycle(after_s=31 * _MINUTE_S)

        assert sorted(room.published) == sorted(room.came)
        assert _AT_ONCE > _displaced(room)
        assert 0 == room.desk.pending()
        if kind is SlackReceiver:
            assert _most_at_once(room.down.took_at) <= _BURST + _ODD

    _at_newsroom(tmp_path, act, kind=kind)


def _displaced(room: Newsroom) -> int:
    """Return by how many places a message was out of turn, at most; the first one asked for all, and may be any."""
    first, *rest = room.came
    in_turn = [title for title in room.published if title != first]
    return max(abs(place - in_turn.index(title)) for place, title in enumerate(rest))


def _most_at_once(instants: list[float]) -> int:
    """Return how many came within a second, at most."""
    return max(sum(at <= other < at + 1.0 for other in instants) for at in instants)


def test_d8_after_five_days_it_is_disabled_which_is_told_to_others_and_what_is_for_it_waits(tmp_path: Path) -> None:
    async def act(room: Newsroom) -> None:
        store = room.desk.app.tools.store
        await room.pass_days(6)
        _check_others(room, 6)
        disabled_at = store.endpoint("down").disabled_at

        assert disabled_at is not None
        assert 5.0 <= (disabled_at - BEGAN_AT).total_seconds() / TOMORROW_S < 5.25
        assert [5] == [(at - BEGAN_AT).days for at in room.told_disabled]
        assert room.published == [line.title for line in reversed(store.deliveries(state=DeliveryState.PENDING))]

        room.down.is_up = True
        await room.desk.cycle(after_s=HOUR_S)
        assert [] == room.came

        store.enable_endpoint(enabled(store.endpoint("down")), now=room.desk.clock.now())
        await room.desk.cycle(after_s=_MINUTE_S)

        assert sorted(room.published) == sorted(room.came)
        assert _AT_ONCE > _displaced(room)

    _at_newsroom(tmp_path, act)
