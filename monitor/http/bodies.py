"""Bodies read with a bound, before and after decompression (promise R1)."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from monitor.errors import Reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator, Sequence

__all__ = ["ACCEPT_ENCODING", "BodyError", "Inflater", "encoding_of", "read_body", "too_large"]

ACCEPT_ENCODING = "gzip, deflate"

_STEP = 1 << 18  # bytes inflated between two looks at the bound
_MAX_MEMBERS = 1000
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits of zlib.decompressobj
_DEFLATE_METHOD = 8


class BodyError(Exception):
    """A body that cannot be had within its bounds; the client adds the host and raises a `FetchError`."""

    def __init__(self, message: str, *, reason: Reason, retryable: bool) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable


def encoding_of(header: str | None) -> str | None:
    """Return the one encoding of a Content-Encoding header: `gzip`, `deflate`, or None.

    Raises:
        BodyError: `encoding` where it is stacked or unknown. br and zstd are never asked for and cannot be bounded.

    Examples:
        >>> encoding_of("x-gzip"), encoding_of("identity"), encoding_of(None)
        ('gzip', None, None)
    """
    names = [name.strip().lower().removeprefix("x-") for name in (header or "").split(",")]
    encodings = [name for name in names if name not in {"", "identity"}]
    if not encodings:
        return None
    if len(encodings) > 1 or encodings[0] not in {"gzip", "deflate"}:
        raise _broken(f"Content-Encoding {', '.join(encodings)[:60]!r} is not one that we asked for")
    return encodings[0]


class Inflater:
    """Decompress gzip (of one or more members, RFC 1952) or deflate (RFC 1950, or raw) in small steps.

    Args:
        encoding: `gzip` or `deflate`.
    """

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == "gzip"
        self._waiting = b""  # too short to tell what it begins
        self._members = 0
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` inflates to, at most 256 KiB at a time.

        Raises:
            BodyError: `encoding`.
        """
        data, self._waiting = self._waiting + data, b""
        while self._ready(data) and self._stream is not None:
            try:
                piece = self._stream.decompress(data, _STEP)
            except zlib.error as exc:
                raise _broken("the compressed body is damaged") from exc
            yield piece
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if not data and len(piece) < _STEP:
                return

    def finish(self) -> None:
        """Refuse a body that stops before its end.

        Raises:
            BodyError: `encoding`.
        """
        if self._stream is None or not self._stream.eof:
            raise _broken("the compressed body is cut short")

    def _ready(self, data: bytes) -> bool:
        """Have a stream that wants `data`; begin one where needed. What follows a whole body is ignored."""
        if self._stream is not None and not self._stream.eof:
            return True
        if len(data) < len(_GZIP_MAGIC):
            self._waiting = data
            return False
        if self._stream is not None and not (self._gzip and data.startswith(_GZIP_MAGIC)):
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise _broken(f"the compressed body has more than {_MAX_MEMBERS} members")
        self._stream = zlib.decompressobj(_GZIP if self._gzip else _deflate_bits(data))
        return True


async def read_body(
    chunks: AsyncIterable[bytes], *, encodings: Sequence[str], max_bytes: int, truncate: bool = False
) -> bytes:
    """Read a body whole, or fail before it takes more room than allowed.

    Args:
        chunks: the bytes as they came.
        encodings: the values of the Content-Encoding headers.
        max_bytes: bound on the bytes received, and again on the bytes inflated.
        truncate: return the first `max_bytes` of a longer body instead of failing.

    Raises:
        BodyError: `too_large` or `encoding`.
    """
    encoding = encoding_of(",".join(encodings))
    inflater = Inflater(encoding) if encoding else None
    body = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        for piece in inflater.feed(chunk) if inflater else (chunk,):
            body += piece
            if len(body) > max_bytes or received > max_bytes:
                if truncate:
                    return bytes(body[:max_bytes])
                raise too_large(max_bytes)
            await asyncio.sleep(0)
    if inflater and received:
        inflater.finish()
    return bytes(body)


def too_large(max_bytes: int) -> BodyError:
    """Return the error for a body over its bound."""
    return BodyError(f"the body is larger than {max_bytes:,} bytes", reason=Reason.TOO_LARGE, retryable=False)


def _deflate_bits(head: bytes) -> int:
    """Tell zlib's format from the raw one that some servers send as `deflate` (RFC 1950 §2.2: CMF, FLG)."""
    is_zlib = head[0] & 0x0F == _DEFLATE_METHOD and int.from_bytes(head[:2], "big") % 31 == 0
    return _ZLIB if is_zlib else _RAW


def _broken(why: str) -> BodyError:
    return BodyError(why, reason=Reason.ENCODING, retryable=True)
