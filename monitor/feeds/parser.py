"""feedparser, which a single entry can make raise: that one is read without what it stumbles over."""

from __future__ import annotations

import io
from typing import Any, Final

from lxml import etree

from monitor.feeds.document import entries_at, root_tag

__all__ = ["parsed"]

_DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>\n'
# All that is read of an entry, by local name; what else it has is left out of one that cannot be read as it is.
_READ: Final = frozenset(
    "title link guid id description summary content encoded pubdate published updated date issued modified created "
    "author creator category subject origlink".split()
)
_MANY_UNSOUND: Final = 20


def parsed(document: str) -> tuple[dict[str, Any] | None, int]:
    """Return what feedparser reads, and how many entries had to be left out; None where the document is no feed.

    Args:
        document: as `prepare` returns it.
    """
    read = _read(document)
    if read is not None:
        return read, 0
    mended, left_out = _mended(document)
    read = _read(mended)
    return read, left_out if read is not None else 0


def _mended(document: str) -> tuple[str, int]:
    """Return the document with the entries that make feedparser raise made plain, or else left out.

    Each is tried by itself. Where many do, as by something that a site adds to every entry, all that follow are made
    plain.
    """
    root = root_tag(document)
    name = root[1:].split()[0].rstrip("/>") if root else ""
    pieces, left_out, unsound, at = [], 0, 0, 0
    for start, end in entries_at(document):
        alone = f"{root}{document[start:end]}</{name}>"
        entry = document[start:end] if unsound < _MANY_UNSOUND and _read(alone) else None
        if entry is None:
            unsound += 1
            entry = _plain(alone)
            if not entry or (unsound <= _MANY_UNSOUND and not _read(f"{root}{entry}</{name}>")):
                entry, left_out = "", left_out + 1
        pieces += [document[at:start], entry]
        at = end
    return "".join((*pieces, document[at:])), left_out


def _plain(document: str) -> str:
    """Return the one entry of a document with nothing but what is read of it; nothing where it cannot be found."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, encoding="utf-8")
    root = etree.fromstring(document.encode(), parser)
    found = [] if root is None else list(root.iter("{*}item", "{*}entry"))
    if not found:
        return ""
    for child in list(found[0]):
        if not isinstance(child.tag, str) or etree.QName(child).localname.lower() not in _READ:
            found[0].remove(child)
    found[0].tail = None
    return str(etree.tostring(found[0], encoding="unicode"))


def _read(document: str) -> dict[str, Any] | None:
    """Return what feedparser makes of a document, or None where it raises."""
    import feedparser

    try:
        found: dict[str, Any] = feedparser.parse(
            io.BytesIO(_DECLARATION + document.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},  # without a base: `web_link` has one
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception:  # noqa: BLE001  its own mistakes have any type: KeyError for a textInput, say
        return None
    return found
