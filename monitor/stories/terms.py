"""What a French text is made of, as far as grouping minds: its terms, its names, and what it counts. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from monitor.stories.words import NUMERALS, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["names_of", "numbers_of", "stem", "terms_of", "words_of"]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+(?:[.,   ]\d+)*")
_CAPITALS: Final = re.compile(r"(?<![^\W_])[A-ZÀ-ÖØ-ÞŒŸ][^\W\d_]*")
_STARTS: Final = re.compile(r"(?:^|[.!?…:;»«–—\n]\s*)[«“\"'’(\s]*$")
_BEFORE: Final = 6  # characters that tell whether a word begins a sentence
_SHORT: Final = 3
_STEM: Final = 6
_AFTER_NUMBER: Final = 3  # words among which is what is counted
_SCALES: Final = frozenset({"cent", "cents", "mille", "million", "millions", "milliard", "milliards"})
_MULTIPLIERS: Final = (100, 1000)
_FOUR, _TWENTY = 4, 20
_DIGITS: Final = 20
_BEYOND: Final = 10**12  # nobody writes a longer number in words; a page may


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text in small letters without accents."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe").casefold())
    return _WORD.findall("".join(letter for letter in letters if not unicodedata.combining(letter)))


def stem(word: str) -> str:
    """Return the start of a folded word, which its forms have in common.

    >>> stem("demissions") == stem("demissionne")
    True
    """
    bare = word.rstrip("sx")
    bare = bare if len(bare) >= _SHORT else word
    return bare[:_STEM]


def terms_of(text: str) -> list[str]:
    """Return the terms of a text: the stems of its words that tell something, and its numbers."""
    return [word if word[0].isdigit() else stem(word) for word in words_of(text) if _tells(word)]


def names_of(text: str) -> set[str]:
    """Return the terms of a text that are names: those with a capital inside a sentence, and acronyms."""
    names: set[str] = set()
    for found in _CAPITALS.finditer(text):
        word = found.group()
        is_acronym = len(word) > 1 and word.isupper()
        if is_acronym or not _STARTS.search(text[max(0, found.start() - _BEFORE) : found.start()]):
            names.update(terms_of(word))
    return names


def numbers_of(text: str) -> set[tuple[str, str]]:
    """Return what a text counts: each number in figures, with the term of what there is so many of, or "".

    >>> sorted(numbers_of("vingt-trois blessés, 7 morts, 1 200 emplois"))
    [('1200', 'emploi'), ('23', 'blesse'), ('7', 'mort')]
    """
    words = words_of(text)
    counted: set[tuple[str, str]] = set()
    at = 0
    while at < len(words):
        value, after = _number(words, at)
        if value:
            near = (word for word in words[after : after + _AFTER_NUMBER] if word not in _SCALES)
            what = next((stem(word) for word in near if _tells(word) and not word[0].isdigit()), "")
            counted.add((value, what))
        at = after
    return counted


def _tells(word: str) -> bool:
    return len(word) >= _SHORT and word not in STOP


def _number(words: Sequence[str], at: int) -> tuple[str, int]:
    """Return the number that begins at a word, "" for none, and where the text goes on."""
    first = words[at]
    if first[0].isdigit():
        return re.sub(r"\s", "", first).replace(",", ".")[:_DIGITS], at + 1
    is_percent = first == "cent" and at > 0 and words[at - 1] == "pour"
    if first not in NUMERALS or first == "un" or is_percent:
        return "", at + 1
    value, at = NUMERALS[first], at + 1
    while at < len(words) and value < _BEYOND:
        word = words[at]
        if word in NUMERALS:
            number = NUMERALS[word]
            is_factor = number in _MULTIPLIERS or (number == _TWENTY and value == _FOUR)
            value = value * number if is_factor else value + number
        elif word != "et" or at + 1 == len(words) or words[at + 1] not in NUMERALS:
            break
        at += 1
    return str(value), at
