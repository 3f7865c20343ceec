"""Feeds that the daemon serves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import httpx
import pytest

from monitor.cli.run import _services
from monitor.deliver.feed import FeedSender
from monitor.web import FEEDS_PATH, WebService, beside, feeds_app
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk
from tests.monitor.deliver.benches import words
from tests.monitor.deliver.samples import NOW, alert
from tests.monitor.deliver.test_feed import TOKEN

FEED = FeedSender(name="bulletin", words=words(), token=TOKEN, entries=2)


def ask(path: str, *minutes: int, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask for a path where the feed holds messages of so many minutes."""
    planned = [replace(alert(), planned_at=NOW + timedelta(minutes=each)) for each in minutes]
    told = [FEED.render(one, f"msg_{each}").body for one, each in zip(planned, minutes, strict=True)]

    async def sent(receiver: str, limit: int) -> Sequence[bytes]:
        assert ("bulletin", 8) == (receiver, limit)
        return told

    async def nothing(scope: object, receive: object, send: object) -> None:
        raise AssertionError("not for a feed")

    async def run() -> httpx.Response:
        served = httpx.ASGITransport(
            beside(nothing, feeds_app(lambda: [FeedSender(name="untold", words=words()), FEED], sent), path=FEEDS_PATH)
        )
        async with httpx.AsyncClient(transport=served, base_url="https://veille.example.org") as client:
            return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(run())


def test_a_feed_is_served_in_both_forms_to_who_knows_its_address() -> None:
    atom, item = (ask(f"/feeds/{TOKEN}.{ending}", 1, 2, 3) for ending in ("atom", "json"))

    assert [200, 200] == [atom.status_code, item.status_code]
    assert ["urn:veille:msg_3", "urn:veille:msg_2"] == [entry.id for entry in feedparser.parse(atom.content).entries]
    assert ["urn:veille:msg_3", "urn:veille:msg_2"] == [entry["id"] for entry in json.loads(item.content)["items"]]
    assert ("application/atom+xml; charset=utf-8", "application/feed+json; charset=utf-8") == (
        atom.headers["content-type"],
        item.headers["content-type"],
    )
    assert "nosniff" == atom.headers["x-content-type-options"]


@pytest.mark.parametrize(
    "path", ["/feeds/", "/feeds/x.atom", f"/feeds/{TOKEN}", f"/feeds/{TOKEN}.rss", "/feeds/%ff.atom"]
)
def test_x4_who_does_not_know_it_learns_nothing(path: str) -> None:
    assert 404 == ask(f"/feeds/{path}", 1).status_code


def test_nothing_is_written_there() -> None:
    assert 405 == ask(f"/feeds/{TOKEN}.atom", method="POST").status_code


def test_p1_what_did_not_change_is_not_sent_again() -> None:
    first = ask(f"/feeds/{TOKEN}.atom", 1)
    tag, date = first.headers["etag"], first.headers["last-modified"]
    asked = [
        {"if_none_match": tag},
        {"if_none_match": f'"other", W/{tag}'},
        {"if_none_match": "*"},
        {"if_modified_since": date},
        {"if_none_match": '"other"', "if_modified_since": date},
        {"if_modified_since": "Thu, 16 May 2024 04:00:00 GMT"},
        {"if_modified_since": "hier"},
        {"if_modified_since": "Thu, 16 May 2030 04:00:00 -0000"},
    ]
    statuses = [ask(f"/feeds/{TOKEN}.atom", 1, **headers).status_code for headers in asked]

    assert [304, 304, 304, 304, 200, 200, 200, 200] == statuses
    assert "Thu, 16 May 2024 05:13:07 GMT" == date
    assert 200 == ask(f"/feeds/{TOKEN}.atom", 1, 2, if_none_match=tag).status_code


def test_a_feed_without_an_alert_is_empty() -> None:
    got = ask(f"/feeds/{TOKEN}.json", if_modified_since="Thu, 16 May 2030 04:00:00 GMT")

    assert (200, []) == (got.status_code, got.json()["items"])
    assert "last-modified" not in got.headers


def test_the_daemon_serves_what_it_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_SECRET_BULLETIN", TOKEN)
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "route: {receiver: bulletin}\nreceivers: {bulletin: {feed: {token: '${VEILLE_SECRET_BULLETIN}'}}}\n", "utf-8"
    )

    async def act(desk: Desk) -> bytes:
        desk.site.publish("/rss.xml", desk.item("/vieux", "Avant", age_s=30 * TOMORROW_S))
        await desk.cycle()
        desk.site.publish("/rss.xml", desk.item("/une", "Kharkiv sous les bombes"))
        await desk.cycle(after_s=HOUR_S)
        [service] = _services(desk.app)
        assert isinstance(service, WebService)
        await service.start()
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{service.port}/feeds/{TOKEN}.atom")).content
        finally:
            await service.stop()

    served = feedparser.parse(at_desk(tmp_path, act, routes=routes, http_address="127.0.0.1:0"))

    assert ["Kharkiv sous les bombes"] == [entry.title.rpartition(" – ")[2] for entry in served.entries]
