"""What the child does with a page. Only children import this: so the libraries are there before the time counts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import trafilatura  # noqa: F401  `read_page` uses it

from monitor.extract.read import read_page
from monitor.extract.wire import to_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_task"]


def read_task(body: bytes, args: Mapping[str, Any]) -> dict[str, Any]:
    """Do `read_page` with its arguments and result as JSON values."""
    now = datetime.fromisoformat(args["now"])
    return to_wire(read_page(body, url=args["url"], content_type=args["content_type"], now=now))
