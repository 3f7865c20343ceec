"""When a feed's new address is believed (promise P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.model import FeedState, PollOutcome

__all__ = ["MOVES_NEEDED", "adopt_move"]

MOVES_NEEDED = 3


def adopt_move(state: FeedState, outcome: PollOutcome) -> str | None:
    """Return the address to poll from now on, once enough polls in a row were sent there for good.

    Args:
        state: the feed before this poll.
        outcome: what this poll gave.

    Returns:
        The new address after `MOVES_NEEDED` identical permanent redirects in a row, else None.
    """
    if outcome.moved_to is None or outcome.moved_to == state.feed.url:
        return None
    seen = state.moved_count + 1 if outcome.moved_to == state.moved_to else 1
    return outcome.moved_to if seen >= MOVES_NEEDED else None
