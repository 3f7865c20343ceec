"""How rare a term is in the press."""

from __future__ import annotations

from monitor.stories.rarity import rarity
from tests.monitor.stories.frequencies import FILE, lines


def test_what_was_read_tells_more_than_what_was_known() -> None:
    unread, read = rarity({}), rarity({"": 20_000, "inconnu": 2_000})

    assert unread("guerre") < unread("kharki") < unread("inconnu")
    assert read("inconnu") < unread("inconnu")
    assert read("jamais") > unread("jamais")


def test_the_known_frequencies_are_those_of_our_graded_articles() -> None:
    """`python -m tests.monitor.stories.frequencies` writes them anew."""
    assert lines() == FILE.read_text(encoding="utf-8").splitlines()
