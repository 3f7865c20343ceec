"""In what manner a route tells, as its file says it: durations, budgets, times of day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from monitor.alerting.holding import AT_ONCE, Budget, Manner, QuietHours
from monitor.alerting.shapes import near_hint
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.alerting.shapes import Shapes
    from rules.source import Node

__all__ = ["BUDGET", "DURATION", "GROUP_NAME", "MANNER_KEYS", "NONE", "TIME", "duration_of", "read_manner"]

MANNER_KEYS = ("group_by", "group_wait", "cooldown", "budget", "overflow", "digest", "quiet_hours")

NONE = "none"
_UNSAID = (
    "budget",
    "digest",
    "quiet_hours",
)  # what a route may take back that the one around it says; "0s" does others

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "day": 86_400, "hour": 3600}
DURATION = re.compile(r"(\d{1,6})\s*(s|min|m|h|d)")
BUDGET = re.compile(r"(\d{1,4})\s*/\s*(min|h|hour|d|day)")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
GROUP_NAME = re.compile(r"\w[\w.-]{0,63}")


def read_manner(shapes: Shapes, parts: Mapping[str, Node], inherited: Manner) -> Manner:
    """Return a route's manner: what it says, and for the rest that of the route it stands in.

    Args:
        shapes: reads, and keeps the problems.
        parts: the route's own keys.
        inherited: of the route it stands in.
    """
    reader = _MannerReader(shapes)
    readers = {
        "group_by": reader.group_by,
        "group_wait": reader.duration,
        "cooldown": reader.duration,
        "budget": reader.budget,
        "digest": reader.times,
        "quiet_hours": reader.quiet_hours,
    }
    unsaid = {name for name in _UNSAID if name in parts and parts[name].value == NONE}
    said: dict[str, Any] = {
        name: read(parts[name], name) for name, read in readers.items() if name in parts and name not in unsaid
    }
    made = replace(inherited, **{name: value for name, value in said.items() if value is not None})
    made = replace(made, **{name: getattr(AT_ONCE, name) for name in unsaid})
    if "overflow" in parts and parts["overflow"].value != "digest":
        shapes.note("overflow is never anything but digest", parts["overflow"].place, "nothing is dropped")
    elif "overflow" in parts and made.budget is None and "budget" not in said:
        shapes.note("overflow without a budget", parts["overflow"].place, 'what is over it: budget: "10/h"')
    return made


def duration_of(text: str) -> timedelta | None:
    """Return a duration as people write it, or None: it is none.

    >>> duration_of("90 min")
    datetime.timedelta(seconds=5400)
    """
    found = DURATION.fullmatch(text.strip())
    return None if found is None else timedelta(seconds=int(found[1]) * _UNITS[found[2]])


class _MannerReader:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def group_by(self, node: Node, name: str) -> tuple[str, ...] | None:
        names = []
        for item in self._shapes.list_of(node, name):
            text = self._shapes.text(item, f"a name in {name}")
            if text is not None and not GROUP_NAME.fullmatch(text):
                self._shapes.note(f"{text!r} is no name", item.place, "story, rule, level, outlet, entity or a label")
            names.append(text or "")
        return tuple(names) or None

    def duration(self, node: Node, name: str) -> timedelta | None:
        text = self._shapes.text(node, name)
        found = None if text is None else duration_of(text)
        if text is not None and found is None:
            self._shapes.note(f"{text!r} is no duration", node.place, 'such as "2h", "90 min" or "0s"')
        return found

    def budget(self, node: Node, name: str) -> Budget | None:
        text = self._shapes.text(node, name)
        found = None if text is None else BUDGET.fullmatch(text.strip())
        if found is None or not int(found[1]):
            if text is not None:
                self._shapes.note(f"{text!r} is no budget", node.place, 'such as "10/h" or "3/day"')
            return None
        return Budget(int(found[1]), timedelta(seconds=_UNITS[found[2]]))

    def times(self, node: Node, name: str) -> tuple[time, ...] | None:
        text = self._shapes.text(node, name)
        if text is None:
            return None
        found = [self._time(part.strip(), node) for part in text.split(",")]
        return tuple(sorted({at for at in found if at is not None})) or None

    def quiet_hours(self, node: Node, name: str) -> QuietHours | None:
        parts = self._shapes.mapping(node, name, ("from", "to", "except_level"))
        ends = []
        for key in ("from", "to"):
            if key not in parts:
                if isinstance(node.value, dict):
                    self._shapes.note(f"{name} needs {key}", node.place, '{from: "22:00", to: "06:30"}')
                continue
            text = self._shapes.text(parts[key], key)
            ends.append(None if text is None else self._time(text, parts[key]))
        start, end = (*ends, None, None)[:2]
        if start is None or end is None:
            return None
        if start == end:
            self._shapes.note(f"{name} would never end", node.place, "from and to are the same")
        return QuietHours(start, end, self._level(parts.get("except_level")))

    def _level(self, node: Node | None) -> Level | None:
        text = None if node is None else self._shapes.text(node, "except_level")
        if node is None or text is None:
            return None
        if text not in tuple(Level):
            self._shapes.note(f"there is no level {text}", node.place, near_hint(text, tuple(Level)))
            return None
        return Level(text)

    def _time(self, text: str, node: Node) -> time | None:
        found = TIME.fullmatch(text)
        if found is None:
            self._shapes.note(f"{text!r} is no time of day", node.place, 'such as "07:30"')
            return None
        return time(int(found[1]), int(found[2]))
