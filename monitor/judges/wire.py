"""Documents, rules and judgements as JSON values, between the daemon and the child that judges."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from monitor.judges.judge import Judgement
from monitor.likenesses import features_from, features_values
from monitor.matches import match_from, match_values
from rules.types import (
    All,
    Burst,
    Completeness,
    Document,
    Level,
    Pattern,
    PatternKind,
    RuleDef,
    Score,
    Status,
    TermDef,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "document_from",
    "document_values",
    "judgement_from",
    "judgement_values",
    "rule_from",
    "rule_values",
]

_INSTANTS: Final = ("published_at", "first_seen_at")


def document_values(document: Document) -> dict[str, Any]:
    """Return an article as rules read it."""
    values = asdict(document)
    return values | {name: None if values[name] is None else values[name].isoformat() for name in _INSTANTS}


def document_from(values: Mapping[str, Any]) -> Document:
    """Return the article that `document_values` told."""
    instants = {name: None if values[name] is None else datetime.fromisoformat(values[name]) for name in _INSTANTS}
    completeness = None if values["completeness"] is None else Completeness(values["completeness"])
    return Document(**{**values, **instants, "completeness": completeness})


def rule_values(rule: RuleDef) -> dict[str, Any]:
    """Return what identifies and shows a rule, and which of its terms stand for an entity."""
    return {
        "id": rule.id,
        "title": rule.title,
        "status": rule.status,
        "level": rule.level,
        "tags": rule.tags,
        "labels": rule.labels,
        "threshold": rule.score.threshold,
        "burst": None if rule.burst is None else _burst_values(rule.burst),
        "version": rule.version,
        "entities": {term.name: term.patterns[0].text for term in rule.terms if _is_entity(term)},
    }


def rule_from(values: Mapping[str, Any]) -> RuleDef:
    """Return the part of a rule that `rule_values` told; it has no condition."""
    return RuleDef(
        id=values["id"],
        title=values["title"],
        condition=All(()),
        terms=tuple(
            TermDef(name, (Pattern(PatternKind.ENTITY, entity, f"@{entity}"),))
            for name, entity in values["entities"].items()
        ),
        status=Status(values["status"]),
        level=Level(values["level"]),
        tags=tuple(values["tags"]),
        labels=tuple((name, value) for name, value in values["labels"]),
        score=Score(threshold=values["threshold"]),
        burst=None if values["burst"] is None else _burst_from(*values["burst"]),
        version=values["version"],
    )


def _burst_values(burst: Burst) -> tuple[int, float, Level | None]:
    return burst.outlets, burst.within.total_seconds(), burst.level


def _burst_from(outlets: int, within_s: float, level: str | None) -> Burst:
    return Burst(outlets, timedelta(seconds=within_s), None if level is None else Level(level))


def judgement_values(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement; of the rules of its matches, what identifies them."""
    return {
        "matches": [match_values(match) for match in judgement.matches],
        "entities": judgement.entities,
        "title_names": judgement.title_names,
        "features": None if judgement.features is None else features_values(judgement.features),
    }


def judgement_from(values: Mapping[str, Any], rules: Mapping[str, RuleDef]) -> Judgement:
    """Return the judgement that `judgement_values` told.

    Args:
        values: what was told.
        rules: those that judged, by id.
    """
    matches = (match_from(told) for told in values["matches"])
    return Judgement(
        tuple(replace(match, rule=rules[match.rule.id]) for match in matches),
        tuple(values["entities"]),
        tuple((start, end, entity) for start, end, entity in values["title_names"]),
        None if values["features"] is None else features_from(values["features"]),
    )


def _is_entity(term: TermDef) -> bool:
    return [pattern.kind for pattern in term.patterns] == [PatternKind.ENTITY]
