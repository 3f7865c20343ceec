"""Which characters the bytes of a feed or page are (promises I4 and I5).

Bytes that are valid UTF-8 are UTF-8, whatever they are declared to be, unless the declared charset is one of those
that hide in ASCII. Otherwise a few bad bytes among good UTF-8 are bad bytes; else the HTTP header, then the XML
declaration (RFC 7303, section 3.2) or the HTML meta element, then windows-1252 say.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

__all__ = ["charset_of", "decode", "trouble"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How `<?xm`, or `<` and another ASCII character, begin without a byte order mark: XML 1.0, appendix F.1
_PATTERNS: Final = (
    (b"\x3c\0\0\0", "utf-32-le"),
    (b"\0\0\0\x3c", "utf-32-be"),
    (b"\x3c\0", "utf-16-le"),
    (b"\0\x3c", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARED: Final = re.compile(
    rb"""(?:<\?xml[^>]{0,200}?encoding|<meta[^>]{0,200}?charset)\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE
)
_HEAD_BYTES: Final = 4096
_PARAMETER: Final = re.compile(r"""charset\s*=\s*["']?([^\s;"']{1,40})""", re.IGNORECASE)
_IN_ASCII: Final = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-7"})
_WESTERN: Final = frozenset({"iso8859-1", "ascii"})  # as browsers do: the WHATWG's Encoding Standard
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


def decode(body: bytes, *, content_type: str | None) -> str:
    """Return the text of a document.

    Args:
        body: after its Content-Encoding.
        content_type: the HTTP header, or None.

    >>> decode("Été".encode("latin-1"), content_type=None)
    'Été'
    >>> decode("Été à Kharkiv ".encode() + bytes([0xE9]), content_type=None)
    'Été à Kharkiv \ufffd'
    """
    for start, codec in (*_BOMS, *_PATTERNS):
        if body.startswith(start):
            return body.decode(codec, "replace").removeprefix("\ufeff")
    declared = [codec for codec in (charset_of(content_type), _declared(body)) if codec]
    if body.isascii():
        return body.decode(next((codec for codec in declared if codec in _IN_ASCII), "ascii"), "replace")
    return _strictly(body, ["utf-8"]) or _mended(body) or _strictly(body, declared) or _western(body)


def trouble(body: bytes, *, content_type: str | None) -> str | None:
    """Return what a document says wrongly of its charset, in a few words, or None.

    Args:
        body: after its Content-Encoding.
        content_type: the HTTP header, or None.

    >>> trouble("<?xml version='1.0' encoding='iso-8859-1'?><a>Été</a>".encode(), content_type=None)
    'is UTF-8, but says cp1252'
    >>> trouble("<a>Été</a>".encode("latin-1"), content_type="text/xml; charset=utf-8")
    'is not UTF-8 everywhere: 2 bytes'
    """
    if body.isascii() or body.startswith((b"\x1f\x8b", *(start for start, _ in (*_BOMS, *_PATTERNS)))):
        return None
    declared = dict.fromkeys(codec for codec in (charset_of(content_type), _declared(body)) if codec)
    bad = body.decode("utf-8", "replace").count("\ufffd")
    if bad and (not declared or "utf-8" in declared):
        return f"is not UTF-8 everywhere: {bad} bytes"
    wrong = [codec for codec in declared if codec != "utf-8"]
    return f"is UTF-8, but says {', '.join(wrong)}" if wrong and not bad else None


def charset_of(content_type: str | None) -> str | None:
    """Return the codec that a Content-Type names, where we know it."""
    named = _PARAMETER.search(content_type or "")
    return _codec(named[1]) if named else None


def _declared(body: bytes) -> str | None:
    named = _DECLARED.search(body, 0, _HEAD_BYTES)
    return _codec(named[1].decode("ascii")) if named else None


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
        b"a".decode(name, "replace")  # a text encoding, not `zlib` or `hex`
    except (LookupError, ValueError):
        return None
    if found.name.startswith(("utf-16", "utf-32")):  # the bytes themselves would say so
        return None
    return "cp1252" if found.name in _WESTERN else found.name


def _strictly(body: bytes, names: list[str]) -> str | None:
    for name in names:
        try:
            return body.decode(name)
        except UnicodeError:
            continue
    return None


def _mended(body: bytes) -> str | None:
    """Return UTF-8 with replacements where good sequences outnumber bad bytes; in a Latin text they hardly occur."""
    text = body.decode("utf-8", "replace")
    good = sum(map(len, _NOT_ASCII.findall(text)))
    bad = text.count("\ufffd")
    return text if good - bad > bad else None


def _western(body: bytes) -> str:
    """Return windows-1252, which leaves five bytes undefined."""
    return body.translate(None, b"\x81\x8d\x8f\x90\x9d").decode("cp1252")
