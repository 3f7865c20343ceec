"""The shape of rule and entity files, as pydantic models, and the JSON Schema that editors read."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, model_validator
from pydantic import Field as Key

from rules.text import fold
from rules.types import Completeness, Field, Level, Status

__all__ = [
    "ArticleForm",
    "EntityForm",
    "ExpectForm",
    "RuleForm",
    "TermForm",
    "TestForm",
    "fields_at",
    "schema",
    "schema_text",
]


def _with_a_letter(form: str) -> str:
    if not any(char.isalnum() for char in fold(form).flat):
        raise ValueError("a form needs a letter")
    return form


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Wording = Annotated[Name, AfterValidator(_with_a_letter)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]
TermName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*$", max_length=60)]
Span = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}(m|min|h)$")]
Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[hdj]$")]
AsOf = Annotated[str, StringConstraints(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Points = Annotated[float, Key(ge=-1000, le=1000, allow_inf_nan=False)]
Factor = Annotated[float, Key(ge=0, le=100, allow_inf_nan=False)]
Where = Annotated[Field, Key(strict=False)]
Complete = Annotated[Completeness, Key(strict=False)]


class _Form(BaseModel):
    """A mapping whose every key and type is checked; nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EntityForm(_Form):
    """An entity of the gazetteer: the forms that name it, and the phrases that only look like it."""

    id: Slug = Key(description="Stable name; rules write @id.")
    name: Name = Key(description="What outputs show.")
    wikidata: Annotated[str, StringConstraints(pattern=r"^Q[1-9][0-9]*$")] | None = None
    primary: list[Wording] = Key(default=[], description="The name itself; strength 1.")
    alias: list[Wording] = Key(default=[], description="Capital, leader, periphrasis; strength 0.8.")
    demonym: list[Wording] = Key(default=[], description="Stems, inflected for you: russe, ukrainien; strength 0.7.")
    prefix: list[Wording] = Key(default=[], description="Combining forms: russo, sino.")
    cased: list[Wording] = Key(default=[], description="Forms that count only as typed, or in capitals.")
    except_: list[Wording] = Key(
        default=[],
        alias="except",
        description="Phrases that hide the form: montagnes russes. =… hides only as typed and not before a name; in !… "
        "no phrase hides anything.",
    )
    as_of: AsOf | None = Key(default=None, description="When the people in it were last checked: 2026-11.")
    matches: list[Source] = Key(default=[], description="Sentences that must name it; tried by `veille check`.")
    rejects: list[Source] = Key(default=[], description="Sentences that must not name it.")

    @model_validator(mode="after")
    def _has_a_form(self) -> Self:
        if not (self.primary or self.alias or self.demonym or self.prefix):
            raise ValueError("an entity needs a form: primary, alias, demonym or prefix")
        return self


class TermForm(_Form):
    """A named term: an entity, or any of some patterns, with a weight."""

    entity: Slug | None = Key(default=None, description="An entity's id.")
    any: list[Source] = Key(default=[], max_length=500, description='Patterns: mot, =Mot, accord*, re:/…/, "@kharkiv".')
    weight: Points = Key(default=1.0, description="Points; negative ones subtract.")
    in_: list[Where] | None = Key(default=None, alias="in", min_length=1, description="Look in these fields only.")

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if self.entity is None and not self.any:
            raise ValueError("a term needs entity or any")
        return self


class ScopeForm(_Form):
    """Where a rule applies; an unknown fact passes."""

    lang: list[Language] = Key(default=[], description="Languages: [fr].")
    max_age: Duration | None = Key(default=None, description='Age: "72h", "7d".')
    feeds: list[Name] = []
    outlets: list[Name] = []
    completeness: list[Complete] = []
    original: bool = Key(default=False, description="No dispatch of a news agency, and no copy of another's text.")


class FactorsForm(_Form):
    """What a hit in each field is worth."""

    title: Factor = 2.0
    lead: Factor = 1.5
    body: Factor = 1.0


class ScoreForm(_Form):
    """How strong a match must be."""

    threshold: Annotated[float, Key(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    fields: FactorsForm = FactorsForm()


class BurstForm(_Form):
    """When several outlets raise the level of what a rule finds: each has a text of its own on the same event."""

    outlets: Annotated[int, Key(ge=2, le=50)] = Key(description="How many; copies of one text are one.")
    within: Span = Key(description='In what time: "30m", "2h".')
    level: Annotated[Level, Key(strict=False)] | None = Key(
        default=None, description="The level; one step up if unsaid."
    )


class ArticleForm(_Form):
    """The article of a rule's own test."""

    title: Text = ""
    lead: Text = ""
    body: Text = ""
    lang: Language | None = None
    feed: Name | None = None
    outlet: Name | None = None
    completeness: Complete | None = None
    wire: Name | None = Key(default=None, description="The news agency that it credits.")
    copy_of: Name | None = Key(default=None, description="The outlet that had this very text before.")


class ExpectForm(_Form):
    """What a rule's own test expects; `terms` is a subset."""

    match: bool | None = None
    min_score: Points | None = None
    max_score: Points | None = None
    level: Annotated[Level, Key(strict=False)] | None = None
    terms: list[TermName] = []
    near_miss: bool | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a test must expect something, for instance match: true")
        return self


class TestForm(_Form):
    """A test that a rule carries."""

    __test__ = False  # pytest must not collect it

    name: Name
    article: ArticleForm
    expect: ExpectForm


class RuleForm(_Form):
    """A rule of veille."""

    id: Slug = Key(description="Stable and unique; a rename lists previous_ids.")
    title: Name
    status: Annotated[Status, Key(strict=False)] = Status.STABLE
    level: Annotated[Level, Key(strict=False)] = Level.MEDIUM
    description: Text = ""
    tags: list[Name] = []
    references: list[Name] = []
    falsepositives: list[Name] = []
    author: Text = ""
    date: Text = ""
    previous_ids: list[Slug] = []
    scope: ScopeForm = ScopeForm()
    terms: dict[TermName, TermForm] = Key(min_length=1, max_length=200)
    condition: Source = Key(description="(russie near/30 chine) and not 1 of exclu_*")
    score: ScoreForm = ScoreForm()
    burst: BurstForm | None = None
    labels: dict[Name, Name] = {}
    tests: list[TestForm] = []


def fields_at(form: type[BaseModel], path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that a mapping at a path may have.

    >>> fields_at(RuleForm, ("score", "fields"))
    ('title', 'lead', 'body')
    """
    inner: dict[str, type[BaseModel]] = {
        "scope": ScopeForm,
        "terms": TermForm,
        "score": ScoreForm,
        "burst": BurstForm,
        "fields": FactorsForm,
        "tests": TestForm,
    }
    inner |= {"article": ArticleForm, "expect": ExpectForm}
    named = [inner[step] for step in path if isinstance(step, str) and step in inner]
    return tuple(key.alias or name for name, key in (named[-1] if named else form).model_fields.items())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule or entity file."""
    shape: TypeAdapter[Any] = TypeAdapter(RuleForm | list[RuleForm | Source] | list[EntityForm] | Source)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "veille: rules and entities",
        **shape.json_schema(by_alias=True),
    }


def schema_text() -> str:
    """Return the JSON Schema as it is published, in `rules/pack.schema.json` and `docs/pack.schema.json`."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
