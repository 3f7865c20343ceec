"""Buttons in Slack, over real HTTP: what Slack signed is done, once; nothing else is."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch
from urllib.parse import urlencode

import httpx
import pytest

from monitor.cli.run import _services
from monitor.errors import FetchError, Reason, StoreBusyError
from monitor.http import HttpClient
from monitor.store import Store
from monitor.web import WebService
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
REPLY = "https://hooks.slack.com/actions/T1/1/x"


@dataclass
class Slack:
    """Slack, in front of an alert."""

    desk: Desk
    client: httpx.AsyncClient

    @property
    def alert_id(self) -> str:
        told: str = self.desk.alerts[0].payload["data"]["alert_id"]
        return told

    @property
    def store(self) -> Store:
        return self.desk.app.tools.store

    async def send(self, body: bytes, *, secret: str = SECRET, late_s: int = 0, signature: str = "") -> int:
        at = int(self.desk.clock.now().timestamp()) - late_s
        made = "v0=" + hmac.new(secret.encode(), f"v0:{at}:".encode() + body, "sha256").hexdigest()
        headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": signature or made}
        return (await self.client.post("/slack/actions", content=body, headers=headers)).status_code

    def pressed(self, action: str, **changes: Any) -> bytes:
        button = {"action_id": action, "value": self.alert_id, "type": "button"}
        payload = {"type": "block_actions", "user": {"id": "U1", "username": "anne"}, "actions": [button]}
        return urlencode({"payload": json.dumps(payload | {"response_url": REPLY} | changes)}).encode()

    async def press(self, action: str, **changes: Any) -> int:
        return await self.send(self.pressed(action, **changes))


@asynccontextmanager
async def _slack(desk: Desk) -> AsyncIterator[Slack]:
    desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché de Noël ouvre", age_s=10 * TOMORROW_S))
    await desk.cycle()
    desk.site.publish("/rss.xml", desk.item("/une", "Kharkiv : la ville s'éveille"))
    await desk.cycle(after_s=HOUR_S)
    tools = desk.app.tools
    settings = tools.settings.model_copy(update={"http_address": "127.0.0.1:0"})
    [service] = _services(replace(desk.app, tools=replace(tools, settings=settings)))
    assert isinstance(service, WebService)
    await service.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as client:
            yield Slack(desk, client)
    finally:
        await service.stop()


def at_slack(folder: Path, act: Callable[[Slack], Awaitable[None]]) -> None:
    async def whole(desk: Desk) -> None:
        async with _slack(desk) as slack:
            await act(slack)

    at_desk(folder, whole, http_address="127.0.0.1:9464", slack_signing_secret=SECRET)


def test_what_is_pressed_is_done_once_and_told_to_who_pressed(tmp_path: Path) -> None:
    async def act(slack: Slack) -> None:
        with patch.object(HttpClient, "post", AsyncMock()) as post:
            assert [200] * 3 == [await slack.press(each) for each in ("not_relevant", "silence", "silence")]
        [silence] = slack.store.silences()

        assert [False] == [line.relevant for line in slack.store.matches()]
        assert ("anne (Slack)", True) == (silence.author, silence.matchers[0].startswith("story="))
        assert {REPLY} == {call.args[0] for call in post.call_args_list}
        assert "hors sujet" in json.loads(post.call_args_list[0].kwargs["content"])["text"]

    at_slack(tmp_path, act)


def test_w5_what_slack_did_not_sign_lately_does_nothing(tmp_path: Path) -> None:
    async def act(slack: Slack) -> None:
        body = slack.pressed("not_relevant")
        tried = [
            await slack.send(body, secret="autre"),
            await slack.send(body, signature="v0=00"),
            await slack.send(body, late_s=301),
            await slack.send(body, late_s=-301),
            (await slack.client.post("/slack/actions", content=body)).status_code,
            await slack.send(b"x" * 200_001),
            (await slack.client.get("/slack/actions")).status_code,
        ]

        assert [403, 403, 403, 403, 403, 413, 405] == tried
        assert [None] == [line.relevant for line in slack.store.matches()]

    at_slack(tmp_path, act)


def test_what_is_no_button_of_ours_is_ignored(tmp_path: Path) -> None:
    async def act(slack: Slack) -> None:
        other = {"action_id": "relevant", "value": "al_RIEN"}
        with patch.object(HttpClient, "post", AsyncMock()) as post:
            tried = [
                await slack.press("autre"),
                await slack.press("review"),
                await slack.press("relevant", type="view_submission"),
                await slack.press("relevant", actions=[other]),
                await slack.press("relevant", actions=[{**other, "value": "al_" + "A" * 60_000}]),
            ]

        assert [200] * 5 == tried
        assert [None] == [line.relevant for line in slack.store.matches()]
        assert 0 == post.call_count

    at_slack(tmp_path, act)


def test_what_slack_would_never_send_is_answered_with_400_and_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(slack: Slack) -> None:
        deep = urlencode({"payload": "[" * 60_000}).encode()
        broken = [b"payload=%7B", b"payload=[]", b"", b"\xff\x00", deep]
        tried = [await slack.send(body) for body in broken]
        values: list[object] = [1, "al_\ud800", None, [[]]]
        users: list[object] = ["anne", None, {"id": 7}, {"name": [["a"]]}, {}]
        lists: list[object] = [{}, [], None, [7]]
        tried += [await slack.press("relevant", actions=[{"action_id": "relevant", "value": one}]) for one in values]
        tried += [await slack.press("relevant", user=one) for one in users]
        tried += [await slack.press("relevant", actions=one) for one in lists]
        told = [record for record in caplog.records if record.message == "answer_unreadable"]

        assert ([400] * 18, 18) == (tried, len(told))
        assert not [record for record in caplog.records if record.exc_info]
        assert [None] == [line.relevant for line in slack.store.matches()]

    at_slack(tmp_path, act)


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "http://hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "https://[",
        "https://hooks.slack.com/\ud800",
        "https://hooks.slack.com/" + "x" * 9000,
    ],
)
def test_nobody_but_slack_is_replied_to_and_what_is_pressed_is_done(tmp_path: Path, url: object) -> None:
    async def act(slack: Slack) -> None:
        with patch.object(HttpClient, "post", AsyncMock()) as post:
            assert 200 == await slack.press("relevant", response_url=url)

        assert ([True], 0) == ([line.relevant for line in slack.store.matches()], post.call_count)

    at_slack(tmp_path, act)


def test_a_reply_that_is_lost_and_a_busy_database_are_survived(tmp_path: Path) -> None:
    async def act(slack: Slack) -> None:
        lost = FetchError("gone", reason=Reason.CONNECTION)
        with patch.object(HttpClient, "post", AsyncMock(side_effect=lost)):
            assert 200 == await slack.press("relevant")
        with patch.object(Store, "match", side_effect=StoreBusyError("locked")):
            assert 503 == await slack.press("relevant")

    at_slack(tmp_path, act)
