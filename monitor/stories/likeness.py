"""How alike two articles are, and whether they are on one event. Pure; no wrong merge is worth a right one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from monitor.model import Features, Member

__all__ = ["WINDOW", "Likeness", "alike", "resemblance"]

WINDOW: Final = timedelta(hours=72)
_BYTES: Final = 4
_SAME_TEXT: Final = 0.55  # of the shingles: the same text, lightly edited
_SAME_HOUSE: Final = 0.95  # of one house, whose texts share whole passages by right
_EVENT: Final = 0.40  # of the weighed words
_EVENT_FAR: Final = 0.50  # of articles that are a day apart or more
_FAR: Final = timedelta(hours=20)
_SHARED_TERMS: Final = 4
_SHARED_TITLE: Final = 1


class Likeness(NamedTuple):
    """How alike two articles are; not `is_same_event`: they are on different events, as far as we can tell."""

    is_same_event: bool
    is_same_text: bool
    score: float  # 0 to 1; of the same text 1 and more


def resemblance(one: bytes, other: bytes) -> float:
    """Return about how many of their shingles two texts share, 0 to 1; of texts without a hash 0."""
    if not one or not other:
        return 0.0
    pairs = range(0, len(one), _BYTES)
    return sum(one[at : at + _BYTES] == other[at : at + _BYTES] for at in pairs) / len(pairs)


def alike(one: Member, other: Member) -> Likeness:
    """Return how alike two articles are."""
    mine, theirs = one.features, other.features
    near = resemblance(mine.minhash, theirs.minhash)
    is_copy = bool(mine.text) and mine.text == theirs.text
    if one.house == other.house:
        is_repeated = (is_copy or near >= _SAME_HOUSE) and _is_titled_alike(mine, theirs)
        is_same = (bool(one.url_key) and one.url_key == other.url_key) or is_repeated
        return Likeness(is_same, is_same, 1 + near if is_same else 0.0)
    apart = abs(one.at - other.at)
    if apart > WINDOW or mine.kind is not theirs.kind:
        return Likeness(is_same_event=False, is_same_text=False, score=0.0)
    # what a short text says may be said of anything: that the rest is for subscribers, say
    is_copy = is_copy and (bool(mine.minhash) or _is_titled_alike(mine, theirs))
    if is_copy or near >= _SAME_TEXT:
        return Likeness(is_same_event=True, is_same_text=True, score=2.0 if is_copy else 1 + near)
    score = _cosine(mine, theirs)
    return Likeness(_is_event(mine, theirs, score, apart), is_same_text=False, score=score)


def _is_titled_alike(mine: Features, theirs: Features) -> bool:
    """Return whether two titles share most of their words, and every number."""
    one, other = set(mine.title), set(theirs.title)
    return bool(one) and 2 * len(one & other) > max(len(one), len(other)) and mine.numbers == theirs.numbers


def _cosine(mine: Features, theirs: Features) -> float:
    weights = dict(theirs.terms)
    return sum(weight * weights[term] for term, weight in mine.terms if term in weights)


def _is_event(mine: Features, theirs: Features, score: float, apart: timedelta) -> bool:
    if score < (_EVENT_FAR if apart >= _FAR else _EVENT):
        return False
    shared = {term for term, _ in mine.terms} & {term for term, _ in theirs.terms}
    titles = set(mine.title) & set(theirs.title)
    named = set(mine.names) & set(theirs.names)
    return len(shared) >= _SHARED_TERMS and len(titles) >= _SHARED_TITLE and bool(named)
