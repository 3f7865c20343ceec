"""Addresses found in feeds and pages: http(s) or nothing (promise O6), and when two are the same article (I1)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus, urljoin, urlsplit

from monitor.text import fold

__all__ = ["link_key", "site_of", "web_link"]

_MAX_CHARACTERS: Final = 4096
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")
_IGNORED: Final = re.compile(r"[\t\r\n]")  # browsers drop them: the WHATWG's URL Standard
_TRACKING: Final = re.compile(
    r"(?:utm|at|mtm|pk|matomo|piwik|lmd|ns|hsa|oly|vero|wt|stm|itm)_(?!id$)\w+|utm_id|x(?:tor|ts|tref|tcr|tnp|tloc)|_hs(?:enc|mi)|"
    r"(?:fb|g|d|ms|tw|tt|y|wick)cli(?:d|ckid)|[gw]braid|gclsrc|igsh(?:id)?|li_fat_id|mc_[ce]id|mkt_tok|s_(?:cid|kwcid)|"
    r"sc_(?:cmp|src|lid)|_g[al]|__twitter_impression|ocid|cmp(?:id)?|ref_?src|ref_url|wtmc|echobox|actcampaigntype|"
    r"_?amp(?:_\w+)?|usqp|trk|guccounter|session_?id|phpsessid|jsessionid|aspsessionid\w*|cftoken",
    re.IGNORECASE,
)
_AMP_VALUE: Final = (("outputtype", "amp"), ("output", "amp"), ("mode", "amp"), ("view", "amp"), ("format", "amp"))
_AMP_PATH: Final = re.compile(r"/amp(?:\.html?)?/?$|[._]amp(?=\.html?$)|[._]amp$|^/amp(?=/.)", re.IGNORECASE)
_AMP_CACHE: Final = re.compile(
    r"(?:www\.google\.[a-z.]{2,6}/amp|[\w-]+\.cdn\.ampproject\.org/(?:[cvi]|wp))/(?P<tls>s/)?(?P<rest>[^/]+\..*)",
    re.DOTALL,
)
_VARIANTS: Final = re.compile(r"^(?:(?:www|m|mobile|amp)\.)+(?=[^.]+\.[^.])")
_ROUTE: Final = ("/", "!")  # with which the fragment begins that says which page a script shows
_PORTS: Final = {"http": 80, "https": 443}
# Under these, a country's own second level, whoever takes a name takes the third one.
_SECOND_LEVELS: Final = frozenset({"ac", "asso", "co", "com", "edu", "gc", "gouv", "gov", "net", "org"})
_COUNTRY_CODE: Final = 2
# So it is where blogs live.
_HOMES: Final = frozenset(
    "blogspot.com canalblog.com github.io hautetfort.com medium.com over-blog.com substack.com tumblr.com "
    "wordpress.com".split()
)


def web_link(link: str, *, base: str) -> str | None:
    """Return the absolute http(s) address that a link means, or None where it means none.

    Args:
        link: as found; relative, padded or hostile.
        base: the address of the document, possibly "".

    >>> web_link(" /monde/chine.html ", base="https://gazette.example/rss")
    'https://gazette.example/monde/chine.html'
    >>> web_link("javascript:alert(1)", base="https://gazette.example/rss")
    """
    folded = fold(_IGNORED.sub("", link)).replace(" ", "%20")
    if not folded or len(folded) > _MAX_CHARACTERS or _FORBIDDEN.search(folded):
        return None
    try:
        absolute = urljoin(base, folded)
        parts = urlsplit(absolute)
        fit = parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        return None
    return absolute if fit else None


def link_key(link: str) -> str:
    """Return what identifies an article's address, and is not to be asked.

    Left out are scheme, fragment (unless it is a script's `#/route`), tracking and the trailing slash, and what names
    another form of the same page: `www.`, mobile hosts, AMP, and the caches of AMP pages.

    Args:
        link: an absolute address, as `web_link` returns.

    >>> link_key("https://Gazette.example:443/monde/?id=7&utm_source=rss#xtor=RSS-1")
    'gazette.example/monde?id=7'
    >>> link_key("https://amp.gazette.example/monde/vexin.html/amp?outputType=amp")
    'gazette.example/monde/vexin.html'
    """
    parts = urlsplit(link)
    host = (parts.hostname or "").rstrip(".")
    if cached := _AMP_CACHE.fullmatch(f"{host}{parts.path}"):
        within = web_link(f"https://{cached['rest']}" + (f"?{parts.query}" if parts.query else ""), base="")
        if within is not None:
            return link_key(within)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    # As they are written: what is decoded and encoded again would be another address, or another article's.
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_of_the_form(pair))
    path = _AMP_PATH.sub("", parts.path.rstrip("/")).rstrip("/")
    route = f"#{parts.fragment}" if parts.fragment.startswith(_ROUTE) else ""
    return f"{_VARIANTS.sub('', host)}{port}{path}" + (f"?{query}" if query else "") + route


def site_of(url: str) -> str:
    """Return the name under which a site's hosts stand: `www`, `rss` or `m` are its own; a port stays.

    Args:
        url: an absolute address.

    >>> site_of("https://rss.gazette.example/une"), site_of("https://www.diplomatie.gouv.fr/"), site_of("http://[::1]:80/")
    ('gazette.example', 'diplomatie.gouv.fr', '[::1]')
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    if ":" in host:
        return f"[{host}]{port}"
    labels = host.split(".")
    if labels[-1].isdigit():
        return host + port
    is_national = len(labels[-1]) == _COUNTRY_CODE and labels[-2:-1] and labels[-2] in _SECOND_LEVELS
    is_deep = is_national or ".".join(labels[-2:]) in _HOMES
    return ".".join(labels[-3 if is_deep else -2 :]) + port


def _is_of_the_form(pair: str) -> bool:
    """Return whether a parameter says how the page was reached or is shown, and not which it is."""
    name, _, value = (unquote_plus(part) for part in pair.partition("="))
    return _TRACKING.fullmatch(name) is not None or (name.lower(), value.lower()) in _AMP_VALUE
