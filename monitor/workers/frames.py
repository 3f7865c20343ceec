"""How parent and child speak: a JSON header and raw bytes, each with its length before it.

A frame is `>II` (header length, body length), the header as UTF-8 JSON, the body. Never pickle: what comes from a
child that has read foreign bytes is foreign itself.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_FRAME_BYTES", "PREFIX_BYTES", "encode", "lengths"]

PREFIX_BYTES = 8
MAX_FRAME_BYTES = 64 * 1024 * 1024

_LENGTHS = struct.Struct(">II")


def encode(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    r"""Return a frame.

    >>> encode({"ok": True}, b"abc")
    b'\x00\x00\x00\x0b\x00\x00\x00\x03{"ok":true}abc'
    """
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return _LENGTHS.pack(len(head), len(body)) + head + body


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return the lengths of the header and the body that follow.

    Raises:
        ValueError: the prefix is not 8 bytes long, or announces more than `MAX_FRAME_BYTES`.
    """
    if len(prefix) != PREFIX_BYTES:
        raise ValueError("the frame is cut short")
    head, body = _LENGTHS.unpack(prefix)
    if head + body > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {head + body} bytes is over the limit")
    return head, body
