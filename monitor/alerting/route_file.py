"""The routes file (`VEILLE_ROUTES`): YAML to `Routes`, or to every problem it has, each with its line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from monitor.alerting.matchers import Matcher, parse_matcher
from monitor.alerting.receiver_file import read_receiver
from monitor.alerting.routes import JOURNAL, Route, Routes, default_routes, destinations
from monitor.alerting.shapes import Shapes, near_hint
from monitor.errors import RoutesError, why_unreadable
from monitor.settings import PREFIX
from rules.errors import ConditionError, PackError
from rules.source import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.receivers import ChannelKind, Receiver
    from monitor.settings import Settings
    from rules.source import Node, Place

__all__ = ["load_routes", "read_routes"]

_TOP = ("route", "receivers", "time_zone")
_TOP_LATER = ("silences",)
_ROUTE = ("receiver", "matchers", "continue", "routes", "group_by", "group_wait")
_ROUTE_LATER = ("cooldown", "budget", "overflow", "digest", "quiet_hours")
_NOT_OF_THE_FIRST = ("matchers", "continue")
_GROUPED = ["rule", "story"]
_AT_ONCE = "0s"

_NAME = re.compile(r"[\w.-]{1,64}")


def load_routes(settings: Settings, kinds: Sequence[ChannelKind]) -> Routes:
    """Return the routes of the settings: those of the routes file, or `default_routes`.

    Args:
        settings: where the file is, secrets, and the destinations without one.
        kinds: the channels there are.

    Raises:
        RoutesError: the file cannot be read, or is wrong; with one line for each problem.
    """
    if settings.routes is None:
        return default_routes(kinds, settings)
    try:
        text = settings.routes.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RoutesError(f"{PREFIX}ROUTES: {settings.routes}: cannot be read: {why_unreadable(error)}") from error
    return read_routes(text, file=str(settings.routes), kinds=kinds, settings=settings)


def read_routes(text: str, *, file: str, kinds: Sequence[ChannelKind], settings: Settings) -> Routes:
    """Read the text of a routes file.

    Args:
        text: YAML.
        file: its name, for errors.
        kinds: the channels there are.
        settings: secrets, and which destinations they configure.

    Raises:
        RoutesError: with one line for each problem.
    """
    reader = _Reader(kinds, settings)
    try:
        routes = reader.routes(read(text, file=file))
    except PackError as error:
        raise RoutesError(f"{file}: refused", errors=(str(error),)) from None
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: (problem.line, problem.column))
        raise RoutesError(f"{file}: refused", errors=tuple(map(str, problems)))
    return routes


class _Reader(Shapes):
    """Reads the nodes, and notes everything that is wrong with them."""

    def __init__(self, kinds: Sequence[ChannelKind], settings: Settings) -> None:
        super().__init__()
        self._kinds = kinds
        self._settings = settings
        self._names: dict[str, Place] = {}  # declared receivers, right or wrong
        self._used: set[str] = set()

    # --- the file ---------------------------------------------------------------------------------------------------

    def routes(self, node: Node) -> Routes:
        parts = self.mapping(node, "a routes file", _TOP, _TOP_LATER)
        if not isinstance(node.value, dict):
            return Routes()
        receivers = self._receivers(parts["receivers"]) if "receivers" in parts else ()
        if "time_zone" in parts:
            self._time_zone(parts["time_zone"])
        if "route" not in parts:
            self.note("route is missing", node.place, f"the smallest is route: {{receiver: {JOURNAL}}}")
            return Routes()
        root = self._route(parts["route"])
        for name, place in self._names.items():
            if name not in self._used:
                self.note(f"no route leads to the receiver {name}", place, "name it in a route, or take it out")
        reached = {receiver.channel for receiver in receivers}
        configured = destinations(self._kinds, self._settings)
        unused = tuple(setting for channel, setting in configured.items() if channel not in reached)
        return Routes(receivers, root, unused)

    def _time_zone(self, node: Node) -> None:
        name, set_to = self.text(node, "time_zone"), self._settings.time_zone
        if name is None or name == set_to:
            return
        if name not in available_timezones():
            self.note(f"{name!r} is no IANA time zone", node.place, near_hint(name, available_timezones()))
        else:
            hint = f"the setting {PREFIX}TIME_ZONE is {set_to}; change it, or take this out"
            self.note("a time zone of its own is not available yet", node.place, hint)

    # --- routes -----------------------------------------------------------------------------------------------------

    def _route(self, node: Node, parent: str | None = None) -> Route:
        """Read a route; one without a receiver has that of the route it stands in. The first has no parent."""
        parts = self.mapping(node, "a route", _ROUTE, _ROUTE_LATER)
        if parent is None and isinstance(node.value, dict):
            for key in _NOT_OF_THE_FIRST:
                if key in parts:
                    self.note(f"the first route takes everything: it has no {key}", node.keys[key])
            if "receiver" not in parts:
                self.note("the first route needs a receiver", node.place, f"receiver: {JOURNAL} is the log only")
        self._grouping(node, parts)
        receiver = self._receiver_name(parts.get("receiver")) or parent or JOURNAL
        return Route(
            receiver,
            matchers=self._matchers(parts.get("matchers")),
            goes_on=self.flag(parts.get("continue"), "continue"),
            routes=self._children(parts.get("routes"), receiver),
        )

    def _grouping(self, node: Node, parts: Mapping[str, Node]) -> None:
        """Accept the grouping there is, in words; any other is of a later version."""
        if "group_by" in parts:
            given = parts["group_by"].plain()
            if not isinstance(given, list) or sorted(map(str, given)) != _GROUPED:
                self.note("another group_by is not available yet", node.keys["group_by"], "write [story, rule]")
        if "group_wait" in parts and parts["group_wait"].value != _AT_ONCE:
            self.note("another group_wait is not available yet", node.keys["group_wait"], 'write "0s"')

    def _children(self, node: Node | None, receiver: str) -> tuple[Route, ...]:
        items = self.list_of(node, "routes")
        routes = tuple(self._route(item, receiver) for item in items)
        for item, route, later in zip(items, routes, items[1:], strict=False):
            if not route.goes_on and _takes_everything(item):
                hint = f"that of line {item.place.line} takes everything"
                self.note("no match gets to this route", later.place, hint)
        return routes

    def _matchers(self, node: Node | None) -> tuple[Matcher, ...]:
        found = []
        for item in self.list_of(node, "matchers"):
            text = self.text(item, "a matcher")
            if text is None:
                continue
            try:
                found.append(parse_matcher(text))
            except ConditionError as error:
                self.note(error.message, item.place, error.hint)
        return tuple(found)

    def _receiver_name(self, node: Node | None) -> str | None:
        name = None if node is None else self.text(node, "receiver")
        if node is None or name is None:
            return None
        if name != JOURNAL and name not in self._names:
            self.note(f"there is no receiver {name}", node.place, near_hint(name, (*self._names, JOURNAL)))
        self._used.add(name)
        return name

    # --- receivers --------------------------------------------------------------------------------------------------

    def _receivers(self, node: Node) -> tuple[Receiver, ...]:
        made = []
        for name, item in self.mapping(node, "receivers").items():
            place = node.keys[name]
            if name == JOURNAL:
                self.note(f"{JOURNAL} is built in: the log only", place, "choose another name")
                continue
            self._names[name] = place
            if not _NAME.fullmatch(name):
                self.note("a receiver's name is letters, digits, _, - and dots, 64 at most", place)
            receiver = read_receiver(self, name, item, kinds=self._kinds, settings=self._settings)
            if receiver is not None:
                made.append(receiver)
        return tuple(made)


def _takes_everything(route: Node) -> bool:
    matchers = route.at(["matchers"])
    return isinstance(route.value, dict) and (matchers is route or matchers.value == [])
