"""Receivers: the channels there are, what each may be told in the routes file, and those that are configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

__all__ = ["HEARTBEAT", "Channel", "ChannelKind", "Option", "OptionType", "OptionValue", "Receiver", "Secret"]


HEARTBEAT = "heartbeat"
"""The receiver of heartbeats: it is of no route, and its messages are none of the readers'."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that is never printed; not pydantic's: children load the model too, and are small."""

    value: str = field(repr=False)


OptionValue: TypeAlias = str | bool | float | tuple[str, ...] | Secret


class Channel(StrEnum):
    """A kind of destination."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    MAIL = "mail"
    COMMAND = "command"
    FILE = "file"
    MATTERMOST = "mattermost"
    TEAMS = "teams"
    DISCORD = "discord"
    NTFY = "ntfy"
    FEED = "feed"
    APPRISE = "apprise"


class OptionType(StrEnum):
    """What an option of a receiver holds."""

    TEXT = "text"
    TEXTS = "list of texts"
    SECRET = "secret"  # noqa: S105  the word, not one: `${VEILLE_SECRET_NAME}` in the file, its text here
    FLAG = "true or false"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Option:
    """What a receiver of some channel may say of itself.

    Attributes:
        name: in the routes file.
        type: what it holds.
        help: one sentence for the documentation.
        is_required: a receiver cannot do without.
        setting: the setting, by field name, that holds it for receivers that do not say it.
        choices: the only texts that it may be; none: any.
    """

    name: str
    type: OptionType
    help: str
    is_required: bool = False
    setting: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A channel as the routes file knows it.

    Attributes:
        channel: what it is.
        word: its name in the routes file.
        summary: one sentence for the documentation.
        options: what its receivers may say.
        setting: the setting, by field name, that makes it a destination without a routes file; None: no setting does.
        updates_in_place: what it sent can be changed: a story that grows rings nobody.
        bot: the option that makes a receiver a bot, which needs no `setting` and updates in place; None: none does.
    """

    channel: Channel
    word: str
    summary: str
    options: tuple[Option, ...] = ()
    setting: str | None = None
    updates_in_place: bool = False
    bot: str | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A configured instance of a channel. Of it the store only knows the name and the channel.

    Attributes:
        name: in logs, metrics and commands.
        channel: its kind.
        options: what the routes file says of it, by name; secrets are masked wherever they are printed.
        updates_in_place: see `ChannelKind`.
        places: where the routes file says each option, by name, and under `""` that it is there; none without a
            file. Moved within the file a receiver is the same.
    """

    name: str
    channel: Channel
    options: tuple[tuple[str, OptionValue], ...] = ()
    updates_in_place: bool = False
    places: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    def text(self, name: str) -> str | None:
        """Return an option that is a text or a secret, or None where it is not given."""
        value = self._value(name)
        if isinstance(value, Secret):
            return value.value
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an option that is a list."""
        value = self._value(name)
        return value if isinstance(value, tuple) else ()

    def flag(self, name: str) -> bool:
        """Return an option that is true or false; false where it is not given."""
        return self._value(name) is True

    def number(self, name: str, default: float) -> float:
        """Return an option that is a number, or what it is by default."""
        value = self._value(name)
        return value if isinstance(value, float) else default

    def place(self, name: str) -> str | None:
        """Return where an option stands, or else the receiver: file, line and column."""
        places = dict(self.places)
        return places.get(name) or places.get("")

    def _value(self, name: str) -> OptionValue | None:
        return dict(self.options).get(name)
