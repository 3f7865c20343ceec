"""Promises I7 and P5: a page is a page, and says whether it is reserved."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest
import trustme

from monitor.cookies import parse_cookies
from monitor.errors import FetchError, Reason
from monitor.fetch.page import fetch_page
from monitor.model import Page
from tests.monitor.http.server import Handler, answering, client, response, routing, serving

HTML = b"<!DOCTYPE html><html><head><title>Une</title></head><body><p>Le phare est rouvert.</p></body></html>"
RESERVED = HTML.replace(b"<title>", b"<meta name='tdm-reservation' content='1'><title>")


def fetch(handler: Handler) -> Page:
    async def run() -> Page:
        async with serving(handler) as server, client() as http:
            page = await fetch_page(http, server.url("/une"), max_bytes=9999, deadline_s=5)
            base = server.url("")
            return replace(page, url=page.url.removeprefix(base), final_url=page.final_url.removeprefix(base))

    return asyncio.run(run())


@pytest.mark.parametrize(("as_subscriber", "sent"), [(lambda _url: True, "session=secret"), (None, None)])
def test_s6_a_page_is_asked_as_the_subscriber_that_the_operator_is_where_that_is_allowed(
    as_subscriber: Callable[[str], bool] | None, sent: str | None
) -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.gazette.example").configure_cert(server_side)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    cookies = parse_cookies("www.gazette.example session=secret", file="cookies.txt")

    async def loopback(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async def run() -> str | None:
        async with (
            serving(answering(response(200, HTML, content_type="text/html")), tls=server_side) as server,
            client(tls=ours, resolver=loopback, cookies=cookies) as http,
        ):
            url = server.url("/une", host="www.gazette.example")
            await fetch_page(http, url, max_bytes=9999, deadline_s=5, as_subscriber=as_subscriber)
            return server.requests[0].headers.get("cookie")

    assert sent == asyncio.run(run())


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_page_comes_with_its_final_address(kind: str) -> None:
    page = fetch(
        routing({"/une": response(302, location="/2026/une"), "/2026/une": response(200, HTML, content_type=kind)})
    )

    assert page == Page("/une", "/2026/une", HTML, kind)


@pytest.mark.parametrize("body", [HTML, b"\xef\xbb\xbf \n<!-- x --><HTML>", HTML.decode().encode("utf-16")])
def test_an_untyped_page_is_recognised(body: bytes) -> None:
    page = fetch(answering(response(200, body)))

    assert (body, None) == (page.body, page.content_type)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(200, b"%PDF-1.7", content_type="application/pdf"), Reason.NOT_HTML),
        (response(200, b"{}", content_type="application/json"), Reason.NOT_HTML),
        (response(200, b"%PDF-1.7"), Reason.NOT_HTML),
        (response(200), Reason.NOT_HTML),
        (response(200, b"x" * 5_000_001, content_type="text/html"), Reason.TOO_LARGE),
        (response(403, HTML, content_type="text/html"), Reason.AUTH),
        (response(404), Reason.HTTP_4XX),
        (response(206, HTML, content_type="text/html"), Reason.PROTOCOL),
    ],
)
def test_I7_anything_but_a_page_has_a_reason(answer: bytes, reason: Reason) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(answering(answer))

    assert (reason, reason is Reason.PROTOCOL) == (caught.value.reason, caught.value.retryable)


@pytest.mark.parametrize(
    ("answer", "reserved"),
    [
        (response(200, HTML, content_type="text/html"), False),
        (response(200, HTML, content_type="text/html", tdm_reservation="0"), False),
        (response(200, HTML, content_type="text/html", tdm_reservation="1"), True),
        (response(200, RESERVED, content_type="text/html"), True),
    ],
)
def test_P5_a_reservation_is_seen_in_header_and_meta(answer: bytes, reserved: bool) -> None:  # noqa: FBT001  a table
    page = fetch(answering(answer))

    assert reserved == page.reserved
