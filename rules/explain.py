"""Why a rule matched a document, or why not, as a person reads it and as a program does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rules import excerpt
from rules.engine import Analysis, masks_of
from rules.evaluation import Distance, distances, see, term_label
from rules.types import Contribution, PatternKind, RuleDef, Snippet, Verdict

__all__ = ["as_dict", "explain", "snippets"]

_MAX_MASKS = 5
_WORDS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "titre",
        "lead": "chapô",
        "body": "corps",
        "times": "fois",
        "ratio": "× le seuil",
        "ignored": " ; ignoré : ",
        "distances": " ; distances : ",
        "between": "{left} – {right} {words} (proche/{allowed})",
        "or": " ou ",
        "near_miss": "recalé de peu : ",
        "no": "non : ",
        "points": " ; points : ",
        "open": "« ",
        "close": " »",
        "point": ",",
    },
    "en": {
        "title": "title",
        "lead": "lead",
        "body": "body",
        "times": "times",
        "ratio": "× the threshold",
        "ignored": "; ignored: ",
        "distances": "; distances: ",
        "between": "{left} – {right} {words} (near/{allowed})",
        "or": " or ",
        "near_miss": "near miss: ",
        "no": "no: ",
        "points": "; points: ",
        "open": "“",
        "close": "”",
        "point": ".",
    },
}


def explain(verdict: Verdict, rule: RuleDef, analysis: Analysis, language: str = "fr") -> str:
    """Return one line: the score and what made it; of a non-match, the first gate that failed.

    Args:
        verdict: of `rule` on `analysis`.
        rule: the rule.
        analysis: of the document.
        language: "fr" or "en".
    """
    words = _WORDS[language]
    parts = _sum(verdict, rule, analysis, words)
    masks = ", ".join(f"{words['open']}{text}{words['close']}" for text in _ignored(rule, analysis))
    tail = f"{words['ignored']}{masks}" if masks else ""
    if verdict.gate is not None:
        kind = words["near_miss"] if verdict.near_miss and _is_close(verdict) else words["no"]
        missing = verdict.gate.missing if language == "fr" else verdict.gate.missing_en
        points = f"{words['points']}{parts}" if verdict.contributions else ""
        return f"{rule.id} {kind}{missing}{points}{tail}"
    ratio = f", {_number(verdict.score / verdict.threshold, words)} {words['ratio']}" if verdict.threshold else ""
    total = f"{_number(verdict.score, words)} points{ratio}"
    apart = ", ".join(_between(found, words) for found in _distances(rule, analysis))
    tail = (f"{words['distances']}{apart}" if apart else "") + tail
    return f"{rule.id} {total}{f' = {parts}' if parts else ''}{tail}"


def _distances(rule: RuleDef, analysis: Analysis) -> tuple[Distance, ...]:
    return distances(rule.condition, see(rule.terms, analysis.scan))


def _between(found: Distance, words: Mapping[str, str]) -> str:
    left, right = (words["or"].join(map(term_label, side)) for side in (found.left, found.right))
    return words["between"].format(left=left, right=right, words=found.words, allowed=found.allowed)


def _is_close(verdict: Verdict) -> bool:
    """Tell whether a near miss was near: at least half the threshold."""
    return verdict.threshold is not None and verdict.score >= verdict.threshold / 2


def snippets(verdict: Verdict, analysis: Analysis) -> tuple[Snippet, ...]:
    """Return the few sentences that show why a rule matched."""
    return excerpt.snippets(analysis.document, analysis.scan.sentences, verdict.evidence)


def as_dict(verdict: Verdict, rule: RuleDef, analysis: Analysis, language: str = "fr") -> dict[str, Any]:
    """Return the whole explanation as JSON values; the first keys are those of `veille analyse`."""
    return {
        "rule": rule.id,
        "title": rule.title,
        "version": verdict.version,
        "match": verdict.match,
        "near_miss": verdict.near_miss,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "level": verdict.level,
        "condition": verdict.condition,
        "in_scope": verdict.in_scope,
        "gate": None if verdict.gate is None else asdict(verdict.gate),
        "explanation": explain(verdict, rule, analysis, language),
        "contributions": [{**asdict(found), "label": _label(found, rule, analysis)} for found in verdict.contributions],
        "evidence": [asdict(found) for found in verdict.evidence],
        "distances": [found._asdict() for found in _distances(rule, analysis)],
        "ignored": [asdict(mask) for mask in masks_of(rule, analysis)],
        "snippets": [asdict(snippet) for snippet in snippets(verdict, analysis)],
    }


def _number(number: float, words: Mapping[str, str]) -> str:
    return f"{number:.1f}".replace(".", words["point"])


def _sum(verdict: Verdict, rule: RuleDef, analysis: Analysis, words: Mapping[str, str]) -> str:
    """Write `Chine 9,0 (titre, 28 fois) + Russie 7,2 (« Poutine », titre) − sport 3,0 (titre)`, the largest first."""
    text = ""
    for found in sorted(verdict.contributions, key=lambda found: -found.points):
        label = _label(found, rule, analysis)
        sign = ("− " if found.points < 0 else "") if not text else (" − " if found.points < 0 else " + ")
        text += f"{sign}{label} {_number(abs(found.points), words)} ({_detail(found, label, words)})"
    return text


def _detail(found: Contribution, label: str, words: Mapping[str, str]) -> str:
    details = [words[found.field]]
    if found.best.casefold() != label.casefold():
        details.insert(0, f"{words['open']}{found.best}{words['close']}")
    if found.count > 1:
        details.append(f"{found.count} {words['times']}")
    return ", ".join(details)


def _label(found: Contribution, rule: RuleDef, analysis: Analysis) -> str:
    """Return the term's name, as its author knows it; of a term that is an entity and bears its id, the entity's."""
    patterns = next((term.patterns for term in rule.terms if term.name == found.term), ())
    is_entity = [(pattern.kind, pattern.text) for pattern in patterns] == [(PatternKind.ENTITY, found.term)]
    names = (mention.name for mention in analysis.scan.mentions if is_entity and mention.entity == found.term)
    return next(names, term_label(found.term))


def _ignored(rule: RuleDef, analysis: Analysis) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mask.text for mask in masks_of(rule, analysis)))[:_MAX_MASKS]
