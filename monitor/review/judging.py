"""Stored articles judged again, by one set of rules or by two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from monitor.model import ArticleId
from rules.engine import Engine
from rules.types import EntityDef, Pack, Pattern, RuleDef, Status

if TYPE_CHECKING:
    from monitor.store import ArchivedArticle
    from rules.engine import Grade

__all__ = ["Graded", "Judge", "Outcome"]


class Graded(NamedTuple):
    """What a rule of one set says of an article; `match` and `near_miss` may both be false."""

    score: float
    match: bool
    near_miss: bool


class Outcome(NamedTuple):
    """What a rule says of an article, in each set: a match or near miss in one at least. None: the set lacks it.

    `rule` is its id; in two sets, the id it has in the second.
    """

    rule: str
    article: ArticleId
    at: datetime
    grades: tuple[Graded | None, ...]


_Slot: TypeAlias = tuple[str, tuple[int | None, ...]]


class Judge:
    """Judges articles by every rule of some sets that is not deprecated.

    Sets with the same entities are judged in one pass, and a rule that is the same in both once. Ages are counted to
    the instant when an article was first seen, as they were then.

    Args:
        packs: the sets, one or two.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        live = [[rule for rule in pack.rules if rule.status is not Status.DEPRECATED] for pack in packs]
        names = {previous: rule.id for rule in live[-1] for previous in rule.previous_ids}
        scanned: dict[tuple[EntityDef, ...], list[tuple[int, RuleDef]]] = {}
        versions: dict[tuple[object, ...], int] = {}  # where a rule's grade stands, by what makes it
        places: dict[str, list[int | None]] = {}
        for number, (pack, rules) in enumerate(zip(packs, live, strict=True)):
            entities = _bare(pack.entities)
            for rule in rules:
                made_of = (entities, rule.id, rule.version)
                if made_of not in versions:
                    versions[made_of] = len(versions)
                    scanned.setdefault(entities, []).append((versions[made_of], rule))
                places.setdefault(names.get(rule.id, rule.id), [None] * len(packs))[number] = versions[made_of]
        self._engines = [
            (Engine(Pack(entities, tuple(rule for _, rule in rules))), tuple(place for place, _ in rules))
            for entities, rules in scanned.items()
        ]
        self._slots: list[list[_Slot]] = [[] for _ in versions]
        for name, of in places.items():
            for place in {place for place in of if place is not None}:
                self._slots[place].append((name, tuple(of)))

    def judge(self, article: ArchivedArticle, seen: set[Pattern] | None = None) -> Iterator[Outcome]:
        """Yield what each rule that matched, or nearly did, says of an article.

        Args:
            article: it is judged as of when it was first seen.
            seen: takes up the patterns that were seen in it.
        """
        at = article.first_seen_at
        grades: dict[int, Grade] = {}
        found: dict[_Slot, None] = {}
        for engine, places in self._engines:
            analysis = engine.analyse(article.document)
            for place, grade in zip(places, engine.grades(analysis, now=at), strict=True):
                grades[place] = grade
                if grade.match or grade.near_miss:
                    found.update(dict.fromkeys(self._slots[place]))
            if seen is not None:
                seen.update(analysis.scan.hits)
        for name, of in found:
            yield Outcome(name, article.id, at, tuple(_graded(grades, place) for place in of))


def _graded(grades: Mapping[int, Grade], place: int | None) -> Graded | None:
    if place is None:
        return None
    grade = grades[place]
    return Graded(grade.score, grade.match, grade.near_miss)


def _bare(entities: Sequence[EntityDef]) -> tuple[EntityDef, ...]:
    """Return entities as far as it matters to what is seen."""
    same = (replace(one, file="", line=1, matches=(), rejects=(), wikidata=None, as_of=None) for one in entities)
    return tuple(sorted(same, key=lambda entity: entity.id))
