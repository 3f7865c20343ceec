from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules import pack as packs
from rules.errors import PackErrors
from rules.pack import bundled, expand, load, load_beside, load_pack
from rules.types import (
    And,
    Burst,
    Completeness,
    Field,
    Level,
    Near,
    Pack,
    Pattern,
    PatternKind,
    Ref,
    Scope,
    Score,
    Status,
    TermDef,
)

ENTITIES = """\
- id: russie
  name: Russie
  primary: ["Russie"]
- id: chine
  name: Chine
  wikidata: Q148
  primary: ["Chine"]
  alias: ["Pékin"]
  demonym: ["chinois"]
  prefix: ["sino"]
  cased: ["Chine"]
  except: ["encre de Chine"]
  as_of: "2026-11"
  matches: ["La Chine répond."]
  rejects: ["De l'encre de Chine."]
"""

RULE = """\
id: axe
title: "Axe"
status: experimental
level: high
description: >
  Une visite.
tags: ["geo"]
references: ["https://example.org/"]
falsepositives: ["Sport"]
author: "veille"
date: 2026-11-23
previous_ids: [vieil-axe]
scope: {lang: [fr], max_age: "72h", feeds: ["f"], outlets: ["o"], completeness: [full]}
terms:
  russie: {entity: russie, weight: 3}
  visite: {any: ["visite", "@chine"], in: [title, lead]}
condition: "russie near/30 visite"
score: {threshold: 10, fields: {title: 3.0}}
labels: {desk: "international", a: "b"}
tests:
  - name: "t"
    article: {title: "Visite", lang: fr, completeness: teaser, outlet: "o", feed: "f"}
    expect: {match: false, max_score: 3, min_score: 0, level: high, terms: [visite], near_miss: false}
"""

ARTICLE, EXPECT = (line.strip() for line in RULE.splitlines()[-2:])


def problems(*texts: str) -> list[tuple[str, int, int, str, str]]:
    with pytest.raises(PackErrors) as caught:
        load_pack([("e.yaml", ENTITIES), *((f"{number}.yaml", text) for number, text in enumerate(texts))])
    return [(p.file, p.line, p.column, p.message, p.hint) for p in caught.value.problems]


def test_a_rule_file_becomes_a_rule() -> None:
    (rule,) = load_pack([("e.yaml", ENTITIES), ("axe.yaml", RULE)]).rules

    assert ("axe", "Axe", Status.EXPERIMENTAL, Level.HIGH) == (rule.id, rule.title, rule.status, rule.level)
    assert ("Une visite.", "veille", "2026-11-23") == (rule.description, rule.author, rule.date)
    assert (("geo",), ("https://example.org/",), ("Sport",)) == (rule.tags, rule.references, rule.falsepositives)
    assert rule.previous_ids == ("vieil-axe",)
    assert Scope(("fr",), timedelta(hours=72), ("f",), ("o",), (Completeness.FULL,)) == rule.scope
    assert Score(10.0, 3.0, 1.5, 1.0) == rule.score
    assert (("a", "b"), ("desk", "international")) == rule.labels
    assert Near(Ref("russie"), Ref("visite"), 30) == rule.condition
    assert ("russie near/30 visite", "axe.yaml", 1) == (rule.source, rule.file, rule.line)
    assert rule.version.startswith("sha256:")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{outlets: 3, within: "30m"}', Burst(3, timedelta(minutes=30))),
        ('{outlets: 3, within: "30min"}', Burst(3, timedelta(minutes=30))),
        ('{outlets: 5, within: "2h", level: critical}', Burst(5, timedelta(hours=2), Level.CRITICAL)),
    ],
)
def test_a_burst_says_how_many_how_fast_and_how_high(written: str, expected: Burst) -> None:
    (rule,) = load_pack(
        [("e.yaml", ENTITIES), ("axe.yaml", RULE.replace("labels:", f"burst: {written}\nlabels:"))]
    ).rules

    assert expected == rule.burst


def test_a_burst_of_a_rule_that_is_critical_already_raises_nothing() -> None:
    burst = 'burst: {outlets: 3, within: "30m"}'
    text = RULE.replace("level: high", "level: critical", 1).replace(
        "score: {threshold: 10, fields: {title: 3.0}}", burst
    )

    assert problems(text) == [
        ("0.yaml", 18, 8, "burst: there is no level above critical", "leave it out, or lower the rule's level")
    ]


def test_terms_hold_their_patterns_weight_fields_and_place() -> None:
    (rule,) = load_pack([("e.yaml", ENTITIES), ("axe.yaml", RULE)]).rules
    russie = Pattern(PatternKind.ENTITY, "russie", "@russie")
    visite = Pattern(PatternKind.WORDS, "visite", "visite")
    chine = Pattern(PatternKind.ENTITY, "chine", "@chine")

    assert rule.terms == (
        TermDef("russie", (russie,), 3.0, None, 15, 3),
        TermDef("visite", (visite, chine), 1.0, frozenset({Field.TITLE, Field.LEAD}), 16, 3),
    )


def test_a_rule_carries_its_tests() -> None:
    (rule,) = load_pack([("e.yaml", ENTITIES), ("axe.yaml", RULE)]).rules
    (trial,) = rule.tests

    assert ("t", "Visite", "fr", 21) == (trial.name, trial.document.title, trial.document.language, trial.line)
    assert (False, 0, 3, Level.HIGH, ("visite",), False) == (
        trial.expect.match,
        trial.expect.min_score,
        trial.expect.max_score,
        trial.expect.level,
        trial.expect.terms,
        trial.expect.near_miss,
    )


def test_an_entity_file_becomes_entities() -> None:
    _, chine = load_pack([("e.yaml", ENTITIES)]).entities

    assert ("chine", "Chine", "Q148", "2026-11") == (chine.id, chine.name, chine.wikidata, chine.as_of)
    assert (("Chine",), ("Pékin",), ("chinois",), ("sino",)) == (
        chine.primary,
        chine.alias,
        chine.demonym,
        chine.prefix,
    )
    assert (("Chine",), ("encre de Chine",), "e.yaml", 4) == (chine.cased, chine.excepts, chine.file, chine.line)


def test_a_version_changes_with_the_content_and_not_with_the_layout() -> None:
    def version(text: str) -> str:
        return load_pack([("e.yaml", ENTITIES), ("axe.yaml", text)]).rules[0].version

    assert version(RULE) == version("# un commentaire\n" + RULE.replace("geo", "geo").replace("[fr]", '["fr"]'))
    assert version(RULE) != version(RULE.replace("weight: 3", "weight: 2"))


def test_a_list_holds_rules_bare_strings_and_one_line_conditions() -> None:
    text = '- Kharkiv\n- "@russie PROCHE/9 sommet"\n- id: x\n  title: X\n  terms: {a: {any: [a]}}\n  condition: a\n'
    found = load_pack([("e.yaml", ENTITIES), ("r.yaml", text)]).rules

    assert ["kharkiv", "russie-proche-9-sommet", "x"] == [rule.id for rule in found]
    assert [1, 2, 3] == [rule.line for rule in found]
    assert [None, None, None] == [rule.score.threshold for rule in found]


def test_a_yaml_file_may_be_one_string() -> None:
    (rule,) = load_pack([("r.yaml", "Kharkiv")]).rules

    assert rule.title == "Kharkiv"


def test_a_text_file_holds_a_rule_a_line() -> None:
    (first, second) = load_pack([("r.txt", "# mes sujets\n\n  blé OU maïs\nKharkiv\n")]).rules

    assert ("ble-ou-mais", "blé OU maïs", 3) == (first.id, first.title, first.line)
    assert ("kharkiv", 4) == (second.id, second.line)


def test_an_error_in_a_text_file_names_line_and_column() -> None:
    with pytest.raises(PackErrors) as caught:
        load_pack([("r.txt", "Kharkiv\n  blé OU\n")])

    assert str(caught.value) == ("r.txt:2:9: the condition stops too early (something must follow the last operator)")


def test_a_long_or_foreign_one_line_rule_has_an_id_of_its_own() -> None:
    long = " OU ".join(f"motif{number}" for number in range(20))
    first, second = load_pack([("r.txt", f"{long}\nХарьков\n")]).rules

    assert first.id.startswith("motif0-ou-motif1")
    assert len(first.id) <= 70
    assert second.id.startswith("regle-")


# --- what is wrong, and where -----------------------------------------------------------------------------------


SLUG = "lower-case letters, digits and hyphens, as in guerre-ukraine"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("level: high", "livel: high", (4, 1, "unknown key livel", "did you mean level?")),
        ("level: high", "level: hihg", (4, 8, "level: 'hihg' is not allowed", "did you mean high?")),
        ("max_age", "maxage", (13, 21, "unknown key maxage", "did you mean max_age?")),
        ('"72h"', '"3 jours"', (13, 30, "max_age: is not written as it must be", 'hours or days, as in "72h" or "7d"')),
        (
            "labels: {",
            'burst: {outlets: 3, within: "30 minutes"}\nlabels: {',
            (19, 29, "within: is not written as it must be", 'minutes or hours, as in "30m" or "2h"'),
        ),
        (
            "labels: {",
            'burst: {outlets: 3, within: "30m", level: low}\nlabels: {',
            (19, 43, "burst: low is not above medium", "choose a higher level"),
        ),
        (
            "score: {threshold: 10, fields: {title: 3.0}}",
            'burst: {outlets: 3, within: "30m", level: high}',
            (18, 43, "burst: high is not above high", "choose a higher level"),
        ),
        ("labels: {", "burst: {outlets: 3}\nlabels: {", (19, 8, "the key within is missing", "it is required")),
        ("weight: 3", "wieght: 3", (15, 28, "unknown key wieght", "did you mean weight?")),
        ("weight: 3", 'weight: "3"', (15, 36, "weight: must be a number", "")),
        ("title: 3.0", "titre: 3.0", (18, 33, "unknown key titre", "did you mean title?")),
        ("entity: russie", "entity: rusie", (15, 20, "unknown entity rusie", "did you mean russie?")),
        ('"@chine"', '"@chyne"', (16, 28, "unknown entity chyne", "did you mean chine?")),
        ('"visite",', '"vi*",', (16, 19, "at least 4 letters must stand before the star", "accord*")),
        ("  visite: {", "  1x: {", (16, 3, "1x is no valid name", "letters, digits and _, beginning with a letter")),
        ("[title, lead]}", "[titre]}", (16, 44, "in: 'titre' is not allowed", "did you mean title?")),
        ("near/30 visite", "near/30 visit", (17, 28, "unknown term visit", "did you mean visite?")),
        ('{any: ["visite", "@chine"], in', "{in", (16, 11, "visite: a term needs entity or any", "")),
        (ARTICLE, "article: {}", (22, 14, "the article of a test needs a text", "title, lead or body")),
        (
            EXPECT,
            "expect: {}",
            (23, 13, "expect: a test must expect something, for instance match: true", ""),
        ),
        ("terms: [visite]", "terms: [visit]", (23, 77, "unknown term visit", "did you mean visite?")),
        ("match: false", "match: non", (23, 21, "match: must be true or false", "")),
        ('title: "Axe"', "title: 12", (2, 8, "title: must be a text", "put it in quotes")),
        ('title: "Axe"', "title: [a]", (2, 8, "title: must be a text", "")),
        ('title: "Axe"\n', "", (1, 1, "the key title is missing", "it is required")),
        ("id: axe", "id: Axe!", (1, 5, "id: is not written as it must be", SLUG)),
        ("threshold: 10", "threshold: 0", (18, 20, "threshold: must be greater than 0", "")),
        ("status: experimental", "id: axe", (3, 1, "the key id is there twice", "first on line 1")),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_line_column_and_hint(old: str, new: str, expected: tuple[object, ...]) -> None:
    found = problems(RULE.replace(old, new, 1))

    assert [("0.yaml", *expected)] == found


def test_every_problem_of_a_set_is_told_in_order() -> None:
    found = problems(
        RULE.replace("level: high", "livel: high", 1).replace("weight: 3", 'weight: "3"'), "[", "- 3\n- true"
    )

    assert [("0.yaml", 4), ("0.yaml", 15), ("1.yaml", 2), ("2.yaml", 1), ("2.yaml", 2)] == [f[:2] for f in found]


def test_a_mistake_in_a_condition_of_several_lines_is_told_where_it_begins() -> None:
    found = problems(RULE.replace('"russie near/30 visite"', ">\n  russie and\n  visit"))

    assert [("0.yaml", 17, 12, "unknown term visit", "did you mean visite?")] == found


@pytest.mark.parametrize("condition", ["not russie", "russie or not visite", "not (russie and visite)"])
def test_a_rule_that_wants_nothing_needs_a_threshold(condition: str) -> None:
    rule = RULE.replace("russie near/30 visite", condition)
    without = rule.replace("threshold: 10, ", "")

    assert problems(without)[0][3].startswith("the rule axe matches every article that lacks")
    assert 1 == len(load_pack([("e.yaml", ENTITIES), ("0.yaml", rule)]).rules)


@pytest.mark.parametrize("name", ["or", "proche", "count"])
def test_an_operator_is_no_name_of_a_term(name: str) -> None:
    found = problems(RULE.replace("  visite: {", f"  {name}: {{").replace("terms: [visite]", f"terms: [{name}]"))

    assert (16, 3, f"{name} is a word of conditions", "choose another name") in [f[1:] for f in found]


def test_an_entity_without_a_form_is_refused() -> None:
    found = problems("- id: x\n  name: X\n  alias: []\n")

    assert [("0.yaml", 1, 3, "an entity needs a form: primary, alias, demonym or prefix", "")] == found


def test_an_entity_form_without_a_letter_is_refused() -> None:
    found = problems('- id: x\n  name: X\n  alias: ["…"]\n')

    assert [("0.yaml", 3, 11, "alias: a form needs a letter", "")] == found


def test_an_id_is_taken_once_renames_included() -> None:
    other = RULE.replace("id: axe", "id: vieil-axe").replace("previous_ids: [vieil-axe]", "previous_ids: [plus-vieux]")
    found = problems(RULE, other)

    assert [("1.yaml", 1, 1, "the rule id vieil-axe is taken", "first in 0.yaml:1")] == found


def test_an_entity_is_defined_once() -> None:
    found = problems("- id: chine\n  name: C\n  primary: [Chine]\n")

    assert [("0.yaml", 1, 1, "the entity chine is defined twice", "first in e.yaml:4")] == found


def test_one_line_rules_that_share_a_slug_have_ids_of_their_own() -> None:
    named = ("0.yaml", 'id: accord\ntitle: "A"\nterms: {a: {any: ["accord"]}}\ncondition: "a"\n')
    rules = load([named, ("r.txt", "maïs\nmais\naccord\naccord*\n")]).rules
    ids = [rule.id for rule in rules]

    assert ["accord", "mais"] == ids[:2]
    assert [("mais", 8), ("accord", 8), ("accord", 8)] == [
        (name, len(digest)) for name, _, digest in (id_.partition("-") for id_ in ids[2:])
    ]
    assert len(ids) == len(set(ids))


def test_the_same_one_line_rule_twice_is_a_mistake() -> None:
    with pytest.raises(PackErrors, match=r"r\.txt:2:1: the rule id kharkiv is taken"):
        load([("r.txt", "Kharkiv\nKharkiv\n")])


def test_an_unknown_entity_of_a_one_line_rule_is_named_where_it_stands() -> None:
    with pytest.raises(PackErrors, match=r"r\.txt:1:17: unknown entity kharkv"):
        load([("r.txt", "drone PROCHE/40 @kharkv\n")])


def test_a_wrong_one_line_rule_in_yaml_names_its_column() -> None:
    cut_short = (1, 7, "the condition stops too early", "something must follow the last operator")

    assert [("0.yaml", *cut_short)] == problems("- a ET ")
    assert [("0.yaml", 1, 4, "unknown entity rusie", "did you mean russie?")] == problems('- "@rusie"')


# --- layers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Pack:
    return bundled()


def test_a_user_s_rules_replace_the_bundled_ones_and_entities_stay(shipped: Pack) -> None:
    own = load([("r.txt", "@russie ET sommet")])

    assert ["russie-et-sommet"] == [rule.id for rule in own.rules]
    assert [entity.id for entity in shipped.entities] == [entity.id for entity in own.entities]


def test_a_user_s_entity_replaces_the_bundled_one_of_its_id(shipped: Pack) -> None:
    own = load(entities=[("e.yaml", "- {id: chine, name: Chine populaire, primary: [Chine]}")])

    assert [rule.id for rule in shipped.rules] == [rule.id for rule in own.rules]
    assert ["Chine populaire"] == [entity.name for entity in own.entities if entity.id == "chine"]


def test_the_package_offers_its_names_and_no_other() -> None:
    assert rules.bundled is packs.bundled
    with pytest.raises(AttributeError, match="no attribute 'rien'"):
        _ = rules.rien


# --- one line to file -------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        "Kharkiv",
        "@russie ET sanction SAUF sport",
        '(blé OU maïs) PROCHE/30 ("mer Noire" OU Odessa)',
        "re:/dr[o0]nes?/ ET =AFP ET accord*",
        "« L'État, c'est moi »",
        "2026 ET null",
        "Харьков",
    ]
)


@given(LINES)
def test_the_file_form_of_a_one_line_rule_is_the_same_rule(line: str) -> None:
    files = [("e.yaml", ENTITIES)]
    (short,) = load_pack([*files, ("r.txt", line)]).rules
    (full,) = load_pack([*files, ("r.yaml", expand(line))]).rules
    full_terms = tuple(replace(term, line=1, column=1) for term in full.terms)

    assert (short.id, short.title, short.level, short.score, short.condition) == (
        full.id,
        full.title,
        full.level,
        full.score,
        full.condition,
    )
    assert short.terms == full_terms


def test_expansion_names_terms_after_their_patterns() -> None:
    assert '  mer_noire: {any: ["\\"mer Noire\\""]}\n' in expand('"mer Noire" ET @russie')


def test_hostile_files_are_refused_quickly() -> None:
    bombs = ["a: &a [x]\nb: &b [*a, *a]", "[" * 1000, "x" * 10_000_000, json.dumps([[[[[]]]]] * 30), "{" * 999]
    for bomb in bombs:
        assert problems(bomb)


def test_conditions_join_terms_of_the_rule_only() -> None:
    (rule,) = load_pack([("r.yaml", "id: x\ntitle: X\nterms: {a: {any: [a]}, b: {any: [b]}}\ncondition: a et b")]).rules

    assert And((Ref("a"), Ref("b"))) == rule.condition


def test_files_are_read_beside_the_entities_of_a_pack() -> None:
    known = load_pack([("e.yaml", "- {id: lune, name: Lune, primary: [Lune]}\n"), ("r.txt", "@lune\n")])
    pack = load_beside([("n.txt", "@lune ET fusée\n")], known)

    assert (["lune"], ["lune-et-fusee"]) == ([e.id for e in pack.entities], [r.id for r in pack.rules])


def test_what_has_the_id_of_a_known_rule_or_entity_replaces_it() -> None:
    known = load_pack(
        [("e.yaml", "- {id: lune, name: Lune, primary: [Lune]}\n"), ("r.txt", "@lune\nfusée\n"), ("n.yaml", _NAMED)]
    )
    files = [("e2.yaml", "- {id: lune, name: Lune, primary: [Phobos]}\n"), ("n2.yaml", _NAMED), ("x.txt", "Mars\n")]
    pack = load_beside(files, known, with_rules=True)

    assert [("Phobos",)] == [entity.primary for entity in pack.entities]
    assert [("lune", "r.txt"), ("fusee", "r.txt"), ("nom", "n2.yaml"), ("mars", "x.txt")] == [
        (rule.id, rule.file) for rule in pack.rules
    ]


def test_what_is_wrong_beside_a_pack_is_told() -> None:
    with pytest.raises(PackErrors, match="unknown entity soleil"):
        load_beside([("n.txt", "@soleil\n")], load_pack([("r.txt", "fusée\n")]))


_NAMED = "id: nom\ntitle: Nom\nterms: {a: {any: [nom]}}\ncondition: a\n"


def test_an_entity_is_found_by_its_name_too() -> None:
    asked = "id: a\ntitle: A\nterms: {a: {entity: karkiv}, b: {any: ['@kharkov']}}\ncondition: a or b\n"
    known = "- id: kharkiv\n  name: Kharkiv\n  alias: [Kharkov]\n"

    assert ["did you mean kharkiv?", "did you mean kharkiv?"] == [hint for *_, hint in problems(asked, known)]


def test_a_term_that_is_only_excluded_brings_no_points_unless_it_has_a_weight() -> None:
    terms = "{a: {any: [a]}, b: {any: [b]}, c: {any: [c], weight: 2}}"
    text = f"id: a\ntitle: A\nterms: {terms}\ncondition: a and not b and not c\n"
    (rule,) = load_pack([("a.yaml", text)]).rules
    (line,) = load_pack([("a.txt", "grève SAUF faim")]).rules

    assert [1.0, 0.0, 2.0] == [term.weight for term in rule.terms]
    assert [1.0, 0.0] == [term.weight for term in line.terms]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- @kharkiv ET drone", "put it in quotes"),
        ("title: SNCF : la grève", "put a text that holds ': ' in quotes, or indent the line as those beside it"),
        ("id: a\n title: A", "put a text that holds ': ' in quotes, or indent the line as those beside it"),
        (
            "scope: {}\n title: A",
            "indent the line as those beside it; or a quote, a comma or a bracket is missing just before",
        ),
        ("terms: [a\nid: b", "a quote, a comma or a bracket may be missing just before"),
        ("a:\n\tb: c", "indent with spaces, not with tabs"),
        ("title: 'L'Élysée'", "a quote, a comma or a bracket may be missing just before"),
        ("id: a\ntitle: A\nterms: {a: {any: [a]}}\ncondition: a\nthreshold: 6", "it belongs under score"),
    ],
)
def test_what_newcomers_type_is_refused_with_a_way_out(text: str, hint: str) -> None:
    assert hint in [found[-1] for found in problems(text)]
