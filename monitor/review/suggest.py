"""What would have avoided matches that people found not relevant. Suggestions: nothing here changes a rule. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.text import fold
from rules.condition import parse_pattern
from rules.types import And, Not, Ref, RuleDef, TermDef

if TYPE_CHECKING:
    from rules.types import Match

__all__ = ["Suggestion", "blamed", "suggestions"]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*['’]?")
_AROUND = 3  # words of a phrase on either side of the term
_LEAST = 2  # matches that a phrase must stand in: once is chance
_PHRASES = 2
_IGNORED = "ignored"
# no phrase begins or ends with these
_GLUE = frozenset("a au aux ce ces d de des du en et la le les l ou par pour que qui sa se ses son sur un une".split())


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change of a rule.

    Attributes:
        why: in one sentence.
        yaml: what to write in the rule's file.
        rule: the rule as it would be.
    """

    why: str
    yaml: str
    rule: RuleDef


def blamed(wrong: Sequence[Match], right: Sequence[Match]) -> str | None:
    """Return the term that brings more points to the matches judged not relevant than to the relevant ones.

    Args:
        wrong: those that were judged not relevant.
        right: those that were judged relevant.

    Returns:
        The term with the largest difference, or None: none of them does.
    """
    means = [_mean_points(matches) for matches in (wrong, right)]
    surplus = {term: points - means[1].get(term, 0.0) for term, points in means[0].items()}
    best = max(sorted(surplus), key=lambda term: surplus[term], default=None)
    return best if best is not None and surplus[best] > 0 else None


def suggestions(rule: RuleDef, wrong: Sequence[Match], right: Sequence[Match]) -> tuple[Suggestion, ...]:
    """Return changes that would avoid matches judged not relevant, those that hide least first.

    A phrase to ignore stands around the blamed term (or, where all bring the same to both, around the heaviest) in
    several of them and in no relevant one. A term that is to blame may weigh half as much.

    Args:
        rule: the rule as it is.
        wrong: its matches that were judged not relevant.
        right: those that were judged relevant.
    """
    name = blamed(wrong, right)
    points = _mean_points(wrong)
    culprit = name or max(sorted(points), key=lambda term: points[term], default="")
    lighter = [_lighter(rule, term) for term in rule.terms if term.name == name and term.weight > 0]
    return (*(_ignoring(rule, phrase, count) for phrase, count in _phrases(culprit, wrong, right)), *lighter)


def _mean_points(matches: Sequence[Match]) -> dict[str, float]:
    points: defaultdict[str, float] = defaultdict(float)
    for match in matches:
        for item in match.verdict.contributions:
            points[item.term] += item.points / len(matches)
    return points


def _phrases(term: str, wrong: Sequence[Match], right: Sequence[Match]) -> list[tuple[str, int]]:
    """Return phrases around a term with the number of wrong matches that hold them, the most frequent first."""
    seen: Counter[str] = Counter()
    written: dict[str, str] = {}
    for match in wrong:
        found = {_key(phrase): phrase for phrase in _around(term, match)}
        written = found | written
        seen.update(found.keys())
    known = " \n ".join(f" {' '.join(_words(quote.text))} " for match in right for quote in match.snippets)
    often = [(key, count) for key, count in seen.items() if count >= _LEAST and f" {key} " not in known]
    chosen: list[tuple[str, int]] = []
    for key, count in sorted(often, key=lambda each: (-each[1], -len(each[0]), each[0])):
        if not any(key in _key(other) or _key(other) in key for other, _ in chosen):
            chosen.append((written[key], count))
    return chosen[:_PHRASES]


def _words(text: str) -> list[str]:
    return [_key(word) for word in _WORD.findall(text)]


def _key(text: str) -> str:
    return fold(text).casefold()


def _around(term: str, match: Match) -> Iterator[str]:
    """Yield the phrases of two words and more that hold a term where it was seen, as they are written there."""
    for quote in match.snippets:
        words = [(found.start(), found.end()) for found in _WORD.finditer(quote.text)]
        for start, end, name in quote.marks:
            inside = [place for place, (begin, stop) in enumerate(words) if begin < end and stop > start]
            if name != term or not inside:
                continue
            first, last = inside[0], inside[-1]
            for begin in range(max(0, first - _AROUND), first + 1):
                for stop in range(last, min(len(words), last + _AROUND + 1)):
                    # between words as they are counted: what is written may hold commas
                    told = [quote.text[a:b] for a, b in words[begin : stop + 1]]
                    if (begin < first or stop > last) and not {_key(told[0]), _key(told[-1])} & _GLUE:
                        yield " ".join(told)


def _ignoring(rule: RuleDef, phrase: str, count: int) -> Suggestion:
    taken = {term.name for term in rule.terms}
    name = next(each for each in (_IGNORED, *(f"{_IGNORED}{n}" for n in range(2, len(taken) + 3))) if each not in taken)
    pattern = parse_pattern(phrase)
    condition = f"({rule.source}) and not {name}" if rule.source else f"… and not {name}"
    return Suggestion(
        why=f"« {phrase} » stands in {count} matches judged not relevant, and in no relevant one",
        yaml=(
            f"terms:\n  {name}: {{any: [{json.dumps(phrase, ensure_ascii=False)}]}}\n"
            f"condition: {json.dumps(condition, ensure_ascii=False)}\n"
        ),
        rule=_changed(
            rule, condition=And((rule.condition, Not(Ref(name)))), terms=(*rule.terms, TermDef(name, (pattern,)))
        ),
    )


def _lighter(rule: RuleDef, term: TermDef) -> Suggestion:
    weight = round(term.weight / 2, 2)
    terms = tuple(replace(each, weight=weight) if each.name == term.name else each for each in rule.terms)
    return Suggestion(
        why=f"{term.name} brings most to what was judged not relevant: let it weigh {weight:g}, not {term.weight:g}",
        yaml=f"terms:\n  {term.name}: {{weight: {weight:g}}}  # the rest of it as it is\n",
        rule=_changed(rule, terms=terms),
    )


def _changed(rule: RuleDef, **changes: object) -> RuleDef:
    """Return a rule that is another to whoever tells rules by their versions."""
    return replace(rule, version=f"{rule.version}+{sorted(changes)}", **changes)  # type: ignore[arg-type]  # by name
