"""A document that is itself a gzip file (`sitemap.xml.gz`): unpacked in the child, with a bound (promise R1)."""

from __future__ import annotations

import zlib
from typing import Final

from monitor.errors import FeedError, Reason

__all__ = ["unpacked"]

_MAX_MEMBERS: Final = 100
_GZIP: Final = b"\x1f\x8b"
_WBITS: Final = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, *, max_bytes: int) -> bytes:
    """Return a document as it was before it was packed; one that is not packed is returned as it is.

    What was cut short is returned up to there: the document's own end tells. Bytes behind the last member are dropped.

    Args:
        body: the document, after its Content-Encoding.
        max_bytes: of what is returned.

    Raises:
        FeedError: TOO_LARGE, or MALFORMED where it is damaged.
    """
    if not body.startswith(_GZIP):
        return body
    found = bytearray()
    rest = body
    for _ in range(_MAX_MEMBERS):
        if not rest.startswith(_GZIP):
            break
        member = zlib.decompressobj(_WBITS)
        try:
            found += member.decompress(rest, max_bytes + 1 - len(found))
        except zlib.error as error:
            raise FeedError(f"a damaged gzip file: {error}", reason=Reason.MALFORMED) from error
        if len(found) > max_bytes:
            raise FeedError(f"more than {max_bytes} bytes when unpacked", reason=Reason.TOO_LARGE)
        rest = member.unused_data
    return bytes(found)
