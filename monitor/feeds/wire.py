"""A `ParsedFeed` as JSON: between child and parent, and for `veille feeds parse --json`."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.feeds.limits import LIMITS
from monitor.model import Entry, Hints, ParsedFeed
from monitor.text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_dict", "from_wire", "to_wire"]

_INSTANTS = ("published_at", "updated_at")
_TUPLES = ("keys", "authors")
_SKIPS = ("skip_hours", "skip_days")


def to_wire(parsed: ParsedFeed) -> dict[str, Any]:
    """Return a feed as JSON values."""
    told = asdict(parsed)
    for entry in told["entries"]:
        entry.update({name: _iso(entry[name]) for name in _INSTANTS})
    return told | {"traces": b64encode(parsed.traces).decode("ascii")}


def from_wire(told: Mapping[str, Any]) -> ParsedFeed:
    """Return the feed that `to_wire` told."""
    entries = tuple(
        Entry(
            **entry
            | {name: entry[name] and datetime.fromisoformat(entry[name]) for name in _INSTANTS}
            | {name: tuple(entry[name]) for name in _TUPLES}
        )
        for entry in told["entries"]
    )
    hints = told["hints"]
    skips = {name: tuple(hints[name]) for name in _SKIPS}
    unpacked = {
        "entries": entries,
        "parts": tuple(told["parts"]),
        "hints": Hints(**{**hints, **skips}),
        "traces": b64decode(told["traces"]),
    }
    return ParsedFeed(**{**told, **unpacked})


def as_dict(parsed: ParsedFeed) -> dict[str, Any]:
    """Return the feed as `veille feeds parse` prints it: format, title, and entries with dates in UTC or null.

    An entry's `id` is its guid, else its link, else a hash of what it says.
    """
    return {
        "format": parsed.format or None,
        "title": parsed.title,
        "entries": [
            {
                "id": entry.guid or entry.link or entry.keys[0],
                "link": entry.link,
                "title": entry.title or None,
                "summary": entry.summary or clip(entry.content, LIMITS.summary),
                "published_at": _iso(entry.published_at),
                "updated_at": _iso(entry.updated_at),
            }
            for entry in parsed.entries
        ],
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
