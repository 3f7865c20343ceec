"""Named selections of the press, as `veille init` offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.errors import SourceError
from monitor.sources.catalogue import selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Feed

__all__ = ["PRESETS", "Preset", "preset_feeds"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named part of the press; empty kinds or countries mean all."""

    name: str
    description: str
    kinds: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()

    def feeds(self) -> tuple[Feed, ...]:
        """Return its feeds."""
        return selection(self.kinds, self.countries, self.outlets)


_AFRICA = ("DZ", "GA", "GN", "MA", "MG", "MU", "NE", "SN", "TN")

PRESETS: tuple[Preset, ...] = (
    Preset("nationale", "quotidiens, presse en ligne et économique de France", ("daily", "online", "economy"), ("FR",)),
    Preset("régions", "presse régionale de France", ("regional",), ("FR",)),
    Preset("magazines", "hebdomadaires et mensuels de France", ("magazine",), ("FR",)),
    Preset("audiovisuel", "radios et télévisions de France et d'Europe", ("broadcaster",), ("FR", "EU", "GB", "DE")),
    Preset("agences", "agences de presse", ("agency",)),
    Preset("spécialisée", "culture, sciences, sport, technologies", ("specialist", "official"), ("FR",)),
    Preset("belgique", "presse francophone de Belgique", (), ("BE",)),
    Preset("suisse", "presse romande", (), ("CH",)),
    Preset("québec", "presse francophone du Canada", (), ("CA",)),
    Preset("afrique", "presse francophone d'Afrique", (), _AFRICA, ("Jeune Afrique",)),
    Preset("tout", "tout ce qui précède"),
)


def preset_feeds(names: Sequence[str]) -> tuple[Feed, ...]:
    """Return the feeds of several presets, each once, by section.

    Raises:
        SourceError: a name that is no preset.
    """
    known = {preset.name: preset for preset in PRESETS}
    for name in names:
        if name not in known:
            raise SourceError(f"{name!r}: no such selection of the press; there are {', '.join(known)}")
    wanted = {feed.url for name in names for feed in known[name].feeds()}
    return tuple(feed for feed in selection() if feed.url in wanted)
