"""The JSON Schema of a routes file, for editors. What depends on settings only the reader of the file can tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.alerting.manner_file import BUDGET, DURATION, GROUP_NAME, NONE, TIME
from monitor.alerting.route_file import RECEIVER_NAME
from monitor.receivers import OptionType
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.receivers import ChannelKind, Option

__all__ = ["route_schema", "route_schema_text"]

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_MATCHERS: Json = {
    "type": "array",
    "items": {"type": "string", "pattern": "[=!]"},
    "description": 'Such as level=~"high|critical"; all of them must hold.',
}


def _whole(pattern: str) -> str:
    return f"^\\s*(?:{pattern})\\s*$"


_TIME_OF_DAY = _whole(TIME.pattern)
_TIMES = _whole(rf"(?:{TIME.pattern})(?:\s*,\s*(?:{TIME.pattern}))*")
_DURATION = _whole(DURATION.pattern)


def route_schema(kinds: Sequence[ChannelKind]) -> Json:
    """Return the JSON Schema of a routes file.

    Args:
        kinds: the channels there are.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "veille: routes",
        **_closed(
            {
                "route": _first_route(),
                "time_zone": {**_TEXT, "description": "Of the times of day: an IANA name, such as Europe/Paris."},
                "receivers": {
                    "type": "object",
                    "propertyNames": {"pattern": _whole(RECEIVER_NAME.pattern)},
                    "additionalProperties": {"oneOf": [_receiver(kind) for kind in kinds]},
                    "description": "Names, each with its destination.",
                },
                "silences": {"type": "array", "items": {"$ref": "#/$defs/silence"}},
            },
            "route",
        ),
        "$defs": {"route": _closed(_route() | _inner()), "silence": _silence()},
    }


def route_schema_text(kinds: Sequence[ChannelKind]) -> str:
    """Return the JSON Schema as it is published, in `docs/routes.schema.json`."""
    return json.dumps(route_schema(kinds), ensure_ascii=False, indent=2) + "\n"


def _first_route() -> Json:
    return _closed(_route(), "receiver")


def _inner() -> Json:
    """Return what only a route inside another may say: the first takes everything."""
    described = "Where it takes a match, the routes beside it see that too."
    return {"matchers": _MATCHERS, "continue": {"type": "boolean", "description": described}}


def _route() -> Json:
    return {
        "receiver": {**_TEXT, "description": "Who is told; journal is the log only."},
        "routes": {"type": "array", "items": {"$ref": "#/$defs/route"}},
        "group_by": {
            "type": "array",
            "items": {"type": "string", "pattern": _whole(GROUP_NAME.pattern)},
            "description": "What messages of a group have in common: story, rule, level, outlet, entity, or a label.",
        },
        "group_wait": _pattern(_DURATION, "How long the first message of a group waits for others."),
        "cooldown": _pattern(_DURATION, "Least time between two messages of a group."),
        "budget": _or_none(_pattern(_whole(BUDGET.pattern), "Most messages in a time: 10/h, 3/day.")),
        "overflow": {"const": "digest", "description": "What is over the budget is told later: nothing is dropped."},
        "digest": _or_none(_pattern(_TIMES, "Times of day at which all is told in one message: 07:30,18:00.")),
        "quiet_hours": _or_none(_quiet_hours()),
    }


def _quiet_hours() -> Json:
    hours = _closed(
        {
            "from": _pattern(_TIME_OF_DAY, "A time of day."),
            "to": _pattern(_TIME_OF_DAY, "A time of day, the next day where it is earlier."),
            "except_level": {"enum": [level.value for level in Level], "description": "It passes, and those above."},
        },
        *("from", "to"),
    )
    return {**hours, "description": "When nothing leaves."}


def _silence() -> Json:
    return _closed(
        {
            "matchers": {**_MATCHERS, "minItems": 1},
            "author": {**_TEXT, "minLength": 1, "description": "Who says so."},
            "reason": {**_TEXT, "minLength": 1, "description": "Why."},
            "until": {**_TEXT, "description": "Its end, by a clock in time_zone: 2026-12-01T08:00."},
        },
        *("matchers", "author", "reason", "until"),
    )


def _receiver(kind: ChannelKind) -> Json:
    options = {option.name: _option(option) for option in kind.options}
    required = [option.name for option in kind.options if option.is_required and option.setting is None]
    type_ = "object" if required else ["object", "null"]
    inner = {**_closed(options, *required), "type": type_, "description": kind.summary}
    return _closed({kind.word: inner}, kind.word)


def _option(option: Option) -> Json:
    shapes: dict[OptionType, Json] = {
        OptionType.TEXT: {"enum": list(option.choices)} if option.choices else _TEXT,
        OptionType.TEXTS: {"type": "array", "minItems": 1, "items": _TEXT},
        OptionType.SECRET: {"type": "string", "pattern": r"^\$\{VEILLE_\w+\}$"},
        OptionType.FLAG: {"type": "boolean"},
        OptionType.NUMBER: {"type": "number", "minimum": 0},
    }
    return {**shapes[option.type], "description": option.help}


def _closed(properties: Json, *required: str) -> Json:
    needs = {"required": list(required)} if required else {}
    return {"type": "object", "additionalProperties": False, "properties": properties, **needs}


def _pattern(pattern: str, description: str) -> Json:
    return {"type": "string", "pattern": pattern, "description": description}


def _or_none(shape: Json) -> Json:
    """Return a shape, or the word that takes back what the route around says."""
    return {"anyOf": [shape, {"const": NONE}], "description": shape["description"]}
