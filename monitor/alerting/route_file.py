"""The routes file (`VEILLE_ROUTES`): YAML to `Routes`, or to every problem it has, each with its line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from monitor.alerting.matchers import Matcher, parse_matcher
from monitor.alerting.routes import JOURNAL, Route, Routes, default_routes, destinations
from monitor.errors import RoutesError, why_unreadable
from monitor.model import Channel, Receiver
from monitor.settings import PREFIX, nearest
from rules.errors import ConditionError, PackError
from rules.source import Node, Place, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from monitor.settings import Settings

__all__ = ["load_routes", "read_routes"]

_TOP = ("route", "receivers", "time_zone")
_TOP_LATER = ("silences",)
_ROUTE = ("receiver", "matchers", "continue", "routes", "group_by", "group_wait")
_ROUTE_LATER = ("cooldown", "budget", "overflow", "digest", "quiet_hours")
_NOT_OF_THE_FIRST = ("matchers", "continue")
_GROUPED = ["rule", "story"]
_AT_ONCE = "0s"

_KINDS = {"webhook": Channel.WEBHOOK, "slack": Channel.SLACK, "email": Channel.MAIL}
_NEEDS = {
    Channel.WEBHOOK: f"{PREFIX}WEBHOOK_URL",
    Channel.SLACK: f"{PREFIX}SLACK_WEBHOOK_URL",
    Channel.MAIL: f"{PREFIX}SMTP_HOST",
}
_NAME = re.compile(r"[\w.-]{1,64}")
_MAIL_ADDRESS = re.compile(r"[^@]*[^@\s]@[^@\s]+")  # `deliver` reads it for good


def load_routes(settings: Settings) -> Routes:
    """Return the routes of the settings: those of the routes file, or `default_routes`.

    Raises:
        RoutesError: the file cannot be read, or is wrong; with one line for each problem.
    """
    if settings.routes is None:
        return default_routes(settings)
    try:
        text = settings.routes.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RoutesError(f"{PREFIX}ROUTES: {settings.routes}: cannot be read: {why_unreadable(error)}") from error
    return read_routes(text, file=str(settings.routes), settings=settings)


def read_routes(text: str, *, file: str, settings: Settings) -> Routes:
    """Read the text of a routes file.

    Args:
        text: YAML.
        file: its name, for errors.
        settings: which destinations there are.

    Raises:
        RoutesError: with one line for each problem.
    """
    reader = _Reader(settings)
    try:
        routes = reader.routes(read(text, file=file))
    except PackError as error:
        raise RoutesError(f"{file}: refused", errors=(str(error),)) from None
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: (problem.line, problem.column))
        raise RoutesError(f"{file}: refused", errors=tuple(map(str, problems)))
    return routes


class _Reader:
    """Reads the nodes, and notes everything that is wrong with them."""

    def __init__(self, settings: Settings) -> None:
        self.problems: list[PackError] = []
        self._settings = settings
        self._names: dict[str, Place] = {}  # declared receivers, right or wrong
        self._used: set[str] = set()

    def _note(self, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(PackError(message, file=place.file, line=place.line, column=place.column, hint=hint))

    # --- the file ---------------------------------------------------------------------------------------------------

    def routes(self, node: Node) -> Routes:
        parts = self._mapping(node, "a routes file", _TOP, _TOP_LATER)
        if not isinstance(node.value, dict):
            return Routes()
        receivers = self._receivers(parts["receivers"]) if "receivers" in parts else ()
        if "time_zone" in parts:
            self._time_zone(parts["time_zone"])
        if "route" not in parts:
            self._note("route is missing", node.place, f"the smallest is route: {{receiver: {JOURNAL}}}")
            return Routes()
        root = self._route(parts["route"])
        for name, place in self._names.items():
            if name not in self._used:
                self._note(f"no route leads to the receiver {name}", place, "name it in a route, or take it out")
        reached = {receiver.channel for receiver in receivers}
        unused = (setting for channel, setting in destinations(self._settings).items() if channel not in reached)
        return Routes(receivers, root, tuple(unused))

    def _time_zone(self, node: Node) -> None:
        name, set_to = self._text(node, "time_zone"), self._settings.time_zone
        if name is None or name == set_to:
            return
        if name not in available_timezones():
            self._note(f"{name!r} is no IANA time zone", node.place, _near(name, available_timezones()))
        else:
            hint = f"the setting {PREFIX}TIME_ZONE is {set_to}; change it, or take this out"
            self._note("a time zone of its own is not available yet", node.place, hint)

    # --- routes -----------------------------------------------------------------------------------------------------

    def _route(self, node: Node, parent: str | None = None) -> Route:
        """Read a route; one without a receiver has that of the route it stands in. The first has no parent."""
        parts = self._mapping(node, "a route", _ROUTE, _ROUTE_LATER)
        if parent is None and isinstance(node.value, dict):
            for key in _NOT_OF_THE_FIRST:
                if key in parts:
                    self._note(f"the first route takes everything: it has no {key}", node.keys[key])
            if "receiver" not in parts:
                self._note("the first route needs a receiver", node.place, f"receiver: {JOURNAL} is the log only")
        self._grouping(node, parts)
        receiver = self._receiver_name(parts.get("receiver")) or parent or JOURNAL
        return Route(
            receiver,
            matchers=self._matchers(parts.get("matchers")),
            goes_on=self._flag(parts.get("continue"), "continue"),
            routes=self._children(parts.get("routes"), receiver),
        )

    def _grouping(self, node: Node, parts: Mapping[str, Node]) -> None:
        """Accept the grouping there is, in words; any other is of a later version."""
        if "group_by" in parts:
            given = parts["group_by"].plain()
            if not isinstance(given, list) or sorted(map(str, given)) != _GROUPED:
                self._note("another group_by is not available yet", node.keys["group_by"], "write [story, rule]")
        if "group_wait" in parts and parts["group_wait"].value != _AT_ONCE:
            self._note("another group_wait is not available yet", node.keys["group_wait"], 'write "0s"')

    def _children(self, node: Node | None, receiver: str) -> tuple[Route, ...]:
        items = self._list(node, "routes")
        routes = tuple(self._route(item, receiver) for item in items)
        for item, route, later in zip(items, routes, items[1:], strict=False):
            if not route.goes_on and _takes_everything(item):
                hint = f"that of line {item.place.line} takes everything"
                self._note("no match gets to this route", later.place, hint)
        return routes

    def _matchers(self, node: Node | None) -> tuple[Matcher, ...]:
        found = []
        for item in self._list(node, "matchers"):
            text = self._text(item, "a matcher")
            if text is None:
                continue
            try:
                found.append(parse_matcher(text))
            except ConditionError as error:
                self._note(error.message, item.place, error.hint)
        return tuple(found)

    def _receiver_name(self, node: Node | None) -> str | None:
        name = None if node is None else self._text(node, "receiver")
        if node is None or name is None:
            return None
        if name != JOURNAL and name not in self._names:
            self._note(f"there is no receiver {name}", node.place, _near(name, (*self._names, JOURNAL)))
        self._used.add(name)
        return name

    # --- receivers --------------------------------------------------------------------------------------------------

    def _receivers(self, node: Node) -> tuple[Receiver, ...]:
        made = []
        for name, item in self._mapping(node, "receivers").items():
            place = node.keys[name]
            if name == JOURNAL:
                self._note(f"{JOURNAL} is built in: the log only", place, "choose another name")
                continue
            self._names[name] = place
            if not _NAME.fullmatch(name):
                self._note("a receiver's name is letters, digits, _, - and dots, 64 at most", place)
            receiver = self._receiver(name, item)
            if receiver is not None:
                made.append(receiver)
        return tuple(made)

    def _receiver(self, name: str, node: Node) -> Receiver | None:
        parts = self._mapping(node, f"the receiver {name}", tuple(_KINDS))
        if len(parts) != 1:
            if parts or node.value == {}:
                self._note(f"the receiver {name} needs one destination", node.place, "webhook, slack or email")
            return None
        [(kind, inner)] = parts.items()
        channel = _KINDS[kind]
        if channel not in destinations(self._settings):
            self._note(f"the receiver {name} needs {_NEEDS[channel]}, which is not set", node.keys[kind])
        allowed = "to" if channel is Channel.MAIL else "url"
        options = {} if inner.value is None else self._mapping(inner, kind, (allowed,))
        if "url" in options:
            self._url(options["url"], _NEEDS[channel])
        return Receiver(name, channel, self._recipients(options["to"]) if "to" in options else ())

    def _url(self, node: Node, setting: str) -> None:
        """Accept the setting's name only; what stands there instead may be a secret and is not repeated."""
        if node.value != f"${{{setting}}}":
            hint = f"write ${{{setting}}} and set that, or leave url out"
            self._note("an address is a secret and never stands in this file", node.place, hint)

    def _recipients(self, node: Node) -> tuple[str, ...]:
        items = self._list(node, "to")
        if node.value == []:
            self._note("to holds nobody", node.place, f"leave it out for those of {PREFIX}MAIL_TO")
        found = []
        for item in items:
            text = self._text(item, "a recipient")
            if text is not None and not _MAIL_ADDRESS.fullmatch(text):
                self._note(f"{text!r} is not a mail address", item.place, "such as desk@example.org")
            found.append(text or "")
        return tuple(found)

    # --- shapes -----------------------------------------------------------------------------------------------------

    def _mapping(
        self, node: Node, what: str, keys: Collection[str] | None = None, later: Collection[str] = ()
    ) -> dict[str, Node]:
        """Return what a mapping holds under the keys it may have; note the others. None: it may have any."""
        if not isinstance(node.value, dict):
            hint = f"with {', '.join(keys)}" if keys else "names, each with its destination"
            self._note(f"{what} must be a mapping", node.place, hint)
            return {}
        known = {}
        for key, item in node.value.items():
            if keys is None or key in keys:
                known[key] = item
            elif key in later:
                self._note(f"{key} is not available yet", node.keys[key], "take it out: every alert leaves at once")
            else:
                self._note(f"{what} has no {key}", node.keys[key], _near(key, keys))
        return known

    def _list(self, node: Node | None, what: str) -> list[Node]:
        if node is None:
            return []
        if not isinstance(node.value, list):
            self._note(f"{what} must be a list", node.place, "[…]")
            return []
        return node.value

    def _text(self, node: Node, what: str) -> str | None:
        if isinstance(node.value, str):
            return node.value
        self._note(f"{what} must be a text", node.place)
        return None

    def _flag(self, node: Node | None, what: str) -> bool:
        if node is None or isinstance(node.value, bool):
            return node is not None and node.value is True
        self._note(f"{what} must be true or false", node.place)
        return False


def _takes_everything(route: Node) -> bool:
    matchers = route.at(["matchers"])
    return isinstance(route.value, dict) and (matchers is route or matchers.value == [])


def _near(word: str, valid: Iterable[str]) -> str:
    names = tuple(valid)
    near = nearest(word, names)
    if near:
        return f"did you mean {near}?"
    return f"there are {', '.join(names)}" if len(names) <= 10 else ""  # noqa: PLR2004  more than that is no hint
