"""From settings to channels."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.alerting import read_routes
from monitor.deliver import KINDS, ChannelSender, make_channels, refused_destinations
from monitor.deliver.apprise import AppriseSender
from monitor.deliver.command import CommandSender
from monitor.deliver.discord import DiscordSender
from monitor.deliver.feed import FeedSender
from monitor.deliver.file import FileSender
from monitor.deliver.mail import MailSender
from monitor.deliver.mattermost import MattermostSender
from monitor.deliver.ntfy import NtfySender
from monitor.deliver.slack import SlackSender
from monitor.deliver.teams import TeamsSender
from monitor.deliver.webhook import WebhookSender
from monitor.errors import FetchError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Channel, Receiver
from monitor.receivers import OptionValue, Secret
from monitor.settings import Settings, load_settings
from tests.monitor.deliver.benches import PASSWORD, TOPIC, URL_SECRET, WEBHOOK_SECRET

EVERYTHING = {
    "webhook_url": f"https://hooks.example/{URL_SECRET}",
    "webhook_secret": WEBHOOK_SECRET,
    "slack_webhook_url": f"https://slack.example/{URL_SECRET}",
    "smtp_host": "mail.example",
    "smtp_user": "veille",
    "smtp_password": PASSWORD,
    "mail_from": "Veille <veille@example.org>",
    "mail_to": "desk@example.org,nuit@example.org",
}
RECEIVERS = tuple(Receiver(channel.value, channel) for channel in (Channel.WEBHOOK, Channel.SLACK, Channel.MAIL))
OF_THE_FILE = (
    Receiver("command", Channel.COMMAND, (("argv", ("true",)),)),
    *(
        Receiver(channel.value, channel, (("url", Secret(f"https://{channel}.example/{URL_SECRET}")),))
        for channel in (Channel.MATTERMOST, Channel.TEAMS, Channel.DISCORD)
    ),
    Receiver("ntfy", Channel.NTFY, (("url", "https://ntfy.example"), ("topic", Secret(TOPIC)))),
    Receiver("file", Channel.FILE, (("path", "/var/log/veille.jsonl"),)),
    Receiver("apprise", Channel.APPRISE, (("urls", Secret(f"jsons://apprise.example/{URL_SECRET}")),)),
    Receiver("feed", Channel.FEED, (("path", "/var/www/veille"),)),
)


def made(*receivers: Receiver, **values: str) -> dict[str, ChannelSender]:
    async def run() -> dict[str, ChannelSender]:
        async with HttpClient(user_agent="veille/test") as client:
            return make_channels(Settings.model_validate(values), receivers, client)

    return asyncio.run(run())


def test_each_receiver_has_its_channel() -> None:
    channels = made(*RECEIVERS, *OF_THE_FILE, **EVERYTHING)
    kinds = {
        "webhook": WebhookSender,
        "slack": SlackSender,
        "mail": MailSender,
        "command": CommandSender,
        "apprise": AppriseSender,
        "feed": FeedSender,
        "file": FileSender,
        "mattermost": MattermostSender,
        "teams": TeamsSender,
        "discord": DiscordSender,
        "ntfy": NtfySender,
    }

    assert kinds == {name: type(channel) for name, channel in channels.items()}


def test_no_receiver_is_no_channel() -> None:
    assert made(**EVERYTHING) == {}


def test_D10_receivers_that_post_to_one_webhook_share_its_pace() -> None:
    channels = made(Receiver("a", Channel.SLACK), Receiver("b", Channel.SLACK), **EVERYTHING)
    paces = {channel._pace for channel in channels.values() if isinstance(channel, SlackSender)}

    assert len(paces) == 1


def test_destinations_that_are_refused_are_told_with_their_setting() -> None:
    answers = {"hooks.example": ["10.0.0.1"], "slack.example": ["93.184.216.34"], "mail.example": ["127.0.0.1"]}

    async def resolver(host: str, port: int) -> Sequence[str]:
        return answers.get(host, ["93.184.216.34"])

    told = asyncio.run(
        refused_destinations(Settings.model_validate(EVERYTHING), (*RECEIVERS, *OF_THE_FILE), resolver=resolver)
    )

    assert [line.split(": 1")[0] for line in told] == [
        "VEILLE_WEBHOOK_URL: hooks.example",
        "VEILLE_SMTP_HOST: mail.example",
    ]


def test_a_destination_that_cannot_be_looked_up_now_is_not_refused() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        raise FetchError("no name server", reason=Reason.DNS)

    assert asyncio.run(refused_destinations(Settings.model_validate(EVERYTHING), RECEIVERS, resolver=resolver)) == ()


def test_a_mail_receiver_may_have_recipients_of_its_own() -> None:
    named = (Receiver("nuit", Channel.MAIL, (("to", ("Nuit <nuit@example.org>",)),)), Receiver("jour", Channel.MAIL))
    recipients = {
        name: tuple(person.addr_spec for person in channel._recipients)
        for name, channel in made(*named, **EVERYTHING).items()
        if isinstance(channel, MailSender)
    }

    assert {"nuit": ("nuit@example.org",), "jour": ("desk@example.org", "nuit@example.org")} == recipients


def test_an_impossible_recipient_names_its_receiver() -> None:
    with pytest.raises(SettingsError, match="VEILLE_ROUTES: receiver nuit: 'nobody' is not a mail address"):
        made(Receiver("nuit", Channel.MAIL, (("to", ("nobody",)),)), **EVERYTHING)


@pytest.mark.parametrize(("tls", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_mail_port_follows_its_protection(tls: str, port: int) -> None:
    channel = made(RECEIVERS[2], **EVERYTHING, smtp_tls=tls)["mail"]

    assert isinstance(channel, MailSender)
    assert channel._server.port == port


@pytest.mark.parametrize(
    ("receiver", "setting"), list(zip(RECEIVERS, ["WEBHOOK_URL", "SLACK_WEBHOOK_URL", "SMTP_HOST"], strict=True))
)
def test_a_receiver_without_its_settings_names_them(receiver: Receiver, setting: str) -> None:
    with pytest.raises(SettingsError, match=f"VEILLE_{setting}"):
        made(receiver)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook_secret", "whsec_tropcourt"),
        ("webhook_url", "https://moi:motdepasse@hooks.example/"),
        ("slack_webhook_url", "https://[::hooks.example/services/T0"),
        ("smtp_password", "mot de passe accentué"),
        ("smtp_user", "équipe"),
        ("mail_from", "nobody"),
        ("mail_to", "nobody"),
    ],
)
def test_an_impossible_setting_stops_the_start_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"VEILLE_{name.upper()}") as caught:
        made(*RECEIVERS, **(EVERYTHING | {name: value}))

    assert name in {"mail_from", "mail_to"} or value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("topic", "un sujet", "topic must be 1 to 64 letters"),
        ("topic", "", "topic must be 1 to 64 letters"),
        ("token", "un jeton", "token is none that ntfy gives"),
        ("token", "jeton\r\nx: y", "token is none that ntfy gives"),
    ],
)
def test_an_impossible_option_of_ntfy_is_named_and_not_repeated(name: str, value: str, what: str) -> None:
    options: dict[str, OptionValue] = {"url": "https://ntfy.example", "topic": Secret(TOPIC)}
    options[name] = Secret(value)

    with pytest.raises(SettingsError, match=f"VEILLE_ROUTES: receiver push: {what}") as caught:
        made(Receiver("push", Channel.NTFY, tuple(options.items())))

    assert not value or value not in str(caught.value)


PAGE = (Path(__file__).parents[3] / "docs" / "channels.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"`(\{[a-z]+: \{[^`]+\}\})`", PAGE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_receivers(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(VEILLE_SECRET_\w+)\}", example):
        monkeypatch.setenv(name, "xoxb-0123456789abcdef")
    text = f"route: {{receiver: desk}}\nreceivers: {{desk: {example}}}\n"
    [receiver] = read_routes(text, file="routes.yaml", kinds=KINDS, settings=load_settings(None)).receivers

    assert receiver.options


def test_the_page_has_examples() -> None:
    assert {"command", "file", "feed", "apprise"} <= {example[1:].partition(":")[0] for example in EXAMPLES}
