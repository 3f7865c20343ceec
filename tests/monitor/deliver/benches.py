"""Each channel, wired to a receiver on loopback: what the contract runs on."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.deliver import ChannelSender
from monitor.deliver.apprise import AppriseSender, services
from monitor.deliver.command import CommandSender
from monitor.deliver.discord import DiscordSender
from monitor.deliver.feed import FeedSender
from monitor.deliver.file import FileSender
from monitor.deliver.mail import MailSender
from monitor.deliver.mattermost import MattermostSender
from monitor.deliver.ntfy import NtfySender
from monitor.deliver.posting import Poster
from monitor.deliver.slack import SlackSender
from monitor.deliver.smtp import SmtpServer
from monitor.deliver.teams import TeamsSender
from monitor.deliver.webhook import WebhookSender, signing_keys
from monitor.deliver.words import Words, vocabulary
from monitor.http import HttpClient, IPNetwork
from monitor.model import Channel
from monitor.settings import Language, SmtpTls
from tests.monitor.deliver.samples import NOW
from tests.monitor.deliver.servers import LOOPBACK

LOOPBACK_NETWORK: tuple[IPNetwork, ...] = (ipaddress.ip_network("127.0.0.0/8"),)
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0" * 4
URL_SECRET = "T0KEN-in-the-path"
PASSWORD = "correct-horse-battery"
TOPIC = "sujet-secret-7K2Q"
TOKEN = "tk_secret7K2Q4M9T"
SECRETS = (WEBHOOK_SECRET, WEBHOOK_SECRET.removeprefix("whsec_"), URL_SECRET, PASSWORD, TOPIC, TOKEN)
DEADLINE_S = 0.4

LOCAL = (Channel.COMMAND, Channel.FEED, Channel.FILE)
# apprise opens connections of its own, and says only yes or no.
NETWORKED = tuple(channel for channel in Channel if channel not in {*LOCAL, Channel.APPRISE})


POSTERS: dict[Channel, type[Poster]] = {
    Channel.SLACK: SlackSender,
    Channel.MATTERMOST: MattermostSender,
    Channel.TEAMS: TeamsSender,
    Channel.DISCORD: DiscordSender,
}


@cache
def _public_authorities() -> ssl.SSLContext:
    """Return one context for all: it takes 20 ms to make."""
    return ssl.create_default_context()


@dataclass
class FixedClock:
    """Tells one time, until it is set."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


def words(language: Language = Language.FR) -> Words:
    return vocabulary(language, ZoneInfo("Europe/Paris"))


def mail_sender(
    port: int,
    *,
    to: Sequence[str] = ("desk@example.org",),
    tls: SmtpTls = SmtpTls.NONE,
    user: str | None = None,
    allow: Sequence[IPNetwork] = LOOPBACK_NETWORK,
    language: Language = Language.FR,
    context: ssl.SSLContext | None = None,
    unsubscribe: bytes = b"",
) -> MailSender:
    return MailSender(
        name="mail",
        server=SmtpServer(
            LOOPBACK,
            port,
            tls,
            user=user,
            password=PASSWORD,
            allow_networks=allow,
            context=context or _public_authorities(),
            deadline_s=DEADLINE_S,
        ),
        sender=Address("Veille, équipe", addr_spec="veille@example.org"),
        recipients=tuple(Address(addr_spec=address) for address in to),
        words=words(language),
        unsubscribe=unsubscribe,
    )


@asynccontextmanager
async def sender(
    channel: Channel,
    place: int | Path,
    *,
    allow: Sequence[IPNetwork] = LOOPBACK_NETWORK,
    language: Language = Language.FR,
) -> AsyncIterator[ChannelSender]:
    """Yield a channel that talks to a port of loopback, or to a file of this machine."""
    if channel is Channel.COMMAND:
        yield CommandSender(name="command", argv=(str(place),), words=words(language), timeout_s=DEADLINE_S)
    elif channel is Channel.APPRISE:
        urls = [f"json://{LOOPBACK}:{place}/{URL_SECRET}?cto={DEADLINE_S}&rto={DEADLINE_S}"]
        made = services(urls, "VEILLE_ROUTES: receiver apprise")
        yield AppriseSender(name="apprise", services=made, words=words(language), deadline_s=DEADLINE_S)
    elif channel is Channel.FEED:
        yield FeedSender(name="feed", words=words(language), path=Path(str(place)))
    elif channel is Channel.FILE:
        yield FileSender(name="file", path=Path(str(place)))
    else:
        async with networked(channel, int(str(place)), allow=allow, language=language) as channel_sender:
            yield channel_sender


@asynccontextmanager
async def networked(
    channel: Channel, port: int, *, allow: Sequence[IPNetwork], language: Language
) -> AsyncIterator[ChannelSender]:
    """Yield a channel that talks to a port of loopback."""
    if channel is Channel.MAIL:
        yield mail_sender(port, allow=allow, language=language)
        return
    url = f"http://{LOOPBACK}:{port}/{URL_SECRET}"
    async with HttpClient(user_agent="veille/test", allow_networks=allow) as client:
        if channel in POSTERS:
            made = POSTERS[channel]
            yield made(name=channel, url=url, words=words(language), client=client, deadline_s=DEADLINE_S)  # type: ignore[misc]  # each renders
        elif channel is Channel.NTFY:
            yield NtfySender(
                name="ntfy",
                url=url,
                topic=TOPIC,
                token=TOKEN,
                words=words(language),
                client=client,
                deadline_s=DEADLINE_S,
            )
        else:
            keys = signing_keys(WEBHOOK_SECRET)
            clock = FixedClock()
            yield WebhookSender(name="webhook", url=url, keys=keys, client=client, clock=clock, deadline_s=DEADLINE_S)


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """Yield a folder that is there for a while."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@asynccontextmanager
async def script(text: str) -> AsyncIterator[Path]:
    """Yield a program of a few lines of shell."""
    async with folder() as path:
        yield program(path / "program", text)


def program(path: Path, text: str) -> Path:
    """Write a program of a few lines of shell."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return path


@asynccontextmanager
async def on_a_full_disk() -> AsyncIterator[Path]:
    """Yield the path of a feed that no disk has room for."""
    async with folder() as path:
        (path / ".alerts.atom.new").symlink_to("/dev/full")
        yield path / "alerts"


@asynccontextmanager
async def in_folder(name: str) -> AsyncIterator[Path]:
    """Yield the path of a file that is not there yet; of the folder itself for no name."""
    async with folder() as path:
        yield path / name
