"""The pages that links in alerts lead to, over real HTTP: a GET shows, only a POST acts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from monitor.cli.run import _services
from monitor.deliver.links import LINKS_PATH, Link, Signer
from monitor.errors import StoreBusyError
from monitor.settings import Language
from monitor.store import Store
from monitor.web import WebService
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk

NEWS = "Kharkiv : la ville s'éveille sous la neige"
SECRET = "s" * 32
ADDRESS = "127.0.0.1:9464"
CHOSEN: dict[str, Any] = {"http_address": ADDRESS, "public_url": "https://veille.example", "link_secret": SECRET}


@dataclass
class Reader:
    """Somebody who was sent an alert."""

    desk: Desk
    client: httpx.AsyncClient
    links: dict[str, str]

    async def open(self, name: str) -> httpx.Response:
        return await self.client.get(_path(self.links[name]))

    async def press(self, name: str) -> httpx.Response:
        return await self.client.post(_path(self.links[name]))

    @property
    def store(self) -> Store:
        return self.desk.app.tools.store

    @property
    def relevant(self) -> list[bool | None]:
        return [line.relevant for line in self.store.matches()]

    def labels(self) -> int:
        return len(self.store.match(self.desk.alerts[0].payload["data"]["alert_id"]).labels)


def _path(url: str) -> str:
    return url.removeprefix("https://veille.example")


@asynccontextmanager
async def _reader(desk: Desk, language: Language = Language.FR) -> AsyncIterator[Reader]:
    desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël ouvre", age_s=10 * TOMORROW_S))
    await desk.cycle()
    desk.site.publish("/rss.xml", desk.item("/une", NEWS))
    await desk.cycle(after_s=HOUR_S)
    tools = desk.app.tools
    settings = tools.settings.model_copy(update={"language": language, "http_address": "127.0.0.1:0"})
    [service] = _services(replace(desk.app, tools=replace(tools, settings=settings)))
    assert isinstance(service, WebService)
    await service.start()
    try:
        # the Host is the proxy's, and of no matter here
        headers = {"Host": "veille.example"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", headers=headers) as client:
            yield Reader(desk, client, desk.alerts[0].payload["data"]["links"])
    finally:
        await service.stop()


def at_reader(folder: Path, act: Callable[[Reader], Awaitable[None]], language: Language = Language.FR) -> None:
    async def whole(desk: Desk) -> None:
        async with _reader(desk, language) as reader:
            await act(reader)

    at_desk(folder, whole, **CHOSEN)


def test_w5_o5_opening_links_changes_nothing_and_pressing_twice_no_more_than_once(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        for name, url in reader.links.items():
            assert (name, 200) == (name, (await reader.open(name)).status_code)
            assert (name, 200) == (name, (await reader.client.head(_path(url))).status_code)
        assert ([None], (), 0) == (reader.relevant, reader.store.silences(), reader.labels())

        pressed = [await reader.press("not_relevant") for _ in range(2)]
        assert ["hors sujet" in answer.text for answer in pressed] == [True, True]
        assert "veille rules suggest kharkiv" in pressed[0].text
        assert ([False], 1) == (reader.relevant, reader.labels())
        await reader.press("relevant")
        assert ([True], 2) == (reader.relevant, reader.labels())
        await reader.press("review")

        for name in ("silence", "silence", "silence_rule"):
            assert "24 heures" in (await reader.press(name)).text
        of_rule, of_story = sorted(reader.store.silences(), key=lambda each: each.matchers)
        alert = reader.desk.alerts[0].payload["data"]
        assert (f'story="{alert["story"]["id"]}"',) == of_story.matchers
        assert (f'rule="{alert["rule"]["id"]}"',) == of_rule.matchers
        assert {("webhook (lien)", timedelta(hours=24))} == {
            (each.author, each.expires_at - each.created_at) for each in (of_story, of_rule)
        }

        reader.desk.clock.pass_s(25 * HOUR_S)
        await reader.press("silence")
        assert 3 == len(reader.store.silences())

    at_reader(tmp_path, act)


@pytest.mark.parametrize(
    ("language", "points", "shown"),
    [(Language.FR, 12.0, "12 / 4"), (Language.FR, 12.54, "12,5 / 4"), (Language.EN, 12.54, "12.5 / 4")],
)
def test_a_page_tells_points_as_its_language_writes_numbers(
    tmp_path: Path, language: Language, points: float, shown: str
) -> None:
    async def act(reader: Reader) -> None:
        with closing(sqlite3.connect(reader.store.path)) as log, log:
            log.execute("UPDATE match SET score = ?, threshold = 4", (points,))

        assert f" · {shown}</p>" in (await reader.open("review")).text

    at_reader(tmp_path, act, language)


def test_o1_a_page_shows_the_alert_escaped_with_a_button_for_each_answer(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        with closing(sqlite3.connect(reader.store.path)) as log, log:  # readers of feeds take tags out of titles
            log.execute("UPDATE article SET title = '<script>alert(1)</script>', outlet = '<b onload=x>'")
        answer = await reader.open("review")
        actions = re.findall(r'<form method="post" action="([^"]+)">', answer.text)

        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "<b" not in answer.text.replace("<body", "").replace("<blockquote", "").replace("<button", "")
        assert [url for name, url in reader.links.items() if name != "review"] == actions
        assert "Pas encore jugée." in answer.text

    at_reader(tmp_path, act)


def test_w1_pages_keep_to_themselves(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        headers = (await reader.open("relevant")).headers
        policy = headers["content-security-policy"]

        assert ["no-store", "nosniff", "no-referrer"] == [
            headers[name] for name in ("cache-control", "x-content-type-options", "referrer-policy")
        ]
        assert "noindex" in headers["x-robots-tag"]
        for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            assert part in policy

    at_reader(tmp_path, act)


def test_w5_a_link_that_is_forged_expired_or_of_nothing_tells_and_does_nothing(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        good = _path(reader.links["relevant"])
        signer = Signer(SECRET.encode(), "https://veille.example")
        nowhere = _path(signer.url(Link("al_RIEN", "relevant", "9999999999", "webhook")))
        forged = [good[:-4] + "AAAA", good.replace("/relevant/", "/silence/"), LINKS_PATH + "al_7/relevant/x/y"]

        async def tried(path: str) -> set[int]:
            return {(await reader.client.get(path)).status_code, (await reader.client.post(path)).status_code}

        assert [{403}, {403}, {403}] == [await tried(path) for path in forged]
        assert [{404}, {404}] == [await tried(path) for path in (nowhere, LINKS_PATH + "x")]
        reader.desk.clock.pass_s(31 * TOMORROW_S)
        gone = await reader.client.post(good)
        assert (410, True, False) == (gone.status_code, "expiré" in gone.text, "Kharkiv" in gone.text)
        assert ([None], ()) == (reader.relevant, reader.store.silences())

    at_reader(tmp_path, act)


def test_a_database_that_is_busy_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(reader: Reader) -> None:
        with patch.object(Store, "match", side_effect=StoreBusyError("locked")):
            assert 503 == (await reader.press("relevant")).status_code

    at_reader(tmp_path, act)


def test_pages_speak_english(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        assert "What do you say of this alert?" in (await reader.open("review")).text

    at_reader(tmp_path, act, Language.EN)


def test_what_is_health_stays_on_loopback(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        assert 400 == (await reader.client.get("/metrics")).status_code

    at_reader(tmp_path, act)
