"""A note: what a message says, in a form of no service. `notes` makes them of alerts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.types import Level

__all__ = ["LOOKED", "Line", "Look", "Note", "Paragraph", "Shape", "Span", "coded", "small"]

LOOKED = "\0"
"""Around what is code, in texts of ours; `line` leaves none in texts from outside."""


class Look(StrEnum):
    """How a piece of a line looks."""

    PLAIN = "plain"
    BOLD = "bold"
    STRUCK = "struck"
    CODE = "code"


class Shape(StrEnum):
    """What a paragraph is."""

    HEADER = "header"
    TEXT = "text"
    QUOTE = "quote"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. Its text may come from outside; its address is http(s), or None."""

    text: str
    look: Look = Look.PLAIN
    url: str | None = None


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand together."""

    lines: tuple[Line, ...]
    shape: Shape = Shape.TEXT


@dataclass(frozen=True, slots=True)
class Note:
    """What an alert says.

    Attributes:
        subject: one line that says it all: what a notification shows.
        level: how urgent it is; None: it is of no story, or of several.
        url: where a touch leads, http(s); None: nowhere.
        opening: the first paragraph: why this message is sent.
        body: what stands before the items.
        items: stories, problems or sources, of which a message holds as many as it can.
        closing: what stands after them.
        uncounted: how many more the alert counts and does not list.
        more: takes `count`: says how many are left out, and where to read them.
    """

    subject: str
    level: Level | None
    url: str | None
    opening: Paragraph
    body: tuple[Paragraph, ...]
    items: tuple[Paragraph, ...]
    closing: tuple[Paragraph, ...]
    uncounted: int = 0
    more: str = ""

    def most(self, fits: Callable[[Sequence[Paragraph]], bool]) -> tuple[Paragraph, ...]:
        """Return what follows the opening, with as many items as fit, the others counted (promise O2).

        Where even none fit, the last paragraphs of the body go too; the first, which is the headline, stays.

        Args:
            fits: whether a message can hold these paragraphs.
        """
        fewer = (self._told(count, self.body) for count in range(len(self.items), -1, -1))
        shorter = (self._told(0, self.body[:kept]) for kept in range(len(self.body) - 1, 0, -1))
        return next((told for told in (*fewer, *shorter) if fits(told)), self._told(0, self.body[:1]))

    def _told(self, count: int, body: tuple[Paragraph, ...]) -> tuple[Paragraph, ...]:
        left_out = self.uncounted + len(self.items) - count
        more = (small(coded(self.more.format(count=left_out))),) if left_out else ()
        return (*body, *self.items[:count], *more, *self.closing)


def small(told: Line) -> Paragraph:
    """Return a paragraph in small letters."""
    return Paragraph((told,), Shape.SMALL)


def coded(text: str) -> Line:
    """Return a text of ours, in which commands are marked."""
    parts = enumerate(text.split(LOOKED))
    return tuple(Span(part, Look.CODE if place % 2 else Look.PLAIN) for place, part in parts if part)
