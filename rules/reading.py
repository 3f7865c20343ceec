"""One field of a document as it is read: folded, and what is worked out about it at most once, when it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import Final, TypeAlias

from rules.entities import RACING
from rules.text import (
    addresses,
    fold,
    is_capitals,
    letter_kinds,
    lines,
    sentences,
)
from rules.types import Field

__all__ = ["FieldReading"]

Span: TypeAlias = tuple[int, int]

_BEGINNING: Final = b"\0\1"
_MILESTONE: Final = 512  # characters
_ORDER: Final = {where: number for number, where in enumerate(Field)}


class FieldReading:
    """A folded field, and its words, lines and sentences. Offsets are into the folded text unless said.

    Args:
        where: which field it is.
        text: the field as received.
    """

    def __init__(self, where: Field, text: str) -> None:
        self.where = where
        self.order = _ORDER[where]
        self.folded = fold(text)
        self.kinds = letter_kinds(self.folded)
        self.addresses = addresses(self.folded)
        self._places: dict[Span, tuple[int, int, str]] = {}
        self._capitals: dict[int, bool] = {}

    def is_seam(self, at: int) -> bool:
        """Tell whether a word may start or end at an offset.

        That is so between a letter and anything else, and inside glued words: `GuerreEnUkraine`, `Ukraine2024`.
        """
        before, after = self.kinds[at], self.kinds[at + 1]
        if not before or not after or before != after:
            return True
        kept = self.folded.kept
        return kept[at - 1].islower() and kept[at].isupper()

    def place(self, start: int, end: int) -> tuple[int, int, str]:
        """Return where a folded span stands in the source, and what stands there."""
        if self.folded.is_as_received:
            return start, end, self.folded.source[start:end]
        found = self._places.get((start, end))
        if found is None:
            first, last = self.folded.source_span(start, end)
            found = self._places[start, end] = first, last, self.folded.source[first:last]
        return found

    def words(self, start: int, end: int) -> Span:
        """Return the numbers of a span's words, from 0, end exclusive."""
        return self._words_begun(start) - 1, self._words_begun(end - 1)

    def _words_begun(self, at: int) -> int:
        """Return how many words begin at an offset or before."""
        beginnings, milestones = self._word_beginnings
        stone = (at + 1) // _MILESTONE
        return milestones[stone] + beginnings.count(_BEGINNING, stone * _MILESTONE, at + 2)

    def sentence(self, at: int) -> int:
        """Return the number of the sentence at an offset, from 0."""
        return max(0, bisect_right(self.sentences, (at, len(self.folded.text))) - 1)

    def line(self, at: int) -> int:
        """Return the number of the line that holds an offset."""
        return bisect_right(self.lines, (at, len(self.folded.text))) - 1

    def in_capitals(self, at: int) -> bool:
        """Tell whether the line at an offset is written in capitals."""
        number = self.line(at)
        if number not in self._capitals:
            start, end = self.lines[number]
            self._capitals[number] = is_capitals(self.folded.kept[start:end])
        return self._capitals[number]

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences."""
        return sentences(self.folded)

    @cached_property
    def lines(self) -> tuple[Span, ...]:
        """The lines that are not blank."""
        return lines(self.folded)

    @cached_property
    def is_lower_case(self) -> bool:
        """Whether the field has letters, and none is a capital."""
        return self.folded.kept.islower()

    @cached_property
    def is_of_races(self) -> bool:
        """Whether the field speaks of horse races."""
        return any(word in self.folded.flat for word in RACING)

    @cached_property
    def _word_beginnings(self) -> tuple[bytes, tuple[int, ...]]:
        """The letters' kinds, digits as letters, so that each word begins alike; and how many do before milestones."""
        beginnings = self.kinds.replace(b"\2", b"\1")
        stones = range(0, len(beginnings), _MILESTONE)
        counts = (beginnings.count(_BEGINNING, stone, stone + _MILESTONE + 1) for stone in stones)
        return beginnings, tuple(accumulate(counts, initial=0))
