"""Promise P1: a feed is asked for with the validators it gave us."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError, Reason
from monitor.fetch.feed import fetch_feed, max_age_of
from monitor.model import Feed, FeedId, FeedResponse, FeedState, FeedStatus, NotModified
from tests.monitor.http.server import Handler, Request, answering, client, response, routing, serving

STATE = FeedState(FeedId(1), Feed(""), "127.0.0.1", FeedStatus.ACTIVE, etag='W/"3-é"', last_modified="hier, vers midi")
DOCUMENT = b"<rss version='2.0'><channel><title>La Vigie</title></channel></rss>"


def fetch(
    handler: Handler, state: FeedState = STATE, *, unconditional: bool = False
) -> tuple[FeedResponse | NotModified, list[Request]]:
    async def run() -> tuple[FeedResponse | NotModified, list[Request]]:
        async with serving(handler) as server, client() as http:
            at = replace(state, feed=Feed(server.url("/rss")))
            answer = await fetch_feed(http, at, max_bytes=10_000, deadline_s=5, unconditional=unconditional)
            return replace(answer, url=answer.url.removeprefix(server.url(""))), server.requests

    return asyncio.run(run())


def test_P1_validators_go_back_exactly_as_they_came() -> None:
    answer, requests = fetch(answering(response(304)))

    assert answer == NotModified("/rss")
    assert requests[0].headers["if-none-match"] == 'W/"3-é"'
    assert requests[0].headers["if-modified-since"] == "hier, vers midi"


def test_P1_changed_validators_come_with_an_unchanged_feed() -> None:
    answer, _ = fetch(answering(response(304, etag='"4"', last_modified="ce matin", cache_control="max-age=60")))

    assert answer == NotModified("/rss", '"4"', "ce matin", None, 60.0)


@pytest.mark.parametrize(
    ("state", "unconditional"), [(STATE, True), (replace(STATE, etag=None, last_modified=None), False)]
)
def test_a_whole_document_is_asked_for_without_conditions(state: FeedState, unconditional: bool) -> None:  # noqa: FBT001  a table
    _, requests = fetch(answering(response(200, DOCUMENT)), state, unconditional=unconditional)

    assert not {"if-none-match", "if-modified-since"} & set(requests[0].headers)


def test_a_document_comes_with_what_its_headers_say() -> None:
    answer, requests = fetch(
        answering(
            response(200, DOCUMENT, content_type="text/xml", etag='"1"', last_modified="x", cache_control="max-age=99")
        )
    )

    assert answer == FeedResponse("/rss", 200, DOCUMENT, "text/xml", '"1"', "x", None, 99.0)
    assert requests[0].headers["accept"].startswith("application/rss+xml")


@pytest.mark.parametrize(("first", "moves"), [(301, True), (308, True), (302, False), (307, False)])
def test_P7_a_move_is_told_only_when_every_hop_is_permanent(first: int, moves: bool) -> None:  # noqa: FBT001  a table
    answer, _ = fetch(
        routing(
            {
                "/rss": response(first, location="/b"),
                "/b": response(301, location="/c"),
                "/c": response(200, DOCUMENT),
            }
        )
    )

    assert answer.url == "/c"
    assert moves == (answer.moved_to is not None and answer.moved_to.endswith("/c"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(410), Reason.GONE),
        (response(404), Reason.HTTP_4XX),
        (response(429), Reason.RATE_LIMITED),
        (response(503), Reason.UNAVAILABLE),
        (response(204), Reason.PROTOCOL),
        (response(206, DOCUMENT), Reason.PROTOCOL),
        (response(200), Reason.EMPTY),
    ],
)
def test_anything_but_a_document_has_a_reason(answer: bytes, reason: Reason) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(answering(answer))

    assert caught.value.reason is reason


def test_not_modified_unasked_for_is_refused() -> None:
    with pytest.raises(FetchError) as caught:
        fetch(answering(response(304)), unconditional=True)

    assert caught.value.reason is Reason.PROTOCOL


NOON = "Tue, 03 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"cache-control": "public"}, None),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": 'private, MAX-AGE="600"'}, 600),
        ({"cache-control": "s-maxage=9, max-age=600", "expires": "0"}, 600),
        ({"cache-control": "max-age=600, no-cache"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": "max-age=600", "age": "200"}, 400),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=31536000"}, 86_400),
        ({"expires": "0"}, 0),
        ({"expires": "Tue, 03 Nov 2026 12:10:00 GMT", "date": NOON}, 600),
        ({"expires": "Tue, 03 Nov 2020 12:10:00 GMT", "date": NOON}, 0),
        ({"expires": "Tue, 03 Nov 2026 12:10:00 GMT"}, None),
        ({"expires": "Tue, 03 Nov 2026 12:10:00 GMT", "date": "Tue, 03 Nov 2026 12:00:00"}, None),
    ],
)
def test_P1_freshness_is_read_and_capped(headers: dict[str, str], expected_s: float | None) -> None:
    max_age_s = max_age_of(headers)

    assert expected_s == max_age_s


@given(
    st.fixed_dictionaries({}, optional={name: st.text(max_size=30) for name in ("cache-control", "expires", "date")})
)
def test_P1_any_freshness_is_unknown_or_at_most_a_day(headers: dict[str, str]) -> None:
    max_age_s = max_age_of(headers)

    assert max_age_s is None or 0 <= max_age_s <= 86_400
