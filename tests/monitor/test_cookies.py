from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cookies import Cookie, load_cookies, parse_cookies
from monitor.errors import SettingsError

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
EXPORTED = """# Netscape HTTP Cookie File
# http://curl.haxx.se/rfc/cookie_spec.html

.gazette.example\tTRUE\t/\tTRUE\t1893456000\tabo\tun
#HttpOnly_www.gazette.example\tFALSE\t/monde/\tTRUE\t0\tsession\tdeux
.gazette.example\tTRUE\t/\tTRUE\t1577836800\tvieux\ttrois
"""
SIMPLE = """# abonnement de la rédaction
www.gazette.example   session=deux; abo=un
courrier.example: Cookie: jeton=quatre=cinq
"""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.gazette.example/monde/a", "session=deux; abo=un"),
        ("https://www.gazette.example/monde", "abo=un"),
        ("https://www.gazette.example/mondes/a", "abo=un"),
        ("https://gazette.example/", "abo=un"),
        ("https://m.gazette.example:8443", "abo=un"),
        ("http://www.gazette.example/monde/a", None),
        ("https://autregazette.example/", None),
        ("https://gazette.example.autre.example/", None),
        ("https://example/", None),
    ],
)
def test_s6_a_cookie_of_a_browser_is_sent_where_it_belongs(url: str, expected: str | None) -> None:
    assert expected == parse_cookies(EXPORTED, file="c").header(url, now=NOW)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.gazette.example/monde/a", "session=deux; abo=un"),
        ("https://gazette.example/", None),
        ("https://a.www.gazette.example/", None),
        ("https://courrier.example/", "jeton=quatre=cinq"),
    ],
)
def test_s6_a_header_is_sent_to_its_host_exactly(url: str, expected: str | None) -> None:
    assert expected == parse_cookies(SIMPLE, file="c").header(url, now=NOW)


def test_of_two_cookies_of_one_name_the_one_of_the_longer_path_is_sent() -> None:
    lines = "g.example\tFALSE\t/\tTRUE\t0\ta\tcourt\ng.example\tFALSE\t/monde\tTRUE\t0\ta\tlong"

    assert parse_cookies(lines, file="c").header("https://g.example/monde/x", now=NOW) == "a=long"


@pytest.mark.parametrize(
    "line",
    [
        "gazette",
        "example a=1",
        "www.gazette.example secret",
        "www.gazette.example a b=1",
        "www.gazette.example a=1\x0bX: 2",
        "http://www.gazette.example/ a=1",
        ".example\tTRUE\t/\tTRUE\t0\ta\tsecret",
        "www.gazette.example\tFALSE\t/\tTRUE\tnever\ta\tsecret",
        "www.gazette.example\tFALSE\t/\tTRUE\t0\t\tsecret",
        "www.gazette.example a=é",
    ],
)
def test_x4_a_line_that_is_not_understood_is_named_and_not_quoted(line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_cookies(f"# abonnements\n{line}\n", file="abo.txt")

    assert str(caught.value) in {
        f"VEILLE_COOKIES: abo.txt:{number}: not a line of cookies.txt, nor a host and its Cookie header"
        for number in (2, 3)
    }


def test_x4_a_cookie_does_not_tell_its_value() -> None:
    assert "secret" not in repr([Cookie("gazette.example", "a", "secret")])


def test_x4_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(EXPORTED, encoding="utf-8")
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_cookies(path)
    path.chmod(0o600)

    assert 3 == len(load_cookies(path).cookies)


def test_a_file_that_cannot_be_read_is_an_error_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "latin").chmod(0o600)
    for path, told in (
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "x", "cannot be read"),
        (tmp_path / "latin", "UTF-8"),
    ):
        with pytest.raises(SettingsError, match=told):
            load_cookies(path)

    assert load_cookies(None).cookies == ()


@given(st.text(max_size=200))
def test_no_file_raises_anything_else_and_no_header_holds_a_line_end(text: str) -> None:
    try:
        jar = parse_cookies(f"g.example {text}", file="c")
    except SettingsError:
        return

    assert (jar.header("https://g.example/", now=NOW) or "").isprintable()
