"""The words of digests and of what was held, in French and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.model import Why

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENGLISH_DIGESTS", "FRENCH_DIGESTS", "DigestWords"]


@dataclass(frozen=True, slots=True)
class DigestWords:
    """Pairs are for one and for several."""

    subject: str  # takes `day`, `time`
    held: Mapping[Why, str]  # what the messages were held by
    stories: tuple[str, str]  # takes `count`
    of_which: tuple[str, str]  # takes `count`, `level`: of several stories, some have it
    all_of: tuple[str, str]  # takes `level`: every story has it
    nothing: str
    failing: tuple[str, str]  # takes `count`
    near: str  # takes `count`
    more_near: str  # takes `count`
    state: str  # takes `since`
    sources: tuple[str, str]  # takes `well`, `feeds`
    down: str  # takes `names`
    gap: str  # takes `source`, `since`, `until`
    partial: tuple[str, str]  # takes `partial`, `articles`
    silenced: tuple[str, str]  # takes `count`
    others: tuple[str, str]  # takes `count`: outlets beside the first
    grown: tuple[str, str]  # takes `count`: outlets in all
    budget: str  # takes `until`, a time of the same day
    budget_later: str  # takes `until`


FRENCH_DIGESTS = DigestWords(
    subject="Veille du {day}, {time}",
    held={
        Why.DIGEST: "Retenu jusqu'au bulletin",
        Why.QUIET_HOURS: "Heures calmes terminées",
        Why.GROUP_WAIT: "Regroupé",
        Why.COOLDOWN: "Depuis le dernier message",
        Why.GROWTH: "Depuis le dernier message",
        Why.BUDGET: "Au-delà du budget",
    },
    stories=("{count} sujet", "{count} sujets"),
    of_which=(" dont {count} {level}", " dont {count} {level}s"),
    all_of=(", {level}", ", tous {level}s"),
    nothing="rien à signaler",
    failing=("{count} source en panne", "{count} sources en panne"),
    near="RECALÉS DE PEU ({count})",
    more_near="et {count} de plus",
    state="ÉTAT DEPUIS LE {since}",
    sources=("{well} source sur {feeds}", "{well} sources sur {feeds}"),
    down="en panne : {names}",
    gap="Trou possible : {source}, {since}–{until}",
    partial=(
        "texte partiel : {partial} article sur {articles}",
        "texte partiel : {partial} articles sur {articles}",
    ),
    silenced=("MIS EN SOURDINE ({count} alerte)", "MIS EN SOURDINE ({count} alertes)"),
    others=("+ {count} titre", "+ {count} titres"),
    grown=("repris par {count} titre", "repris par {count} titres"),
    budget="budget atteint : la suite à {until}",
    budget_later="budget atteint : la suite le {until}",
)

ENGLISH_DIGESTS = DigestWords(
    subject="Press watch of {day}, {time}",
    held={
        Why.DIGEST: "Held until the digest",
        Why.QUIET_HOURS: "Quiet hours are over",
        Why.GROUP_WAIT: "Grouped",
        Why.COOLDOWN: "Since the last message",
        Why.GROWTH: "Since the last message",
        Why.BUDGET: "Over the budget",
    },
    stories=("{count} story", "{count} stories"),
    of_which=(", {count} of them {level}", ", {count} of them {level}"),
    all_of=(", {level}", ", all {level}"),
    nothing="nothing to report",
    failing=("{count} source failing", "{count} sources failing"),
    near="NEAR MISSES ({count})",
    more_near="and {count} more",
    state="STATE SINCE {since}",
    sources=("{well} of {feeds} sources",) * 2,
    down="failing: {names}",
    gap="Possible gap: {source}, {since}–{until}",
    partial=("partial text: {partial} article of {articles}", "partial text: {partial} of {articles} articles"),
    silenced=("SILENCED ({count} alert)", "SILENCED ({count} alerts)"),
    others=("+ {count} outlet", "+ {count} outlets"),
    grown=("carried by {count} outlet", "carried by {count} outlets"),
    budget="budget spent: more at {until}",
    budget_later="budget spent: more on {until}",
)
