"""What the child does with a feed. Only children import this: so the libraries are there before the time counts."""

from __future__ import annotations

import time
from base64 import b64decode
from datetime import datetime
from typing import TYPE_CHECKING, Any

import feedparser  # noqa: F401  `parse_feed` uses it

from monitor.feeds.packed import unpacked
from monitor.feeds.read import parse_feed
from monitor.feeds.wire import to_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_task"]


def parse_task(body: bytes, args: Mapping[str, Any]) -> dict[str, Any]:
    """Do `parse_feed` with its arguments and result as JSON values."""
    started_s = time.process_time()
    document = unpacked(body, max_bytes=args["max_bytes"])
    parsed = parse_feed(
        document,
        url=args["url"],
        content_type=args["content_type"],
        now=datetime.fromisoformat(args["now"]),
        traces=b64decode(args["traces"]),
    )
    return to_wire(parsed) | {"cpu_s": time.process_time() - started_s, "size_bytes": len(document)}
