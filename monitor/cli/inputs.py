"""What the one-shot tools read: a file, an address, or standard input."""

from __future__ import annotations

import gzip
import io
import signal
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from monitor.errors import InputError, VeilleError

if TYPE_CHECKING:
    from monitor.http import HttpClient
    from monitor.model import Page
    from monitor.settings import Settings

__all__ = ["Input", "fetcher", "is_address", "page_of", "read_file", "read_lines", "told"]

_GZIP = b"\x1f\x8b"
_MAX_BYTES = 10_000_000
_TOLD_EVERY = 64  # lines


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
    return source.lower().startswith(("http://", "https://"))


def read_file(source: str, *, url: str | None = None) -> Input:
    """Read a file, plain or gzip; `-` is standard input.

    Args:
        source: its path.
        url: the address it is said to come from.

    Raises:
        InputError: it cannot be read, or is larger than 10 MB, packed or unpacked.
    """
    with _translated(source), _opened(source) as file:
        body = file.read(_MAX_BYTES + 1)
    if len(body) > _MAX_BYTES:
        raise InputError(f"{source}: larger than {_MAX_BYTES // 1_000_000} MB, more than any page or feed")
    return Input(source, url, body)


def read_lines(source: str, progress: Callable[[int, int], None] | None = None) -> Iterator[str]:
    """Give the lines of a text as they come, plain or gzip; a byte that is not UTF-8 spoils its own line only.

    Args:
        source: its path, or `-`.
        progress: is told now and then how many bytes of the file were read, and of how many; of standard input, how
            many lines, and of 0.

    Raises:
        InputError: it cannot be opened, or no further be read.
    """
    with _translated(source), _opened(source) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="\n")
        yield from lines if progress is None else _followed(lines, file, source, progress)


def _followed(lines: Iterable[str], file: BinaryIO, source: str, progress: Callable[[int, int], None]) -> Iterator[str]:
    read = cast("BinaryIO", getattr(file, "fileobj", file))  # of a gzip, what is packed
    size = 0 if source == "-" else Path(source).stat().st_size
    for number, line in enumerate(lines):
        if number % _TOLD_EVERY == 0:
            progress(read.tell() if size else number, size)
        yield line


def told(source: str, error: VeilleError) -> str:
    """Return what is wrong, and with which input."""
    text = str(error)
    return text if text.startswith(source) else f"{source}: {text}"


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        if sys.stdin.isatty():
            sys.stderr.write("Reading standard input, to its end (Ctrl-D).\n")
        with _interruptible():
            yield _unpacked(cast("io.BufferedReader", sys.stdin.buffer))
    else:
        with Path(source).open("rb") as file:
            yield _unpacked(file)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a read that blocks: an event loop would only note it, and go on waiting."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _unpacked(file: io.BufferedReader) -> BinaryIO:
    packed = file.peek(len(_GZIP)).startswith(_GZIP)
    return cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file


@contextmanager
def _translated(source: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{source}: damaged gzip, or cut short") from error
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror or error}") from error


@asynccontextmanager
async def fetcher(settings: Settings) -> AsyncIterator[HttpClient]:
    """Give a client with the manners of the daemon."""
    from importlib.metadata import version

    from monitor.cookies import load_cookies
    from monitor.http import HttpClient, default_user_agent

    user_agent = settings.user_agent or default_user_agent(version("veille"), settings.contact)
    cookies = load_cookies(settings.cookies)
    async with HttpClient(
        user_agent=user_agent, allow_networks=settings.fetch_allow_networks, cookies=cookies
    ) as client:
        yield client


async def page_of(client: HttpClient, source: str, *, url: str | None = None) -> Page:
    """Return the page at an address or in a file.

    Args:
        client: fetches it where it is an address.
        source: the address, a path, or `-`.
        url: the address a file is said to come from.

    Raises:
        FetchError: the address cannot be fetched.
        InputError: the file cannot be read.
    """
    from monitor.fetch import fetch_page
    from monitor.model import Lane
    from monitor.schedule import PAGE_LIMITS

    if not is_address(source):
        return read_file(source, url=url).page()
    most = PAGE_LIMITS[Lane.SLOW]
    return await fetch_page(
        client,
        source,
        max_bytes=most.max_bytes,
        deadline_s=most.deadline_s,
        as_subscriber=lambda _url: True,  # the operator named the page
    )
