"""Whether a page shows its whole article: what short signs in its text tell."""

from __future__ import annotations

import re
from typing import Final

from monitor.model import Completeness

__all__ = ["completeness_of"]

_FULL: Final = 1000
_LEAST_GATED: Final = 200  # less is the offer to subscribe

_PAYWALL: Final = re.compile(
    r"il (?:vous )?reste \d+(?:[.,]\d+)?\s?% (?:de (?:cet|ce)|à (?:lire|découvrir))|"
    r"la suite (?:de cet article )?est réservée|"
    r"(?:cet|l')\s?article est (?:exclusivement )?(?:réservé|payant|premium|protégé)|"
    r"(?:l'accès à la totalité|l'intégralité) de (?:cet|l')\s?article est (?:protégée?|réservée?)|"
    r"la lecture des articles est réservée|"
    r"(?:envie de|souhaitez|pour) lire (?:la suite(?: de (?:cet|l')\s?article)?|l'intégralité de (?:cet|"
    r"l')\s?article) ?\?|"
    r"abonnez-vous pour (?:lire|continuer|accéder à (?:cet article|ce contenu|l'article|l'intégralité|la suite))|"
    r"débloque[rz]? (?:cet article|tous les articles)|pour lire la suite de (?:cet|l')\s?article|"
    r"(?:connectez-vous|inscrivez-vous)(?: gratuitement)? (?:pour|afin de) (?:lire la suite|continuer (?:à lire|"
    r"la lecture))|"
    r"subscribe to (?:read|continue)|(?:log|sign) in to (?:read|continue reading)|this article is for subscribers",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(  # also stands on links to other articles
    r"(?:article|contenu|suite|dossier|texte)s? (?:est |sont )?(?:exclusivement )?"
    r"réservée?s? (?:à|aux) (?:nos )?abonnés|"
    r"pour lire la suite(?! de l'actualité)|"
    r"(?:déjà|encore) abonné ?\? ?(?:connectez-vous|identifiez-vous|se connecter)"
    r"(?! (?:pour|afin de) (?:commenter|réagir|participer))",
    re.IGNORECASE,
)
_PAYING: Final = (
    *(
        "abonn",
        "réserv",
        "lire la suite",
        "% de ",
        "% à ",
        "intégralité",
        "protég",
        "est payant",
        "premium",
        "débloque",
    ),
    *("continue", "subscri", "la lecture"),
)
_AROUND: Final = 150
_MOST_FOUND: Final = 300
_QUOTED: Final = re.compile(r"«[^»]{0,200}»")  # an article on paywalls
_CUT: Final = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\(…\)|\(\.\.\.\))\s*$")


def completeness_of(text: str, *, page_text: str, free: bool | None, gated: int | None = None) -> Completeness:
    """Return how much of the article a page showed. Short is no sign: a brief is whole in two sentences.

    Args:
        text: what was extracted.
        page_text: the whole page's text, where a paywall says its name.
        free: what the page states (`isAccessibleForFree`).
        gated: how many characters are in what it states to be for subscribers; None where nothing on the page is.
    """
    shown = _about_paying(page_text)
    cut = _CUT.search(text) is not None
    if gated is not None and free is not True:
        teased = cut or gated < _LEAST_GATED
    else:
        teased = (
            (free is not True and _PAYWALL.search(shown) is not None)
            or (free is False and (cut or len(text) < 2 * _FULL))
            or (free is None and len(text) < _FULL and (cut or _LABEL.search(shown) is not None))
        )
    return Completeness.TEASER if teased else Completeness.FULL


def _about_paying(page_text: str) -> str:
    """Return what is around the words that paywalls are made of: a page is long, and these expressions are slow."""
    text = page_text.replace("’", "'").replace("\u00a0", " ")
    lowered = text.lower()
    lowered = lowered if len(lowered) == len(text) else text
    found: list[tuple[int, int]] = []
    for word in _PAYING:
        at = lowered.find(word)
        while at >= 0 and len(found) < _MOST_FOUND:
            found.append((max(0, at - _AROUND), at + _AROUND))
            at = lowered.find(word, at + _AROUND)
    return _QUOTED.sub("", "\n".join(text[start:end] for start, end in found))
