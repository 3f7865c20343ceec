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
    "again": re.compile(r"\bnouvel(?:le)?s?\b|\b(?:a|de) nouveau\b|\b(?:deuxi|troisi)eme\b|\bsecond\w*\b"),
}


def developments_of(text: str) -> tuple[str, ...]:
    """Return what a title, or a title with its lead, says has happened since an event.

    >>> developments_of("Meurtre de Villefontaine : le mari fait appel"), developments_of("Appel à la grève lundi")
    (('appeal',), ())
    """
    folded = " ".join(words_of(text))
    return tuple(name for name, sign in _SIGNS.items() if sign.search(folded))
