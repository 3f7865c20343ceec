"""Feeds as an OPML 2.0 document (http://opml.org/spec2.opml), with four attributes of our own.

Nested outlines are sections. `veille:outlet`, `veille:country`, `veille:kind` and `veille:catalogue` keep what OPML has
no word for, in the namespace that the specification asks for; other readers skip them.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from lxml import etree

from monitor.errors import SourceError
from monitor.model import Feed
from monitor.sources.address import address_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Element: TypeAlias = "etree._Element"  # noqa: SLF001  lxml exports no public name for the type

__all__ = ["export_opml", "insert", "parse", "remove", "serialise", "to_feeds"]

NAMESPACE = "urn:veille:opml"
_OUTLET, _COUNTRY, _KIND, _CATALOGUE = (f"{{{NAMESPACE}}}{name}" for name in ("outlet", "country", "kind", "catalogue"))
_BETWEEN = " / "


def parse(content: bytes, *, name: str) -> Element:
    """Read an OPML document; entities are refused, nothing outside it is fetched.

    Args:
        content: the document as stored.
        name: what to call it in an error.

    Raises:
        SourceError: not well-formed, declares entities, or is not OPML.
    """
    if b"<!ENTITY" in content.replace(b"\0", b""):  # UTF-16 too
        raise SourceError(f"{name}: declares entities, which a list of feeds has no need of; remove them")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root: Element = etree.fromstring(content.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{name}:{error.lineno or 1}: not well-formed XML: {error.msg}") from error
    if root.tag != "opml" or root.find("body") is None:
        raise SourceError(f"{name}:{root.sourceline}: not OPML: <opml> with a <body> is expected, not <{root.tag}>")
    return root


def to_feeds(root: Element, *, name: str) -> Iterator[tuple[int, Feed]]:
    """Yield each feed with its line, in the order of the document.

    Raises:
        SourceError: an `xmlUrl` is not an http(s) address.
    """
    for outline in _outlines(root):
        given = _attributes(outline)
        problem = address_error(given["xmlurl"])
        if problem:
            raise SourceError(f"{name}:{outline.sourceline}: {given['xmlurl'][:100]!r}: {problem}")
        feed = Feed(
            url=given["xmlurl"],
            title=given.get("title") or given.get("text"),
            outlet=given.get(_OUTLET),
            country=given.get(_COUNTRY),
            kind=given.get(_KIND),
            language=given.get("language"),
            section=_section(outline),
            typed=given.get(_CATALOGUE) != "true",
        )
        yield outline.sourceline or 1, feed


def insert(root: Element, feed: Feed) -> None:
    """Add a feed at the end of its section, or of the document when no such section is there."""
    parent: Element = next((folder for folder in root.iter("outline") if _is_folder(folder, feed.section)), root[-1])
    if parent.tag != "outline" and feed.section:
        parent = _append(parent, _folder(feed.section))
    _append(parent, _outline(feed))


def remove(root: Element, urls: frozenset[str]) -> None:
    """Take out the feeds whose address, as written, is one of these."""
    for outline in list(_outlines(root)):
        parent = outline.getparent()
        if parent is not None and _attributes(outline)["xmlurl"] in urls:
            previous = outline.getprevious()
            if outline.getnext() is None and previous is not None:
                previous.tail = outline.tail  # the closing tag keeps its indentation
            parent.remove(outline)


def serialise(root: Element) -> bytes:
    """Return the document, comments and DOCTYPE included, in UTF-8."""
    before = [etree.tostring(node, encoding="unicode", with_tail=False) for node in root.itersiblings(preceding=True)]
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', root.getroottree().docinfo.doctype, *reversed(before)]
    etree.cleanup_namespaces(root, top_nsmap={"veille": NAMESPACE}, keep_ns_prefixes=_prefixes(root))
    lines = [*filter(None, parts), etree.tostring(root, encoding="unicode", with_tail=False), ""]
    return "\n".join(lines).encode()


def _prefixes(root: Element) -> list[str]:
    """Return the prefixes that a document declares: those that it does not use yet stay too."""
    return sorted({prefix for element in root.iter() for prefix in element.nsmap if prefix} - {"veille"})


def export_opml(feeds: Sequence[Feed], *, title: str = "veille") -> bytes:
    """Return feeds as an OPML document in UTF-8; runs of one section share a folder.

    Reading it again gives the same feeds in the same order.
    """
    root: Element = etree.Element("opml", version="2.0", nsmap={"veille": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _printable(title)
    body = etree.SubElement(root, "body")
    for section, run in groupby(feeds, key=lambda feed: feed.section):
        parent = body
        for name in section.split(_BETWEEN) if section else ():
            parent = etree.SubElement(parent, "outline", text=_printable(name))
        parent.extend(_outline(feed) for feed in run)
    etree.indent(root)
    return serialise(root)


def _outlines(root: Element) -> Iterator[Element]:
    return (outline for outline in root.iter("outline") if "xmlurl" in _attributes(outline))


def _attributes(outline: Element) -> dict[str, str]:
    """Return the attributes; OPML in the wild writes xmlUrl, xmlURL and xmlurl."""
    return {
        name if name.startswith("{") else name.lower(): value.strip()
        for name, value in _texts(outline)
        if value.strip()
    }


def _texts(outline: Element) -> Iterator[tuple[str, str]]:
    return ((str(name), str(value)) for name, value in outline.attrib.items())


def _section(outline: Element) -> str | None:
    folders = [_attributes(above) for above in outline.iterancestors("outline")]
    names = [folder.get("text") or folder.get("title") or "" for folder in reversed(folders)]
    return _BETWEEN.join(name for name in names if name) or None


def _is_folder(outline: Element, section: str | None) -> bool:
    given = _attributes(outline)
    above = _section(outline)
    name = given.get("text") or given.get("title") or ""
    return section is not None and "xmlurl" not in given and (f"{above}{_BETWEEN}{name}" if above else name) == section


def _folder(section: str) -> Element:
    folder: Element = etree.Element("outline", text=_printable(section))
    return folder


def _outline(feed: Feed) -> Element:
    title = feed.title or feed.outlet
    given = {
        "type": "rss",
        "text": title or feed.url,
        "title": title,
        "xmlUrl": feed.url,
        "language": feed.language,
        _OUTLET: feed.outlet,
        _COUNTRY: feed.country,
        _KIND: feed.kind,
        _CATALOGUE: None if feed.typed else "true",
    }
    attributes = {name: _printable(value) for name, value in given.items() if value}
    outline: Element = etree.Element("outline", attributes, nsmap={"veille": NAMESPACE})
    return outline


def _append(parent: Element, child: Element) -> Element:
    """Append a child on a line of its own, indented like its sisters."""
    depth = len(list(parent.iterancestors())) + 1
    last = parent[-1] if len(parent) else None
    closing = (last.tail if last is not None else parent.text) or "\n" + "  " * (depth - 1)
    opening = parent.text if last is not None and parent.text else "\n" + "  " * depth
    if last is None:
        parent.text = opening
    else:
        last.tail = opening
    child.tail = closing
    parent.append(child)
    return child


def _printable(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable())
