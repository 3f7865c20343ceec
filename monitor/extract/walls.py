"""What stands in an article's place: a robot check, a consent wall, a page that says there is none (promise I7).

Judged by how much of the text is their wording: an article on cookies holds some of it, mostly between quotation marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wall", "drop_consent", "is_consent", "wall_of"]

_MOST_BANNERS: Final = 100
_LONGEST: Final = 8000  # consent walls list all they want
_SHORT: Final = 700
_SHARE: Final = 0.4
_BANNER: Final = re.compile(
    r"didomi|sp_message|onetrust|ot-sdk|axeptio|qc-cmp|cookie|consent|\bcmp|cmp\b|tarteaucitron|gdpr|rgpd|sirdata|"
    r"usercentrics|truste|fc-dialog|privacy|\b(?:alert)?dialog\b",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"«[^»\n]{0,300}»|“[^”\n]{0,300}”")
_SENTENCE: Final = re.compile(r"\n|(?<=[.!?…:])\s+(?=[A-ZÀ-Ý«“])")
_TITLE_PART: Final = re.compile(r"\s+[|–—·-]\s+|\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Wall:
    """What is there instead of the article."""

    name: str
    reason: Reason
    titles: re.Pattern[str]  # of a whole title, or a part of one
    signs: re.Pattern[str]  # in a sentence


_ROBOT: Final = Wall(
    "a robot check",
    Reason.BLOCKED,
    re.compile(
        r"just a moment\W*|un instant\W*|attention required\W*|access(?: to this page has been)? denied|403 forbidden|"
        r"forbidden|pardon our interruption\W*|ddos-guard|security check\W*|are you a robot\W*|robot or human\W*|"
        r"(?:erreur|error) (?:403|429|10(?:09|15|20))\W*|vérification de (?:la )?sécurité\W*|"
        r"accès (?:temporairement )?(?:refusé|interdit|restreint|bloqué)|veuillez patienter\W*|too many requests",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:activ(?:er|ez)|autoris(?:er|ez)|nécessite|enable|requires?|turn on) (?:js|javascript|cookies)|"
        r"javascript (?:is|est|and|et) (?:disabled|désactivé|required|requis|cookies)|"
        r"checking your browser|verify(?:ing)? (?:that )?you are (?:a )?human|confirm (?:that )?you are (?:a )?human|"
        r"(?:are you|not) a (?:ro)?bot|complete the captcha|compléter le (?:puzzle|captcha)|résolvez|"
        r"vous n'êtes pas un robot|êtes-vous un robot|que vous êtes (?:un )?humain|vérifi(?:er|cation de|"
        r"ons) la sécurité|"
        r"vérification de sécurité|ray id|access (?:to this page has been )?denied|don't have permission to access|"
        r"you have been blocked|unable to access|(?:trigger(?:ed)?|security) (?:the )?(?:this block|solution|service)|"
        r"email the site owner|reference #\d|incident id|unusual (?:traffic|activity)|"
        r"activité (?:inhabituelle|suspecte)[^.]{0,60} (?:votre|vos)|votre (?:adresse ip|navigateur) a été bloqu|"
        r"glisser vers la droite|request unsuccessful|ddos protection|"
        r"accès (?:à cette page )?(?:vous )?(?:est )?refusé",
        re.IGNORECASE,
    ),
)
_CONSENT: Final = Wall(
    "a consent wall",
    Reason.BLOCKED,
    re.compile(
        r"gestion des cookies|(?:nous (?:respectons|tenons à)|respect de) (?:la |votre )?vie privée|"
        r"votre vie privée(?: nous importe)?|avant d'accéder à google|before you continue(?: to google)?|"
        r"we value your privacy|paramètres des cookies",
        re.IGNORECASE,
    ),
    re.compile(
        r"\A(?=.*\b(?:nous|nos|notre|vous|votre|vos|j'accepte|we|our|your?)\b)"
        r"(?=.*(?:cookies?\b|traceurs?\b|consentement|consent\b|vie privée|privacy|données personnelles|"
        r"données de géolocalisation|accéd(?:er|ons) à des informations|identifiants uniques|traitons les données|"
        r"retirer votre|traiter vos données|publicité ciblée|contenu de ce site vous))|"
        r"(?:continuer|poursuivre) sans accepter|tout (?:accepter|refuser)|accepter (?:et|&) (?:continuer|fermer)|"
        r"(?:accepter|refuser|autoriser) (?:tous )?les (?:cookies|traceurs)|bevor sie fortfahren|"
        r"publicités et contenus? personnalisés|stock(?:er|ons) et(?:/ou)? accéd(?:er|ons) à",
        re.IGNORECASE | re.DOTALL,
    ),
)
_ABSENT: Final = Wall(
    "a page that says there is none",
    Reason.EMPTY,
    re.compile(
        r"(?:oups\W+|désolé\W+)?(?:cette )?page (?:est )?(?:introuvable|inexistante|indisponible|non trouvée|"
        r"supprimée)\W*|"
        r"(?:http )?(?:erreur|error)?\W*(?:404|410)\W*(?:(?:page )?not found|page (?:introuvable|non trouvée)|"
        r"gone)?\W*|"
        r"(?:page )?not found\W*|cette page n'existe (?:pas|plus)\W*|(?:article|contenu) (?:introuvable|"
        r"indisponible)\W*",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:page|article|contenu) (?:que vous (?:re)?cherchez|demandée?|recherchée?)?[^.\n]{0,40}"
        r"(?:n'existe (?:pas|plus)|n'est (?:pas|plus) disponible|est introuvable|n'a pas (?:été|pu être) trouvé)|"
        r"(?:page|url) (?:you requested|you are looking for|was not found|could not be found)",
        re.IGNORECASE,
    ),
)
_WALLS: Final = (_ROBOT, _CONSENT, _ABSENT)


def wall_of(*, title: str, text: str) -> Wall | None:
    """Return what stands in the article's place, or None.

    Args:
        title: the page's.
        text: what would be taken for the article, else all that the page shows.

    >>> wall_of(title="Un instant", text="Enable JavaScript and cookies to continue").name
    'a robot check'
    """
    if len(text) >= _LONGEST:
        return None
    parts = [part.strip() for part in _TITLE_PART.split(_straight(title))]
    sentences = list(_sentences(text))
    return next((wall for wall in _WALLS if _stands(wall, parts, sentences)), None)


def is_consent(text: str) -> bool:
    """Return whether a block of a page asks for consent.

    >>> is_consent("Nos partenaires et nous utilisons des cookies."), is_consent("Le gel a touché les vignes.")
    (True, False)
    """
    return _share(_CONSENT, list(_sentences(text[:_LONGEST]))) >= _SHARE


def drop_consent(tree: Any) -> bool:
    """Take the banners that ask for consent out of a page, and return whether there was one.

    Args:
        tree: lxml's root element.
    """
    banners = (
        each
        for each in tree.iter("div", "section", "aside", "dialog", "form")
        if _BANNER.search(f"{each.get('id') or ''} {each.get('class') or ''} {each.get('role') or ''}")
    )
    dropped = False
    for each in list(islice(banners, _MOST_BANNERS)):
        text = _text(each)
        if text is not None and is_consent(text):
            each.drop_tree()
            dropped = True
    return dropped


def _text(element: Any) -> str | None:
    """Return an element's text, or None where it is too long for a banner's: boxes may lie in boxes, each as long."""
    pieces: list[str] = []
    room = _LONGEST
    for piece in element.itertext():
        room -= len(piece)
        if room < 0:
            return None
        if not piece.isspace():
            pieces.append(piece)
    return " ".join(pieces)


def _stands(wall: Wall, titles: list[str], sentences: list[str]) -> bool:
    is_short = sum(map(len, sentences)) < _SHORT
    if is_short and any(part and wall.titles.fullmatch(part) for part in titles):
        return True
    return (is_short or wall is _CONSENT) and _share(wall, sentences) >= _SHARE


def _share(wall: Wall, sentences: list[str]) -> float:
    """Return how much of a text is a wall's wording, from 0 to 1."""
    whole = sum(map(len, sentences))
    return sum(len(sentence) for sentence in sentences if wall.signs.search(sentence)) / whole if whole else 0.0


def _sentences(text: str) -> Iterator[str]:
    yield from filter(str.strip, _SENTENCE.split(_QUOTED.sub("", _straight(text))))


def _straight(text: str) -> str:
    return text.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")
