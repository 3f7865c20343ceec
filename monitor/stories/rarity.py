"""How rare a term is in the press. Pure."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from monitor.stories.terms import stem
from monitor.stories.words import COMMON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["rarity"]

# Until enough was read, as if so many articles had been, with each common word in a tenth of them.
_PRIOR_ARTICLES: Final = 500.0
_PRIOR_COMMON: Final = 0.10
_COMMON_TERMS: Final = frozenset(map(stem, COMMON))


@cache
def _frequencies() -> tuple[dict[str, float], float]:
    """Return in how many articles of our own each term was, and how many there were; see frequencies.txt."""
    lines = files(__package__).joinpath("frequencies.txt").read_text(encoding="utf-8").splitlines()
    counts = {term: float(count) for term, count in (line.split() for line in lines if not line.startswith("#"))}
    return counts, counts.pop("*")


def rarity(counts: Mapping[str, int]) -> Callable[[str], float]:
    """Return what tells the rarity of a term: the logarithm of how many articles there are to one that has it.

    Args:
        counts: in how many articles of late each term was, and under the empty word how many there were; what is
            not there was in none.
    """
    known, articles = _frequencies()
    whole = counts.get("", 0) + _PRIOR_ARTICLES + articles + 1

    def of(term: str) -> float:
        prior = _PRIOR_COMMON * _PRIOR_ARTICLES if term in _COMMON_TERMS else 0.0
        return math.log(whole / (counts.get(term, 0) + known.get(term, 0.0) + prior + 1))

    return of
