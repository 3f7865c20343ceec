"""A match as plain values and back: the store's columns, and what goes between processes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rules.types import (
    All,
    Contribution,
    Evidence,
    Field,
    Gate,
    GateKind,
    Level,
    Mask,
    Match,
    RuleDef,
    Score,
    Snippet,
    Status,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["match_from", "match_values"]


def match_values(match: Match) -> dict[str, Any]:
    """Return what explains a match, as values that JSON can carry.

    Of its rule, what identifies and shows it is kept, and its version.
    """
    rule, verdict = match.rule, match.verdict
    return {
        "rule_id": rule.id,
        "rule_version": rule.version,
        "rule_title": rule.title,
        "rule_level": rule.level,
        "rule_status": rule.status,
        "labels": rule.labels,
        "tags": rule.tags,
        "level": verdict.level,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "condition": verdict.condition,
        "in_scope": verdict.in_scope,
        "near_miss": verdict.near_miss,
        "gate": None if verdict.gate is None else asdict(verdict.gate),
        "contributions": [asdict(contribution) for contribution in verdict.contributions],
        "evidence": [asdict(evidence) for evidence in verdict.evidence],
        "snippets": [asdict(snippet) for snippet in match.snippets],
        "masks": [asdict(mask) for mask in match.masks],
        "text_sha256": match.text_sha256,
    }


def match_from(values: Mapping[str, Any]) -> Match:
    """Return the match that `match_values` told.

    Its rule is the part that was kept: id, title, version, level, status, labels, tags and threshold. Condition and
    terms are those of `rule.version`, in the rule file's history.
    """
    gate = values["gate"]
    rule = RuleDef(
        id=values["rule_id"],
        title=values["rule_title"],
        condition=All(()),
        terms=(),
        status=Status(values["rule_status"]),
        level=Level(values["rule_level"]),
        tags=tuple(values["tags"]),
        score=Score(threshold=values["threshold"]),
        labels=tuple((name, value) for name, value in values["labels"]),
        version=values["rule_version"],
    )
    verdict = Verdict(
        rule=rule.id,
        version=rule.version,
        score=values["score"],
        threshold=values["threshold"],
        condition=values["condition"],
        in_scope=values["in_scope"],
        match=not values["near_miss"],
        near_miss=values["near_miss"],
        level=None if values["level"] is None else Level(values["level"]),
        contributions=tuple(Contribution(**_with_field(told)) for told in values["contributions"]),
        evidence=tuple(Evidence(**_with_field(told)) for told in values["evidence"]),
        gate=None if gate is None else Gate(**{**gate, "kind": GateKind(gate["kind"])}),
    )
    return Match(
        rule=rule,
        verdict=verdict,
        snippets=tuple(_snippet(told) for told in values["snippets"]),
        masks=tuple(Mask(**_with_field(told)) for told in values["masks"]),
        text_sha256=values["text_sha256"],
    )


def _with_field(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "field": Field(values["field"])}


def _snippet(values: Mapping[str, Any]) -> Snippet:
    marks = tuple((start, end, term) for start, end, term in values["marks"])
    return Snippet(**{**_with_field(values), "marks": marks})
