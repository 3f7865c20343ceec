"""Matchers, as Alertmanager writes them: `level=~"high|critical"`, `desk="international"`, `rule!="essai"`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from monitor.agencies import AGENCIES
from monitor.model import AlertType
from monitor.settings import nearest
from rules.errors import ConditionError
from rules.types import Completeness, Level, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.model import Story
    from rules.types import Match

__all__ = ["Facts", "Matcher", "check_choices", "checked", "facts_of", "parse_matcher", "wire_facts"]

Facts: TypeAlias = "Mapping[str, str | tuple[str, ...]]"
"""What matchers look at: texts by name; several where any of them counts."""

# name, operator, value in quotes or bare
_MATCHER = re.compile(r'\s*([^\s"=!~]+)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s,{}=!~]*))\s*')
_ESCAPED = re.compile(r'\\(["\\])')  # any other backslash is the regular expression's own
_CLOSED: dict[str, tuple[str, ...]] = {
    "level": tuple(Level),
    "status": tuple(Status),
    "completeness": tuple(Completeness),
    "wire": ("true", "", *AGENCIES),
    "type": tuple(AlertType),
}
_PLAIN = re.compile(r"[\w-]+")  # of a regular expression: it finds itself alone
_SHOWN = 10  # values that are listed where one is mistyped


@dataclass(frozen=True, slots=True)
class Matcher:
    """One test of one fact. `pattern` is the compiled regular expression, or None where the value is compared whole."""

    name: str
    value: str
    negated: bool = False
    pattern: Any = None

    def holds(self, facts: Facts) -> bool:
        """Return whether the facts pass; one that is not there is the empty text, one of several values is any."""
        value = facts.get(self.name, "")
        values = (value,) if isinstance(value, str) else value or ("",)
        return any(map(self._finds, values)) is not self.negated

    def _finds(self, actual: str) -> bool:
        if self.pattern is None:
            return actual == self.value
        return self.pattern.fullmatch(actual.encode("utf-8", "replace")) is not None

    @property
    def text(self) -> str:
        """The matcher as it is written."""
        operators = {(False, False): "=", (True, False): "!=", (False, True): "=~", (True, True): "!~"}
        return f'{self.name}{operators[self.negated, self.pattern is not None]}"{self.value}"'

    def can_find(self, values: tuple[str, ...]) -> bool:
        """Return whether it tells some of the values from the others, negated or not."""
        return any(map(self._finds, values))


def parse_matcher(text: str) -> Matcher:
    r"""Read a matcher.

    Raises:
        ConditionError: it is not one, is of a later version, or can never tell anything apart.

    >>> parse_matcher('level=~"high|critical"').holds({"level": "critical"})
    True
    >>> parse_matcher("rule!=essai").holds({"rule": "essai"})
    False
    """
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ConditionError(f"{text!r} is not a matcher", hint='write level=~"high|critical" or desk!="sport"')
    name, operator, quoted, bare = found.groups()
    value = bare if quoted is None else _ESCAPED.sub(r"\1", quoted)
    pattern = _compiled(value) if operator.endswith("~") else None
    return checked(Matcher(name, value, negated=operator.startswith("!"), pattern=pattern))


def checked(matcher: Matcher) -> Matcher:
    """Return a matcher, unless what it looks at never has a value that it finds.

    Raises:
        ConditionError: so it is.
    """
    known = _CLOSED.get(matcher.name)
    if known and not matcher.can_find(known):
        near = nearest(matcher.value, known)
        listed = ", ".join(each or '""' for each in known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
        hint = f"did you mean {near}?" if near else f"it is {listed}"
        raise ConditionError(f"{matcher.name} is never {matcher.value!r}", hint=hint)
    return matcher


def check_choices(matcher: Matcher) -> None:
    """Refuse a choice of plain words, such as `level=~"high|critical"`, one of which is never a value.

    Raises:
        ConditionError: one never is.
    """
    choices = matcher.value.split("|")
    if matcher.pattern is not None and all(map(_PLAIN.fullmatch, choices)):
        for choice in choices:
            checked(Matcher(matcher.name, choice))


def _compiled(expression: str) -> Any:
    """Compile a regular expression that runs in linear time."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except UnicodeEncodeError:
        raise ConditionError("bad regular expression: half a character", hint="write the character itself") from None
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ConditionError(
            f"bad regular expression: {reason}", hint="look-around and back-references do not exist in linear time"
        ) from None


def facts_of(match: Match, story: Story) -> dict[str, str | tuple[str, ...]]:
    """Return what matchers look at: the rule's labels, and what is known of the match; a label never hides the latter.

    `wire` is empty where no agency's credit could be read: that there is none is never known.
    """
    facts: dict[str, str | tuple[str, ...]] = {
        **dict(match.rule.labels),
        "level": (match.verdict.level or match.rule.level).value,
        "rule": match.rule.id,
        "story": story.id,
        "status": match.rule.status.value,
        "entity": story.entities,
    }
    for source in story.sources[:1]:
        facts["outlet"] = source.outlet
        facts["completeness"] = source.completeness.value
        facts["wire"] = wire_facts(source.agency or ("true" if source.wire else ""))
    return facts


def wire_facts(agency: str) -> tuple[str, ...]:
    """Return what `wire` is of a dispatch of an agency: its name, and `true`, as of any; of no dispatch the empty text.

    >>> wire_facts("AFP"), wire_facts("")
    (('AFP', 'true'), ('',))
    """
    return tuple(dict.fromkeys((agency, "true"))) if agency else ("",)
