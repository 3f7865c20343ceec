"""Who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.errors import RoutesError
from monitor.model import Channel, Receiver
from monitor.settings import PREFIX

if TYPE_CHECKING:
    from monitor.settings import Settings

__all__ = ["Routes", "default_routes", "load_routes"]


@dataclass(frozen=True, slots=True)
class Routes:
    """The receivers of every match. None: the log only."""

    receivers: tuple[Receiver, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The receivers' names, in order."""
        return tuple(receiver.name for receiver in self.receivers)


def load_routes(settings: Settings) -> Routes:
    """Return the routes of the settings.

    Raises:
        RoutesError: a routes file is named, which this version cannot read.
    """
    if settings.routes is not None:
        raise RoutesError(
            f"{PREFIX}ROUTES: routes files are not available yet; every configured destination gets every match"
        )
    return default_routes(settings)


def default_routes(settings: Settings) -> Routes:
    """Return the routes without a routes file: each configured destination, named after its channel."""
    configured = {
        Channel.WEBHOOK: settings.webhook_url is not None,
        Channel.SLACK: settings.slack_webhook_url is not None,
        Channel.MAIL: bool(settings.mail_to),
    }
    return Routes(tuple(Receiver(channel.value, channel) for channel, is_set in configured.items() if is_set))
