"""Promise S5: which addresses may be asked at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError, Reason
from monitor.http import canonical_url, endpoint_of, host_of, origin_of, path_of


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://journal.example/",
        "gopher://journal.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//journal.example/",
        "journal.example/rss",
        "/rss.xml",
        "",
        "http:journal.example",
        "http:///rss.xml",
        "http://public.example\\@127.0.0.1/",
        "http://journal.example\\.evil.example/",
        "http://journal.example/a\\b",
        "http://journal.example/a\nb",
        "http://journal.example/\r\nHost: evil.example",
        "http://journal.example/\x00",
        "http://journal.example/\x85",
        "http://journal.example/\u2028",
        "http://user@journal.example/",
        "http://user:word@journal.example/",
        "http://@journal.example/",
        "http://journal.example:0/",
        "http://journal.example:65536/",
        "http://journal.example:port/",
        "http://jour nal.example/",
        "http://journal..example/",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://[::1/",
        "http://[fe80::1%eth0]/",
        "http://[fe80::1%25eth0]/",
        "http://journal.example/" + "a" * 9000,
        # every spelling of an IPv4 address but the plain one
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0X7F.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0/",
        "http://0x/",
        "http://127.0.0.1./",
        "http://127.0.0.256/",
        "http://127.0.0.0.1/",
    ],
)
def test_S5_an_address_no_honest_site_has_is_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        canonical_url(url)

    assert (Reason.BAD_URL, False) == (caught.value.reason, caught.value.retryable)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://journal.example", "http://journal.example"),
        ("HTTP://Journal.Example:80/Rss", "http://journal.example/Rss"),
        ("https://journal.example:443/?q=é", "https://journal.example/?q=%C3%A9"),
        ("https://lÉgende.example/à la une#haut", "https://xn--lgende-bva.example/%C3%A0%20la%20une"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://journal_local.example/a%20b", "http://journal_local.example/a%20b"),
        ("http://journal.example/@chronique?a=b@c", "http://journal.example/@chronique?a=b@c"),
        ("http://localhost./", "http://localhost./"),
    ],
)
def test_S5_an_honest_address_is_made_plain(url: str, expected: str) -> None:
    canonical = canonical_url(url)

    assert expected == canonical


@pytest.mark.parametrize(
    ("url", "host", "origin", "path"),
    [
        ("https://www.Journal.example:443/rss", "www.journal.example", "https://www.journal.example", "/rss"),
        ("http://journal.example:443/", "journal.example:443", "http://journal.example:443", "/"),
        ("http://127.0.0.1:8080/a?b#c", "127.0.0.1:8080", "http://127.0.0.1:8080", "/a?b"),
    ],
)
def test_a_host_is_its_name_and_an_unusual_port(url: str, host: str, origin: str, path: str) -> None:
    parts = (host_of(url), origin_of(url), path_of(url))

    assert (host, origin, path) == parts


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://[::1]/", ("::1", 80)),
        ("https://xn--ls8h.example:8443/", ("xn--ls8h.example", 8443)),
    ],
)
def test_an_endpoint_is_what_is_connected_to(url: str, endpoint: tuple[str, int]) -> None:
    assert endpoint == endpoint_of(url)


def canonical_or_reason(url: str) -> str | Reason:
    try:
        return canonical_url(url)
    except FetchError as error:
        return error.reason


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "http:", "http://journal.example", ""]))
def test_S5_any_text_is_refused_or_made_plain_once_and_for_all(text: str, start: str) -> None:
    canonical = canonical_or_reason(start + text)

    assert canonical is Reason.BAD_URL or canonical == canonical_or_reason(canonical)
    assert canonical.isascii()
