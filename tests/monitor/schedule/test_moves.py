"""Promise P7: a permanent redirect is remembered only after three identical answers, and given up when it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import Reason
from monitor.model import Feed, FeedId, FeedState, FeedStatus, PollOutcome, PollResult
from monitor.schedule import next_address

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

    address = next_address(state, PollOutcome(PollResult.PARSED, moved_to=moved_to))

    assert (expected or OLD) == address


def test_P7_a_feed_that_moved_may_move_on_or_back() -> None:
    moved = replace(STATE, polled_url=NEW, moved_to=OTHER, moved_count=2)

    assert NEW == next_address(moved, PollOutcome(PollResult.NOT_MODIFIED))
    assert OTHER == next_address(moved, PollOutcome(PollResult.PARSED, moved_to=OTHER))
    assert OLD == next_address(replace(moved, moved_to=OLD), PollOutcome(PollResult.PARSED, moved_to=OLD))


def test_S7_a_move_that_gives_up_tls_is_never_believed() -> None:
    plain = NEW.replace("https:", "http:")
    state = replace(STATE, moved_to=plain, moved_count=9)

    assert OLD == next_address(state, PollOutcome(PollResult.PARSED, moved_to=plain))


@pytest.mark.parametrize(
    ("reason", "failures", "expected"),
    [(Reason.GONE, 0, OLD), (Reason.TIMEOUT, 0, NEW), (Reason.TIMEOUT, 1, NEW), (Reason.HTTP_4XX, 2, OLD)],
)
def test_P7_a_new_address_that_fails_is_given_up_for_the_declared_one(
    reason: Reason, failures: int, expected: str
) -> None:
    state = replace(STATE, polled_url=NEW, failures=failures)

    address = next_address(state, PollOutcome(PollResult.FAILED, reason=reason))

    assert expected == address
