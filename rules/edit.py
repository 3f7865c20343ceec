"""Small changes to a rule file that leave comments and layout as they are."""

from __future__ import annotations

import re

from rules.source import Node, read
from rules.types import RuleDef, Status

__all__ = ["with_status"]

_LINE_END = re.compile("(\r\n|[\n\r\x85\u2028\u2029])")  # YAML 1.2.2 § 5.4, and what YAML 1.1 counted


def with_status(text: str, rule: RuleDef, status: Status) -> str:
    r"""Return the text of a rule's file with another status; the rule must name one.

    Args:
        text: of the file, from which the rule was read.
        rule: the rule.
        status: what it becomes.

    Raises:
        PackError: the text is no YAML.
        ValueError: the text does not hold the rule with its status.

    Examples:
        >>> from rules.types import Ref
        >>> rule = RuleDef("a", "A", Ref("t"), (), status=Status.TEST)
        >>> with_status("id: a\nstatus: test  # since May\n", rule, Status.STABLE)
        'id: a\nstatus: stable  # since May\n'
    """
    node = _status(read(text, file=rule.file), rule)
    pieces = _LINE_END.split(text)  # lines, each followed by its end
    number = 2 * (node.place.line - 1)
    line, column = pieces[number], node.place.column - 1
    written = re.compile(rf"([\"']?){rule.status}\1").match(line, column)
    if written is None:
        raise ValueError(f"{rule.file}:{node.place.line}: no status {rule.status} there")
    quote = written[1]
    pieces[number] = f"{line[:column]}{quote}{status}{quote}{line[written.end() :]}"
    return "".join(pieces)


def _status(root: Node, rule: RuleDef) -> Node:
    for item in root.value if isinstance(root.value, list) else [root]:
        if isinstance(item.value, dict) and "status" in item.value and item.at(["id"]).value == rule.id:
            found: Node = item.value["status"]
            return found
    raise ValueError(f"{rule.file}: no rule {rule.id} with a status")
