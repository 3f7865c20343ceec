"""Slack by a bot: what it posts is updated in place, and told below where that should ring."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata

from monitor.deliver import make_channels, slack
from monitor.deliver.pace import Pace
from monitor.deliver.slack_blocks import MAX_CHARS
from monitor.deliver.slack_bot import SlackBotSender
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Alert, Channel, Delivery, NotificationReason, Receipt, Receiver
from monitor.receivers import OptionValue, Secret
from monitor.settings import Settings
from monitor.store import OutboxItem, Store
from tests.monitor.deliver.benches import DEADLINE_S, LOOPBACK_NETWORK, words
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import NOW, RETITLED, alert, delivery, hostile, incident_for, recap, refused, updated
from tests.monitor.deliver.servers import LOOPBACK, garbage, hang, reset
from tests.monitor.tcp import Handler, tcp

TOKEN = "xoxb-1234-secret7K2Q"
TS = "1715836327.000100"
THREAD = f"C1/{TS}"


@dataclass
class SlackApi:
    """Answers each method as it is told to, and remembers what it was asked."""

    answers: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    authorization: set[str] = field(default_factory=set)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in head.split("\r\n")[1:-2])}
            method = head.split(" ")[1].rpartition("/")[2]
            arguments = json.loads(await reader.readexactly(int(headers["content-length"])))
            self.authorization.add(headers["authorization"])
            told = self.answers.get(method, ())
            place = min(sum(name == method for name, _ in self.asked), len(told) - 1)
            self.asked.append((method, arguments))
            answer = told[place] if told else {"ok": True, "channel": "C1", "ts": TS}
            body = json.dumps(answer).encode() if self.body is None else self.body
            lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            writer.write(f"HTTP/1.1 {self.status} Told\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body)
            await writer.drain()

    def calls(self) -> list[tuple[str, str | None]]:
        """Return the methods that were called, each with the message it is about."""
        return [(method, arguments.get("ts") or arguments.get("thread_ts")) for method, arguments in self.asked]


def bot(client: HttpClient | None, port: int = 1) -> SlackBotSender:
    return SlackBotSender(
        name="slack",
        token=TOKEN,
        channel="C0DESK",
        words=words(),
        client=client,  # type: ignore[arg-type]  # not used where only rendering is
        deadline_s=DEADLINE_S,
        pace=Pace(interval_s=0),
        update_pace=Pace(interval_s=0),
        api=f"http://{LOOPBACK}:{port}/api/",
    )


def rendered(planned: Alert) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(bot(None).render(planned, "msg_1").body)
    return message


def owed(planned: Alert, thread: str | None = None, *, is_overtaken: bool = False) -> Delivery:
    made = delivery(bot(None).render(planned, "msg_1"), Channel.SLACK, planned)
    return replace(made, thread=thread, is_overtaken=is_overtaken)


def sent(server: Handler, made: Delivery | None = None, *, allow: object = LOOPBACK_NETWORK) -> Receipt:
    async def run() -> Receipt:
        async with tcp(server) as port, HttpClient(user_agent="t", allow_networks=allow) as client:  # type: ignore[arg-type]  # networks
            return await bot(client, port).send(made or owed(alert()))

    return asyncio.run(run())


def failure(server: Handler, made: Delivery | None = None, **options: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sent(server, made, **options)
    return caught.value


def refused_with(word: str, **options: Any) -> DeliveryError:
    return failure(SlackApi({"chat.postMessage": [{"ok": False, "error": word}]}, **options))


def grown() -> Alert:
    """Return an update that should ring nobody."""
    return replace(updated(RETITLED), reason=NotificationReason.FIRST_ALERT)


def test_a_first_message_is_posted_and_its_identity_kept() -> None:
    api = SlackApi()
    receipt = sent(api)
    [(method, arguments)] = api.asked

    assert ("chat.postMessage", "C0DESK") == (method, arguments["channel"])
    assert (200, THREAD) == (receipt.status, receipt.external_id)
    assert api.authorization == {f"Bearer {TOKEN}"}
    assert rendered(alert()) == {name: value for name, value in arguments.items() if name != "channel"}


def test_an_answer_without_an_identity_is_an_acceptance_all_the_same() -> None:
    assert sent(SlackApi({"chat.postMessage": [{"ok": True}]})).external_id is None


@pytest.mark.parametrize("planned", [updated(RETITLED), updated(RETITLED, level=None)])
def test_an_update_that_rings_changes_the_message_and_is_told_below_it(planned: Alert) -> None:
    api = SlackApi()
    receipt = sent(api, owed(planned, THREAD))
    (_, changed), (_, reply) = api.asked

    assert [("chat.update", TS), ("chat.postMessage", TS)] == api.calls()
    assert receipt.external_id == THREAD
    assert {changed["channel"], reply["channel"]} == {"C1"}
    assert changed["blocks"] == rendered(planned)["blocks"]
    assert reply["text"] == changed["text"]
    assert len(reply["blocks"]) == 3


def test_an_update_that_rings_nobody_only_changes_the_message() -> None:
    api = SlackApi()
    sent(api, owed(grown(), THREAD))

    assert [("chat.update", TS)] == api.calls()


def test_an_update_of_what_was_never_sent_is_a_message_of_its_own() -> None:
    api = SlackApi()
    receipt = sent(api, owed(updated(RETITLED)))

    assert [("chat.postMessage", None)] == api.calls()
    assert "reply" not in api.asked[0][1]
    assert receipt.external_id == THREAD


@pytest.mark.parametrize("word", ["message_not_found", "edit_window_closed", "not_in_channel"])
def test_an_update_of_what_cannot_be_changed_is_a_message_of_its_own(word: str) -> None:
    api = SlackApi({"chat.update": [{"ok": False, "error": word}]})
    sent(api, owed(updated(RETITLED), THREAD))

    assert [("chat.update", TS), ("chat.postMessage", None)] == api.calls()


def test_an_update_that_is_refused_otherwise_is_no_second_message() -> None:
    api = SlackApi({"chat.update": [{"ok": False, "error": "invalid_auth"}]})
    error = failure(api, owed(updated(RETITLED), THREAD))

    assert (Reason.AUTH, [("chat.update", TS)]) == (error.reason, api.calls())


def test_an_overtaken_update_never_undoes_a_later_one() -> None:
    ringing, growth = SlackApi(), SlackApi()
    sent(ringing, owed(updated(RETITLED), THREAD, is_overtaken=True))
    receipt = sent(growth, owed(grown(), THREAD, is_overtaken=True))

    assert [("chat.postMessage", TS)] == ringing.calls()
    assert [] == growth.calls()
    assert receipt.external_id == THREAD


def test_D4_an_update_whose_reply_failed_is_made_again_whole() -> None:
    api = SlackApi({"chat.postMessage": [{"ok": False, "error": "internal_error"}]})
    error = failure(api, owed(updated(RETITLED), THREAD))

    assert error.retryable
    assert [("chat.update", TS), ("chat.postMessage", TS)] == api.calls()


@pytest.mark.parametrize(
    ("word", "reason", "hint"),
    [
        ("invalid_auth", Reason.AUTH, "set the token of a bot"),
        ("token_revoked", Reason.AUTH, "set the token of a bot"),
        ("missing_scope", Reason.AUTH, "chat:write"),
        ("channel_not_found", Reason.AUTH, "invite the bot"),
        ("not_in_channel", Reason.AUTH, "invite the bot"),
        ("is_archived", Reason.AUTH, "another channel"),
        ("restricted_action", Reason.AUTH, "administrators"),
        ("msg_too_long", Reason.REJECTED, "(msg_too_long)"),
        ("message_not_found", Reason.REJECTED, "(message_not_found)"),
    ],
)
def test_D6_what_slack_refuses_with_200_is_not_tried_again_and_says_what_to_do(
    word: str, reason: Reason, hint: str
) -> None:
    error = refused_with(word)

    assert (False, reason) == (error.retryable, error.reason)
    assert hint in str(error)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("rate_limited", Reason.RATE_LIMITED),
        ("ratelimited", Reason.RATE_LIMITED),
        ("internal_error", Reason.UNAVAILABLE),
        ("service_unavailable", Reason.UNAVAILABLE),
    ],
)
def test_what_passes_is_tried_again(word: str, reason: Reason) -> None:
    error = refused_with(word, headers={"retry-after": "30"})

    assert (True, reason, timedelta(seconds=30)) == (error.retryable, error.reason, error.retry_after)


@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"ok": "true"}', b'{"ok": false}', b'{"ok": false, "error": 7}'])
def test_an_answer_that_is_none_of_slacks_is_no_acceptance(body: bytes) -> None:
    error = failure(SlackApi(body=body))

    assert (True, Reason.PROTOCOL) == (error.retryable, error.reason)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [*((status, False) for status in (400, 403, 404, 410)), *((status, True) for status in (302, 408, 429, 500, 503))],
)
def test_every_status_is_judged(status: int, *, retryable: bool) -> None:
    error = failure(SlackApi(status=status, body=b'{"ok": true, "error": "no_service"}', headers={"retry-after": "9"}))

    assert (retryable, status) == (error.retryable, error.status)
    assert "(no_service)" in str(error)
    assert error.retry_after == (timedelta(seconds=9) if status in {429, 503} else error.retry_after)


@pytest.mark.parametrize("server", [hang, reset, garbage])
def test_a_silent_cut_or_senseless_answer_is_tried_again(server: Handler) -> None:
    assert failure(server).retryable


def test_X4_no_failure_shows_the_token() -> None:
    told = json.dumps({"ok": False, "error": TOKEN}).encode()
    failures = [
        refused_with(TOKEN),
        failure(SlackApi(status=410, body=told)),
        failure(SlackApi(status=503, body=told)),
        *map(failure, (hang, reset, garbage)),
        failure(SlackApi(), allow=()),
    ]
    shown = "".join("".join(traceback.format_exception(error)) + repr(error) for error in failures) + repr(bot(None))

    assert TOKEN not in shown


def test_D3_rendering_twice_gives_the_same_bytes() -> None:
    for planned in (alert(), recap(), updated(RETITLED)):
        assert bot(None).render(planned, "msg_1") == bot(None).render(planned, "msg_1")


@pytest.mark.parametrize(
    "poison", ["<!channel> <https://evil.example|ici> & " * 300, "🟠" * 3000, "\x00\ud800\r\n", ""]
)
def test_O1_a_poison_text_prevents_no_delivery(poison: str) -> None:
    for planned in (hostile(poison), incident_for(poison), refused()):
        assert sent(SlackApi(), owed(planned)).status == 200


@pytest.mark.parametrize("planned", [alert(), updated(RETITLED), updated(RETITLED, level=None), hostile("&" * 4000)])
def test_O2_slacks_own_models_take_message_and_reply(planned: Alert) -> None:
    message = rendered(planned)
    reply = message.pop("reply", None) or message

    for told in (message, reply):
        assert told["blocks"] == [block.to_dict() for block in Block.parse_all(told["blocks"])]
        assert len(json.dumps({name: told[name] for name in ("text", "blocks")}, ensure_ascii=False)) <= MAX_CHARS
        assert told["text"]
    assert Metadata(**message["metadata"]).to_dict() == message["metadata"]


def test_the_reader_receives_what_was_agreed(golden: Golden) -> None:
    told = json.dumps(rendered(updated(RETITLED)), ensure_ascii=False, indent=2) + "\n"

    golden("slack-bot-raised-fr.json", told)


def test_an_update_finds_its_message_after_a_restart(tmp_path: Path) -> None:
    api, receiver, first, later = SlackApi(), Receiver("slack", Channel.SLACK), alert(), updated(RETITLED)

    async def run() -> None:
        async with tcp(api) as port, HttpClient(user_agent="t", allow_networks=LOOPBACK_NETWORK) as client:
            for planned in (first, later):
                store, sender = Store.open(str(tmp_path / "veille.db")), bot(client, port)
                item = OutboxItem(receiver, planned.id, sender.render(planned, planned.id))
                store.record_alert(planned, [item], now=NOW)
                (claimed,) = store.claim_deliveries("slack", now=NOW, owner="moi", lease_s=60, limit=9)
                store.settle_sent(claimed.id, await sender.send(claimed), now=NOW)
                store.close()

    asyncio.run(run())

    assert [("chat.postMessage", None), ("chat.update", TS), ("chat.postMessage", TS)] == api.calls()


def made(**options: OptionValue) -> object:
    async def run() -> object:
        async with HttpClient(user_agent="t") as client:
            receiver = Receiver("desk", Channel.SLACK, tuple(options.items()))
            return make_channels(Settings.model_validate({}), [receiver], client)["desk"]

    return asyncio.run(run())


def test_a_receiver_with_a_token_is_a_bot() -> None:
    receiver = Receiver("desk", Channel.SLACK, (("token", Secret(TOKEN)), ("channel", "C0DESK")))
    end = slack.endpoint(receiver, Settings.model_validate({}))

    assert isinstance(made(token=Secret(TOKEN), channel="C0DESK"), SlackBotSender)
    assert isinstance(made(token=Secret(TOKEN), channel="#bureau-étranger"), SlackBotSender)
    assert ("slack.com", 443) == (end.host, end.port)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"channel": "C0DESK"}, "channel is for a bot"),
        ({"token": Secret(TOKEN)}, "channel must be the id"),
        ({"token": Secret(TOKEN), "channel": "deux mots"}, "channel must be the id"),
        ({"token": Secret("motdepasse"), "channel": "C0DESK"}, "token is none that Slack gives"),
        ({"token": Secret(TOKEN), "channel": "C0", "url": Secret("https://hooks.example/x")}, "give either url"),
    ],
)
def test_an_impossible_bot_is_named_and_no_secret_repeated(options: dict[str, OptionValue], what: str) -> None:
    with pytest.raises(SettingsError, match=f"VEILLE_ROUTES: receiver desk: {what}") as caught:
        made(**options)

    assert not [word for word in (TOKEN, "motdepasse", "hooks") if word in str(caught.value)]
