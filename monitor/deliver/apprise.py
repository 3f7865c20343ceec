"""Every other service, by apprise (https://github.com/caronc/apprise), where `veille[channels]` is installed.

apprise says whether a service took a message, and little else; it opens connections of its own, so what
`VEILLE_DELIVER_ALLOW_NETWORKS` says does not hold for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Protocol

from monitor.deliver.markup import PLAIN
from monitor.deliver.means import place_of
from monitor.deliver.notes import note_of
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.model import Receipt, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from monitor.threads import call_aside
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.deliver.means import Means
    from monitor.deliver.words import Words
    from monitor.model import Alert, Delivery
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "AppriseSender", "endpoint", "make", "services"]

_DEADLINE_S = 60.0
_MAX_CHARS = 2000
_URGENCY = {Level.CRITICAL: "failure", Level.HIGH: "warning"}
_REMEMBERED = 1000  # messages on their way that some services have
_LIBRARIES = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")

KIND = ChannelKind(
    Channel.APPRISE,
    word="apprise",
    summary="Any of the services that apprise knows, as plain text. Needs `pip install 'veille[channels]'`.",
    options=(
        Option("urls", OptionType.SECRET, "apprise's addresses, separated by spaces or line ends.", is_required=True),
    ),
)


class Service(Protocol):
    """What apprise makes of an address."""

    def notify(self, body: str, title: str, *, notify_type: str, body_format: str) -> object:
        """Send a message. Something false: it was not accepted."""
        ...


def make(receiver: Receiver, means: Means) -> AppriseSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: apprise is not there, or does not know an address.
    """
    made = services((receiver.text("urls") or "").split(), place_of(receiver, "urls"))
    return AppriseSender(name=receiver.name, services=made, words=means.words)


def endpoint(receiver: Receiver, settings: Settings) -> None:
    """Return None: where it leads only apprise knows."""


def services(urls: Sequence[str], where: str) -> tuple[Service, ...]:
    """Return what apprise makes of its addresses.

    Args:
        urls: secrets.
        where: who names them, for errors.

    Raises:
        SettingsError: apprise is not there, or does not know one; it is not repeated.
    """
    try:
        import apprise
    except ImportError:
        raise SettingsError(f"{where}: apprise is not installed: pip install 'veille[channels]'") from None
    for name in _LIBRARIES:  # what they log of a failure holds addresses, and so secrets (promise X4)
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(app_id="veille", app_desc="veille", async_mode=False, http_redirects=False)
    made = []
    for number, url in enumerate(urls, 1):
        service = apprise.Apprise(asset=asset)
        if not service.add(url):
            raise SettingsError(f"{where}: urls: apprise does not know the address number {number}")
        made.append(service)
    if not made:
        raise SettingsError(f"{where}: urls holds no address")
    return tuple(made)


class AppriseSender:
    """Hands a message to services, one after the other.

    A service that fails is tried again; those that took the message are not sent it again by this process.

    Args:
        name: the receiver's name.
        services: what apprise made of the addresses.
        words: the readers' language and time zone.
        deadline_s: for one attempt, in seconds.
    """

    def __init__(
        self, *, name: str, services: Sequence[Service], words: Words, deadline_s: float = _DEADLINE_S
    ) -> None:
        self._name = name
        self._services = services
        self._words = words
        self._deadline_s = deadline_s
        self._taken: OrderedDict[str, set[int]] = OrderedDict()

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  services keep no identity
        """Return what apprise is told: title, text and urgency."""
        note = note_of(alert, self._words)
        told = (note.opening, *note.most(lambda paragraphs: len(PLAIN.text(paragraphs)) <= _MAX_CHARS))
        message = {
            "title": note.subject,
            "body": "\n\n".join([PLAIN.text(told), *([note.url] if note.url is not None else [])]),
            "notify_type": "info" if note.level is None else _URGENCY.get(note.level, "info"),
            "body_format": "text",
        }
        return Rendered(json.dumps(message, ensure_ascii=False).encode(), content_type="application/json")

    async def send(self, delivery: Delivery) -> Receipt:
        """Try every service that does not have the message yet. All failures are tried again: apprise tells no more.

        Raises:
            DeliveryError: not accepted by all.
        """
        taken = self._taken.pop(delivery.message_id, set())
        message = json.loads(delivery.rendered.body)
        try:
            async with asyncio.timeout(self._deadline_s):
                for number, service in enumerate(self._services):
                    if number not in taken and await call_aside(partial(_takes, service, message), name="apprise"):
                        taken.add(number)
        except TimeoutError:
            told = f"{self._name}: no answer within {self._deadline_s:g} s"
            raise DeliveryError(told, reason=Reason.TIMEOUT) from None
        finally:
            self._remember(delivery.message_id, taken)
        if len(taken) < len(self._services):
            missing = [str(number + 1) for number in range(len(self._services)) if number not in taken]
            told = f"{self._name}: not accepted by address {', '.join(missing)}; apprise does not say why"
            raise DeliveryError(told, reason=Reason.UNAVAILABLE)
        return Receipt()

    def _remember(self, message_id: str, taken: set[int]) -> None:
        if 0 < len(taken) < len(self._services):
            self._taken[message_id] = taken
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)


def _takes(service: Service, message: dict[str, str]) -> bool:
    try:
        return bool(service.notify(**message))
    except Exception:  # noqa: BLE001  the code of some 250 services: what it raises may hold a secret, and means no
        return False
