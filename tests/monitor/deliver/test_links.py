"""Links that answer an alert: signed, and in every message that can hold one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from slack_sdk.models.blocks import ActionsBlock

from monitor.deliver.links import Action, Link, Signer, signer_of
from monitor.deliver.payload import MAX_BYTES, payload, payload_bytes
from monitor.deliver.slack_blocks import message_of
from monitor.deliver.words import vocabulary
from monitor.errors import SettingsError
from monitor.settings import Language, Settings, load_settings
from tests.monitor.deliver.samples import NOW, alert, hostile, recap

SIGNER = Signer(b"k" * 32, "https://veille.example/")
LINK = Link("al_7K2Q4M9T0000", "relevant", "1715840000", "mail-desk")


def _signature(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_link_is_ours_only_as_we_made_it() -> None:
    signature = _signature(SIGNER.url(LINK))
    forged = [
        replace(LINK, alert_id="al_AUTRE"),
        replace(LINK, action="silence_rule"),
        replace(LINK, until_s="9915840000"),
        replace(LINK, receiver="mail"),
    ]

    assert SIGNER.is_ours(LINK, signature)
    assert not any(SIGNER.is_ours(link, signature) for link in forged)
    assert not SIGNER.is_ours(LINK, "é\ud800")
    assert not Signer(b"l" * 32, SIGNER.address).is_ours(LINK, signature)


def test_links_are_the_same_each_time_they_are_made_and_last_for_30_days() -> None:
    links = SIGNER.links("al_1", "..", now=NOW)
    until_s = str(int((NOW + timedelta(days=30)).timestamp()))
    link = Link("al_1", "review", until_s, "..")

    assert links == SIGNER.links("al_1", "..", now=NOW)
    assert list(Action) == [name for name, _ in links]
    assert f"https://veille.example/alerts/al_1/review/{until_s}.../{_signature(links[0][1])}" == links[0][1]
    assert SIGNER.is_ours(link, _signature(links[0][1]))
    assert [False, True] == [SIGNER.is_over(link, now=NOW + timedelta(days=days)) for days in (29, 30)]


@pytest.mark.parametrize(
    ("chosen", "there"),
    [
        ({}, False),
        ({"public_url": "https://veille.example"}, False),
        (
            {
                "public_url": "https://veille.example",
                "link_secret": SecretStr("s" * 32),
                "http_address": "127.0.0.1:9464",
            },
            True,
        ),
    ],
)
def test_links_need_an_address_and_a_secret(chosen: dict[str, object], *, there: bool) -> None:
    assert there is (signer_of(Settings.model_validate(chosen)) is not None)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"link_secret": "s" * 32}, "LINK_SECRET needs VEILLE_PUBLIC_URL"),
        ({"slack_signing_secret": "s"}, "SLACK_SIGNING_SECRET needs VEILLE_HTTP_ADDRESS"),
        (
            {"link_secret": "s" * 31, "public_url": "https://v.example", "http_address": "127.0.0.1:9464"},
            "at least 32 characters",
        ),
    ],
)
def test_a_secret_that_signs_nothing_or_little_is_refused(chosen: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_settings(None, **chosen)


def test_o6_links_of_an_alert_are_in_its_payload_which_stays_small() -> None:
    links = SIGNER.links("al_1", "webhook", now=NOW)

    assert dict(links) == payload(replace(alert(), links=links))["data"]["links"]
    assert len(payload_bytes(replace(hostile("<é>" * 5000), links=links))) <= MAX_BYTES


def test_slack_shows_links_that_can_be_touched() -> None:
    told = replace(alert(), links=SIGNER.links("al_1", "slack", now=NOW))
    words = vocabulary(Language.FR, Settings().zone)
    *_, block = message_of(told, words)["blocks"]

    assert "context" == block["type"]
    assert ["Pertinent", "Hors sujet", "Couper 24 h", "Détail"] == [
        part.split("|")[1].split(">")[0] for part in block["elements"][0]["text"].split(" · ")
    ]
    assert "veille.example" not in json.dumps(message_of(alert(), words))


def test_a_bot_has_buttons_that_slack_takes_instead_of_links() -> None:
    told = replace(alert(), links=SIGNER.links("al_1", "slack", now=NOW))
    words = vocabulary(Language.FR, Settings().zone)
    *_, actions = message_of(told, words, buttons=True)["blocks"]
    *_, few = message_of(alert(), words, buttons=True)["blocks"]

    assert actions == ActionsBlock(**{**actions, "block_id": None}).to_dict()
    assert ["relevant", "not_relevant", "silence", "review"] == [each["action_id"] for each in actions["elements"]]
    assert {alert().id} == {each["value"] for each in few["elements"]}
    assert "actions" not in {block["type"] for block in message_of(recap(), words, buttons=True)["blocks"]}
