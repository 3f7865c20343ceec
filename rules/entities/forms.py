"""Entity definitions compiled into what a scanner looks for: forms, combining forms, masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from rules.entities.inflection import demonyms, inflections, plurals
from rules.text import fold
from rules.types import EntityDef, FormKind

__all__ = [
    "BARE_STREETS",
    "STREETS",
    "STRENGTHS",
    "THOROUGHFARES",
    "VENUES",
    "Form",
    "Gazetteer",
    "MaskForm",
    "Naming",
    "Role",
    "Wording",
    "wordings",
]

STRENGTHS: Final[Mapping[FormKind, float]] = MappingProxyType(
    {FormKind.PRIMARY: 1.0, FormKind.ALIAS: 0.8, FormKind.DEMONYM: 0.7}
)

_MOST_WORDINGS: Final = 256
_MOST_ENTITIES: Final = 4096  # that are kept compiled, for the next reload
_WORD: Final = re.compile(r"([^\W_]+)")


@dataclass(frozen=True, slots=True)
class Wording:
    """One way a phrase may be written.

    Args:
        text: as it stands in `Folded.flat`.
        typed: the same with the case and accents that its author typed; it lines up with `text`.
    """

    text: str
    typed: str


def _as_typed(word: str, form: str) -> str:
    """Return a form of a word with the case and accents of the typed word, and none where the form departs from it."""
    shared = 0
    for ours, theirs in zip(word.lower(), form, strict=False):
        if ours != theirs:
            break
        shared += 1
    ending = form[shared:]
    return word[:shared] + (ending if ending.isascii() else fold(ending).text)


def wordings(phrase: str, vary: Callable[[str], Sequence[str]]) -> tuple[Wording, ...]:
    """Return the ways a phrase may be written, sorted.

    Args:
        phrase: as typed.
        vary: gives the forms of one lower-case word. Past 256 combinations the later words only stand as typed.

    >>> [wording.text for wording in wordings("encre de Chine", plurals)]
    ['encre de chine', 'encre de chines', 'encres de chine', 'encres de chines']
    """
    found: list[tuple[str, str]] = [("", "")]
    for index, piece in enumerate(_WORD.split(fold(phrase).kept.strip())):
        forms = _word_forms(piece, vary) if index % 2 else _between_words(piece)
        if len(found) * len(forms) > _MOST_WORDINGS:
            forms = _word_forms(piece, _as_it_is)
        found = [(text + flat, typed + kept) for text, typed in found for flat, kept in forms]
    return tuple(Wording(text, typed) for text, typed in sorted(set(found)) if typed)


def _as_it_is(word: str) -> tuple[str, ...]:
    return (word,)


@lru_cache(maxsize=1_000)
def _word_forms(word: str, vary: Callable[[str], Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """Return the forms of a word, flat and as typed."""
    typed = [_as_typed(word, form) for form in vary(word.lower())]
    return tuple((fold(form).flat, form) for form in typed)


@lru_cache(maxsize=500)
def _between_words(piece: str) -> tuple[tuple[str, str], ...]:
    flat = fold(piece).flat
    return ((" ", " ") if flat.isspace() else (flat, piece),)


class Role(StrEnum):
    """How a form may stand among letters."""

    WORD = "word"  # a word of its own
    SECOND = "second"  # also the end of a solid compound: `prorusse`
    FIRST = "first"  # only the beginning of a compound: `sino-`, `russophobe`


class Naming(StrEnum):
    """What a form may name beside its entity, where it follows a first name or a title."""

    COUNTRY = "country"  # nobody: `Jean Moscou` and `M. Chinois` are no mentions
    PLACE_OR_PERSON = "place or person"  # a surname, after a first name: `Jean Moscou` is none, `M. Poutine` is
    PERSON = "person"  # the entity's own: `Emmanuel Macron`


@dataclass(frozen=True, slots=True)
class Form:
    """A form of an entity.

    Args:
        entity: the entity's id.
        name: the entity's display name.
        wording: what is looked for.
        kind: what kind of form it is.
        role: how it may stand among letters.
        cased: whether the case must be as typed.
        naming: what it is when it stands where a surname does.

    Attributes:
        strength: the form's share of a term's weight.
    """

    entity: str
    name: str
    wording: Wording
    kind: FormKind
    role: Role = Role.WORD
    cased: bool = False
    naming: Naming = Naming.COUNTRY
    strength: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", STRENGTHS[self.kind])


@dataclass(frozen=True, slots=True)
class MaskForm:
    """A wording that hides an entity.

    Args:
        entity: the entity's id.
        wording: what is looked for.
        exact: whether it hides only as it is typed, and not before a name: `le chinois`, but not `le chinois Baidu`.
        shows: whether it is the reverse, a wording in which a mask hides nothing: `montagnes russes du Caucase`.
    """

    entity: str
    wording: Wording
    exact: bool = False
    shows: bool = False


# First and second parts of compounds, whatever the entities: written solid they make one word.
_FIRST_PARTS: Final = frozenset(
    "afro americano anglo anti arabo archi austro balto belgo bulgaro canado coreano ex euro finno franco germano greco"
    " helleno hispano hungaro hyper indo irano islamo israelo italo luso moldavo neo nippo non pan polono post pro"
    " roumano russo serbo sino sovieto suisso super tchecheno turco ukraino ultra".split()
)
_SECOND_PARTS: Final = (
    "africain allemand américain anglais arabe belge biélorusse britannique bulgare canadien centrisme centrique"
    " coréen européen finlandais français géorgien grec hongrois indien iranien israélien italien japonais lituanien"
    " mane manie moldave mongol norvégien nippon phile philie phobe phobie phone phonie polonais roumain soviétique"
    " syrien taïwanais tchétchène tibétain turc vietnamien"
).split()


class Gazetteer:
    """The forms and masks of some entities.

    Args:
        entities: the definitions; ids are unique.

    Attributes:
        forms: every form, the strongest kind first where one wording has several.
        first_parts: combining forms, folded.
        second_parts: words that may follow a combining form without a hyphen, folded.
    """

    def __init__(self, entities: Sequence[EntityDef]) -> None:
        self.forms: tuple[Form, ...] = tuple(form for entity in entities for form in _forms(entity))
        self._entities = tuple(entities)
        prefixes = (form.wording.text for form in self.forms if form.role is Role.FIRST)
        seconds = (form.wording.text for form in self.forms if form.role is Role.SECOND)
        common = (fold(form).flat for part in _SECOND_PARTS for form in (*inflections(part), *demonyms(part)))
        self.first_parts: frozenset[str] = _FIRST_PARTS.union(prefixes)
        self.second_parts: frozenset[str] = frozenset((*common, *seconds))

    @property
    def masks(self) -> Iterator[MaskForm]:
        """The wordings that hide an entity, made anew each time: there are many, and little in them to keep."""
        return (mask for entity in self._entities for mask in _masks(entity))


# `rue de Moscou` is an address in France; `les rues de Moscou` and `une rue de Moscou` are in Moscow.
THOROUGHFARES: Final = frozenset("allée avenue boulevard impasse place pont quai route rue square".split())
# Before these, a name only says which one it is, whatever the entity. (`La place de la Chine` is not a square.)
STREETS: Final = frozenset("allée avenue boulevard impasse rue square venelle rond-point faubourg".split())
# A name may also follow these at once: `résidence Ukraine`.
BARE_STREETS: Final = frozenset(("rue", "résidence", "camping", "lieu-dit", "chat", "chien", "jument", "trotteur"))
# Before these and a town, too: `place de l'Ukraine, à Sarreguemines`.
VENUES: Final = frozenset(
    "bar bistrot café camping cinéma cité collège cours cour école ferme foyer gymnase halle hameau hôtel jardin"
    " lieu-dit lycée maison marché parc parking passage pâtisserie piscine place pont quai quartier résidence"
    " restaurant salle stade théâtre villa zone".split()
)


def _masks(entity: EntityDef) -> Iterator[MaskForm]:
    """Yield the ways the phrases of `except` may be written."""
    named = {form.wording.text for form in _forms(entity)}
    return (mask for phrase in entity.excepts for mask in _phrase_masks(entity.id, phrase, named))


def _phrase_masks(entity: str, phrase: str, named: Container[str]) -> Iterator[MaskForm]:
    """Yield the ways a phrase may be written; in a hashtag it is one word."""
    if phrase.startswith(("=", "!")):
        for wording in wordings(phrase[1:], _as_it_is):
            yield MaskForm(entity, wording, exact=phrase[0] == "=", shows=phrase[0] == "!")
        return
    typed = fold(phrase).flat
    for wording in wordings(phrase, _vary_mask):
        # `kremlins` hides what it says, and not the Kremlin
        if wording.text == typed or wording.text not in named:
            yield MaskForm(entity, wording)
        glued = wording.text.replace(" ", "") if wording.text == typed else ""
        if len(glued) == len(wording.text) - 1 and glued.isalpha():
            yield MaskForm(entity, Wording(glued, wording.typed.replace(" ", "")))


def _vary_mask(word: str) -> tuple[str, ...]:
    return (word,) if word in THOROUGHFARES else inflections(word)


def _naming(kind: FormKind, text: str, surnames: Collection[str]) -> Naming:
    if kind is not FormKind.ALIAS:
        return Naming.COUNTRY
    return Naming.PERSON if " " in text or text in surnames else Naming.PLACE_OR_PERSON


@lru_cache(maxsize=_MOST_ENTITIES)
def _forms(entity: EntityDef) -> tuple[Form, ...]:
    """Return an entity's forms; where one wording has several kinds, the strongest."""
    found: dict[tuple[str, Role], Form] = {}
    surnames = {words[-1] for alias in entity.alias if len(words := fold(alias).flat.split()) > 1}
    cased = {fold(form).flat for form in entity.cased}
    listed: tuple[tuple[FormKind, Role, Iterable[str], Callable[[str], Sequence[str]]], ...] = (
        (FormKind.PRIMARY, Role.WORD, entity.primary or (entity.name,), plurals),
        (FormKind.ALIAS, Role.WORD, entity.alias, plurals),
        (FormKind.DEMONYM, Role.SECOND, entity.demonym, demonyms),
        (FormKind.DEMONYM, Role.FIRST, (prefix.rstrip("-") for prefix in entity.prefix), lambda word: (word,)),
        (FormKind.ALIAS, Role.WORD, entity.cased, plurals),
    )
    for kind, role, phrases, vary in listed:
        for phrase in phrases:
            is_cased = fold(phrase).flat in cased
            for wording in wordings(phrase, vary):
                place = Role.FIRST if role is Role.FIRST else Role.WORD
                naming = _naming(kind, wording.text, surnames)
                found.setdefault(
                    (wording.text, place), Form(entity.id, entity.name, wording, kind, role, is_cased, naming)
                )
    return tuple(found.values())
