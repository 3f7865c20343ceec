"""The configured channels, one for each receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.clock import SystemClock
from monitor.deliver.mail import MailSender, address
from monitor.deliver.slack import Pace, SlackSender
from monitor.deliver.smtp import SmtpServer
from monitor.deliver.webhook import WebhookSender, signing_keys
from monitor.deliver.words import vocabulary
from monitor.errors import FetchError, Reason, SettingsError
from monitor.http import endpoint_of, origin_of, resolve, vet
from monitor.model import Channel
from monitor.settings import PREFIX, SmtpTls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from monitor.clock import Clock
    from monitor.deliver.sender import ChannelSender
    from monitor.http import HttpClient, Resolver
    from monitor.model import Receiver
    from monitor.settings import Settings

__all__ = ["make_channels", "refused_destinations"]

_PORTS = {SmtpTls.NONE: 25, SmtpTls.STARTTLS: 587, SmtpTls.TLS: 465}


def make_channels(
    settings: Settings, receivers: Sequence[Receiver], client: HttpClient, *, clock: Clock | None = None
) -> dict[str, ChannelSender]:
    """Return each receiver's channel by its name. Nothing is connected to.

    Args:
        settings: addresses, secrets, language.
        receivers: those of the routes.
        client: the one that may reach destinations (`VEILLE_DELIVER_ALLOW_NETWORKS`).
        clock: for the timestamps of signatures.

    Raises:
        SettingsError: a setting of a channel is missing or impossible.
    """
    pace = Pace()  # Slack counts the messages of an incoming webhook, however many receivers share it (promise D10)
    makers = {
        Channel.WEBHOOK: lambda receiver: _webhook(receiver.name, settings, client, clock or SystemClock()),
        Channel.SLACK: lambda receiver: _slack(receiver.name, settings, client, pace),
        Channel.MAIL: lambda receiver: _mail(receiver, settings),
    }
    return {receiver.name: makers[receiver.channel](receiver) for receiver in receivers}


async def refused_destinations(settings: Settings, *, resolver: Resolver = resolve) -> tuple[str, ...]:
    """Look up where alerts go, and say which addresses every alert would be refused for. Nothing is connected to.

    A name that cannot be looked up now is left out: it may be there when an alert is.

    Raises:
        SettingsError: an address cannot be posted to.
    """
    found = []
    for setting, (host, port) in _endpoints(settings).items():
        try:
            vet(host, await resolver(host, port), settings.deliver_allow_networks)
        except FetchError as error:
            if error.reason is Reason.ADDRESS_REFUSED:
                found.append(f"{PREFIX}{setting}: {error}")
    return tuple(found)


def _endpoints(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return the setting, host and port of each destination that is set."""
    posted = {"WEBHOOK_URL": settings.webhook_url, "SLACK_WEBHOOK_URL": settings.slack_webhook_url}
    endpoints = {setting: endpoint_of(_required(url, setting)) for setting, url in posted.items() if url is not None}
    if settings.smtp_host is not None:
        endpoints["SMTP_HOST"] = settings.smtp_host, settings.smtp_port or _PORTS[settings.smtp_tls]
    return endpoints


def _webhook(name: str, settings: Settings, client: HttpClient, clock: Clock) -> ChannelSender:
    keys = signing_keys(_revealed(settings.webhook_secret))
    url = _required(settings.webhook_url, "WEBHOOK_URL")
    return WebhookSender(name=name, url=url, keys=keys, client=client, clock=clock)


def _slack(name: str, settings: Settings, client: HttpClient, pace: Pace) -> ChannelSender:
    url = _required(settings.slack_webhook_url, "SLACK_WEBHOOK_URL")
    words = vocabulary(settings.language, settings.zone)
    return SlackSender(name=name, url=url, words=words, client=client, pace=pace)


def _mail(receiver: Receiver, settings: Settings) -> ChannelSender:
    if settings.smtp_host is None:
        raise SettingsError(f"{PREFIX}SMTP_HOST is not set, and a receiver needs it")
    password = _revealed(settings.smtp_password)
    for setting, value in (("SMTP_USER", settings.smtp_user), ("SMTP_PASSWORD", password)):
        if value and not value.isascii():
            raise SettingsError(f"{PREFIX}{setting} holds a character that SMTP cannot carry: keep to ASCII")
    where = f"ROUTES: receiver {receiver.name}" if receiver.to else "MAIL_TO"
    return MailSender(
        name=receiver.name,
        server=SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port or _PORTS[settings.smtp_tls],
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=password,
            allow_networks=settings.deliver_allow_networks,
        ),
        sender=address(settings.mail_from or "", "MAIL_FROM"),
        recipients=tuple(address(person, where) for person in receiver.to or settings.mail_to),
        words=vocabulary(settings.language, settings.zone),
    )


def _required(secret: SecretStr | None, setting: str) -> str:
    """Return an address that can be posted to: a wrong one stops the start, not each alert."""
    revealed = _revealed(secret)
    if revealed is None:
        raise SettingsError(f"{PREFIX}{setting} is not set, and a receiver needs it")
    try:
        origin_of(revealed)
    except FetchError as error:
        raise SettingsError(f"{PREFIX}{setting}: {error}") from None  # the address is a secret
    return revealed


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
