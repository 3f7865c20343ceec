"""Text from outside, made harmless and bounded before it goes into a message (promise O1)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.text import clip
from rules.types import Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.types import Snippet

__all__ = ["QUOTE_CHARS", "line", "marked", "quotes", "safe_url"]

QUOTE_CHARS = 300
"""Characters of one article that a message may quote, its title apart."""

# Controls, line and paragraph separators, direction marks and overrides, byte-order marks, lone surrogates. One
# character becomes one space, so that offsets into a quote stay true.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]")
_MAX_URL_CHARS = 2000


def line(text: str, limit: int = 300) -> str:
    r"""Return a text as one harmless line of at most `limit` characters.

    >>> line("Un\r\nBcc: titre\x00  empoisonné")
    'Un Bcc: titre empoisonné'
    """
    return clip(" ".join(_UNSAFE.sub(" ", text).split()), limit)


def safe_url(url: str | None, limit: int = _MAX_URL_CHARS) -> str | None:
    """Return an http(s) address that is one word of printable ASCII or letters, or None (promise O6).

    >>> safe_url("javascript:alert(1)") is None
    True
    """
    if url is None or len(url) > limit or _UNSAFE.search(url) or any(char.isspace() for char in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def quotes(snippets: Sequence[Snippet], limit: int = QUOTE_CHARS) -> tuple[Snippet, ...]:
    """Return the snippets that fit `limit` characters in all, whole, in their order; the first is cut if it must be.

    The body and the lead go before the title, which every message shows anyway.
    """
    kept: dict[int, Snippet] = {}
    room = limit
    for index in sorted(range(len(snippets)), key=lambda index: snippets[index].field is Field.TITLE):
        snippet = snippets[index]
        if len(snippet.text) > room and not kept:
            snippet = _cut(snippet, room)
        if len(snippet.text) <= room:
            kept[index] = replace(snippet, text=_UNSAFE.sub(" ", snippet.text))
            room -= len(snippet.text)
    return tuple(kept[index] for index in sorted(kept))


def marked(snippet: Snippet) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a quote and whether each is a term; marks that overlap an earlier one are left plain."""
    done = 0
    for start, end, _ in sorted(snippet.marks):
        if done <= start < end <= len(snippet.text):
            yield snippet.text[done:start], False
            yield snippet.text[start:end], True
            done = end
    yield snippet.text[done:], False


def _cut(snippet: Snippet, limit: int) -> Snippet:
    """Return the part of a snippet around its first mark, ellipses included in `limit`."""
    first = min((start for start, _, _ in snippet.marks), default=0)
    begin = max(0, min(first - limit // 3, len(snippet.text) - limit + 1))
    head = "…" if begin else ""
    tail = "…" if begin + limit - len(head) < len(snippet.text) else ""
    end = begin + limit - len(head) - len(tail)
    shift = len(head) - begin
    return replace(
        snippet,
        text=head + snippet.text[begin:end] + tail,
        marks=tuple((s + shift, e + shift, term) for s, e, term in snippet.marks if s >= begin and e <= end),
        truncated=True,
    )
