"""What changed between two texts, word by word, and whether a title now says something else. Pure; time is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest
from typing import Final, TypeAlias

from rules.text import fold

__all__ = ["Kind", "Named", "Piece", "differ", "is_live", "says_otherwise", "shown", "text_changes", "title_changes"]

Named: TypeAlias = tuple[int, int, str]
"""An entity that a title names: start, end (exclusive) and id. Two spellings of one entity are no change."""


class Kind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, went or came."""

    kind: Kind
    text: str


# --- whether anything changed ---------------------------------------------------------------------------------------

_PLAIN: Final = str.maketrans(
    {**dict.fromkeys("’‘ʼ´`", "'"), **dict.fromkeys("«»“”„‟", '"'), **dict.fromkeys("‐‑–—", "-")}
)


def differ(before: str, after: str) -> bool:
    """Return whether two texts differ in more than spaces and the shape of quotes and dashes.

    >>> differ("« l'été »", "“l’été”"), differ("l'ete", "l'été")
    (False, True)
    """
    return _bare(before) != _bare(after)


def _bare(text: str) -> str:
    return "".join(text.translate(_PLAIN).split())


# --- whether a title says something else ----------------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W_]+|\?")  # a question is no statement
_SMALL: Final = frozenset({"l", "le", "la", "les", "un", "une", "d", "de", "du", "des", "et"})
_RUBRICS: Final = frozenset(
    "en direct live video videos photo photos diaporama podcast infographie infographies carte maj exclusif".split()
)
_LIVE: Final = re.compile(r"(?:en )?direct\b|live\b|.*\ben direct\b|.*\bminute par minute\b")
_LIVE_PATH: Final = re.compile(r"[/_-](?:live|en-direct|direct)(?:[/_-]|$)", re.IGNORECASE)
_SLIPS: Final = ((10, 2), (5, 1))  # a word of at least so many letters, and how many of them may be wrong
_ENDING: Final = re.compile(r"(?<=\w{3})(?:es|e|s|x)$")


def is_live(title: str, url: str | None = None) -> bool:
    """Return whether an article is a live report, whose title and text change by nature.

    >>> is_live("EN DIRECT - Guerre en Ukraine : le point"), is_live("Un vol direct pour Harbin")
    (True, False)
    """
    return _LIVE.match(fold(title).flat) is not None or _LIVE_PATH.search(url or "") is not None


def says_otherwise(before: str, after: str, names: tuple[Sequence[Named], Sequence[Named]] = ((), ())) -> bool:
    """Return whether a title says something else than it did; a typo that was mended does not (promise I9).

    No change of meaning: case, accents, punctuation but the question mark, articles, rubrics (« EN DIRECT »), endings,
    another spelling of the same entity, a word said twice, and a letter or two wrong in a longer word. All else is one:
    a number, a negation, another name, other words, another order.

    Args:
        before: the title that people know; "" is none, and nothing can be said of it.
        after: the title now.
        names: the entities that each of them names.

    >>> says_otherwise("Kharviv : une frape russe", "Kharkiv : frappe russe"), says_otherwise("12 morts", "15 morts")
    (False, True)
    """
    if not before or not after:
        return False
    old, new = (_said(title, named) for title, named in zip((before, after), names, strict=True))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return not all(_is_slip(old[a:b], new[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")


def _said(title: str, names: Sequence[Named]) -> list[str]:
    """Return what a title says: its words, folded, an entity being one."""
    words: list[str] = []
    for word in _words(title[:1000], names):
        if word not in _SMALL and word not in words[-1:]:
            words.append(word)
    while words and words[0] in _RUBRICS:
        del words[0]
    while words and words[-1] in _RUBRICS:
        del words[-1]
    return words


def _words(title: str, names: Sequence[Named]) -> Iterator[str]:
    done = 0
    for start, end, entity in sorted(names):
        if start >= done:
            yield from _WORD.findall(fold(title[done:start]).flat)
            yield f"@{entity}"
            done = end
    yield from _WORD.findall(fold(title[done:]).flat)


def _is_slip(old: Sequence[str], new: Sequence[str]) -> bool:
    """Return whether some words stand for the same words, misspelt."""
    if "".join(old) == "".join(new):
        return True
    return len(old) == len(new) and all(_is_misspelt(one, other) for one, other in zip(old, new, strict=True))


def _is_misspelt(one: str, other: str) -> bool:
    if one[0] != other[0] or "@" in (one[0], other[0]) or not (one.isalpha() and other.isalpha()):
        return False
    longer = max(len(one), len(other))
    allowed = next((slips for letters, slips in _SLIPS if longer >= letters), 0)
    return _ENDING.sub("", one) == _ENDING.sub("", other) or _distance(one, other, allowed) <= allowed


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters are wrong, missing, too many or changed places; more than `most` is only that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row, before = row, [i], above
        for j, against in enumerate(other, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, before[j - 2] + 1)
            row.append(best)
    return row[-1]


# --- the difference, to be read -------------------------------------------------------------------------------------

_PARTS: Final = re.compile(r"\S+")
# Products of the lengths of two sequences that are compared; what is longer is shown as replaced whole.
_MOST_WORDS: Final = 150 * 150
_MOST_LINES: Final = 500 * 500
_MOST_IN_ALL: Final = 2_000_000
_CONTEXT: Final = 8  # words that stayed, shown on each side of a change


def title_changes(before: str, after: str) -> tuple[Piece, ...]:
    """Return how one line became another, word by word."""
    return _word_changes(before, after)


def text_changes(before: str, after: str) -> tuple[tuple[Piece, ...], ...]:
    """Return the paragraphs that changed, went or came, each word by word; those that stayed are left out."""
    found: list[tuple[Piece, ...]] = []
    spent = 0
    for old, new in _replaced(before.split("\n"), after.split("\n"), _MOST_LINES):
        for one, other in zip_longest(old, new, fillvalue=""):
            spent += len(one.split()) * len(other.split())
            pieces = _whole(one, other) if spent > _MOST_IN_ALL else _word_changes(one, other)
            if pieces and differ(one, other):
                found.append(pieces)
    return tuple(found)


def shown(pieces: Sequence[Piece]) -> str:
    """Return a difference as a line of text, long stretches that stayed cut short.

    >>> shown(title_changes("Une frappe russe sur Kharkiv", "Une frappe sur Kharkiv"))
    'Une frappe [-russe-] sur Kharkiv'
    """
    marks = {Kind.OLD: "[-{}-]", Kind.NEW: "{{+{}+}}", Kind.SAME: "{}"}
    last = len(pieces) - 1
    return " ".join(
        marks[piece.kind].format(
            _brief(piece.text, head=place > 0, tail=place < last) if piece.kind is Kind.SAME else piece.text
        )
        for place, piece in enumerate(pieces)
    )


def _brief(text: str, *, head: bool, tail: bool) -> str:
    words = text.split(" ")
    if len(words) <= 2 * _CONTEXT:
        return text
    return " ".join((*words[: _CONTEXT * head], "[…]", *words[len(words) - _CONTEXT * tail :]))


def _word_changes(before: str, after: str) -> tuple[Piece, ...]:
    old, new = _PARTS.findall(before), _PARTS.findall(after)
    pieces: list[Piece] = []
    done = 0
    for a, b, c, d in _blocks(old, new, _MOST_WORDS):
        pieces += _pieces(old[done:a], old[a:b], new[c:d])
        done = b
    return tuple(pieces + _pieces(old[done:], (), ()))


def _whole(before: str, after: str) -> tuple[Piece, ...]:
    return tuple(_pieces((), _PARTS.findall(before), _PARTS.findall(after)))


def _pieces(same: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    kinds = ((Kind.SAME, same), (Kind.OLD, old), (Kind.NEW, new))
    return [Piece(kind, " ".join(words)) for kind, words in kinds if words]


def _replaced(old: list[str], new: list[str], most: int) -> Iterator[tuple[list[str], list[str]]]:
    for a, b, c, d in _blocks(old, new, most):
        yield old[a:b], new[c:d]


def _blocks(old: Sequence[str], new: Sequence[str], most: int) -> list[tuple[int, int, int, int]]:
    """Return where two sequences differ; beyond `most`, as one block between what they begin and end with alike."""
    head = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    head = min(len(old), len(new)) if head is None else head
    room = min(len(old), len(new)) - head
    tail = next((at for at in range(room) if old[-1 - at] != new[-1 - at]), room)
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old) * len(new) > most:
        return [(head, head + len(old), head, head + len(new))]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(head + a, head + b, head + c, head + d) for tag, a, b, c, d in codes if tag != "equal"]
