"""How much of a feed is kept (promise R6)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Entries of a document, and characters of their parts. `text` bounds the contents of one document together."""

    entries: int = 2000
    title: int = 500
    summary: int = 20_000
    content: int = 200_000
    text: int = 2_000_000
    guid: int = 4096
    authors: int = 20


LIMITS = Limits()
