"""Feed addresses: what we accept, and when two are the same feed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

__all__ = ["address_error", "canonical"]

_PORTS = {"http": 80, "https": 443}
_MAX_CHARACTERS = 2048
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\<>\"]")


def address_error(url: str) -> str | None:
    """Return why an address cannot be a feed's, or None when it can (promise S5).

    Examples:
        >>> address_error("https://www.example.org/rss")
        >>> address_error("www.example.org/rss")
        'an address begins with http:// or https://'
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"not an address: {error}"
    problems = {
        f"an address has at most {_MAX_CHARACTERS} characters": len(url) > _MAX_CHARACTERS,
        "an address holds no space, quote, backslash or control character": _FORBIDDEN.search(url) is not None,
        "an address begins with http:// or https://": parts.scheme not in _PORTS,
        "the address names no host": not host,
        "an address holds no user name or password": "@" in parts.netloc,
    }
    return next((problem for problem, found in problems.items() if found), None)


def canonical(url: str) -> str:
    """Return the one spelling of an address that `address_error` accepts (RFC 3986, section 6.2.2).

    Case of scheme and host, default port, empty path and fragment are spelling; the rest tells feeds apart.

    Examples:
        >>> canonical("HTTPS://Gazette.Example:443#une")
        'https://gazette.example/'
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    name = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return urlunsplit((parts.scheme, name + port, parts.path or "/", parts.query, ""))
