"""The routes file (`VEILLE_ROUTES`): YAML to `Routes`, or to every problem it has, each with its line and column."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.alerting.holding import AT_ONCE, Manner
from monitor.alerting.manner_file import MANNER_KEYS, read_manner
from monitor.alerting.matchers import Matcher, check_choices, parse_matcher
from monitor.alerting.receiver_file import read_receiver
from monitor.alerting.routes import JOURNAL, Route, Routes, default_routes, destinations, keyed
from monitor.alerting.shapes import Shapes, near_hint
from monitor.alerting.silences import file_silence
from monitor.errors import RoutesError, why_unreadable
from monitor.files import text_of
from monitor.receivers import HEARTBEAT
from monitor.settings import PREFIX, near_zone, time_zones
from rules.errors import ConditionError, PackError
from rules.source import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Silence
    from monitor.receivers import ChannelKind, Receiver
    from monitor.settings import Settings
    from rules.source import Node, Place

__all__ = ["RECEIVER_NAME", "ROUTE_KEYS", "SILENCE_KEYS", "TOP_KEYS", "load_routes", "read_routes"]

TOP_KEYS = ("route", "receivers", "time_zone", "silences")
ROUTE_KEYS = ("receiver", "matchers", "continue", "routes", *MANNER_KEYS)
_YEARS = range(2000, 3000)
SILENCE_KEYS = ("matchers", "author", "reason", "until")
_NOT_OF_THE_FIRST = ("matchers", "continue")

RECEIVER_NAME = re.compile(r"[\w.-]{1,64}")


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
        text = text_of(settings.routes)
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
        parts = self.mapping(node, "a routes file", TOP_KEYS)
        if not isinstance(node.value, dict):
            return Routes()
        receivers = self._receivers(parts["receivers"]) if "receivers" in parts else ()
        zone = self._time_zone(parts["time_zone"]) if "time_zone" in parts else None
        silences = self._silences(parts["silences"], zone or self._settings.zone) if "silences" in parts else ()
        if "route" not in parts:
            self.note("route is missing", node.place, f"the smallest is route: {{receiver: {JOURNAL}}}")
            return Routes()
        root = keyed(self._route(parts["route"]))
        for name, place in self._names.items():
            if name not in self._used:
                self.note(f"no route leads to the receiver {name}", place, "name it in a route, or take it out")
        reached = {receiver.channel for receiver in receivers}
        configured = destinations(self._kinds, self._settings)
        unused = tuple(setting for channel, setting in configured.items() if channel not in reached)
        return Routes(receivers, root, unused, zone, silences)

    def _time_zone(self, node: Node) -> ZoneInfo | None:
        name = self.text(node, "time_zone")
        if name is None:
            return None
        if name not in time_zones():
            near = near_zone(name)
            hint = f"did you mean {near}?" if near else "such as Europe/Paris"
            self.note(f"{name!r} is no IANA time zone", node.place, hint)
            return None
        return ZoneInfo(name)

    def _silences(self, node: Node, zone: ZoneInfo) -> tuple[Silence, ...]:
        """Read the silences; one that has ended is no problem: it says nothing any more."""
        found = []
        for item in self.list_of(node, "silences"):
            parts = self.mapping(item, "a silence", SILENCE_KEYS)
            if missing := [key for key in SILENCE_KEYS if key not in parts]:
                if isinstance(item.value, dict):
                    hint = "a silence needs matchers, an author, a reason and its end"
                    self.note(f"a silence without {missing[0]}", item.place, hint)
                continue
            matchers = [self.text(each, "a matcher") for each in self.list_of(parts["matchers"], "matchers")]
            author, reason, until = (self.text(parts[key], key) for key in ("author", "reason", "until"))
            ends_at = None if until is None else _instant(until, zone)
            if until is not None and ends_at is None:
                self.note(f"{until!r} is no instant", parts["until"].place, 'such as "2026-12-01T08:00"')
            texts = tuple(each for each in matchers if each is not None)
            if ends_at is None or author is None or reason is None:
                continue
            try:
                found.append(file_silence(texts, author=author, reason=reason, ends_at=ends_at))
            except ConditionError as error:
                self.note(error.message, item.place, error.hint)
        return tuple(found)

    # --- routes -----------------------------------------------------------------------------------------------------

    def _route(
        self, node: Node, parent: str | None = None, *, inherited: Manner = AT_ONCE, path: str = "route"
    ) -> Route:
        """Read a route; what it does not say is as in the route it stands in. The first has no parent."""
        parts = self.mapping(node, "a route", ROUTE_KEYS)
        if parent is None and isinstance(node.value, dict):
            for key in _NOT_OF_THE_FIRST:
                if key in parts:
                    self.note(f"the first route takes everything: it has no {key}", node.keys[key])
            if "receiver" not in parts:
                self.note("the first route needs a receiver", node.place, f"receiver: {JOURNAL} is the log only")
        manner = read_manner(self, parts, inherited)
        receiver = self._receiver_name(parts.get("receiver")) or parent or JOURNAL
        return Route(
            receiver,
            matchers=self._matchers(parts.get("matchers")),
            goes_on=self.flag(parts.get("continue"), "continue"),
            routes=self._children(parts.get("routes"), receiver, manner, path),
            manner=manner,
            path=path,
        )

    def _children(self, node: Node | None, receiver: str, manner: Manner, path: str) -> tuple[Route, ...]:
        items = self.list_of(node, "routes")
        routes = tuple(
            self._route(item, receiver, inherited=manner, path=f"{path}.{number}")
            for number, item in enumerate(items, 1)
        )
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
                check_choices(found[-1])
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
            if name == HEARTBEAT:
                self.note(f"{HEARTBEAT} is built in: VEILLE_HEARTBEAT_URL", place, "choose another name")
                continue
            self._names[name] = place
            if not RECEIVER_NAME.fullmatch(name):
                self.note("a receiver's name is letters, digits, _, - and dots, 64 at most", place)
            receiver = read_receiver(self, name, item, kinds=self._kinds, settings=self._settings)
            if receiver is not None:
                made.append(receiver)
        return tuple(made)


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """Return an instant as ISO 8601 writes it, by a clock in the zone where it names none; None: nobody means it."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if local.year not in _YEARS:
        return None
    return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)


def _takes_everything(route: Node) -> bool:
    matchers = route.at(["matchers"])
    return isinstance(route.value, dict) and (matchers is route or matchers.value == [])
