"""What a page states about itself in JSON-LD (schema.org's Article and its kin)."""

from __future__ import annotations

import html
import json
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from monitor.text import plain, plain_paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Linked", "read_linked"]

_MOST_NODES: Final = 2000
_LAST_COMMA: Final = re.compile(r",\s{0,20}([}\]])")
_MOST_PARTS: Final = 50
_BODY: Final = 400_000


@dataclass(frozen=True, slots=True)
class Linked:
    """The article's own statements; None or empty where it makes none."""

    headline: str = ""
    description: str = ""
    body: str = ""
    published: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    free: bool | None = None
    publisher: str = ""
    gated: tuple[str, ...] = ()  # selectors of what is for subscribers


def read_linked(blocks: Iterable[str]) -> Linked:
    """Return what the first article of a page's JSON-LD says; broken blocks are passed over.

    >>> read_linked(['{"@type": "NewsArticle", "headline": "Gel", "isAccessibleForFree": "False"}']).free
    False
    """
    nodes = [node for block in blocks for node in _nodes(_loaded(block))]
    articles = [node for node in nodes if _is_article(node)]
    if not articles:
        return Linked()
    node = max(articles, key=lambda each: sum(name in each for name in ("headline", "datePublished", "author")))
    free, gated = _flag(node.get("isAccessibleForFree")), tuple(_gated(node.get("hasPart")))
    return Linked(
        headline=plain(_text(node.get("headline")) or _text(node.get("name")), most=500),
        description=plain(_text(node.get("description")), most=5000),
        body=plain_paragraphs(_text(node.get("articleBody")), most=_BODY),
        published=_text(node.get("datePublished")),
        authors=tuple(dict.fromkeys(_names(node.get("author")))),
        language=_language(node.get("inLanguage")),
        free=False if gated and free is None else free,
        publisher=next(_names(node.get("publisher")), ""),
        gated=gated,
    )


def _loaded(block: str) -> Any:
    """Return what a block holds; some wrap it in CDATA, and many leave line ends in strings.

    Where that is no JSON, it may be so without a comma before an end, or once its characters are unescaped.
    """
    text = block.strip().removeprefix("//").removeprefix("<![CDATA[").removesuffix("]]>").removesuffix("//")
    text = text.strip().rstrip(";")
    for mended in (text, _LAST_COMMA.sub(r"\1", text), html.unescape(text)):
        try:
            return json.loads(mended, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a block, breadth first, through lists and `@graph`."""
    waiting, seen = deque([value]), 0
    while waiting and seen < _MOST_NODES:
        current, seen = waiting.popleft(), seen + 1
        if isinstance(current, list):
            waiting.extend(current[:_MOST_NODES])
        elif isinstance(current, dict):
            yield current
            waiting.extend(current.get(name) for name in ("@graph", "mainEntity", "mainEntityOfPage"))


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    return any(
        isinstance(kind, str) and (kind.endswith("Article") or kind in {"BlogPosting", "LiveBlogPosting", "Report"})
        for kind in (kinds if isinstance(kinds, list) else [kinds])
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _names(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        name = each.get("name") if isinstance(each, dict) else each
        if read := plain(_text(name), most=300):
            yield read


def _gated(value: Any) -> Iterator[str]:
    """Yield the selectors of the parts that are not free."""
    for each in value[:_MOST_PARTS] if isinstance(value, list) else [value]:
        if isinstance(each, dict) and _flag(each.get("isAccessibleForFree")) is False:
            yield from (part for part in _text(each.get("cssSelector")).replace(",", "\n").split("\n") if part.strip())


def _language(value: Any) -> str:
    if isinstance(value, dict):
        return _text(value.get("alternateName") or value.get("name"))
    return _text(value)


def _flag(value: Any) -> bool | None:
    """Return a boolean that may be written as text, as `"False"`."""
    return {"true": True, "false": False}.get(str(value).strip().lower())
