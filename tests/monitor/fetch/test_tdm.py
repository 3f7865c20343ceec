"""Promise P5: reservations of text and data mining."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.tdm import NO_RESERVATIONS, matches, parse_tdmrep, reserves_by_header, reserves_by_meta


@pytest.mark.parametrize(
    ("path", "reserved"),
    [("/", True), ("/monde/une", True), ("/libre/une", False), ("/libre/abo.pdf", True), ("/double", True)],
)
def test_P5_the_longest_pattern_decides(path: str, reserved: bool) -> None:  # noqa: FBT001  a table
    rules = parse_tdmrep(
        json.dumps(
            [
                {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://journal.example/tdm.json"},
                {"location": "/libre/", "tdm-reservation": 0},
                {"location": "/libre/*.pdf$", "tdm-reservation": "1"},
                {"location": "/double", "tdm-reservation": 0},
                {"location": "/double", "tdm-reservation": 1},
            ]
        ).encode()
    )

    assert reserved == rules.reserves(path)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b"1", b'[1, null, {"tdm-reservation": 1}, {"location": 3}]', b"[" * 100_000, b"\xff\xfe"],
)
def test_P5_what_is_not_understood_reserves_nothing(body: bytes) -> None:
    rules = parse_tdmrep(body)

    assert rules == NO_RESERVATIONS


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("", "/", True),
        ("/", "/monde", True),
        ("/monde", "/sport", False),
        ("/monde$", "/monde", True),
        ("/monde$", "/monde/", False),
        ("*", "/", True),
        ("/*/une", "/a/b/une/c", True),
        ("/*/une$", "/a/une", True),
        ("/*/une$", "/a/une/", False),
        ("/a*b*c", "/abc", True),
        ("/a*b*c", "/acb", False),
        ("/a*a$", "/a", False),
        ("/*x*y", "/y", False),
    ],
)
def test_P5_a_location_is_a_prefix_with_stars(pattern: str, path: str, expected: bool) -> None:  # noqa: FBT001  a table
    matched = matches(pattern, path)

    assert expected == matched


@given(st.text("ab*$/", max_size=12), st.text("ab/$", max_size=12))
def test_P5_a_location_matches_as_its_regular_expression_would(pattern: str, path: str) -> None:
    anchored = pattern.endswith("$")
    expression = ".*".join(map(re.escape, pattern.removesuffix("$").split("*"))) + ("$" if anchored else "")

    matched = matches(pattern, path)

    assert matched == bool(re.match(expression, path))


def test_R3_a_pattern_of_stars_does_not_stall() -> None:
    before_s = time.process_time()

    matched = matches("/" + "*a" * 100_000 + "b$", "/" + "a" * 8000)

    assert not matched
    assert time.process_time() - before_s < 0.4


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), (" 1 ", True), ("0", False), ("", False), ("1, 1", False)]
)
def test_P5_a_header_reserves_with_one(value: str, expected: bool) -> None:  # noqa: FBT001  a table
    reserved = reserves_by_header({"tdm-reservation": value})

    assert expected == reserved


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (b'<meta name="tdm-reservation" content="1">', True),
        (b"<META CONTENT='1' NAME='TDM-Reservation' />", True),
        (b"<meta name=tdm-reservation content=1>", True),
        (b'<meta name="tdm-reservation" content="0">', False),
        (b'<meta name="tdm-reservation" content="10">', False),
        (b'<meta name="tdm-policy" content="1">', False),
        (b'<meta name="tdm-reservation"><meta content="1">', False),
        (b" " * 70_000 + b'<meta name="tdm-reservation" content="1">', False),
        (b"", False),
    ],
)
def test_P5_a_page_reserves_early_in_its_html(html: bytes, expected: bool) -> None:  # noqa: FBT001  a table
    reserved = reserves_by_meta(html)

    assert expected == reserved


def test_R3_a_page_of_open_tags_does_not_stall() -> None:
    before_s = time.process_time()

    reserved = reserves_by_meta(b"<meta " * 800_000)

    assert not reserved
    assert time.process_time() - before_s < 0.4
