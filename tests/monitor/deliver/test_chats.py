"""Mattermost, Teams, Discord and ntfy: their limits, and that text from outside means nothing but itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver import discord, mattermost, ntfy, teams
from monitor.errors import DeliveryError, Reason
from monitor.model import Alert, Channel
from monitor.settings import Language
from rules.types import Level
from tests.monitor.deliver.benches import TOKEN, TOPIC, URL_SECRET, sender
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import (
    INCIDENTS,
    MATCH,
    RETITLED,
    STORY,
    TROUBLES,
    UNDELIVERED,
    VERDICT,
    alert,
    delivery,
    hostile,
    incident_for,
    other,
    recap,
    recap_of,
    refused,
    refused_for,
    trouble_for,
    undelivered_for,
    updated,
)
from tests.monitor.deliver.servers import HttpReceiver
from tests.monitor.tcp import tcp

CHATS = (Channel.MATTERMOST, Channel.TEAMS, Channel.DISCORD, Channel.NTFY)
EVERY_ALERT = (
    alert(),
    recap(3, 9),
    refused(errors=12),
    updated(RETITLED),
    updated(RETITLED, level=None),
    *INCIDENTS.values(),
    *TROUBLES.values(),
    *UNDELIVERED.values(),
)


def body(channel: Channel, planned: Alert, language: Language = Language.FR) -> bytes:
    async def run() -> bytes:
        async with sender(channel, 1, language=language) as made:
            return made.render(planned, "unused").body

    return asyncio.run(run())


def rendered(channel: Channel, planned: Alert, language: Language = Language.FR) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(body(channel, planned, language))
    return message


def told(value: object) -> str:
    """Return every text of a message, a line each."""
    if isinstance(value, dict):
        return "\n".join(map(told, value.values()))
    return "\n".join(map(told, value)) if isinstance(value, list) else str(value)


def posted(channel: Channel, receiver: HttpReceiver, planned: Alert | None = None) -> tuple[str, dict[str, str], bytes]:
    """Send an alert, and return what the receiver got."""

    async def run() -> None:
        async with tcp(receiver) as port, sender(channel, port) as made:
            await made.send(delivery(made.render(planned or alert(), "unused"), channel))

    asyncio.run(run())
    return receiver.requests[-1]


def refusal(channel: Channel, receiver: HttpReceiver) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        posted(channel, receiver)
    return caught.value


def elements(value: object) -> Iterator[dict[str, Any]]:
    """Yield every element of a card."""
    if isinstance(value, dict):
        if "type" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from elements(item)


def assert_within_limits(channel: Channel, planned: Alert) -> None:
    """O2: what each service documents."""
    message = rendered(channel, planned)
    if channel is Channel.MATTERMOST:
        assert len(message["attachments"][0]["text"]) <= mattermost.MAX_CHARS
        assert len(message["text"]) <= 2000
        assert message["attachments"][0]["fallback"]
    elif channel is Channel.TEAMS:
        assert len(body(channel, planned)) <= teams.MAX_BYTES
        runs = [element for element in elements(message) if element["type"] == "TextRun"]
        assert runs
        assert all(run["text"] for run in runs)
    elif channel is Channel.DISCORD:
        assert 0 < len(message["content"]) <= discord.MAX_CONTENT
        assert 0 < len(message["embeds"][0]["description"].encode("utf-16-le")) / 2 <= discord.MAX_DESCRIPTION
    else:
        assert 0 < len(message["message"].encode()) <= ntfy.MAX_BYTES
        assert message["title"]


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize(
    ("name", "planned"), [("alert", alert()), ("raised", updated(RETITLED)), ("recap", recap(3, 9))]
)
def test_the_reader_receives_what_was_agreed(channel: Channel, name: str, planned: Alert, golden: Golden) -> None:
    golden(f"{channel}-{name}-fr.json", json.dumps(rendered(channel, planned), ensure_ascii=False, indent=2) + "\n")


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize("language", list(Language))
def test_every_alert_is_told_in_both_languages(channel: Channel, language: Language) -> None:
    for planned in EVERY_ALERT:
        assert planned.id.removeprefix("al_") in told(rendered(channel, planned, language))


@pytest.mark.untraced
@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize(
    "planned",
    [
        *EVERY_ALERT,
        *(
            make(text)
            for make in (hostile, refused_for, incident_for, trouble_for, undelivered_for)
            for text in ("&" * 4000, "🟠" * 3000, "*_`[]()<>|~#@" * 300, '"\\' * 2000)
        ),
        recap_of([(replace(story, title="🟠" * 400), match) for story, match in map(other, range(20))], 100),
    ],
)
def test_O2_no_message_goes_over_the_limits(channel: Channel, planned: Alert) -> None:
    assert_within_limits(channel, planned)


@settings(deadline=None, max_examples=15)
@given(
    text=st.text(max_size=300).map(lambda text: text * 30),
    make=st.sampled_from([hostile, refused_for, incident_for, trouble_for, undelivered_for]),
)
def test_O2_no_text_goes_over_the_limits(text: str, make: Callable[[str], Alert]) -> None:
    for channel in CHATS:
        assert_within_limits(channel, make(text))


@pytest.mark.parametrize("channel", CHATS)
def test_O2_what_does_not_fit_is_counted(channel: Channel) -> None:
    fat = [(replace(story, title="é" * 250), match) for story, match in map(other, range(20))]
    message = told(rendered(channel, recap_of(fat * 5, 100)))
    shown = message.count("é" * 249)

    assert 0 < shown <= 20
    assert f"et {100 - shown} de plus" in message


@pytest.mark.parametrize("make", [hostile, refused_for, incident_for])
def test_O1_nobody_is_mentioned_in_mattermost(make: Callable[[str], Alert]) -> None:
    message = told(rendered(Channel.MATTERMOST, make("@channel @here @all @desk")))

    assert "channel" in message
    assert not [name for name in ("@channel", "@here", "@all", "@desk") if name in message]


@pytest.mark.parametrize("make", [hostile, refused_for, incident_for])
def test_O1_nobody_is_mentioned_in_discord(make: Callable[[str], Alert]) -> None:
    assert rendered(Channel.DISCORD, make("@everyone <@1>"))["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("channel", [Channel.MATTERMOST, Channel.DISCORD])
def test_O1_a_title_can_forge_no_link_and_no_bold(channel: Channel) -> None:
    message = told(rendered(channel, alert(MATCH, replace(STORY, title="**x** [ici](https://evil.example)"))))

    assert r"\*\*x\*\* \[ici\](https\://evil.example)" in message


def test_O1_teams_sees_no_markdown_and_no_mention() -> None:
    message = rendered(Channel.TEAMS, hostile("**x** [ici](https://evil.example) <at>Desk</at>"))
    texts = [element for element in elements(message) if "text" in element]

    assert {"TextRun"} == {element["type"] for element in texts}
    assert not [element for element in elements(message) if "entities" in element.get("msteams", {})]


def test_O6_an_address_that_is_none_is_no_link() -> None:
    story = replace(STORY, sources=(replace(STORY.sources[0], url="javascript:alert(1)"),))
    messages = [rendered(channel, alert(MATCH, story)) for channel in CHATS]

    assert "javascript" not in told(messages)
    assert "click" not in messages[-1]


@pytest.mark.parametrize(
    ("level", "priority"), [(Level.CRITICAL, 5), (Level.HIGH, 4), (Level.MEDIUM, 3), (Level.LOW, 2)]
)
def test_a_push_is_as_urgent_as_its_level(level: Level, priority: int) -> None:
    planned = alert(replace(MATCH, verdict=replace(VERDICT, level=level)))

    assert rendered(Channel.NTFY, planned)["priority"] == priority
    assert rendered(Channel.NTFY, recap())["priority"] == 3


def test_X4_the_topic_is_sent_and_not_stored() -> None:
    _, headers, content = posted(Channel.NTFY, HttpReceiver())

    assert {"topic": TOPIC, **rendered(Channel.NTFY, alert())} == json.loads(content)
    assert TOPIC.encode() not in body(Channel.NTFY, alert())
    assert headers["authorization"] == f"Bearer {TOKEN}"


def test_a_topic_that_is_open_needs_no_token() -> None:
    assert ntfy.NtfySender(name="n", url="u", topic=TOPIC, words=None, client=None)._headers() == {}  # type: ignore[arg-type]  # not used


@pytest.mark.parametrize(
    ("url", "posted_to"),
    [
        ("https://discord.com/api/webhooks/1/x", "https://discord.com/api/v10/webhooks/1/x?wait=true"),
        ("https://discord.com/api/v6/webhooks/1/x?wait=false#a", "https://discord.com/api/v10/webhooks/1/x?wait=true"),
        ("https://relay.example/api/x?a=1", "https://relay.example/api/x?a=1&wait=true"),
    ],
)
def test_discord_answers_when_the_message_stands(url: str, posted_to: str) -> None:
    assert posted_to == discord.executing(url)


def test_an_accepted_card_may_not_stand_yet() -> None:
    target, _, content = posted(Channel.TEAMS, HttpReceiver(status=202))

    assert URL_SECRET in target
    assert json.loads(content)["type"] == "message"


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (400, False),
        (401, False),
        (403, False),
        (404, False),
        (413, False),
        (408, True),
        (429, True),
        (500, True),
        (502, True),
        (302, True),
    ],
)
def test_what_a_service_refuses_is_not_tried_again(channel: Channel, status: int, *, retryable: bool) -> None:
    error = refusal(channel, HttpReceiver(status=status))

    assert (retryable, status) == (error.retryable, error.status)


@pytest.mark.parametrize("channel", CHATS)
def test_D10_a_rate_limit_says_how_long_to_wait(channel: Channel) -> None:
    error = refusal(channel, HttpReceiver(status=429, headers={"retry-after": "30"}, body=b"[]"))

    assert (Reason.RATE_LIMITED, timedelta(seconds=30)) == (error.reason, error.retry_after)


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (b'{"retry_after": 0.75, "global": false}', 0.75),
        (b'{"retry_after": -1}', 2.0),
        (b'{"retry_after": "x"}', 2.0),
        (b"{", 2.0),
    ],
)
def test_D10_discord_says_in_its_body_how_long_to_wait(answer: bytes, wait_s: float) -> None:
    error = refusal(Channel.DISCORD, HttpReceiver(status=429, headers={"retry-after": "2"}, body=answer))

    assert error.retry_after == timedelta(seconds=wait_s)


@pytest.mark.parametrize(
    ("channel", "answer", "said"),
    [
        (Channel.DISCORD, b'{"message": "un jeton", "code": 50027}', "(code 50027)"),
        (Channel.DISCORD, b'{"message": "un jeton", "code": 0}', "400"),
        (Channel.NTFY, b'{"code": 40301, "http": 403, "error": "un jeton"}', "(code 40301)"),
        (
            Channel.TEAMS,
            b'{"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "un jeton"}}',
            "(WorkflowTrigger",
        ),
        (Channel.TEAMS, b'{"error": {"code": "un jeton"}}', "400"),
        (Channel.TEAMS, b'{"error": "un jeton"}', "400"),
        (Channel.MATTERMOST, b'{"message": "un jeton"}', "400"),
    ],
)
def test_X4_only_a_services_code_is_shown(channel: Channel, answer: bytes, said: str) -> None:
    error = str(refusal(channel, HttpReceiver(status=400, body=answer)))

    assert said in error
    assert "jeton" not in error
