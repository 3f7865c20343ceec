"""Sitemaps as feeds (sitemaps.org 0.9, Google News 0.9): for titles that have no feed, or a closed one.

- A **news sitemap** lists the articles of the last days, with title and date: each is an entry. Its keywords are left
  out: they say what a page wants to be found by, not what the article says.
- A **plain sitemap** lists every page of a site: entries are those that changed in the last two days. They have no
  title yet, and no date: `lastmod` is when the page last changed, and the page itself says when it was published.
- An **index** lists sitemaps; `parts` are the few that are worth reading.

Other readers of XML build a tree; 50,000 addresses need none.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import nlargest
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lxml import etree

from monitor.dates import parse_instant, zone_of
from monitor.feeds.limits import LIMITS
from monitor.links import web_link
from monitor.model import Entry, ParsedFeed
from monitor.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = ["INDEX", "ROOTS", "read_sitemap"]

INDEX: Final = "sitemapindex"
ROOTS: Final = {"urlset": "url", INDEX: "sitemap"}  # and what each lists
_FRESH: Final = timedelta(days=2)  # as long as Google News lists an article
_PARTS: Final = 3
_NEWSY: Final = re.compile(r"news|actu|latest|recent|jour", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"[0-9]{1,18}")
_RANKED: Final = 200  # of an index that are looked at
_MOST_RANKED: Final = 300  # characters of an address that say what it is
_MOST_TEXT: Final = 20 * LIMITS.title  # of one element
_KEPT: Final = frozenset({"loc", "lastmod", "news", "title", "publication_date", "name", "language"})
_OTHER_LOC: Final = frozenset({"image", "video"})  # elements with a loc or a title of their own


def read_sitemap(document: str, *, root: str, cut: bool, url: str, now: datetime) -> tuple[ParsedFeed, list[Entry]]:
    """Read a sitemap or an index of them.

    Args:
        document: without document type or entities of its own.
        root: a name of `ROOTS`.
        cut: the document ends before its root does; the last thing it lists is left out (promise I3).
        url: where it came from.
        now: later dates are implausible, and what changed lately is told from it.

    Returns:
        The feed without its entries, and its entries without their keys.
    """
    items = _items(document, ROOTS[root], cut=cut)
    note = "cut short: the last address was left out" if cut else None
    home = web_link("/", base=url) if url else None
    if root == INDEX:
        parts = _parts(items, url=url)
        return ParsedFeed("sitemap-index", None, home, None, (), truncated=cut, parts=parts, note=note), []
    news = [item for item in items if "news" in item]
    listed = news or _changed(items, now)
    date = "publication_date" if news else "lastmod"
    newest = nlargest(
        LIMITS.entries, listed, key=lambda item: item.get(date, "")
    )  # as written: read, it takes too long
    dropped = len(listed) - len(newest)
    entries = [_news(item, url, now) if news else _page(item, url, now) for item in newest]
    if dropped:
        note = f"too long: the {dropped} oldest addresses were left out"
    elif items and not news and not any("lastmod" in item for item in items):
        note = "a sitemap without dates: what is new in it cannot be told; look for a news sitemap"
    feed = ParsedFeed(
        format="sitemap-news" if news else "sitemap",
        title=_most_common(news, "name", most=LIMITS.title),
        link=home,
        language=_most_common(news, "language", most=35),
        entries=(),
        truncated=cut,
        dropped=dropped,
        note=note,
    )
    return feed, [entry for entry in entries if entry is not None and entry.link]


def _news(item: Mapping[str, str], url: str, now: datetime) -> Entry:
    return Entry(
        keys=(),
        guid=None,
        link=web_link(item.get("loc", ""), base=url),
        title=plain(item.get("title", ""), most=LIMITS.title),
        summary="",
        published_at=parse_instant(
            item.get("publication_date", ""), now=now, zone=zone_of(url, language=item.get("language"))
        ),
    )


def _changed(items: Sequence[dict[str, str]], now: datetime) -> list[dict[str, str]]:
    """Return the pages that may have changed lately, as their dates are written: most of 50,000 need no more."""
    first_day = (now - _FRESH - timedelta(days=1)).date().isoformat()
    return [item for item in items if item.get("lastmod", "")[:10] >= first_day]


def _page(item: Mapping[str, str], url: str, now: datetime) -> Entry | None:
    """Return the entry of a page that changed lately, unless it is the home page."""
    changed_at = parse_instant(item["lastmod"], now=now)
    link = web_link(item.get("loc", ""), base=url)
    if changed_at is None or changed_at < now - _FRESH or link is None or not urlsplit(link).path.strip("/"):
        return None
    return Entry(keys=(), guid=None, link=link, title="", summary="", updated_at=changed_at)


def _parts(items: Sequence[Mapping[str, str]], *, url: str) -> tuple[str, ...]:
    """Return the sitemaps to read, of the index's own host: those of news, then the newest.

    Where none is dated, archives are numbered, and the highest number is the newest most of the time.
    """
    host = urlsplit(url).hostname
    links = (web_link(item["loc"], base=url) for item in nlargest(_RANKED, items, key=_rank) if "loc" in item)
    own = (link for link in links if link and (not host or urlsplit(link).hostname == host))
    return tuple(dict.fromkeys(own))[:_PARTS]


def _rank(item: Mapping[str, str]) -> tuple[bool, str, list[int]]:
    path = item.get("loc", "")[:_MOST_RANKED].partition("//")[2].partition("/")[2]
    return bool(_NEWSY.search(path)), item.get("lastmod", ""), [int(digits) for digits in _NUMBERS.findall(path)]


def _most_common(items: Sequence[Mapping[str, str]], name: str, *, most: int) -> str | None:
    [(found, _), *_] = Counter(item.get(name, "") for item in items).most_common(1) or [("", 0)]
    return plain(fold(found), most=most) or None


def _items(document: str, listed: str, *, cut: bool) -> list[dict[str, str]]:
    """Return what each element of that name says, by local name; of a document cut short, without the last."""
    target = _Reader(listed)
    parser = etree.XMLParser(
        target=target, encoding="utf-8", recover=True, resolve_entities=False, no_network=True, huge_tree=False
    )
    parser.feed(document.encode())
    parser.close()
    if cut and target.is_done:
        del target.items[-1:]
    return target.items


@dataclass
class _Reader:
    """What lxml tells of a document, piece by piece."""

    listed: str
    items: list[dict[str, str]] = field(default_factory=list)
    _item: dict[str, str] | None = None
    _aside: int = 0  # depth inside what has names of its own
    _text: list[str] | None = None
    _room: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the last item that began has ended, as the parser sees it."""
        return self._item is None

    def start(self, tag: str, _attributes: object) -> None:
        name = _local(tag)
        if self._item is None:
            if name == self.listed:
                self._item = {}
            return
        if self._aside or name in _OTHER_LOC:
            self._aside += 1
            return
        if name in _KEPT:
            self._item.setdefault(name, "")
            self._text, self._room = [], _MOST_TEXT

    def data(self, text: str) -> None:
        if self._text is not None and self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def end(self, tag: str) -> None:
        name = _local(tag)
        if self._item is None:
            return
        if self._aside:
            self._aside -= 1
        elif name == self.listed:
            self.items.append(self._item)
            self._item = self._text = None
        elif self._text is not None:
            if name in _KEPT:
                self._item[name] = self._item[name] or "".join(self._text).strip()
            self._text = None

    def close(self) -> None:
        """Nothing is left to do; lxml wants it."""


def _local(tag: str) -> str:
    """Return a name without its namespace, declared or not; sitemaps spell Google's in many ways."""
    return tag.rpartition("}")[2].rpartition(":")[2]
