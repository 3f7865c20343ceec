"""A page's bytes become what its article says. Pure, and run in a child process: trafilatura reads foreign bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from monitor.agencies import wire_of
from monitor.charset import decode
from monitor.dates import zone_of
from monitor.errors import ExtractError, Reason
from monitor.extract.body import Body, read_body
from monitor.extract.head import Head, instant_of, length_of, people, read_head, starts, without_site
from monitor.extract.language import language_of, spoken_language
from monitor.extract.linked import Linked, read_linked
from monitor.extract.markup import slim
from monitor.extract.signs import completeness_of
from monitor.extract.walls import drop_consent, wall_of
from monitor.links import site_of
from monitor.model import Completeness
from monitor.mojibake import garbled, repaired
from monitor.text import clip, fold

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MAX_BYTES", "Extracted", "read_page"]

MAX_BYTES: Final = 5 * 1024 * 1024  # promise R1
_MOST_TITLE: Final = 500
_MOST_LEAD: Final = 5000
_MOST_BODY: Final = 400_000
_LEAST: Final = 40
_TIERS: Final = {"free": True, "locked": False}
_HEADING: Final = 20
_TOP: Final = 4
_LONG_PARAGRAPH: Final = 1200
_SHORTEST_LEAD: Final = 120
_SENTENCE_END: Final = re.compile(r"[.!?…]»?\s+(?=[«A-ZÀ-Ý])")
_NOT_PAGES: Final = (
    b"%PDF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x00\x00\x00\x18ftyp",
    b"{",
)
_PAGE_TYPES: Final = re.compile(r"text/|application/(?:xhtml\+xml|xml|octet-stream)|\s*;|\s*$", re.IGNORECASE)
_FEED: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]{0,200}>\s*|<!--(?:(?!-->).){0,1000}-->\s*){0,5}<(?:rss|feed|rdf:RDF)\b", re.DOTALL
)
_MARKUP: Final = re.compile(rb"<\0?[a-zA-Z!?]")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # UTF-16, where NUL is half a character
_CONTROLS: Final = bytes({*range(32)} - {*b"\t\n\x0b\x0c\r\x1b"})
_SAMPLE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page tells of its article. `lead` is its first paragraph, `body` the rest, a line for each paragraph.

    `description` is the page's own summary; `way` says how the text was found; `garbled` counts the places that were
    read in a wrong charset and could not be put right.
    """

    url: str | None
    title: str
    lead: str
    body: str
    description: str
    language: str | None
    published_at: datetime | None
    authors: tuple[str, ...]
    completeness: Completeness
    wire: str | None
    way: str
    garbled: int = 0

    @property
    def text(self) -> str:
        """Lead and body together."""
        return "\n".join(part for part in (self.lead, self.body) if part)


def read_page(body: bytes, *, url: str, content_type: str | None = None, now: datetime) -> Extracted:
    """Read a page's article.

    Args:
        body: the page, after its Content-Encoding.
        url: its final address; "" where it is unknown.
        content_type: the HTTP header, or None.
        now: later dates are implausible.

    Raises:
        ExtractError: NOT_HTML; EMPTY where no article text is seen, or the page says that there is none; BLOCKED where
            a robot check or a consent wall stands in its place.
    """
    if not body.strip(b"\x00 \t\r\n"):
        raise ExtractError("the page is empty", reason=Reason.EMPTY)
    if body.startswith(_NOT_PAGES) or not _PAGE_TYPES.match(content_type or "") or not _is_markup(body):
        kind = fold(content_type or "no text")[:80]
        raise ExtractError(f"not a web page: {kind}", reason=Reason.NOT_HTML, retryable=False)
    if _FEED.match(body):
        raise ExtractError(
            "not a web page but a feed: see `veille feeds parse`", reason=Reason.NOT_HTML, retryable=False
        )
    page = slim(repaired(decode(body, content_type=content_type)))
    tree = _parsed(page.html)
    if tree is None:
        raise ExtractError("the page holds no element", reason=Reason.EMPTY)
    return _told(tree, read_linked(page.linked_data), url=url, now=now)


def _is_markup(body: bytes) -> bool:
    """Whether bytes look like markup: a tag somewhere, and few control characters."""
    sample = body[:_SAMPLE_BYTES]
    binary = len(sample) - len(sample.translate(None, _CONTROLS))
    return _MARKUP.search(body) is not None and (body.startswith(_WIDE) or 50 * binary <= len(sample))


def split_lead(text: str) -> tuple[str, str]:
    r"""Return the first paragraph and the rest; an endless first paragraph is parted after a sentence.

    >>> split_lead("Un.\nDeux.\nTrois.")
    ('Un.', 'Deux.\nTrois.')
    """
    first, _, rest = text.partition("\n")
    if len(first) > _LONG_PARAGRAPH and (end := _SENTENCE_END.search(first, _SHORTEST_LEAD)):
        return first[: end.end()].rstrip(), "\n".join(part for part in (first[end.end() :], rest) if part)
    return first, rest


def _parsed(markup: str) -> Any | None:
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser, ensure_head_body=True)
    except etree.ParserError:  # nothing but a script or a comment
        return None


def _told(tree: Any, linked: Linked, *, url: str, now: datetime) -> Extracted:
    head = read_head(tree, url=url)
    names = _names(head, linked, url)
    title = _title(head, linked, names)
    asks_consent = drop_consent(tree)
    found = read_body(tree, stated=linked.body)
    authors = _authors(head, linked, names)
    text = _without_top(repaired(found.text[:_MOST_BODY]), title, *head.headings, *authors)
    shown = fold(" ".join(tree.itertext()))
    if wall := wall_of(title=f"{title} | {head.tab}", text=text or shown[:_LONG_PARAGRAPH]):
        raise ExtractError(f"{wall.name} stands in the article's place", reason=wall.reason)
    if len(text) < _LEAST:
        if asks_consent:
            raise ExtractError("a consent wall stands in the article's place", reason=Reason.BLOCKED)
        raise ExtractError("no article text is seen on the page", reason=Reason.EMPTY)
    description = clip(linked.description or head.description, _MOST_LEAD)
    lead, rest = _parted(text, head.standfirst, description, shown=shown)
    stated = spoken_language(linked.language) or spoken_language(head.language)
    return Extracted(
        url=_own_address(head, url),
        title=title,
        lead=lead,
        body=rest,
        description=description,
        language=language_of(f"{title}\n{text}", stated=stated),
        published_at=instant_of(
            (linked.published, *head.dates), now=now, zone=zone_of(url, language=linked.language or head.language)
        ),
        authors=authors,
        completeness=completeness_of(
            text, page_text=shown, free=_is_free(head, linked, found), gated=length_of(tree, linked.gated)
        ),
        wire=wire_of(text, authors=(*linked.authors, linked.publisher, *head.bylines)),
        way=found.way,
        garbled=garbled(f"{title}\n{text}"),
    )


def _is_free(head: Head, linked: Linked, found: Body) -> bool | None:
    """Return what the page states; the text that it gives to machines is whole."""
    if found.way == "json-ld":
        return True
    return linked.free if linked.free is not None else _TIERS.get(head.tier)


def _parted(text: str, standfirst: str, description: str, *, shown: str) -> tuple[str, str]:
    """Return lead and body: what stands above the text, or is marked among its first lines, else its first one."""
    for each in (standfirst, description):
        if _is_standfirst(each, text, shown):
            return each, text
    lines = text.split("\n")
    marked = [at for at, line in enumerate(lines[:_TOP]) if standfirst and _same(line) == _same(standfirst)]
    if marked:
        return lines.pop(marked[0]), "\n".join(lines)
    return split_lead(text)


def _is_standfirst(description: str, text: str, shown: str) -> bool:
    """Whether the page shows its own summary to readers, and the extracted text left it out."""
    key = _same(description)
    return len(description) >= _LEAST and key in _same(shown) and key not in _same(text)


def _names(head: Head, linked: Linked, url: str) -> tuple[str, ...]:
    """Return what the site calls itself."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return (head.site, linked.publisher, host, host.rpartition(".")[0])


def _title(head: Head, linked: Linked, names: tuple[str, ...]) -> str:
    """Return the title that most of the page agrees on, without the names of site and section.

    `EN DIRECT.` and `VIDÉO.` stay: they are the publisher's words.
    """
    ends = (*names, head.section)
    stated = [without_site(title, *ends) for title in (head.title, linked.headline, head.tab) if title]
    headings = {
        _same(heading): heading for heading in reversed(head.headings) if _same(heading) not in map(_same, names)
    }
    agreed = [headings[_same(start)] for title in stated for start in starts(title) if _same(start) in headings]
    if not (head.title or linked.headline) and not agreed:  # only the browser's tab, which is written for searches
        agreed = [heading for heading in headings.values() if len(heading) >= _HEADING][: len(headings) == 1]
    return clip(next(iter([*agreed, *stated, *head.headings]), ""), _MOST_TITLE)


def _authors(head: Head, linked: Linked, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the people who are named; an outlet is none."""
    outlets = set(map(_same, names))
    told = (people(stated) for stated in (linked.authors, head.authors))
    return next((found for each in told if (found := tuple(one for one in each if _same(one) not in outlets))), ())


def _without_top(text: str, *known: str) -> str:
    """Return a text without first lines that only repeat its title, another heading or its authors."""
    first, _, rest = text.partition("\n")
    return _without_top(rest, *known) if rest and _same(first) in map(_same, known) else text


def _own_address(head: Head, url: str) -> str | None:
    """Return the canonical address where it is of the same site: nothing else may speak for it."""
    if head.canonical and site_of(head.canonical) == site_of(url):
        return head.canonical
    return url or None


def _same(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
