"""Alerts as a feed to subscribe to: JSON Feed 1.1, and Atom 1.0 (RFC 4287) made of it."""

from __future__ import annotations

import json
from datetime import UTC
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from lxml import etree

from monitor.deliver.markup import PLAIN, Markup
from monitor.deliver.note import Shape
from monitor.deliver.notes import note_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor.deliver.note import Paragraph
    from monitor.deliver.words import Words
    from monitor.model import Alert

__all__ = ["ATOM_TYPE", "JSON_TYPE", "Item", "atom_bytes", "item_of", "json_bytes", "latest"]

Item: TypeAlias = dict[str, Any]
"""An item of a JSON Feed."""

ATOM_TYPE = "application/atom+xml; charset=utf-8"
JSON_TYPE = "application/feed+json; charset=utf-8"

_VERSION = "https://jsonfeed.org/version/1.1"
_ATOM = "http://www.w3.org/2005/Atom"
_NAMES = "urn:veille:"
_BEGINNING = "1970-01-01T00:00:00Z"  # when a feed without an entry was last changed: Atom wants an instant
_MAX_CHARS = 20_000  # of an entry's text

_HTML = Markup(
    escape=escape,
    link=lambda label, url: f'<a href="{escape(url)}">{label}</a>',
    code=lambda text: f"<code>{escape(text)}</code>",
    bold="<b>{}</b>",
    struck="<s>{}</s>",
    header="{}",
    quote="",
)


def item_of(alert: Alert, message_id: str, *, receiver: str, words: Words) -> Item:
    """Return what a feed says of an alert: an update is the entry of its first alert, changed.

    Where that told other stories too, or somebody else, all updates of it on a story and rule are one entry.

    Args:
        alert: what to tell.
        message_id: the message's identity.
        receiver: whose feed it is.
        words: the readers' language and time zone.
    """
    note = note_of(alert, words)
    told = (note.opening, *note.most(lambda paragraphs: len(PLAIN.text(paragraphs)) <= _MAX_CHARS))
    at = _instant(alert.planned_at)
    return {
        "id": _NAMES + (_thread(alert, receiver) or message_id),
        **({"url": note.url} if note.url is not None else {}),
        "title": note.subject,
        "content_html": "\n".join(map(_html, told)),
        "content_text": PLAIN.text(told),
        "date_published": at,
        "date_modified": at,
        "tags": [alert.type.value, *([] if note.level is None else [note.level.value])],
    }


def _thread(alert: Alert, receiver: str) -> str | None:
    """Return what the entry of an update is called; None: the alert begins one."""
    if alert.update is None or alert.update.of is None:
        return None
    own = dict(alert.update.threads).get(receiver)
    return own or f"{alert.update.of}_{alert.stories[0].id}_{alert.matches[0].rule.id}"


def latest(items: Iterable[Item], most: int) -> list[Item]:
    """Return the entries of a feed, the latest first: of each its newest state, and when it first appeared.

    Args:
        items: in any order; several of one id are the states of one entry.
        most: entries to keep.
    """
    found: dict[str, Item] = {}
    for item in sorted(items, key=_changed):
        earlier = found.get(item["id"], item)
        found[item["id"]] = item | {"date_published": earlier["date_published"]}
    return sorted(found.values(), key=_changed, reverse=True)[:most]


def json_bytes(items: Sequence[Item], *, title: str, language: str) -> bytes:
    """Return a JSON Feed of these entries."""
    feed = {"version": _VERSION, "title": title, "language": language, "items": list(items)}
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"


def atom_bytes(items: Sequence[Item], *, title: str, language: str, name: str) -> bytes:
    """Return an Atom feed of these entries.

    Args:
        items: the latest first.
        title: of the feed.
        language: of its texts.
        name: the feed's identity for life; no secret.
    """
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    updated = max((item["date_modified"] for item in items), default=_BEGINNING)
    _add(feed, "id", _NAMES + name)
    _add(feed, "title", title)
    _add(feed, "updated", updated)
    _add(_add(feed, "author"), "name", "veille")
    for item in items:
        entry = _add(feed, "entry")
        _add(entry, "id", item["id"])
        _add(entry, "title", item["title"])
        _add(entry, "published", item["date_published"])
        _add(entry, "updated", item["date_modified"])
        if "url" in item:
            _add(entry, "link", rel="alternate", href=item["url"])
        for tag in item["tags"]:
            _add(entry, "category", term=tag)
        _add(entry, "content", item["content_html"], type="html")
    written: bytes = etree.tostring(feed, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return written


def _add(parent: Any, tag: str, text: str | None = None, **attributes: str) -> Any:
    made = etree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    made.text = text
    return made


def _html(paragraph: Paragraph) -> str:
    lines = "<br>\n".join(map(_HTML.line, paragraph.lines))
    around = {Shape.QUOTE: "<blockquote><p>{}</p></blockquote>", Shape.SMALL: "<p><small>{}</small></p>"}
    return around.get(paragraph.shape, "<p>{}</p>").format(lines)


def _changed(item: Item) -> tuple[str, str]:
    return item["date_modified"], item["id"]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
