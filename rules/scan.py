"""One pass over a document: every entity form, mask and pattern that stands in it.

All that is looked for is compiled once into one automaton that runs over folded text; what it finds must then stand
as a word (or as a part of a compound), in the right case and with the right accents. Regular expressions run in
linear time. Nothing here is slower than linear in the text, whatever the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache, partial
from itertools import accumulate, islice
from operator import itemgetter
from typing import Any, Final, TypeAlias

import ahocorasick_rs
import re2

from rules.boilerplate import HEADINGS, NOTICES, boilerplate
from rules.entities import (
    BARE_STREETS,
    FIRST_NAMES,
    STREETS,
    THOROUGHFARES,
    TITLES,
    VENUES,
    Form,
    Gazetteer,
    Naming,
    Role,
    inflections,
    wordings,
)
from rules.errors import ConditionError
from rules.reading import FieldReading
from rules.text import accents_bind, carries_accents, fold, fold_regex
from rules.types import Document, EntityDef, Field, FormKind, Hit, Mask, Mention, Pattern, PatternKind

__all__ = ["DocumentScan", "Scanner"]

Span: TypeAlias = tuple[int, int]

_MOST_REGEX_HITS: Final = 10_000  # of one expression in a field
_LONGEST_WORD: Final = 60
_MOST_LEXICONS: Final = 2  # that are kept compiled: the live one, and the one that is tried
_LONG_NAME: Final = 4  # characters from which a word in capitals is a name and not, say, a Roman numeral

# --- what is looked for ---------------------------------------------------------------------------------------------


_Mask: TypeAlias = tuple[str, str | None, bool]  # the entity; how it must be typed, or None; whether it shows


@dataclass(slots=True)
class _Targets:
    """What one string of the automaton stands for; patterns by number, since numbers are the fastest keys.

    `words` are the patterns that any spelling of it satisfies, `spelled` those that ask for more. `joins` tells whether
    the string may also stand inside a word: `russe` in `prorusse`, the prefix `bombard` in `bombardements`.
    """

    forms: tuple[Form, ...] = ()
    masks: tuple[_Mask, ...] = ()
    words: tuple[int, ...] = ()
    spelled: tuple[tuple[int, PatternKind, str], ...] = ()
    notice: bool = False
    street: bool = False
    venue: bool = False
    joins: bool = False


_ARTICLES: Final = ("de la ", "de l ", "du ", "des ", "de ", "d ")


def _typed_only(word: str) -> tuple[str, ...]:
    return (word,)


@dataclass(frozen=True, slots=True)
class _Strings:
    """What an automaton finds, and by its number what each string stands for."""

    automaton: ahocorasick_rs.AhoCorasick
    targets: tuple[_Targets, ...]


def _compile(targets: Mapping[str, _Targets]) -> _Strings:
    # The full automaton (DFA) is no faster at this size, and takes a hundred megabytes.
    compact = ahocorasick_rs.Implementation.ContiguousNFA
    automaton = ahocorasick_rs.AhoCorasick(list(targets), store_patterns=False, implementation=compact)
    shared: dict[tuple[object, ...], _Targets] = {}
    return _Strings(automaton, tuple(_shared(target, shared) for target in targets.values()))


def _shared(target: _Targets, shared: dict[tuple[object, ...], _Targets]) -> _Targets:
    """Return one object for all strings that only hide the same: there are fifty thousand."""
    if target.forms or target.words or target.spelled:
        return target
    key = (target.masks, target.notice, target.street, target.venue, target.joins)
    return shared.setdefault(key, target)


@lru_cache(maxsize=_MOST_LEXICONS)
def _compile_lexicon(entities: tuple[EntityDef, ...]) -> tuple[Gazetteer, _Strings]:
    """Compile what does not depend on rules: entities, their masks, the notices of boilerplate.

    It is large, and the same for every rule set that is read, tried or compared.
    """
    gazetteer = Gazetteer(entities)
    targets: defaultdict[str, _Targets] = defaultdict(_Targets)
    for form in gazetteer.forms:
        target = targets[form.wording.text]
        target.forms += (form,)
        target.joins = target.joins or form.role is not Role.WORD
    for mask in gazetteer.masks:
        targets[mask.wording.text].masks += ((mask.entity, mask.wording.typed if mask.exact else None, mask.shows),)
    for notice in NOTICES | HEADINGS:
        targets[fold(notice).flat].notice = True
    for place in sorted(STREETS | VENUES) if gazetteer.forms else ():
        for article in _ARTICLES:
            target = targets[f"{fold(place).flat} {article}"]
            target.street, target.venue, target.joins = place in STREETS, place in VENUES, True
    for place in sorted(BARE_STREETS) if gazetteer.forms else ():
        target = targets[f"{fold(place).flat} "]
        target.street = target.joins = True
    return gazetteer, _compile(targets)


def _compile_patterns(patterns: Iterable[tuple[int, Pattern]]) -> _Strings:
    """Compile what rules look for, each pattern by its number."""
    targets: defaultdict[str, _Targets] = defaultdict(_Targets)
    for number, pattern in patterns:
        vary = inflections if pattern.kind is PatternKind.WORDS else _typed_only
        for wording in wordings(pattern.text, vary):
            target = targets[wording.text]
            if pattern.kind is PatternKind.WORDS and wording.typed.isascii():
                target.words += (number,)
            else:
                target.spelled += ((number, pattern.kind, wording.typed),)
                target.joins = target.joins or pattern.kind is PatternKind.PREFIX
    return _compile(targets)


def _compile_regex(pattern: Pattern) -> Any:
    """Compile a regular expression for folded text; what it spells with accents is spelled without.

    Raises:
        ConditionError: the expression is not one that runs in linear time, or is not one at all.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(fold_regex(pattern.text), options)
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
_INCLUSIVE_SIGNS: Final = frozenset("·•‧⋅∙・.-/(")
# `Une rue de Kiev` and `un hôtel de Kiev` are in Kiev; `un café viennois` has nothing to do with Vienna.
_SOMEWHERE: Final = "|".join(fold(word).flat for word in sorted({*THOROUGHFARES, *STREETS, "hôtel"}))
_SOME_STREET: Final = re.compile(rf"\b(?:une?|cette?|cet|chaque|quelque) (?:{_SOMEWHERE}) ")
_INDEFINITE: Final = 8  # "quelque "
_NAME: Final = re.compile(r" [A-ZÀ-ÖØ-Þ][^\W_]")
_TOWN: Final = re.compile(r", (?:à|au|aux|près de) [A-ZÀ-ÖØ-Þ]")
_OF_A_STUD: Final = re.compile(r" (?:du|des|de la|de l['’]|d['’]) ?[A-ZÀ-ÖØ-Þ]")
_OF_A_TOWN: Final = re.compile(r"-(?:(?:l[eèé][sz]|sur|sous|en|le|la|aux)-[^\W\d_]|(?:[Pp]lage|[Vv]ille)\b)")
_PRONOUN: Final = re.compile(r"\b(?:je|j|tu|il|elle|on|qui|nous|vous|ils|elles|y|ne|se|me|te)\s\Z")

_Found: TypeAlias = tuple[int, int, Form]


@dataclass(slots=True)
class _Finds:
    """What was found in a field, in folded offsets.

    `shown` holds where masks hide nothing; `streets` and `venues` map where the name of a street, or of a place in a
    town, may start to where that starts.
    """

    forms: defaultdict[str, list[_Found]] = field(default_factory=lambda: defaultdict(list))
    masks: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    shown: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    patterns: defaultdict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    notices: list[Span] = field(default_factory=list)
    streets: dict[int, int] = field(default_factory=dict)
    venues: dict[int, int] = field(default_factory=dict)


def _case_agrees(reading: FieldReading, typed: str, start: int, end: int, *, as_name: bool) -> bool:
    """Tell whether the case is as typed, or says nothing.

    Capitals say nothing in a line of capitals. For a name, neither do they in a word of four letters or more, nor
    does lower case in a text without any capital, unless a pronoun makes the word a verb (`elle chine`).
    """
    seen = reading.folded.kept[start:end]
    if seen == typed:
        return True
    if seen.isupper() and not typed.isupper():
        return (as_name and len(seen) >= _LONG_NAME) or reading.in_capitals(start)
    if all(ours.isupper() == theirs.isupper() for ours, theirs in zip(typed, seen, strict=False)):
        return True
    if not as_name or not reading.is_lower_case:
        return False
    return _PRONOUN.search(reading.folded.flat, max(0, start - 8), start) is None


def _inclusive_end(reading: FieldReading, end: int) -> int:
    """Return where a word ends with its inclusive endings: `Ukrainien·ne·s`."""
    kept = reading.folded.kept
    if end == len(kept) or kept[end] not in _INCLUSIVE_SIGNS:
        return end
    ending = _INCLUSIVE.match(kept, end)
    return ending.end() if ending else end


def _leftmost_longest(found: list[Any]) -> list[Any]:
    """Choose among (start, end, …) that overlap: the first, and of those the longest."""
    if len(found) == 1:
        return found
    chosen = []
    reached = 0
    for item in sorted(found, key=lambda item: (item[0], -item[1])):
        if item[0] >= reached:
            chosen.append(item)
            reached = item[1]
    return chosen


def _outside(found: list[_Found], masks: Sequence[Span]) -> list[_Found]:
    """Leave out what stands wholly inside a mask."""
    if not masks:
        return found
    is_inside = _cover(masks)
    return [item for item in found if not is_inside(item[0], item[1])]


def _not_inside(masks: Sequence[Span], shown: Sequence[Span]) -> list[Span]:
    is_inside = _cover(shown)
    return [mask for mask in masks if not is_inside(*mask)]


def _cover(spans: Sequence[Span]) -> Callable[[int, int], bool]:
    """Return what tells whether a span lies wholly inside one of some, in the time that a look-up takes."""
    ordered = sorted(spans)
    starts = [start for start, _ in ordered]
    furthest = list(accumulate((end for _, end in ordered), max, initial=0))
    return lambda start, end: furthest[bisect_right(starts, start)] >= end


def _chosen_forms(finds: _Finds) -> list[_Found]:
    """Return the mentions of a field, in order, the masked ones left out."""
    chosen = [
        item
        for entity, found in finds.forms.items()
        for item in _leftmost_longest(_outside(found, finds.masks.get(entity, ())))
    ]
    return sorted(chosen, key=lambda item: (item[0], item[1], item[2].entity))


def _mask_addresses(reading: FieldReading, finds: _Finds) -> None:
    """Mask the names that only say which street it is, or which café of a town, for any entity."""
    for entity, found in finds.forms.items():
        for start, end, form in found:
            if form.kind is FormKind.DEMONYM:
                continue
            at = finds.streets.get(start)
            if at is None and start in finds.venues and _TOWN.match(reading.folded.kept, end):
                at = finds.venues[start]
            if at is not None and not _is_some_street(reading, at, start):
                finds.masks[entity].append((at, end))


# --- what was seen --------------------------------------------------------------------------------------------------


class DocumentScan:
    """Everything seen in one document (see `rules.types.Scan`); what few ask for is worked out when it is asked for.

    Args:
        fields: for each field that is not empty its reading, its finds and its mentions, in order.
        patterns: what was looked for; finds have their numbers.
        entities: the patterns that stand for an entity, by its id.
    """

    def __init__(
        self,
        fields: Sequence[tuple[FieldReading, _Finds, list[_Found]]],
        patterns: Sequence[Pattern],
        entities: Mapping[str, Pattern],
    ) -> None:
        self._fields = fields
        self.hits: dict[Pattern, list[Hit]] = {}
        self.aside: dict[Pattern, list[Hit]] = {}
        for reading, finds, forms in fields:
            order = reading.order
            spans = boilerplate(reading, finds.notices) if reading.where is Field.BODY else ()
            for number, found in finds.patterns.items():
                apart = found if len(found) == 1 else _leftmost_longest(found)
                self._add(patterns[number], [_new_hit((order, *span, reading, 1.0)) for span in apart], spans)
            by_entity: dict[str, list[Hit]] = {}
            for start, end, form in forms:
                if form.entity in entities:
                    by_entity.setdefault(form.entity, []).append(_new_hit((order, start, end, reading, form.strength)))
            for entity, hits in by_entity.items():
                self._add(entities[entity], hits, spans)

    def _add(self, pattern: Pattern, hits: list[Hit], boilerplate_spans: Sequence[Span]) -> None:
        aside = [hit for hit in hits if _touches(boilerplate_spans, hit.start, hit.end)] if boilerplate_spans else None
        if aside:
            self.aside.setdefault(pattern, []).extend(aside)
            hits = [hit for hit in hits if not _touches(boilerplate_spans, hit.start, hit.end)]
        if hits and pattern in self.hits:
            self.hits[pattern] += hits
        elif hits:
            self.hits[pattern] = hits

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """The entities seen, in order."""
        return tuple(
            Mention(form.entity, form.name, reading.where, *reading.place(start, end), form.kind, form.strength)
            for reading, _, forms in self._fields
            for start, end, form in forms
        )

    @cached_property
    def masks(self) -> tuple[Mask, ...]:
        """The fixed phrases that hid an entity, in order."""
        return tuple(
            Mask(entity, reading.where, *reading.place(start, end))
            for reading, finds, _ in self._fields
            for start, end, entity in sorted(
                (*span, entity) for entity, spans in finds.masks.items() for span in _leftmost_longest(spans)
            )
        )

    @cached_property
    def sentences(self) -> dict[Field, tuple[Span, ...]]:
        """For each field the (start, end) of its sentences, as received."""
        found: dict[Field, tuple[Span, ...]] = dict.fromkeys(Field, ())
        for reading, _, _ in self._fields:
            found[reading.where] = tuple(reading.folded.source_span(*span) for span in reading.sentences)
        return found


# Half the cost of `Hit(…)`, which is the cost of a scan.
_new_hit: Final = partial(tuple.__new__, Hit)


def _touches(spans: Sequence[Span], start: int, end: int) -> bool:
    """Tell whether a span touches one of some that are in order and apart."""
    number = bisect_right(spans, start, key=itemgetter(1))
    return number < len(spans) and spans[number][0] < end


# --- the scanner ----------------------------------------------------------------------------------------------------

_SPELLED: Final = (PatternKind.WORDS, PatternKind.EXACT, PatternKind.PREFIX)


class Scanner:
    """Looks for entities and patterns. Compiled once, used for every document, from any thread.

    Args:
        entities: the gazetteer.
        patterns: what rules look for; `ENTITY` patterns name an entity by its id.

    Raises:
        ConditionError: a regular expression is refused, or an entity is unknown.
    """

    def __init__(self, entities: Sequence[EntityDef], patterns: Collection[Pattern]) -> None:
        self._gazetteer, lexicon = _compile_lexicon(tuple(entities))
        by_kind: defaultdict[PatternKind, list[Pattern]] = defaultdict(list)
        for pattern in sorted(set(patterns), key=lambda pattern: (pattern.kind, pattern.text, pattern.source)):
            by_kind[pattern.kind].append(pattern)
        known = {entity.id for entity in entities}
        for pattern in by_kind[PatternKind.ENTITY]:
            if pattern.text not in known:
                raise ConditionError(
                    f"entité inconnue : @{pattern.text}",
                    hint=", ".join(get_close_matches(pattern.text, sorted(known), n=3)),
                )
        self._entities = {pattern.text: pattern for pattern in by_kind[PatternKind.ENTITY]}
        self._patterns = [pattern for kind in (*_SPELLED, PatternKind.REGEX) for pattern in by_kind[kind]]
        numbered = list(enumerate(self._patterns))
        self._regexes = [(n, _compile_regex(pattern)) for n, pattern in numbered if pattern.kind is PatternKind.REGEX]
        own = _compile_patterns(each for each in numbered if each[1].kind in _SPELLED)
        self._strings = (lexicon, own)
        self._first_sizes = sorted({len(part) for part in self._gazetteer.first_parts})

    def scan(self, document: Document) -> DocumentScan:
        """Find everything in a document.

        Args:
            document: its three texts are read, nothing else.

        Returns:
            What was seen; offsets are code points of the fields as received.
        """
        readings = [FieldReading(where, text) for where in Field if (text := document.text(where))]
        accentless = not any(carries_accents(reading.folded.kept) for reading in readings)
        fields = []
        for reading in readings:
            finds = self._find(reading, accentless=accentless)
            if finds.streets or finds.venues:
                _mask_addresses(reading, finds)
            for entity, shown in finds.shown.items():
                finds.masks[entity] = _not_inside(finds.masks[entity], shown)
            fields.append((reading, finds, _chosen_forms(finds)))
        return DocumentScan(fields, self._patterns, self._entities)

    def _find(self, reading: FieldReading, *, accentless: bool) -> _Finds:
        """Run the automata and the regular expressions over a field, and keep what stands as it must."""
        finds = _Finds()
        for strings in self._strings:
            self._find_strings(strings, reading, finds, accentless=accentless)
        for number, regex in self._regexes:
            spans = (match.span() for match in islice(regex.finditer(reading.folded.text), _MOST_REGEX_HITS))
            kept = [span for span in spans if span[0] < span[1] and not _inside(reading.addresses, span[0])]
            if kept:
                finds.patterns[number] = kept
        return finds

    def _find_strings(self, strings: _Strings, reading: FieldReading, finds: _Finds, *, accentless: bool) -> None:
        """Keep the strings found that stand as they must.

        Most lie inside a word (`ue`, `omm`) and are dropped at once; most others are plain words.
        """
        targets, patterns, addresses = strings.targets, finds.patterns, reading.addresses
        kept, kinds = reading.folded.kept, reading.kinds
        for index, start, end in strings.automaton.find_matches_as_indexes(reading.folded.flat, overlapping=True):
            target = targets[index]
            left = not kinds[start] or kinds[start] != kinds[start + 1] or _is_hump(kept, start)
            if not left and not target.joins:
                continue
            right = not kinds[end + 1] or kinds[end + 1] != kinds[end] or _is_hump(kept, end)
            if (not right and not target.joins) or (addresses and _inside(addresses, start)):
                continue
            if target.words and left and right:
                span = start, _inclusive_end(reading, end)
                for number in target.words:
                    patterns[number].append(span)
            if target.forms:
                self._keep_forms(reading, finds, target, start, end, (left, right))
            if left:
                if target.spelled:
                    _keep_spelled(reading, finds, target.spelled, start, end, right=right, accentless=accentless)
                if target.masks or target.notice or target.street or target.venue:
                    _keep_mask(reading, finds, target, start, end, right=right)

    def _keep_forms(  # noqa: PLR0917 (names for them would cost a tenth of a scan)
        self, reading: FieldReading, finds: _Finds, target: _Targets, start: int, end: int, seams: tuple[bool, bool]
    ) -> None:
        """Keep the forms that stand as a word, or as the part of a compound that they may be."""
        left, right = seams
        for form in target.forms:
            if form.role is Role.FIRST:
                stands = left and self._begins_compound(reading.folded.text, end)
            else:
                stands = right and (left or (form.role is Role.SECOND and self._ends_compound(reading, start)))
            if not stands or _is_a_homonym(reading, form, start, end):
                continue
            if not form.cased or _case_agrees(reading, form.wording.typed, start, end, as_name=True):
                stop = _inclusive_end(reading, end) if form.role is Role.SECOND else end
                finds.forms[form.entity].append((start, stop, form))

    def _begins_compound(self, text: str, end: int) -> bool:
        if _JOINT.match(text, end):
            return True
        follower = _NEXT_WORD.match(text, end)
        return follower is not None and follower[1] in self._gazetteer.second_parts

    def _ends_compound(self, reading: FieldReading, start: int) -> bool:
        flat = reading.folded.flat
        return any(
            flat[start - size : start] in self._gazetteer.first_parts and reading.is_seam(start - size)
            for size in self._first_sizes
            if size <= start
        )


def _is_a_homonym(reading: FieldReading, form: Form, start: int, end: int) -> bool:
    """Tell whether a form is a town's name (`Moscou-les-Bains`), a trotter's (`Kiev du Bocage`) or a surname."""
    kept = reading.folded.kept
    follower = kept[end : end + 2]
    if follower == " d" and _OF_A_STUD.match(kept, end) and reading.is_of_races:
        return True
    if follower.startswith("-") and _OF_A_TOWN.match(kept, end):
        return True
    if form.naming is Naming.PERSON or kept[start - 1 : start] != " " or not kept[start : start + 2].istitle():
        return False
    before = kept[kept.rfind(" ", 0, start - 1) + 1 : start - 1].rpartition("’")[2]
    return before in FIRST_NAMES or (form.naming is Naming.COUNTRY and before in TITLES)


def _inside(spans: Sequence[Span], at: int) -> bool:
    number = bisect_right(spans, (at, len(spans) and spans[-1][1])) - 1
    return number >= 0 and at < spans[number][1]


def _is_hump(kept: str, at: int) -> bool:
    """Tell whether a word begins inside another: `GuerreEnUkraine`."""
    return kept[at].isupper() and kept[at - 1].islower()


def _keep_mask(reading: FieldReading, finds: _Finds, target: _Targets, start: int, end: int, *, right: bool) -> None:
    """Keep a fixed phrase, and where the name of a street or of a place in a town may start."""
    if target.street:
        finds.streets[end] = start
    if target.venue:
        finds.venues[end] = start
    if right and (target.masks or target.notice) and not _is_some_street(reading, start, end):
        for entity, typed, shows in target.masks:
            if typed is None or _is_as_typed(reading.folded.kept, typed, start, end):
                (finds.shown if shows else finds.masks)[entity].append((start, end))
        if target.notice:
            finds.notices.append((start, end))


def _is_some_street(reading: FieldReading, start: int, end: int) -> bool:
    """Tell whether a phrase speaks of some street of a place (`une rue de Kiev`) rather than of a street's name."""
    return _SOME_STREET.search(reading.folded.flat, max(0, start - _INDEFINITE), end) is not None


def _is_as_typed(kept: str, typed: str, start: int, end: int) -> bool:
    """Tell whether a phrase stands as typed, and not before a name; of several words the first may begin a sentence."""
    first = 1 if " " in typed else 0
    return kept[start + first : end] == typed[first:] and _NAME.match(kept, end) is None


def _keep_spelled(
    reading: FieldReading,
    finds: _Finds,
    spelled: Sequence[tuple[int, PatternKind, str]],
    start: int,
    end: int,
    *,
    right: bool,
    accentless: bool,
) -> None:
    for number, kind, typed in spelled:
        last = _spelled_end(reading, kind, typed, start, end, right=right, accentless=accentless)
        if last is not None:
            finds.patterns[number].append((start, last))


def _spelled_end(
    reading: FieldReading,
    kind: PatternKind,
    typed: str,
    start: int,
    end: int,
    *,
    right: bool,
    accentless: bool,
) -> int | None:
    """Return where a pattern's hit ends, or None where it does not stand as it must. Its left side was checked."""
    if not typed.isascii():
        seen = reading.folded.kept[start:end]
        if seen != typed and not accents_bind(typed, seen, accentless=accentless):
            return None
    if kind is PatternKind.PREFIX:
        rest = _WORD_REST.match(reading.folded.flat, end)
        return rest.end() if rest else end
    if not right:
        return None
    if kind is PatternKind.EXACT:
        return end if _case_agrees(reading, typed, start, end, as_name=False) else None
    return _inclusive_end(reading, end)
