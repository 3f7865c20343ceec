"""The receivers of a routes file: each against what its channel lets it say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor.alerting.shapes import near_hint
from monitor.receivers import OptionType, Receiver, Secret
from monitor.settings import PREFIX, SECRET_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.alerting.shapes import Shapes
    from monitor.receivers import ChannelKind, Option, OptionValue
    from monitor.settings import Settings
    from rules.source import Node

__all__ = ["read_receiver"]

_MAIL_ADDRESS = re.compile(r"[^@]*[^@\s]@[^@\s]+")  # `deliver` reads it for good
_REFERENCE = re.compile(rf"\$\{{({SECRET_PREFIX}\w+)\}}", re.ASCII)


def read_receiver(
    shapes: Shapes, name: str, node: Node, *, kinds: Sequence[ChannelKind], settings: Settings
) -> Receiver | None:
    """Read one receiver; None: it has no destination. What is wrong is noted.

    Args:
        shapes: reads, and keeps the problems.
        name: the receiver's.
        node: what stands under it.
        kinds: the channels there are.
        settings: secrets, and what receivers need not say.
    """
    by_word = {kind.word: kind for kind in kinds}
    parts = shapes.mapping(node, f"the receiver {name}", tuple(by_word))
    if len(parts) != 1:
        if parts or node.value == {}:
            shapes.note(f"the receiver {name} needs one destination", node.place, _one_of(by_word))
        return None
    [(word, inner)] = parts.items()
    kind = by_word[word]
    options = {option.name: option for option in kind.options}
    given = {} if inner.value is None else shapes.mapping(inner, word, tuple(options))
    values: list[tuple[str, OptionValue]] = []
    for option in kind.options:
        if option.name in given:
            value = _Value(shapes, option, given[option.name], settings).read()
            if value is not None:
                values.append((option.name, value))
        elif option.setting is not None and getattr(settings, option.setting) is not None:
            pass  # `deliver` takes it from the settings
        elif option.is_required:
            shapes.note(f"the receiver {name} needs {_needed(option)}", node.keys[word])
    if kind.setting is not None and _wants_setting(kind, given) and not getattr(settings, kind.setting):
        shapes.note(f"the receiver {name} needs {_setting(kind.setting)}, which is not set", node.keys[word])
    places = {"": node.keys[word], **{key: value.place for key, value in given.items()}}
    return Receiver(
        name,
        kind.channel,
        tuple(values),
        kind.updates_in_place or kind.bot in given,
        tuple((key, f"{place.file}:{place.line}:{place.column}") for key, place in places.items()),
    )


def _wants_setting(kind: ChannelKind, given: Mapping[str, Node]) -> bool:
    """Return whether a receiver of a channel that a setting configures goes where the setting says."""
    where = [option for option in kind.options if option.setting == kind.setting and option.name in given]
    return kind.bot not in given and all(given[option.name].value == _own_reference(option) for option in where)


def _own_reference(option: Option) -> str | None:
    """Return how a receiver says that it has what the option's setting has."""
    return None if option.setting is None else f"${{{_setting(option.setting)}}}"


def _one_of(words: Mapping[str, ChannelKind]) -> str:
    *some, last = words
    return f"{', '.join(some)} or {last}"


def _needed(option: Option) -> str:
    how = f"${{{SECRET_PREFIX}NAME}}" if option.type is OptionType.SECRET else "…"
    return f"{option.name}: {how}"


def _setting(field: str) -> str:
    return PREFIX + field.upper()


class _Value:
    """Reads the value of one option."""

    def __init__(self, shapes: Shapes, option: Option, node: Node, settings: Settings) -> None:
        self._shapes = shapes
        self._option = option
        self._node = node
        self._settings = settings

    def read(self) -> OptionValue | None:
        """Return the value, or None: it is wrong, and noted."""
        readers = {
            OptionType.TEXT: self._text,
            OptionType.TEXTS: self._texts,
            OptionType.SECRET: self._secret,
            OptionType.FLAG: self._flag,
            OptionType.NUMBER: self._number,
        }
        return readers[self._option.type]()

    def _text(self) -> str | None:
        text = self._shapes.text(self._node, self._option.name)
        choices = self._option.choices
        if text is not None and choices and text not in choices:
            self._shapes.note(f"{self._option.name} is never {text!r}", self._node.place, near_hint(text, choices))
        return text

    def _texts(self) -> tuple[str, ...]:
        name, found = self._option.name, list[str]()
        if self._node.value == []:
            self._shapes.note(f"{name} holds nobody", self._node.place, "leave it out for what the settings say")
        for item in self._shapes.list_of(self._node, name):
            text = self._shapes.text(item, "a recipient" if name == "to" else f"an item of {name}")
            if text is not None and name == "to" and not _MAIL_ADDRESS.fullmatch(text):
                self._shapes.note(f"{text!r} is not a mail address", item.place, "such as desk@example.org")
            found.append(text or "")
        return tuple(found)

    def _secret(self) -> Secret | None:
        """Return what the name stands for; what stands there instead may be a secret and is not repeated."""
        value, own = self._node.value, _own_reference(self._option)
        if value == own and own is not None:
            return None  # `deliver` takes it from the settings
        reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if reference is None:
            what = "an address" if self._option.name.endswith("url") else self._option.name
            hint = f"write {' or '.join(filter(None, (own, f'${{{SECRET_PREFIX}NAME}}')))} and set that"
            self._shapes.note(f"{what} is a secret and never stands in this file", self._node.place, hint)
            return None
        secret = self._settings.secret(reference[1])
        if secret is None:
            self._shapes.note(f"{reference[1]} is not set", self._node.place, "in the environment, or the .env file")
        return None if secret is None else Secret(secret.get_secret_value())

    def _flag(self) -> bool | None:
        return self._shapes.flag(self._node, self._option.name)

    def _number(self) -> float | None:
        value = self._node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            self._shapes.note(f"{self._option.name} must be a number, 0 or more", self._node.place)
            return None
        return float(value)
