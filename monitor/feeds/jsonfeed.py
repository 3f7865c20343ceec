"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), which feedparser does not read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.dates import parse_instant
from monitor.errors import FeedError, Reason
from monitor.feeds.limits import LIMITS
from monitor.links import web_link
from monitor.model import Entry, ParsedFeed
from monitor.text import fold, plain, plain_paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = ["looks_like_json", "read_json"]


def looks_like_json(text: str) -> bool:
    """Return whether the document is a JSON object rather than XML."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def read_json(text: str, *, url: str, now: datetime) -> tuple[ParsedFeed, list[Entry]]:
    """Read a JSON feed.

    Returns:
        The feed without its entries, and its entries without their keys.

    Raises:
        FeedError: MALFORMED: not JSON (perhaps cut short), or not a feed.
    """
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as exc:
        raise FeedError(f"not readable as JSON, perhaps cut short: {exc}", reason=Reason.MALFORMED) from exc
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise FeedError("a JSON document that is no feed: it has no items", reason=Reason.MALFORMED)
    dropped = max(0, len(items) - LIMITS.entries)
    feed = ParsedFeed(
        format="json11" if _text(document, "version").rstrip("/").endswith("1.1") else "json10",
        title=plain(_text(document, "title"), most=LIMITS.title) or None,
        link=web_link(_text(document, "home_page_url"), base=url),
        language=fold(_text(document, "language"))[:35] or None,
        entries=(),
        dropped=dropped,
        hub=_hub(document.get("hubs"), url),
        topic=web_link(_text(document, "feed_url"), base=url),
        note=f"too long: {dropped} entries of its middle were left out" if dropped else None,
    )
    half = LIMITS.entries // 2
    kept = [*items[:half], *items[half + dropped :]]
    return feed, [_entry(item, url, now) for item in kept if isinstance(item, dict)]


def _hub(hubs: object, url: str) -> str | None:
    """Return the first hub of WebSub that `hubs` names."""
    named = [hub for hub in (hubs if isinstance(hubs, list) else []) if isinstance(hub, dict)]
    spoken = (hub for hub in named if _text(hub, "type").lower() in {"websub", "pubsubhubbub"})
    return next((link for hub in spoken if (link := web_link(_text(hub, "url"), base=url))), None)


def _entry(item: Mapping[str, Any], url: str, now: datetime) -> Entry:
    content = plain_paragraphs(_text(item, "content_html") or _text(item, "content_text"), most=LIMITS.content)
    summary = plain_paragraphs(_text(item, "summary"), most=LIMITS.summary)
    return Entry(
        keys=(),
        guid=fold(_text(item, "id"))[: LIMITS.guid] or None,
        link=web_link(_text(item, "url") or _text(item, "external_url"), base=url),
        title=plain(_text(item, "title"), most=LIMITS.title),
        summary=summary,
        content=content,
        published_at=parse_instant(_text(item, "date_published") or _text(item, "date_modified"), now=now),
        updated_at=parse_instant(_text(item, "date_modified"), now=now),
        authors=tuple(dict.fromkeys(_authors(item)))[: LIMITS.authors],
    )


def _authors(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in `authors` (1.1) and `author` (1.0)."""
    authors = item.get("authors")
    for author in [*(authors if isinstance(authors, list) else []), item.get("author")]:
        if isinstance(author, dict) and (name := plain(_text(author, "name"), most=LIMITS.title)):
            yield name


def _text(item: Mapping[str, Any], name: str) -> str:
    """Return a member as text; 1.0 asks readers to coerce ids that are numbers."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)
