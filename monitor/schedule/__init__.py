"""When a feed is polled next. Pure: the store keeps the answer as a column, and a tick reads it."""

from __future__ import annotations

from monitor.schedule.moves import MOVES_NEEDED, adopt_move
from monitor.schedule.polls import lane_of, next_check, wants_unconditional

__all__ = ["MOVES_NEEDED", "adopt_move", "lane_of", "next_check", "wants_unconditional"]
