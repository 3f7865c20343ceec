"""What in a pack is allowed but hardly meant: terms that change nothing, thresholds out of reach, patterns twice.

Every finding says where it stands, and what to do. Nothing is refused here; that is the business of `pack`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations, product

from rules.condition import parts_of, terms_of
from rules.engine import REPEAT
from rules.entities import Gazetteer, inflections, wordings
from rules.scan import Scanner
from rules.text import fold
from rules.types import (
    All,
    And,
    Condition,
    Count,
    Document,
    EntityDef,
    Field,
    InField,
    Near,
    Not,
    Of,
    Or,
    Pack,
    Pattern,
    PatternKind,
    Ref,
    RuleDef,
    SameSentence,
    Status,
    TermDef,
)

__all__ = ["Finding", "Severity", "lint", "patterns_of"]

_BUNDLED = "entities/"  # what the names of the files begin with that come with veille
_ALIKE = 0.8  # Jaccard's index of two rules' patterns
_MOST_TERMS = 12  # of a condition whose every case is tried: 4096 cases
_LINE = "D’après ce que l’on a appris cet été dans la région, "  # neither in capitals nor without accents
_STRENGTHS = (("primary", 1.0), ("alias", 0.8), ("demonym", 0.7))
_TITLE = 200  # characters of a one-line rule that are its title


class Severity(StrEnum):
    """Whether a finding can be lived with."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a pack that is hardly meant. `hint` says what to do."""

    code: str
    subject: str  # the rule's or entity's id
    message: str
    hint: str
    file: str
    line: int
    severity: Severity = Severity.WARNING

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity} {self.code}: {self.subject}: {self.message}; {self.hint}"


def lint(pack: Pack) -> tuple[Finding, ...]:
    """Return what is hardly meant in a pack, in order of file and line; deprecated rules are left alone."""
    rules = [rule for rule in pack.rules if rule.status is not Status.DEPRECATED]
    words = _Words(pack.entities, rules)
    findings = [*_entities(pack.entities, words), *_shared_forms(pack.entities), *_overlapping(rules)]
    for rule in rules:
        findings += (*_tests(rule), *_terms(rule), *_patterns(rule, words), *_threshold(rule, pack.entities))
    return tuple(sorted(findings, key=lambda found: (found.file, found.line, found.code, found.message)))


def _found(code: str, rule: RuleDef, message: str, hint: str, *, line: int | None = None) -> Finding:
    return Finding(code, rule.id, message, hint, rule.file, rule.line if line is None else line)


def _tests(rule: RuleDef) -> Iterator[Finding]:
    one_line = rule.title == rule.source[:_TITLE]  # it is its own title, and has nowhere to carry a test
    if not rule.tests and not one_line:
        yield _found("no-tests", rule, "it carries no tests", "add one text that must match and one that must not")


def _shared_forms(entities: Sequence[EntityDef]) -> Iterator[Finding]:
    """Find the forms that name an entity of the user's and another one: every mention of one is a mention of both."""
    bearers: dict[str, list[EntityDef]] = {}
    by_id = {entity.id: entity for entity in entities}
    for form in Gazetteer(entities).forms:
        bearers.setdefault(form.wording.text, []).append(by_id[form.entity])
    told: set[tuple[str, ...]] = set()
    for text, named in bearers.items():
        pair = tuple(dict.fromkeys(entity.id for entity in named))
        own = next((entity for entity in reversed(named) if not entity.file.startswith(_BUNDLED)), None)
        if len(pair) > 1 and own is not None and pair not in told:
            told.add(pair)
            others = ", ".join(name for name in pair if name != own.id)
            message = f"« {text} » also names {others}"
            yield Finding("shared-form", own.id, message, "keep it for one of them", own.file, own.line)


# --- terms that change nothing ---------------------------------------------------------------------------------


def _terms(rule: RuleDef) -> Iterator[Finding]:
    named = terms_of(rule.condition)
    idle = _idle(rule.condition, named)
    for term in rule.terms:
        scores = term.weight != 0 and any(rule.score.factor(where) for where in _fields(term))
        if scores or (term.name in named and term.name not in idle):
            continue
        why = (
            "the condition is the same with and without it" if term.name in named else "the condition does not name it"
        )
        brings = "its weight is 0" if term.weight == 0 else "its fields count for nothing"
        hint = "remove it, name it in the condition, or give it a weight"
        yield _found("unreachable-term", rule, f"{term.name} changes nothing: {why}, {brings}", hint, line=term.line)
    terms = {term.name: term for term in rule.terms}
    for name in sorted(_out_of_sight(rule.condition, terms, frozenset(Field))):
        hint = "look for both in one field, or drop `in:`"
        message = f"{name} can never be seen where the condition asks for it"
        yield _found("unreachable-term", rule, message, hint, line=terms[name].line)


def _fields(term: TermDef) -> frozenset[Field]:
    return frozenset(Field) if term.fields is None else term.fields


def _is_plain(condition: Condition) -> bool:
    """Tell whether only it matters which terms were seen: neither where, nor how often."""
    if isinstance(condition, Near | SameSentence | InField | Count):
        return False
    return all(map(_is_plain, parts_of(condition)))


def _true(condition: Condition, seen: frozenset[str]) -> bool:
    match condition:
        case Ref(term):
            return term in seen
        case And(parts):
            return all(_true(part, seen) for part in parts)
        case Or(parts):
            return any(_true(part, seen) for part in parts)
        case Not(part):
            return not _true(part, seen)
        case Of(least, terms):
            return sum(term in seen for term in terms) >= least
        case All(terms):
            return seen.issuperset(terms)
        case _:  # pragma: no cover (what joins or places is judged above)
            raise AssertionError(condition)


def _idle(condition: Condition, named: frozenset[str]) -> frozenset[str]:
    """Return the terms of a plain condition that never decide: `b` in `a or (a and b)`."""
    if not _is_plain(condition) or len(named) > _MOST_TERMS:
        return frozenset()
    order = sorted(named)
    cases = [
        frozenset(term for term, is_seen in zip(order, bits, strict=True) if is_seen)
        for bits in product((False, True), repeat=len(order))
    ]
    truth = {seen: _true(condition, seen) for seen in cases}
    return frozenset(term for term in order if all(truth[seen] == truth[seen ^ {term}] for seen in cases))


def _out_of_sight(condition: Condition, terms: Mapping[str, TermDef], within: frozenset[Field]) -> frozenset[str]:
    """Return the terms that a condition asks for in a field where they are not looked for."""
    match condition:
        case Ref(term) | Count(term):
            return frozenset() if _fields(terms[term]) & within else frozenset({term})
        case Of(_, names) | All(names):
            return frozenset(name for name in names if not _fields(terms[name]) & within)
        case InField(where, part):
            return _out_of_sight(part, terms, within & {where})
        case Near(left, right) | SameSentence(left, right):
            apart = not (_reach(left, terms) & _reach(right, terms) & within)
            lost = _out_of_sight(left, terms, within) | _out_of_sight(right, terms, within)
            return lost or (terms_of(left) if apart else frozenset())
        case _:
            return frozenset().union(*(_out_of_sight(part, terms, within) for part in parts_of(condition)))


def _reach(condition: Condition, terms: Mapping[str, TermDef]) -> frozenset[Field]:
    """Return the fields in which something that has a place can be seen."""
    match condition:
        case InField(where, part):
            return _reach(part, terms) & {where}
        case Near(left, right) | SameSentence(left, right):
            return _reach(left, terms) & _reach(right, terms)
        case _:
            return frozenset().union(*(_fields(terms[name]) for name in terms_of(condition)))


# --- patterns that add nothing ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen in the words of one pattern: patterns with their spans and strengths, and what hides entities."""

    hits: Mapping[Pattern, float] = field(default_factory=dict)
    masks: frozenset[str] = frozenset()


class _Words:
    """Looks for all patterns of a pack in the words of each, in one scanner."""

    def __init__(self, entities: Sequence[EntityDef], rules: Sequence[RuleDef]) -> None:
        known = {entity.id for entity in entities}
        patterns = {pattern for rule in rules for term in rule.terms for pattern in term.patterns}
        patterns |= {Pattern(PatternKind.ENTITY, entity, f"@{entity}") for entity in known}
        self._scanner = Scanner(entities, patterns)
        self._seen: dict[str, _Seen] = {}

    def within(self, text: str) -> _Seen:
        """Return what is seen in some words of a sentence in lower case with accents."""
        if text not in self._seen:
            scan = self._scanner.scan(Document(title=_LINE + text))
            at = len(_LINE)
            self._seen[text] = _Seen(
                {
                    pattern: max(hit.strength for hit in inside)
                    for pattern, hits in scan.hits.items()
                    if (inside := [hit for hit in hits if hit.reading.place(hit.start, hit.end)[0] >= at])
                },
                frozenset(
                    mask.entity for mask in scan.masks if mask.start <= at and mask.end >= at + len(text.rstrip())
                ),
            )
        return self._seen[text]


def patterns_of(rule: RuleDef) -> frozenset[Pattern]:
    """Return every pattern that a rule looks for."""
    return frozenset(pattern for term in rule.terms for pattern in term.patterns)


def _patterns(rule: RuleDef, words: _Words) -> Iterator[Finding]:
    entities = {pattern.text for pattern in patterns_of(rule) if pattern.kind is PatternKind.ENTITY}
    for term in rule.terms:
        kept = list(term.patterns)
        for pattern in reversed(term.patterns):  # of two that say the same, the first stays
            others = [other for other in kept if other is not pattern]
            cover = next((other for other in others if _covers(other, pattern, words)), None)
            hidden = sorted(words.within(_written(pattern)).masks & entities)
            if cover is not None:
                kept.remove(pattern)
                yield _redundant(rule, term, pattern, cover)
            elif term.weight > 0 and hidden:
                message = (
                    f"{term.name}: « {pattern.source} » is a phrase that hides @{hidden[0]}: it does not speak of it"
                )
                hint = "remove it, or keep it for a term of exclusion"
                yield _found("masked-term", rule, message, hint, line=term.line)


def _redundant(rule: RuleDef, term: TermDef, pattern: Pattern, cover: Pattern) -> Finding:
    if fold(pattern.text).flat == fold(cover.text).flat and pattern.kind is cover.kind:
        message = f"{term.name}: « {pattern.source} » and « {cover.source} » are one: capitals and accents are folded"
        return _found("accented-twice", rule, message, f"remove « {pattern.source} »", line=term.line)
    message = f"{term.name}: « {pattern.source} » adds nothing beside « {cover.source} », which sees it already"
    return _found("masked-term", rule, message, f"remove « {pattern.source} »", line=term.line)


def _written(pattern: Pattern) -> str:
    """Return how a text that satisfies a pattern may be written; "" where there is no telling."""
    return "" if pattern.kind in {PatternKind.REGEX, PatternKind.ENTITY} else pattern.text


def _covers(other: Pattern, pattern: Pattern, words: _Words) -> bool:
    """Tell whether wherever one pattern is seen, another is seen in the same words, for at least as many points."""
    if other.kind not in _COVERED_BY.get(pattern.kind, ()) or other not in words.within(pattern.text).hits:
        return False
    vary = inflections if pattern.kind is PatternKind.WORDS else _as_typed
    forms = {wording.typed for wording in wordings(pattern.text, vary)}
    return all(words.within(form).hits.get(other, 0.0) >= 1 for form in forms)


def _as_typed(word: str) -> tuple[str, ...]:
    return (word,)


_COVERED_BY: Mapping[PatternKind, frozenset[PatternKind]] = {
    PatternKind.WORDS: frozenset({PatternKind.WORDS, PatternKind.PREFIX, PatternKind.ENTITY}),
    PatternKind.EXACT: frozenset({PatternKind.WORDS, PatternKind.PREFIX, PatternKind.ENTITY, PatternKind.EXACT}),
    PatternKind.PREFIX: frozenset({PatternKind.PREFIX}),
}


def _entities(entities: Sequence[EntityDef], words: _Words) -> Iterator[Finding]:
    """Find the forms of entities that their own exceptions always hide."""
    for entity in entities:
        for form in (*entity.primary, *entity.alias) if entity.excepts else ():
            if entity.id in words.within(form).masks:
                yield Finding(
                    *("masked-term", entity.id, f"« {form} » lies inside one of its own `except` phrases"),
                    *("remove the form or the phrase", entity.file, entity.line),
                )


# --- thresholds ------------------------------------------------------------------------------------------------


def _threshold(rule: RuleDef, entities: Sequence[EntityDef]) -> Iterator[Finding]:
    threshold = rule.score.threshold
    if threshold is None:
        return
    if all(term.weight == 1 for term in rule.terms):
        message = f"a threshold of {threshold:g}, and every term weighs 1"
        yield _found("threshold-without-weights", rule, message, "give the telling terms more weight")
    strengths = {entity.id: _strength(entity) for entity in entities}
    excluded = _excluded(rule.condition)
    counting = [term for term in rule.terms if term.weight > 0 and term.name not in excluded]
    best = sum(_best(term, rule, strengths) for term in counting) / (1 - REPEAT)
    if best < threshold:
        message = f"the threshold is {threshold:g}, and all terms together bring at most {best:.3g}"
        finding = _found("unreachable-threshold", rule, message, "lower the threshold, or give terms more weight")
        yield replace(finding, severity=Severity.ERROR)
        return
    sentence = sum(
        term.weight * _term_strength(term, strengths) * rule.score.body
        for term in counting
        if Field.BODY in _fields(term)
    )
    if sentence < threshold:
        message = f"no single sentence of a body can reach {threshold:g}: one with every term brings {sentence:.3g}"
        yield _found("weak-threshold", rule, message, "lower the threshold if a sentence alone should be enough")


def _best(term: TermDef, rule: RuleDef, strengths: Mapping[str, float]) -> float:
    return term.weight * _term_strength(term, strengths) * max(rule.score.factor(where) for where in _fields(term))


def _term_strength(term: TermDef, strengths: Mapping[str, float]) -> float:
    return max(
        strengths.get(pattern.text, 1.0) if pattern.kind is PatternKind.ENTITY else 1.0 for pattern in term.patterns
    )


def _strength(entity: EntityDef) -> float:
    return next((strength for kind, strength in _STRENGTHS if getattr(entity, kind)), _STRENGTHS[-1][1])


def _excluded(condition: Condition) -> frozenset[str]:
    """Return the terms that must be absent for a condition to be true."""
    match condition:
        case Not(part):
            return _any_of(part)
        case And(parts):
            return frozenset().union(*map(_excluded, parts))
        case _:
            return frozenset()


def _any_of(condition: Condition) -> frozenset[str]:
    """Return the terms each of which alone makes a condition true."""
    match condition:
        case Ref(term):
            return frozenset({term})
        case Of(1, terms):
            return frozenset(terms)
        case Or(parts):
            return frozenset().union(*map(_any_of, parts))
        case _:
            return frozenset()


# --- rules that look for the same ------------------------------------------------------------------------------


def _overlapping(rules: Iterable[RuleDef]) -> Iterator[Finding]:
    looking = [(rule, patterns_of(rule)) for rule in rules]
    for (one, of_one), (other, of_other) in combinations(looking, 2):
        share = len(of_one & of_other) / len(of_one | of_other)
        if share >= _ALIKE and len(of_one | of_other) > 1:
            message = f"it looks for the same patterns as {one.id} ({share:.0%} of both)"
            yield _found("overlapping-rules", other, message, f"merge them; {one.id} is at {one.file}:{one.line}")
