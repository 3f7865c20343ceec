"""The article's text among all that a page holds: the chain that docs/dependencies.md measures."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any, Final

from monitor.text import paragraphs

__all__ = ["Body", "read_body", "without_boilerplate"]

_ENOUGH: Final = 250  # characters; less is rarely an article
_MOST_ROWS: Final = 300
_MOST_LINKS: Final = 3000
_BLOCKS: Final = ("br", "p", "div")
_LAYOUT_BLOCKS: Final = 4  # in one cell; a table of figures holds fewer
_GLUED: Final = re.compile(r"[a-zà-ÿ][.!?»]?[A-ZÀ-Ý][a-zà-ÿ]")
_BOILERPLATE: Final = re.compile(
    r"(?:(?:à )?lire (?:aussi|également|plus tard|la suite)|à lire\b|lisez aussi|voir aussi|sur le même sujet|"
    r"article réservé à nos abonnés|(?:cet |l')?article (?:est )?réservé aux abonnés|"
    r"il (?:vous )?reste \d+(?:[.,]\d+)?\s?% |la suite (?:de cet article )?est réservée|contenu réservé aux abonnés|"
    r"la lecture des articles est réservée|l[’']accès à la totalité de l[’']article|"
    r"(?:vous avez )?envie de lire la suite|"
    r"vous souhaitez lire l[’']intégralité|profitez de l[’']offre|pour lire la suite|create a free account|"
    r"abonnez-vous|s'abonner|déjà abonné|inscrivez-vous|s'inscrire|connectez-vous|se connecter|je m'abonne|"
    r"newsletter|partager|partagez|suivez-nous|retrouvez(?: toute)? (?:l'actualité|nos)|temps de lecture|"
    r"lecture \d+ min|"
    r"publicité|copier le lien|imprimer|ajouter à vos favoris|réagir|commentaires?|votre (?:nom|commentaire|adresse)|"
    r"cliquez ici|voir les commentaires|crédits? photo|photo d'illustration|"
    r"pour aller plus loin|tous droits réservés|auteure?s?$|"
    r"(?:publié |mis à jour |mis en ligne )?(?:le )?(?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?"
    r"\d{1,2}(?:er)? [a-zéû]{3,9} \d{4}(?:,? par .{0,60})?$)",
    re.IGNORECASE,
)
_LONGEST_BOILERPLATE: Final = 200


@dataclass(frozen=True, slots=True)
class Body:
    """An article's text, a line for each paragraph, and which way gave it."""

    text: str
    way: str


def read_body(tree: Any, *, stated: str) -> Body:
    """Return the article's text.

    Args:
        tree: lxml's root element of the slimmed page; left as it is.
        stated: the `articleBody` of the page's JSON-LD, or "".
    """
    glued = _is_glued(stated)
    if len(stated) >= 4 * _ENOUGH and not glued:
        return Body(without_boilerplate(stated), "json-ld")
    precise = _trafilatura(tree, favor_precision=True)
    if len(stated) >= _ENOUGH and len(stated) > len(precise) and not (glued and len(precise) >= _ENOUGH):
        return Body(without_boilerplate(stated), "json-ld")
    if len(precise) >= _ENOUGH:
        return Body(precise, "precision")
    fast = _trafilatura(tree, fast=True)
    return Body(fast, "fast") if len(fast) > len(precise) else Body(precise, "precision")


def without_boilerplate(text: str) -> str:
    r"""Return a text without the short lines that only lead elsewhere.

    >>> without_boilerplate("Le gel a touché les vignes.\nLire aussi : Nos photos")
    'Le gel a touché les vignes.'
    """
    lines = [line.lstrip("-–•*|> ") for line in paragraphs(text).split("\n")]
    return "\n".join(
        line for line in lines if line and (len(line) > _LONGEST_BOILERPLATE or not _BOILERPLATE.match(line))
    )


def _trafilatura(tree: Any, *, fast: bool = False, favor_precision: bool = False) -> str:
    import trafilatura

    text = trafilatura.extract(
        _bounded(copy.deepcopy(tree)),
        fast=fast,
        favor_precision=favor_precision,
        include_comments=False,
        deduplicate=False,
        with_metadata=False,
    )
    return without_boilerplate(text or "")


def _bounded(tree: Any) -> Any:
    """Take away tables and lists of links that no article holds: they cost seconds each. Unmake tables of layout."""
    for table in [each for each in tree.iter("table") if sum(1 for _ in each.iter("tr")) > _MOST_ROWS]:
        table.drop_tree()
    for index, link in enumerate(list(tree.iter("a"))):
        if index >= _MOST_LINKS:
            link.drop_tree()
    _unmake_layout(tree)
    return tree


def _unmake_layout(tree: Any) -> None:
    """Make plain blocks of the tables that a page from before HTML5 stands in: one of their cells holds paragraphs."""
    for cell in tree.iter("td"):
        if sum(1 for _ in cell.iterchildren(*_BLOCKS)) >= _LAYOUT_BLOCKS:
            for table in cell.iterancestors("table"):
                table.tag = "div"
    for part in list(tree.iter("tbody", "tr", "td")):
        if part.getparent().tag == "div":
            part.tag = "div"


def _is_glued(text: str) -> bool:
    """Whether paragraphs were joined without a space: `…Cape VerdeSuccédant…`."""
    return len(_GLUED.findall(text)) > max(3, len(text) // 1500)
