from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.websub import (
    LEASE,
    Push,
    Signature,
    hub_of,
    lease_end,
    renewal_at,
    retry_at,
    subscription_form,
)

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
BASE = "https://gazette.example/feed"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (None, None)),
        ("<https://hub.example/>; rel=hub", ("https://hub.example/", None)),
        (
            '<https://hub.example/>; rel="hub", <https://gazette.example/rss>; rel="self"; type="application/rss+xml"',
            ("https://hub.example/", "https://gazette.example/rss"),
        ),
        ('</rss>; title="a, b; c"; rel="alternate self"', (None, "https://gazette.example/rss")),
        ("<https://a.example/>; rel=hub, <https://b.example/>; rel=hub", ("https://a.example/", None)),
        ("<javascript:alert(1)>; rel=hub", (None, None)),
        ("<https://hub.example/>; title=x", (None, None)),
        ("<<<>>>;;;rel=hub", (None, None)),
    ],
)
def test_a_link_header_names_hub_and_topic(header: str | None, expected: tuple[str | None, str | None]) -> None:
    assert expected == hub_of(header, base=BASE)


@given(st.text(alphabet='<>;,= "rehlubsf/:', max_size=300))
def test_any_link_header_is_read(header: str) -> None:
    assert all(link is None or link.startswith("http") for link in hub_of(header, base=BASE))


def test_a_hub_is_asked_with_a_secret_and_a_lease() -> None:
    form = subscription_form(callback="https://veille.example/websub/x", topic=BASE, secret="s&é")

    assert {
        "hub.mode": ["subscribe"],
        "hub.topic": [BASE],
        "hub.callback": ["https://veille.example/websub/x"],
        "hub.secret": ["s&é"],
        "hub.lease_seconds": ["864000"],
    } == parse_qs(form.decode())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("86400", timedelta(days=1)),
        ("0", timedelta(minutes=5)),
        ("999999999", timedelta(days=30)),
        ("-1", LEASE),
        ("", LEASE),
        ("9" * 50, LEASE),
    ],
)
def test_a_lease_is_what_the_hub_grants_within_reason(told: str, expected: timedelta) -> None:
    assert NOW + expected == lease_end({"hub.lease_seconds": told}, now=NOW)
    assert NOW + LEASE == lease_end({}, now=NOW)


def test_a_lease_is_renewed_before_it_ends() -> None:
    assert [NOW + timedelta(days=9), NOW + timedelta(hours=18)] == [
        renewal_at(NOW + lease, now=NOW) for lease in (timedelta(days=10), timedelta(days=1))
    ]


def test_a_hub_that_fails_is_asked_ever_more_seldom() -> None:
    assert [1, 2, 4, 24, 24] == [(retry_at(n, now=NOW) - NOW) / timedelta(hours=1) for n in (0, 1, 2, 5, 10_000)]


@pytest.mark.parametrize(
    ("pushed_s", "asked_s", "brings", "expected"),
    [
        (None, 0, 1, (False, False)),
        (660, 0, 1, (False, False)),
        (540, 1, 1, (True, False)),
        (540, 1, 0, (True, True)),
        (1, 2, 1, (True, True)),
    ],
    ids=["none", "long ago", "answered", "a cache was slower", "asked before"],
)
def test_a_push_is_open_until_a_poll_brings_news(
    pushed_s: float | None, asked_s: float, brings: int, expected: tuple[bool, bool]
) -> None:
    pushed_at = None if pushed_s is None else NOW - timedelta(seconds=pushed_s)
    push = Push.of(pushed_at, asked_at=NOW - timedelta(seconds=asked_s), brings=brings, now=NOW)

    assert expected == (push.is_told, push.is_open)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_right_signature_is_right_however_the_body_comes(method: str) -> None:
    told = hmac.new(b"secret", b"un deux", method).hexdigest()
    checks = [Signature(f"{method}={told.upper()}", "secret") for _ in range(2)]
    checks[0].feed(b"un deux")
    for piece in (b"un", b" ", b"deux"):
        checks[1].feed(piece)

    assert [True, True] == [check.is_right for check in checks]


@pytest.mark.parametrize(
    "header", [None, "", "sha256", "sha256=", "sha256=é", "md5=00", "sha3_256=00", f"sha256={'0' * 64}", "=x"]
)
def test_a_missing_unknown_or_wrong_signature_is_wrong(header: str | None) -> None:
    check = Signature(header, "secret")
    check.feed(b"un")

    assert not check.is_right


def test_a_signature_of_another_secret_is_wrong() -> None:
    check = Signature("sha256=" + hmac.new(b"autre", b"un", hashlib.sha256).hexdigest(), "secret")
    check.feed(b"un")

    assert not check.is_right
