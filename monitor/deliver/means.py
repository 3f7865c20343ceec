"""What channels are made of, beside what a receiver says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from monitor.deliver.pace import Pace
from monitor.errors import FetchError, SettingsError
from monitor.http import endpoint_of
from monitor.receivers import HEARTBEAT
from monitor.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.clock import Clock
    from monitor.deliver.words import Words
    from monitor.http import HttpClient
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["Endpoint", "Means", "Paces", "Problems", "endpoint_at", "place_of", "url_of"]

_Read = TypeVar("_Read")
Paces = dict[tuple[str, float, int], Pace]
"""The pace of each destination, or of a receiver: a reload begins none anew, else each would let a burst go."""


@dataclass(frozen=True)
class Means:
    """What channels are made of, beside what a receiver says of itself.

    Attributes:
        settings: addresses and secrets that receivers need not say.
        client: the one that may reach destinations (`VEILLE_DELIVER_ALLOW_NETWORKS`).
        clock: for the timestamps of signatures.
        words: the readers' language and time zone.
        paces: those known, which go on where channels are made anew.
    """

    settings: Settings
    client: HttpClient
    clock: Clock
    words: Words
    paces: Paces = field(default_factory=dict)

    def pace(self, destination: str, *, interval_s: float = 1.0, burst: int = 5) -> Pace:
        """Return the pace of a destination: services count the messages to it, however many receivers share it.

        Of what a receiver asks for itself, its name is the destination: no address is one.
        """
        return self.paces.setdefault((destination, interval_s, burst), Pace(interval_s=interval_s, burst=burst))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a receiver is reached at, and where that stands: a setting, or the routes file."""

    where: str
    host: str
    port: int


def place_of(receiver: Receiver, option: str = "") -> str:
    """Return where to correct what a receiver says, for errors."""
    return f"{receiver.place(option) or f'{PREFIX}ROUTES'}: receiver {receiver.name}"


class Problems:
    """What is wrong with a receiver, kept so that all of it is told at once.

    Args:
        receiver: whose.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._found: list[str] = []

    def note(self, option: str, problem: str) -> None:
        """Keep what is wrong with an option; `""` where it is with the receiver."""
        self._found.append(f"{place_of(self._receiver, option)}: {problem}")

    def of(self, read: Callable[[], _Read], otherwise: _Read) -> _Read:
        """Return what is read; where that is impossible, keep why, and return what serves until it is told."""
        try:
            return read()
        except SettingsError as error:
            self._found += error.problems
            return otherwise

    def tell(self) -> None:
        """Raise SettingsError where anything is wrong."""
        if self._found:
            raise SettingsError(*self._found)


def url_of(receiver: Receiver, settings: Settings, setting: str | None = None) -> str:
    """Return where a receiver is posted to: a wrong address stops the start, not each alert.

    Args:
        receiver: its option `url`, or else the setting.
        settings: where the setting stands.
        setting: its field name; None: there is no such setting.

    Raises:
        SettingsError: there is none, or it cannot be posted to. It does not repeat the address, a secret.
    """
    said = receiver.text("url")
    secret = None if setting is None else getattr(settings, setting)
    url = said if said is not None or secret is None else secret.get_secret_value()
    where = _where(receiver, setting)
    if url is None:
        raise SettingsError(f"{where} is not set, and a receiver needs it")
    try:
        endpoint_of(url)
    except FetchError as error:
        raise SettingsError(f"{where}: {error}") from None
    return url


def endpoint_at(receiver: Receiver, settings: Settings, setting: str | None = None) -> Endpoint:
    """Return the endpoint of a receiver that is posted to; for the arguments and what is raised, see `url_of`."""
    host, port = endpoint_of(url_of(receiver, settings, setting))
    return Endpoint(_where(receiver, setting), host, port)


def _where(receiver: Receiver, setting: str | None) -> str:
    if receiver.name == HEARTBEAT:
        return f"{PREFIX}HEARTBEAT_URL"
    if setting is None or receiver.text("url") is not None:
        return f"{place_of(receiver, 'url')}: url"
    return PREFIX + setting.upper()
