"""What a page told, as JSON: between child and parent, and for `veille read --json`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.extract.read import Extracted
from monitor.model import Completeness

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_dict", "from_wire", "to_wire"]


def to_wire(extracted: Extracted) -> dict[str, Any]:
    """Return a page as JSON values."""
    return asdict(extracted) | {"published_at": _iso(extracted.published_at)}


def from_wire(told: Mapping[str, Any]) -> Extracted:
    """Return the page that `to_wire` told."""
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
