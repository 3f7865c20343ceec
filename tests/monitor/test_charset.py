from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.charset import charset_of, decode, trouble

TEXT = "<rss>L’Élysée s’inquiète : « à Kharkiv, œuvre »</rss>"
LATIN = "<rss>L'Élysée s'inquiète</rss>"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (TEXT.encode(), None, TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), None, TEXT),
        (TEXT.encode("utf-16"), None, TEXT),
        (TEXT.encode("utf-16-le"), None, TEXT),
        (TEXT.encode("utf-16-be"), None, TEXT),
        (TEXT.encode("utf-32"), None, TEXT),
        (TEXT.encode("cp1252"), None, TEXT),
        (LATIN.encode("latin-1"), "text/xml; charset=iso-8859-1", LATIN),
        (LATIN.encode("latin-1"), "text/xml; charset=utf-8", LATIN),
        (LATIN.encode("latin-1"), "text/xml; charset=inconnu", LATIN),
        (LATIN.encode("latin-1"), "text/xml; charset=hex", LATIN),
        (TEXT.encode(), "text/xml; charset=iso-8859-1", TEXT),
        (LATIN.encode("mac_roman"), "text/xml; charset=macintosh", LATIN),
        ("<rss>Киев</rss>".encode("cp1251"), 'text/xml; charset="windows-1251"', "<rss>Киев</rss>"),
        ("<rss>日本</rss>".encode("iso2022_jp"), "text/xml; charset=iso-2022-jp", "<rss>日本</rss>"),
        (b"<rss>plain</rss>", None, "<rss>plain</rss>"),
        (b"", None, ""),
    ],
)
def test_i5_the_characters_are_the_written_ones(body: bytes, content_type: str | None, expected: str) -> None:
    assert expected == decode(body, content_type=content_type)


@pytest.mark.parametrize(
    "declaration",
    ['<?xml version="1.0" encoding="windows-1251"?>', '<html><meta charset="windows-1251">'],
)
def test_i5_the_document_says_its_charset(declaration: str) -> None:
    body = (declaration + "Киев").encode("cp1251")

    assert declaration + "Киев" == decode(body, content_type=None)


@pytest.mark.parametrize("bad", [b"\xff", b"\xe9", b"\xc3", b"\x80\xbf"])
def test_i4_one_bad_byte_makes_no_mojibake(bad: bytes) -> None:
    text = decode(TEXT.encode() + bad + TEXT.encode(), content_type="text/xml; charset=utf-8")

    assert (text.startswith(TEXT), text.endswith(TEXT), "Ã" in text) == (True, True, False)


def test_bytes_that_windows_1252_leaves_undefined_are_left_out() -> None:
    assert decode(b"\xe9t\xe9\x81", content_type=None) == "été"


def test_a_type_without_charset_names_none() -> None:
    assert charset_of("text/xml") is None


@given(st.binary(max_size=400), st.sampled_from([None, "text/xml; charset=utf-8", "text/xml; charset=idna"]))
def test_no_bytes_raise(body: bytes, content_type: str | None) -> None:
    assert isinstance(decode(body, content_type=content_type), str)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"<rss/>", "text/xml; charset=iso-8859-1", None),
        (TEXT.encode(), "text/xml; charset=utf-8", None),
        (TEXT.encode("utf-16"), "text/xml; charset=iso-8859-1", None),
        (b"\x1f\x8b\xff", None, None),
        (TEXT.encode(), "text/xml; charset=iso-8859-1", "is UTF-8, but says cp1252"),
        (LATIN.encode("latin-1"), "text/xml; charset=iso-8859-1", None),
        (LATIN.encode("latin-1"), None, "is not UTF-8 everywhere: 3 bytes"),
    ],
)
def test_what_a_document_says_wrongly_of_its_charset(
    body: bytes, content_type: str | None, expected: str | None
) -> None:
    assert expected == trouble(body, content_type=content_type)
