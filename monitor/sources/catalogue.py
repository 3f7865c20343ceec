"""The French-language press as a catalogue of feeds: facts in `catalogue.csv`, one feed a line.

A feed that is on by default was seen alive lately, or is listed by four sources or more; the others are there to be
found. Catalogue feeds obey robots.txt (promise P4), so they are not `typed`.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from monitor.model import Feed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "CatalogueFeed", "catalogue", "search", "selection"]

# Kinds of outlet, and the section of the feeds file that they go to.
KINDS: dict[str, str] = {
    "daily": "Quotidiens",
    "regional": "Presse régionale",
    "magazine": "Magazines",
    "broadcaster": "Audiovisuel",
    "agency": "Agences",
    "online": "Presse en ligne",
    "economy": "Économie",
    "specialist": "Presse spécialisée",
    "official": "Sources officielles",
}
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class CatalogueFeed:
    """A feed of the catalogue. `country` is ISO 3166-1 alpha-2 (EU: European), `language` ISO 639-1."""

    outlet: str
    country: str
    kind: str
    section: str
    language: str
    url: str
    default: bool

    def feed(self) -> Feed:
        """Return it as a feed to declare."""
        return Feed(
            url=self.url,
            title=f"{self.outlet} – {self.section}" if self.section else self.outlet,
            outlet=self.outlet,
            country=self.country,
            kind=self.kind,
            language=self.language,
            section=KINDS[self.kind],
            typed=False,
        )


def catalogue() -> tuple[CatalogueFeed, ...]:
    """Return the whole catalogue, by outlet, front page first."""
    text = files(__package__).joinpath("catalogue.csv").read_text(encoding="utf-8")
    return tuple(
        CatalogueFeed(
            outlet=row["outlet"],
            country=row["country"],
            kind=row["kind"],
            section=row["section"],
            language=row["language"],
            url=row["url"],
            default=row["default"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )


def search(words: str) -> tuple[CatalogueFeed, ...]:
    """Return the feeds whose outlet, section or address holds every word, in any order; case and accents do not count.

    Examples:
        >>> sorted({found.outlet for found in search("SUD ouest")})
        ['Sud Ouest']
    """
    wanted = _folded(words).split()
    return tuple(known for known in catalogue() if wanted and all(word in _searchable(known) for word in wanted))


def selection(
    kinds: Sequence[str] = (), countries: Sequence[str] = (), outlets: Sequence[str] = ()
) -> tuple[Feed, ...]:
    """Return the feeds that are on by default, by section.

    Args:
        kinds: names of `KINDS`; none means all.
        countries: ISO codes; none means all.
        outlets: names of outlets to take as well, whatever their kind and country.
    """
    chosen = [
        known.feed()
        for known in catalogue()
        if known.default
        and (
            known.outlet in outlets
            or ((not kinds or known.kind in kinds) and (not countries or known.country in countries))
        )
    ]
    order = list(KINDS.values())
    return tuple(sorted(chosen, key=lambda feed: order.index(feed.section or "")))


def _searchable(known: CatalogueFeed) -> str:
    return _folded(f"{known.outlet} {known.section} {known.url}")


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'")).translate(_LIGATURES)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))
