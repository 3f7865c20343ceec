"""One pass over a document: every entity form, mask and pattern that stands in it.

All that is looked for is compiled once into one automaton that runs over folded text; what it finds must then stand
as a word (or as a part of a compound), in the right case and with the right accents. Regular expressions run in
linear time. Nothing here is slower than linear in the text, whatever the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any, Final, TypeAlias

import ahocorasick_rs
import re2

from rules.entities import THOROUGHFARES, Form, Gazetteer, Role, Wording, inflections, wordings
from rules.errors import ConditionError
from rules.text import (
    Folded,
    accents_bind,
    addresses,
    carries_accents,
    fold,
    is_capitals,
    is_seam,
    lines,
    sentences,
    word_numbers,
)
from rules.types import Document, EntityDef, Field, Hit, Mask, Mention, Pattern, PatternKind, Scan

__all__ = ["Scanner"]

Span: TypeAlias = tuple[int, int]

_MOST_REGEX_HITS: Final = 1000
_LONGEST_WORD: Final = 60
_LONG_NAME: Final = 4  # characters from which a word in capitals is a name and not, say, a Roman numeral

# --- what is looked for ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Targets:
    """What one string of the automaton stands for."""

    forms: list[Form] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    patterns: list[tuple[Pattern, Wording]] = field(default_factory=list)
    notice: bool = False


_NOTICES: Final = (
    "lire aussi|lire également|lisez aussi|à lire|à lire aussi|à lire également"
    "|voir aussi|voir également|à voir aussi|écouter aussi|regarder aussi"
    "|abonnez-vous|s'abonner|déjà abonné|inscrivez-vous à|recevez chaque|sur le même sujet|sur le même thème"
    "|les plus lus|les plus partagés|les articles les plus lus|articles les plus lus|dans la même rubrique"
    "|à ne pas manquer|suivez-nous|suivez l'actualité|notre dossier|tous nos articles|nos derniers articles"
    "|les dernières actualités|dernières infos|mots-clés|mots clés|pour aller plus loin|partager cet article"
    "|cet article est réservé|il vous reste|la suite après la publicité|notre newsletter|newsletter|nos newsletters"
    "|sujets associés|articles liés|thèmes associés"
).split("|")


def _typed_only(word: str) -> tuple[str, ...]:
    return (word,)


def _compile_targets(gazetteer: Gazetteer, patterns: Iterable[Pattern]) -> dict[str, _Targets]:
    """Return what each string to look for stands for."""
    targets: defaultdict[str, _Targets] = defaultdict(_Targets)
    for form in gazetteer.forms:
        targets[form.wording.text].forms.append(form)
    for wording, entity in gazetteer.masks:
        targets[wording.text].masks.append(entity)
    for pattern in patterns:
        vary = inflections if pattern.kind is PatternKind.WORDS else _typed_only
        for wording in wordings(pattern.text, vary):
            targets[wording.text].patterns.append((pattern, wording))
    for notice in _NOTICES:
        targets[fold(notice).flat].notice = True
    return dict(targets)


def _compile_regex(pattern: Pattern) -> Any:
    """Compile a regular expression for folded text; what it spells with accents is spelled without.

    Raises:
        ConditionError: the expression is not one that runs in linear time, or is not one at all.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    bare = "".join(char if char.isascii() else fold(char).text for char in pattern.text)
    try:
        return re2.compile(bare, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ConditionError(
            f"expression régulière refusée : {reason}",
            hint="ni référence arrière ni assertion avant ou arrière : syntaxe RE2",
        ) from error


# --- one field of a document ----------------------------------------------------------------------------------------

_JOINT: Final = re.compile(r"[-/](?=[^\W_]|\s(?:et|ou)\s)")
_NEXT_WORD: Final = re.compile(r" ?-? ?([^\W_]{1,30})(?![^\W_])")
_WORD_REST: Final = re.compile(rf"[^\W_]{{0,{_LONGEST_WORD}}}")
_INCLUSIVE: Final = re.compile(
    r"(?:[·•‧⋅∙・](?:e|ne|le|te|se|ve|fe|ère|euse|rice|trice|es|nes|s)(?:[·•‧⋅∙・]?s)?"
    r"|[.](?:e|ne|es|nes|se|te|ve|trice)(?:[.]s)?|[-/](?:e|ne)(?:[-/]?s)?|\((?:e|ne|s|es|nes)\)s?)(?![^\W_])",
    re.IGNORECASE,
)
_SOME_STREET: Final = re.compile(rf"\bune? (?:{'|'.join(fold(word).text for word in sorted(THOROUGHFARES))}) ")
_INDEFINITE: Final = 4  # "une "
_PRONOUN: Final = re.compile(r"\b(?:je|j|tu|il|elle|on|qui|nous|vous|ils|elles|y|ne|se|me|te)\s\Z")


class _View:
    """A folded field, and what is worked out about it at most once."""

    def __init__(self, where: Field, folded: Folded, *, accentless: bool) -> None:
        self.where = where
        self.folded = folded
        self.accentless = accentless
        self.sentences = sentences(folded)
        self.addresses = addresses(folded)
        self._in_lower_case = folded.kept.islower()
        self._places: dict[Span, tuple[int, int, str]] = {}
        self._lines: tuple[Span, ...] | None = None
        self._capitals: dict[int, bool] = {}

    @property
    def lines(self) -> tuple[Span, ...]:
        if self._lines is None:
            self._lines = lines(self.folded)
        return self._lines

    def line(self, at: int) -> int:
        """Return the number of the line that holds an offset."""
        return bisect_right(self.lines, (at, len(self.folded.text))) - 1

    def place(self, start: int, end: int) -> tuple[int, int, str]:
        """Return where a folded span stands in the source, and what stands there."""
        found = self._places.get((start, end))
        if found is None:
            first, last = self.folded.source_span(start, end)
            found = self._places[start, end] = first, last, self.folded.source[first:last]
        return found

    def in_capitals(self, at: int) -> bool:
        number = self.line(at)
        if number not in self._capitals:
            start, end = self.lines[number]
            self._capitals[number] = is_capitals(self.folded.kept[start:end])
        return self._capitals[number]

    def case_agrees(self, typed: str, start: int, end: int, *, as_name: bool) -> bool:
        """Tell whether the case is as typed, or says nothing.

        Capitals say nothing in a line of capitals. For a name, neither do they in a word of four letters or more, nor
        does lower case in a text without any capital, unless a pronoun makes the word a verb (`elle chine`).
        """
        seen = self.folded.kept[start:end]
        if seen == typed:
            return True
        if seen.isupper() and not typed.isupper():
            return (as_name and len(seen) >= _LONG_NAME) or self.in_capitals(start)
        if all(ours.isupper() == theirs.isupper() for ours, theirs in zip(typed, seen, strict=False)):
            return True
        if not as_name or not self._in_lower_case:
            return False
        return _PRONOUN.search(self.folded.flat, max(0, start - 8), start) is None

    def accents_agree(self, typed: str, start: int, end: int) -> bool:
        return typed.isascii() or accents_bind(typed, self.folded.kept[start:end], accentless=self.accentless)

    def inclusive_end(self, end: int) -> int:
        """Return where a word ends with its inclusive endings: `Ukrainien·ne·s`."""
        ending = _INCLUSIVE.match(self.folded.kept, end)
        return ending.end() if ending else end


@dataclass(frozen=True, slots=True)
class _Finds:
    """What was found in a field, in folded offsets."""

    forms: defaultdict[str, list[tuple[int, int, Form]]] = field(default_factory=lambda: defaultdict(list))
    masks: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    patterns: defaultdict[Pattern, list[Span]] = field(default_factory=lambda: defaultdict(list))
    notices: list[Span] = field(default_factory=list)


def _leftmost_longest(found: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Choose among (start, end, …) that overlap: the first, and of those the longest."""
    reached = 0
    for item in sorted(found, key=lambda item: (item[0], -item[1])):
        if item[0] >= reached:
            yield item
            reached = item[1]


def _outside(found: Sequence[tuple[int, int, Form]], masks: Sequence[Span]) -> list[tuple[int, int, Form]]:
    """Leave out what stands wholly inside a mask."""
    if not masks:
        return list(found)
    ordered = sorted(masks)
    starts = [start for start, _ in ordered]
    furthest = list(accumulate((end for _, end in ordered), max, initial=0))
    return [item for item in found if furthest[bisect_right(starts, item[0])] < item[1]]


# --- boilerplate ----------------------------------------------------------------------------------------------------

_LONGEST_HEADLINE: Final = 140
_SHORTEST_HEADLINE: Final = 15
_TICKER: Final = 8  # headlines in a row
_BULLETS: Final = 6  # characters that may stand before a notice


def _is_headline(text: str) -> bool:
    line = text.strip()
    return _SHORTEST_HEADLINE <= len(line) <= _LONGEST_HEADLINE and line[-1] not in ".:;," and line.count(" ") > 1


def _tickers(view: _View) -> Iterator[Span]:
    """Yield runs of many headline-like lines (phenomena 22)."""
    run: list[Span] = []
    for span in (*view.lines, (0, 0)):
        if _is_headline(view.folded.text[slice(*span)]) if span[1] else False:
            run.append(span)
            continue
        if len(run) >= _TICKER:
            yield run[0][0], run[-1][1]
        run.clear()


def _opens(text: str, start: int, at: int) -> bool:
    """Tell whether nothing but a bullet or a quote stands between two offsets."""
    return at - start <= _BULLETS and not any(map(str.isalnum, text[start:at]))


def _notices(view: _View, found: Iterable[Span]) -> Iterator[Span]:
    """Yield the lines and sentences that a read-also notice opens, and the list that a bare notice heads."""
    text = view.folded.text
    for start, end in found:
        number = view.line(start)
        line_start, line_end = view.lines[number]
        if not _opens(text, line_start, start):
            sentence = view.sentences[bisect_right(view.sentences, (start, len(text))) - 1]
            if _opens(text, sentence[0], start):
                yield sentence
            continue
        if _opens(text, end, line_end):
            for next_start, next_end in view.lines[number + 1 : number + 31]:
                if not _is_headline(text[next_start:next_end]):
                    break
                line_end = next_end
        yield line_start, line_end


def _merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


# --- the scanner ----------------------------------------------------------------------------------------------------


class Scanner:
    """Looks for entities and patterns. Compiled once, used for every document, from any thread.

    Args:
        entities: the gazetteer.
        patterns: what rules look for; `ENTITY` patterns name an entity by its id.

    Raises:
        ConditionError: a regular expression is refused, or an entity is unknown.
    """

    def __init__(self, entities: Sequence[EntityDef], patterns: Collection[Pattern]) -> None:
        self._gazetteer = Gazetteer(entities)
        by_kind: defaultdict[PatternKind, list[Pattern]] = defaultdict(list)
        for pattern in sorted(set(patterns), key=lambda pattern: (pattern.kind, pattern.text, pattern.source)):
            by_kind[pattern.kind].append(pattern)
        known = {entity.id for entity in entities}
        for pattern in by_kind[PatternKind.ENTITY]:
            if pattern.text not in known:
                raise ConditionError(f"entité inconnue : @{pattern.text}", hint=", ".join(sorted(known)))
        self._entity_patterns = by_kind[PatternKind.ENTITY]
        self._regexes = [(pattern, _compile_regex(pattern)) for pattern in by_kind[PatternKind.REGEX]]
        targets = _compile_targets(self._gazetteer, (p for kind in _SPELLED for p in by_kind[kind]))
        self._targets = list(targets.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(targets), store_patterns=False)
        self._first_sizes = sorted({len(part) for part in self._gazetteer.first_parts})

    def scan(self, document: Document) -> Scan:
        """Find everything in a document.

        Args:
            document: its three texts are read, nothing else.

        Returns:
            What was seen; offsets are code points of the fields as received.
        """
        folded = {where: fold(document.text(where)) for where in Field}
        accentless = not any(carries_accents(text.kept) for text in folded.values())
        mentions: list[Mention] = []
        masks: list[Mask] = []
        hits: dict[Pattern, tuple[Hit, ...]] = {}
        seen_sentences: dict[Field, tuple[Span, ...]] = {}
        discounted: dict[Field, tuple[Span, ...]] = {}
        for where, text in folded.items():
            view = _View(where, text, accentless=accentless)
            finds = self._find(view)
            forms = _chosen_forms(finds)
            mentions += (_mention(view, *item) for item in forms)
            masks += _masks(view, finds)
            for pattern, found in self._hits(view, finds, forms):
                hits[pattern] = (*hits.get(pattern, ()), *found)
            seen_sentences[where] = tuple(text.source_span(*span) for span in view.sentences)
            discounted[where] = _discounted(view, finds)
        return Scan(tuple(mentions), tuple(masks), hits, seen_sentences, discounted)

    def _find(self, view: _View) -> _Finds:
        """Run the automaton and the regular expressions over a field, and keep what stands as it must."""
        finds = _Finds()
        for index, start, end in self._automaton.find_matches_as_indexes(view.folded.flat, overlapping=True):
            if not (view.addresses and _inside(view.addresses, start)):
                self._keep(view, finds, self._targets[index], start, end)
        for pattern, regex in self._regexes:
            spans = (match.span() for match in islice(regex.finditer(view.folded.text), _MOST_REGEX_HITS))
            kept = [span for span in spans if span[0] < span[1] and not _inside(view.addresses, span[0])]
            if kept:
                finds.patterns[pattern] = kept
        return finds

    def _keep(self, view: _View, finds: _Finds, targets: _Targets, start: int, end: int) -> None:
        """Keep what one string found stands for, where it stands as it must."""
        left, right = is_seam(view.folded, start), is_seam(view.folded, end)
        for form in targets.forms:
            if self._form_stands(view, form, start, end, left=left, right=right):
                stop = view.inclusive_end(end) if form.role is Role.SECOND else end
                finds.forms[form.entity].append((start, stop, form))
        if not left:
            return
        for pattern, wording in targets.patterns:
            last = _pattern_end(view, pattern, wording, start, end, right=right)
            if last is not None:
                finds.patterns[pattern].append((start, last))
        hides = targets.masks or targets.notice
        if hides and right and not _SOME_STREET.search(view.folded.flat, max(0, start - _INDEFINITE), end):
            for entity in targets.masks:
                finds.masks[entity].append((start, end))
            if targets.notice:
                finds.notices.append((start, end))

    def _form_stands(self, view: _View, form: Form, start: int, end: int, *, left: bool, right: bool) -> bool:
        """Tell whether a form stands as a word, or as the part of a compound that it may be."""
        if form.role is Role.FIRST:
            return left and self._begins_compound(view.folded.text, end)
        if not right or not (left or (form.role is Role.SECOND and self._ends_compound(view.folded, start))):
            return False
        return not form.cased or view.case_agrees(form.wording.typed, start, end, as_name=True)

    def _begins_compound(self, text: str, end: int) -> bool:
        if _JOINT.match(text, end):
            return True
        follower = _NEXT_WORD.match(text, end)
        return follower is not None and follower[1] in self._gazetteer.second_parts

    def _ends_compound(self, folded: Folded, start: int) -> bool:
        return any(
            folded.flat[start - size : start] in self._gazetteer.first_parts and is_seam(folded, start - size)
            for size in self._first_sizes
            if size <= start
        )

    def _hits(
        self, view: _View, finds: _Finds, forms: Sequence[tuple[int, int, Form]]
    ) -> Iterator[tuple[Pattern, tuple[Hit, ...]]]:
        """Yield the hits of each pattern that was seen in a field, numbered."""
        by_entity: defaultdict[str, list[tuple[int, int, float]]] = defaultdict(list)
        for start, end, form in forms:
            by_entity[form.entity].append((start, end, form.strength))
        found: dict[Pattern, list[tuple[int, int, float]]] = {
            pattern: [(start, end, 1.0) for start, end in _leftmost_longest(spans)]
            for pattern, spans in finds.patterns.items()
        }
        found |= {p: by_entity[p.text] for p in self._entity_patterns if p.text in by_entity}
        edges = {edge for spans in found.values() for start, end, _ in spans for edge in (start, end - 1)}
        words = word_numbers(view.folded, sorted(edges))
        for pattern, spans in found.items():
            yield pattern, tuple(_hit(view, words, *span) for span in spans)


_SPELLED: Final = (PatternKind.WORDS, PatternKind.EXACT, PatternKind.PREFIX)


def _inside(spans: Sequence[Span], at: int) -> bool:
    number = bisect_right(spans, (at, len(spans) and spans[-1][1])) - 1
    return number >= 0 and at < spans[number][1]


def _pattern_end(view: _View, pattern: Pattern, wording: Wording, start: int, end: int, *, right: bool) -> int | None:
    """Return where a pattern's hit ends, or None where it does not stand as it must. Its left side was checked."""
    if not view.accents_agree(wording.typed, start, end):
        return None
    if pattern.kind is PatternKind.PREFIX:
        rest = _WORD_REST.match(view.folded.flat, end)
        return rest.end() if rest else end
    if not right:
        return None
    if pattern.kind is PatternKind.EXACT:
        return end if view.case_agrees(wording.typed, start, end, as_name=False) else None
    return view.inclusive_end(end)


def _chosen_forms(finds: _Finds) -> list[tuple[int, int, Form]]:
    """Return the mentions of a field, in order, the masked ones left out."""
    chosen = [
        item
        for entity, found in finds.forms.items()
        for item in _leftmost_longest(_outside(found, finds.masks.get(entity, ())))
    ]
    return sorted(chosen, key=lambda item: (item[0], item[1], item[2].entity))


def _mention(view: _View, start: int, end: int, form: Form) -> Mention:
    return Mention(form.entity, form.name, view.where, *view.place(start, end), form.kind, form.strength)


def _masks(view: _View, finds: _Finds) -> list[Mask]:
    spans = sorted((*span, entity) for entity, found in finds.masks.items() for span in _leftmost_longest(found))
    return [Mask(entity, view.where, *view.place(start, end)) for start, end, entity in spans]


def _hit(view: _View, words: dict[int, int], start: int, end: int, strength: float) -> Hit:
    first, last, text = view.place(start, end)
    sentence = max(0, bisect_right(view.sentences, (start, len(view.folded.text))) - 1)
    return Hit(view.where, first, last, words[start], words[end - 1] + 1, sentence, text, strength)


def _discounted(view: _View, finds: _Finds) -> tuple[Span, ...]:
    if view.where is not Field.BODY:
        return ()
    spans = _merge((*_notices(view, finds.notices), *_tickers(view)))
    return tuple(view.folded.source_span(*span) for span in spans)
