"""Links that lead to an article by way of an aggregator, a search engine, a social network or a shortener.

`unwrapped` tells the article's address where the link itself says it, without a request: as a parameter, or as an older
link of Google News, whose name is the address in base64. Newer ones hold a number that only Google can read, and
shorteners say nothing: such a link is asked like any page, and where its redirects lead is the article's address.
"""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from monitor.links import web_link

__all__ = ["is_wrapper", "unwrapped"]

_DEEPEST: Final = 3  # wrappers in wrappers
_MOST: Final = 4096
# Host and path of a wrapper, and the parameters that may hold the address
_PARAMETERS: Final = tuple(
    (re.compile(where), names)
    for where, names in (
        (r"(?:www\.)?google\.[a-z.]{2,6}/url", ("url", "q")),
        (r"(?:www\.|news\.)?google\.[a-z.]{2,6}/news/url", ("url",)),
        (r"(?:www\.)?bing\.com/news/apiclick\.aspx", ("url",)),
        (r"(?:l|lm|www)\.facebook\.com/(?:l|flx/warn/?)(?:\.php)?", ("u",)),
        (r"(?:l|www)\.instagram\.com/", ("u",)),
        (r"(?:www\.)?linkedin\.com/(?:redir/redirect|safety/go)", ("url",)),
        (r"(?:www\.)?youtube\.com/redirect", ("q",)),
        (r"t\.umblr\.com/redirect", ("z",)),
        (r"(?:www\.)?duckduckgo\.com/l/", ("uddg",)),
        (r"[a-z0-9]+\.safelinks\.protection\.outlook\.com/", ("url",)),
        (r"(?:www\.)?flipboard\.com/redirect", ("url",)),
        (r"slack-redir\.net/link", ("url",)),
    )
)
_HINT: Final = re.compile(
    r"//(?:[\w-]{1,63}\.){0,5}"
    r"(?:google|bing|facebook|instagram|linkedin|youtube|umblr|duckduckgo|outlook|flipboard|slack-redir|yahoo)\."
)
_GOOGLE_NEWS: Final = re.compile(r"news\.google\.[a-z.]{2,6}/(?:rss/|__i/rss/rd/)?(?:articles|read)/([\w-]{10,4000}=*)")
_YAHOO: Final = re.compile(r"r\.search\.yahoo\.com/.{0,2000}?/RU=([^/]{1,4000})/")
_SILENT: Final = re.compile(  # the address is in none of these
    r"(?:t\.co|bit\.ly|ow\.ly|buff\.ly|dlvr\.it|tinyurl\.com|is\.gd|goo\.gl|ift\.tt|trib\.al|lnkd\.in|fb\.me|shar\.es|"
    r"feedproxy\.google\.com|feeds\.feedburner\.com/~r|news\.google\.[a-z.]{2,6}/(?:rss/)?(?:articles|read)|"
    r"lemde\.fr|f24\.my|rfi\.my|rtl\.fm|l\.franceculture\.fr)/.+"
)


def unwrapped(link: str) -> str:
    """Return the address that a link leads to, as far as it says so itself; any other link as it is.

    Args:
        link: an absolute address, as `web_link` returns.

    >>> unwrapped("https://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2fgazette.example%2fvexin&c=1")
    'https://gazette.example/vexin'
    >>> unwrapped("https://gazette.example/url?url=https://ailleurs.example/")
    'https://gazette.example/url?url=https://ailleurs.example/'
    """
    for _ in range(_DEEPEST):
        inner = _inner(link) if _HINT.search(link) else None
        if inner is None:
            return link
        link = inner
    return link


def is_wrapper(link: str) -> bool:
    """Return whether a link leads to an article without saying to which.

    >>> is_wrapper("https://t.co/abc"), is_wrapper("https://gazette.example/abc")
    (True, False)
    """
    return _SILENT.match(_place(link)) is not None


def _place(link: str) -> str:
    parts = urlsplit(link)
    return f"{(parts.hostname or '').rstrip('.')}{parts.path or '/'}"


def _inner(link: str) -> str | None:
    place = _place(link)
    if found := _GOOGLE_NEWS.fullmatch(place):
        return _of_google_news(found[1])
    if found := _YAHOO.match(place):
        return web_link(unquote(found[1]), base="")
    names = next((names for where, names in _PARAMETERS if where.fullmatch(place)), ())
    try:
        given = parse_qs(urlsplit(link).query[:_MOST], max_num_fields=50) if names else {}
    except ValueError:  # more fields than any of them has
        return None
    inner = (web_link(given[name][0], base="") for name in names if name in given)
    return next((address for address in inner if address), None)


def _of_google_news(name: str) -> str | None:
    """Return the address in a name of Google News: a protocol buffer whose field 4 it is, in base64.

    Newer names hold a token there (`AU_yq…`).
    """
    try:
        packed = base64.urlsafe_b64decode(name.rstrip("=") + "=" * (-len(name.rstrip("=")) % 4))
    except ValueError:  # a digit that is none of ours, or half a byte
        return None
    start = packed.find(b"\x22", 0, 8)
    if start < 0:
        return None
    size, at = _varint(packed, start + 1)
    if not 0 < size <= len(packed) - at:
        return None
    return web_link(packed[at : at + size].decode("utf-8", "replace"), base="")


def _varint(packed: bytes, at: int) -> tuple[int, int]:
    """Return a number of one or two bytes, and where it ends; no address is longer."""
    low, high = packed[at : at + 1], packed[at + 1 : at + 2]
    if not low or low[0] < 0x80:  # noqa: PLR2004  the bit that says: there is more
        return int.from_bytes(low, "little"), at + 1
    return (low[0] & 0x7F) | (int.from_bytes(high, "little") << 7), at + 2
