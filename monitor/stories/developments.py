"""What a headline says has happened since: an arrest, an appeal, a funeral, once more. Pure.

The day after an event, the press tells it again with what came of it. The words are the same, but for these.
"""

from __future__ import annotations

import re
from typing import Final

from monitor.stories.terms import words_of

__all__ = ["developments_of"]

_SIGNS: Final = {
    "appeal": re.compile(
        r"\b(?:fait|font|faire|interjet\w+|releve\w*) appel\b|\bpourvoi|\bcassation\b"
        r"|\b(?:second|deuxieme|nouveau) proces\b|\brejuge"
    ),
    "arrest": re.compile(
        r"\bgardes? a vue\b|\bmis(?:es?)? en (?:examen|cause)\b|\becroue|\binterpell|\bsuspects?\b|\barretee?s?\b"
        r"|\bincarcer|\bdetention\b|\bavoue|\baveux\b"
    ),
    "found": re.compile(r"\bretrouve\w*\b"),
    "mourning": re.compile(r"\bobseques\b|\bhommage|\binhum|\bminute de silence\b|\bmarche blanche\b|\bdeuil\b"),
    "end": re.compile(
        r"\bfin d(?:e la|u|es) (?:greve|mouvement|conflit|blocage|recherches)\b|\breprise du travail\b"
        r"|\b(?:suspend|leve|cesse)\w* (?:la|leur|le) (?:greve|mouvement|preavis|blocage)\b"
    ),
    "again": re.compile(r"\bnouvel(?:le)?s?\b|\b(?:a|de) nouveau\b|\b(?:deuxi|troisi)eme\b|\bseconde?\b"),
}
# What has the words and says something else: New Zealand, good news, a decree, a team that meets another.
_OTHERWISE: Final = re.compile(
    r"\bnouvelle (?:aquitaine|caledonie|zelande|guinee|orleans|delhi|angleterre|ecosse)\b"
    r"|\b(?:bonnes?|mauvaises?|sans|ses) nouvelles?\b|\bnouvelles d(?:es?|u)?\b"
    r"|\b(?:deuxieme|seconde) guerre\b|\bderniere seconde\b|\bde seconde\b"
    r"|\b(?:s|s est|l|un|par|cet) arretee?s?\b|\barretee?s? (?:prefector|prefecta|municipa|ministeri)"
    r"|\bavoue\w* (?:son|sa|ses|leurs?) (?!crime|meurtre|geste)"
    r"|\bdetention d (?:armes?|explosifs?)\b"
    r"|\bse retrouve\w*|\bretrouver\b"
    r"|\bretrouvent (?:les?|la|l|son|sa|ses|leurs?) (?!corps|cadavre|disparu|victime|enfant|fillette|arme|epave|butin)"
)


def developments_of(text: str) -> tuple[str, ...]:
    """Return what a title, or a title with its lead, says has happened since an event.

    >>> developments_of("Meurtre de Villefontaine : le mari fait appel"), developments_of("Appel à la grève lundi")
    (('appeal',), ())
    """
    folded = _OTHERWISE.sub(" ", " ".join(words_of(text)))
    return tuple(name for name, sign in _SIGNS.items() if sign.search(folded))
