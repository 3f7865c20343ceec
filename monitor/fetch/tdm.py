"""Reservations of text and data mining, as TDMRep says them (final report of 2024-05-10; promise P5)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO_RESERVATIONS", "TdmRules", "parse_tdmrep", "reserves_by_header", "reserves_by_meta"]

_MAX_RULES = 10_000
_MAX_META_BYTES = 65_536
_META = re.compile(rb"<meta\s([^>]{0,500})>", re.IGNORECASE)
_NAME = re.compile(rb"\bname\s*=\s*[\"']?tdm-reservation\b", re.IGNORECASE)
_CONTENT = re.compile(rb"\bcontent\s*=\s*[\"']?\s*1(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TdmRules:
    """The `/.well-known/tdmrep.json` of a site: location patterns and whether each is reserved."""

    rules: tuple[tuple[str, bool], ...] = ()

    def reserves(self, path: str) -> bool:
        """Return whether a path is reserved: the longest pattern that matches decides, a reservation wins a tie.

        Args:
            path: path and query, percent-encoded.

        Examples:
            >>> TdmRules((("/", True), ("/libre/", False))).reserves("/libre/carte.html")
            False
        """
        found = [(len(pattern), reserved) for pattern, reserved in self.rules if matches(pattern, path)]
        return max(found, default=(0, False))[1]


NO_RESERVATIONS = TdmRules()


def parse_tdmrep(body: bytes) -> TdmRules:
    """Read a tdmrep.json; what is not understood reserves nothing."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return NO_RESERVATIONS
    if not isinstance(document, list):
        return NO_RESERVATIONS
    return TdmRules(
        tuple(
            (item["location"], item.get("tdm-reservation") in (1, "1"))
            for item in document[:_MAX_RULES]
            if isinstance(item, dict) and isinstance(item.get("location"), str)
        )
    )


def matches(pattern: str, path: str) -> bool:
    """Return whether a location pattern matches a path: a prefix, `*` for anything, a final `$` for the end.

    Time is linear in the path for each part of the pattern; there is no backtracking.

    Examples:
        >>> matches("/*.pdf$", "/2026/rapport.pdf"), matches("/monde", "/monde/asie"), matches("/a*b$", "/ab/c")
        (True, True, False)
    """
    is_anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return path == first or not is_anchored
    at = len(first)
    for part in rest[:-1]:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if is_anchored:
        return len(path) - len(rest[-1]) >= at and path.endswith(rest[-1])
    return path.find(rest[-1], at) >= 0


def reserves_by_header(headers: Mapping[str, str]) -> bool:
    """Return whether an answer's headers (names in lower case) reserve it."""
    return headers.get("tdm-reservation", "").strip() == "1"


def reserves_by_meta(body: bytes) -> bool:
    """Return whether a page says early in its HTML that it is reserved.

    Examples:
        >>> reserves_by_meta(b'<head><meta content="1" name="tdm-reservation">')
        True
    """
    return any(_NAME.search(meta) and _CONTENT.search(meta) for meta in _META.findall(body[:_MAX_META_BYTES]))
