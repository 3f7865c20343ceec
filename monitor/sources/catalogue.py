"""The French-language press as a catalogue of feeds: facts in `catalogue.csv`, one feed a line.

A feed that is on by default was seen alive lately, or is listed by four sources or more; the others are there to be
found. Catalogue feeds obey robots.txt (promise P4), so they are not `typed`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from monitor.model import Feed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COUNTRIES", "KINDS", "CatalogueFeed", "catalogue", "search", "selection"]

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
# Countries of the catalogue, as people type them.
COUNTRIES: dict[str, str] = {
    "BE": "Belgique",
    "CA": "Canada Québec",
    "CH": "Suisse",
    "DE": "Allemagne",
    "DZ": "Algérie",
    "EU": "Europe",
    "FR": "France",
    "GA": "Gabon",
    "GB": "Royaume-Uni",
    "GN": "Guinée",
    "LB": "Liban",
    "LU": "Luxembourg",
    "MA": "Maroc",
    "MG": "Madagascar",
    "MU": "Maurice",
    "NE": "Niger",
    "SN": "Sénégal",
    "TN": "Tunisie",
    "UA": "Ukraine",
}
_SHORT = 2
_WORD = re.compile(r"\w+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class CatalogueFeed:
    """A feed of the catalogue. `country` is a key of `COUNTRIES` (ISO 3166-1 alpha-2), `language` ISO 639-1."""

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
    """Return the feeds that hold every word, in any order, in outlet, section, kind, country or address.

    Case, accents, hyphens and apostrophes do not count. A word of one or two letters is looked for whole. Feeds whose
    outlet has all the words come first.

    Examples:
        >>> sorted({found.outlet for found in search("SUD-ouest")})
        ['Sud Ouest']
    """
    wanted = _words(words)
    if not wanted:
        return ()
    found = [known for known in catalogue() if _holds(wanted, known.outlet, known.section, *_facts(known))]
    return tuple(sorted(found, key=lambda known: not _holds(wanted, known.outlet)))


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


def _facts(known: CatalogueFeed) -> tuple[str, ...]:
    return known.kind, KINDS[known.kind], known.country, COUNTRIES[known.country], known.url


def _holds(wanted: Sequence[str], *texts: str) -> bool:
    words = [word for text in texts for word in _words(text)]
    whole = " ".join(words)
    return all(word in words if len(word) <= _SHORT else word in whole for word in wanted)


def _words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_LIGATURES)
    return _WORD.findall("".join(mark for mark in decomposed if not unicodedata.combining(mark)))
