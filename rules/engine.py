r"""Judges documents by the rules of a pack.

`analyse` reads a document once; `verdicts` and `match` are pure and take `now`::

    Document --Scanner--> Scan --> Sight --holds, points--> Grade --evidence, missing--> Verdict
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import mul
from typing import Final, NamedTuple

from rules.condition import terms_of
from rules.evaluation import Missing, Sight, Truth, apart, evidence, in_fields, missing, see, truth
from rules.excerpt import snippets
from rules.scan import Scanner
from rules.text import text_sha256
from rules.types import (
    All,
    And,
    Completeness,
    Condition,
    Contribution,
    Document,
    Evidence,
    Field,
    Gate,
    GateKind,
    Hit,
    InField,
    Level,
    Mask,
    Match,
    Near,
    Not,
    Or,
    Pack,
    Pattern,
    PatternKind,
    RuleDef,
    SameSentence,
    Scan,
    Scope,
    Status,
    TermDef,
    Verdict,
)

__all__ = ["REPEAT", "Analysis", "Engine", "Grade", "decimal", "judge", "masks_of"]

REPEAT = 1 / 3  # each further hit of a term counts a third of the one before: all together under half the best
_HIGH = 2.0  # times the threshold
_MAX_EVIDENCE = 50  # spans kept for each term
_OLDEST = datetime(1995, 1, 1, tzinfo=UTC)  # a date before the web press is a mistake
_AHEAD = timedelta(days=1)  # a date further in the future is a mistake
_SHARES = tuple(REPEAT**rank for rank in range(30))  # what follows is under any rounding
_ANYWHERE = Scope()


@dataclass(frozen=True, slots=True)
class Analysis:
    """A document and all that was seen in it."""

    document: Document
    scan: Scan

    @property
    def text_sha256(self) -> str:
        """The hash of the document's text, in hexadecimal."""
        return text_sha256(self.document.title, self.document.lead, self.document.body)


class Grade(NamedTuple):
    """What one rule says of one document, without the reasons: a verdict that costs a tenth."""

    rule: str
    score: float
    threshold: float | None
    match: bool
    near_miss: bool


class _Plan(NamedTuple):
    """A rule made ready: its terms by name, the judge of its condition, and what a hit in each field is worth."""

    rule: RuleDef
    terms: Mapping[str, TermDef]
    truth: Truth
    whole: tuple[float, ...]
    teaser: tuple[float, ...]

    def factors(self, document: Document) -> tuple[float, ...]:
        """Return the factor of each field. A teaser's body is the start of an article we cannot read: it earns none."""
        return self.teaser if document.completeness is Completeness.TEASER else self.whole

    def points(self, sight: Sight, document: Document) -> list[float]:
        """Return the points of each term that was seen."""
        factors = self.factors(document)
        return [_points(self.terms[name], hits, factors) for name, hits in sight.hits.items()]


def _plan(rule: RuleDef) -> _Plan:
    score = rule.score
    whole, teaser = (score.title, score.lead, score.body), (score.title, score.lead, 0.0)
    return _Plan(rule, {term.name: term for term in rule.terms}, truth(rule.condition), whole, teaser)


class Engine:
    """The rules of one pack, ready to judge. Immutable: to change rules, make another.

    Args:
        pack: entities and rules that were checked together.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._uses, self._slots = _uses(pack.rules)
        self._scanner = Scanner(pack.entities, tuple(self._uses))
        self._by_pattern, self._always = _index(pack.rules)
        self._plans = tuple(_plan(rule) for rule in pack.rules)
        self._unseen = tuple(
            Grade(rule.id, 0.0, rule.score.threshold, match=False, near_miss=False) for rule in pack.rules
        )

    def analyse(self, document: Document) -> Analysis:
        """Look for every entity and pattern of the pack in a document, in one pass."""
        return Analysis(document, self._scanner.scan(document))

    def grades(self, analysis: Analysis, *, now: datetime) -> tuple[Grade, ...]:
        """Grade a document by every rule, in the order of the pack.

        Args:
            analysis: of this engine's pack.
            now: the instant that ages are counted to, UTC-aware.
        """
        grades = list(self._unseen)
        scan, document = analysis.scan, analysis.document
        candidates = self._candidates(scan)
        points: defaultdict[int, list[float]] = defaultdict(list)
        seen: dict[int, dict[str, Sequence[Hit]]] = {number: {} for number in candidates}
        for number, term, hits in self._seen(scan):
            points[number].append(_points(term, hits, self._plans[number].factors(document)))
            if number in candidates:
                seen[number][term.name] = hits
        for number in candidates.union(points):
            plan = self._plans[number]
            true = number in candidates and plan.truth(Sight(seen[number], plan.terms, scan))
            grades[number] = _grade(plan, points[number], document, now, true=true)
        return tuple(grades)

    def verdicts(self, analysis: Analysis, *, now: datetime) -> tuple[Verdict, ...]:
        """Judge a document by every rule, in the order of the pack.

        Args:
            analysis: of this engine's pack.
            now: the instant that ages are counted to, UTC-aware.
        """
        sights = self._sights(analysis.scan)
        return tuple(
            _judge(plan, sights.get(number) or self._nothing_seen(number, analysis.scan), analysis.document, now)
            for number, plan in enumerate(self._plans)
        )

    def match(self, analysis: Analysis, *, now: datetime) -> tuple[Match, ...]:
        """Return the matches and near misses among the rules that are not deprecated, in the order of the pack.

        Args:
            analysis: of this engine's pack.
            now: the instant that ages are counted to, UTC-aware.
        """
        scan = analysis.scan
        candidates = self._candidates(scan)
        sights = self._sights(scan, among=candidates) if candidates else {}
        matches = []
        for number in sorted(candidates):
            plan = self._plans[number]
            if plan.rule.status is Status.DEPRECATED:
                continue
            sight = sights.get(number) or self._nothing_seen(number, scan)
            grade = _grade(plan, plan.points(sight, analysis.document), analysis.document, now, true=plan.truth(sight))
            if grade.match or grade.near_miss:
                matches.append(_match(plan.rule, _judge(plan, sight, analysis.document, now), analysis))
        return tuple(matches)

    def _candidates(self, scan: Scan) -> set[int]:
        """Return the rules whose condition may be true: what they need was seen, or they need nothing."""
        candidates = set(self._always)
        for pattern in scan.hits:
            candidates |= self._by_pattern.get(pattern, _NONE)
        return candidates

    def _sights(self, scan: Scan, *, among: Container[int] | None = None) -> dict[int, Sight]:
        """Return what was seen of each rule of which something was seen."""
        seen: dict[int, dict[str, Sequence[Hit]]] = {}
        for number, term, hits in self._seen(scan):
            if among is None or number in among:
                seen.setdefault(number, {})[term.name] = hits
        return {number: Sight(hits, self._plans[number].terms, scan) for number, hits in seen.items()}

    def _seen(self, scan: Scan) -> Iterator[tuple[int, TermDef, Sequence[Hit]]]:
        """Yield each term that was seen: the number of its rule, its definition, and its hits."""
        found: defaultdict[int, list[Sequence[Hit]]] = defaultdict(list)
        for pattern, hits in scan.hits.items():
            for slot in self._uses[pattern]:
                found[slot].append(hits)
        for slot, of_patterns in found.items():
            number, term = self._slots[slot]
            kept = of_patterns if term.fields is None else [in_fields(term, hits) for hits in of_patterns]
            if hits := apart(kept):
                yield number, term, hits

    def _nothing_seen(self, number: int, scan: Scan) -> Sight:
        return Sight({}, self._plans[number].terms, scan)


_NONE: Final[frozenset[int]] = frozenset()


def _uses(rules: Sequence[RuleDef]) -> tuple[dict[Pattern, list[int]], list[tuple[int, TermDef]]]:
    """Number the terms of all rules. Return which of them look for each pattern, and each one's rule and definition."""
    uses: dict[Pattern, list[int]] = {}
    slots = [(number, term) for number, rule in enumerate(rules) for term in rule.terms]
    for slot, (_, term) in enumerate(slots):
        for pattern in term.patterns:
            uses.setdefault(pattern, []).append(slot)
    return uses, slots


def judge(rule: RuleDef, analysis: Analysis, *, now: datetime) -> Verdict:
    """Judge a document by one rule: scope, then condition, then threshold. The score is computed in any case."""
    return _judge(_plan(rule), see(rule.terms, analysis.scan), analysis.document, now)


def _grade(plan: _Plan, points: Iterable[float], document: Document, now: datetime, *, true: bool) -> Grade:
    """Grade a document by the points of its terms and the truth of the condition."""
    rule = plan.rule
    score = round(sum(points), 4)
    threshold = rule.score.threshold
    holding = true and _outside(rule, document, now) is None
    enough = threshold is None or score >= threshold
    return Grade(rule.id, score, threshold, match=holding and enough, near_miss=holding and not enough)


def _judge(plan: _Plan, sight: Sight, document: Document, now: datetime) -> Verdict:
    rule = plan.rule
    true = plan.truth(sight)
    grade = _grade(plan, plan.points(sight, document), document, now, true=true)
    outside = _outside(rule, document, now)
    lacking = None if true else missing(rule.condition, sight)
    return Verdict(
        rule=rule.id,
        version=rule.version,
        score=grade.score,
        threshold=grade.threshold,
        condition=true,
        in_scope=outside is None,
        match=grade.match,
        near_miss=grade.near_miss,
        level=_level(rule, grade.score) if grade.match else None,
        contributions=_contributions(plan, sight, document),
        evidence=_shown(rule, sight) if true else (),
        gate=_gate(outside, lacking, grade),
    )


# --- gates -----------------------------------------------------------------------------------------------------


def _gate(outside: Missing | None, lacking: Missing | None, grade: Grade) -> Gate | None:
    """Return the first gate that failed: the scope, the condition, the threshold."""
    if outside is not None:
        return Gate(GateKind.SCOPE, outside.fr, outside.en)
    if lacking is not None:
        return Gate(GateKind.CONDITION, lacking.fr, lacking.en)
    if grade.near_miss and grade.threshold is not None:
        texts = (_shortfall(grade.score, grade.threshold, language) for language in ("fr", "en"))
        return Gate(GateKind.THRESHOLD, *texts)
    return None


def _shortfall(score: float, threshold: float, language: str) -> str:
    digits = 4 if threshold - score < 0.01 else 2  # noqa: PLR2004 (so that 8.9995 is not shown as 9)
    return f"score {decimal(score, digits, language)} < {decimal(threshold, digits, language)}"


def decimal(number: float, digits: int, language: str) -> str:
    """Write a number with at most some decimals, with a comma in French.

    >>> decimal(24.13, 1, "fr"), decimal(9.96, 2, "en"), decimal(10.0, 2, "fr")
    ('24,1', '9.96', '10')
    """
    text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "fr" else text


def _outside(rule: RuleDef, document: Document, now: datetime) -> Missing | None:
    """Return why a document is outside a rule's scope. An unknown fact passes."""
    scope = rule.scope
    if scope == _ANYWHERE:
        return None
    language = document.language.lower().partition("-")[0] if document.language else None
    if scope.languages and language and language not in scope.languages:
        return Missing(f"langue : {language}", f"language: {language}")
    for allowed, found, fr, en in (
        (scope.feeds, document.feed, "flux", "feed"),
        (scope.outlets, document.outlet, "titre de presse", "outlet"),
        (scope.completeness, document.completeness, "texte", "text"),
    ):
        if allowed and found and found not in allowed:
            return Missing(f"{fr} : {found}", f"{en}: {found}")
    return (_taken(document) if scope.original else None) or _too_old(scope.max_age, document, now)


def _taken(document: Document) -> Missing | None:
    """Return from whom an article has its text, or None: it is the outlet's own, as far as is known."""
    if document.wire:
        return Missing(f"repris d'une dépêche {document.wire}", f"taken from a dispatch: {document.wire}")
    if document.copy_of:
        return Missing(f"texte repris de : {document.copy_of}", f"text taken from: {document.copy_of}")
    return None


def _too_old(max_age: timedelta | None, document: Document, now: datetime) -> Missing | None:
    dated_at = _dated_at(document, now)
    if max_age is None or dated_at is None or now - dated_at <= max_age:
        return None
    hours, limit = (round(age.total_seconds() / 3600) for age in (now - dated_at, max_age))
    return Missing(f"âge : {hours} h > {limit} h", f"age: {hours} h > {limit} h")


def _dated_at(document: Document, now: datetime) -> datetime | None:
    """Return when an article was published; an implausible date counts as when it was first seen."""
    published_at = document.published_at
    if published_at is not None and _OLDEST <= published_at <= now + _AHEAD:
        return published_at
    return document.first_seen_at


def _level(rule: RuleDef, score: float) -> Level:
    """Return a match's level: by its score where there is a threshold, never above the rule's own."""
    if rule.score.threshold is None:
        return rule.level
    earned = Level.HIGH if score >= _HIGH * rule.score.threshold else Level.MEDIUM
    return min(earned, rule.level, key=list(Level).index)


# --- points ----------------------------------------------------------------------------------------------------


def _contributions(plan: _Plan, sight: Sight, document: Document) -> tuple[Contribution, ...]:
    """Return what each term that was seen brought, in the rule's order."""
    factors = plan.factors(document)
    return tuple(_contribution(term, hits, factors) for term in plan.rule.terms if (hits := sight.hits.get(term.name)))


def _points(term: TermDef, hits: Sequence[Hit], factors: Sequence[float]) -> float:
    """Score one term: its best hit in full, each further one a third of its rank before, so at most 1.5 × the best."""
    if len(hits) == 1:
        return round(term.weight * hits[0].strength * factors[hits[0].order], 4)
    values = sorted([hit.strength * factors[hit.order] for hit in hits], reverse=True)
    earned: float = sum(map(mul, values, _SHARES))
    return round(term.weight * earned, 4)


def _contribution(term: TermDef, hits: Sequence[Hit], factors: Sequence[float]) -> Contribution:
    """Say what one term brought. Hits are in reading order, so that the first of several best ones is named."""
    best = max(hits, key=lambda hit: hit.strength * factors[hit.order])
    return Contribution(term.name, _points(term, hits, factors), best.text, best.field, len(hits))


# --- evidence --------------------------------------------------------------------------------------------------


def _shown(rule: RuleDef, sight: Sight) -> tuple[Evidence, ...]:
    """Return the spans that satisfied the condition, then those of the terms that only brought points."""
    named = terms_of(rule.condition)
    extra = (
        Evidence(term.name, hit.field, *hit.reading.place(hit.start, hit.end))
        for term in rule.terms
        if term.weight > 0 and term.name not in named
        for hit in sight.hits.get(term.name, ())
    )
    kept: list[Evidence] = []
    counts: dict[str, int] = {}
    order = {where: number for number, where in enumerate(Field)}
    every = (*evidence(rule.condition, sight), *extra)
    for found in sorted(every, key=lambda e: (order[e.field], e.start, e.end, e.term)):
        counts[found.term] = counts.get(found.term, 0) + 1
        if counts[found.term] <= _MAX_EVIDENCE:
            kept.append(found)
    return tuple(kept)


def masks_of(rule: RuleDef, analysis: Analysis) -> tuple[Mask, ...]:
    """Return the fixed phrases that hid an entity which a rule looks for."""
    patterns = (pattern for term in rule.terms for pattern in term.patterns)
    entities = {pattern.text for pattern in patterns if pattern.kind is PatternKind.ENTITY}
    return tuple(mask for mask in analysis.scan.masks if mask.entity in entities)


def _match(rule: RuleDef, verdict: Verdict, analysis: Analysis) -> Match:
    return Match(
        rule=rule,
        verdict=verdict,
        snippets=snippets(analysis.document, analysis.scan.sentences, verdict.evidence),
        masks=masks_of(rule, analysis),
        text_sha256=analysis.text_sha256,
    )


# --- which rules are worth trying ------------------------------------------------------------------------------


def _index(rules: Sequence[RuleDef]) -> tuple[dict[Pattern, frozenset[int]], frozenset[int]]:
    """Return, for each pattern, the rules that need it or one of its like; and the rules that need nothing."""
    by_pattern: dict[Pattern, set[int]] = {}
    always: set[int] = set()
    for number, rule in enumerate(rules):
        needed = _needed(rule.condition)
        if needed is None:
            always.add(number)
            continue
        for term in rule.terms:
            for pattern in term.patterns if term.name in needed else ():
                by_pattern.setdefault(pattern, set()).add(number)
    return {pattern: frozenset(numbers) for pattern, numbers in by_pattern.items()}, frozenset(always)


def _needed(condition: Condition) -> frozenset[str] | None:  # noqa: PLR0911 (one return a kind of node)
    """Return terms one of which must be seen for the condition to be true; None where it can be true of nothing."""
    match condition:
        case Not():
            return None
        case Or(parts):
            needs = [_needed(part) for part in parts]
            known = [need for need in needs if need is not None]
            return frozenset().union(*known) if len(known) == len(needs) else None
        case And(parts):
            return _narrowest(_needed(part) for part in parts)
        case Near(left, right) | SameSentence(left, right):
            return _narrowest((_needed(left), _needed(right)))
        case All(terms):
            return frozenset(terms[:1])
        case InField(_, part):
            return _needed(part)
        case _:
            return terms_of(condition)


def _narrowest(needs: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    return min((need for need in needs if need is not None), key=lambda need: (len(need), sorted(need)), default=None)
