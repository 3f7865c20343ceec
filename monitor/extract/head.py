"""What a page's HTML says about itself: meta elements, `h1`, `time`, canonical link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from monitor.agencies import is_agency, is_credit
from monitor.dates import parse_instant
from monitor.links import web_link
from monitor.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

__all__ = ["Head", "instant_of", "length_of", "people", "read_head", "starts", "without_site"]

_DATES: Final = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "publish-date",
    "publication_date",
    "publishdate",
    "pubdate",
    "article.published",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.created",
    "citation_publication_date",
    "dc.date",
    "dcterms.date",
    "date",
)
_AUTHORS: Final = (
    "author",
    "article:author",
    "article:author_name",
    "dc.creator",
    "dcterms.creator",
    "parsely-author",
    "sailthru.author",
    "citation_author",
)
_SIGNED: Final = (*_AUTHORS, "og:article:author", "publisher", "article:publisher_name")
_TITLES: Final = ("og:title", "twitter:title", "dc.title", "citation_title")
_DESCRIPTIONS: Final = ("og:description", "description", "twitter:description")
_URL_DAY: Final = re.compile(r"/((?:19|20)\d{2})[/-](\d{2})[/-](\d{2})(?=[/_.-]|$)")
_STATED: Final = re.compile(
    r"[\s,|:–—-]*(?:(?:date\s*:?|publi[ée]e?|mise? en ligne|post[ée]e?|paru|on|published)\s*(?:le\s+|on\s+)?:?)?\s*"
    r"(?P<date>(?-i:le\s+)?(?:[a-z]{3,9}\.?,?\s+)?"
    r"(?:\d{1,2}(?:er)?\s+[a-zéûà]{3,9}\.?\s+\d{4}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|"
    r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]{4,18}(?:Z|[+-]\d{2}:?\d{2})?)?)"
    r"(?:\s*(?:à|-|,|\|)?\s*\d{1,2}\s?[h:]\s?\d{2})?)[\s,.|:–—-]*(?:par|mis à jour.*)?",
    re.IGNORECASE,
)
_BY_LABEL: Final = re.compile(r"[\s|–—-]*(?:par|by|auteure?s?|écrit par|texte)\s*:?", re.IGNORECASE)
_BY_NAME: Final = re.compile(r"(?:[Pp]ar|PAR|[Bb]y|[Aa]uteure?s?\s*:)\s+(?P<name>[A-ZÀ-Ý][^.:;!?]{2,60})")
_AFTER: Final = 60  # texts after the heading in which a date or a name is the article's
_BEFORE: Final = 12
_SHORT: Final = 80
_LONGEST_NAME: Final = 40
_TELLING: Final = 5
_PARAGRAPH: Final = 120  # the article has begun
_INLINE: Final = frozenset({"b", "em", "i", "strong", "u"})  # they hold pieces of sentences
_SEPARATOR: Final = re.compile(r"\s+[|–—•·»:-]+\s+|\s*\|\s*")
_BY: Final = re.compile(
    r"^(?:par|by|avec|propos recueillis par|entretien avec|de notre \w+(?: \w+)?)\s*:?\s+", re.IGNORECASE
)
_AND: Final = re.compile(r"\s*(?:,|;|/|\||\s(?:et|and|&|avec)\s|\(avec\s|\(|\))\s*")
_ADDRESS: Final = re.compile(r"https?:|@|^/", re.IGNORECASE)
_NO_NAME: Final = re.compile(
    r"\.(?:com|fr|be|ch|org|net|html?)\b|\d|^(?:AFP|AP|Reuters|agences?|la rédaction|rédaction)$",
    re.IGNORECASE,
)
_STANDFIRST: Final = re.compile(
    r"(?:^|[\s_-])(?:chap[oô]u?|chapeau|standfirst|lede|accroche|(?:article|post)(?:-|__?)(?:desc|intro|lead|excerpt))"
    r"(?=$|[\s_-])",
    re.IGNORECASE,
)
_STANDS_IN: Final = frozenset({"div", "p", "section", "h2", "h3", "span", "strong"})
_MOST_GATED: Final = 20  # they may lie in each other
_SELECTOR: Final = re.compile(r"(?:[a-z]+)?([.#])([\w-]+)")
_LETTERS: Final = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Head:
    """What the HTML states; empty or None where it states nothing."""

    title: str = ""
    headings: tuple[str, ...] = ()
    tab: str = ""  # <title>
    description: str = ""
    dates: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    bylines: tuple[str, ...] = ()  # all that may say whose text it is, as written: a person, a house, an agency
    language: str = ""
    canonical: str | None = None
    site: str = ""
    tier: str = ""  # `free`, `metered` or `locked`
    section: str = ""
    standfirst: str = ""  # what stands under the heading, marked as such


def read_head(tree: Any, *, url: str) -> Head:
    """Return what a parsed page states about itself.

    Args:
        tree: lxml's root element.
        url: the page's address.
    """
    metas = _metas(tree)
    tab = plain(next((_text(each) for each in tree.iter("title")), ""), most=500)
    headings = tuple(text for each in tree.iter("h1") if (text := plain(_text(each), most=500)))
    near = _near_heading(tree, _first(metas, _TITLES) or tab)
    canonical = next((each.get("href") for each in tree.iter("link") if _has(each, "rel", "canonical")), None)
    return Head(
        title=_first(metas, _TITLES),
        headings=headings[:20],
        tab=tab,
        description=_first(metas, _DESCRIPTIONS),
        dates=(
            *(metas[name] for name in _DATES if name in metas),
            *_marked_dates(tree),
            *_dates_in(near),
            *_url_day(url),
            *_article_times(tree),
            *_dates_in([part for part in _SEPARATOR.split(tab) if part]),
        ),
        authors=_names_in(metas) or tuple(_bylines_in(near)) or tuple(_marked_names(tree)),
        bylines=(*(metas[name] for name in _SIGNED if name in metas), *_signatures(tree), *filter(is_credit, near)),
        language=fold(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
        or metas.get("og:locale", ""),
        canonical=web_link(canonical, base=url) if canonical else None,
        site=metas.get("og:site_name", ""),
        tier=metas.get("article:content_tier", "").lower(),
        section=metas.get("article:section", ""),
        standfirst=_standfirst(tree, title=_first(metas, _TITLES) or tab),
    )


def length_of(tree: Any, selectors: Iterable[str]) -> int | None:
    """Return how many characters are in the elements of some `.class` or `#id` selectors, or None: there are none.

    Args:
        tree: lxml's root element.
        selectors: others than those two kinds name no element.
    """
    named = [found.groups() for found in map(_SELECTOR.fullmatch, map(str.strip, selectors)) if found]
    wanted = [("class" if kind == "." else "id", name) for kind, name in named]
    found = (
        each
        for each in (tree.iter() if wanted else ())
        if isinstance(each.tag, str) and any(_has(each, attribute, name) for attribute, name in wanted)
    )
    lengths = [sum(len(piece.strip()) for piece in each.itertext()) for each in islice(found, _MOST_GATED)]
    return max(lengths) if lengths else None


def instant_of(stated: Iterable[str], *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Return the first of the stated dates that can be read and is plausible."""
    return next((instant for text in stated if (instant := parse_instant(text, now=now, zone=zone))), None)


def without_site(title: str, *names: str) -> str:
    """Return a title without the site's name at its end (or start); an end that holds the host's name is one.

    >>> without_site("Gel tardif sur les vignes - La Gazette", "La Gazette")
    'Gel tardif sur les vignes'
    >>> without_site("Gel tardif sur les vignes - La Gazette de Lutèce", "gazette")
    'Gel tardif sur les vignes'
    """
    known = {_key(name) for name in names if name}
    cuts = list(_SEPARATOR.finditer(title))
    for cut in reversed(cuts):
        rest = title[cut.end() :]
        holds_one = len(rest) <= _LONGEST_NAME and any(len(name) >= _TELLING and name in _key(rest) for name in known)
        if _key(rest) in known or holds_one or _STATED.fullmatch(rest):
            return without_site(title[: cut.start()], *names)
    if cuts and _key(title[: cuts[0].start()]) in known:
        return title[cuts[0].end() :]
    return title


def starts(title: str) -> tuple[str, ...]:
    """Return a title, and what is left of it as it loses its last parts.

    >>> starts("Gel tardif | Vexin - La Gazette")
    ('Gel tardif | Vexin - La Gazette', 'Gel tardif | Vexin', 'Gel tardif')
    """
    return (title, *(title[: cut.start()] for cut in reversed(list(_SEPARATOR.finditer(title)))))


def people(bylines: Iterable[str]) -> tuple[str, ...]:
    """Return the names in some bylines, each once.

    >>> people(["Par Anne Lenoir et Luc Petit", "anne lenoir"])
    ('Anne Lenoir', 'Luc Petit')
    """
    names: dict[str, str] = {}
    for byline in bylines:
        if _ADDRESS.search(byline):
            continue
        for part in _AND.split(_BY.sub("", fold(byline))):
            name = _BY.sub("", part).strip(" -–")
            if 1 < len(name) <= 80 and not (_NO_NAME.search(name) or is_agency(name)):  # noqa: PLR2004  a name, not a sentence
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


def _names_in(metas: dict[str, str]) -> tuple[str, ...]:
    return tuple(metas[name] for name in _AUTHORS if people([metas.get(name, "")]))


def _marked_dates(tree: Any) -> Iterator[str]:
    """Yield the dates of elements that say they hold the publication's, and of an article's first `time`.

    A `time` whose attribute and text name different days was generated, not written: its text counts, elsewhere.
    """
    for each in tree.iter():
        if isinstance(each.tag, str) and (
            _has(each, "itemprop", "datePublished")
            or each.get("pubdate") is not None
            or _has(each, "class", "published")
        ):
            yield each.get("datetime") or each.get("content") or each.get("title") or _text(each)


def _article_times(tree: Any) -> Iterator[str]:
    """Yield the date of an article's first `time` element."""
    times = (each for root in tree.iter("article", "main") for each in root.iter("time"))
    if (first := next(times, None)) is not None:
        yield _time(first)


def _time(element: Any) -> str:
    """Return what a `time` element states; where attribute and text name different days, the text was written."""
    stated, shown = fold(element.get("datetime") or ""), fold(_text(element))
    day = _STATED.fullmatch(shown)
    return shown if not stated or (day and _day_of(day["date"]) not in {None, stated[:10]}) else stated


def _day_of(shown: str) -> str | None:
    instant = parse_instant(shown, now=datetime.max.replace(tzinfo=UTC) - timedelta(days=2))
    return instant.date().isoformat() if instant else None


def _near_heading(tree: Any, title: str) -> list[str]:
    """Return the texts after the heading that carries the title, then the few before it."""
    wanted = _key(title)
    body = next(tree.iter("body"), tree)
    texts: list[str] = []
    heading = None
    for element in body.iter():
        if element.tag in {"h1", "h2"} and len(key := _key(_text(element))) > _SHORT // 8 and key in wanted:
            heading = len(texts) if heading is None else heading
        own = None if element.tag in _INLINE else _time(element) if element.tag == "time" else element.text
        texts.extend(fold(text) for text in (own, element.tail) if text and not text.isspace())
        if heading is not None and len(texts) > heading + _AFTER:
            break
    if heading is None:
        return []
    return texts[heading : heading + _AFTER] + texts[max(0, heading - _BEFORE) : heading]


def _standfirst(tree: Any, *, title: str) -> str:
    """Return what stands soon after the heading that carries the title, in an element that is named for it."""
    wanted = _key(title)
    left = 0
    for element in next(tree.iter("body"), tree).iter():
        if element.tag in {"h1", "h2"} and len(key := _key(_text(element))) > _SHORT // 8 and key in wanted:
            left = _AFTER
        elif left > 0 and isinstance(element.tag, str):
            left -= 1
            named = f"{element.get('class') or ''} {element.get('itemprop') or ''}"
            if element.tag in _STANDS_IN and _STANDFIRST.search(named) and (text := plain(_text(element), most=5000)):
                return text
            if element.tag == "p" and len(_text(element)) > _PARAGRAPH:
                break
    return ""


def _dates_in(texts: Iterable[str]) -> Iterator[str]:
    """Yield the dates that stand alone, as in `Publié le 16 mai 2024 à 08h30`: never one inside a sentence."""
    for text in texts:
        if len(text) <= _SHORT and (stated := _STATED.fullmatch(text)):
            yield stated["date"]


def _bylines_in(texts: Sequence[str]) -> Iterator[str]:
    """Yield the first name after a label: `Par Anne Lenoir`, or `Par` and then the name."""
    for index, text in enumerate(texts):
        if _BY_LABEL.fullmatch(text):
            name = " ".join(texts[index + 1 : index + 2])
        else:
            named = _BY_NAME.fullmatch(text)
            name = named["name"] if named else ""
        if name and len(name) <= _SHORT and people([name]):
            yield name
            return


def _url_day(url: str) -> Iterator[str]:
    if day := _URL_DAY.search(url):
        yield "-".join(day.groups())


def _marked_names(tree: Any) -> Iterator[str]:
    """Yield the first name in an element that says it holds the author's."""
    yield from islice((name for each in _marked(tree) if people([name := plain(_text(each), most=200)])), 1)


def _marked(tree: Any) -> Iterator[Any]:
    """Yield the elements that say they hold the author: a link, microdata, or a card (hCard)."""
    for each in tree.iter():
        if isinstance(each.tag, str) and (
            _has(each, "rel", "author") or _has(each, "itemprop", "author") or _has(each, "class", "author")
        ):
            yield each


def _signatures(tree: Any) -> Iterator[str]:
    """Yield who signs, by the first elements that say so, author and publisher; later ones are of other articles."""
    publishers = (each for each in tree.iter() if (each.get("itemprop") or "").lower() == "publisher")
    for each in (*islice(_marked(tree), 1), *islice(publishers, 1)):
        yield plain(_text(each), most=200)


def _has(element: Any, name: str, word: str) -> bool:
    return word in (element.get(name) or "").split()


def _text(element: Any) -> str:
    return " ".join(element.itertext())


def _key(name: str) -> str:
    return _LETTERS.sub("", name).casefold()
