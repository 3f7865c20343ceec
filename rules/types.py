"""The values that travel through the rule engine. No behaviour beyond small properties.

Offsets are code points into the field as received, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

__all__ = [
    "All",
    "And",
    "Burst",
    "Completeness",
    "Condition",
    "Contribution",
    "Count",
    "Document",
    "EntityDef",
    "Evidence",
    "Expectation",
    "Field",
    "FormKind",
    "Gate",
    "GateKind",
    "Hit",
    "InField",
    "Level",
    "Mask",
    "Match",
    "Mention",
    "Near",
    "Not",
    "Of",
    "Or",
    "Pack",
    "Pattern",
    "PatternKind",
    "Reading",
    "Ref",
    "RuleDef",
    "RuleTest",
    "SameSentence",
    "Scan",
    "Scope",
    "Score",
    "Snippet",
    "Status",
    "TermDef",
    "Verdict",
]


class Field(StrEnum):
    """A part of a document, from the most to the least telling."""

    TITLE = "title"
    LEAD = "lead"
    BODY = "body"


class FormKind(StrEnum):
    """What kind of form of an entity was seen; each has a strength."""

    PRIMARY = "primary"
    ALIAS = "alias"
    DEMONYM = "demonym"


class Level(StrEnum):
    """How much a match matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Status(StrEnum):
    """A rule's life stage; `experimental` counts and logs, never notifies."""

    STABLE = "stable"
    TEST = "test"
    EXPERIMENTAL = "experimental"
    DEPRECATED = "deprecated"


class Completeness(StrEnum):
    """How much of the article's text we have."""

    FULL = "full"
    TEASER = "teaser"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Document:
    """What rules read. An unknown fact is None and passes a scope rather than failing it."""

    title: str = ""
    lead: str = ""
    body: str = ""
    language: str | None = None
    published_at: datetime | None = None
    first_seen_at: datetime | None = None
    feed: str | None = None
    outlet: str | None = None
    completeness: Completeness | None = None
    wire: str | None = None  # the news agency whose dispatch it is
    copy_of: str | None = None  # the outlet that had this very text before

    def text(self, where: Field) -> str:
        """Return the text of one field."""
        return {Field.TITLE: self.title, Field.LEAD: self.lead, Field.BODY: self.body}[where]


# --- definitions, as read from YAML -----------------------------------------------------------------------------


class PatternKind(StrEnum):
    """How a pattern is compared with the text."""

    WORDS = "words"  # one word or a phrase, folded, each word in all its inflections
    EXACT = "exact"  # `=mot`: as typed, casing included; an all-capitals title still counts
    PREFIX = "prefix"  # `accord*`
    REGEX = "regex"  # `re:/…/`, linear time, on folded text
    ENTITY = "entity"  # `@kharkiv`


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to look for. `text` is without its sigils; `source` is as typed."""

    kind: PatternKind
    text: str
    source: str = field(compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((str(self.kind), self.text)))

    def __hash__(self) -> int:
        return self._hash  # patterns are keys by the thousand, and an enumeration's hash is slow

    def __reduce__(self) -> tuple[type[Pattern], tuple[PatternKind, str, str]]:
        return Pattern, (self.kind, self.text, self.source)  # another process hashes text otherwise


@dataclass(frozen=True, slots=True)
class EntityDef:
    """An entity of the gazetteer.

    Forms are compared folded, in singular and plural; a form listed in `cased` only as typed (or in an all-capitals
    line). `demonym` holds stem lines (`russe`, `ukrainien`) that are inflected. `prefix` holds combining forms
    (`russo`, `sino`). `excepts` holds phrases that hide the span without rejecting the article.
    """

    id: str
    name: str
    wikidata: str | None = None
    primary: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    demonym: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    cased: tuple[str, ...] = ()
    excepts: tuple[str, ...] = ()
    as_of: str | None = None
    matches: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class TermDef:
    """A named term of a rule: any of its patterns, with a weight, in some fields (None: all)."""

    name: str
    patterns: tuple[Pattern, ...]
    weight: float = 1.0
    fields: frozenset[Field] | None = None
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Ref:
    """A term by name."""

    term: str


@dataclass(frozen=True, slots=True)
class And:
    """Every part is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is false."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Near:
    """Both sides in one field, at most `words` words apart."""

    left: Condition
    right: Condition
    words: int


@dataclass(frozen=True, slots=True)
class SameSentence:
    """Both sides in one sentence."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Of:
    """At least `least` of the terms were seen."""

    least: int
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the terms was seen."""

    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A term was seen at least `least` times."""

    term: str
    least: int


@dataclass(frozen=True, slots=True)
class InField:
    """The part, judged on one field alone."""

    field: Field
    part: Condition


Condition: TypeAlias = "Ref | And | Or | Not | Near | SameSentence | Of | All | Count | InField"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule applies. Empty or None: no limit."""

    languages: tuple[str, ...] = ()
    max_age: timedelta | None = None
    feeds: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    completeness: tuple[Completeness, ...] = ()
    original: bool = False  # no dispatch, and no copy of another's text


@dataclass(frozen=True, slots=True)
class Burst:
    """So many outlets, each in words of its own, within a time: what is found is told at a higher level.

    `level` is that level; None: one step up.
    """

    outlets: int
    within: timedelta
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How points are made: the field factors, and the threshold or None."""

    threshold: float | None = None
    title: float = 2.0
    lead: float = 1.5
    body: float = 1.0

    def factor(self, where: Field) -> float:
        """Return the factor of one field."""
        return {Field.TITLE: self.title, Field.LEAD: self.lead, Field.BODY: self.body}[where]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a rule's own test expects; None is not checked. `terms` is a subset."""

    match: bool | None = None
    min_score: float | None = None
    max_score: float | None = None
    level: Level | None = None
    terms: tuple[str, ...] = ()
    near_miss: bool | None = None


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A test that a rule carries."""

    name: str
    document: Document
    expect: Expectation
    line: int = 1


@dataclass(frozen=True, slots=True)
class RuleDef:
    """A rule as read and checked; `version` is `sha256:<hex>` of its canonical text."""

    id: str
    title: str
    condition: Condition
    terms: tuple[TermDef, ...]
    status: Status = Status.STABLE
    level: Level = Level.MEDIUM
    description: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    author: str = ""
    date: str = ""
    previous_ids: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    score: Score = field(default_factory=Score)
    burst: Burst | None = None
    labels: tuple[tuple[str, str], ...] = ()
    tests: tuple[RuleTest, ...] = ()
    version: str = ""
    source: str = ""  # the condition as typed
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Pack:
    """Entities and rules that were read and checked together."""

    entities: tuple[EntityDef, ...] = ()
    rules: tuple[RuleDef, ...] = ()


# --- what was seen in a document ----------------------------------------------------------------------------------


class Mention(NamedTuple):
    """An entity seen in a field. A named tuple, as `Hit` is: they are made by the hundred, and cost a third."""

    entity: str  # id
    name: str  # display name
    field: Field
    start: int
    end: int
    text: str
    kind: FormKind
    strength: float


@dataclass(frozen=True, slots=True)
class Mask:
    """A span hidden by one of an entity's `except` phrases."""

    entity: str
    field: Field
    start: int
    end: int
    text: str


class Reading(Protocol):
    """A field as it was read. What only some rules ask for is worked out when it is asked for."""

    @property
    def where(self) -> Field:
        """Which field it is."""

    @property
    def order(self) -> int:
        """The field's place among the fields, from 0."""

    def place(self, start: int, end: int) -> tuple[int, int, str]:
        """Return where a span stands in the field as received, and what stands there."""

    def words(self, start: int, end: int) -> tuple[int, int]:
        """Return the numbers of a span's words, from 0, end exclusive."""

    def sentence(self, at: int) -> int:
        """Return the number of the sentence at an offset, from 0."""


class Hit(NamedTuple):
    """A pattern seen in a field.

    `order` is the field's place among the fields, so that hits sort as they are read. `start` and `end` are offsets
    into the reading, whose `place` gives those as received.
    """

    order: int
    start: int
    end: int
    reading: Reading
    strength: float = 1.0

    @property
    def field(self) -> Field:
        """The field it was seen in."""
        return self.reading.where

    @property
    def text(self) -> str:
        """What stands there, as received."""
        return self.reading.place(self.start, self.end)[2]

    @property
    def words(self) -> tuple[int, int]:
        """The numbers of its words in the field, from 0, end exclusive."""
        return self.reading.words(self.start, self.end)

    @property
    def sentence(self) -> int:
        """The number of its sentence in the field, from 0."""
        return self.reading.sentence(self.start)


class Scan(Protocol):
    """Everything seen in one document, in one pass; what is asked for by few is worked out when asked for."""

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """The entities seen, in order."""

    @property
    def masks(self) -> tuple[Mask, ...]:
        """The fixed phrases that hid an entity, in order."""

    @property
    def hits(self) -> Mapping[Pattern, Sequence[Hit]]:
        """For each pattern that was seen in the article itself its hits, in order of field and start."""

    @property
    def aside(self) -> Mapping[Pattern, Sequence[Hit]]:
        """For each pattern that was seen in boilerplate its hits there, which count for nothing."""

    @property
    def sentences(self) -> Mapping[Field, Sequence[tuple[int, int]]]:
        """For each field the (start, end) of its sentences, as received."""


# --- what was decided ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one term brought: points, its best form, where, and how often it was seen."""

    term: str
    points: float
    best: str
    field: Field
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that satisfied a term."""

    term: str
    field: Field
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """A sentence of the source that carries terms; `marks` are (start, end, term) inside `text`."""

    field: Field
    text: str
    marks: tuple[tuple[int, int, str], ...]
    truncated: bool = False


class GateKind(StrEnum):
    """Where an article can fail a rule."""

    SCOPE = "scope"
    CONDITION = "condition"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Gate:
    """The first gate that failed, and what was missing, in French and in English."""

    kind: GateKind
    missing: str
    missing_en: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one document, match or not. The score is computed even when the condition is false."""

    rule: str
    version: str
    score: float
    threshold: float | None
    condition: bool
    in_scope: bool
    match: bool
    near_miss: bool
    level: Level | None  # None unless it matches
    contributions: tuple[Contribution, ...]
    evidence: tuple[Evidence, ...]
    gate: Gate | None  # None when it matches


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched (or, where `near_miss`, nearly did), with all that explains it."""

    rule: RuleDef
    verdict: Verdict
    snippets: tuple[Snippet, ...]
    masks: tuple[Mask, ...]
    text_sha256: str
