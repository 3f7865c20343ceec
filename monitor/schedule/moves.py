"""Where a feed is polled: a new address is believed after a while, and given up when it fails (promise P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import PollResult

if TYPE_CHECKING:
    from monitor.model import FeedState, PollOutcome

__all__ = ["FAILURES_NEEDED", "MOVES_NEEDED", "adopt_move", "next_address"]

MOVES_NEEDED = 3
FAILURES_NEEDED = 3


def next_address(state: FeedState, outcome: PollOutcome) -> str:
    """Return the address to poll from now on.

    That is the one that the feed moved to for good, or again the declared one where a new one is gone or failed
    `FAILURES_NEEDED` times in a row; else the same as before.

    Args:
        state: the feed before this poll.
        outcome: what this poll gave.
    """
    if outcome.kind is not PollResult.FAILED:
        return adopt_move(state, outcome) or state.address
    is_lost = outcome.reason is Reason.GONE or state.failures + 1 >= FAILURES_NEEDED
    return state.feed.url if is_lost else state.address


def adopt_move(state: FeedState, outcome: PollOutcome) -> str | None:
    """Return the address to poll from now on, once enough polls in a row were sent there for good.

    Args:
        state: the feed before this poll.
        outcome: what this poll gave.

    Returns:
        The new address after `MOVES_NEEDED` identical permanent redirects in a row, else None. Never one that gives up
        TLS: whoever can redirect once would be asked in the clear from then on.
    """
    if outcome.moved_to is None or outcome.moved_to == state.address:
        return None
    if state.address.startswith("https:") and not outcome.moved_to.startswith("https:"):
        return None
    seen = state.moved_count + 1 if outcome.moved_to == state.moved_to else 1
    return outcome.moved_to if seen >= MOVES_NEEDED else None
