"""When a feed is polled next. Pure: the store keeps the answer as a column, and a tick reads it."""

from __future__ import annotations

from monitor.schedule.lanes import (
    FEED_LIMITS,
    PAGE_LIMITS,
    Limits,
    is_heavy,
    lane_of,
    slows_its_host,
    wants_slow_lane,
)
from monitor.schedule.moves import MOVES_NEEDED, next_address
from monitor.schedule.outage import OUTAGE_WAIT, Network, is_unreachable, look, probes, reached
from monitor.schedule.polls import next_check, wants_unconditional

__all__ = [
    "FEED_LIMITS",
    "MOVES_NEEDED",
    "OUTAGE_WAIT",
    "PAGE_LIMITS",
    "Limits",
    "Network",
    "is_heavy",
    "is_unreachable",
    "lane_of",
    "look",
    "next_address",
    "next_check",
    "probes",
    "reached",
    "slows_its_host",
    "wants_slow_lane",
    "wants_unconditional",
]
