"""The operator's own subscriptions: which cookies a site gave their browser, and which addresses they are for.

A file of them is the one place that cookies come from: none that a site sets is ever kept (promise S6). Each is sent
over https only, to the host that it names, or under the domain that it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.errors import SettingsError, why_unreadable
from monitor.files import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

__all__ = ["NO_COOKIES", "Cookie", "CookieJar", "load_cookies", "parse_cookies"]

_FIELDS: Final = 7
_HTTP_ONLY: Final = "#HttpOnly_"
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_SIMPLE: Final = re.compile(r"(?P<host>\S+?)\s*(?::\s+|\s+)(?:cookie:\s*)?(?P<pairs>\S.*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 6265, section 4.1.1
_VALUE: Final = re.compile(r"[\x21\x23-\x3a\x3c-\x5b\x5d-\x7e \"\\]*")
_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie; `value` is a secret and not part of its text."""

    host: str  # in lower case, without a dot before it
    name: str
    value: str
    with_subdomains: bool = False
    path: str = "/"
    expires_at: float | None = None  # seconds since 1970; None: never

    def __repr__(self) -> str:
        """Name the cookie, not what it says (promise X4)."""
        return f"Cookie({self.host}, {self.name})"

    def is_for(self, host: str, path: str, now: datetime) -> bool:
        """Return whether it is sent with a request (RFC 6265, sections 5.1.3 and 5.1.4)."""
        ours = host == self.host or (self.with_subdomains and host.endswith(f".{self.host}"))
        below = path == self.path or path.startswith(self.path if self.path.endswith("/") else f"{self.path}/")
        return ours and below and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now.timestamp()


@dataclass(frozen=True, slots=True)
class CookieJar:
    """All of them, in the file's order."""

    cookies: tuple[Cookie, ...] = ()

    def header(self, url: str, *, now: datetime) -> str | None:
        """Return the Cookie header for one request, or None: over http nothing is told.

        Args:
            url: absolute, as it is asked.
            now: expired ones are left out.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not self.cookies:
            return None
        host = (parts.hostname or "").rstrip(".")
        fit = [cookie for cookie in self.cookies if cookie.is_for(host, parts.path or "/", now)]
        fit.sort(key=lambda cookie: -len(cookie.path))
        named = {cookie.name: cookie.value for cookie in reversed(fit)}
        return "; ".join(f"{name}={named[name]}" for name in dict.fromkeys(cookie.name for cookie in fit)) or None


NO_COOKIES: Final = CookieJar()


def load_cookies(path: Path | None) -> CookieJar:
    """Read the operator's file; without one there are none.

    Raises:
        SettingsError: it cannot be read, others may read it, or a line is not understood.
    """
    if path is None:
        return NO_COOKIES
    try:
        text, mode = text_of(path, most_bytes=_MOST_BYTES), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"VEILLE_COOKIES: {path} cannot be read: {why_unreadable(error)}") from error
    if mode & 0o077:
        raise SettingsError(
            f"VEILLE_COOKIES: others may read {path}, and cookies open a subscription; chmod 600 {path}"
        )
    return parse_cookies(text, file=str(path))


def parse_cookies(text: str, *, file: str) -> CookieJar:
    r"""Read cookies as browsers export them (Netscape's cookies.txt), or lines of a host and its Cookie header.

    Args:
        text: one cookie or one host a line; lines that begin with `#` are comments.
        file: named in errors; no error quotes a line, for it may hold a secret.

    Raises:
        SettingsError: a line is not understood.

    >>> parse_cookies("www.gazette.example  session=abc; abo=1\n", file="cookies.txt").cookies
    (Cookie(www.gazette.example, session), Cookie(www.gazette.example, abo))
    """
    cookies: list[Cookie] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or (line.startswith("#") and not line.startswith(_HTTP_ONLY)):
            continue
        found = list(_of_browser(line) if line.count("\t") >= _FIELDS - 1 else _of_header(line))
        if not found or not all(map(_is_fit, found)):
            raise SettingsError(
                f"VEILLE_COOKIES: {file}:{number}: not a line of cookies.txt, nor a host and its Cookie header"
            )
        cookies += found
    return CookieJar(tuple(cookies))


def _of_browser(line: str) -> Iterator[Cookie]:
    """Yield the cookie of a line of seven fields."""
    domain, flag, path, _, expires, name, value = line.removeprefix(_HTTP_ONLY).split("\t", _FIELDS - 1)
    if re.fullmatch(r"-?\d{1,15}(?:\.\d*)?", expires):
        yield Cookie(
            host=domain.strip().lower().removeprefix("."),
            name=name,
            value=value.strip(),
            with_subdomains=flag.strip().upper() == "TRUE",
            path=path if path.startswith("/") else "/",
            expires_at=float(expires) if float(expires) > 0 else None,
        )


def _of_header(line: str) -> Iterator[Cookie]:
    """Yield the cookies of a host's header."""
    if (told := _SIMPLE.fullmatch(line.strip())) is not None:
        for pair in filter(None, map(str.strip, told["pairs"].split(";"))):
            name, equals, value = pair.partition("=")
            yield Cookie(told["host"].lower().rstrip(":") if equals else "", name.strip(), value.strip())


def _is_fit(cookie: Cookie) -> bool:
    """Return whether a cookie names a host, not a whole top-level domain, and may stand in a header."""
    return bool(_HOST.fullmatch(cookie.host) and _NAME.fullmatch(cookie.name) and _VALUE.fullmatch(cookie.value))
