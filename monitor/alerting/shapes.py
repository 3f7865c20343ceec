"""The shapes of a routes file's nodes: each is read, or noted with its line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.settings import nearest
from rules.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rules.source import Node, Place

__all__ = ["Shapes", "near_hint"]

_FEW = 10  # more names than that are no hint


class Shapes:
    """Reads nodes, and keeps everything that is wrong with them in `problems`."""

    def __init__(self) -> None:
        self.problems: list[PackError] = []

    def note(self, message: str, place: Place, hint: str = "") -> None:
        """Keep a problem."""
        self.problems.append(PackError(message, file=place.file, line=place.line, column=place.column, hint=hint))

    def mapping(self, node: Node, what: str, keys: Collection[str] | None = None) -> dict[str, Node]:
        """Return what a mapping holds under the keys it may have; note the others. None: it may have any."""
        if not isinstance(node.value, dict):
            hint = f"with {', '.join(keys)}" if keys else "names, each with its destination"
            self.note(f"{what} must be a mapping", node.place, hint)
            return {}
        known = {}
        for key, item in node.value.items():
            if keys is None or key in keys:
                known[key] = item
            else:
                self.note(f"{what} has no {key}", node.keys[key], near_hint(key, keys))
        return known

    def list_of(self, node: Node | None, what: str) -> list[Node]:
        """Return the items of a list; none where there is no node."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.note(f"{what} must be a list", node.place, "[…]")
            return []
        return node.value

    def text(self, node: Node, what: str) -> str | None:
        """Return a text, or note that it is none."""
        if isinstance(node.value, str) and "\0" not in node.value:
            return node.value
        problem = "holds a NUL, which no name has" if isinstance(node.value, str) else "must be a text"
        self.note(f"{what} {problem}", node.place)
        return None

    def flag(self, node: Node | None, what: str) -> bool:
        """Return true or false; false where there is no node."""
        if node is None or isinstance(node.value, bool):
            return node is not None and node.value is True
        self.note(f"{what} must be true or false", node.place)
        return False


def near_hint(word: str, valid: Iterable[str]) -> str:
    """Return the valid name that looks like a wrong one, or all where they are few."""
    names = tuple(valid)
    near = nearest(word, names)
    if near:
        return f"did you mean {near}?"
    return f"there are {', '.join(names)}" if len(names) <= _FEW else ""
