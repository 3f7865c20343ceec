"""Is a condition true of what was seen, by which spans, and if not, what was missing.

`holds` alone decides; `evidence` and `missing` are asked only of what it decided, when somebody wants to know.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from rules.types import (
    All,
    And,
    Condition,
    Count,
    Evidence,
    Field,
    Hit,
    InField,
    Mask,
    Near,
    Not,
    Of,
    Or,
    PatternKind,
    Ref,
    SameSentence,
    Scan,
    TermDef,
)

__all__ = [
    "Distance",
    "Missing",
    "Sight",
    "Truth",
    "apart",
    "distances",
    "evidence",
    "holds",
    "in_fields",
    "missing",
    "see",
    "term_label",
    "truth",
]

_ORDER_OF: Final = {where: order for order, where in enumerate(Field)}
_MAX_SPANS = 100_000  # a proximity's spans; only a text made of nothing but terms has more

_FIELD_FR = {Field.TITLE: "titre", Field.LEAD: "chapô", Field.BODY: "corps"}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a false condition lacked, in French and English.

    `absent` holds the terms that were merely not seen; any one of them would have done.
    """

    fr: str
    en: str
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """The terms of one rule in one document.

    Args:
        hits: for each term that was seen its hits, in order of field and start, none inside another.
        terms: the rule's terms by name, and
        scan: what they were looked for in; both only serve to say why a term was not seen.
    """

    hits: Mapping[str, Sequence[Hit]]
    terms: Mapping[str, TermDef] = field(default_factory=dict)
    scan: Scan | None = None

    def within(self, where: Field) -> Sight:
        """Return what was seen in one field."""
        kept = {term: [hit for hit in hits if hit.field is where] for term, hits in self.hits.items()}
        return Sight({term: hits for term, hits in kept.items() if hits}, self.terms, self.scan)

    def masked(self, term: str) -> str | None:
        """Return the fixed phrase that hid a term's entity ("montagnes russes"), or None."""
        definition = self.terms.get(term)
        mask = _mask(definition, self.scan) if definition and self.scan else None
        return mask.text if mask else None

    def aside(self, term: str) -> str | None:
        """Return what of a term was seen in boilerplate only, or None."""
        if term not in self.terms or self.scan is None:
            return None
        found = (hits[0].text for pattern in self.terms[term].patterns if (hits := self.scan.aside.get(pattern)))
        return next(found, None)


def see(terms: Sequence[TermDef], scan: Scan) -> Sight:
    """Gather the hits of a rule's terms. Those in boilerplate count for nothing, for exclusions neither."""
    hits: dict[str, Sequence[Hit]] = {}
    for term in terms:
        found = [in_fields(term, scan.hits[pattern]) for pattern in term.patterns if pattern in scan.hits]
        if kept := apart(found):
            hits[term.name] = kept
    return Sight(hits, {term.name: term for term in terms}, scan)


def in_fields(term: TermDef, hits: Sequence[Hit]) -> Sequence[Hit]:
    """Return the hits that lie in the fields which a term looks at."""
    return hits if term.fields is None else [hit for hit in hits if hit.field in term.fields]


def apart(found: Sequence[Sequence[Hit]]) -> Sequence[Hit]:
    """Merge the hits of one term on the same words: "oblast de Kharkiv" is one sight, of its best strength.

    Args:
        found: the hits of each of the term's patterns, each in order and apart.
    """
    if len(found) == 1:
        return found[0]
    kept: list[Hit] = []
    for hit in sorted(chain.from_iterable(found), key=_ORDER_AND_START):
        last = kept[-1] if kept else None
        if last is None or last.end <= hit.start or last.order != hit.order:
            kept.append(hit)
            continue
        longer = hit if hit.start == last.start and hit.end > last.end else last
        kept[-1] = longer._replace(strength=max(hit.strength, last.strength))
    return kept


_ORDER_AND_START: Final = itemgetter(0, 1)


def _mask(term: TermDef, scan: Scan) -> Mask | None:
    """Return the first phrase that hid one of the term's entities."""
    entities = {pattern.text for pattern in term.patterns if pattern.kind is PatternKind.ENTITY}
    return next((mask for mask in scan.masks if mask.entity in entities), None)


def term_label(name: str) -> str:
    """Return a term's name as readers see it: `faits_de_guerre` is « faits de guerre »."""
    return name.replace("_", " ")


# --- truth -----------------------------------------------------------------------------------------------------


Truth: TypeAlias = Callable[["Sight"], bool]


def holds(condition: Condition, sight: Sight) -> bool:
    """Judge a condition. Distances count the words between two spans of one field; overlapping spans are 0 apart."""
    return truth(condition)(sight)


def truth(condition: Condition, where: Field | None = None) -> Truth:  # noqa: C901, PLR0911 (one case a kind of node)
    """Compile a condition into the function that judges it; it is asked of every article.

    Args:
        condition: the condition.
        where: the one field to look at, or None for all.
    """
    match condition:
        case Ref(term):
            return _some_of([term], where)
        case And(parts):
            return _all([truth(part, where) for part in parts])
        case Or(parts):
            return _any_part(parts, where)
        case Not(part):
            inner = truth(part, where)
            return lambda sight: not inner(sight)
        case Of(least, terms):
            return lambda sight: sum(_number(term, sight, where) > 0 for term in terms) >= least
        case All(terms):
            return _all([_some_of([term], where) for term in terms])
        case Count(term, least):
            return lambda sight: _number(term, sight, where) >= least
        case InField(inner_field, part):
            return truth(part, inner_field) if where in {None, inner_field} else lambda _: False
        case Near(left, right, words):
            return lambda sight: any(
                one.gap(other) <= words for one, other in _neighbours(*_sides(left, right, sight, where))
            )
        case SameSentence(left, right):  # pragma: no branch
            return lambda sight: any(True for _ in _sentence_mates(*_sides(left, right, sight, where)))


def _any_part(parts: Sequence[Condition], where: Field | None) -> Truth:
    """Judge the terms among the parts together: most conditions are long lists of terms."""
    judges = [truth(part, where) for part in parts if not isinstance(part, Ref)]
    if terms := [part.term for part in parts if isinstance(part, Ref)]:
        judges.insert(0, _some_of(terms, where))
    if len(judges) == 1:
        return judges[0]

    def some(sight: Sight) -> bool:
        for judge in judges:  # noqa: SIM110 (twice as fast as any)
            if judge(sight):
                return True
        return False

    return some


def _all(judges: Sequence[Truth]) -> Truth:
    def every(sight: Sight) -> bool:
        for judge in judges:  # noqa: SIM110 (twice as fast as all)
            if not judge(sight):
                return False
        return True

    return every


def _some_of(terms: Sequence[str], where: Field | None) -> Truth:
    if where is not None:
        order = _ORDER_OF[where]
        return lambda sight: _stands_in(order, sight.hits, terms)
    names = frozenset(terms)
    return lambda sight: not names.isdisjoint(sight.hits)


def _stands_in(order: int, hits_of: Mapping[str, Sequence[Hit]], terms: Iterable[str]) -> bool:
    """Tell whether one of some terms was seen in a field; hits are in the order of the fields."""
    for term in terms:
        for hit in hits_of.get(term, ()):
            if hit[0] == order:
                return True
            if hit[0] > order:
                break
    return False


def _number(term: str, sight: Sight, where: Field | None) -> int:
    hits = sight.hits.get(term, ())
    return len(hits) if where is None else sum(hit.field is where for hit in hits)


def _sides(left: Condition, right: Condition, sight: Sight, where: Field | None) -> tuple[list[_Span], list[_Span]]:
    seen = sight if where is None else sight.within(where)
    return _spans(left, seen), _spans(right, seen)


def evidence(condition: Condition, sight: Sight) -> tuple[Evidence, ...]:
    """Return the spans that make a condition true; none where it is false."""
    return tuple(dict.fromkeys(_evidence(condition, sight))) if holds(condition, sight) else ()


def _evidence(condition: Condition, sight: Sight) -> Iterator[Evidence]:  # noqa: C901 (one case a kind of node)
    """Yield the spans of what is true in a condition that is true."""
    match condition:
        case Ref(term) | Count(term):
            yield from _of_term(term, sight)
        case And(parts) | Or(parts):
            for part in parts:
                if holds(part, sight):
                    yield from _evidence(part, sight)
        case Of(_, terms) | All(terms):
            for term in terms:
                yield from _of_term(term, sight)
        case InField(where, part):
            yield from _evidence(part, sight.within(where))
        case Near() | SameSentence():
            for pair in _spans(condition, sight):
                yield from pair.evidence
        case Not():  # pragma: no branch (what is not there cannot be shown)
            return


def _of_term(term: str, sight: Sight) -> Iterator[Evidence]:
    return (_shown(term, hit) for hit in sight.hits.get(term, ()))


def _shown(term: str, hit: Hit) -> Evidence:
    return Evidence(term, hit.field, *hit.reading.place(hit.start, hit.end))


# --- what was missing ------------------------------------------------------------------------------------------


def missing(condition: Condition, sight: Sight) -> Missing:  # noqa: C901, PLR0911 (one case a kind of node)
    """Return what a condition that is false lacked: the first part that failed, in the order it was written."""
    match condition:
        case Ref(term):
            return _unseen(term, sight)
        case And(parts):
            return next(missing(part, sight) for part in parts if not holds(part, sight))
        case Or(parts):
            return _telling([missing(part, sight) for part in parts])
        case Not(part):
            return _excluded(part, sight)
        case Of(least, terms):
            return _too_few(least, terms, sight)
        case All(terms):
            return next(_unseen(term, sight) for term in terms if term not in sight.hits)
        case Count(term, least):
            number = len(sight.hits.get(term, ()))
            if not number:
                return _unseen(term, sight)
            label = term_label(term)
            return Missing(f"nombre({label}) : {number} < {least}", f"count({label}): {number} < {least}")
        case InField(where, part):
            inside = missing(part, sight.within(where))
            return Missing(f"{_FIELD_FR[where]} : {inside.fr}", f"{where}: {inside.en}")
        case Near() | SameSentence():  # pragma: no branch
            return _too_far(condition, sight)


def _unseen(term: str, sight: Sight) -> Missing:
    if mask := sight.masked(term):
        return Missing(f"masqué : {mask}", f"masked: {mask}")
    if aside := sight.aside(term):
        return Missing(f"hors article : {aside}", f"outside the article: {aside}")
    return _absent((term,))


def _absent(terms: Iterable[str]) -> Missing:
    absent = tuple(dict.fromkeys(terms))
    names = ", ".join(map(term_label, absent))
    if len(absent) == 1:
        return Missing(f"terme absent : {names}", f"missing term: {names}", absent)
    return Missing(f"aucun de ces termes : {names}", f"none of these terms: {names}", absent)


def _telling(lacks: Sequence[Missing]) -> Missing:
    """Return the alternative that says more than that a term was not seen, or all that would have done."""
    telling = next((lack for lack in lacks if not lack.absent), None)
    return telling or _absent(term for lack in lacks for term in lack.absent)


def _excluded(part: Condition, sight: Sight) -> Missing:
    shown = list(dict.fromkeys((term_label(found.term), found.text) for found in _evidence(part, sight)))[:3]
    fr, en = (", ".join(f"{term} {a}{text}{b}" for term, text in shown) for a, b in (("« ", " »"), ("“", "”")))
    return Missing(f"exclu : {fr}", f"excluded: {en}")


def _too_few(least: int, terms: Sequence[str], sight: Sight) -> Missing:
    number = sum(term in sight.hits for term in terms)
    if least == 1:
        return _telling([_unseen(term, sight) for term in terms])
    return Missing(
        f"{least} parmi {len(terms)} : {number} seulement" if number else f"{least} parmi {len(terms)} : aucun",
        f"{least} of {len(terms)}: only {number}" if number else f"{least} of {len(terms)}: none",
    )


def _too_far(condition: Near | SameSentence, sight: Sight) -> Missing:
    lefts, rights = _spans(condition.left, sight), _spans(condition.right, sight)
    if not lefts or not rights:
        return missing(condition.right if lefts else condition.left, sight)
    if isinstance(condition, SameSentence):
        return Missing("même_phrase : phrases différentes", "same_sentence: different sentences")
    words = condition.words
    gaps = [left.gap(right) for left, right in _neighbours(lefts, rights)]
    if not gaps:
        return Missing(f"proche/{words} : champs différents", f"near/{words}: different fields")
    return Missing(f"proche/{words} : distance {min(gaps)}", f"near/{words}: distance {min(gaps)}")


# --- distances -------------------------------------------------------------------------------------------------


class Distance(NamedTuple):
    """How close what a `near` joins came: the words between, the most allowed, and the terms of both sides."""

    words: int
    allowed: int
    left: tuple[str, ...]
    right: tuple[str, ...]


def distances(condition: Condition, sight: Sight) -> tuple[Distance, ...]:
    """Return the least distance of each `near` of a condition whose sides stand in one field, in reading order."""
    match condition:
        case And(parts) | Or(parts):
            return tuple(found for part in parts for found in distances(part, sight))
        case Not(part):
            return distances(part, sight)
        case InField(where, part):
            return distances(part, sight.within(where))
        case Near(left, right, words):
            gaps = [one.gap(other) for one, other in _neighbours(_spans(left, sight), _spans(right, sight))]
            own = (Distance(min(gaps), words, _terms_of(left), _terms_of(right)),) if gaps else ()
            return (*distances(left, sight), *distances(right, sight), *own)
        case _:
            return ()


def _terms_of(condition: Condition) -> tuple[str, ...]:
    match condition:
        case Ref(term):
            return (term,)
        case Of(_, terms):
            return terms
        case Or(parts):
            return tuple(term for part in parts for term in _terms_of(part))
        case InField(_, part):
            return _terms_of(part)
        case Near(left, right) | SameSentence(left, right):
            return (*_terms_of(left), *_terms_of(right))
        case _:  # pragma: no cover (the parser refuses it beside near)
            return ()


# --- proximity -------------------------------------------------------------------------------------------------


class _Span(NamedTuple):
    """Words of one field, and the hits they hold; what near joins is the hull of both sides."""

    field_order: int
    word: int
    word_end: int
    start: int
    end: int
    parts: tuple[tuple[str, Hit], ...]

    @property
    def evidence(self) -> Iterator[Evidence]:
        return (_shown(term, hit) for term, hit in self.parts)

    @property
    def sentences(self) -> tuple[int, int, int]:
        """The field, and the first and last sentence in which a hit begins."""
        numbers = [hit.sentence for _, hit in self.parts]
        return self.field_order, min(numbers), max(numbers)

    def hull(self, other: _Span) -> _Span:
        return _Span(
            self.field_order,
            min(self.word, other.word),
            max(self.word_end, other.word_end),
            min(self.start, other.start),
            max(self.end, other.end),
            self.parts + other.parts,
        )

    def gap(self, other: _Span) -> int:
        """Return the number of words between the two."""
        return max(0, other.word - self.word_end, self.word - other.word_end)


def _place(span: _Span) -> tuple[int, int, int, int, int]:
    return span[:5]


def _spans(condition: Condition, sight: Sight) -> list[_Span]:  # noqa: PLR0911 (one return a kind of node)
    """Return the places of a condition that has places (the parser refuses the others beside near)."""
    match condition:
        case Ref(term):
            return [_span(term, hit) for hit in sight.hits.get(term, ())]
        case Of(_, terms):
            return sorted((span for term in terms for span in _spans(Ref(term), sight)), key=_place)
        case Or(parts):
            return sorted((span for part in parts for span in _spans(part, sight)), key=_place)
        case InField(where, part):
            return _spans(part, sight.within(where))
        case Near(left, right, words):
            pairs = _neighbours(_spans(left, sight), _spans(right, sight))
            return _distinct(one.hull(other) for one, other in pairs if one.gap(other) <= words)
        case SameSentence(left, right):
            return _distinct(
                one.hull(other) for one, other in _sentence_mates(_spans(left, sight), _spans(right, sight))
            )
        case _:
            return []


def _span(term: str, hit: Hit) -> _Span:
    return _Span(hit.order, *hit.words, hit.start, hit.end, ((term, hit),))


def _distinct(spans: Iterable[_Span]) -> list[_Span]:
    """Keep one span a place, in order."""
    by_place = {_place(span): span for span in spans}
    return [by_place[place] for place in sorted(by_place)][:_MAX_SPANS]


def _neighbours(lefts: Sequence[_Span], rights: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Pair each left span with the nearest right one before it and after it; a span is no neighbour of itself."""
    by_field: dict[int, list[_Span]] = {}
    for right in sorted(rights, key=_place):
        by_field.setdefault(right.field_order, []).append(right)
    reach = {number: list(accumulate(spans, _later_end)) for number, spans in by_field.items()}
    for left in lefts:
        spans = by_field.get(left.field_order, [])
        before = bisect_left(spans, _place(left), key=_place)
        after = bisect_right(spans, _place(left), key=_place)
        if before:
            yield left, reach[left.field_order][before - 1]
        if after < len(spans):
            yield left, spans[after]


def _later_end(one: _Span, other: _Span) -> _Span:
    return other if other.word_end > one.word_end else one


def _sentence_mates(lefts: Sequence[_Span], rights: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Pair each left span with another one that lies in the same sentence."""
    by_sentence: dict[tuple[int, int, int], list[_Span]] = {}
    for right in rights:
        if _in_one_sentence(right):
            by_sentence.setdefault(right.sentences, []).append(right)
    for left in lefts:
        if not _in_one_sentence(left):
            continue
        mates = by_sentence.get(left.sentences, [])
        if mate := next((mate for mate in mates if _place(mate) != _place(left)), None):
            yield left, mate


def _in_one_sentence(span: _Span) -> bool:
    _, first, last = span.sentences
    return first == last
