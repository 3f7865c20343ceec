"""Templates of the operator's: they write the message, in a sandbox, and what is wrong with them stops the start."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from monitor.deliver import make_channels
from monitor.deliver.webhook import WebhookSender
from monitor.errors import SettingsError
from monitor.http import HttpClient
from monitor.model import Alert, Channel, Receiver, Rendered
from monitor.receivers import OptionValue, Secret
from monitor.settings import Settings
from tests.monitor.deliver.benches import LOOPBACK_NETWORK, WEBHOOK_SECRET, FixedClock
from tests.monitor.deliver.samples import INCIDENTS, alert, delivery, hostile, recap, refused, updated
from tests.monitor.deliver.servers import HttpReceiver
from tests.monitor.tcp import tcp

URL = Secret("https://hooks.example/T0KEN")
PAGE = Path(__file__).parents[3] / "docs" / "channels.md"
[CHAT] = re.findall(r"```jinja\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def made(folder: Path, text: str | bytes | None, **options: OptionValue) -> WebhookSender:
    """Return the channel of a receiver of a routes file in a folder, with a template beside it."""
    if text is not None:
        (folder / "chat.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        options["template"] = "chat.json"

    async def make() -> WebhookSender:
        settings = Settings(routes=folder / "routes.yaml")
        receiver = Receiver("desk", Channel.WEBHOOK, (("url", URL), *options.items()))
        async with HttpClient(user_agent="veille/test") as client:
            channel = make_channels(settings, [receiver], client, clock=FixedClock())["desk"]
            assert isinstance(channel, WebhookSender)
            return channel

    return asyncio.run(make())


def error(folder: Path, text: str | bytes | None, **options: OptionValue) -> str:
    with pytest.raises(SettingsError, match="VEILLE_ROUTES: receiver desk: ") as caught:
        made(folder, text, **options)
    return str(caught.value)


def test_a_template_writes_the_message(tmp_path: Path) -> None:
    rendered = made(tmp_path, CHAT).render(alert(), "msg_1")
    told = json.loads(rendered.body)

    assert ("application/json", "msg_1", 24.1, "high") == (
        rendered.content_type,
        *(told[name] for name in ("id", "score", "level")),
    )
    assert told["title"].startswith("[Élevé] Axe Moscou–Pékin – ")
    assert "https://gazette.example/monde/visite?a=1&b=2" == told["link"]


@pytest.mark.parametrize("told", [recap(), refused(), updated(), *INCIDENTS.values(), hostile('"\\\n}{{ 7*7 }}{% x')])
def test_o1_a_template_writes_every_message_whatever_it_tells(tmp_path: Path, told: Alert) -> None:
    written = json.loads(made(tmp_path, CHAT).render(told, "msg_1").body)

    assert {"id", "title", "body", "link", "level"} <= written.keys()
    assert "49" not in written["title"]


def test_what_is_no_json_is_what_the_operator_says(tmp_path: Path) -> None:
    rendered = made(tmp_path, "{{ subject }}\n\n{{ text }}", content_type="text/plain; charset=utf-8").render(
        alert(), "m"
    )

    assert "text/plain; charset=utf-8" == rendered.content_type
    assert rendered.body.decode().startswith("[Élevé] Axe Moscou–Pékin – Poutine attendu")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n"a": {{ subject | tojson }\n}', "chat.json:2: "),
        (
            '{\n"a": {{ nothing }}\n}',
            "chat.json:2: 'nothing' is undefined (on a sample of story.alert.new",
        ),
        ('{"a": {{ data.story.title | tojson }}}', "has no attribute 'story' (on a sample of story.digest"),
        ('{"a": "{{ subject }}"}', "is no JSON: "),
        ("{{ subject.__class__.__mro__ }}", "chat.json:1: access to attribute '__class__' of 'str' object is unsafe."),
        ("{% include '/etc/passwd' %}", "chat.json:1: no loader for this environment specified"),
        ("{{ [1, 2] | random }}", "chat.json:1: No filter named 'random'."),
        ("{{ 1 / 0 }}", "chat.json:1: division by zero"),
        ("{% for i in range(60000) %}xx{% endfor %}", "120000 bytes, more than 100000"),
        ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "chat.json: nested too deep"),
        ("{% for i in [1] %}" * 25 + "{% endfor %}" * 25, "chat.json: nested too deep"),
        ("x" * 100_001, "chat.json: cannot be read: larger than 0.1 MB"),
        (b"\xff", "chat.json: cannot be read: line 1 is not UTF-8 text"),
    ],
)
def test_o7_a_template_that_can_never_work_stops_the_start(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in error(tmp_path, text)


def test_a_template_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    assert "chat.json: cannot be read: No such file" in error(tmp_path, None, template="chat.json")


def test_d1_where_a_template_fails_after_all_the_payload_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = '{% if "Poutine" in subject %}{{ nothing }}{% endif %}{}'
    caplog.set_level(logging.WARNING)
    rendered = made(tmp_path, text).render(alert(), "msg_1")

    assert ("application/json", alert().id) == (rendered.content_type, json.loads(rendered.body)["data"]["alert_id"])
    [record] = [vars(record) for record in caplog.records if record.message == "template_failed"]
    assert ("desk", alert().id) == (record["receiver"], record["alert_id"])
    assert "chat.json:1: 'nothing' is undefined; the payload is sent as it is" in record["error"]


def test_a_content_type_needs_a_template(tmp_path: Path) -> None:
    assert "content_type: without a template" in error(tmp_path, None, content_type="text/plain")


def test_an_impossible_content_type_stops_the_start(tmp_path: Path) -> None:
    assert "content_type: 'text/plain\\r\\nX: y' is none" in error(tmp_path, CHAT, content_type="text/plain\r\nX: y")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("X-Desk", "'X-Desk' is no header"),
        ("X Desk: a", "'X Desk: a' is no header"),
        ("X-Desk: a\r\nHost: b", "is no header"),
        ("Authorization: Bearer x", "Authorization is not yours to set: it is a secret, the option authorization"),
        ("Content-Type: text/plain", "Content-Type is not yours to set: say content_type"),
        ("webhook-id: 1", "webhook-id is not yours to set"),
    ],
)
def test_an_impossible_header_stops_the_start(tmp_path: Path, header: str, told: str) -> None:
    assert told in error(tmp_path, None, headers=(header,))


def test_x4_an_impossible_authorization_is_not_repeated(tmp_path: Path) -> None:
    told = error(tmp_path, None, authorization=Secret("Bearer s3cr3t\r\nX: y"))

    assert "authorization holds a character" in told
    assert "s3cr3t" not in told


def test_d5_what_a_template_writes_is_what_is_signed_and_headers_go_along(tmp_path: Path) -> None:
    receiver = HttpReceiver()
    (tmp_path / "chat.json").write_text(CHAT, encoding="utf-8")

    async def run() -> Rendered:
        async with (
            tcp(receiver) as port,
            HttpClient(user_agent="veille/test", allow_networks=LOOPBACK_NETWORK) as client,
        ):
            options: dict[str, OptionValue] = {
                "url": Secret(f"http://127.0.0.1:{port}/"),
                "secret": Secret(WEBHOOK_SECRET),
                "template": str(tmp_path / "chat.json"),
                "authorization": Secret("Bearer s3cr3t"),
                "headers": ("X-Desk: international",),
            }
            made = Receiver("desk", Channel.WEBHOOK, tuple(options.items()))
            channel = make_channels(Settings(), [made], client)["desk"]
            message = delivery(channel.render(alert(), "msg_1"), Channel.WEBHOOK)
            await channel.send(message)
            return message.rendered

    rendered = asyncio.run(run())
    ((_, headers, body),) = receiver.requests

    assert rendered.body == body
    assert Webhook(WEBHOOK_SECRET).verify(body, headers) == json.loads(body)
    assert ("Bearer s3cr3t", "international") == (headers["authorization"], headers["x-desk"])
