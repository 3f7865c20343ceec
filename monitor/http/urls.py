"""Which addresses may be asked at all, decided by the parser that also connects (promise S5)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import httpx

from monitor.errors import FetchError, Reason

__all__ = ["canonical_url", "check_url", "endpoint_of", "host_of", "origin_of", "path_of"]

_MAX_LENGTH = 8192
_MAX_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")
_AUTHORITY = re.compile(r"[^:/?#]*://([^/?#]*)")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


def check_url(url: str, *, base: httpx.URL | None = None) -> httpx.URL:
    """Parse an address and refuse what no honest feed or page has.

    Args:
        url: the address; relative only with `base`.
        base: the address that `url` is relative to.

    Returns:
        The absolute address without fragment, host in lower-case ASCII (IDNA), path percent-encoded.

    Raises:
        FetchError: `bad_url`. The message names the host at most.
    """
    return _checked(url) if base is None else _checked_beside(url, base)


@lru_cache(maxsize=256)  # an address is parsed by each layer that is given it, five times in a poll
def _checked(url: str) -> httpx.URL:
    return _checked_beside(url, None)


def _checked_beside(url: str, base: httpx.URL | None) -> httpx.URL:
    if len(url) > _MAX_LENGTH:
        raise _bad(f"the address is longer than {_MAX_LENGTH} characters")
    if _FORBIDDEN.search(url):
        raise _bad("the address holds a backslash or a control character")
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
    except (httpx.InvalidURL, ValueError) as exc:
        raise _bad("the address cannot be parsed") from exc
    if parsed.scheme not in _DEFAULT_PORTS:
        raise _bad(f"only http and https are asked, not {parsed.scheme or 'an address without a scheme'}")
    authority = _AUTHORITY.match(str(url))
    if parsed.userinfo or (authority and "@" in authority[1]):
        raise _bad("the address holds a user name or a password")
    if parsed.port is not None and not 0 < parsed.port <= _MAX_PORT:
        raise _bad(f"port {parsed.port} does not exist")
    _check_host(parsed.raw_host.decode("ascii"))
    return parsed.copy_with(fragment=None)


def canonical_url(url: str, *, base: str | None = None) -> str:
    """Return an address as it will be asked.

    Args:
        url: the address; relative only with `base`.
        base: the address that `url` is relative to.

    Raises:
        FetchError: `bad_url`.

    Examples:
        >>> canonical_url("HTTPS://Journal.Example:443/à la une#haut")
        'https://journal.example/%C3%A0%20la%20une'
    """
    return str(check_url(url, base=None if base is None else check_url(base)))


def host_of(url: str) -> str:
    """Return the key under which a host is scheduled and spared: its name, and its port unless that is the default.

    Raises:
        FetchError: `bad_url`.

    Examples:
        >>> host_of("https://www.journal.example/rss.xml"), host_of("http://Journal.example:8080/")
        ('www.journal.example', 'journal.example:8080')
    """
    return host_key(check_url(url))


def host_key(url: httpx.URL) -> str:
    """Return the key of a checked address's host."""
    return url.netloc.decode("ascii")


def origin_of(url: str) -> str:
    """Return the scheme, host and port of an address; all that may be told of a secret one.

    Raises:
        FetchError: `bad_url`.

    Examples:
        >>> origin_of("https://hooks.example/services/T0/B0/secret")
        'https://hooks.example'
    """
    parsed = check_url(url)
    return f"{parsed.scheme}://{host_key(parsed)}"


def endpoint_of(url: str) -> tuple[str, int]:
    """Return the host and the port that an address is asked at.

    Raises:
        FetchError: `bad_url`.

    Examples:
        >>> endpoint_of("https://journal.example/monde")
        ('journal.example', 443)
    """
    parsed = check_url(url)
    return parsed.raw_host.decode("ascii"), parsed.port or _DEFAULT_PORTS[parsed.scheme]


def path_of(url: str) -> str:
    """Return the path and query of an address, percent-encoded.

    Raises:
        FetchError: `bad_url`.

    Examples:
        >>> path_of("https://journal.example/monde?page=2#haut")
        '/monde?page=2'
    """
    return check_url(url).raw_path.decode("ascii")


def _check_host(host: str) -> None:
    if ":" in host:
        _check_literal(host)
    elif not _NAME.fullmatch(host):
        raise _bad("the address has no valid host")
    elif _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        # 127.1, 2130706433, 0x7f.1: a host that ends in a number is an IPv4 address (WHATWG URL, "ends in a number")
        _check_literal(host)


def _check_literal(host: str) -> None:
    try:
        plain = ipaddress.ip_address(host)
    except ValueError as exc:
        raise _bad(f"{host} is not a plain IP address") from exc
    if "%" in str(plain):
        raise _bad(f"{host} names a network interface")


def _bad(why: str) -> FetchError:
    return FetchError(why, reason=Reason.BAD_URL, retryable=False)
