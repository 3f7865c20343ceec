"""Samples: each is a message like those that are sent for its reason, and says that it is none."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from monitor.deliver import SAMPLED, payload, sample_alert
from monitor.model import Alert, AlertId, NotificationReason
from tests.monitor.deliver.samples import NOW
from tests.monitor.deliver.test_payload import SCHEMA


def sample(reason: NotificationReason) -> Alert:
    return sample_alert(reason, AlertId("al_0123456789AB"), receiver="desk", now=NOW)


@pytest.mark.parametrize("reason", SAMPLED)
def test_a_sample_is_a_message_of_its_reason_and_says_what_it_is(reason: NotificationReason) -> None:
    told = payload(sample(reason))

    assert [] == list(Draft202012Validator(SCHEMA).iter_errors(told))
    assert reason.value == told["data"]["notification_reason"]
    assert "essai" in json.dumps(told, ensure_ascii=False)


def test_what_a_sample_highlights_is_the_word_that_matched() -> None:
    [snippet] = sample(NotificationReason.FIRST_ALERT).matches[0].snippets

    assert ["bac"] == [snippet.text[start:end] for start, end, _ in snippet.marks]
