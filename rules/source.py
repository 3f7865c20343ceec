"""YAML 1.2 text to values that know their line and column.

Anchors, tags, several documents and duplicate keys are refused; size and depth are bounded, so that a hostile file
costs little. Scalars follow the core schema of YAML 1.2.2 § 10.3.2: `NO`, `on` and `22:00` are text. Only the events of
libyaml are used, where there is one, not its reading of scalars, which is that of YAML 1.1; it is thirty times as fast
as a parser in Python, and the bundled lexicon is half a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rules.errors import PackError

__all__ = ["MAX_CHARS", "MAX_DEPTH", "MAX_NODES", "Node", "Place", "read"]

MAX_CHARS = 300_000
MAX_DEPTH = 20
MAX_NODES = 20_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line and column from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value and its place. `keys` holds the places of a mapping's keys; `inside` that of a text's first letter.

    `value` is a text, number, boolean or None, a list of nodes, or a dict of nodes. `inside` is None for a text of
    several lines.
    """

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    inside: Place | None = None

    def plain(self) -> Any:
        """Return the value without its places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Sequence[str | int]) -> Node:
        """Return the node at a path, or the last one that exists on the way."""
        node = self
        for step in path:
            try:
                node = node.value[step]
            except (KeyError, IndexError, TypeError):
                break
        return node


def read(text: str, *, file: str) -> Node:
    """Read one YAML document.

    Args:
        text: the file's text.
        file: its name, for errors.

    Raises:
        PackError: it is no YAML, or uses what we refuse, or is beyond our bounds.
    """
    if len(text) > MAX_CHARS:
        raise PackError(f"the file has {len(text)} characters", file=file, hint=f"at most {MAX_CHARS}")
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = _hint(str(error.problem), text, mark.index if mark else 0)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PackError(f"not YAML: {error.problem}", file=file, line=line, column=column, hint=hint) from None
    except yaml.YAMLError as error:
        raise PackError(f"not YAML: {str(error).splitlines()[0]}", file=file) from None
    if builder.root is None:
        raise PackError("the file is empty", file=file)
    return builder.root


def _hint(problem: str, text: str, at: int) -> str:
    """Say what most often is behind a parser's complaint."""
    if text[at : at + 1] == "\t":
        return "indent with spaces, not with tabs"
    if "cannot start any token" in problem:
        return "put it in quotes"
    if "mapping values are not allowed" in problem:
        return "put a text that holds ': ' in quotes, or indent the line as those beside it"
    missing = "a quote, a comma or a bracket may be missing just before"
    begins_line = not text[text.rfind("\n", 0, at) + 1 : at].strip()
    if begins_line and any(wanted in problem for wanted in ("expected key", "expected '-'", "expected <block end>")):
        return "indent the line as those beside it; or a quote, a comma or a bracket is missing just before"
    return missing if "did not find expected" in problem else ""


@dataclass(slots=True)
class _Open:
    """A list or mapping being filled; `key` waits for its value."""

    node: Node
    key: str | None = None


class _Builder:
    """Makes nodes from parser events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refuse(event, "a second document begins", "keep one document a file")
        elif isinstance(event, NodeEvent):
            self._take_node(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._open.pop()

    def _take_node(self, event: NodeEvent) -> None:
        self._check(event)
        if isinstance(event, ScalarEvent):
            self._add(event, Node(_scalar(event), self._place(event), inside=self._inside(event)))
            return
        node = Node({} if isinstance(event, MappingStartEvent) else [], self._place(event))
        self._add(event, node)
        self._open.append(_Open(node))
        if len(self._open) > MAX_DEPTH:
            raise self._refuse(event, "the file is nested too deeply", f"at most {MAX_DEPTH} levels")

    def _check(self, event: NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._refuse(event, f"the file holds more than {MAX_NODES} values", "split it")
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise self._refuse(event, "anchors and aliases (& and *) are not allowed", "put the text in quotes")
        if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent) and event.tag is not None:
            raise self._refuse(event, f"the tag {event.tag} is not allowed", "put the text in quotes")

    def _add(self, event: NodeEvent, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif top.key is None:
            top.key = self._new_key(event, top.node)
        else:
            top.node.value[top.key] = node
            top.key = None

    def _new_key(self, event: NodeEvent, mapping: Node) -> str:
        if not isinstance(event, ScalarEvent):
            raise self._refuse(event, "a key must be a text", "")
        key = str(event.value)
        if key in mapping.keys:
            raise self._refuse(event, f"the key {key} is there twice", f"first on line {mapping.keys[key].line}")
        mapping.keys[key] = self._place(event)
        return key

    def _place(self, event: Event) -> Place:
        line, column = _mark(event.start_mark)
        return Place(self.file, line + 1, column + 1)

    def _inside(self, event: ScalarEvent) -> Place | None:
        if event.style in {"|", ">"} or _mark(event.start_mark)[0] != _mark(event.end_mark)[0]:
            return None
        place = self._place(event)
        return Place(self.file, place.line, place.column + (1 if event.style else 0))

    def _refuse(self, event: Event, message: str, hint: str) -> PackError:
        place = self._place(event)
        return PackError(message, file=place.file, line=place.line, column=place.column, hint=hint)


def _mark(mark: Any) -> tuple[int, int]:
    """Return a mark's line and column, from 0; the parser always sets one."""
    return mark.line, mark.column


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    """Resolve a scalar by the core schema; one in quotes is text."""
    text = str(event.value)
    if not event.implicit[0]:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text  # `1e400` too, as `.inf`: nothing here is without end
