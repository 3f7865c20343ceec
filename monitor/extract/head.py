"""What a page's HTML says about itself: meta elements, `h1`, `time`, canonical link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from monitor.dates import parse_instant
from monitor.links import web_link
from monitor.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

__all__ = ["Head", "instant_of", "people", "read_head", "without_site"]

_DATES: Final = (
    "article:published_time", "og:article:published_time", "datepublished", "og:published_time", "parsely-pub-date",
    "sailthru.date", "publish-date", "publication_date", "publishdate", "pubdate", "article.published", "cxenseparse:recs:publishtime",
    "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "citation_publication_date", "dc.date", "dcterms.date", "date",
)  # fmt: skip
_AUTHORS: Final = (
    "author",
    "article:author_name",
    "dc.creator",
    "dcterms.creator",
    "parsely-author",
    "sailthru.author",
    "citation_author",
)
_TITLES: Final = ("og:title", "twitter:title", "dc.title", "citation_title")
_DESCRIPTIONS: Final = ("og:description", "description", "twitter:description")
_URL_DAY: Final = re.compile(r"/((?:19|20)\d{2})[/-](\d{2})[/-](\d{2})(?=[/_.-]|$)")
_STATED: Final = re.compile(
    r"\b(?:publi[ée]e?|mise? en ligne|post[ée]e?|paru)\s+(?:le\s+)?:?\s*"
    r"((?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+)?"
    r"(?:\d{1,2}(?:er)?\s+[a-zéûà]{3,9}\.?\s+\d{4}|\d{1,2}[/.]\d{1,2}[/.]\d{4})"
    r"(?:\s*(?:à|-|,)?\s*\d{1,2}\s?[h:]\s?\d{2})?)",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"\s+[|–—•·»:-]+\s+|\s*\|\s*")
_BY: Final = re.compile(
    r"^(?:par|by|propos recueillis par|entretien avec|de notre \w+(?: \w+)?)\s*:?\s+", re.IGNORECASE
)
_AND: Final = re.compile(r"\s*(?:,|;|/|\||\s(?:et|and|&|avec)\s|\(avec\s|\(|\))\s*")
_NO_NAME: Final = re.compile(r"https?:|@|\.(?:com|fr|be|ch|org|net|html?)\b|\d", re.IGNORECASE)
_LETTERS: Final = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Head:
    """What the HTML states; empty or None where it states nothing."""

    title: str = ""
    heading: str = ""
    tab: str = ""  # <title>
    description: str = ""
    dates: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    language: str = ""
    canonical: str | None = None
    site: str = ""


def read_head(tree: Any, *, url: str) -> Head:
    """Return what a parsed page states about itself.

    Args:
        tree: lxml's root element.
        url: the page's address.
    """
    metas = _metas(tree)
    headings = [text for each in tree.iter("h1") if (text := plain(_text(each), most=500))]
    canonical = next((each.get("href") for each in tree.iter("link") if _has(each, "rel", "canonical")), None)
    return Head(
        title=_first(metas, _TITLES),
        heading=headings[0] if len(headings) == 1 else "",
        tab=plain(next((_text(each) for each in tree.iter("title")), ""), most=500),
        description=_first(metas, _DESCRIPTIONS),
        dates=(*(metas[name] for name in _DATES if name in metas), *_times(tree), *_url_day(url), *_stated(tree)),
        authors=tuple(metas[name] for name in _AUTHORS if name in metas) or tuple(_bylines(tree)),
        language=fold(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
        or metas.get("og:locale", ""),
        canonical=web_link(canonical, base=url) if canonical else None,
        site=metas.get("og:site_name", ""),
    )


def instant_of(stated: Iterable[str], *, now: datetime) -> datetime | None:
    """Return the first of the stated dates that can be read and is plausible."""
    return next((instant for text in stated if (instant := parse_instant(text, now=now))), None)


def without_site(title: str, *names: str) -> str:
    """Return a title without the site's name at its end (or start).

    >>> without_site("Gel tardif sur les vignes - La Gazette", "La Gazette")
    'Gel tardif sur les vignes'
    """
    known = {_key(name) for name in names if name}
    cuts = list(_SEPARATOR.finditer(title))
    for cut in reversed(cuts):
        if _key(title[cut.end() :]) in known:
            return without_site(title[: cut.start()], *names)
    if cuts and _key(title[: cuts[0].start()]) in known:
        return title[cuts[0].end() :]
    return title


def people(bylines: Iterable[str]) -> tuple[str, ...]:
    """Return the names in some bylines, each once.

    >>> people(["Par Anne Lenoir et Luc Petit", "anne lenoir"])
    ('Anne Lenoir', 'Luc Petit')
    """
    names: dict[str, str] = {}
    for byline in bylines:
        for part in _AND.split(_BY.sub("", fold(byline))):
            name = _BY.sub("", part).strip(" .-–")
            if 1 < len(name) <= 80 and not _NO_NAME.search(name):  # noqa: PLR2004  a name, not a sentence
                names.setdefault(_key(name), name)
    return tuple(names.values())[:20]


def _metas(tree: Any) -> dict[str, str]:
    """Return the contents of meta elements by their lower-case name, the first of each."""
    metas: dict[str, str] = {}
    for each in tree.iter("meta"):
        name = each.get("property") or each.get("name") or each.get("itemprop") or ""
        if content := plain(each.get("content") or "", most=5000):
            metas.setdefault(name.strip().lower(), content)
    return metas


def _first(metas: dict[str, str], names: Iterable[str]) -> str:
    return next((metas[name] for name in names if name in metas), "")


def _times(tree: Any) -> Iterator[str]:
    """Yield the dates of elements that say they hold the publication's, then of a page's one `time` element."""
    for each in tree.iter():
        if isinstance(each.tag, str) and (_has(each, "itemprop", "datePublished") or each.get("pubdate") is not None):
            yield each.get("datetime") or each.get("content") or _text(each)
    times = [each for root in tree.iter("article", "main") for each in root.iter("time")] or list(tree.iter("time"))
    yield from [each.get("datetime") or _text(each) for each in times[:1]]


def _url_day(url: str) -> Iterator[str]:
    if day := _URL_DAY.search(url):
        yield "-".join(day.groups())


def _stated(tree: Any) -> Iterator[str]:
    """Yield the date that the page tells its readers: `Publié le 16 mai 2024 à 08h30`."""
    body = next(tree.iter("body"), tree)
    if stated := _STATED.search(fold(" ".join(body.itertext()))):
        yield stated[1]


def _bylines(tree: Any) -> Iterator[str]:
    for each in tree.iter():
        if isinstance(each.tag, str) and (_has(each, "rel", "author") or _has(each, "itemprop", "author")):
            yield plain(_text(each), most=200)


def _has(element: Any, name: str, word: str) -> bool:
    return word in (element.get(name) or "").split()


def _text(element: Any) -> str:
    return " ".join(element.itertext())


def _key(name: str) -> str:
    return _LETTERS.sub("", name).casefold()
