"""A feed's bytes become entries, in a killable child process (promises I1 to I5, I10, R3, R6).

`parse_feed` is the pure function; `parse` is the same through a pool of workers. feedparser is imported in the child
only.
"""

from __future__ import annotations

from monitor.feeds.absent import left_out, names
from monitor.feeds.identity import address_keys
from monitor.feeds.parts import with_parts
from monitor.feeds.read import parse_feed
from monitor.feeds.remote import MAX_BYTES, parse, worker_pool
from monitor.feeds.wire import as_dict

__all__ = [
    "MAX_BYTES",
    "address_keys",
    "as_dict",
    "left_out",
    "names",
    "parse",
    "parse_feed",
    "with_parts",
    "worker_pool",
]
