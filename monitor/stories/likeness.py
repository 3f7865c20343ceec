"""How alike two articles are, and how likely it is that they are on one event. Pure."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.model import Features, Member

__all__ = ["NEVER", "WINDOW", "Likeness", "alike", "evidence", "is_copy", "resemblance"]

NEVER: Final = -math.inf

WINDOW: Final = timedelta(hours=72)
_BYTES: Final = 4
_SAME_TEXT: Final = 0.55  # of the shingles: the same text, lightly edited
_SAME_HEADS: Final = 0.1  # of their titles and leads, if they are to be one text
_SAME_HOUSE: Final = 0.95  # of one house, whose texts share whole passages by right
_SAME_SCORE: Final = 100.0  # beyond any log-odds
_FEW_TERMS: Final = 12  # of fewer, a title say, a likeness says too little
_NO_NAME: Final = -9.0
_TELLING: Final = 3.1  # the rarity of a name that is no country's and no capital's: fewer than 5 articles of 100 say it
_NONE_TELLING: Final = -2.0  # where they have no such name in common: a war or an election has many events
_LEAST_COSINE: Final = 0.02
_LATE: Final = timedelta(hours=13)  # as a rule, what comes later tells of what came after

# A logistic regression on the pairs of the tuning sets (tests/monitor/stories), that are no copies and not more than 36
# hours apart: `python -m tests.monitor.stories.fit`.
_BIAS: Final = 10.73
_COSINE: Final = 4.13  # for each e-fold of the cosine of the rarities of their terms
_HEADS: Final = 0.81  # for each e-fold of the same of their titles and leads
_CONFLICT: Final = -0.58  # for each thing that they count differently
_ELSEWHERE: Final = -0.18  # for the rarity of the names in the head of each that the other does not say; the lesser
_IS_LATE: Final = -5.70
_SINCE: Final = -3.91  # the title of the second says what has happened since
_WEIGHTS: Final = (_COSINE, _HEADS, _CONFLICT, _ELSEWHERE, _IS_LATE, _SINCE)


class Likeness(NamedTuple):
    """How alike two articles are."""

    is_same_text: bool
    score: float  # the log-odds that they are on one event; NEVER: they cannot be


def resemblance(one: bytes, other: bytes) -> float:
    """Return about how many of their shingles two texts share, 0 to 1; of texts without a hash 0."""
    if not one or not other:
        return 0.0
    pairs = range(0, len(one), _BYTES)
    return sum(one[at : at + _BYTES] == other[at : at + _BYTES] for at in pairs) / len(pairs)


def alike(one: Member, other: Member) -> Likeness:
    """Return how alike two articles are. Of one house, only the same text or address is the same event."""
    mine, theirs = one.features, other.features
    near = resemblance(mine.minhash, theirs.minhash)
    if one.house == other.house:
        is_repeated = (_is_verbatim(mine, theirs) or near >= _SAME_HOUSE) and _is_titled_alike(mine, theirs)
        is_same = (bool(one.url_key) and one.url_key == other.url_key) or is_repeated
        return Likeness(is_same, _SAME_SCORE + near if is_same else NEVER)
    first, then = sorted((one, other), key=lambda member: member.at)
    apart = then.at - first.at
    if apart > WINDOW or mine.kind is not theirs.kind:
        return Likeness(is_same_text=False, score=NEVER)
    if is_copy(mine, theirs):
        return Likeness(is_same_text=True, score=_SAME_SCORE + near)
    if min(len(mine.terms), len(theirs.terms)) < _FEW_TERMS:
        return Likeness(is_same_text=False, score=NEVER)
    return Likeness(is_same_text=False, score=_log_odds(first.features, then.features, apart))


def is_copy(mine: Features, theirs: Features) -> bool:
    """Return whether two articles have one text, lightly edited."""
    if resemblance(mine.minhash, theirs.minhash) >= _SAME_TEXT:
        return _heads(mine, theirs) >= _SAME_HEADS  # who pastes a dispatch below news of another event copies nothing
    # what a short text says may be said of anything: that the rest is for subscribers, say
    return _is_verbatim(mine, theirs) and (bool(mine.minhash) or _is_titled_alike(mine, theirs))


def _is_verbatim(mine: Features, theirs: Features) -> bool:
    return bool(mine.text) and mine.text == theirs.text


def _is_titled_alike(mine: Features, theirs: Features) -> bool:
    """Return whether two titles share most of their words, and every number."""
    one, other = set(mine.title), set(theirs.title)
    return bool(one) and 2 * len(one & other) > max(len(one), len(other)) and mine.numbers == theirs.numbers


def _log_odds(first: Features, then: Features, apart: timedelta) -> float:
    """Return the log-odds that two articles are on one event; where they have no name in common, they hardly are."""
    ours, others = dict(first.terms), dict(then.terms)
    named = {*first.names, *then.names} & ours.keys() & others.keys()
    if not named:
        return _NO_NAME
    likely = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS, evidence(first, then, apart), strict=True))
    is_telling = max(min(ours[name], others[name]) for name in named) >= _TELLING
    return likely if is_telling else likely + _NONE_TELLING


def evidence(first: Features, then: Features, apart: timedelta) -> tuple[float, ...]:
    """Return what speaks for and against one event, in the order of the weights.

    Args:
        first: an article.
        then: another, which came out no sooner.
        apart: by how much.
    """
    ours, others = dict(first.terms), dict(then.terms)
    return (
        math.log(_LEAST_COSINE + _cosine(ours, others)),
        math.log(_LEAST_COSINE + _heads(first, then)),
        float(_conflicts(first, then)),
        min(_unsaid(first, ours, others), _unsaid(then, others, ours)),
        float(apart > _LATE),
        float(not set(then.title_developments) <= set(first.head_developments)),
    )


def _heads(mine: Features, theirs: Features) -> float:
    """Return how alike the titles and leads are, 0 to 1."""
    return _cosine(_of(mine.head, dict(mine.terms)), _of(theirs.head, dict(theirs.terms)))


def _of(terms: Sequence[str], rare: Mapping[str, float]) -> dict[str, float]:
    return {term: rare[term] for term in terms if term in rare}


def _cosine(ours: Mapping[str, float], others: Mapping[str, float]) -> float:
    lengths = math.hypot(*ours.values()) * math.hypot(*others.values())
    return sum(rare * others[term] for term, rare in ours.items() if term in others) / lengths if lengths else 0.0


def _unsaid(features: Features, ours: Mapping[str, float], others: Mapping[str, float]) -> float:
    """Return the rarity of the names in an article's head that another does not say."""
    head = set(features.head)
    return sum(ours[name] for name in features.names if name in head and name not in others)


def _conflicts(mine: Features, theirs: Features) -> int:
    """Return how many things two articles count, and none alike: the dead, say."""
    counts: dict[str, set[str]] = {}
    for value, what in theirs.numbers:
        counts.setdefault(what, set()).add(value)
    ours: dict[str, set[str]] = {}
    for value, what in mine.numbers:
        if what and what in counts:
            ours.setdefault(what, set()).add(value)
    return sum(values.isdisjoint(counts[what]) for what, values in ours.items())
