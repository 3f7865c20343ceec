"""What the one-shot tools read: a file, an address, or standard input."""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from monitor.errors import SourceError

if TYPE_CHECKING:
    from monitor.http import HttpClient
    from monitor.model import Page
    from monitor.settings import Settings

__all__ = ["Input", "fetcher", "is_address", "page_of", "read_file"]

_GZIP = b"\x1f\x8b"
_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Input:
    """The bytes of one input, where they are said to come from, and what they are said to be."""

    source: str
    url: str | None
    body: bytes
    content_type: str | None = None

    def page(self) -> Page:
        """Return it as a page."""
        from monitor.model import Page

        url = self.url or ""
        return Page(url=url, final_url=url, body=self.body, content_type=self.content_type)


def is_address(source: str) -> bool:
    """Return whether this is an address rather than a file."""
    return source.startswith(("http://", "https://"))


def read_file(source: str, *, url: str | None = None) -> Input:
    """Read a file, plain or gzip; `-` is standard input.

    Args:
        source: its path.
        url: the address it is said to come from.

    Raises:
        SourceError: it cannot be read, or is larger than 10 MB once unpacked.
    """
    try:
        with _opened(source) as file:
            body = file.read(_MAX_BYTES + 1)
        if body.startswith(_GZIP):
            body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, _MAX_BYTES + 1)
    except (OSError, zlib.error) as error:
        raise SourceError(f"{source}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(body) > _MAX_BYTES:
        raise SourceError(f"{source}: larger than {_MAX_BYTES // 1_000_000} MB")
    return Input(source, url, body)


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
    else:
        with Path(source).open("rb") as file:
            yield file


@asynccontextmanager
async def fetcher(settings: Settings) -> AsyncIterator[HttpClient]:
    """Give a client with the manners of the daemon."""
    from importlib.metadata import version

    from monitor.http import HttpClient, default_user_agent

    user_agent = settings.user_agent or default_user_agent(version("veille"), settings.contact)
    async with HttpClient(user_agent=user_agent, allow_networks=settings.fetch_allow_networks) as client:
        yield client


async def page_of(client: HttpClient, source: str, *, url: str | None = None) -> Page:
    """Return the page at an address or in a file.

    Args:
        client: fetches it where it is an address.
        source: the address, a path, or `-`.
        url: the address a file is said to come from.

    Raises:
        FetchError: the address cannot be fetched.
        SourceError: the file cannot be read.
    """
    from monitor.fetch import fetch_page

    return await fetch_page(client, source) if is_address(source) else read_file(source, url=url).page()
