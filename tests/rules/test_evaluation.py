from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import parse_condition
from rules.evaluation import Sight, distances, evidence, holds, missing, see
from rules.types import And, Condition, Count, Evidence, Field, Hit, Mask, Near, Not, Or, Ref, TermDef
from tests.rules.sights import entity, hit, scan, terms, word

NAMES = ("a", "b", "c", "d")


class Judged:
    """A condition on some hits: whether it is true, by which spans, and if not, what was missing."""

    def __init__(self, condition: Condition, sight: Sight) -> None:
        self.true = holds(condition, sight)
        self.evidence = evidence(condition, sight)
        self.missing = None if self.true else missing(condition, sight)

    @property
    def lack(self) -> str | None:
        return self.missing.fr if self.missing else None

    @property
    def at(self) -> list[tuple[str, int]]:
        return [(found.term, found.start // 10) for found in self.evidence]


def judge(condition: str, **hits: tuple[Hit, ...]) -> Judged:
    return Judged(parse_condition(condition, NAMES), Sight(hits))


ONE, TWO = (hit(0),), (hit(0), hit(5, sentence=1))


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ("a", True),
        ("c", False),
        ("not c", True),
        ("not a", False),
        ("a and b", True),
        ("a and c", False),
        ("c or b", True),
        ("c or d", False),
        ("a sauf c", True),
        ("a sauf b", False),
        ("2 of (a, b, c)", True),
        ("2 of (a, c, d)", False),
        ("1 of (a, c)", True),
        ("1 of (c, d)", False),
        ("2 of (c, d)", False),
        ("all of (a, b)", True),
        ("all of (a, c)", False),
        ("count(b) >= 2", True),
        ("count(a) >= 2", False),
        ("count(c) >= 1", False),
        ("body:a", True),
        ("title:a", False),
        ("title:not a", True),
        ("a near/4 b", True),
        ("a near/3 b", False),
        ("a near/9 c", False),
        ("c near/9 a", False),
        ("title:a near/9 b", False),
        ("body:a near/9 (c or b)", True),
        ("1 of (a, c) near/9 b", True),
        ("a same_sentence b", False),
        ("a near/4 b near/1 a", True),
    ],
)
def test_a_condition_is_judged_by_what_was_seen(condition: str, true: bool) -> None:  # noqa: FBT001 (a table's column)
    actual = judge(condition, a=ONE, b=(hit(5, sentence=1), hit(99, sentence=7)))

    assert true == actual.true
    assert true == (actual.missing is None)


@pytest.mark.parametrize(
    ("condition", "fr", "en"),
    [
        ("a and c", "terme absent : c", "missing term: c"),
        ("c or d", "aucun de ces termes : c, d", "none of these terms: c, d"),
        ("(a near/3 b) or c", "proche/3 : distance 4", "near/3: distance 4"),
        ("a near/30 (c or d)", "aucun de ces termes : c, d", "none of these terms: c, d"),
        ("a near/3 b", "proche/3 : distance 4", "near/3: distance 4"),
        ("a same_sentence b", "même_phrase : phrases différentes", "same_sentence: different sentences"),
        ("a sauf b", "exclu : b « mot »", "excluded: b “mot”"),
        ("2 of (a, c)", "2 parmi 2 : 1 seulement", "2 of 2: only 1"),
        ("2 of (c, d)", "2 parmi 2 : aucun", "2 of 2: none"),
        ("1 of (c, d)", "aucun de ces termes : c, d", "none of these terms: c, d"),
        ("count(a) >= 4", "nombre(a) : 1 < 4", "count(a): 1 < 4"),
        ("count(c) >= 4", "terme absent : c", "missing term: c"),
        ("title:a", "titre : terme absent : a", "title: missing term: a"),
    ],
)
def test_a_false_condition_says_what_was_missing(condition: str, fr: str, en: str) -> None:
    actual = judge(condition, a=ONE, b=(hit(5, sentence=1),)).missing

    assert actual is not None
    assert (fr, en) == (actual.fr, actual.en)


def test_near_never_joins_two_fields() -> None:
    actual = judge("a near/30 b", a=(hit(0, Field.TITLE),), b=(hit(0, Field.LEAD),))

    assert "proche/30 : champs différents" == actual.lack


def test_a_span_is_not_near_itself_but_overlapping_spans_are() -> None:
    assert not judge("a near/30 b", a=ONE, b=ONE).true
    assert judge("a near/0 b", a=ONE, b=(hit(0, words=3),)).true
    assert not judge("a same_sentence b", a=ONE, b=ONE).true


def test_evidence_of_near_is_the_spans_that_are_near() -> None:
    actual = judge("a near/3 b", a=(hit(0), hit(50)), b=(hit(3), hit(90)))

    assert [("a", 0), ("b", 3)] == actual.at


def test_evidence_joins_what_every_true_part_saw() -> None:
    actual = judge("(a near/3 b) and (c or d) and not title:c", a=ONE, b=(hit(2),), c=(hit(70), hit(80)))

    assert [("a", 0), ("b", 2), ("c", 70), ("c", 80)] == actual.at


def test_a_long_span_that_ends_close_counts_even_when_a_shorter_one_begins_later() -> None:
    assert judge("a near/1 b", a=(hit(20),), b=(hit(1, words=18), hit(5))).true


def test_spans_of_several_sentences_are_in_no_sentence() -> None:
    assert not judge("(a near/9 b) same_sentence c", a=ONE, b=(hit(3, sentence=1),), c=(hit(1),)).true
    assert not judge("c same_sentence (a near/9 b)", a=ONE, b=(hit(3, sentence=1),), c=(hit(1),)).true
    assert judge("(a near/9 b) same_sentence c", a=ONE, b=(hit(3),), c=(hit(5),)).true
    assert judge("c same_sentence (a same_sentence b)", a=ONE, b=(hit(3),), c=(hit(5),)).true


def test_a_condition_without_places_beside_near_is_never_near() -> None:
    assert not holds(Near(And((Ref("a"), Ref("b"))), Not(Ref("a")), 9), Sight({"a": ONE, "b": (hit(1),)}))


def test_the_negation_of_a_negation_names_nothing() -> None:
    assert Judged(Not(Not(Ref("a"))), Sight({})).lack == "exclu : "


positions = st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True)


@given(positions, positions, st.integers(0, 60))
def test_near_is_true_when_some_pair_is_near_enough(lefts: list[int], rights: list[int], words: int) -> None:
    gaps = [abs(left - right) - 1 for left in lefts for right in rights if left != right]
    actual = judge(f"a near/{words} b", a=tuple(map(hit, lefts)), b=tuple(map(hit, rights)))

    assert any(gap <= words for gap in gaps) == actual.true
    if gaps and not actual.true:
        assert f"proche/{words} : distance {min(gaps)}" == actual.lack


# --- seeing --------------------------------------------------------------------------------------------------


def test_hits_in_boilerplate_are_ignored_and_said_so() -> None:
    sight = see(terms("a"), scan({}, aside={word("a"): (hit(3, text="Kiev"),)}))

    assert {} == sight.hits
    assert Judged(Ref("a"), sight).lack == "hors article : Kiev"
    assert holds(Not(Ref("a")), sight)


def test_a_term_hidden_by_a_phrase_says_which() -> None:
    hidden = Mask("russie", Field.BODY, 0, 17, "montagnes russes")
    other = Mask("chine", Field.BODY, 30, 40, "encre de Chine")
    sight = see((TermDef("r", (word("Rus"), entity("russie"))),), scan({}, masks=(other, hidden)))

    assert Judged(Ref("r"), sight).lack == "masqué : montagnes russes"
    assert Judged(Or((Ref("r"), Ref("x"))), sight).lack == "masqué : montagnes russes"


def test_a_term_looks_in_its_fields_only() -> None:
    term = TermDef("a", (word("a"),), fields=frozenset({Field.TITLE}))
    sight = see((term,), scan({word("a"): (hit(0, Field.TITLE), hit(0))}))

    assert {"a": [hit(0, Field.TITLE)]} == sight.hits


def test_patterns_of_one_term_on_the_same_words_are_one_hit_of_the_best_strength() -> None:
    term = TermDef("a", (word("Kharkiv"), word("oblast de Kharkiv")))
    long = hit(0, words=3, text="oblast de Kharkiv", strength=0.8)
    sight = see(
        (term,), scan({word("Kharkiv"): (hit(2), hit(9), hit(2, Field.LEAD)), word("oblast de Kharkiv"): (long,)})
    )

    assert {"a": [hit(2, Field.LEAD), long._replace(strength=1.0), hit(9)]} == sight.hits


def test_evidence_carries_the_text_seen() -> None:
    actual = Judged(Count("a", 1), see(terms("a"), scan({word("a"): (hit(2, text="Mot"),)})))

    assert actual.evidence == (Evidence("a", Field.BODY, 20, 29, "Mot"),)


def test_the_distance_of_each_near_is_told() -> None:
    sight = Sight({"a": (hit(0), hit(50)), "b": (hit(4), hit(90)), "c": (hit(6, Field.TITLE),), "d": (hit(9),)})
    condition = parse_condition(
        "(a near/30 (b or d)) and not (a near/9 c) or body:(1 of (a, c) near/2 d near/5 b) or body:a near/1 b"
        " or (a near/3 b) near/4 d",
        NAMES,
    )

    assert [
        (3, 30, ("a",), ("b", "d")),
        (8, 2, ("a", "c"), ("d",)),
        (3, 1, ("a",), ("b",)),
        (3, 3, ("a",), ("b",)),
        (4, 4, ("a", "b"), ("d",)),
    ] == list(distances(condition, sight))
