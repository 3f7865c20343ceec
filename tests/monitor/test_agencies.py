from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from monitor import extract
from monitor.agencies import AGENCIES, is_agency, is_credit, wire_of
from tests.monitor.corpus import records
from tests.monitor.credits import CREDITS, UNSEEN, Credit


def _found(credit: Credit) -> str | None:
    return wire_of(credit.text, authors=(credit.author,) if credit.author else ())


@pytest.mark.parametrize("credit", CREDITS, ids=range(len(CREDITS)))
def test_an_agency_is_credited_where_it_is_plainly_said_and_nowhere_else(credit: Credit) -> None:
    assert credit.expected == _found(credit)


def test_credits_that_nothing_was_tuned_on_are_read_as_well() -> None:
    wrong = [credit for credit in UNSEEN if _found(credit) not in {None, credit.expected}]
    missed = [credit for credit in UNSEEN if credit.expected and _found(credit) is None]
    right = sum(credit.expected is not None and credit.expected == _found(credit) for credit in UNSEEN)

    assert right / (right + len(wrong)) >= 0.98, wrong
    assert right / (right + len(missed)) >= 0.95, missed


def test_every_agency_is_read_in_a_byline_by_the_name_that_is_kept() -> None:
    assert list(AGENCIES) == [wire_of("", authors=(f"La Gazette avec {name}",)) for name in AGENCIES]


def test_of_several_agencies_the_first_is_named() -> None:
    assert wire_of("", authors=("Avec Reuters et AFP",)) == "Reuters"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("AFP", True), ("Reuters Staff", True), ("Anne Lenoir", False), ("Anne Lenoir / AFP", False), ("PC", False)],
)
def test_an_author_that_is_an_agency_is_nobody(name: str, expected: bool) -> None:  # noqa: FBT001  a column
    assert expected is is_agency(name)


@pytest.mark.parametrize(
    ("line", "expected"), [("La Gazette avec AFP", True), ("AFP", False), ("Luc Petit / AFP", False)]
)
def test_above_an_article_a_name_alone_is_no_credit(line: str, expected: bool) -> None:  # noqa: FBT001  a column
    assert expected is is_credit(line)


@pytest.mark.parametrize(
    "piece",
    ["A", " ", "AFP ", "AFP,", "(", "l'", "PARIS, ", "© ", "AFP\n", "avec ", "article publié ", "Agence ", "AFP . "],
)
def test_r3_no_text_makes_it_slow(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    began = time.thread_time()
    wire_of(text, authors=(text,))
    is_credit(text[:80])

    assert time.thread_time() - began < 0.25  # a hundredth of it is usual


def test_real_pages_credit_the_agency_that_their_byline_names() -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    found = {}
    for record, body in records("pages"):
        if record["genre"] == "news":
            found[record["id"]] = extract.read_page(body, url=record["url"], now=now).wire

    assert {name: wire for name, wire in found.items() if wire} == {
        "lemonde-fr-1955145d57": "AFP",
        "lemonde-fr-876cb8cc95": "AFP",
        "lemonde-fr-931c2aeafe": "AFP",
        "lemonde-fr-a740924064": "AFP",
    }
