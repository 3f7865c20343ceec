"""The inflections of a French word, from its spelling alone: singular and plural, masculine and feminine.

Endings that are productive are followed, both ways. Where one would make another word, the word is listed: `accord`
gives `accords` but never the verb `accorde`, `mer` never `mère`, `parti` never `partie`, `cours` never `cour`. A form
that is no word does no harm: no text holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["demonyms", "inflections", "plurals"]

_SHORTEST: Final = 3


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


def _reversed(pairs: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs.items():
        found[value] = (*found.get(value, ()), key)
    return found


# --- what spelling does not tell ------------------------------------------------------------------------------------

# One form each; what the endings would make of them is another word.
_INVARIABLE: Final = frozenset(
    "afin ailleurs ainsi alors après assez au aussi autant autour aux avant avec avril bien bientôt car ceci cela"
    " ces cet cette chez cinq combien comme comment contre dans debout dehors demain depuis derrière des dessous"
    " dessus deux devant dix donc dont du dès décembre déjà elle elles en encore enfin entre est et eux fois"
    " février gens hier hors huit ici il ils jamais janvier je jeudi jusque juillet juin la le les leur leurs loin"
    " lors lui lundi là ma mai mais malgré mardi mars me mercredi mes mi mieux mille moi moins mon même ne neuf ni"
    " non nos notre nous novembre octobre on ont onze or ou où par parce parfois paris parmi pas pays pendant peu"
    " plus plusieurs plutôt pour pourquoi presque près puis quand quasi quatre que qui quoi sa samedi sans sauf se"
    " selon sens sept septembre ses si six soi son sont sous souvent sur ta tandis tant tard te temps tes toi ton"
    " toujours trente trois très trop tu un une vendredi vers vos votre vous août été".split()
)
# Singulars that end as plurals do, and that mean something else without.
_SINGULARS: Final = frozenset("bois cours devis discours fils fonds mois noix ours poids pris puits sas tiers".split())

_PLURALS: Final = _pairs("œil:yeux ciel:cieux monsieur:messieurs madame:mesdames tout:tous")

# Feminines that the endings below do not give.
_FEMININES: Final = _pairs(
    "agent:agente amer:amère bas:basse beau:belle blanc:blanche bleu:bleue bon:bonne bref:brève brun:brune"
    " cher:chère chef:cheffe clair:claire court:courte doux:douce dur:dure épais:épaisse faux:fausse fier:fière"
    " fort:forte fou:folle frais:fraîche franc:franche futur:future gentil:gentille gras:grasse grec:grecque"
    " gris:grise gros:grosse géant:géante jaloux:jalouse jumeau:jumelle juif:juive laid:laide las:lasse"
    " laïc:laïque lent:lente long:longue lourd:lourde malin:maligne mongol:mongole mort:morte mou:molle mûr:mûre"
    " naïf:naïve net:nette neuf:neuve noir:noire nouveau:nouvelle nul:nulle né:née obscur:obscure pareil:pareille"
    " plein:pleine public:publique pur:pure roux:rousse réel:réelle sain:saine saint:sainte sec:sèche"
    " serein:sereine seul:seule sourd:sourde sûr:sûre tel:telle tout:toute turc:turque vain:vaine veuf:veuve"
    " vert:verte vieux:vieille vif:vive vrai:vraie égal:égale élu:élue ému:émue"
    # in -in, -an, -on and -un most nouns have none
    " afghan:afghane alpin:alpine argentin:argentine birman:birmane breton:bretonne byzantin:byzantine"
    " castillan:castillane catalan:catalane champion:championne clandestin:clandestine commun:commune"
    " cousin:cousine divin:divine espion:espionne féminin:féminine latin:latine lapon:laponne maghrébin:maghrébine"
    " marin:marine masculin:masculine musulman:musulmane opportun:opportune orphelin:orpheline ottoman:ottomane"
    " partisan:partisane patron:patronne paysan:paysanne persan:persane philippin:philippine texan:texane"
    " voisin:voisine wallon:wallonne"
    # nor in -t after a vowel or a c
    " abstrait:abstraite adroit:adroite avocat:avocate candidat:candidate chaud:chaude compact:compacte"
    " complet:complète concret:concrète correct:correcte direct:directe délicat:délicate discret:discrète"
    " distinct:distincte distrait:distraite exact:exacte étroit:étroite froid:froide gratuit:gratuite haut:haute"
    " idiot:idiote immédiat:immédiate incomplet:incomplète indirect:indirecte inquiet:inquiète intact:intacte"
    " lauréat:lauréate magistrat:magistrate maladroit:maladroite muet:muette parfait:parfaite petit:petite"
    " satisfait:satisfaite secret:secrète soldat:soldate strict:stricte suspect:suspecte violet:violette"
)
_SINGULARS_OF: Final = _reversed(_PLURALS)
_MASCULINES_OF: Final = _reversed(_FEMININES)
# Masculines whose feminine, by its ending, would be a noun or a verb.
_NO_FEMININE: Final = frozenset(
    "abri appel appui capital concert cri crédit discrédit défi ennui mari oubli pari parti pli rappel signal"
    " souci tri dessert".split()
)
# Nouns that look like the feminine of a word that means something else.
_NO_MASCULINE: Final = frozenset(
    "allée alternative année argentine armée arrivée assemblée avancée bourrée capitale centrale commune"
    " composante coulée croisée découverte défensive donnée durée échappée entrée équipée étendue finale fumée"
    " fusée garantie initiative issue jetée journée levée livrée manière marine mêlée montée moyenne nouvelle"
    " offensive partie pensée percée plongée portée poussée prière remontée rentrée retenue revue saisie sortie"
    " tenue tournée tranchée traversée venue volée".split()
)

# --- endings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the masculines that end so make their feminine: `(t)eur` makes `(t)rice`, `(t)euse`, `(t)eure`.

    Words shorter than `least` are left alone. `both_ways`: such a feminine has such a masculine, too.
    """

    kept: str
    masculine: str
    least: int
    feminines: tuple[str, ...]
    both_ways: bool = True

    def of_masculine(self, word: str) -> tuple[str, ...] | None:
        """Return the feminines, none for a short word; None where the ending is another."""
        found = re.search(f"({self.kept}){self.masculine}$", word) if word.endswith(self.masculine) else None
        if found is None:
            return None
        return tuple(word[: found.end(1)] + ending for ending in self.feminines) if len(word) >= self.least else ()

    def of_feminine(self, word: str) -> str | None:
        """Return the masculine, or None where the ending is another."""
        if not self.both_ways or not word.endswith(self.feminines):
            return None
        found = re.search(f"({self.kept})(?:{'|'.join(self.feminines)})$", word)
        return word[: found.end(1)] + self.masculine if found else None


# The first that fits is followed.
_ENDINGS: Final = (
    _Ending("t", "eur", 5, ("rice", "euse", "eure")),
    _Ending("", "eur", 5, ("euse", "eure", "rice")),
    _Ending("", "eux", 5, ("euse",)),
    _Ending("", "if", 5, ("ive",)),
    _Ending("", "er", 5, ("ère",)),
    _Ending("[iéy]", "en", 4, ("enne",)),
    _Ending("", "el", 5, ("elle",)),
    _Ending("", "al", 5, ("ale",)),
    _Ending("[rtv]", "il", 5, ("ile",)),
    _Ending("gn", "ol", 5, ("ole",)),
    _Ending("", "ain", 6, ("aine",)),
    _Ending("[ao]", "is", 6, ("ise",)),
    _Ending("(?:pr|m|qu)", "is", 4, ("ise",), both_ways=False),
    _Ending("", "ment", 0, ()),
    _Ending("[ae]", "nt", 6, ("nte",)),
    _Ending("[aeo]", "nd", 5, ("nde",)),
    _Ending("[aeo]", "int", 6, ("inte",), both_ways=False),
    _Ending("(?:[dr]u|[cd]r|(?:er|é|au)d)", "it", 5, ("ite",), both_ways=False),
    _Ending("er", "t", 6, ("te",)),
    _Ending("", "é", 3, ("ée",)),
    _Ending("[bcdfhlmnprstvz]", "i", 3, ("ie",)),
    _Ending("[cçdflmnprstv]", "u", 4, ("ue",)),
)


def _varies(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in _INVARIABLE and word.isalpha()


def plurals(word: str) -> tuple[str, ...]:
    """Return a word and its plurals.

    >>> plurals("général")
    ('général', 'généraux', 'générals')
    """
    if not _varies(word) or word.endswith(("s", "x", "z")):
        return (word,)
    if word in _PLURALS:
        return word, _PLURALS[word]
    if word.endswith("al") and len(word) > _SHORTEST:
        return word, word[:-1] + "ux", word + "s"
    if word.endswith("ail") and len(word) > _SHORTEST + 1:
        return word, word + "s", word[:-2] + "ux"
    if word.endswith(("au", "eu", "ou")):
        return word, word + "x", word + "s"
    return word, word + "s"


def _singulars(word: str) -> Iterator[str]:
    """Yield the words that a word may be the plural of."""
    if word in _SINGULARS:
        return
    guesses = {"aux": ("al", "ail", "au"), "eux": ("eu",), "oux": ("ou",)}
    candidates = [word[:-1], *(word[:-3] + ending for ending in guesses.get(word[-3:], ()))]
    candidates += _SINGULARS_OF.get(word, ())
    for candidate in candidates:
        if word[-1] in "sx" and word in plurals(candidate)[1:]:
            yield candidate


def _feminines(word: str) -> tuple[str, ...]:
    if word in _FEMININES:
        return (_FEMININES[word],)
    if word in _NO_FEMININE:
        return ()
    return next((found for ending in _ENDINGS if (found := ending.of_masculine(word)) is not None), ())


def _masculines(word: str) -> Iterator[str]:
    """Yield the words that a word may be the feminine of."""
    if word in _NO_MASCULINE:
        return
    yield from _MASCULINES_OF.get(word, ())
    for ending in _ENDINGS:
        masculine = ending.of_feminine(word)
        if masculine is not None and word in _feminines(masculine):
            yield masculine


def inflections(word: str) -> tuple[str, ...]:
    """Return the surface forms of a word: singular and plural, masculine and feminine, sorted.

    Args:
        word: lower case, with its accents, in any of these forms.

    >>> inflections("ukrainiennes")
    ('ukrainien', 'ukrainienne', 'ukrainiennes', 'ukrainiens')
    >>> inflections("accord"), inflections("pour")
    (('accord', 'accords'), ('pour',))
    """
    if not _varies(word):
        return (word,)
    singulars = (word, *_singulars(word))
    masculines = [masculine for singular in singulars for masculine in (singular, *_masculines(singular))]
    forms = [form for masculine in masculines for form in (masculine, *_feminines(masculine))]
    return tuple(sorted({plural for form in (*singulars, *forms) for plural in plurals(form)}))


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
