"""Who is told. Routes are a tree, walked as Alertmanager walks its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.alerting.holding import AT_ONCE, Manner
from monitor.alerting.ids import route_key
from monitor.alerting.matchers import Facts, Matcher, facts_of
from monitor.model import AlertType, Silence
from monitor.receivers import Channel, Receiver
from monitor.settings import PREFIX, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.model import Story
    from monitor.receivers import ChannelKind
    from monitor.settings import Settings
    from rules.types import Match, RuleDef

__all__ = [
    "JOURNAL",
    "Route",
    "Routes",
    "default_routes",
    "destinations",
    "idle_groups",
    "idle_matchers",
    "keyed",
    "matchers_of",
]

_NOT_OF_RULES = frozenset({"level", "status", "outlet", "completeness", "wire", "type", "story", "entity"})

JOURNAL = "journal"
"""The receiver that is always there: the log only."""


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree: what it takes, and who is told where none of its own routes takes it."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False  # `continue`: the routes beside it see the match too
    routes: tuple[Route, ...] = ()
    manner: Manner = AT_ONCE
    path: str = "route"  # its place in the tree, for people
    key: str = "route"  # what it told and what it holds is known by it: `keyed`

    def take(self, facts: Facts) -> tuple[Route, ...]:
        """Return the routes that the facts lead to, depth first; none where a matcher does not hold."""
        if not all(matcher.holds(facts) for matcher in self.matchers):
            return ()
        found: list[Route] = []
        for route in self.routes:
            taken = route.take(facts)
            found += taken
            if taken and not route.goes_on:
                break
        return tuple(found) or (self,)


@dataclass(frozen=True, slots=True)
class Routes:
    """The receivers, and which matches go to which of them.

    Attributes:
        receivers: every receiver but the journal. None: the log only.
        root: the tree; None: every receiver gets every match.
        unused: settings of destinations that are configured and that no receiver uses.
        zone: of the times of day in routes; None: the readers'.
        silences: those of the file.
    """

    receivers: tuple[Receiver, ...] = ()
    root: Route | None = None
    unused: tuple[str, ...] = ()
    zone: ZoneInfo | None = None
    silences: tuple[Silence, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The receivers' names, in order."""
        return tuple(receiver.name for receiver in self.receivers)

    @property
    def used(self) -> tuple[str, ...]:
        """The names of those whom some route leads to, in order, each once."""
        if self.root is None:
            return self.names
        reached = {route.receiver for route in _nodes(self.root)}
        return tuple(name for name in self.names if name in reached)

    @property
    def nodes(self) -> tuple[Route, ...]:
        """Every route of the tree."""
        return tuple(_nodes(self.root))

    def way_to(self, receiver: str, key: str | None = None) -> Route:
        """Return the route of that key that tells a receiver; where none does any more, the first that tells it.

        It tells those of updates whom no route leads to: the level is another since they were told.
        """
        found = [route for route in self.nodes if route.receiver == receiver]
        return next((route for route in found if route.key == key), found[0] if found else Route(receiver))

    def receivers_for(self, match: Match, story: Story, type_: AlertType = AlertType.STORY_NEW) -> tuple[str, ...]:
        """Return the names of those who are told of a match, each once. None: the log only."""
        return tuple(route.receiver for route in self.routes_for(match, story, type_))

    def routes_for(self, match: Match, story: Story, type_: AlertType = AlertType.STORY_NEW) -> tuple[Route, ...]:
        """Return the routes that a match leads to, one for each receiver: the first that names it."""
        if self.root is None:
            return tuple(Route(name) for name in self.names)
        return self.taken({**facts_of(match, story), "type": type_})

    def receivers_of(self, type_: AlertType) -> tuple[str, ...]:
        """Return the names of those who are told of what is no match, such as a source that fails.

        It goes to all who are told of anything. Once a matcher names its type, it goes the way of a match that has no
        other facts.
        """
        if self.root is None or not any(
            matcher.name == "type" and matcher.can_find((type_,)) for matcher in matchers_of(self.root)
        ):
            return self.used
        return tuple(route.receiver for route in self.taken({"type": type_}))

    def taken(self, facts: Facts) -> tuple[Route, ...]:
        """Return the routes that facts lead to, one for each receiver: the first that names it; none without a tree."""
        first: dict[str, Route] = {}
        for route in () if self.root is None else self.root.take(facts):
            first.setdefault(route.receiver, route)
        return tuple(route for name, route in first.items() if name != JOURNAL)


def keyed(root: Route) -> Route:
    """Return a tree whose routes are known by what they are: the receiver, their matchers and those around them.

    So what a budget or a cooldown counts, and what is held, survives that others come, go or move; only routes that
    are alike in all of that are told apart by their order.
    """
    alike: Counter[str] = Counter()

    def known(route: Route, around: tuple[tuple[str, ...], ...]) -> Route:
        matchers = (*around, tuple(matcher.text for matcher in route.matchers))
        first = route_key(route.receiver, matchers, 1)
        alike[first] += 1
        inner = tuple(known(each, matchers) for each in route.routes)
        return replace(route, routes=inner, key=route_key(route.receiver, matchers, alike[first]))

    return known(root, ())


def idle_matchers(routes: Routes, rules: Sequence[RuleDef]) -> tuple[str, ...]:
    """Say which matchers can tell none of these rules from the others: a name in them is mistyped.

    Args:
        routes: the tree.
        rules: those that are live.
    """
    labels = {name for rule in rules for name, _ in rule.labels}
    told = []
    for matcher in matchers_of(routes.root):
        if matcher.name in _NOT_OF_RULES:
            continue
        values = tuple(_fact(rule, matcher.name) for rule in rules)
        if rules and not matcher.can_find(values):
            names = sorted({value for value in values if value}) or sorted({*labels, "rule", *_NOT_OF_RULES})
            near = nearest(matcher.value if any(values) else matcher.name, names)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(names[:10])}"
            told.append(f"no rule has {matcher.name} {matcher.value!r}; {hint}")
    return tuple(dict.fromkeys(told))


def idle_groups(routes: Routes, rules: Sequence[RuleDef]) -> tuple[str, ...]:
    """Say which names in `group_by` are no facts and no label of these rules: all that is told is one group."""
    known = sorted({"rule", *_NOT_OF_RULES, *(name for rule in rules for name, _ in rule.labels)})
    named = dict.fromkeys(name for route in routes.nodes for name in route.manner.group_by)
    hints = {name: nearest(name, known) for name in named if name not in known}
    return tuple(
        f"group_by: no match has {name}; " + (f"did you mean {near}?" if near else f"there are {', '.join(known)}")
        for name, near in hints.items()
    )


def matchers_of(route: Route | None) -> Iterator[Matcher]:
    """Yield every matcher of a route and of those inside it."""
    for node in _nodes(route):
        yield from node.matchers


def _nodes(route: Route | None) -> Iterator[Route]:
    if route is not None:
        yield route
        for inner in route.routes:
            yield from _nodes(inner)


def _fact(rule: RuleDef, name: str) -> str:
    return rule.id if name == "rule" else dict(rule.labels).get(name, "")


def destinations(kinds: Sequence[ChannelKind], settings: Settings) -> dict[Channel, str]:
    """Return the channels that settings configure, with the setting that switches each on."""
    return {
        kind.channel: PREFIX + kind.setting.upper()
        for kind in kinds
        if kind.setting is not None and getattr(settings, kind.setting) is not None
    }


def default_routes(kinds: Sequence[ChannelKind], settings: Settings) -> Routes:
    """Return the routes without a routes file: each configured destination, named after its channel."""
    configured = destinations(kinds, settings)
    return Routes(
        tuple(
            Receiver(kind.channel.value, kind.channel, updates_in_place=kind.updates_in_place)
            for kind in kinds
            if kind.channel in configured
        )
    )
