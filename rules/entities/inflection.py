"""The inflections of a French word, from its spelling alone.

Only endings that are productive and rarely make another word are followed: `accord` gives `accords` but never the
verb `accorde`, `mer` never gives `mère`, `cours` never `cour`. A form that is no word does no harm: no text holds it.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["demonyms", "inflections", "plurals"]

_INVARIABLE: Final = frozenset(
    "au aux avec ce ces chez comme contre dans de des du elle en entre est et eux il ils je la le les leur leurs lui"
    " mais mes moi mon ne nos notre nous on ont ou où par pas plus pour qu que qui sa sans sauf se ses si son sont"
    " sous sur ta tes toi ton tu un une vers vos votre vous".split()
)
_SHORTEST: Final = 3

# Feminines that the endings below do not give.
_FEMININES: Final = {
    "avocat": "avocate",
    "bas": "basse",
    "beau": "belle",
    "blanc": "blanche",
    "bon": "bonne",
    "breton": "bretonne",
    "candidat": "candidate",
    "champion": "championne",
    "chaud": "chaude",
    "clandestin": "clandestine",
    "court": "courte",
    "doux": "douce",
    "faux": "fausse",
    "féminin": "féminine",
    "fort": "forte",
    "froid": "froide",
    "grand": "grande",
    "grec": "grecque",
    "gris": "grise",
    "gros": "grosse",
    "haut": "haute",
    "laïc": "laïque",
    "long": "longue",
    "lourd": "lourde",
    "magistrat": "magistrate",
    "masculin": "masculine",
    "mort": "morte",
    "noir": "noire",
    "nouveau": "nouvelle",
    "palestinien": "palestinienne",
    "patron": "patronne",
    "petit": "petite",
    "plein": "pleine",
    "public": "publique",
    "roux": "rousse",
    "réel": "réelle",
    "saint": "sainte",
    "secret": "secrète",
    "seul": "seule",
    "sourd": "sourde",
    "turc": "turque",
    "vert": "verte",
    "vieux": "vieille",
    "voisin": "voisine",
}

# (ending, shortest word, what replaces the ending). The first ending that fits is followed.
_FEMININE_ENDINGS: Final = (
    (re.compile(r"(?<=t)eur$"), 5, ("rice", "euse", "eure")),
    (re.compile(r"eur$"), 5, ("euse", "eure", "rice")),
    (re.compile(r"eux$"), 5, ("euse",)),
    (re.compile(r"if$"), 5, ("ive",)),
    (re.compile(r"er$"), 5, ("ère",)),
    (re.compile(r"ien$"), 4, ("ienne",)),
    (re.compile(r"éen$"), 4, ("éenne",)),
    (re.compile(r"(?<=[iun])el$"), 5, ("elle",)),
    (re.compile(r"al$"), 5, ("ale",)),
    (re.compile(r"ain$"), 6, ("aine",)),
    (re.compile(r"(?<=[ao])is$"), 6, ("ise",)),
    (re.compile(r"ment$"), 0, ()),
    (re.compile(r"(?<=[ae])nt$"), 6, ("nte",)),
    (re.compile(r"(?<=a)nd$"), 5, ("nde",)),
    (re.compile(r"gnol$"), 5, ("gnole",)),
    (re.compile(r"é$"), 4, ("ée",)),
    (re.compile(r"lu$"), 3, ("lue",)),
)
_PLURAL_ENDINGS: Final = (
    (re.compile(r"(?<=[sxz])$"), 0, ("",)),
    (re.compile(r"al$"), 4, ("aux", "als")),
    (re.compile(r"ail$"), 5, ("ails", "aux")),
    (re.compile(r"(?<=[ae]u)$"), 3, ("x", "s")),
    (re.compile(r"(?<=ou)$"), 4, ("s", "x")),
)
_BASES: Final = (
    (re.compile(r"iennes?$"), 7, "ien"),
    (re.compile(r"(?<=[ao])ises?$"), 6, "is"),
    (re.compile(r"aux$"), 6, "al"),
    (re.compile(r"(?<=e)s$"), 6, ""),
    (re.compile(r"(?<=ion|ant|ent|eur|ier|ain|ord)s$"), 6, ""),
    (re.compile(r"(?<=if|at|el|en)s$"), 6, ""),
)


def _varies(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in _INVARIABLE and word.isalpha()


def plurals(word: str) -> tuple[str, ...]:
    """Return a word and its plurals.

    >>> plurals("général")
    ('général', 'généraux', 'générals')
    """
    if not _varies(word):
        return (word,)
    for ending, shortest, replacements in _PLURAL_ENDINGS:
        if len(word) >= shortest and (found := ending.search(word)):
            return tuple(dict.fromkeys((word, *(word[: found.start()] + new for new in replacements))))
    return word, word + "s"


def demonyms(stem: str) -> tuple[str, ...]:
    """Return a demonym's forms from its stem line: -e, -s, -es, -ne, -nes where the spelling allows.

    >>> demonyms("chinois"), demonyms("russe")
    (('chinois', 'chinoise', 'chinoises'), ('russe', 'russes'))
    """
    if not _varies(stem):
        return (stem,)
    endings = ["e", "es"] if not stem.endswith("e") else []
    endings += ["s"] if not stem.endswith(("s", "x")) else []
    endings += ["ne", "nes"] if stem.endswith("n") else []
    return stem, *(stem + ending for ending in sorted(endings))


def _feminines(word: str) -> tuple[str, ...]:
    if word in _FEMININES:
        return (_FEMININES[word],)
    for ending, shortest, replacements in _FEMININE_ENDINGS:
        if found := ending.search(word):
            return tuple(word[: found.start()] + new for new in replacements) if len(word) >= shortest else ()
    return ()


def _bases(word: str) -> tuple[str, ...]:
    """Return the singulars and masculines that a typed plural or feminine surely comes from, and the word."""
    found = [ending.sub(new, word) for ending, shortest, new in _BASES if len(word) >= shortest and ending.search(word)]
    return word, *found


def inflections(word: str) -> tuple[str, ...]:
    """Return the surface forms of a word: singular and plural, masculine and feminine, sorted.

    Args:
        word: lower case, with its accents.

    >>> inflections("ukrainien")
    ('ukrainien', 'ukrainienne', 'ukrainiennes', 'ukrainiens')
    >>> inflections("accord"), inflections("pour")
    (('accord', 'accords'), ('pour',))
    """
    if not _varies(word):
        return (word,)
    singulars = [form for base in _bases(word) for form in (base, *_feminines(base))]
    return tuple(sorted({form for singular in singulars for form in plurals(singular)}))
