"""The file that `FEEDS` names: what to poll, as declared by the operator.

It is OPML when it begins with `<`, else text with one address a line: `ADDRESS [TITLE]`, and `#` begins a comment. The
file declares, the database keeps the state. Writing goes through a temporary file and a rename, and leaves every other
line as it was.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import SourceError, why_unreadable
from monitor.files import content_of, replacing
from monitor.model import Feed
from monitor.sources import opml
from monitor.sources.address import address_error, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["add_feeds", "parse_feeds", "read_feeds", "remove_feed"]

_MAX_BYTES = 10_000_000
_LINE = re.compile(r"(?P<url>\S+)(?:\s+(?P<title>.*))?")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_OPML_SUFFIXES = {".opml", ".xml"}


def read_feeds(path: Path) -> tuple[Feed, ...]:
    """Read the declared feeds, in order.

    Args:
        path: an OPML file, or a text file with one address a line.

    Returns:
        Each feed once: a second spelling of the same address is left out, and said in the log.

    Raises:
        SourceError: the file cannot be read, or a line of it cannot be used.
    """
    return parse_feeds(_content(path), name=str(path))


def parse_feeds(content: bytes, *, name: str) -> tuple[Feed, ...]:
    """Read declared feeds from bytes; `name` is what an error calls them. See `read_feeds`."""
    seen: dict[str, int] = {}
    feeds = []
    for line, feed in _declared(content, name=name):
        key = canonical(feed.url)
        if key in seen:
            facts = {"file": name, "line": line, "url": feed.url, "first_line": seen[key]}
            logging.getLogger(__name__).warning("feed declared twice", extra=facts)
            continue
        seen[key] = line
        feeds.append(feed)
    return tuple(feeds)


def add_feeds(path: Path, feeds: Sequence[Feed]) -> tuple[Feed, ...]:
    """Declare feeds at the end of the file, which is created when it is not there (`.opml` and `.xml`: OPML).

    Returns:
        Those that were added: not those whose address the file declares already.

    Raises:
        SourceError: an address or the file cannot be used; the file is then as it was.
    """
    for feed in feeds:
        problem = address_error(feed.url)
        if problem:
            raise SourceError(f"{feed.url[:100]!r}: {problem}")
    content = _content(path) if path.exists() else b""
    known = {canonical(feed.url) for _, feed in _declared(content, name=str(path))} if content else set()
    fresh: dict[str, Feed] = {}
    for feed in feeds:
        fresh.setdefault(canonical(feed.url), feed)
    added = tuple(feed for key, feed in fresh.items() if key not in known)
    if not added:
        return ()
    if _is_opml(content) or (not path.exists() and path.suffix.lower() in _OPML_SUFFIXES):
        _write(path, _grown_opml(content, added, name=str(path)))
    else:
        gap = b"" if not content or content.endswith(b"\n") else b"\n"
        _write(path, content + gap + "".join(_text_line(feed, path) for feed in added).encode())
    return added


def _grown_opml(content: bytes, feeds: Sequence[Feed], *, name: str) -> bytes:
    if not content:
        return opml.export_opml(feeds)
    root = opml.parse(content, name=name)
    for feed in feeds:
        opml.insert(root, feed)
    return opml.serialise(root)


def remove_feed(path: Path, url: str) -> bool:
    """Take a feed out of the file, every spelling of its address.

    Returns:
        Whether it was there.

    Raises:
        SourceError: the address or the file cannot be used; the file is then as it was.
    """
    problem = address_error(url)
    if problem:
        raise SourceError(f"{url[:100]!r}: {problem}")
    content = _content(path)
    found = [
        (line, feed.url) for line, feed in _declared(content, name=str(path)) if canonical(feed.url) == canonical(url)
    ]
    if not found:
        return False
    if _is_opml(content):
        root = opml.parse(content, name=str(path))
        opml.remove(root, frozenset(spelling for _, spelling in found))
        _write(path, opml.serialise(root))
    else:
        gone = {line for line, _ in found}
        lines = content.splitlines(keepends=True)
        _write(path, b"".join(text for number, text in enumerate(lines, start=1) if number not in gone))
    return True


def _content(path: Path) -> bytes:
    try:
        return content_of(path, most_bytes=_MAX_BYTES)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {why_unreadable(error)}") from error


def _is_opml(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))


def _declared(content: bytes, *, name: str) -> Iterator[tuple[int, Feed]]:
    if _is_opml(content):
        return opml.to_feeds(opml.parse(content, name=name), name=name)
    return _text_feeds(content, name=name)


def _text_feeds(content: bytes, *, name: str) -> Iterator[tuple[int, Feed]]:
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        try:
            line = _COMMENT.sub("", raw.decode("utf-8")).strip()
        except UnicodeDecodeError as error:
            raise SourceError(f"{name}:{number}: not UTF-8 text; save the file as UTF-8") from error
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        problem = address_error(found["url"])
        if problem:
            raise SourceError(f"{name}:{number}: {found['url'][:100]!r}: {problem}")
        yield number, Feed(url=found["url"], title=found["title"] or None)


def _text_line(feed: Feed, path: Path) -> str:
    if feed.outlet:
        names = (path.with_name(f"{path.stem}{tail}.opml") for tail in ("", "-veille", *map(str, range(2, 100))))
        opml_path = next(name for name in names if not name.exists())  # never one that the operator has
        first = f"`veille feeds export > {opml_path}`, then set" if path.exists() else "set"
        raise SourceError(
            f"{path}: a text file holds addresses and titles; the outlet {feed.outlet!r} needs an OPML file: "
            f"{first} VEILLE_FEEDS={opml_path}, and do this again"
        )
    title = " ".join((feed.title or "").replace("#", " ").split())
    return f"{feed.url} {title}".rstrip() + "\n"


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step, following a link and keeping its permissions."""
    try:
        with replacing(path, mode=path.stat().st_mode & 0o777 if path.exists() else 0o644) as file:
            file.write(content)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror or error}") from error
