"""French text made comparable, with a way back to the text as received.

`fold` undoes, in this order, what feeds do to words: HTML entities (also escaped twice), UTF-8 read as Latin-1,
leftover tags, hyphenation at a line's end, ligatures and invisible characters, detached accents, runs of spaces. Each
such step only runs where its cheap sign is seen, and leaves a `_Layer` that maps its output back to its input. What
remains is compared letter by letter, so that the last step (case, accents, apostrophes, dashes, quotes) is one to one::

    source --layers--> kept (case and accents kept) --1:1--> text (folded) --1:1--> flat (joiners are spaces)

Offsets are code points, end exclusive.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = [
    "Folded",
    "accents_bind",
    "addresses",
    "carries_accents",
    "fold",
    "fold_regex",
    "is_capitals",
    "letter_kinds",
    "lines",
    "sentences",
    "text_sha256",
]

Span: TypeAlias = tuple[int, int]

# --- one to one: case, accents, apostrophes, dashes, quotes -------------------------------------------------------

_APOSTROPHES: Final = "'`´\u0092‘’‛′ʼʹʻˈ＇"
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES: Final = '"«»“”„‟‹›″＂'
_LINE_ENDS: Final = "\n\r\x85\u2028\u2029"
# Told apart, and within ASCII, where all that follows is fastest.
_CURRENCIES: Final = {"€": "~", "£": "^", "¥": "\\"}
_STROKES: Final = {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ı": "i", "µ": "u"}
_CHOSEN: Final = (
    dict.fromkeys(_APOSTROPHES, "'")
    | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_QUOTES, '"')
    | dict.fromkeys(_LINE_ENDS, "\n")
    | _CURRENCIES
    | _STROKES
)


_UNSEEN: Final = frozenset(("Cf", "Mn", "Me"))  # invisible characters and marks: removed before letters count


def _fold_char(char: str) -> str:
    """Return the one character that stands for a character in folded text."""
    if char in _CHOSEN:
        return _CHOSEN[char]
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).lower()
    if len(bare) == 1 and bare.isalnum():
        return bare
    if char.isalnum():
        return char
    if char.isspace():
        return " "
    return char if char.isascii() or unicodedata.category(char) in _UNSEEN else "*"


class _FoldTable(dict[int, str]):
    """A table for `str.translate` that works out a character when it is first met."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, _fold_char(chr(code)))


class _KindTable(dict[int, str]):
    """A table for `str.translate` that makes of a character its kind: NUL, 1 for a letter, 2 for a digit."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, chr(_kind(chr(code))))


def _kind(char: str) -> int:
    return 2 if char.isdigit() else int(char.isalnum())


_TABLE: Final = _FoldTable()
_KINDS: Final = _KindTable()
_ASCII_KINDS: Final = bytes(_kind(chr(code)) if code < 0x80 else 0 for code in range(0x100))  # noqa: PLR2004 (ASCII)
_LATIN_1: Final = bytes(ord(_fold_char(chr(code))) for code in range(0x100))
# What keeps French out of Latin-1. `œ` only needs to stay a ligature here: `_even_out` parts it.
_COMMON: Final = (*((char, _fold_char(char)) for char in "’–—“”…\u202f‘•€"), ("œ", "æ"), ("Œ", "æ"))
_TO_FLAT: Final = str.maketrans(dict.fromkeys("-'/_\n", " "))


def _fold_letters(kept: str) -> tuple[str, bool]:
    """Fold letter by letter, and tell whether the text is plain: Latin-1 and common typography, nothing else.

    Most French is Latin-1 once its typography is plain, and bytes translate fastest.
    """
    plain = kept
    for char, folded in () if kept.isascii() else _COMMON:
        plain = plain.replace(char, folded)
    try:
        return plain.encode("latin-1").translate(_LATIN_1).decode("latin-1"), True
    except UnicodeEncodeError:
        return kept.translate(_TABLE), False


# --- what changes lengths: one step each, run only where its sign is seen -----------------------------------------


@dataclass(frozen=True, slots=True)
class _Layer:
    """How the output of one rewriting step maps to its input.

    Piece `i` of the output starts at `starts[i]` and comes from `sources[i]` to `ends[i]`; a `copied` piece maps code
    point by code point, any other as a whole.
    """

    starts: tuple[int, ...]
    sources: tuple[int, ...]
    ends: tuple[int, ...]
    copied: tuple[bool, ...]

    def span(self, start: int, end: int) -> Span:
        """Map a span of the output, not empty, to the input."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        return (
            self.sources[first] + (start - self.starts[first] if self.copied[first] else 0),
            self.sources[last] + end - self.starts[last] if self.copied[last] else self.ends[last],
        )


def _rewrite(text: str, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> tuple[str, _Layer]:
    """Replace every match and remember where the pieces came from."""
    pieces: list[str] = []
    rows: list[tuple[int, int, int, bool]] = []
    position = length = 0

    def add(piece: str, source: int, end: int, *, copied: bool) -> None:
        nonlocal length
        if piece:
            rows.append((length, source, end, copied))
            pieces.append(piece)
            length += len(piece)

    for match in pattern.finditer(text):
        piece = replace(match)
        if piece == match[0]:
            continue
        start, end = match.span()
        add(text[position:start], position, start, copied=True)
        add(piece, start, end, copied=False)
        position = end
    add(text[position:], position, len(text), copied=True)
    starts, sources, ends, copied = zip(*rows, strict=True) if rows else ((), (), (), ())
    return "".join(pieces), _Layer(starts, sources, ends, copied)


_ENTITY: Final = re.compile(r"&(?:amp;){0,4}(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def _decode_entity(match: re.Match[str]) -> str:
    decoded = html.unescape(f"&{match[1]};")
    return match[0] if decoded == f"&{match[1]};" else decoded


# Lead bytes of what French names need: Latin-1 letters (C2, C3), œ Œ Ÿ (C5), punctuation (E2 80), € (E2 82 AC).
_AFTER: Final = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE: Final = re.compile(f"[ÂÃ][{_AFTER}]|Å[\x92\x93’“¸]|â[\x80€][{_AFTER}]|â[\x82‚]¬")


def _decode_mojibake(match: re.Match[str]) -> str:
    return b"".join(char.encode("latin-1" if char <= "\xff" else "cp1252") for char in match[0]).decode()


_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})(?:[\s/][^<>]{0,500})?>")
_INLINE: Final = frozenset(
    "a abbr acronym b big cite code del em font i ins mark q s small span strike strong sub sup time tt u wbr".split()
)


def _drop_tag(match: re.Match[str]) -> str:
    return "" if match[1].lower() in _INLINE else "\n"


_HYPHENATION: Final = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad][ \t]{0,8}\r?\n[ \t]{0,8}(?=[a-zà-ÿœ])")


def _nothing(_: re.Match[str]) -> str:
    return ""


_MARK: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKED: Final = re.compile(f"([^{_MARK}]?)[{_MARK}]+")


def _compose(match: re.Match[str]) -> str:
    """Return the base letter with its accent. Only two marks are read: ordering a long run costs its square."""
    return match[1] and unicodedata.normalize("NFC", match[0][:3])[0]


_INVISIBLE: Final = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
_LIGATURES: Final = {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "ĳ": "ij", "Ĳ": "IJ"}
_UNEVEN: Final = re.compile(f"[{_INVISIBLE}{''.join(_LIGATURES)}\ufb00-\ufb06]")


def _even_out(match: re.Match[str]) -> str:
    char = match[0]
    if char in _LIGATURES:
        return _LIGATURES[char]
    return unicodedata.normalize("NFKC", char) if char.isalpha() else ""


_SPACES: Final = re.compile(r"\s\s+")
_PARAGRAPH: Final = 2


def _one_space(match: re.Match[str]) -> str:
    return ("\n" * min(_PARAGRAPH, match[0].replace("\r\n", "\n").count("\n"))) or " "


@dataclass(frozen=True, slots=True)
class _Step:
    """A rewriting step, and the cheap test of a text and its folded letters that says whether it may be needed.

    The test also knows whether the text is plain, as `_fold_letters` tells.
    """

    needed: Callable[[str, str, bool], bool]
    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]


def _any_of(signs: Iterable[str], text: str) -> bool:
    return any(sign in text for sign in signs)


_ANY_MARK: Final = re.compile(f"[{_MARK}]")
_PLAIN_UNEVEN: Final = (
    "œŒæÆß\xad"  # one step each: a single character is looked for five times as fast as one of several
)


def _has(char: str) -> Callable[[str, str, bool], bool]:
    return lambda kept, _, plain: plain and char in kept


_STEPS: Final = (
    _Step(lambda kept, _, __: "&" in kept, _ENTITY, _decode_entity),
    _Step(
        lambda kept, letters, _: "Ã" in kept or "Â" in kept or "Å" in kept or "a*" in letters,
        _MOJIBAKE,
        _decode_mojibake,
    ),
    _Step(lambda kept, _, __: "<" in kept, _TAG, _drop_tag),
    _Step(lambda _, letters, __: "-\n" in letters or "- \n" in letters or "\xad\n" in letters, _HYPHENATION, _nothing),
    *(_Step(_has(char), re.compile(char), _even_out) for char in _PLAIN_UNEVEN),
    _Step(lambda kept, _, plain: not plain and _UNEVEN.search(kept) is not None, _UNEVEN, _even_out),
    _Step(lambda kept, _, plain: not plain and _ANY_MARK.search(kept) is not None, _MARKED, _compose),
    _Step(
        lambda kept, letters, _: "  " in letters or " \n" in letters or "\n " in letters or "\r\n" in kept,
        _SPACES,
        _one_space,
    ),
)


# A word or a space, in which no step finds anything to do: packs are made of thousands.
_PLAIN: Final = re.compile("[0-9A-Za-zÀÁÄÇ-ÖØ-Ýà-åç-öø-ÿ]*| ")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text made comparable. `kept`, `text` and `flat` have the same length and line up code point by code point.

    Args:
        source: the text as received.
        kept: repaired, one character a letter, case and accents kept.
        text: `kept` without case and accents; apostrophes are `'`, dashes `-`, quotes `"`.
        flat: `text` in which hyphens, apostrophes, slashes, underscores and line ends are spaces.
    """

    source: str
    kept: str
    text: str
    flat: str
    _layers: tuple[_Layer, ...] = field(repr=False)

    @property
    def is_as_received(self) -> bool:
        """Whether offsets into the folded text are those into the source."""
        return not self._layers

    def source_span(self, start: int, end: int) -> Span:
        """Map a span of the folded text, not empty, to code points of the source."""
        for layer in reversed(self._layers):
            start, end = layer.span(start, end)
        return start, end


def fold(text: str) -> Folded:
    """Make a text comparable.

    Args:
        text: the text as received.

    Returns:
        The folded text, which remembers where each of its characters came from.

    >>> folded = fold("l&rsquo;<b>U</b>kraine et le cœur de la Russie")
    >>> folded.flat
    'l ukraine et le coeur de la russie'
    >>> folded.source_span(2, 9)
    (11, 22)
    """
    kept = text
    letters, plain = _fold_letters(text)
    if _PLAIN.fullmatch(text):
        return Folded(text, text, letters, letters, ())
    layers: list[_Layer] = []
    for step in _STEPS:
        if step.needed(kept, letters, plain):
            rewritten, layer = _rewrite(kept, step.pattern, step.replace)
            if rewritten != kept:
                kept = rewritten
                letters, plain = _fold_letters(rewritten)
                layers.append(layer)
    return Folded(text, kept, letters, letters.translate(_TO_FLAT), tuple(layers))


def fold_regex(expression: str) -> str:
    r"""Return a regular expression for folded text: what it spells with accents is spelled without, signs escaped.

    >>> fold_regex("séisme à \\d+ €")
    'seisme a \\d+ \\~'
    """
    return "".join(char if char.isascii() else re.escape(fold(char).text) for char in expression)


def text_sha256(title: str, lead: str, body: str) -> str:
    """Return the hash of a text that rules read, in hexadecimal: its three parts, a NUL after each of the first two."""
    return hashlib.sha256(f"{title}\0{lead}\0{body}".encode("utf-8", "replace")).hexdigest()


# --- letters: case and accents at a place --------------------------------------------------------------------------

_ACCENTED: Final = re.compile("[À-ÖØ-öø-ſ]")
_ACCENTED_WORD: Final = re.compile(r"\w*[À-ÖØ-öø-ſ]\w*")
_CAPITAL_SHARE: Final = 0.8


def is_capitals(kept: str) -> bool:
    """Tell whether a line is written in capitals: at least 80 % of its cased letters, and at least two."""
    upper = sum(map(str.isupper, kept))
    return upper > 1 and upper >= _CAPITAL_SHARE * (upper + sum(map(str.islower, kept)))


def carries_accents(kept: str) -> bool:
    """Tell whether a text has any accented letter."""
    return _ACCENTED.search(kept) is not None


def accents_bind(typed: str, seen: str, *, accentless: bool) -> bool:
    """Tell whether typed accents agree with the text (phenomena 24).

    Args:
        typed: what the rule's author typed, `kept`; it lines up with `seen` from its first letter.
        seen: the text's letters, `kept`.
        accentless: whether the text has no accents at all.

    Returns:
        False where a word that was typed with an accent meets another letter: `pêche` is not `péché`, `côte` is not
        `côté`. A bare letter is forgiven in capitals and in accentless text: `maïs` is `MAIS` but not `mais`. A word
        typed without accents agrees with any.
    """
    return all(
        ours.lower() == theirs.lower() or (theirs.isascii() and (accentless or theirs.isupper()))
        for word in _ACCENTED_WORD.finditer(typed)
        for ours, theirs in zip(word[0], seen[word.start() : word.end()], strict=False)
    )


def letter_kinds(folded: Folded) -> bytes:
    r"""Return the kind of each folded character, between two zeros: 1 for a letter, 2 for a digit, else 0.

    >>> letter_kinds(fold("G7 !"))
    b'\x00\x01\x02\x00\x00\x00'
    """
    flat = folded.flat
    kinds = flat.encode().translate(_ASCII_KINDS) if flat.isascii() else flat.translate(_KINDS).encode("latin-1")
    return b"\0%b\0" % kinds


# --- words, lines, sentences, addresses ----------------------------------------------------------------------------


def lines(folded: Folded) -> tuple[Span, ...]:
    """Cut the folded text into its lines that are not blank, without their ends."""
    spans = []
    start = 0
    for line in folded.text.split("\n"):
        if not line.isspace() and line:
            spans.append((start, start + len(line)))
        start += len(line) + 1
    return tuple(spans)


# A run of stops and line ends, what closes the sentence behind it, and the first letter of what follows. (`re` skips to
# a set of characters twice as fast where none is repeated first: hence `[…][…]*`, and `\s\s+` for spaces.)
_STOP: Final = re.compile(
    r"""(?P<stops>[\n.!?…][\n.!?…]*)
    (?=(?P<closing>(?<!\n)(?:\s?[»”]|["')\]])*(?=\s))?)
    (?=[ \xa0\u202f»”)"«“]{0,3}(?P<follower>[^ \xa0\u202f»”)"«“])?)""",
    re.VERBOSE,
)
_LAST_WORD: Final = re.compile(r"[^\W\d_]+\Z")
_LONGEST_ABBREVIATION: Final = 5
_ABBREVIATIONS: Final = frozenset(
    "m mm mme mmes mlle mlles dr pr me mgr st ste cf art av apr no nos vol ed env min max tel gen col cap lt sgt cdt"
    " p pp al ex chap fig hab bd bld ch dept dépt éd gén tél".split()
)


def _sentence_end(kept: str, stop: re.Match[str], *, lower: bool) -> int | None:
    """Return where a sentence ends, or None where a run of stops and line ends does not close one."""
    stops, closing, follower = stop.groups()
    goes_on = follower is not None and follower.islower() and not lower
    if "\n" in stops:
        return None if goes_on and stops == "\n" else stop.end()
    if goes_on or closing is None:
        return None
    return None if stops == "." and _is_abbreviated(kept, stop.start()) else stop.end("closing")


def _is_abbreviated(kept: str, stop: int) -> bool:
    """Tell whether a full stop follows an abbreviation or an initial."""
    tail = kept[max(0, stop - _LONGEST_ABBREVIATION - 1) : stop]
    if len(tail) > _LONGEST_ABBREVIATION and tail.isalpha():
        return False
    last = _LAST_WORD.search(tail)
    return last is not None and ((len(last[0]) == 1 and last[0].isupper()) or last[0].lower() in _ABBREVIATIONS)


def sentences(folded: Folded) -> tuple[Span, ...]:
    """Cut the folded text into sentences, without the spaces between them.

    >>> text = fold("M. Lavrov est à Pékin. Il y reste.")
    >>> [text.kept[start:end] for start, end in sentences(text)]
    ['M. Lavrov est à Pékin.', 'Il y reste.']
    """
    kept = folded.kept
    spans: list[Span] = []
    start = 0
    lower = kept.islower()
    ends = (_sentence_end(kept, stop, lower=lower) for stop in _STOP.finditer(kept))
    for end in [*filter(None, ends), len(kept)]:
        if piece := kept[start:end].rstrip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, start + len(piece)))
        start = end
    return tuple(spans)


_DOMAINS: Final = ("fr", "com", "org", "net", "eu", "ru", "ua", "cn", "info", "be", "ch", "ca", "tv", "io")
_ADDRESS: Final = re.compile(rf"://|www\.|@\w|\.(?:{'|'.join(_DOMAINS)})(?!\w)")
_ADDRESS_SIGNS: Final = ("://", "www.", "@")
_DOMAIN: Final = re.compile(rf"\.(?:{'|'.join(_DOMAINS)})(?!\w)")
_SPACE: Final = re.compile(r"[ \n]|\Z")


def addresses(folded: Folded) -> tuple[Span, ...]:
    """Find web and e-mail addresses in the folded text: their letters are not words."""
    text = folded.text
    if not (_any_of(_ADDRESS_SIGNS, text) or _DOMAIN.search(text)):
        return ()
    spans: list[Span] = []
    reached = 0
    for sign in _ADDRESS.finditer(folded.kept):
        at = sign.start()
        follows_word = at > 0 and text[at - 1].isalnum()
        if at < reached or not (follows_word or sign[0] == "www."):
            continue
        start = max(text.rfind(" ", reached, at), text.rfind("\n", reached, at), reached - 1) + 1
        reached = next(_SPACE.finditer(text, at)).start()
        spans.append((start, reached))
    return tuple(spans)
