"""Slack messages, as slack-sdk's models judge them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from monitor.deliver.pace import Pace
from monitor.deliver.slack_blocks import MAX_CHARS
from monitor.errors import DeliveryError, Reason
from monitor.model import Alert, Channel
from monitor.settings import Language
from rules.types import Field, Snippet
from tests.monitor.deliver.benches import sender
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import (
    DIGESTS,
    INCIDENTS,
    MATCH,
    RETITLED,
    SPENT,
    STORY,
    TITLE,
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
    updated,
)
from tests.monitor.deliver.servers import HttpReceiver
from tests.monitor.tcp import tcp


def rendered(planned: Alert, language: Language = Language.FR) -> dict[str, Any]:
    async def run() -> bytes:
        async with sender(Channel.SLACK, 1, language=language) as channel:
            return channel.render(planned, "unused").body

    message: dict[str, Any] = json.loads(asyncio.run(run()))
    return message


def texts(message: dict[str, Any]) -> str:
    """Return every text that Slack would read as mrkdwn."""
    found = [block["text"]["text"] for block in message["blocks"] if "text" in block]
    found += [element["text"] for block in message["blocks"] for element in block.get("elements", ())]
    return "\n".join([message["text"], *found])


def assert_within_limits(message: dict[str, Any]) -> None:
    """O2: what Slack documents, and what it does not."""
    for block in Block.parse_all(message["blocks"]):
        assert block is not None
        block.to_dict()  # validates
    assert len(message["blocks"]) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in message["blocks"] if block["type"] == "section")
    assert all(len(block["text"]["text"]) <= 150 for block in message["blocks"] if block["type"] == "header")
    assert all(block["text"]["text"] for block in message["blocks"] if block["type"] == "section")
    assert len(json.dumps(message, ensure_ascii=False)) <= MAX_CHARS
    assert message["text"]


def refusal(receiver: HttpReceiver) -> DeliveryError:
    async def run() -> None:
        async with tcp(receiver) as port, sender(Channel.SLACK, port) as channel:
            await channel.send(delivery(channel.render(alert(), "unused"), Channel.SLACK))

    with pytest.raises(DeliveryError) as caught:
        asyncio.run(run())
    return caught.value


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("name", "planned"),
    [
        ("alert", alert()),
        ("spent", SPENT),
        ("recap", recap(3, 9)),
        ("refusal", refused(errors=12)),
        ("raised", updated(RETITLED, TITLE)),
        ("lost", updated(RETITLED, TITLE, level=None)),
        *INCIDENTS.items(),
        *TROUBLES.items(),
        *DIGESTS.items(),
        *UNDELIVERED.items(),
    ],
)
def test_the_reader_receives_what_was_agreed(name: str, planned: Alert, language: Language, golden: Golden) -> None:
    message = rendered(planned, language)

    assert_within_limits(message)
    golden(f"slack-{name}-{language}.json", json.dumps(message, ensure_ascii=False, indent=2) + "\n")


@pytest.mark.parametrize(
    "planned",
    [alert(), recap(3), refused(), updated(RETITLED), *INCIDENTS.values(), *TROUBLES.values(), *UNDELIVERED.values()],
)
def test_slacks_own_models_read_the_blocks_back_unchanged(planned: Alert) -> None:
    message = rendered(planned)

    assert message["blocks"] == [block.to_dict() for block in Block.parse_all(message["blocks"])]


def test_O2_a_title_cannot_call_a_channel_or_forge_a_link() -> None:
    message = rendered(hostile("<!channel> <https://evil.example|ici> <@U123> R&D"))

    assert "<" not in texts(message).replace("&lt;", "")
    assert "&lt;!channel&gt;" in message["text"]
    assert all(block["text"].get("verbatim") for block in message["blocks"] if block["type"] == "section")


def test_O2_an_address_cannot_end_its_link() -> None:
    source = replace(STORY.sources[0], url="https://a.example/?q=1|>&<!here>")
    message = rendered(alert(MATCH, replace(STORY, sources=(source,))))

    assert "*<https://a.example/?q=1%7C%3E&amp;%3C!here%3E|Poutine" in texts(message)


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://a.example/" + "&" * 1000])
def test_O6_without_a_usable_address_the_title_stands_alone(url: str | None) -> None:
    source = replace(STORY.sources[0], url=url)
    message = rendered(alert(MATCH, replace(STORY, sources=(source,))))

    assert "*Poutine attendu à Harbin" in texts(message)
    assert_within_limits(message)


def test_an_article_without_quotes_or_terms_still_says_how_strong() -> None:
    match = replace(MATCH, snippets=(), verdict=replace(VERDICT, contributions=()))
    message = rendered(alert(match))

    assert "*Pourquoi :* 2,4 × le seuil" in texts(message)
    assert "« […]" not in texts(message)


def test_overlapping_marks_are_bold_once() -> None:
    quote = Snippet(Field.BODY, "Kharkiv tient bon", ((0, 7, "a"), (3, 13, "b"), (8, 8, "c"), (14, 99, "d")))

    assert "« […] *Kharkiv* tient bon […] »" in texts(rendered(alert(replace(MATCH, snippets=(quote,)))))


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=300).map(lambda text: text * 30))
def test_O2_no_text_goes_over_the_limits(text: str) -> None:
    assert_within_limits(rendered(hostile(text)))


def test_O2_a_recap_that_does_not_fit_counts_what_it_leaves_out() -> None:
    fat = [(replace(story, title="&" * 400), match) for story, match in (other(number) for number in range(20))]
    message = rendered(recap_of(fat, 100))
    listed = sum(block["type"] == "section" for block in message["blocks"])

    assert_within_limits(message)
    assert 0 < listed < 20
    assert f"et {100 - listed} de plus, à lire par `veille matches`" in texts(message)


def test_a_refusal_without_errors_says_what_was_refused() -> None:
    message = rendered(refused(errors=0))

    assert_within_limits(message)
    assert "Règles refusées : « rules: refused »" == message["text"]
    assert "`rules: refused`" in texts(message)


def test_O2_an_error_cannot_call_a_channel_forge_a_link_or_leave_its_quote() -> None:
    message = rendered(refused_for("<!channel> <https://evil.example|ici> ` *gras* ` R&D"))

    assert "<" not in texts(message).replace("&lt;", "")
    assert "`&lt;!channel&gt; &lt;https://evil.example|ici&gt; ' *gras* ' R&amp;D`" in texts(message)


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=300).map(lambda text: text * 30))
def test_O2_no_error_goes_over_the_limits(text: str) -> None:
    assert_within_limits(rendered(refused_for(text)))


def test_O2_a_refusal_that_does_not_fit_counts_what_it_leaves_out() -> None:
    message = rendered(refused_for("&" * 400))
    listed = sum(block["type"] == "section" for block in message["blocks"]) - 3  # title, what, to do

    assert_within_limits(message)
    assert 0 < listed < 10
    assert f"et {50 - listed} de plus, à lire par `veille check`" in texts(message)


def test_O2_a_source_cannot_call_a_channel_forge_a_link_or_leave_its_quote() -> None:
    message = rendered(incident_for("<!channel> <https://evil.example|ici> ` *gras* ` R&D"))

    assert "<" not in texts(message).replace("&lt;", "")


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=300).map(lambda text: text * 30))
def test_O2_no_source_goes_over_the_limits(text: str) -> None:
    assert_within_limits(rendered(incident_for(text)))


def test_O2_incidents_that_do_not_fit_are_counted() -> None:
    message = rendered(incident_for("&" * 400))
    listed = sum(block["type"] == "section" for block in message["blocks"]) - 3  # title, and twice what to do

    assert_within_limits(message)
    assert 0 < listed < 20
    assert f"et {50 - listed} de plus, à lire par `veille feeds`" in texts(message)


@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [
        (400, b"invalid_blocks", False),
        (403, b"action_prohibited", False),
        (404, b"no_service", False),
        (410, b"channel_is_archived", False),
        (408, b"", True),
        (429, b"rate_limited", True),
        (500, b"rollup_error", True),
        (503, b"", True),
        (302, b"", True),
    ],
)
def test_what_slack_refuses_is_not_tried_again(status: int, body: bytes, retryable: bool) -> None:  # noqa: FBT001  a table's column
    error = refusal(HttpReceiver(status=status, body=body))

    assert (retryable, status) == (error.retryable, error.status)
    assert body.decode() in str(error)


def test_D10_a_rate_limit_says_how_long_to_wait() -> None:
    error = refusal(HttpReceiver(status=429, headers={"retry-after": "30"}))

    assert (Reason.RATE_LIMITED, timedelta(seconds=30)) == (error.reason, error.retry_after)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_D10_no_window_holds_more_than_a_burst_and_one_a_second(gaps_s: list[float]) -> None:
    pace, now_s, sent_s = Pace(interval_s=1.0, burst=5), 1000.0, list[float]()
    for gap_s in gaps_s:
        now_s += gap_s
        sent_s.append(now_s + pace.reserve(now_s))

    assert sent_s == sorted(sent_s)
    assert all(later - earlier > 0.999 for earlier, later in zip(sent_s, sent_s[5:], strict=False))


def test_X4_an_answer_that_is_not_one_of_slacks_words_is_not_shown() -> None:
    error = refusal(HttpReceiver(status=400, body=b"un jeton: xoxb-123 <b>"))

    assert "xoxb" not in str(error)
