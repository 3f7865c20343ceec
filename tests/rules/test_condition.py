from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.condition import (
    MAX_DEPTH,
    MAX_LENGTH,
    excluded,
    format_condition,
    hint_for,
    parse_condition,
    parse_one_line,
    parse_pattern,
)
from rules.errors import ConditionError
from rules.types import (
    All,
    And,
    Condition,
    Count,
    Field,
    InField,
    Near,
    Not,
    Of,
    Or,
    Pattern,
    PatternKind,
    Ref,
    SameSentence,
)

A, B, C = Ref("a"), Ref("b"), Ref("c")
NAMES = ("a", "b", "c", "exclu_x", "exclu_y")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("a and b", And((A, B))),
        ("a et b et c", And((A, B, C))),
        ("a or b", Or((A, B))),
        ("a ou b and c", Or((A, And((B, C))))),
        ("(a or b) and c", And((Or((A, B)), C))),
        ("a sauf b", And((A, Not(B)))),
        ("a sauf b near/3 c", And((A, Not(Near(B, C, 3))))),
        ("a et b sauf c", And((A, B, Not(C)))),
        ("not a", Not(A)),
        ("non a", Not(A)),
        ("not a and b", And((Not(A), B))),
        ("a near/30 b", Near(A, B, 30)),
        ("a proche/5 b proche/6 c", Near(Near(A, B, 5), C, 6)),
        ("a near/30 (b or c)", Near(A, Or((B, C)), 30)),
        ("a same_sentence b", SameSentence(A, B)),
        ("a meme_phrase b", SameSentence(A, B)),
        ("a near/3 b same_sentence c", SameSentence(Near(A, B, 3), C)),
        ("2 of (a, b, c)", Of(2, ("a", "b", "c"))),
        ("2 parmi (a, b)", Of(2, ("a", "b"))),
        ("2 de (a, b)", Of(2, ("a", "b"))),
        ("compte(a) >= 3", Count("a", 3)),
        ("a même_phrase b", SameSentence(A, B)),
        ("chapô:a", InField(Field.LEAD, A)),
        ("1 of exclu_*", Of(1, ("exclu_x", "exclu_y"))),
        ("1 of exclu_* near/9 a", Near(Of(1, ("exclu_x", "exclu_y")), A, 9)),
        ("1 of (a, exclu_*, a)", Of(1, ("a", "exclu_x", "exclu_y"))),
        ("all of exclu_*", All(("exclu_x", "exclu_y"))),
        ("tous parmi (a, b)", All(("a", "b"))),
        ("count(a) >= 3", Count("a", 3)),
        ("title:(a or b)", InField(Field.TITLE, Or((A, B)))),
        ("titre:a et corps:b", And((InField(Field.TITLE, A), InField(Field.BODY, B)))),
        ("lead:a near/3 b", Near(InField(Field.LEAD, A), B, 3)),
        ("not title:a", Not(InField(Field.TITLE, A))),
        ("a\n  and b", And((A, B))),
    ],
)
def test_a_file_condition_reads_as_written(text: str, expected: Condition) -> None:
    actual = parse_condition(text, NAMES)

    assert expected == actual


@pytest.mark.parametrize(
    ("text", "message", "offset", "hint"),
    [
        ("  ", "the condition is empty", 0, "name a term"),
        ("a and", "the condition stops too early", 5, "something must follow the last operator"),
        ("(a and b", "the condition stops too early", 8, "a parenthesis is not closed"),
        ("a and b)", "')' is not expected here", 7, "no parenthesis is open"),
        ("(a and)", "')' is not expected here", 6, "a term is missing before it"),
        ("a b", "'b' is not expected here", 2, "an operator is missing, or one too many"),
        ("a AND b", "'AND' is not expected here", 2, "operators are lower case in a file: and"),
        ("a near b", "'near' is not expected here", 2, "say how many words apart: near/30"),
        ("a and %", "'%' is not expected here", 6, "an operator is missing, or one too many"),
        ('a and "b"', "'\"' is not expected here", 6, "a quote is not closed, or an operator is missing before it"),
        ("a and exclu", "unknown term exclu", 6, "did you mean exclu_y?"),
        ("a and zzz", "unknown term zzz", 6, "one of a, b, c, exclu_x, exclu_y"),
        ("a and 1 of rien_*", "no term begins with rien_", 11, "one of a, b, c, exclu_x, exclu_y"),
        ("a and 3 of (b, c)", "3 of 2 terms can never be", 12, "at most 2"),
        ("0 of (b, c)", "a number of at least 1 is needed", 6, "1 of …, count(…) >= 1"),
        ("count(a) >= 0", "a number of at least 1 is needed", 6, "1 of …, count(…) >= 1"),
        (
            "a near/3 not b",
            "only terms joined by or, and near itself, can stand beside near",
            13,
            "write (a near/30 c) and (b near/30 c)",
        ),
        (
            "(b and c) same_sentence a",
            "only terms joined by or, and near itself, can stand beside near",
            1,
            "write (a near/30 c) and (b near/30 c)",
        ),
        (
            "a near/2 2 of (b, c)",
            "only terms joined by or, and near itself, can stand beside near",
            15,
            "write (a near/30 c) and (b near/30 c)",
        ),
        (
            "a near/2 all of (b, c)",
            "only terms joined by or, and near itself, can stand beside near",
            17,
            "write (a near/30 c) and (b near/30 c)",
        ),
    ],
)
def test_a_wrong_condition_is_told_with_its_place_and_a_hint(text: str, message: str, offset: int, hint: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, NAMES)

    assert (message, offset, hint) == (caught.value.message, caught.value.offset, caught.value.hint)


def test_no_hint_is_given_among_many_names_when_none_is_near() -> None:
    assert hint_for("zzz", [f"terme_{n}" for n in range(20)]) == ""
    assert hint_for("zzz", []) == ""


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000 + "a" + ")" * 50_000,
        "not " * 1000 + "a",
        "a near/3 " * 500 + "a",
        "title:" * 500 + "a",
        "(" * 2000,
    ],
)
def test_hostile_conditions_are_refused_without_recursion(text: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(text, NAMES)


def test_a_condition_may_be_deep_within_its_bounds() -> None:
    depth = (MAX_LENGTH - 1) // 2

    assert parse_condition("(" * depth + "a" + ")" * depth, NAMES) == A
    assert isinstance(parse_condition("not " * (MAX_DEPTH - 1) + "a", NAMES), Not)


def bare(node: Condition) -> Condition:  # noqa: PLR0911  one return a kind of node
    """Return a condition without fields: none may stand inside another."""
    match node:
        case InField(_, part):
            return bare(part)
        case And(parts):
            return And(tuple(map(bare, parts)))
        case Or(parts):
            return Or(tuple(map(bare, parts)))
        case Not(part):
            return Not(bare(part))
        case Near(left, right, words):
            return Near(bare(left), bare(right), words)
        case SameSentence(left, right):
            return SameSentence(bare(left), bare(right))
        case _:
            return node


names = st.sampled_from(NAMES)
lists = st.lists(names, min_size=2, max_size=4, unique=True).map(tuple)
located: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(names.map(Ref), lists.map(lambda found: Of(1, found))),
    lambda inner: st.one_of(
        st.builds(Near, inner, inner, st.integers(0, 9999)),
        st.builds(SameSentence, inner, inner),
        st.builds(lambda field, part: InField(field, bare(part)), st.sampled_from(Field), inner),
        st.builds(Or, st.tuples(inner, inner)),
    ),
    max_leaves=5,
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        located,
        st.builds(Count, names, st.integers(1, 99)),
        lists.map(All),
        lists.map(lambda found: Of(2, found)),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(lambda field, part: InField(field, bare(part)), st.sampled_from(Field), inner),
    ),
    max_leaves=8,
)


@given(conditions)
@example(And((A, And((B, C)))))
@example(Near(A, Near(B, C, 2), 3))
def test_a_written_condition_reads_back_equal(condition: Condition) -> None:
    actual = parse_condition(format_condition(condition), NAMES)

    assert condition == actual


def offset_of_error(parse: Callable[[str], object], text: str) -> int:
    try:
        parse(text)
    except ConditionError as error:
        return error.offset
    return 0


@given(st.text(st.sampled_from('ab(),:*/>=1 "«»@&\n') | st.characters(), max_size=60))
def test_no_text_breaks_either_parser(text: str) -> None:
    assert 0 <= offset_of_error(lambda typed: parse_condition(typed, NAMES), text) <= len(text)
    assert 0 <= offset_of_error(parse_one_line, text) <= len(text)


# --- one line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "condition", "sources"),
    [
        ("Kharkiv", "kharkiv", ["Kharkiv"]),
        ("Ligue des champions", "ligue_des_champions", ["Ligue des champions"]),
        ("l'encre de Chine", "l_encre_de_chine", ["l'encre de Chine"]),
        ("Le Rouge et le Noir ou rien", "le_rouge_et_le_noir_ou_rien", ["Le Rouge et le Noir ou rien"]),
        (
            '@kharkiv PROCHE/40 (drone OU missile OR "bombe planante")',
            "kharkiv near/40 (drone or missile or bombe_planante)",
            ["@kharkiv", "drone", "missile", '"bombe planante"'],
        ),
        (
            "(blé OU maïs) NEAR/30 (« mer Noire » OU “Odessa”)",
            "(blé or maïs) near/30 (mer_noire or odessa)",
            ["blé", "maïs", "« mer Noire »", "“Odessa”"],
        ),
        ("@russie ET sanction SAUF sport", "russie and sanction and not sport", ["@russie", "sanction", "sport"]),
        ("=AFP AND NON accord*", "afp and not accord", ["=AFP", "accord*"]),
        ("re:/a b(c|d)/ MEME_PHRASE TITRE:Kiev", "a_b_c_d same_sentence title:kiev", ["re:/a b(c|d)/", "Kiev"]),
        ("blé OU blé", "blé or blé", ["blé"]),
        ("=Blé OU blé", "blé or blé_2", ["=Blé", "blé"]),
        ("mer Noire ET 2026 ET non", "mer_noire and t_2026 and t_non", ["mer Noire", "2026", "non"]),
        ("re:/[?]+/", "motif", ["re:/[?]+/"]),
    ],
)
def test_a_one_line_rule_becomes_terms_and_a_condition(text: str, condition: str, sources: list[str]) -> None:
    actual = parse_one_line(text)

    assert condition == format_condition(actual.condition)
    assert sources == [term.patterns[0].source for term in actual.terms]


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("SAUF sport", "the operator SAUF is misplaced", 0),
        ("drone ET title:Kharkiv", "title: is a word here", 9),
        ("Kiev PROCHE Odessa", "the operator PROCHE is misplaced", 5),
        ("Kiev ET", "the condition stops too early", 7),
        ("(Kiev) Odessa", "'Odessa' is not expected here", 7),
        ('Kiev "Odessa', "'\"' is not expected here", 5),
        ("Kiev ET @russie sanction", "an operator is missing after @russie", 16),
        ("le @russie", "an operator is missing before @russie", 3),
        ("Kiev ET acc*", "at least 4 letters must stand before the star", 8),
    ],
)
def test_a_wrong_one_line_rule_is_told_with_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_one_line(text)

    assert (message, offset) == (caught.value.message, caught.value.offset)


def test_a_field_of_a_file_is_hinted_at_in_one_line() -> None:
    with pytest.raises(ConditionError) as caught:
        parse_one_line("title:(Kharkiv OU drone)")

    assert "in one line, TITLE:(…)" == caught.value.hint


@given(st.lists(st.sampled_from(["blé", "mer Noire", "@russie", "=Kiev", "accord*", "2026", "_", '"or"']), min_size=1))
def test_the_terms_of_a_one_line_rule_make_a_file_condition(words: list[str]) -> None:
    words = [word for word in words if word != "_"] or ["blé"]
    actual = parse_one_line(" OU ".join(words))

    assert actual.condition == parse_condition(format_condition(actual.condition), [term.name for term in actual.terms])


# --- patterns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("accord", PatternKind.WORDS, "accord"),
        ("  deux\n mots ", PatternKind.WORDS, "deux mots"),
        ('"deux mots"', PatternKind.WORDS, "deux mots"),
        ('"or*"', PatternKind.WORDS, "or*"),
        ("«\u202fdeux mots\u202f»", PatternKind.WORDS, "deux mots"),
        ("=Le Monde", PatternKind.EXACT, "Le Monde"),
        ('="Le Monde"', PatternKind.EXACT, "Le Monde"),
        ("accord*", PatternKind.PREFIX, "accord"),
        ("re:/drones?/", PatternKind.REGEX, "drones?"),
        ("@mer-noire", PatternKind.ENTITY, "mer-noire"),
    ],
)
def test_a_pattern_is_told_by_its_sigil(source: str, kind: PatternKind, text: str) -> None:
    assert parse_pattern(source) == Pattern(kind, text, " ".join(source.split()))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "the pattern '' has no letter"),
        ("« … »", "the pattern '« … »' has no letter"),
        ("=", "the pattern '=' has no letter"),
        ("a" * 501, "a pattern of 501 characters is too long"),
        ("a\u200bb", "a pattern holds an invisible character"),
        ("acc*", "at least 4 letters must stand before the star"),
        ("ac*ord", "a star stands at the end of one word only"),
        ("bon accord*", "a star stands at the end of one word only"),
        ("re:drone", "a regular expression stands between slashes"),
        ("re:/(/", "bad regular expression: missing ): ("),
        ("re:/a*/", "the regular expression matches an empty text"),
        ("@Russie", "@Russie is no entity's id"),
        ("@russie sanction", "an operator is missing after @russie"),
    ],
)
def test_a_wrong_pattern_is_told(source: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_pattern(source)

    assert message == caught.value.message


def test_a_pattern_that_goes_to_another_process_is_a_key_there() -> None:
    pattern = parse_pattern("@kharkiv")
    program = "import pickle, sys; p = pickle.load(sys.stdin.buffer); print({type(p)(p.kind, p.text, ''): 'found'}[p])"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(pattern), capture_output=True, check=True)

    assert b"found\n" == done.stdout


CAPITALS = "operators are CAPITALS in one line"


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (
            "SNCF proche/30 grève",
            "proche/30 is no operator here",
            "operators are CAPITALS in one line: PROCHE/30, NEAR/30",
        ),
        ("SNCF|RATP", "| is no operator here", "write OU, OR, ET or AND"),
        ("SNCF & RATP", "& is no operator here", "write OU, OR, ET or AND"),
        ("'bombe planante'", "' is no operator here", 'a phrase stands in double quotes: "deux mots"'),
        ('"=Orange"', "= stands before the quotes", '="Orange"'),
        ("2 PARMI (grève, SNCF)", "'(' is not expected here", "2 of (…) and count(…) only exist in a file"),
        ("@kharkiv proche/30 (drone)", "'(' is not expected here", f"{CAPITALS}: PROCHE/30, OU"),
    ],
)
def test_what_another_tool_s_user_would_type_is_refused_with_the_way_out(typed: str, message: str, hint: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse_one_line(typed)

    assert (message, hint) == (refused.value.message, refused.value.hint)


@pytest.mark.parametrize("typed", ["aujourd'hui", "l'Élysée", "re:/a|b/", '"24/7"', '"S&P"'])
def test_signs_inside_words_are_words(typed: str) -> None:
    assert parse_one_line(typed).terms


def test_terms_that_are_only_excluded_are_known() -> None:
    condition = parse_condition("a and not (b or c) and not not d and (not 1 of (e, b) or b near/3 a)", "abcde")

    assert {"c", "e"} == excluded(condition)


@pytest.mark.parametrize("typed", ["title:lead:a", "title:(a or not body:b)"])
def test_a_field_inside_a_field_is_refused(typed: str) -> None:
    with pytest.raises(ConditionError, match="stands inside title"):
        parse_condition(typed, "ab")


@pytest.mark.parametrize("typed", ["&shy;", "<b>", '"€ "', "=&nbsp;"])
def test_a_pattern_that_folds_to_nothing_is_refused(typed: str) -> None:
    with pytest.raises(ConditionError, match="has no letter"):
        parse_pattern(typed)


def test_a_term_of_a_one_line_rule_has_a_name_that_a_file_may_have() -> None:
    assert ["co", "x_y"] == [term.name for term in parse_one_line('"CO²" OU "x·y"').terms]
