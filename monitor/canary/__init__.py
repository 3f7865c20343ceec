"""The canary: an article of our own fiction that goes the whole way, to see whether veille does its work.

Feed, page and rule are bundled; what makes each article another is a word that only it holds.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.utils import format_datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["FEED_URL", "OUTLET", "PAGE_URL", "Canary", "make_canary", "rule_files"]

FEED_URL: Final = "https://canari.invalid/flux.xml"
PAGE_URL: Final = "https://canari.invalid/releve"
OUTLET: Final = "Le Canari de la mine"


@dataclass(frozen=True, slots=True)
class Canary:
    """One article, as its feed and its page give it.

    Attributes:
        word: that no other article holds.
        feed: the document of the feed that lists it.
        page: its page.
    """

    word: str
    feed: bytes
    page: bytes


def make_canary(now: datetime) -> Canary:
    """Return an article that was published now (UTC)."""
    word = f"releve{secrets.token_hex(6)}"
    given = {"word": word, "published": format_datetime(now), "url": f"{PAGE_URL}/{word}", "iso": now.isoformat()}
    return Canary(word, _filled("feed.xml", given), _filled("page.html", given))


def rule_files() -> tuple[tuple[str, str], ...]:
    """Return the files of the rule that finds every canary, names and texts."""
    return (("canary.yaml", _text("canary.yaml")),)


def _filled(name: str, given: dict[str, str]) -> bytes:
    return _text(name).format(**given).encode()


def _text(name: str) -> str:
    return files(__package__ or "monitor.canary").joinpath(name).read_text(encoding="utf-8")
