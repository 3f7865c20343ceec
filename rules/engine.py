r"""Judges documents by the rules of a pack.

`analyse` reads a document once; `verdicts` and `match` are pure and take `now`::

    Document --Scanner--> Scan --see--> Sight --evaluate--> Outcome
                                    \--points--> Contributions
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rules.evaluation import FIELD_ORDER, Missing, Outcome, Sight, evaluate, see
from rules.excerpt import snippets
from rules.scan import Scanner
from rules.text import text_sha256
from rules.types import (
    All,
    And,
    Completeness,
    Condition,
    Contribution,
    Count,
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
    Of,
    Or,
    Pack,
    Pattern,
    PatternKind,
    Ref,
    RuleDef,
    SameSentence,
    Scan,
    Score,
    Status,
    TermDef,
    Verdict,
)

__all__ = ["REPEAT", "Analysis", "Engine", "decimal", "judge", "masks_of"]

REPEAT = 1 / 3  # each further hit of a term counts a third of the one before: all together under half the best
_HIGH = 2.0  # times the threshold
_MAX_EVIDENCE = 50  # spans kept for each term
_OLDEST = datetime(1995, 1, 1, tzinfo=UTC)  # a date before the web press is a mistake
_AHEAD = timedelta(days=1)  # a date further in the future is a mistake


@dataclass(frozen=True, slots=True)
class Analysis:
    """A document and all that was seen in it."""

    document: Document
    scan: Scan
    text_sha256: str


class Engine:
    """The rules of one pack, ready to judge. Immutable: to change rules, make another.

    Args:
        pack: entities and rules that were checked together.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        patterns = dict.fromkeys(pattern for rule in pack.rules for term in rule.terms for pattern in term.patterns)
        self._scanner = Scanner(pack.entities, tuple(patterns))
        self._by_pattern, self._always = _index(pack.rules)
        self._patterns = tuple(
            tuple((term.name, frozenset(term.patterns)) for term in rule.terms) for rule in pack.rules
        )

    def analyse(self, document: Document) -> Analysis:
        """Look for every entity and pattern of the pack in a document, in one pass."""
        sha256 = text_sha256(document.title, document.lead, document.body)
        return Analysis(document, self._scanner.scan(document), sha256)

    def verdicts(self, analysis: Analysis, *, now: datetime) -> tuple[Verdict, ...]:
        """Judge a document by every rule, in the order of the pack.

        Args:
            analysis: of this engine's pack.
            now: the instant that ages are counted to, UTC-aware.
        """
        return tuple(verdict for _, verdict in self._judged(range(len(self.pack.rules)), analysis, now))

    def match(self, analysis: Analysis, *, now: datetime) -> tuple[Match, ...]:
        """Return the matches and near misses among the rules that are not deprecated, in the order of the pack.

        Args:
            analysis: of this engine's pack.
            now: the instant that ages are counted to, UTC-aware.
        """
        return tuple(
            _match(rule, verdict, analysis)
            for rule, verdict in self._judged(self._candidates(analysis.scan), analysis, now)
            if verdict.match or verdict.near_miss
        )

    def _candidates(self, scan: Scan) -> list[int]:
        return sorted(self._always.union(*(self._by_pattern.get(pattern, ()) for pattern in scan.hits)))

    def _judged(self, numbers: Iterable[int], analysis: Analysis, now: datetime) -> Iterator[tuple[RuleDef, Verdict]]:
        """Judge by some rules; of their terms, only those with a pattern that was seen are looked up."""
        found = frozenset(analysis.scan.hits)
        for number in numbers:
            rule = self.pack.rules[number]
            seen = {term for term, patterns in self._patterns[number] if not patterns.isdisjoint(found)}
            yield rule, _judge(rule, see(rule.terms, analysis.scan, seen=seen), analysis, now)


def judge(rule: RuleDef, analysis: Analysis, *, now: datetime) -> Verdict:
    """Judge a document by one rule: scope, then condition, then threshold. The score is computed in any case."""
    return _judge(rule, see(rule.terms, analysis.scan), analysis, now)


def _judge(rule: RuleDef, sight: Sight, analysis: Analysis, now: datetime) -> Verdict:
    outcome = evaluate(rule.condition, sight)
    contributions = _contributions(rule, sight, analysis.document)
    score = round(sum(contribution.points for contribution in contributions), 4)
    outside = _outside(rule, analysis.document, now)
    enough = rule.score.threshold is None or score >= rule.score.threshold
    gate = _gate(outside, outcome, None if enough else score, rule.score)
    return Verdict(
        rule=rule.id,
        version=rule.version,
        score=score,
        threshold=rule.score.threshold,
        condition=outcome.true,
        in_scope=outside is None,
        match=gate is None,
        near_miss=gate is not None and gate.kind is GateKind.THRESHOLD,
        level=_level(rule, score) if gate is None else None,
        contributions=contributions,
        evidence=_shown(rule, sight, outcome) if outcome.true else (),
        gate=gate,
    )


# --- gates -----------------------------------------------------------------------------------------------------


def _gate(outside: Missing | None, outcome: Outcome, short: float | None, score: Score) -> Gate | None:
    """Return the first gate that failed. `short` is the score where it is under the threshold."""
    if outside is not None:
        return Gate(GateKind.SCOPE, outside.fr, outside.en)
    if outcome.missing is not None:
        return Gate(GateKind.CONDITION, outcome.missing.fr, outcome.missing.en)
    if short is not None and score.threshold is not None:
        texts = (_shortfall(short, score.threshold, language) for language in ("fr", "en"))
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
    return _too_old(scope.max_age, document, now)


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


def _contributions(rule: RuleDef, sight: Sight, document: Document) -> tuple[Contribution, ...]:
    """Return what each term that was seen brought, in the rule's order."""
    factors = _factors(rule.score, document)
    return tuple(_contribution(term, hits, factors) for term in rule.terms if (hits := sight.hits[term.name]))


def _factors(score: Score, document: Document) -> Mapping[Field, float]:
    """A teaser's body is the start of an article we cannot read: it earns nothing."""
    factors = {where: score.factor(where) for where in Field}
    return factors | {Field.BODY: 0.0} if document.completeness is Completeness.TEASER else factors


def _contribution(term: TermDef, hits: Sequence[Hit], factors: Mapping[Field, float]) -> Contribution:
    """Score one term: its best hit in full, each further one a third of its rank before, so at most 1.5 × the best.

    Hits are in reading order, so that the first of several best ones is named.
    """
    values = [hit.strength * factors[hit.field] for hit in hits]
    best = hits[values.index(max(values))]
    points = term.weight * sum(value * REPEAT**rank for rank, value in enumerate(sorted(values, reverse=True)))
    return Contribution(term.name, round(points, 4), best.text, best.field, len(hits))


# --- evidence --------------------------------------------------------------------------------------------------


def _shown(rule: RuleDef, sight: Sight, outcome: Outcome) -> tuple[Evidence, ...]:
    """Return the spans that satisfied the condition, then those of the terms that only brought points."""
    named = _named(rule.condition)
    extra = (
        Evidence(term.name, hit.field, hit.start, hit.end, hit.text)
        for term in rule.terms
        if term.weight > 0 and term.name not in named
        for hit in sight.hits[term.name]
    )
    kept: list[Evidence] = []
    counts: dict[str, int] = {}
    for found in sorted((*outcome.evidence, *extra), key=lambda e: (FIELD_ORDER[e.field], e.start, e.end, e.term)):
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


def _named(condition: Condition) -> frozenset[str]:
    """Return every term that a condition names."""
    match condition:
        case Ref(term) | Count(term):
            return frozenset({term})
        case Of(_, terms) | All(terms):
            return frozenset(terms)
        case And(parts) | Or(parts):
            return frozenset().union(*map(_named, parts))
        case Not(part) | InField(_, part):
            return _named(part)
        case Near(left, right) | SameSentence(left, right):  # pragma: no branch
            return _named(left) | _named(right)


# --- which rules are worth trying ------------------------------------------------------------------------------


def _index(rules: Sequence[RuleDef]) -> tuple[dict[Pattern, frozenset[int]], frozenset[int]]:
    """Return, for each pattern, the rules that need it or one of its like; and the rules that need nothing."""
    by_pattern: dict[Pattern, set[int]] = {}
    always: set[int] = set()
    for number, rule in enumerate(rules):
        if rule.status is Status.DEPRECATED:
            continue
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
            return _named(condition)


def _narrowest(needs: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    return min((need for need in needs if need is not None), key=lambda need: (len(need), sorted(need)), default=None)
