"""Every status, and every way in which an answer can go wrong, through every channel that posts."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from monitor.errors import DeliveryError, Reason
from monitor.model import Channel, Receipt
from tests.monitor.deliver.benches import NETWORKED, sender
from tests.monitor.deliver.samples import alert, delivery
from tests.monitor.deliver.servers import HttpReceiver
from tests.monitor.tcp import Handler, tcp

POSTING = [channel for channel in NETWORKED if channel is not Channel.MAIL]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"

# Those of RFC 9110 that a server may end with, those that proxies invent, and some that nobody ever defined.
REFUSED = [400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 417, 418, 421, 422, 423, 424, 426]
REFUSED += [428, 431, 444, 451, 460, 499]
PASSING = [408, 425, 429, 500, 501, 502, 503, 504, 505, 506, 507, 508, 511, 520, 522, 524, 526, 530, 599]
REDIRECTS = [300, 301, 302, 303, 304, 305, 307, 308]


async def post(channel: Channel, handler: Handler) -> Receipt | DeliveryError:
    """Send one message to a server, once."""
    async with tcp(handler) as port, sender(channel, port) as channel_sender:
        try:
            return await channel_sender.send(delivery(channel_sender.render(alert(), "msg_1"), channel))
        except DeliveryError as error:
            return error


def answers(channel: Channel, statuses: list[int]) -> dict[int, Receipt | DeliveryError]:
    async def run() -> dict[int, Receipt | DeliveryError]:
        return {status: await post(channel, HttpReceiver(status=status)) for status in statuses}

    return asyncio.run(run())


def failures(channel: Channel, statuses: list[int]) -> dict[int, DeliveryError]:
    got = answers(channel, statuses)
    failed = {status: error for status, error in got.items() if isinstance(error, DeliveryError)}

    assert statuses == list(failed)
    assert failed == {status: error for status, error in failed.items() if error.status == status}
    return failed


def outcome(channel: Channel, handler: Handler) -> Receipt | DeliveryError:
    return asyncio.run(post(channel, handler))


async def request(reader: asyncio.StreamReader) -> None:
    """Read a request to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))


@pytest.mark.parametrize("channel", POSTING)
class TestHttp:
    """What every channel that posts promises."""

    def test_D6_a_2xx_is_success(self, channel: Channel) -> None:
        got = answers(channel, [200, 201, 202, 203, 206, 226])

        assert {status: Receipt(status=status) for status in got} == got

    def test_D6_a_redirect_is_a_failure_and_is_not_followed(self, channel: Channel) -> None:
        receiver = HttpReceiver(headers={"location": "/ailleurs"})

        async def run() -> list[Receipt | DeliveryError]:
            got = []
            for receiver.status in REDIRECTS:
                got.append(await post(channel, receiver))
            return got

        got = asyncio.run(run())

        assert all(isinstance(error, DeliveryError) and error.retryable for error in got)
        assert len(REDIRECTS) == len(receiver.requests)
        assert {"/ailleurs"}.isdisjoint(target.split()[1] for target, _, _ in receiver.requests)

    def test_D1_what_may_pass_is_tried_again(self, channel: Channel) -> None:
        assert all(error.retryable for error in failures(channel, PASSING).values())

    def test_D6_what_is_refused_is_told_and_410_is_for_good(self, channel: Channel) -> None:
        failed = failures(channel, REFUSED)

        assert not failed[410].retryable
        assert (Reason.AUTH, Reason.GONE) == (failed[401].reason, failed[410].reason)

    @pytest.mark.parametrize("status", [429, 503])
    def test_D6_retry_after_is_handed_on(self, channel: Channel, status: int) -> None:
        error = outcome(channel, HttpReceiver(status=status, headers={"retry-after": "120"}))

        assert isinstance(error, DeliveryError)
        assert (timedelta(seconds=120), True) == (error.retry_after, error.retryable)

    def test_D4_an_answer_that_is_cut_after_its_status_counts(self, channel: Channel) -> None:
        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(OK + b"content-length: 500\r\n\r\nok")
            await writer.drain()

        assert Receipt(status=200) == outcome(channel, cut)

    def test_R5_D4_a_huge_answer_is_not_read_to_its_end(self, channel: Channel) -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await request(reader)
            writer.write(OK + b"content-length: 1000000000\r\n\r\n")
            with contextlib.suppress(OSError):
                while True:
                    writer.write(b"a" * 65_536)
                    await writer.drain()
                    sent += 65_536

        assert Receipt(status=200) == outcome(channel, flood)
        assert sent < 50_000_000

    def test_D4_a_body_that_drips_is_cut_and_counts(self, channel: Channel) -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(OK + b"transfer-encoding: chunked\r\n\r\n")
            with contextlib.suppress(OSError):
                while True:
                    writer.write(b"1\r\na\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.02)

        assert Receipt(status=200) == outcome(channel, drip)

    def test_D9_headers_that_drip_are_given_up_on(self, channel: Channel) -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n")
            with contextlib.suppress(OSError):
                while True:
                    writer.write(b"x-more: a\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.02)

        error = outcome(channel, drip)

        assert isinstance(error, DeliveryError)
        assert (Reason.TIMEOUT, True) == (error.reason, error.retryable)

    @pytest.mark.parametrize(
        "answer", [b"", b"HTTP/1.1 ", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000]
    )
    def test_D1_an_answer_without_a_status_is_tried_again(self, channel: Channel, answer: bytes) -> None:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(answer)
            await writer.drain()

        error = outcome(channel, say)

        assert isinstance(error, DeliveryError)
        assert error.retryable
        assert error.reason in {Reason.CONNECTION, Reason.PROTOCOL}

    @pytest.mark.parametrize("status", [101, 103])
    def test_D4_an_interim_answer_is_no_success(self, channel: Channel, status: int) -> None:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(f"HTTP/1.1 {status} Well\r\n\r\n".encode())
            await writer.drain()

        error = outcome(channel, say)

        assert isinstance(error, DeliveryError)
        assert error.retryable
