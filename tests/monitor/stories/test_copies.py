"""Whose text an article repeats."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Grouped
from monitor.stories import copied_from, features_of
from tests.monitor.stories.test_assign import candidate, features, member
from tests.monitor.stories.test_stories import SEEN

ALONE = Grouped("gazette.example", "", SEEN, features_of("Titre", "", "Texte"), ())


def test_a_text_that_nobody_had_is_its_own() -> None:
    found = candidate(member(1, features()))

    assert copied_from(None, [found]) is None
    assert copied_from(ALONE, [found]) is None


def test_a_text_is_of_the_house_that_had_it_first() -> None:
    first, second = member(1, features()), replace(member(2, features(), house="phare.example"), text_id=1)
    copy = replace(ALONE, same_text_as=1)

    assert "radio.example" == copied_from(copy, [candidate(first, second)])
    assert "phare.example" == copied_from(copy, [candidate(second)])  # the first is not among those that are known
    assert copied_from(replace(copy, house="radio.example"), [candidate(first, second)]) is None
    assert copied_from(copy, [candidate(member(7, features()))]) is None
