"""Promise R1: bodies are bounded before and after decompression."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Reason
from monitor.http.bodies import BodyError, encoding_of, read_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

TEXT = "Le préfet a reçu les élus du littoral. ".encode() * 50


def read(chunks: Iterable[bytes], *encodings: str, max_bytes: int = 1_000_000, truncate: bool = False) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return asyncio.run(read_body(stream(), encodings=encodings, max_bytes=max_bytes, truncate=truncate))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("identity, gzip", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:70], mtime=0) + gzip.compress(TEXT[70:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0" * 9),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\n"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT) + b"after"),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_R1_a_body_is_decoded_however_it_is_cut(encoding: str, body: bytes) -> None:
    bytewise = [body[at : at + 1] for at in range(len(body))]

    decoded = (read(bytewise, encoding), read([body], encoding))

    assert decoded == (TEXT, TEXT)


@given(st.binary(max_size=400), st.lists(st.integers(1, 50)), st.sampled_from(["gzip", "deflate", "raw"]))
def test_R1_what_was_compressed_comes_back(data: bytes, cuts: list[int], how: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "raw": raw_deflate}
    packed = packers[how](data)
    chunks = []
    for cut in cuts:
        chunks.append(packed[:cut])
        packed = packed[cut:]

    decoded = read([*chunks, packed], "gzip" if how == "gzip" else "deflate")

    assert decoded == data


@pytest.mark.parametrize("header", ["gzip, gzip", "deflate, gzip", "br", "zstd", "compress", "gzip;q=1", "é"])
def test_R1_a_stacked_or_unknown_encoding_is_refused(header: str) -> None:
    with pytest.raises(BodyError) as caught:
        encoding_of(header)

    assert caught.value.reason is Reason.ENCODING


def test_R1_an_encoding_stacked_over_two_headers_is_refused() -> None:
    with pytest.raises(BodyError) as caught:
        read([gzip.compress(gzip.compress(TEXT, mtime=0))], "gzip", "gzip")

    assert caught.value.reason is Reason.ENCODING


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)[:-1]),
        ("gzip", gzip.compress(TEXT, mtime=0)[:20]),
        ("gzip", b"\x1f"),
        ("gzip", gzip.compress(TEXT, mtime=0) + gzip.compress(TEXT, mtime=0)[:-4]),
        ("gzip", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + b"\0" * 8),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", raw_deflate(TEXT)[:-1]),
        ("deflate", b"\xff" * 40),
        ("gzip", gzip.compress(b"", mtime=0) * 1001),
    ],
)
def test_R1_a_cut_or_damaged_body_is_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        read([body], encoding)

    assert caught.value.reason is Reason.ENCODING


def test_an_empty_body_needs_no_end_mark() -> None:
    body = read([], "gzip")

    assert body == b""


@pytest.mark.parametrize(
    ("encoding", "chunks"),
    [
        ("", [b"x" * 600] * 2),
        ("gzip", [gzip.compress(b"x" * 1001, mtime=0)]),
        ("gzip", [gzip.compress(b"", mtime=0)] * 60),  # more received than allowed, though nothing comes of it
    ],
)
def test_R1_a_body_over_its_bound_is_refused(encoding: str, chunks: list[bytes]) -> None:
    with pytest.raises(BodyError) as caught:
        read(chunks, encoding, max_bytes=1000)

    assert caught.value.reason is Reason.TOO_LARGE


def test_a_body_of_just_its_bound_is_read() -> None:
    body = read([gzip.compress(b"x" * 1000, mtime=0)], "gzip", max_bytes=1000)

    assert body == b"x" * 1000


def test_a_longer_body_is_cut_where_the_caller_wants_it() -> None:
    body = read([gzip.compress(b"x" * 5000, mtime=0)], "gzip", max_bytes=1000, truncate=True)

    assert body == b"x" * 1000
