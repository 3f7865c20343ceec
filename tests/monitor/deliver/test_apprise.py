"""Every other service, by apprise itself, over loopback."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace

import pytest

from monitor.deliver import make_channels
from monitor.deliver.apprise import AppriseSender, services
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Alert, Channel, Receipt, Receiver
from monitor.receivers import Secret
from monitor.settings import Settings
from rules.types import Level
from tests.monitor.deliver.benches import URL_SECRET, words
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import INCIDENTS, MATCH, RULE, VERDICT, alert, delivery, hostile, recap
from tests.monitor.deliver.servers import HttpReceiver
from tests.monitor.tcp import tcp


def rendered(told: Alert) -> dict[str, str]:
    message: dict[str, str] = json.loads(
        AppriseSender(name="divers", services=(), words=words()).render(told, "msg").body
    )
    return message


def test_the_reader_receives_what_was_agreed(golden: Golden) -> None:
    told = [rendered(one) for one in (alert(), recap(3, 9), INCIDENTS["failing"])]

    golden("apprise-fr.txt", "\n\n---\n\n".join(f"{each['title']}\n\n{each['body']}" for each in told) + "\n")


@pytest.mark.parametrize(
    ("level", "urgency"),
    [(Level.CRITICAL, "failure"), (Level.HIGH, "warning"), (Level.MEDIUM, "info"), (Level.LOW, "info")],
)
def test_the_level_is_how_urgent_it_is(level: Level, urgency: str) -> None:
    told = alert(replace(MATCH, rule=replace(RULE, level=level), verdict=replace(VERDICT, level=level)))

    assert urgency == rendered(told)["notify_type"]
    assert "info" == rendered(recap())["notify_type"]


def test_o1_a_long_text_is_cut() -> None:
    assert len(rendered(hostile("é" * 10_000))["body"]) < 5000


async def attempt(sender: AppriseSender) -> Receipt | DeliveryError:
    try:
        return await sender.send(delivery(sender.render(alert(), "msg_1"), Channel.APPRISE))
    except DeliveryError as error:
        return error


def test_d4_who_has_a_message_is_not_sent_it_again_when_another_must_be() -> None:
    first, second = HttpReceiver(), HttpReceiver(status=503)

    async def run() -> list[Receipt | DeliveryError]:
        async with tcp(first) as one, tcp(second) as two:
            urls = [f"json://127.0.0.1:{port}/{URL_SECRET}" for port in (one, two)]
            sender = AppriseSender(name="divers", services=services(urls, "here"), words=words())
            failed = await attempt(sender)
            second.status = 200
            return [failed, await attempt(sender), await attempt(sender)]

    failed, then, again = asyncio.run(run())

    assert isinstance(failed, DeliveryError)
    assert "divers: not accepted by address 2; apprise does not say why" == str(failed)
    assert (Reason.UNAVAILABLE, True) == (failed.reason, failed.retryable)
    assert Receipt() == then == again
    assert (2, 3) == (len(first.requests), len(second.requests))  # the third attempt is another day's
    assert "Poutine attendu" in json.loads(first.requests[0][2])["title"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.deliver.apprise._REMEMBERED", 1)

    class Half:
        """Takes a message or does not."""

        def __init__(self, answer: object) -> None:
            self.answer = answer

        def notify(self, body: str, title: str, *, notify_type: str, body_format: str) -> object:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    async def run() -> int:
        sender = AppriseSender(name="divers", services=(Half(1), Half(ValueError("s3cr3t"))), words=words())
        message = delivery(sender.render(alert(), "msg"), Channel.APPRISE)
        for number in range(3):
            with pytest.raises(DeliveryError, match="address 2") as caught:
                await sender.send(replace(message, message_id=f"msg_{number}"))
            assert "s3cr3t" not in repr(caught.value.__context__)
        return len(sender._taken)

    assert 1 == asyncio.run(run())


def test_d6_a_redirect_is_not_followed() -> None:
    receiver = HttpReceiver(status=307, headers={"location": "/ailleurs"})

    async def run() -> Receipt | DeliveryError:
        async with tcp(receiver) as port:
            made = services([f"json://127.0.0.1:{port}/"], "here")
            return await attempt(AppriseSender(name="divers", services=made, words=words()))

    assert isinstance(asyncio.run(run()), DeliveryError)
    assert 1 == len(receiver.requests)


def error(urls: str) -> str:
    async def make() -> None:
        receiver = Receiver("divers", Channel.APPRISE, (("urls", Secret(urls)),))
        async with HttpClient(user_agent="veille/test") as client:
            make_channels(Settings(), [receiver], client)

    with pytest.raises(SettingsError, match="VEILLE_ROUTES: receiver divers: ") as caught:
        asyncio.run(make())
    return str(caught.value)


@pytest.mark.parametrize(
    ("urls", "told"),
    [
        ("json://hooks.example/s3cr3t nonsense-s3cr3t", "apprise does not know the address number 2"),
        ("json://hooks.example/\nnowhere://s3cr3t", "apprise does not know the address number 2"),
        (" \n", "urls holds no address"),
    ],
)
def test_x4_an_impossible_address_is_named_and_not_repeated(urls: str, told: str) -> None:
    assert told in error(urls)
    assert "s3cr3t" not in error(urls)


def test_without_the_extra_the_start_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    assert "pip install 'veille[channels]'" in error("json://hooks.example/")
