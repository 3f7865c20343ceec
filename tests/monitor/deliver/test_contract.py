"""What every channel promises, run on every channel."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import pytest

from monitor.errors import DeliveryError, Reason
from monitor.model import Channel, Receipt
from tests.monitor.deliver.benches import LOCAL, NETWORKED, SECRETS, in_folder, on_a_full_disk, script, sender
from tests.monitor.deliver.samples import (
    DIGESTS,
    INCIDENTS,
    RETITLED,
    TROUBLES,
    UNDELIVERED,
    alert,
    delivery,
    hostile,
    incident_for,
    recap,
    refused,
    refused_for,
    updated,
)
from tests.monitor.deliver.servers import (
    HttpReceiver,
    SmtpReceiver,
    garbage,
    hang,
    reset,
    smtp,
)
from tests.monitor.tcp import Handler, tcp

Place = AbstractAsyncContextManager[int] | AbstractAsyncContextManager[Path]
MESSAGE_ID = "msg_7K2Q4M9T_7ZHEMTHQ"


def attempt(channel: Channel, place: Place, **options: object) -> Receipt:
    """Send one message to a place, once."""

    async def run() -> Receipt:
        async with place as at, sender(channel, at, **options) as channel_sender:  # type: ignore[arg-type]  # options
            rendered = channel_sender.render(alert(), MESSAGE_ID)
            return await channel_sender.send(delivery(rendered, channel))

    return asyncio.run(run())


def failure(channel: Channel, place: Place, **options: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        attempt(channel, place, **options)
    return caught.value


def accepting(channel: Channel) -> Place:
    if channel is Channel.COMMAND:
        return script("cat > /dev/null")
    if channel in {Channel.FEED, Channel.FILE}:
        return in_folder("alerts")
    return smtp(SmtpReceiver()) if channel is Channel.MAIL else tcp(HttpReceiver())


def busy(channel: Channel) -> Place:
    if channel is Channel.COMMAND:
        return script("echo later >&2; exit 75")
    if channel is Channel.FEED:
        return on_a_full_disk()
    if channel is Channel.FILE:
        return nullcontext(Path("/dev/full"))
    return smtp(SmtpReceiver(data="451 4.7.1 later")) if channel is Channel.MAIL else tcp(HttpReceiver(status=503))


def refusing(channel: Channel) -> Place:
    """Echo every secret it was sent, as a hostile or careless server would."""
    told = " ".join(SECRETS)
    if channel is Channel.COMMAND:
        return script("env >&2; exit 1")
    if channel in {Channel.FEED, Channel.FILE}:
        return nullcontext(Path("/nowhere/alerts"))
    if channel is Channel.MAIL:
        return smtp(SmtpReceiver(data=f"554 5.7.1 {told}"))
    return tcp(HttpReceiver(status=410, body=told.encode()))


def hanging(channel: Channel) -> Place:
    return script("sleep 60") if channel is Channel.COMMAND else tcp(hang)


def unhappy(channel: Channel) -> list[Place]:
    """Return the ways in which a channel can fail here."""
    if channel in LOCAL:
        return [refusing(channel), busy(channel)]
    return [refusing(channel), busy(channel), tcp(hang), tcp(reset), tcp(garbage)]


@pytest.mark.parametrize("channel", list(Channel))
class TestContract:
    """One class for all; a new channel is added to `Channel` and to `benches`."""

    def test_an_accepted_message_gives_a_receipt(self, channel: Channel) -> None:
        receipt = attempt(channel, accepting(channel))

        assert receipt.status in {200, 250, 0, None}
        assert receipt.refused == ()

    def test_D3_rendering_twice_gives_the_same_bytes(self, channel: Channel) -> None:
        async def run() -> None:
            async with sender(channel, 1) as channel_sender:
                for planned in (
                    alert(),
                    recap(),
                    refused(),
                    updated(RETITLED),
                    *INCIDENTS.values(),
                    *TROUBLES.values(),
                    *DIGESTS.values(),
                    *UNDELIVERED.values(),
                ):
                    assert channel_sender.render(planned, MESSAGE_ID) == channel_sender.render(planned, MESSAGE_ID)

        asyncio.run(run())

    def test_a_busy_receiver_is_tried_again(self, channel: Channel) -> None:
        error = failure(channel, busy(channel))

        assert error.retryable
        assert error.reason is Reason.UNAVAILABLE
        assert error.status in {503, 451, 75, None}

    def test_X4_no_failure_shows_a_secret(self, channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        failures = [failure(channel, place) for place in unhappy(channel)]
        logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the test's server
        told = ["".join(traceback.format_exception(error)) + repr(error) for error in failures]
        shown = "".join(logged + told)

        assert [secret for secret in SECRETS if secret in shown] == []

    def test_X4_no_repr_shows_a_secret(self, channel: Channel) -> None:
        async def run() -> str:
            async with sender(channel, 1) as channel_sender:
                return repr(channel_sender) + repr(vars(channel_sender).get("_server"))

        shown = asyncio.run(run())

        assert [secret for secret in SECRETS if secret in shown] == []

    @pytest.mark.untraced
    @pytest.mark.parametrize(
        "poison",
        [
            "Titre\r\nBcc: intrus@example.org\r\n\r\ncorps",
            "Titre\x85X-Injecte: oui\u2028X-Injecte: oui\x0bX\x0cY",
            "NUL \x00 et \ud800 demi-paire \udfff",
            "a" * 10_000,
            "é" * 10_000,
            "<!channel> & <https://evil.example|clic> " * 300,
            "\u202eeluor al ed\u202c " * 50,
            "",
            "=?utf-8?q?faux?= " * 40,
            "🟠" * 3000,
        ],
    )
    def test_O1_a_poison_title_prevents_no_delivery(self, channel: Channel, poison: str) -> None:
        async def run() -> Receipt:
            async with accepting(channel) as place, sender(channel, place) as channel_sender:
                rendered = channel_sender.render(hostile(poison), MESSAGE_ID)
                return await channel_sender.send(delivery(rendered, channel))

        assert asyncio.run(run()).refused == ()

    @pytest.mark.untraced
    @pytest.mark.parametrize(
        "poison", ["", "a\r\nBcc: x@example.org\r\n\r\nb\x00\ud800", "<!channel> `&` " * 300, "🟠" * 3000]
    )
    def test_O1_a_poison_error_of_a_rule_prevents_no_delivery(self, channel: Channel, poison: str) -> None:
        async def run() -> Receipt:
            async with accepting(channel) as place, sender(channel, place) as channel_sender:
                rendered = channel_sender.render(refused_for(poison), MESSAGE_ID)
                return await channel_sender.send(delivery(rendered, channel))

        assert asyncio.run(run()).refused == ()

    @pytest.mark.untraced
    @pytest.mark.parametrize(
        "poison", ["", "a\r\nBcc: x@example.org\r\n\r\nb\x00\ud800", "<!channel> `&` " * 300, "🟠" * 3000]
    )
    def test_O1_a_poison_source_prevents_no_delivery(self, channel: Channel, poison: str) -> None:
        async def run() -> Receipt:
            async with accepting(channel) as place, sender(channel, place) as channel_sender:
                rendered = channel_sender.render(incident_for(poison), MESSAGE_ID)
                return await channel_sender.send(delivery(rendered, channel))

        assert asyncio.run(run()).refused == ()


@pytest.mark.parametrize("channel", NETWORKED)
class TestNetwork:
    """What every channel that goes over the network promises beside."""

    def test_a_receiver_that_is_gone_or_refuses_is_not_tried_again(self, channel: Channel) -> None:
        assert not failure(channel, refusing(channel)).retryable

    @pytest.mark.parametrize(
        ("handler", "reasons"),
        [
            (hang, {Reason.TIMEOUT}),
            (reset, {Reason.CONNECTION, Reason.PROTOCOL}),
            (garbage, {Reason.PROTOCOL, Reason.CONNECTION, Reason.UNAVAILABLE}),
        ],
    )
    def test_a_silent_cut_or_senseless_answer_is_tried_again(
        self, channel: Channel, handler: Handler, reasons: set[Reason]
    ) -> None:
        error = failure(channel, tcp(handler))

        assert error.retryable
        assert error.reason in reasons

    def test_nobody_listening_is_tried_again(self, channel: Channel) -> None:
        async def closed_port() -> int:
            async with tcp(hang) as port:
                return port

        port = asyncio.run(closed_port())

        async def run() -> None:
            async with sender(channel, port) as channel_sender:
                await channel_sender.send(delivery(channel_sender.render(alert(), MESSAGE_ID), channel))

        with pytest.raises(DeliveryError) as caught:
            asyncio.run(run())

        assert (Reason.CONNECTION, True) == (caught.value.reason, caught.value.retryable)

    def test_S8_a_private_destination_is_refused_until_it_is_allowed(self, channel: Channel) -> None:
        receiver = accepting(channel)
        error = failure(channel, receiver, allow=())

        assert (Reason.ADDRESS_REFUSED, True) == (error.reason, error.retryable)

    def test_X4_S8_a_refused_address_is_no_secret_told(self, channel: Channel) -> None:
        error = failure(channel, accepting(channel), allow=())
        shown = "".join(traceback.format_exception(error)) + repr(error)

        assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("channel", [*NETWORKED, Channel.APPRISE, Channel.COMMAND])
def test_a_cancelled_attempt_ends_at_once(channel: Channel) -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        async with hanging(channel) as place, sender(channel, place) as channel_sender:
            message = delivery(channel_sender.render(alert(), MESSAGE_ID), channel)
            task = asyncio.ensure_future(channel_sender.send(message))
            await asyncio.sleep(0.05)
            task.cancel()
            began = loop.time()
            with pytest.raises(asyncio.CancelledError):
                await task
            return loop.time() - began

    assert asyncio.run(run()) < 0.3
