"""What a page told, as JSON: between child and parent, and for `veille read --json`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.extract.read import Extracted, read_page
from monitor.model import Completeness

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_dict", "from_wire", "read_task"]


def read_task(body: bytes, args: Mapping[str, Any]) -> dict[str, Any]:
    """Read a page in the child: `read_page` with its arguments and result as JSON values."""
    now = datetime.fromisoformat(args["now"])
    told = asdict(read_page(body, url=args["url"], content_type=args["content_type"], now=now))
    return told | {"published_at": _iso(told["published_at"])}


def from_wire(told: Mapping[str, Any]) -> Extracted:
    """Return what `read_task` told, as a value."""
    return Extracted(
        **{
            **told,
            "authors": tuple(told["authors"]),
            "completeness": Completeness(told["completeness"]),
            "published_at": told["published_at"] and datetime.fromisoformat(told["published_at"]),
        }
    )


def as_dict(extracted: Extracted) -> dict[str, Any]:
    """Return a page as `veille read` prints it: `text` is the body without the lead; the date is UTC or null."""
    return {
        "url": extracted.url,
        "title": extracted.title or None,
        "published_at": _iso(extracted.published_at),
        "authors": list(extracted.authors),
        "language": extracted.language,
        "completeness": extracted.completeness.value,
        "lead": extracted.lead,
        "text": extracted.body,
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
