"""Facts that people type to see where a match would go: a name or a value that no match has is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.alerting.matchers import Matcher, checked, parse_matcher
from monitor.alerting.routes import matchers_of
from monitor.alerting.shapes import near_hint
from rules.errors import ConditionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from monitor.alerting.routes import Routes
    from rules.types import RuleDef

__all__ = ["check_matchers", "check_typed", "is_of_rules"]

_OPEN = frozenset({"outlet", "story"})
_CLOSED = frozenset({"level", "status", "completeness", "wire", "type"})


def is_of_rules(name: str) -> bool:
    """Return whether the rules and entities there are say which values a fact may have."""
    return name not in _OPEN | _CLOSED


def check_typed(
    typed: Iterable[tuple[str, str]], routes: Routes, rules: Sequence[RuleDef], entities: Collection[str]
) -> None:
    """Refuse a fact that no match has. Labels that a route asks for may be of a rule that is still to be written.

    Args:
        typed: names and values; of outlets and stories there is no list.
        routes: where the facts are tried.
        rules: those that are live.
        entities: the ids of those there are.

    Raises:
        ConditionError: with the name or value that was meant.
    """
    known = _known(rules, entities)
    for name, value in typed:
        if name in _CLOSED:
            checked(Matcher(name, value))
        elif is_of_rules(name) and not _is_asked_for(name, value, routes):
            if name not in known:
                raise ConditionError(f"no rule has a label {name}", hint=near_hint(name, (*known, *_OPEN, *_CLOSED)))
            if value not in known[name]:
                raise ConditionError(f"there is no {name} {value!r}", hint=near_hint(value, known[name]))


def check_matchers(
    matchers: Iterable[str], routes: Routes, rules: Sequence[RuleDef], entities: Collection[str]
) -> tuple[str, ...]:
    """Refuse matchers of a label that no rule has and no route asks for: they would never hold for anything.

    Args:
        matchers: as people type them.
        routes: the labels that they ask for may be of a rule that is still to be written.
        rules: those that are live.
        entities: the ids of those there are.

    Returns:
        What is doubtful of the rest: a rule, an entity or a label's value that there is not, or not yet.

    Raises:
        ConditionError: with the name that was meant.
    """
    known = _known(rules, entities)
    asked = {matcher.name for matcher in matchers_of(routes.root)}
    doubts = []
    for matcher in (parse_matcher(text) for text in matchers):
        if not is_of_rules(matcher.name):
            continue
        if matcher.name not in known and matcher.name not in asked:
            hint = near_hint(matcher.name, (*known, *_OPEN, *_CLOSED))
            raise ConditionError(f"no rule has a label {matcher.name}", hint=hint)
        values = tuple(known.get(matcher.name, ()))
        if not matcher.can_find(values):
            hint = near_hint(matcher.value, values) if values else ""
            doubts.append(f"there is no {matcher.name} {matcher.value!r}" + (f"; {hint}" if hint else ""))
    return tuple(doubts)


def _known(rules: Sequence[RuleDef], entities: Collection[str]) -> dict[str, Collection[str]]:
    """Return the values that each fact may have that is of rules."""
    labels: dict[str, set[str]] = {}
    for rule in rules:
        for name, value in rule.labels:
            labels.setdefault(name, set()).add(value)
    return {**labels, "rule": [rule.id for rule in rules], "entity": entities}


def _is_asked_for(name: str, value: str, routes: Routes) -> bool:
    """Tell whether a matcher of the routes holds for a value, or would but for its negation."""
    asked = [matcher for matcher in matchers_of(routes.root) if matcher.name == name]
    return name not in {"rule", "entity"} and any(matcher.can_find((value,)) for matcher in asked)
