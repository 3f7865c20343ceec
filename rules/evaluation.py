"""Is a condition true of what was seen, by which spans, and if not, what was missing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate

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

__all__ = ["FIELD_ORDER", "Missing", "Outcome", "Sight", "evaluate", "see"]

FIELD_ORDER: Mapping[Field, int] = {where: number for number, where in enumerate(Field)}
_MAX_SPANS = 2_000  # a proximity's spans; only a text made of nothing but terms has more

_FIELD_FR = {Field.TITLE: "titre", Field.LEAD: "chapô", Field.BODY: "corps"}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a false condition lacked, in French and English. `absent` holds terms that were merely not seen."""

    fr: str
    en: str
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A condition's truth: the spans that satisfied it, or what was missing."""

    true: bool
    evidence: tuple[Evidence, ...] = ()
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """The terms of one rule in one document.

    Args:
        hits: for each term its hits that count, in order of field and start, none inside another.
        masked: for a term without hits, the fixed phrase that hid it ("montagnes russes").
        aside: for a term without hits, the text seen in boilerplate only.
    """

    hits: Mapping[str, tuple[Hit, ...]]
    masked: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)

    def within(self, where: Field) -> Sight:
        """Return what was seen in one field."""
        return replace(self, hits={t: tuple(h for h in hits if h.field is where) for t, hits in self.hits.items()})


def see(terms: Sequence[TermDef], scan: Scan, *, seen: Container[str] | None = None) -> Sight:
    """Gather the hits of a rule's terms. Hits in boilerplate are ignored entirely, by exclusions too.

    Args:
        terms: the rule's.
        scan: of the document.
        seen: the names of the terms that have hits, where that is known: the others are not looked up.
    """
    hits: dict[str, tuple[Hit, ...]] = {}
    masked: dict[str, str] = {}
    aside: dict[str, str] = {}
    for term in terms:
        found = _found(term, scan) if seen is None or term.name in seen else []
        counted = [hit for hit in found if not _discounted(hit, scan)] if any(scan.discounted.values()) else found
        hits[term.name] = _apart(counted)
        if counted:
            continue
        if found:
            aside[term.name] = found[0].text
        if scan.masks and (mask := _mask(term, scan)):
            masked[term.name] = mask.text
    return Sight(hits, masked, aside)


def evaluate(condition: Condition, sight: Sight) -> Outcome:  # noqa: PLR0911 (one return a kind of node)
    """Judge a condition. Distances count the words between two spans of one field; overlapping spans are 0 apart."""
    match condition:
        case Ref(term):
            return _seen(term, sight)
        case And(parts):
            return _every([evaluate(part, sight) for part in parts])
        case Or(parts):
            return _some([evaluate(part, sight) for part in parts])
        case Not(part):
            return _none(evaluate(part, sight))
        case Near() | SameSentence():
            return _together(condition, sight)
        case Of(least, terms):
            return _at_least(least, terms, sight)
        case All(terms):
            return _every([_seen(term, sight) for term in terms])
        case Count(term, least):
            return _counted(term, least, sight)
        case InField(where, part):  # pragma: no branch
            return _in_field(where, evaluate(part, sight.within(where)))


# --- what was seen ---------------------------------------------------------------------------------------------


def _found(term: TermDef, scan: Scan) -> list[Hit]:
    found = [hit for pattern in term.patterns for hit in scan.hits.get(pattern, ())]
    return found if term.fields is None else [hit for hit in found if hit.field in term.fields]


def _mask(term: TermDef, scan: Scan) -> Mask | None:
    """Return the first phrase that hid one of the term's entities."""
    entities = {pattern.text for pattern in term.patterns if pattern.kind is PatternKind.ENTITY}
    return next((mask for mask in scan.masks if mask.entity in entities), None)


def _discounted(hit: Hit, scan: Scan) -> bool:
    """Tell whether a hit touches boilerplate, whose spans are in order and apart."""
    spans = scan.discounted.get(hit.field, ())
    number = bisect_right(spans, hit.start, key=_ends)
    return number < len(spans) and spans[number][0] < hit.end


def _ends(span: tuple[int, int]) -> int:
    return span[1]


def _apart(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Merge hits of one term on the same words, so that "oblast de Kharkiv" is one sight, of its best strength."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (FIELD_ORDER[h.field], h.start, -h.end, -h.strength, h.text)):
        last = kept[-1] if kept else None
        if last is not None and last.field is hit.field and hit.start < last.end:
            kept[-1] = replace(last, strength=max(last.strength, hit.strength))
        else:
            kept.append(hit)
    return tuple(kept)


# --- truth -----------------------------------------------------------------------------------------------------


def _evidence(term: str, hit: Hit) -> Evidence:
    return Evidence(term, hit.field, hit.start, hit.end, hit.text)


def _true(evidence: Iterable[Evidence]) -> Outcome:
    return Outcome(true=True, evidence=tuple(dict.fromkeys(evidence)))


def _false(fr: str, en: str) -> Outcome:
    return Outcome(true=False, missing=Missing(fr, en))


@lru_cache(maxsize=4096)
def _absent(*terms: str) -> Outcome:
    names = ", ".join(dict.fromkeys(terms))
    plural = "s" if len(terms) > 1 else ""
    missing = Missing(f"terme{plural} absent{plural} : {names}", f"missing term{plural}: {names}", terms)
    return Outcome(true=False, missing=missing)


def _seen(term: str, sight: Sight) -> Outcome:
    if hits := sight.hits.get(term, ()):
        return Outcome(true=True, evidence=tuple(_evidence(term, hit) for hit in hits))
    if term in sight.masked:
        return _false(f"masqué : {sight.masked[term]}", f"masked: {sight.masked[term]}")
    if term in sight.aside:
        return _false(f"hors article : {sight.aside[term]}", f"outside the article: {sight.aside[term]}")
    return _absent(term)


def _every(outcomes: Sequence[Outcome]) -> Outcome:
    failed = next((outcome for outcome in outcomes if not outcome.true), None)
    return failed or _true(evidence for outcome in outcomes for evidence in outcome.evidence)


def _some(outcomes: Sequence[Outcome]) -> Outcome:
    if any(outcome.true for outcome in outcomes):
        return _true(evidence for outcome in outcomes for evidence in outcome.evidence)
    telling = next((outcome for outcome in outcomes if outcome.missing and not outcome.missing.absent), None)
    return telling or _absent(*(term for outcome in outcomes if outcome.missing for term in outcome.missing.absent))


def _none(outcome: Outcome) -> Outcome:
    if not outcome.true:
        return _true(())
    seen = ", ".join(dict.fromkeys(f"{found.term} « {found.text} »" for found in outcome.evidence[:3]))
    return _false(f"exclu : {seen}", f"excluded: {seen}")


def _at_least(least: int, terms: Sequence[str], sight: Sight) -> Outcome:
    outcomes = [_seen(term, sight) for term in terms]
    number = sum(outcome.true for outcome in outcomes)
    if number >= least:
        return _true(evidence for outcome in outcomes for evidence in outcome.evidence)
    if least == 1:
        return _some(outcomes)
    return _false(
        f"{least} parmi {len(terms)} : {number} seulement" if number else f"{least} parmi {len(terms)} : aucun",
        f"{least} of {len(terms)}: only {number}" if number else f"{least} of {len(terms)}: none",
    )


def _counted(term: str, least: int, sight: Sight) -> Outcome:
    outcome = _seen(term, sight)
    number = len(sight.hits.get(term, ()))
    if number >= least or not outcome.true:
        return outcome
    return _false(f"nombre({term}) : {number} < {least}", f"count({term}): {number} < {least}")


def _in_field(where: Field, outcome: Outcome) -> Outcome:
    if outcome.missing is None:
        return outcome
    missing = outcome.missing
    return _false(f"{missing.fr} ({_FIELD_FR[where]})", f"{missing.en} ({where})")


# --- proximity -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class _Span:
    """Words of one field, and the evidence they hold; what near joins is the hull of both sides."""

    field_order: int
    word: int
    word_end: int
    start: int
    end: int
    sentence: int
    last_sentence: int
    evidence: tuple[Evidence, ...] = field(compare=False)

    def hull(self, other: _Span) -> _Span:
        return _Span(
            self.field_order,
            min(self.word, other.word),
            max(self.word_end, other.word_end),
            min(self.start, other.start),
            max(self.end, other.end),
            min(self.sentence, other.sentence),
            max(self.last_sentence, other.last_sentence),
            self.evidence + other.evidence,
        )

    def gap(self, other: _Span) -> int:
        """Return the number of words between the two."""
        return max(0, other.word - self.word_end, self.word - other.word_end)


def _together(condition: Near | SameSentence, sight: Sight) -> Outcome:
    if pairs := _spans(condition, sight):
        return _true(evidence for pair in pairs for evidence in pair.evidence)
    lefts, rights = _spans(condition.left, sight), _spans(condition.right, sight)
    if not lefts or not rights:
        return evaluate(condition.right if lefts else condition.left, sight)
    if isinstance(condition, SameSentence):
        return _false("meme_phrase : phrases différentes", "same_sentence: different sentences")
    gaps = [left.gap(right) for left, right in _neighbours(lefts, rights)]
    if not gaps:
        return _false(f"proche/{condition.words} : champs différents", f"near/{condition.words}: different fields")
    return _false(f"proche/{condition.words} : distance {min(gaps)}", f"near/{condition.words}: distance {min(gaps)}")


def _spans(condition: Condition, sight: Sight) -> list[_Span]:  # noqa: PLR0911 (one return a kind of node)
    """Return the places of a condition that has places (the parser refuses the others beside near)."""
    match condition:
        case Ref(term):
            return [_span(term, hit) for hit in sight.hits.get(term, ())]
        case Of(_, terms):
            return sorted(span for term in terms for span in _spans(Ref(term), sight))
        case Or(parts):
            return sorted(span for part in parts for span in _spans(part, sight))
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
    return _Span(
        FIELD_ORDER[hit.field],
        hit.word,
        hit.word_end,
        hit.start,
        hit.end,
        hit.sentence,
        hit.sentence,
        (_evidence(term, hit),),
    )


def _distinct(spans: Iterable[_Span]) -> list[_Span]:
    return sorted(set(spans))[:_MAX_SPANS]


def _neighbours(lefts: Sequence[_Span], rights: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Pair each left span with the nearest right one before it and after it; a span is no neighbour of itself."""
    by_field: dict[int, list[_Span]] = {}
    for right in sorted(rights):
        by_field.setdefault(right.field_order, []).append(right)
    reach = {number: list(accumulate(spans, _later_end)) for number, spans in by_field.items()}
    for left in lefts:
        spans = by_field.get(left.field_order, [])
        before, after = bisect_left(spans, left), bisect_right(spans, left)
        if before:
            yield left, reach[left.field_order][before - 1]
        if after < len(spans):
            yield left, spans[after]


def _later_end(one: _Span, other: _Span) -> _Span:
    return other if other.word_end > one.word_end else one


def _sentence_mates(lefts: Sequence[_Span], rights: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Pair each left span with another one that lies in the same sentence."""
    by_sentence: dict[tuple[int, int], list[_Span]] = {}
    for right in rights:
        if right.sentence == right.last_sentence:
            by_sentence.setdefault((right.field_order, right.sentence), []).append(right)
    for left in lefts:
        if left.sentence != left.last_sentence:
            continue
        mates = by_sentence.get((left.field_order, left.sentence), [])
        if mate := next((mate for mate in mates if mate != left), None):
            yield left, mate
