"""Which news agency an article credits: in its byline, its dateline, its first or its last lines.

These are the places where a newsroom says whose text it prints. An agency that is named in the text (`a déclaré à
l'AFP`), or that took the picture (`© J. Dupont / AFP`), says nothing of who wrote it. An agency's journalist in the
byline (`J. Dupont / AFP`) does: it is the agency's text. A few short lines are looked at, however long the article is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["AGENCIES", "is_agency", "is_credit", "wire_of"]

_FORMS: Final = {
    "AFP": r"AFP|A\.F\.P\.|[Aa]gence [Ff]rance[- ]?[Pp]resse(?: \(AFP\))?|AGENCE FRANCE[- ]?PRESSE",
    "Reuters": r"(?:Thomson )?Reuters|(?:THOMSON )?REUTERS",
    "AP": r"(?:The )?Associated Press(?: \(AP\))?|AP",
    "Belga": r"Belga|BELGA",
    "Keystone-ATS": r"(?:Keystone|KEYSTONE)[ -/]?(?:ATS|SDA)|Agence télégraphique suisse|ATS",
    "AWP": r"AWP|awp",
    "dpa": r"dpa(?:-\w+)?|DPA|Deutsche Presse-Agentur",
    "ANSA": r"ANSA|Ansa",
    "EFE": r"EFE|Efe",
    "Europa Press": r"Europa Press",
    "TASS": r"(?:ITAR-|Itar-)?(?:TASS|Tass)",
    "RIA Novosti": r"R[Ii][Aa][ -]Novosti",
    "Interfax": r"Interfax(?:-Ukraine)?|INTERFAX",
    "Ukrinform": r"Ukrinform",
    "Xinhua": r"Xinhua|XINHUA|Chine [Nn]ouvelle(?: \(Xinhua\))?",
    "Kyodo": r"Kyodo(?: News)?",
    "Yonhap": r"Yonhap",
    "La Presse Canadienne": r"(?:La |LA )?(?:Presse [Cc]anadienne|PRESSE CANADIENNE)|The Canadian Press|PC",
    "QMI": r"Agence QMI|QMI",
    "Anadolu": r"Anadolu(?: Agency| Ajans[ıi])?|AA",
    "APA": r"APA(?:[- ]?[Nn]ews)?|Austria Presse Agentur",
    "MAP": r"MAP|Maghreb Arabe Presse",
    "APS": r"APS|Algérie Presse Service",
    "TAP": r"TAP|Tunis Afrique Presse",
    "PA Media": r"PA Media|Press Association",
    "Bloomberg": r"Bloomberg(?: News)?|BLOOMBERG",
    "ETX": r"(?:AFP[- ])?[Rr]elax[Nn]ews|ETX(?: Daily Up| Studio)?",
}
AGENCIES: Final = tuple(_FORMS)
"""The agencies that are known, by the name that is kept and shown."""

_DOUBTFUL: Final = frozenset({"PC", "AA", "APA", "MAP", "APS", "TAP", "QMI", "ATS", "AWP", "awp"})
"""Letters that stand for other things too (`M. Dupont (PC)`): in a text, a place in capitals must stand before them."""
_INITIALS: Final = frozenset({"PC", "AA"})  # in a byline of their own they are somebody's

_NAMES: Final = tuple((name, re.compile(forms)) for name, forms in _FORMS.items())
_ARTICLE: Final = r"(?:(?i:de l'|de la |d'|l'|la |les |the )?(?i:agences? )?)"
_ONE: Final = rf"(?<![\w-])(?:{'|'.join(_FORMS.values())})(?!\w|-\w)"
_JOINT: Final = r"(?:\s?[,/&+;•|-]\s?|\s(?:et|and|avec|with)\s)"
_CREDITED: Final = re.compile(rf"(?<!\w){_ARTICLE}(?P<names>{_ONE}(?:{_JOINT}{_ARTICLE}{_ONE}){{0,4}})")

_PICTURE: Final = re.compile(
    r"\b(?:photos?|photograph\w*|cr[ée]dits?|images?|illustrations?|infographies?|dessins?|clichés?|captures?|getty|"
    r"archives?|sipa|file|légende)\b|\bvidéos?\s?:",
    re.IGNORECASE,
)
_TAIL: Final = (  # what may follow an agency that signs: where, when, its rights, what it calls itself
    r"(?:\s?(?:[,|•·:–—-]|\()?\s?(?:(?:à|au|en|aux|depuis|in|from) (?-i:[A-ZÀ-Ý]).{0,40}|"
    r"(?:publiée?|mise?|modifiée?|posted|published|updated|le|on|il y a|hier|aujourd'hui) .{0,70}|\d.{0,60})|"
    r"[\s.]{0,2}(?:agence|news|staff|monde|factuel|infos?|services?|vidéos?|videos?|com|fr)\b|"
    r"\s?[.,-]?\s?(?:tous droits|all rights|toute reproduction).{0,90})"
)
_AFTER_BYLINE: Final = re.compile(
    rf"{_TAIL}|\s?(?:[,/&+;•|()\[\]:–—-]|(?:et|and|avec|with|pour|via)\s).*|", re.IGNORECASE
)
_ENDS_BYLINE: Final = re.compile(rf"|{_TAIL}", re.IGNORECASE)
_BEFORE_BYLINE: Final = re.compile(
    r"(?:.*(?:[,/&+;•|()\[\]:–—©-]|\s(?:et|and|avec|with|via|par|by)))?\s?(?:(?:par|by|avec|with|via|source|sources|texte|"
    r"copyright|©|d'après|selon)\s?:?\s)?"
    r"(?:(?:journalistes?|correspondante?s?|envoyée?s? spéciale?s?|rédaction|bureau)\s"
    r"(?:de|à|pour)?\s?)?",
    re.IGNORECASE,
)
_LONGEST_BYLINE: Final = 200

_PLACE_WORD: Final = re.compile(
    r"\(?[A-ZÀ-Ý][\w'.()-]*|\d.*|de|du|des|la|le|les|l'\w+|d'\w+|sur|en|et|aux?|à|sous|lès?|"
    r"janv(?:ier|\.)?|févr?(?:ier|\.)?|mars|avr(?:il|\.)?|mai|juin|juil(?:let|\.)?|août|sept(?:embre|\.)?|"
    r"oct(?:obre|\.)?|nov(?:embre|\.)?|déc(?:embre|\.)?|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|GMT|[,–—/-]{1,2}"
)
_CAPITALS: Final = re.compile(r"(?<!\w)[A-ZÀ-Ý][A-ZÀ-Ý'-]{2,}")
_MOST_PLACE: Final = 8  # words
_FARTHEST: Final = 70  # characters before the agency of a dateline
_BRACKETS: Final = {"(": ")", "[": "]", "/": "/"}
_DASH: Final = re.compile(r"[–—]|-{1,2}\s|\.\s")
_BARE: Final = re.compile(r"(?:,\s[^–—.]{0,25}?)?\s?(?:[–—|]|(?<=\s)-{1,2}(?=\s))\s?\S")
_SENTENCE: Final = re.compile(r"[A-ZÀ-Ý«“\"\d]")

_RIGHTS: Final = re.compile(r"(?:(?:©|\(c\)|copyright)\s?){1,2}(?P<year>(?:19|20)\d\d)?", re.IGNORECASE)
_BY: Final = re.compile(
    r"par|by|via|sources?\s?:?|textes?\s?:|d'après|selon|une? (?:texte|dépêche|article)", re.IGNORECASE
)
_WITH: Final = re.compile(
    r"(?P<who>(?:.{0,60}[\s(/,–—-])?)(?:avec|with)(?: (?:des|les) informations)?(?: de| from)?", re.IGNORECASE
)
_ALSO: Final = re.compile(r"(?P<who>.{1,40}?)\s?(?:[/,–—-]|\b(?:et|and))", re.IGNORECASE)
_AFTER_CREDIT: Final = re.compile(
    rf"|\s(?:et|and|&)\s(?P<who>.{{1,40}})|\s?/\s?(?:(?-i:[A-Z]{{2,5}})|(?:la|le|les|l') ?.{{1,40}})|{_TAIL}",
    re.IGNORECASE,
)
_HOUSE: Final = re.compile(r"(?:la|le|les|l'\w*|notre|rédaction|de|du|des|d'\w*|et|service|web|journal|[A-ZÀ-Ý0-9].*)")
_TITLE: Final = re.compile(r"(?:[Ll]e |[Ll]a |[Ll]es |[Ll]')[A-ZÀ-Ý]")  # `Le Patriote béarnais`
_STARTS_HOUSE: Final = re.compile(r"(?:la|le|les|rédaction) |l'", re.IGNORECASE)
_MOST_HOUSE: Final = 6  # words
_NOTE: Final = re.compile(
    r"\W{0,3}(?:ce |cette |cet )?(?:articles?|contenus?|textes?|dépêches?|informations?|this (?:article|story))\b"
    r".{0,120}?(?:publi|repri|rédig|produi|écri|génér|import|fourni|issu|réalis|adapt|tradui|provid|publish|writ)\w*.{0,60}?"
    r"(?:par|de|avec|d'|by|from|flux|fil)?\s?",
    re.IGNORECASE,
)
_INTRODUCED: Final = re.compile(
    r"(?P<open>[(\[])?\s?(?P<word>©\s?(?:(?:19|20)\d\d)?|avec(?: des informations de)?|with|via|sources?\s?:)?\s?$",
    re.IGNORECASE,
)
_CLOSED: Final = re.compile(r"\s?[)\]]?\s?\.?")
_SENTENCE_ENDS: Final = re.compile(r"(?:[.!?…»”\")\]]|[.!?…»”\"]\s?[–—/-]|[^\s].{80}\s?[–—-])\s*$")

_EDGE_CHARS: Final = 1500
_EDGE_LINES: Final = 4
_LINE_CHARS: Final = 300
_CREDIT_CHARS: Final = 120
_BELOW_CHARS: Final = 60  # of a line that stands below the article
_AROUND: Final = " ()[]*_.–—-•|\t"


def wire_of(text: str, *, authors: Iterable[str] = ()) -> str | None:
    """Return the agency that is plainly credited, or None; of several the one that is named first.

    Args:
        text: of the article, a line for each paragraph.
        authors: its bylines, as its page and its feed write them, and its publisher.

    >>> wire_of("PARIS, 16 mai (Reuters) - Le gel a touché les vignes.")
    'Reuters'
    >>> wire_of("Le maire l'a dit à l'AFP.", authors=["La Gazette avec l'ATS"])
    'Keystone-ATS'
    """
    found = (name for byline in authors if (name := _in_byline(_even(byline)[:_LONGEST_BYLINE].rstrip(" ."))))
    return next(found, None) or _at_start(text) or _at_end(text)


def is_agency(name: str) -> bool:
    """Return whether an author's name is an agency's, and nobody's.

    >>> is_agency("AFP"), is_agency("Agence France-Presse à Lutèce"), is_agency("Anne Lenoir")
    (True, True, False)
    """
    name = _even(name)
    found = _CREDITED.match(name)
    return found is not None and name not in _INITIALS and _ENDS_BYLINE.fullmatch(name[found.end() :]) is not None


def is_credit(line: str) -> bool:
    """Return whether a short line that stands above an article says whose text it is: `La Gazette avec AFP`.

    A name alone does not: it may have taken the picture.
    """
    return _credit(_even(line), is_last=False) is not None


def _even(text: str) -> str:
    return text.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ").strip()


def _name(names: str) -> str:
    """Return the agency that is named first."""
    starts = ((found.start(), -found.end(), name) for name, forms in _NAMES if (found := forms.search(names)))
    return min(starts)[2]


def _in_byline(byline: str) -> str | None:
    picture = _PICTURE.search(byline)
    byline = byline[: picture.start()] if picture else byline
    for found in _CREDITED.finditer(byline):
        before, after = byline[: found.start()], byline[found.end() :]
        if found["names"] in _INITIALS and not before:
            continue
        if _BEFORE_BYLINE.fullmatch(before) and _AFTER_BYLINE.fullmatch(after):
            return _name(found["names"])
    return None


def _at_start(text: str) -> str | None:
    lines = [line for part in text[:_EDGE_CHARS].split("\n") if (line := _even(part))][:_EDGE_LINES]
    for line in lines:
        if name := _dateline(line) or _credit(line, is_last=False) or _last_words(line, needs_word=True):
            return name
    return None


def _at_end(text: str) -> str | None:
    """Return the agency that the last lines credit: the last of all, and what short lines stand over."""
    lines = [line for part in text[-_EDGE_CHARS:].split("\n") if (line := _even(part))]
    for line in reversed(lines[1:][-_EDGE_LINES:] or lines):
        if name := _credit(line, is_last=True) or _note(line) or _last_words(line, needs_word=False):
            return name
        if len(line) > _BELOW_CHARS:
            break
    return None


def _dateline(line: str) -> str | None:
    """Return the agency of `PARIS, 16 mai (AFP) – Le gel…`, `AFP – Le gel…` and their like."""
    found = _CREDITED.search(line[:_LINE_CHARS])
    if found is None or found.start() > _FARTHEST:
        return None
    before, after = line[: found.start()].rstrip(), line[found.end() :]
    if before[-1:] in _BRACKETS and after.lstrip().startswith(_BRACKETS[before[-1]]):
        place, rest = before[:-1].rstrip(" ,."), after.lstrip()
        rest = rest[1:].lstrip()
        is_capitals = _CAPITALS.search(place) is not None
        holds = _DASH.match(rest) or (_SENTENCE.match(rest) if rest else is_capitals)
    else:
        place = before.rstrip(" ,/|–—-")
        is_apart = (place != before or not before) and "'" not in found[0]  # not `l'AFP – qui l'a vu –`
        holds = is_apart and _BARE.match(after)
    is_sure = found["names"] not in _DOUBTFUL or _CAPITALS.search(place) is not None
    return _name(found["names"]) if holds and is_sure and _is_place(place) else None


def _is_place(place: str) -> bool:
    words = place.replace(",", " ").split()
    return len(words) <= _MOST_PLACE and all(map(_PLACE_WORD.fullmatch, words))


def _credit(line: str, *, is_last: bool) -> str | None:
    """Return the agency of a line that is nothing but a credit. A name alone signs only at the end."""
    line = line.strip(_AROUND)
    found = None if len(line) > _CREDIT_CHARS or _PICTURE.search(line) else _CREDITED.search(line)
    if found is None:
        return None
    before, after = line[: found.start()].strip(), line[found.end() :]
    behind = _AFTER_CREDIT.fullmatch(after)
    if behind is None or not _is_house(behind["who"] or ""):
        return None
    rights = _RIGHTS.fullmatch(before)
    if rights or not before:
        is_plain = found["names"] not in _DOUBTFUL or bool(rights)
        holds = (is_last and is_plain) or bool(after.strip(" .")) or (rights is not None and bool(rights["year"]))
    elif with_ := _WITH.fullmatch(before):
        holds = _is_house(with_["who"])
    else:
        also = _ALSO.fullmatch(before)
        is_house = also is not None and _STARTS_HOUSE.match(also["who"]) is not None and _is_house(also["who"])
        holds = _BY.fullmatch(before) is not None or is_house
    return _name(found["names"]) if holds else None


def _is_house(who: str) -> bool:
    """Return whether words may be an outlet's name, and no sentence."""
    who = who.strip(_AROUND + ",/")
    words = who.split()
    return len(words) <= _MOST_HOUSE and (all(map(_HOUSE.fullmatch, words)) or _TITLE.match(who) is not None)


def _note(line: str) -> str | None:
    """Return the agency of a note such as `Cet article a été publié automatiquement d'après un flux de l'AFP`."""
    for found in _found_last(line):
        if _CLOSED.fullmatch(line[found.end() :]) and _NOTE.fullmatch(line[: found.start()]):
            return _name(found["names"])
    return None


def _last_words(line: str, *, needs_word: bool) -> str | None:
    """Return the agency that ends a line: `… la vigne. (avec AFP)`, `… la vigne. © AFP`, `… la vigne (AFP)`."""
    for found in _found_last(line):
        after = line[found.end() :]
        introduced = _INTRODUCED.search(line[: found.start()])
        if introduced is None or not _CLOSED.fullmatch(after):
            return None
        word, before = introduced["word"], line[: introduced.start()]
        if (needs_word or found["names"] in _DOUBTFUL) and not (word and word[0] in "aAwW"):
            return None
        if introduced["open"] or _SENTENCE_ENDS.search(before):
            return _name(found["names"])
    return None


def _found_last(line: str) -> Iterator[re.Match[str]]:
    """Yield the last agency that a line names, if any."""
    yield from list(_CREDITED.finditer(line, max(0, len(line) - _LINE_CHARS)))[-1:]
