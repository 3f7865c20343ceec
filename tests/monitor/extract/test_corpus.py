"""40 real French pages, with what was expected of them by the projects that they come from."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.extract import Extracted, read_page
from tests.monitor.corpus import letters, records

NOW = datetime(2026, 11, 1, tzinfo=UTC)

Pages = list[tuple[dict[str, Any], Extracted]]


pytestmark = pytest.mark.untraced


@pytest.fixture(scope="module")
def pages() -> Pages:
    return [(record, read_page(body, url=record["url"], now=NOW)) for record, body in records("pages")]


def token_f1(told: str, expected: str) -> float:
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (told, expected))
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def test_the_texts_are_those_that_were_marked_by_hand(pages: Pages) -> None:
    scores = [token_f1(told.text, record["expected"]["text"]) for record, told in pages if "text" in record["expected"]]

    assert sum(scores) / len(scores) >= 0.99  # measured .998; trafilatura's default: .986


def test_marked_segments_are_kept_or_left_out(pages: Pages) -> None:
    kept, strayed, missed = 0, 0, 0
    for record, told in pages:
        text = " ".join(told.text.split())
        present = [" ".join(each.split()) in text for each in record["expected"].get("with", [])]
        kept, missed = kept + sum(present), missed + present.count(False)
        strayed += sum(" ".join(each.split()) in text for each in record["expected"].get("without", []))

    assert (kept, missed, strayed) == (29, 0, 0)  # trafilatura's default: 28, 1, 1


def test_titles_are_the_expected_ones(pages: Pages) -> None:
    judged = [
        letters(told.title) == letters(record["expected"]["title"])
        for record, told in pages
        if "title" in record["expected"]
    ]

    assert judged.count(False) <= 1  # measured 18 of 19: one page's own heading differs from its metadata


def test_dates_are_the_expected_ones(pages: Pages) -> None:
    judged = []
    for record, told in pages:
        if "date" in record["expected"]:
            stated = datetime.fromisoformat(record["expected"]["date"])
            stated = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
            assert told.published_at is not None, record["id"]
            judged.append(stated.date() == told.published_at.date() or stated == told.published_at)

    assert judged.count(False) == 0  # measured 28 of 28


def test_authors_are_the_expected_ones(pages: Pages) -> None:
    judged = [
        all(letters(name) in letters(" ".join(told.authors)) for name in record["expected"]["authors"])
        for record, told in pages
        if "authors" in record["expected"]
    ]

    assert judged.count(True) >= 11  # measured 12 of 15; one expects the outlet, two more name others than the page


def test_every_page_is_french_and_none_is_taken_for_a_wall(pages: Pages) -> None:
    assert {told.language for _, told in pages} == {"fr"}
