from __future__ import annotations

import json
import smtplib
import socket
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

from monitor.demo import Answer, MailReceiver, Received, Receivers, Request, SlackReceiver, WebhookReceiver, background
from monitor.demo.receivers import signature_problem
from monitor.model import Channel
from monitor.settings import PREFIX, Settings
from tests.monitor.demo.clients import Reply, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW_S = 1_770_000_000
PAYLOAD = {"type": "story.alert.new", "data": {"story": {"title": "Kharkiv", "sources": [{"url": "http://x/a.html"}]}}}


@contextmanager
def listening(receiver: WebhookReceiver | MailReceiver | Receivers) -> Iterator[None]:
    with background() as loop:
        loop.run(receiver.start())
        try:
            yield
        finally:
            loop.run(receiver.stop())


def signed(secret: str, *, body: str | None = None, at_s: int = NOW_S, identity: str = "msg_1") -> Request:
    text = json.dumps(PAYLOAD) if body is None else body
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(at_s),
        "webhook-signature": "v1,x " + Webhook(secret).sign(identity, datetime.fromtimestamp(at_s, UTC), text),
    }
    return Request("POST", "/", headers, text.encode())


def post(receiver: WebhookReceiver, request: Request) -> Reply:
    return ask(receiver.url, method=request.method, headers=request.headers, body=request.body)


def test_a_signed_webhook_is_taken_and_told() -> None:
    told: list[Received] = []
    receiver = WebhookReceiver(on_alert=told.append, now_s=lambda: NOW_S + 10)
    with listening(receiver):
        status = post(receiver, signed(receiver.secret)).status

    assert (200, receiver.received) == (status, told)
    assert (Channel.WEBHOOK, "msg_1", PAYLOAD) == (told[0].channel, told[0].identity, told[0].payload)
    assert "http://x/a.html" in told[0].text


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"webhook-signature": "v1,AAAA"}, "wrong webhook-signature"),
        ({"webhook-id": "other"}, "wrong webhook-signature"),
        ({"webhook-id": "a.b"}, "no webhook-id or webhook-timestamp"),
        ({"webhook-timestamp": ""}, "no webhook-id or webhook-timestamp"),
        ({"webhook-timestamp": str(NOW_S - 301)}, "webhook-timestamp too far from now"),
    ],
)
def test_a_webhook_that_is_not_signed_right_is_refused(change: dict[str, str], problem: str) -> None:
    secret = WebhookReceiver().secret
    request = signed(secret)

    assert problem == signature_problem(
        Request("POST", "/", {**request.headers, **change}, request.body), secret, now_s=NOW_S
    )


def test_a_refusal_is_kept() -> None:
    receiver = WebhookReceiver()
    with listening(receiver):
        statuses = [ask(receiver.url).status, ask(receiver.url, method="POST", body=b"{}").status]

    assert [400, 400] == statuses
    assert ["not POST", "no webhook-id or webhook-timestamp"] == receiver.problems
    assert receiver.received == []


def test_a_receiver_may_be_flaky() -> None:
    receiver = WebhookReceiver(decide=lambda number, _request: Answer(503) if number == 1 else None)
    with listening(receiver):
        statuses = [post(receiver, signed(receiver.secret)).status for _ in range(2)]

    assert [503, 200] == statuses
    assert (2, 1) == (len(receiver.requests), len(receiver.received))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"text": "Alerte", "blocks": [{"type": "section"}]}', (200, b"ok")),
        (b"texte", (400, b"invalid_payload")),
        (b"[]", (400, b"no_text")),
        (b'{"blocks": [{"type": "section"}]}', (400, b"no_text")),
        (b'{"text": "Alerte", "blocks": [{}]}', (400, b"invalid_blocks")),
        (b'{"text": "Alerte", "blocks": []}', (400, b"invalid_blocks")),
        (json.dumps({"text": "Alerte", "blocks": [{"type": "divider"}] * 51}).encode(), (400, b"invalid_blocks")),
    ],
)
def test_slack_takes_blocks_with_a_text(body: bytes, answer: tuple[int, bytes]) -> None:
    receiver = SlackReceiver()
    with listening(receiver):
        reply = ask(receiver.url, method="POST", body=body)

    assert answer == (reply.status, reply.body)


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Veille : Kharkiv évacuée"
    mail["From"] = "veille@demo.example"
    mail["To"] = "desk@demo.example"
    mail["Message-ID"] = "<al_1@demo.example>"
    mail.set_content("À lire : http://x/a.html")
    mail.add_alternative("<p>À lire</p>", subtype="html")
    return mail


def test_a_mail_is_taken_with_its_words() -> None:
    receiver = MailReceiver()
    with listening(receiver), smtplib.SMTP("127.0.0.1", receiver.port, timeout=10) as client:
        client.send_message(message())

    got = receiver.received[0]
    assert (Channel.MAIL, "<al_1@demo.example>") == (got.channel, got.identity)
    assert "Kharkiv évacuée" in got.text
    assert "À lire : http://x/a.html" in got.text
    assert receiver.messages[0]["To"] == "desk@demo.example"


def test_a_mail_server_may_be_flaky() -> None:
    receiver = MailReceiver(decide=lambda number: "451 4.7.1 plus tard" if number == 1 else None)
    with listening(receiver), smtplib.SMTP("127.0.0.1", receiver.port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.send_message(message())
        client.send_message(message())

    assert (451, 1) == (refused.value.smtp_code, len(receiver.received))


def test_the_settings_of_the_receivers_are_settings_of_veille() -> None:
    receivers = Receivers()
    with listening(receivers):
        names = {name.removeprefix(PREFIX).lower() for name in receivers.settings()}

    assert names <= set(Settings.model_fields)
    assert receivers.received == ()


def test_a_mail_server_that_stops_hangs_up_on_who_is_still_talking() -> None:
    receiver = MailReceiver()
    with listening(receiver):
        client = socket.create_connection(("127.0.0.1", receiver.port), timeout=5)
        greeting = client.recv(1000)
    with client, suppress(ConnectionResetError):
        assert client.recv(1) == b""

    assert greeting.startswith(b"220 ")


def test_receivers_that_never_started_may_be_stopped() -> None:
    with background() as loop:
        loop.run(MailReceiver().stop())
