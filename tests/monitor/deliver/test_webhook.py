"""The generic webhook speaks Standard Webhooks, as their own package judges it."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from monitor.deliver import Paces, make_channels
from monitor.deliver.webhook import WebhookSender, signing_keys
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Channel, Delivery, Receiver
from monitor.settings import Settings
from tests.monitor.deliver.benches import LOOPBACK_NETWORK, WEBHOOK_SECRET, FixedClock, sender
from tests.monitor.deliver.samples import alert, delivery, recap
from tests.monitor.deliver.servers import LOOPBACK, HttpReceiver
from tests.monitor.tcp import tcp

OTHER_SECRET = "whsec_" + base64.b64encode(b"x" * 64).decode()


def attempts(receiver: HttpReceiver, secrets: str | None, *clocks: datetime) -> Delivery:
    """Post one message as many times as there are instants."""

    async def run() -> Delivery:
        clock = FixedClock()
        async with (
            tcp(receiver) as port,
            HttpClient(user_agent="veille/test", allow_networks=LOOPBACK_NETWORK) as client,
        ):
            url = f"http://{LOOPBACK}:{port}/"
            channel = WebhookSender(name="webhook", url=url, keys=signing_keys(secrets), client=client, clock=clock)
            message = delivery(channel.render(alert(), "unused"), Channel.WEBHOOK)
            for clock.at in clocks:
                await channel.send(message)
            return message

    return asyncio.run(run())


def refusal(receiver: HttpReceiver) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        attempts(receiver, None, datetime.now(UTC))
    return caught.value


def test_D5_the_signature_is_verified_by_the_reference_package() -> None:
    receiver = HttpReceiver()
    message = attempts(receiver, WEBHOOK_SECRET, datetime.now(UTC))
    ((target, headers, body),) = receiver.requests

    assert Webhook(WEBHOOK_SECRET).verify(body, headers) == json.loads(message.rendered.body)
    assert target == "POST / HTTP/1.1"
    assert (message.rendered.body, message.message_id) == (body, headers["webhook-id"])
    assert headers["content-type"] == "application/json"


def test_D5_two_secrets_sign_at_once_during_a_rotation() -> None:
    receiver = HttpReceiver()
    attempts(receiver, f"{WEBHOOK_SECRET}, {OTHER_SECRET}", datetime.now(UTC))
    ((_, headers, body),) = receiver.requests

    assert Webhook(WEBHOOK_SECRET).verify(body, headers) == Webhook(OTHER_SECRET).verify(body, headers)
    assert headers["webhook-signature"].count("v1,") == 2


def test_D3_D5_a_retry_has_the_same_identity_and_bytes_and_a_new_timestamp() -> None:
    receiver = HttpReceiver()
    now = datetime.now(UTC)
    attempts(receiver, WEBHOOK_SECRET, now, now + timedelta(seconds=5))
    (_, first, body), (_, second, again) = receiver.requests

    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert Webhook(WEBHOOK_SECRET).verify(again, second)


def test_without_a_secret_a_message_is_not_signed() -> None:
    receiver = HttpReceiver()
    attempts(receiver, None, datetime.now(UTC))

    assert "webhook-signature" not in receiver.requests[0][1]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_D6_success_is_any_2xx(status: int) -> None:
    receiver = HttpReceiver(status=status, body=b"")
    attempts(receiver, None, datetime.now(UTC))

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, Reason.REDIRECT),
        (307, Reason.REDIRECT),
        (400, Reason.HTTP_4XX),
        (401, Reason.AUTH),
        (404, Reason.HTTP_4XX),
        (408, Reason.TIMEOUT),
        (422, Reason.HTTP_4XX),
        (429, Reason.RATE_LIMITED),
        (500, Reason.HTTP_5XX),
        (502, Reason.HTTP_5XX),
        (503, Reason.UNAVAILABLE),
        (504, Reason.HTTP_5XX),
    ],
)
def test_D6_everything_else_is_tried_again(status: int, reason: Reason) -> None:
    error = refusal(HttpReceiver(status=status))

    assert (reason, True, status) == (error.reason, error.retryable, error.status)


def test_D6_410_is_for_good() -> None:
    error = refusal(HttpReceiver(status=410))

    assert (Reason.GONE, False) == (error.reason, error.retryable)


def test_D6_a_redirect_is_not_followed() -> None:
    receiver = HttpReceiver(status=307, headers={"location": "/ailleurs"})
    refusal(receiver)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_D6_retry_after_is_handed_on(status: int) -> None:
    error = refusal(HttpReceiver(status=status, headers={"retry-after": "120"}))

    assert timedelta(seconds=120) == error.retry_after


def test_a_recap_is_posted_like_any_message() -> None:
    async def run() -> bytes:
        async with sender(Channel.WEBHOOK, 1) as channel:
            return channel.render(recap(), "unused").body

    assert json.loads(asyncio.run(run()))["type"] == "story.recap"


def test_D10_a_receiver_that_says_so_gets_only_so_many_messages_a_minute() -> None:
    async def run(per_minute: float) -> float:
        async with (
            tcp(receiver) as port,
            HttpClient(user_agent="veille/test", allow_networks=LOOPBACK_NETWORK) as client,
        ):
            url = f"http://{LOOPBACK}:{port}/"
            options = (("url", url), ("per_minute", per_minute))
            (channel,) = make_channels(Settings(), [Receiver("bureau", Channel.WEBHOOK, options)], client).values()
            message = delivery(channel.render(alert(), "unused"), Channel.WEBHOOK)
            began_s = asyncio.get_running_loop().time()
            await asyncio.gather(*(channel.send(message) for _ in range(3)))
            return asyncio.get_running_loop().time() - began_s

    receiver = HttpReceiver()
    assert asyncio.run(run(600.0)) >= 0.2
    assert len(receiver.requests) == 3
    with pytest.raises(SettingsError, match="receiver bureau: per_minute: 5 is less than 6"):
        asyncio.run(run(5.0))


def test_D10_receivers_that_share_an_address_do_not_wait_for_one_another() -> None:
    async def run() -> tuple[float, ...]:
        paces: Paces = {}
        options = (("url", f"http://{LOOPBACK}/"), ("per_minute", 6.0))
        receivers = [Receiver(f"bureau-{number}", Channel.WEBHOOK, options) for number in range(5)]
        async with HttpClient(user_agent="veille/test", allow_networks=LOOPBACK_NETWORK) as client:
            for _ in range(2):  # the second is a reload
                make_channels(Settings(), receivers, client, paces=paces)
        return tuple(max(pace.reserve(0.0) for _ in range(4)) for pace in paces.values())

    # A receiver's pump holds four messages, and each of them sleeps within its lease of two minutes.
    assert (30.0,) * 5 == asyncio.run(run())


def test_D10_a_reload_begins_no_pace_anew() -> None:
    async def run() -> list[float]:
        paces: Paces = {}
        url = f"http://{LOOPBACK}/"
        async with HttpClient(user_agent="veille/test", allow_networks=LOOPBACK_NETWORK) as client:
            for per_minute in (60.0, 60.0, 30.0):
                receiver = Receiver("bureau", Channel.WEBHOOK, (("url", url), ("per_minute", per_minute)))
                make_channels(Settings(), [receiver], client, paces=paces)
        return [interval_s for _, interval_s, _ in paces]

    assert asyncio.run(run()) == [1.0, 2.0]


@pytest.mark.parametrize(
    "secret",
    [
        "motdepasse-tres-secret",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_pas du base64 !",
        "whsec_é",
        base64.b64encode(b"x" * 32).decode(),
        f"{WEBHOOK_SECRET},{WEBHOOK_SECRET},{WEBHOOK_SECRET}",
    ],
)
def test_X4_an_impossible_secret_is_named_by_its_setting_and_never_quoted(secret: str) -> None:
    with pytest.raises(SettingsError, match="VEILLE_WEBHOOK_SECRET") as caught:
        signing_keys(secret)

    assert secret not in str(caught.value)


@pytest.mark.parametrize("nothing", [None, "", " , "])
def test_no_secret_is_no_key(nothing: str | None) -> None:
    assert signing_keys(nothing) == ()
