"""Promise P7: a permanent redirect is remembered only after three identical answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import Feed, FeedId, FeedState, FeedStatus, PollOutcome, PollResult
from monitor.schedule import adopt_move

OLD, NEW, OTHER = (f"https://journal.example/{name}" for name in ("ancien", "nouveau", "autre"))
STATE = FeedState(FeedId(1), Feed(OLD), "journal.example", FeedStatus.ACTIVE)


@pytest.mark.parametrize(
    ("seen", "count", "moved_to", "expected"),
    [
        (None, 0, None, None),
        (None, 0, NEW, None),
        (NEW, 1, NEW, None),
        (NEW, 2, NEW, NEW),
        (NEW, 9, NEW, NEW),
        (OTHER, 2, NEW, None),
        (NEW, 2, None, None),
        (OLD, 2, OLD, None),
    ],
)
def test_P7_a_move_is_believed_after_three_identical_answers(
    seen: str | None, count: int, moved_to: str | None, expected: str | None
) -> None:
    state = replace(STATE, moved_to=seen, moved_count=count)

    adopted = adopt_move(state, PollOutcome(PollResult.PARSED, moved_to=moved_to))

    assert expected == adopted
