"""Rule and entity files to a `Pack`, or to every problem they have, each with its file, line, column and a hint."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from pydantic import ValidationError

from rules.condition import (
    RESERVED,
    OneLine,
    excluded,
    format_condition,
    hint_for,
    parse_condition,
    parse_one_line,
    parse_pattern,
)
from rules.errors import ConditionError, PackError, PackErrors
from rules.evaluation import Sight, holds
from rules.schema import BurstForm, EntityForm, ExpectForm, RuleForm, TermForm, TestForm, fields_at
from rules.source import Node, Place, read
from rules.text import fold
from rules.types import (
    Burst,
    Condition,
    Document,
    EntityDef,
    Expectation,
    Level,
    Pack,
    Pattern,
    PatternKind,
    RuleDef,
    RuleTest,
    Scope,
    Score,
    TermDef,
)

__all__ = ["Files", "bundled", "bundled_entities", "bundled_rules", "expand", "load", "load_beside", "load_pack"]

Files = Sequence[tuple[str, str]]
"""Files as (name, text). A name in `.txt` holds one-line rules, one a line, `#` for comments; any other is YAML."""

_Form = TypeVar("_Form", RuleForm, EntityForm)
_HOURS = {"h": 1, "d": 24, "j": 24}
_SLUG_LENGTH = 60
_WANT_SOMETHING = "name in the condition what must be there, or set a threshold"


def load_pack(files: Files) -> Pack:
    """Read files that are complete together. A file holds a rule, a list of rules, or a list of entities.

    Raises:
        PackErrors: everything that is wrong with them.
    """
    return _checked(_read_all(files))


def load(rules: Files | None = None, entities: Files = ()) -> Pack:
    """Read a user's files beside the bundled ones.

    Args:
        rules: the user's rule files (they may hold entities too), which replace the bundled rules; None keeps those.
        entities: further entity files of the user. An entity with a bundled one's id replaces it.

    Raises:
        PackErrors: everything that is wrong with them.
    """
    own = _read_all([*(bundled_rules() if rules is None else rules), *entities])
    redefined = {entity.id for entity in own.entities}
    own.entities = [*(entity for entity in _shipped_entities() if entity.id not in redefined), *own.entities]
    return _checked(own)


@cache
def _shipped_entities() -> tuple[EntityDef, ...]:
    """Read the bundled entities, once: there are a thousand, and each reload needs them."""
    return load_pack(bundled_entities()).entities


def load_beside(files: Files, known: Pack, *, with_rules: bool = False) -> Pack:
    """Read files beside the entities of a pack that was read already; what has the same id replaces it.

    Args:
        files: rules and entities, as `load_pack` reads them.
        known: the pack whose entities the files may name.
        with_rules: keep its rules too.

    Raises:
        PackErrors: everything that is wrong with them.
    """
    own = _read_all(files)
    entities = {entity.id for entity in own.entities}
    own.entities = [*(entity for entity in known.entities if entity.id not in entities), *own.entities]
    if with_rules:
        taken = {name for rule in own.rules for name in (rule.id, *rule.previous_ids)}
        kept = [rule for rule in known.rules if taken.isdisjoint((rule.id, *rule.previous_ids))]
        own.one_line = {len(kept) + place for place in own.one_line}
        own.rules = [*kept, *own.rules]
    return _checked(own)


def bundled() -> Pack:
    """Return the pack that veille ships."""
    return load()


def bundled_rules() -> Files:
    """Return the text of the rule files that veille ships, by name."""
    return _packaged("rules")


def bundled_entities() -> Files:
    """Return the text of the entity files that veille ships, by name."""
    return _packaged("entities")


def expand(one_line: str) -> str:
    """Return the file form of a one-line rule.

    Raises:
        ConditionError: the rule cannot be read.

    >>> print(expand("@kharkiv PROCHE/40 drone"), end="")
    id: kharkiv-proche-40-drone
    title: "@kharkiv PROCHE/40 drone"
    level: medium
    terms:
      kharkiv: {entity: kharkiv}
      drone: {any: ["drone"]}
    condition: "kharkiv near/40 drone"
    """
    typed = " ".join(one_line.split())
    rule = parse_one_line(typed)
    terms = "".join(f"  {term.name}: {_looks_for(term.patterns[0])}\n" for term in rule.terms)
    return (
        f"id: {_slug(typed)}\ntitle: {_quoted(typed[:200])}\nlevel: medium\nterms:\n{terms}"
        f"condition: {_quoted(format_condition(rule.condition))}\n"
    )


def _named(typed: str, entities: Sequence[EntityDef]) -> str:
    """Return the ids of the entities that bear a name which somebody took for an id, as a hint, or ""."""
    wanted = fold(typed).flat
    ids = [
        entity.id
        for entity in entities
        if any(fold(form).flat == wanted for form in (entity.name, *entity.primary, *entity.alias, *entity.demonym))
    ]
    return f"did you mean {' or '.join(sorted(ids))}?" if ids else ""


# --- collecting ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """What was read so far; `uses` are the entities that rules look for, and where."""

    entities: list[EntityDef] = field(default_factory=list)
    rules: list[RuleDef] = field(default_factory=list)
    uses: list[tuple[str, Place]] = field(default_factory=list)
    problems: list[PackError] = field(default_factory=list)
    one_line: set[int] = field(default_factory=set)  # places among the rules

    def note(self, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(PackError(message, file=place.file, line=place.line, column=place.column, hint=hint))


def _read_all(files: Files) -> _Draft:
    draft = _Draft()
    for name, text in files:
        try:
            items = _lines(name, text) if name.endswith(".txt") else _items(read(text, file=name))
        except PackError as error:
            draft.problems.append(error)
            continue
        for item in items:
            _add(item, draft)
    return draft


def _checked(draft: _Draft) -> Pack:
    """Check what concerns several files, and return the pack or raise every problem."""
    _check_unique_entities(draft)
    _tell_one_line_rules_apart(draft)
    _check_unique_rules(draft)
    known = {entity.id for entity in draft.entities}
    for entity, place in draft.uses:
        if entity not in known:
            draft.note(f"unknown entity {entity}", place, _named(entity, draft.entities) or hint_for(entity, known))
    _check_something_is_wanted(draft)
    if draft.problems:
        raise PackErrors(sorted(draft.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
    return Pack(tuple(draft.entities), tuple(draft.rules))


def _check_unique_entities(draft: _Draft) -> None:
    first: dict[str, EntityDef] = {}
    for entity in draft.entities:
        other = first.setdefault(entity.id, entity)
        if other is not entity:
            place = Place(entity.file, entity.line)
            draft.note(f"the entity {entity.id} is defined twice", place, f"first in {other.file}:{other.line}")


def _tell_one_line_rules_apart(draft: _Draft) -> None:
    """Add a digest to the id of each one-line rule whose id a rule of another text has already."""
    named = (rule for place, rule in enumerate(draft.rules) if place not in draft.one_line)
    sources = {name: rule.source for rule in named for name in (rule.id, *rule.previous_ids)}
    for place in sorted(draft.one_line):
        rule = draft.rules[place]
        if sources.setdefault(rule.id, rule.source) != rule.source:
            draft.rules[place] = replace(rule, id=f"{rule.id}-{_digest(rule.source)}")


def _check_unique_rules(draft: _Draft) -> None:
    first: dict[str, RuleDef] = {}
    for rule in draft.rules:
        for name in dict.fromkeys((rule.id, *rule.previous_ids)):
            other = first.setdefault(name, rule)
            if other is not rule:
                place = Place(rule.file, rule.line)
                draft.note(f"the rule id {name} is taken", place, f"first in {other.file}:{other.line}")


def _check_something_is_wanted(draft: _Draft) -> None:
    """Refuse a rule that matches every article without a word of it: `not Kharkiv`, and no threshold."""
    for rule in draft.rules:
        if not rule.score.threshold and holds(rule.condition, Sight({})):
            place = Place(rule.file, rule.line)
            draft.note(f"the rule {rule.id} matches every article that lacks what it excludes", place, _WANT_SOMETHING)


def _lines(name: str, text: str) -> Iterator[Node]:
    """Yield the one-line rules of a text file."""
    for number, line in enumerate(text.splitlines(), 1):
        if typed := line.strip():
            column = len(line) - len(line.lstrip()) + 1
            place = Place(name, number, column)
            if not typed.startswith("#"):
                yield Node(typed, place, inside=place)


def _items(root: Node) -> list[Node]:
    return root.value if isinstance(root.value, list) else [root]


def _add(item: Node, draft: _Draft) -> None:
    if isinstance(item.value, str):
        _add_one_line(item, draft)
    elif not isinstance(item.value, dict):
        draft.note("a rule, an entity or a one-line rule was expected", item.place, "put a one-line rule in quotes")
    elif _is_entity(item.value):
        if entity := _validated(EntityForm, item, draft):
            draft.entities.append(_entity(entity, item.place))
    elif rule := _validated(RuleForm, item, draft):
        _add_rule(rule, item, draft)


def _is_entity(mapping: Mapping[str, object]) -> bool:
    """Tell entities from rules by the keys they have, so that one mistyped key changes nothing."""
    own = set(fields_at(EntityForm, ())) & mapping.keys()
    return len(own) > len(set(fields_at(RuleForm, ())) & mapping.keys())


# --- one mapping -----------------------------------------------------------------------------------------------


def _validated(form: type[_Form], item: Node, draft: _Draft) -> _Form | None:
    try:
        return form.model_validate(item.plain())
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _note_detail(form, dict(detail), item, draft)
        return None


def _note_detail(form: type[_Form], detail: Mapping[str, Any], item: Node, draft: _Draft) -> None:
    """Put one pydantic error in words, where the culprit stands."""
    path: tuple[str | int, ...] = tuple(step for step in detail["loc"] if step != "[key]")
    parent, node = item.at(path[:-1]), item.at(path)
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    if detail["type"] == "extra_forbidden":
        hint = f"it belongs under {_UNDER[last]}" if last in _UNDER else hint_for(last, fields_at(form, path[:-1]))
        draft.note(f"unknown key {last}", parent.keys[last], hint)
    elif detail["type"] == "missing":
        draft.note(f"the key {last} is missing", parent.place, "it is required")
    elif "[key]" in detail["loc"]:
        draft.note(f"{last} is no valid name", parent.keys[last], "letters, digits and _, beginning with a letter")
    elif detail["type"] == "enum":
        allowed = re.findall(r"'([^']+)'", detail["ctx"]["expected"])
        draft.note(f"{last}: {node.value!r} is not allowed", node.place, hint_for(str(node.value), allowed))
    else:
        message = _MISTAKES.get(detail["type"]) or _SHOULD.sub("must ", detail["msg"].removeprefix("Value error, "))
        hint = _SHAPES.get(last, "") if detail["type"] == "string_pattern_mismatch" else ""
        if detail["type"] == "string_type" and not _is_nest(node):
            hint = "put it in quotes"
        draft.note(f"{last}: {message}" if last else message, node.place, hint)


_MISTAKES = {
    "string_type": "must be a text",
    "string_pattern_mismatch": "is not written as it must be",
    "list_type": "must be a list, as in [one, two]",
    "dict_type": "must be a mapping, as in {key: value}",
    "model_type": "must be a mapping, as in {key: value}",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
}
_SHAPES = {
    "id": "lower-case letters, digits and hyphens, as in guerre-ukraine",
    "entity": "an entity's id, as in russie",
    "previous_ids": "lower-case letters, digits and hyphens, as in guerre-ukraine",
    "as_of": "a year, a month or a day, as in 2026-11",
    "within": 'minutes or hours, as in "30m" or "2h"',
    "max_age": 'hours or days, as in "72h" or "7d"',
    "lang": "two or three lower-case letters, as in fr",
    "wikidata": "Q and a number, as in Q159",
}
_UNDER = (
    dict.fromkeys(("threshold", "fields", "seuil"), "score")
    | dict.fromkeys(("max_age", "feeds", "outlets", "completeness", "original"), "scope")
    | dict.fromkeys(("within",), "burst")
)
_SHOULD = re.compile(r"^(?:Input|String|List|Dictionary) should ")


def _is_nest(node: Node) -> bool:
    return isinstance(node.value, list | dict)


def _entity(form: EntityForm, place: Place) -> EntityDef:
    return EntityDef(
        id=form.id,
        name=form.name,
        wikidata=form.wikidata,
        primary=tuple(form.primary),
        alias=tuple(form.alias),
        demonym=tuple(form.demonym),
        prefix=tuple(form.prefix),
        cased=tuple(form.cased),
        excepts=tuple(form.except_),
        as_of=form.as_of,
        matches=tuple(form.matches),
        rejects=tuple(form.rejects),
        file=place.file,
        line=place.line,
    )


def _add_rule(form: RuleForm, item: Node, draft: _Draft) -> None:
    noted = len(draft.problems)
    terms = tuple(_term(name, term, item, draft) for name, term in form.terms.items())
    try:
        condition = parse_condition(form.condition, form.terms)
    except ConditionError as error:
        _note_condition(error, item.at(["condition"]), draft)
    else:
        terms = tuple(_worth_nothing_unless_said(term, form.terms[term.name], condition) for term in terms)
    tests = tuple(_test(test, item.at(["tests", number]), draft) for number, test in enumerate(form.tests))
    _check_expected_terms(form, item, draft)
    _check_burst(form, item, draft)
    if len(draft.problems) > noted:
        return
    scope = form.scope
    draft.rules.append(
        RuleDef(
            id=form.id,
            title=form.title,
            condition=condition,
            terms=terms,
            status=form.status,
            level=form.level,
            description=form.description.strip(),
            tags=tuple(form.tags),
            references=tuple(form.references),
            falsepositives=tuple(form.falsepositives),
            author=form.author,
            date=form.date,
            previous_ids=tuple(form.previous_ids),
            scope=Scope(
                languages=tuple(scope.lang),
                max_age=_duration(scope.max_age) if scope.max_age else None,
                feeds=tuple(scope.feeds),
                outlets=tuple(scope.outlets),
                completeness=tuple(scope.completeness),
                original=scope.original,
            ),
            score=Score(form.score.threshold, **form.score.fields.model_dump()),
            burst=_burst(form.burst) if form.burst else None,
            labels=tuple(sorted(form.labels.items())),
            tests=tests,
            version=_version(form.model_dump(mode="json", by_alias=True, exclude_unset=True)),
            source=form.condition.strip(),
            file=item.place.file,
            line=item.place.line,
        )
    )


def _worth_nothing_unless_said(term: TermDef, form: TermForm, condition: Condition) -> TermDef:
    """Return a term that the condition only excludes without points of its own: a veto must not look like a gain."""
    only_excluded = term.name in excluded(condition) and "weight" not in form.model_fields_set
    return replace(term, weight=0.0) if only_excluded else term


def _term(name: str, form: TermForm, item: Node, draft: _Draft) -> TermDef:
    """Read a term's patterns, noting those that are wrong."""
    place = item.at(["terms"]).keys[name]
    if name in RESERVED:
        draft.note(f"{name} is a word of conditions", place, "choose another name")
    patterns: list[Pattern] = []
    if form.entity is not None:
        patterns.append(Pattern(PatternKind.ENTITY, form.entity, f"@{form.entity}"))
        draft.uses.append((form.entity, item.at(["terms", name, "entity"]).place))
    for number, typed in enumerate(form.any):
        node = item.at(["terms", name, "any", number])
        try:
            pattern = parse_pattern(typed)
        except ConditionError as error:
            _note_condition(error, node, draft)
            continue
        patterns.append(pattern)
        if pattern.kind is PatternKind.ENTITY:
            draft.uses.append((pattern.text, node.place))
    fields = frozenset(form.in_) if form.in_ is not None else None
    return TermDef(name, tuple(dict.fromkeys(patterns)), form.weight, fields, place.line, place.column)


def _test(form: TestForm, node: Node, draft: _Draft) -> RuleTest:
    article, expect = form.article, form.expect
    if not (article.title or article.lead or article.body):
        draft.note("the article of a test needs a text", node.at(["article"]).place, "title, lead or body")
    return RuleTest(
        name=form.name,
        document=Document(
            title=article.title,
            lead=article.lead,
            body=article.body,
            language=article.lang,
            feed=article.feed,
            outlet=article.outlet,
            completeness=article.completeness,
            wire=article.wire,
            copy_of=article.copy_of,
        ),
        expect=Expectation(**{**ExpectForm.model_dump(expect), "terms": tuple(expect.terms)}),
        line=node.place.line,
    )


def _burst(form: BurstForm) -> Burst:
    number, unit = int(form.within.rstrip("minh")), form.within[-1]
    return Burst(form.outlets, timedelta(hours=number) if unit == "h" else timedelta(minutes=number), form.level)


def _check_burst(form: RuleForm, item: Node, draft: _Draft) -> None:
    """Note a burst that never raises anything: it is at no level above the lowest that the rule gives."""
    if form.burst is None:
        return
    levels = list(Level)
    least = form.level if form.score.threshold is None else min(form.level, Level.MEDIUM, key=levels.index)
    node = item.at(["burst"])
    if form.burst.level is not None and levels.index(form.burst.level) <= levels.index(least):
        draft.note(f"burst: {form.burst.level} is not above {least}", node.at(["level"]).place, "choose a higher level")
    elif least is Level.CRITICAL:
        draft.note("burst: there is no level above critical", node.place, "leave it out, or lower the rule's level")


def _check_expected_terms(form: RuleForm, item: Node, draft: _Draft) -> None:
    for number, test in enumerate(form.tests):
        for position, term in enumerate(test.expect.terms):
            if term not in form.terms:
                place = item.at(["tests", number, "expect", "terms", position]).place
                draft.note(f"unknown term {term}", place, hint_for(term, form.terms))


def _note_condition(error: ConditionError, node: Node, draft: _Draft) -> None:
    """Note a problem inside a text; at the text's own place where it spans lines."""
    place = node.place
    if node.inside is not None:
        place = Place(node.inside.file, node.inside.line, node.inside.column + error.offset)
    draft.note(error.message, place, error.hint)


# --- one line --------------------------------------------------------------------------------------------------


def _add_one_line(item: Node, draft: _Draft) -> None:
    typed = " ".join(item.value.split())
    try:
        rule: OneLine = parse_one_line(typed)
    except ConditionError as error:
        _note_condition(error, item, draft)
        return
    place = item.inside or item.place
    for term in rule.terms:
        at = Place(place.file, place.line, place.column + term.column - 1) if item.inside else place
        draft.uses.extend((pattern.text, at) for pattern in term.patterns if pattern.kind is PatternKind.ENTITY)
    draft.one_line.add(len(draft.rules))
    draft.rules.append(
        RuleDef(
            id=_slug(typed),
            title=typed[:200],
            condition=rule.condition,
            terms=tuple(replace(t, weight=0.0) if t.name in excluded(rule.condition) else t for t in rule.terms),
            version=_version(typed),
            source=typed,
            file=place.file,
            line=place.line,
        )
    )


def _slug(typed: str) -> str:
    """Derive a rule's id from its text: `blé OU maïs` → ble-ou-mais; where that would lose much, add a digest."""
    plain = unicodedata.normalize("NFKD", typed.lower().replace("œ", "oe").replace("æ", "ae"))
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    if 0 < len(slug) <= _SLUG_LENGTH:
        return slug
    return f"{slug[:_SLUG_LENGTH].strip('-') or 'regle'}-{_digest(typed)}"


def _digest(typed: str) -> str:
    return hashlib.sha256(typed.encode()).hexdigest()[:8]


def _looks_for(pattern: Pattern) -> str:
    if pattern.kind is PatternKind.ENTITY:
        return f"{{entity: {pattern.text}}}"
    return f"{{any: [{_quoted(pattern.source)}]}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- small readings --------------------------------------------------------------------------------------------


def _version(content: object) -> str:
    """Return the hash of a rule's canonical text: layout, comments and the order of keys do not count."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _duration(text: str) -> timedelta:
    return timedelta(hours=int(text[:-1]) * _HOURS[text[-1]])


def _packaged(folder: str) -> Files:
    files = resources.files("rules").joinpath("packs", folder).iterdir()
    yaml = sorted((file for file in files if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple((f"{folder}/{file.name}", file.read_text(encoding="utf-8")) for file in yaml)
