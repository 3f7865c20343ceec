"""Subscriptions from the feed's document to the alert, with a real hub and the daemon's own pages on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from monitor.cli.run import _services
from monitor.demo import Answer
from monitor.errors import FetchError, StoreError
from monitor.model import Subscription
from monitor.store import Store
from monitor.subscriptions import Subscriptions, _moved_to
from monitor.web import WebService, beside, health_app, websub_app
from tests.monitor.bench import FILLER, HOUR_S, Desk, eventually, opened_desk, rss
from tests.monitor.hub import Hub

NEWS = "Kharkiv : la ville s'éveille sous la neige"
QUIET = "Le marché de Noël ouvre samedi"
NOWHERE: dict[str, Any] = {"http_address": "127.0.0.1:9", "websub_callback": "http://127.0.0.1:9"}


@dataclass
class Bench:
    """A daemon whose feed names a hub."""

    desk: Desk
    hub: Hub
    subscriptions: Subscriptions
    nudges: list[int]

    def publish(self, *items: str, link: str = "") -> None:
        """Let the feed hold these items and name the hub, in its document or in a Link header."""
        named = "" if link else f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="{self.hub.url}"/>'
        body = rss(*items).replace(b"<channel>", b"<channel>" + named.encode())
        headers = (("Content-Type", "application/rss+xml"), *((("Link", link),) if link else ()))
        self.desk.site.answers["/rss.xml"] = Answer(body=body, headers=headers)

    @property
    def subscription(self) -> Subscription:
        found = self.desk.app.tools.store.subscription_of(self.desk.feed.id)
        assert found is not None
        return found

    def wait_s(self) -> float:
        """Return how long the feed waits for its next poll."""
        assert self.desk.feed.next_due_at is not None
        return (self.desk.feed.next_due_at - self.desk.clock.now()).total_seconds()

    async def subscribe(self) -> None:
        """Poll the feed for the first time, ask its hub, and let that ask back."""
        self.publish(self.desk.item("/vieux", QUIET))
        self.desk.site.page("/vieux", FILLER)
        self.desk.site.page("/une", FILLER)
        await self.desk.cycle()
        await self.subscriptions.round()
        assert (await self.hub.verify()).is_success


@asynccontextmanager
async def opened_bench(folder: Path) -> AsyncIterator[Bench]:
    async with opened_desk(folder, poll_max_s=7200, **NOWHERE) as desk:
        hub, nudges = Hub(), list[int]()
        await hub.server.start()
        tools = desk.app.tools
        made = Subscriptions(tools, lambda: nudges.append(1))
        health = health_app(metrics=tools.metrics, unready=lambda: None)
        web = WebService(beside(health, websub_app(made)), "127.0.0.1:0")
        await web.start()
        callback = f"http://127.0.0.1:{web.port}"
        made._tools = replace(tools, settings=tools.settings.model_copy(update={"websub_callback": callback}))
        try:
            yield Bench(desk, hub, made, nudges)
        finally:
            await web.stop()
            await hub.aclose()


def at_bench(folder: Path, act: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened_bench(folder) as bench:
            await act(bench)

    asyncio.run(main())


def test_news_that_a_hub_tells_of_is_fetched_from_the_publisher_and_told_at_once(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        bench.publish(bench.desk.item("/une", NEWS), bench.desk.item("/vieux", QUIET))
        bench.desk.clock.pass_s(60)
        answer = await bench.hub.publish(b"<rss>whatever it says</rss>")
        await bench.desk.cycle(after_s=5)

        assert 202 == answer.status
        assert [1] == bench.nudges
        assert [NEWS] == bench.desk.told
        assert 1 == bench.desk.metric("pushes_total", result="taken")
        assert 6000 < bench.wait_s() <= 7200
        assert (None, True) == (bench.subscription.pushed_at, bench.subscription.is_trusted)

    at_bench(tmp_path, act)


def test_a_hub_is_asked_with_an_address_and_a_secret_of_its_own(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        [asked] = bench.hub.asked
        kept = bench.subscription

        assert bench.desk.site.url("/rss.xml") == asked["hub.topic"]
        assert kept.token == asked["hub.callback"].rpartition("/websub/")[2]
        assert len(kept.token) >= 43
        assert (kept.secret, "subscribe") == (asked["hub.secret"], asked["hub.mode"])
        assert kept.lease_until == bench.desk.clock.now() + timedelta(days=1)
        assert 0 == await bench.subscriptions.round()

        bench.desk.clock.pass_s(18 * HOUR_S)
        assert 1 == await bench.subscriptions.round()
        assert bench.hub.asked[0] == bench.hub.asked[1]

    at_bench(tmp_path, act)


def test_a_link_header_names_the_hub_too(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        link = f'<{bench.hub.url}>; rel="hub", <https://gazette.example/rss>; rel="self"'
        bench.publish(bench.desk.item("/vieux", QUIET), link=link)
        await bench.desk.cycle()
        await bench.subscriptions.round()

        assert ["https://gazette.example/rss"] == [asked["hub.topic"] for asked in bench.hub.asked]

    at_bench(tmp_path, act)


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "https://ailleurs.example/"},
        {"mode": "unsubscribe"},
        {"challenge": ""},
        {"mode": "denied", "topic": "x"},
    ],
)
def test_only_what_we_asked_for_is_confirmed(tmp_path: Path, changes: dict[str, str]) -> None:
    async def act(bench: Bench) -> None:
        bench.publish(bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle()
        await bench.subscriptions.round()

        assert 404 == (await bench.hub.verify(**changes)).status
        assert bench.subscription.lease_until is None

        confirmed = await bench.hub.verify()
        again = await bench.hub.verify()

        assert (200, b"un deux trois", 404) == (confirmed.status, confirmed.body, again.status)
        assert (confirmed.headers["content-type"], confirmed.headers["x-content-type-options"], 404) == (
            "text/plain; charset=utf-8",
            "nosniff",
            (await bench.hub._client.get(bench.hub.asked[0]["hub.callback"] + "x", max_bytes=1)).status,
        )

    at_bench(tmp_path, act)


def test_what_is_not_signed_with_our_secret_is_ignored_and_its_sender_not_told(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        answers = [
            await bench.hub.publish(secret="autre"),
            await bench.hub.publish(method="md5"),
            await bench.hub.publish(method="sha1"),
        ]

        assert [202, 202, 202] == [answer.status for answer in answers]
        assert [1] == bench.nudges
        assert 2 == bench.desk.metric("pushes_total", result="unsigned")

    at_bench(tmp_path, act)


def test_r1_what_a_hub_sends_is_bounded_and_for_nobody_else(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        with patch("monitor.subscriptions._MOST_BYTES", 100):
            large = await bench.hub.publish(b"x" * 101)
        unknown = await bench.hub.publish(path="/inconnu")

        assert (413, 410) == (large.status, unknown.status)
        assert [] == bench.nudges

    at_bench(tmp_path, act)


def test_a_hub_that_sends_slowly_or_goes_away_is_left(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        callback = bench.hub.asked[0]["hub.callback"]
        port = int(callback.split(":")[2].partition("/")[0])
        head = f"POST /websub/{callback.rpartition('/')[2]} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nun"

        def half(*, then_close: bool) -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                client.sendall(head.encode())
                return b"" if then_close else client.recv(100)

        with patch("monitor.web.websub._PATIENCE_S", 0.05):
            slow = await asyncio.to_thread(half, then_close=False)
        await asyncio.to_thread(half, then_close=True)

        assert slow.startswith(b"HTTP/1.1 408")
        assert (await bench.hub.publish()).status == 202

    at_bench(tmp_path, act)


def test_w1_the_other_pages_stay_for_loopback_names(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        port = int(bench.hub.asked[0]["hub.callback"].split(":")[2].partition("/")[0])

        def status(path: str, host: str) -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return client.recv(100).split()[1]

        told = [
            await asyncio.to_thread(status, path, host)
            for path, host in (
                ("/metrics", "veille.example"),
                ("/metrics", "127.0.0.1"),
                ("/websub/x", "veille.example"),
                ("/websub/../metrics", "veille.example"),
            )
        ]

        assert [b"400", b"200", b"404", b"404"] == told

    at_bench(tmp_path, act)


def test_a_hub_that_refuses_is_asked_again_later_and_the_feed_is_polled(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.hub.answer = Answer(503)
        bench.publish(bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle()
        asked = [await bench.subscriptions.round() for _ in range(2)]
        refused = bench.subscription
        bench.desk.clock.pass_s(HOUR_S)
        bench.hub.answer = Answer(202)
        again = await bench.subscriptions.round()

        assert [1, 0, 1] == [*asked, again]
        assert refused.last_error is not None
        assert "answered 503" in refused.last_error
        assert bench.wait_s() <= 0
        assert 1 == bench.desk.metric("hub_requests_total", result="failed")

    at_bench(tmp_path, act)


def test_a_hub_that_moved_is_asked_where_it_is(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.publish(bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle()
        bench.hub.answer = Answer(308, headers=(("Location", "/ailleurs"),))
        await bench.subscriptions.round()

        assert bench.subscription.last_error is not None
        assert "answered 404" in bench.subscription.last_error

    at_bench(tmp_path, act)


@pytest.mark.parametrize("status", [307, 308])
def test_s6_the_secret_of_a_subscription_does_not_follow_a_redirect_to_another_host(
    tmp_path: Path, status: int
) -> None:
    async def act(bench: Bench) -> None:
        elsewhere = Hub()
        await elsewhere.server.start()
        bench.publish(bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle()
        bench.hub.answer = Answer(status, headers=(("Location", elsewhere.url),))
        asked = [await bench.subscriptions.round() for _ in range(2)]
        kept = bench.subscription
        await elsewhere.aclose()

        assert ([1, 0], 1, []) == (asked, len(bench.hub.asked), elsewhere.asked)
        assert kept.last_error is not None
        assert kept.last_error.endswith("sends us to another host, which may not learn the secret of the subscription")
        assert (1, True) == (kept.failures, kept.due_at > bench.desk.clock.now())

    at_bench(tmp_path, act)


@pytest.mark.parametrize(
    ("hub", "location", "expected"),
    [
        ("https://hub.example/", "/neuf", "https://hub.example/neuf"),
        ("http://hub.example/", "https://HUB.example/neuf", "https://hub.example/neuf"),
        ("https://hub.example/", "http://hub.example/", None),
        ("https://hub.example/", "https://hub.example:8443/", None),
        ("https://hub.example/", "//ailleurs.example/", None),
        ("https://hub.example/", "https://hub.example@ailleurs.example/", None),
        ("https://hub.example/", "http://[", None),
    ],
)
def test_s6_a_hub_that_moved_is_asked_on_its_own_host_alone(hub: str, location: str, expected: str | None) -> None:
    try:
        found: str | None = _moved_to(hub, location)
    except FetchError:
        found = None

    assert expected == found


@pytest.mark.parametrize(
    ("reason", "told"), [("com\x1bplet\u202e", "the hub says no: complet"), ("", "the hub says no")]
)
def test_o1_a_hub_that_says_no_is_told_in_the_log_and_trusted_no_more(tmp_path: Path, reason: str, told: str) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        await bench.hub.publish()
        answer = await bench.hub.verify(mode="denied", reason=reason)
        kept = bench.subscription

        assert 200 == answer.status
        assert (told, None, False) == (kept.last_error, kept.lease_until, kept.is_trusted)

    at_bench(tmp_path, act)


def test_a_hub_that_missed_news_is_no_longer_relied_on(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        await bench.hub.publish()
        bench.desk.clock.pass_s(HOUR_S)
        trusted = bench.subscription.is_trusted
        bench.publish(bench.desk.item("/une", NEWS), bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle(after_s=2 * HOUR_S)

        assert [NEWS] == bench.desk.told
        assert [True, False] == [trusted, bench.subscription.is_trusted]

    at_bench(tmp_path, act)


def test_a_feed_whose_hub_was_quicker_than_its_cache_is_asked_again_soon(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        bench.desk.clock.pass_s(60)
        await bench.hub.publish()
        await bench.desk.cycle()

        assert bench.wait_s() <= bench.desk.app.tools.settings.poll_min_s

    at_bench(tmp_path, act)


def test_a_feed_that_names_a_hub_no_more_is_unsubscribed(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.subscribe()
        bench.desk.site.publish("/rss.xml", bench.desk.item("/une", NEWS))
        await bench.desk.cycle(after_s=3 * HOUR_S)

        assert bench.desk.app.tools.store.subscription_of(bench.desk.feed.id) is None
        assert 202 == (await bench.hub.publish()).status  # until the next round
        assert 0 == await bench.subscriptions.round()
        assert 410 == (await bench.hub.publish()).status

    at_bench(tmp_path, act)


def test_the_service_asks_at_its_rounds_and_survives_what_fails(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.publish(bench.desk.item("/vieux", QUIET))
        await bench.desk.cycle()
        bench.subscriptions._round_s = 0.01
        failures: list[Exception] = [StoreError("locked"), RuntimeError("a bug")]
        due = Store.due_subscriptions

        def flaky(*args: object, **kwargs: object) -> object:
            if failures:
                raise failures.pop(0)
            return due(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

        with patch.object(Store, "due_subscriptions", flaky):
            await bench.subscriptions.start()
            await eventually(lambda: bench.hub.asked)
            await bench.subscriptions.stop()

        assert 1 == bench.desk.metric("errors_total", stage="subscriptions")

    at_bench(tmp_path, act)


def test_a_service_that_was_never_started_stops(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await Subscriptions(bench.desk.app.tools, lambda: None).stop()

    at_bench(tmp_path, act)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, []), ({"http_address": "127.0.0.1:0"}, ["WebService"]), (NOWHERE, ["WebService", "Subscriptions"])],
)
def test_the_daemon_serves_hubs_where_it_has_an_address_for_them(
    tmp_path: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    async def main() -> list[str]:
        async with opened_desk(tmp_path, **settings) as desk:
            return [type(service).__name__ for service in _services(desk.app)]

    assert expected == asyncio.run(main())


def test_without_an_address_for_them_hubs_are_not_even_noted(tmp_path: Path) -> None:
    async def main() -> object:
        async with opened_desk(tmp_path) as desk:
            body = rss(desk.item("/vieux", QUIET)).replace(
                b"<channel>",
                b'<channel><link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>',
            )
            desk.site.answers["/rss.xml"] = Answer(body=body)
            await desk.cycle()
            return desk.app.tools.store.subscription_of(desk.feed.id)

    assert asyncio.run(main()) is None
