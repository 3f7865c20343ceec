"""Find the feeds of a site from its home page, or its sitemaps from its robots.txt.

The page is hostile until shown otherwise: only its beginning is read, and each tag within bounds, so the time is linear
in the size of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

from monitor.sources.address import address_error, canonical

__all__ = ["FeedLink", "feed_links", "sitemap_links"]

_MAX_BYTES = 1_000_000
_MAX_LINKS = 30
_MAX_TITLE = 200
_TAG = re.compile(r"<(link|base)\b([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<![a-z-])([a-z-]{1,30}+)\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""",
    re.IGNORECASE,
)
_TYPES = {
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/feed+json": "json",
    "application/rdf+xml": "rss",
}
_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_GUESSES = ("/feed", "/rss", "/rss.xml", "/index.xml")
_SITEMAP = re.compile(rb"^[ \t]{0,20}sitemap[ \t]{0,20}:[ \t]{0,20}(\S{1,2048})", re.IGNORECASE | re.MULTILINE)
_SITEMAP_GUESSES = ("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap_news.xml", "/sitemap.xml")
_NEWS = re.compile(r"news|actu", re.IGNORECASE)
_MAX_SITEMAPS = 5


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a site seems to have. A declared one was named by the page, the others are worth a try."""

    url: str
    title: str | None = None
    format: str | None = None  # rss, atom, json or sitemap, as the page says
    declared: bool = False


def feed_links(html: bytes, base_url: str) -> tuple[FeedLink, ...]:
    """Return where the feeds of a site may be, most promising first.

    Declared feeds come first, those of comments last among them, then well-known places on the same host.

    Args:
        html: the home page, as fetched.
        base_url: its final http(s) address.
    """
    tags = [(name.lower(), _attributes(text)) for name, text in _TAG.findall(_text(html))]
    moved = next((tag["href"] for name, tag in tags if name == "base" and "href" in tag), "")
    base = _joined(base_url, moved) or base_url
    declared = [link for name, tag in tags if name == "link" and (link := _declared(tag, base))]
    declared.sort(key=lambda link: bool(_COMMENTS.search(f"{link.url} {link.title}")))
    guesses = [FeedLink(url=urljoin(base_url, path)) for path in _GUESSES]
    unique: dict[str, FeedLink] = {}
    for link in (*declared[:_MAX_LINKS], *guesses):
        unique.setdefault(canonical(link.url), link)
    return tuple(unique.values())


def sitemap_links(robots: bytes, base_url: str) -> tuple[FeedLink, ...]:
    """Return where the sitemaps of a site may be, for one that has no feed: those of news first.

    Args:
        robots: its robots.txt, as fetched; nothing where it has none.
        base_url: an http(s) address of the site.
    """
    named = [link for line in _SITEMAP.findall(robots[:_MAX_BYTES]) if (link := _named(line, base_url))]
    named.sort(key=lambda link: not _NEWS.search(link.url))
    guesses = [FeedLink(url=urljoin(base_url, path), format="sitemap") for path in _SITEMAP_GUESSES]
    unique: dict[str, FeedLink] = {}
    for link in (*named[:_MAX_SITEMAPS], *guesses):
        unique.setdefault(canonical(link.url), link)
    return tuple(unique.values())


def _named(line: bytes, base: str) -> FeedLink | None:
    url = _joined(base, line.decode("utf-8", "replace"))
    return FeedLink(url=url, format="sitemap", declared=True) if url else None


def _text(html: bytes) -> str:
    """Decode enough to read ASCII markup and, most often, accented titles."""
    start = html[:_MAX_BYTES]
    try:
        return start.decode("utf-8", "strict" if len(html) <= _MAX_BYTES else "ignore")
    except UnicodeDecodeError:
        return start.decode("cp1252", "replace")


def _attributes(tag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), unescape("".join(values)).strip())  # the first one counts (HTML 13.2.5.33)
    return found


def _declared(tag: dict[str, str], base: str) -> FeedLink | None:
    kind = _TYPES.get(tag.get("type", "").split(";")[0].strip().lower())
    relations = tag.get("rel", "").lower().split()
    url = _joined(base, tag.get("href", ""))
    if kind is None or "alternate" not in relations or url is None:
        return None
    title = " ".join(tag.get("title", "").split())[:_MAX_TITLE]
    return FeedLink(url=url, title=title or None, format=kind, declared=True)


def _joined(base: str, reference: str) -> str | None:
    try:
        url = urljoin(base, reference)
    except ValueError:
        return None
    return None if not reference or address_error(url) else url
