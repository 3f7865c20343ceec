"""The channels there are, and those of the configured receivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from monitor.clock import SystemClock
from monitor.deliver import apprise, command, discord, feed, file, mail, mattermost, ntfy, slack, teams, webhook
from monitor.deliver.means import Means
from monitor.deliver.words import vocabulary
from monitor.errors import FetchError, Reason, SettingsError
from monitor.http import resolve, vet
from monitor.receivers import OptionType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.clock import Clock
    from monitor.deliver.means import Endpoint, Paces
    from monitor.deliver.sender import ChannelSender
    from monitor.http import HttpClient, Resolver
    from monitor.receivers import ChannelKind, Option, Receiver
    from monitor.settings import Settings

__all__ = ["KINDS", "destination_of", "make_channels", "refused_destinations"]


class _ChannelModule(Protocol):
    """What the module of a channel offers."""

    KIND: ChannelKind

    def make(self, receiver: Receiver, means: Means) -> ChannelSender:
        """Return the channel of a receiver."""
        ...

    def endpoint(self, receiver: Receiver, settings: Settings) -> Endpoint | None:
        """Return where a receiver is reached; None: nowhere that can be looked up."""
        ...


_MODULES: tuple[_ChannelModule, ...] = (
    webhook,
    slack,
    mail,
    command,
    file,
    mattermost,
    teams,
    discord,
    ntfy,
    feed,
    apprise,
)
_BY_CHANNEL = {module.KIND.channel: module for module in _MODULES}

KINDS: tuple[ChannelKind, ...] = tuple(module.KIND for module in _MODULES)
"""Every channel, as the routes file knows it."""


def make_channels(
    settings: Settings,
    receivers: Sequence[Receiver],
    client: HttpClient,
    *,
    clock: Clock | None = None,
    paces: Paces | None = None,
) -> dict[str, ChannelSender]:
    """Return each receiver's channel by its name. Nothing is connected to.

    Args:
        settings: addresses, secrets, language.
        receivers: those of the routes.
        client: the one that may reach destinations (`VEILLE_DELIVER_ALLOW_NETWORKS`).
        clock: for the timestamps of signatures.
        paces: those of channels made before; they go on.

    Raises:
        SettingsError: settings of channels are missing or impossible; with one line for each.
    """
    words = vocabulary(settings.language, settings.zone)
    means = Means(settings, client, clock or SystemClock(), words, {} if paces is None else paces)
    made: dict[str, ChannelSender] = {}
    errors: dict[str, None] = {}  # several receivers may want one setting
    for receiver in receivers:
        try:
            made[receiver.name] = _BY_CHANNEL[receiver.channel].make(receiver, means)
        except SettingsError as error:
            errors |= dict.fromkeys(error.problems)
    if errors:
        raise SettingsError(*errors)
    return made


def destination_of(receiver: Receiver, settings: Settings) -> str:
    """Return where a receiver leads, without its secrets: the host, and what the routes file says openly.

    Raises:
        SettingsError: its address cannot be posted to.
    """
    end = _BY_CHANNEL[receiver.channel].endpoint(receiver, settings)
    host = [] if end is None else [f"{end.host}:{end.port}"]
    open_ = {option.name: (receiver.text(option.name), receiver.texts(option.name)) for option in _open(receiver)}
    said = [text if text is not None else " ".join(texts) for text, texts in open_.values() if text or texts]
    return ", ".join([*host, *said])


def _open(receiver: Receiver) -> Iterator[Option]:
    """Yield the options of a receiver that are texts and no secrets."""
    for option in _BY_CHANNEL[receiver.channel].KIND.options:
        if option.type in {OptionType.TEXT, OptionType.TEXTS}:
            yield option


async def refused_destinations(
    settings: Settings, receivers: Sequence[Receiver], *, resolver: Resolver = resolve
) -> tuple[str, ...]:
    """Look up where alerts go, and say which addresses every alert would be refused for. Nothing is connected to.

    A name that cannot be looked up now is left out: it may be there when an alert is.

    Raises:
        SettingsError: an address cannot be posted to.
    """
    ends = (_BY_CHANNEL[receiver.channel].endpoint(receiver, settings) for receiver in receivers)
    found = []
    for end in dict.fromkeys(end for end in ends if end is not None):
        try:
            vet(end.host, await resolver(end.host, end.port), settings.deliver_allow_networks)
        except FetchError as error:
            if error.reason is Reason.ADDRESS_REFUSED:
                found.append(f"{end.where}: {error}")
    return tuple(found)
