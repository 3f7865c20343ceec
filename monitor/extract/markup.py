"""A page's markup is made small and harmless before any library reads it; all in linear time.

What is measured in docs/dependencies.md decides: scripts feed quadratic searches, an element with 10,000 attributes
takes half a second and one with 100,000 for ever, a text inside 1,000 nested spans is not seen at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Slim", "slim"]

_MOST_SCRIPT: Final = 1_000_000
_MOST_ATTRIBUTES: Final = 300
_DEEPEST_SPAN: Final = 50
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_RAW: Final = re.compile(r"<(script|style|template|svg|iframe|object)(?=[\s/>])|<!--", re.IGNORECASE)
_LD_TYPE: Final = re.compile(r"application/ld\+json", re.IGNORECASE)
_TAG_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]{0,30}")
_SPAN: Final = re.compile(r"<(/?)(?:span|font|b|i|em|strong|u)(?=[\s/>])", re.IGNORECASE)
_SPAN_TAG: Final = re.compile(r"</?(?:span|font|b|i|em|strong|u)(?=[\s/>])[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slim:
    """A page without scripts, styles, drawings and comments; `linked_data` holds the JSON-LD that was in it."""

    html: str
    linked_data: tuple[str, ...]


def slim(text: str) -> Slim:
    """Return the page's markup, slimmed.

    >>> slim('<p>Un<script>x()</script></p><script type="application/ld+json">{}</script>')
    Slim(html='<p>Un</p>', linked_data=('{}',))
    """
    linked_data: list[str] = []
    kept = "".join(_without_raw(_CONTROLS.sub("", text), linked_data))
    tamed = "".join(_tamed(kept))
    return Slim(_SPAN_TAG.sub("", tamed) if _deepest_span(tamed) > _DEEPEST_SPAN else tamed, tuple(linked_data))


def _without_raw(text: str, linked_data: list[str]) -> Iterator[str]:
    """Yield what is outside raw elements and comments; the one that does not end takes the rest."""
    lowered = text.lower() if len(text.lower()) == len(text) else text
    at = 0
    while (start := _RAW.search(text, at)) is not None:
        yield text[at : start.start()]
        name = start[1]
        closing = f"</{name.lower()}" if name else "-->"
        end = lowered.find(closing, start.end())
        if end < 0:
            return
        if name and name.lower() == "script":
            opened = text.find(">", start.end())
            if _LD_TYPE.search(text, start.end(), opened) and end - opened <= _MOST_SCRIPT:
                linked_data.append(text[opened + 1 : end])
        at = text.find(">", end) + 1
        if at == 0:
            return
    yield text[at:]


def _tamed(html: str) -> Iterator[str]:
    """Yield the markup; an element with hundreds of attributes keeps none."""
    for index, piece in enumerate(html.split("<")):
        if index == 0:
            yield piece
            continue
        inside = piece.partition(">")[0]
        if piece.count("=") > _MOST_ATTRIBUTES or (
            len(inside) > _MOST_ATTRIBUTES and _words(inside) > _MOST_ATTRIBUTES
        ):
            name = _TAG_NAME.match(piece)
            yield (f"<{name[0]}>" if name else "") + piece.rpartition(">")[2]
        else:
            yield "<" + piece


def _words(inside: str) -> int:
    return len(inside.split(None, _MOST_ATTRIBUTES + 1)) if '="' not in inside else 0


def _deepest_span(html: str) -> int:
    depth = deepest = 0
    for tag in _SPAN.finditer(html):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest
