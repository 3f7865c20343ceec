"""The client against real servers that misbehave (promises R1, R2, S1, S2, S5-S7, D6, P2, P6)."""

from __future__ import annotations

import asyncio
import gzip
import os
import ssl
import sys
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpcore
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from monitor.cookies import parse_cookies
from monitor.errors import FetchError, Reason
from monitor.fetch.robots import PRODUCT
from monitor.http import HttpResponse, default_user_agent, parse_retry_after, status_error
from monitor.http.client import _translated
from tests.monitor.http.server import Request, answering, client, response, routing, serving
from tests.monitor.tcp import tcp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.monitor.http.server import Handler

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def get(handler: Handler, path: str = "/", *, max_bytes: int = 1_000_000, deadline_s: float = 20.0) -> HttpResponse:
    async def run() -> HttpResponse:
        async with serving(handler) as server, client() as http:
            return await http.get(server.url(path), max_bytes=max_bytes, deadline_s=deadline_s)

    return asyncio.run(run())


def post(handler: Handler, *, deadline_s: float = 20.0, max_response_bytes: int = 1000) -> HttpResponse:
    async def run() -> HttpResponse:
        async with serving(handler) as server, client() as http:
            return await http.post(
                server.url("/services/T0/secret"),
                content=b'{"a": 1}',
                headers={"Content-Type": "application/json"},
                deadline_s=deadline_s,
                max_response_bytes=max_response_bytes,
            )

    return asyncio.run(run())


def refused(ask: Callable[[], object]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        ask()
    return caught.value


def writing(*pieces: bytes, close: bool = True) -> Handler:
    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if close:
            writer.close()

    return handle


def dripping(head: bytes, drop: bytes) -> Handler:
    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    return handle


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_P6_a_request_says_who_asks_and_nothing_else() -> None:
    async def run() -> Request:
        async with serving(answering(response())) as server, client() as http:
            await http.get(server.url("/rss?p=1"), max_bytes=10, headers={"Accept": "text/xml"})
            return server.requests[0]

    request = asyncio.run(run())

    assert (request.method, request.path) == ("GET", "/rss?p=1")
    assert sorted(request.headers) == ["accept", "accept-encoding", "host", "user-agent"]
    assert request.headers["user-agent"] == "veille/0 (+https://veille.example)"
    assert request.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("contact", [None, "https://veille.example/robot", "redaction@veille.example"])
def test_P6_we_are_named_by_product_version_and_contact(contact: str | None) -> None:
    product, _, said = default_user_agent("1.2.3", contact).partition(" ")

    assert ("veille/1.2.3", f"(+{contact})" if contact else "") == (product, said)
    assert product.startswith(PRODUCT)


def test_P1_a_validator_goes_back_byte_for_byte() -> None:
    async def run() -> str:
        async with serving(answering(response(etag='W/"été"'))) as server, client() as http:
            first = await http.get(server.url(), max_bytes=10)
            await http.get(server.url(), max_bytes=10, headers={"If-None-Match": first.headers["etag"]})
            return server.requests[1].headers["if-none-match"]

    etag = asyncio.run(run())

    assert etag.encode("latin-1").decode() == 'W/"été"'


def test_S6_cookies_are_not_kept_and_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def run() -> list[Request]:
        async with serving(answering(response(set_cookie="a=b"))) as server, client() as http:
            await http.get(server.url(), max_bytes=10)
            await http.get(server.url(), max_bytes=10)
            return server.requests

    requests = asyncio.run(run())

    assert [False, False] == ["cookie" in request.headers for request in requests]


# --- connections ----------------------------------------------------------------------------------------------------


def test_P3_one_origin_is_asked_one_thing_at_a_time_over_one_connection() -> None:
    async def run() -> tuple[int, int]:
        async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.01)
            writer.write(response(304 if request.path == "/304" else 200))

        async with serving(handle) as server, client() as http:
            await asyncio.gather(*(http.get(server.url(path), max_bytes=10) for path in ("/304", "/", "/304", "/")))
            return server.connections, server.most_in_flight

    seen = asyncio.run(run())

    assert seen == (1, 1)


def test_origins_left_idle_are_closed_beyond_a_number_and_after_a_time() -> None:
    counts = asyncio.run(_many_names())

    assert counts == [3, 1]


async def _many_names() -> list[int]:
    async def loopback(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    counts = []
    for limits in ({"max_idle_hosts": 3}, {"idle_s": -1.0}):
        async with serving(answering(response())) as server, client(resolver=loopback, **limits) as http:
            for number in range(6):
                await http.get(server.url(host=f"journal{number}.example"), max_bytes=10)
            counts.append(http._transport.origins)
    return counts


def test_a_connection_falls_back_on_the_next_address() -> None:
    async def two(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.2", "127.0.0.1")

    async def run() -> int:
        async with serving(answering(response())) as server, client(resolver=two) as http:
            return (await http.get(server.url(host="journal.example"), max_bytes=10)).status

    status = asyncio.run(run())

    assert status == 200


def test_a_closed_port_is_a_connection_failure_that_names_the_host() -> None:
    async def run() -> None:
        async with serving(answering(b"")) as server:
            port = server.port
        async with client() as http:
            await http.get(f"http://127.0.0.1:{port}/secret", max_bytes=10)

    error = refused(lambda: asyncio.run(run()))

    assert (Reason.CONNECTION, True) == (error.reason, error.retryable)
    assert str(error).startswith("127.0.0.1:")
    assert "secret" not in str(error)


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "127。0。0。1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "public.example\\@127.0.0.1",
        "public.example@127.0.0.1",
    ],
)
def test_S1_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    async def run() -> tuple[FetchError, int]:
        async with serving(answering(response())) as server, client(private=True) as http:
            with pytest.raises(FetchError) as caught:
                await http.get(f"http://{host}:{server.port}/", max_bytes=10)
            return caught.value, server.connections

    error, connections = asyncio.run(run())

    # `localhost.` has no address at all on some systems
    assert (error.reason in {Reason.ADDRESS_REFUSED, Reason.BAD_URL, Reason.DNS}, connections) == (True, 0)


def test_S2_a_name_that_rebinds_is_connected_to_where_it_was_checked() -> None:
    answers = [("127.0.0.1",), ("10.0.0.1",)]

    async def rebinding(host: str, port: int) -> tuple[str, ...]:
        return answers.pop(0)

    async def run() -> tuple[int, Reason]:
        async with serving(answering(response(connection="close"))) as server, client(resolver=rebinding) as http:
            url = server.url(host="journal.example")
            status = (await http.get(url, max_bytes=10)).status
            with pytest.raises(FetchError) as caught:
                await http.get(url, max_bytes=10)
            return status, caught.value.reason

    seen = asyncio.run(run())

    assert seen == (200, Reason.ADDRESS_REFUSED)
    assert answers == []


def test_S3_a_name_with_one_private_address_is_not_connected_to() -> None:
    async def mixed(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1", "192.168.0.1")

    async def run() -> tuple[Reason, int]:
        async with serving(answering(response())) as server, client(resolver=mixed) as http:
            with pytest.raises(FetchError) as caught:
                await http.get(server.url(host="journal.example"), max_bytes=10)
            return caught.value.reason, server.connections

    seen = asyncio.run(run())

    assert seen == (Reason.ADDRESS_REFUSED, 0)


# --- redirects ------------------------------------------------------------------------------------------------------


def test_R2_a_chain_of_redirects_is_followed_and_remembered() -> None:
    routes = {
        "/a": response(301, location="/b"),
        "/b": response(308, location="c"),
        "/c": response(200, b"une"),
        "/d": response(302, location="/a"),
    }

    permanent, mixed = get(routing(routes), "/a"), get(routing(routes), "/d")

    assert (permanent.status, permanent.body, len(permanent.hops)) == (200, b"une", 3)
    assert permanent.permanent_to == permanent.url == permanent.hops[-1]
    assert (mixed.status, mixed.permanent_to) == (200, None)


def test_R2_a_redirect_loop_ends_after_five() -> None:
    async def run() -> tuple[FetchError, int]:
        async with serving(answering(response(302, location="/"))) as server, client() as http:
            with pytest.raises(FetchError) as caught:
                await http.get(server.url(), max_bytes=10)
            return caught.value, len(server.requests)

    error, asked = asyncio.run(run())

    assert (error.reason, error.retryable, asked) == (Reason.REDIRECT, False, 6)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/", Reason.ADDRESS_REFUSED),
        ("http://[::1]/", Reason.ADDRESS_REFUSED),
        ("//169.254.169.254/latest/meta-data", Reason.ADDRESS_REFUSED),
        ("file:///etc/passwd", Reason.BAD_URL),
        ("http://user:word@127.0.0.1/", Reason.BAD_URL),
        ("http://a.example\\@127.0.0.1/", Reason.BAD_URL),
        ("http://2130706433/", Reason.BAD_URL),
        ("http://[", Reason.BAD_URL),
    ],
)
def test_S1_each_hop_is_checked(location: str, reason: Reason) -> None:
    error = refused(lambda: get(answering(response(302, location=location))))

    assert error.reason is reason


@pytest.mark.parametrize("behind", [b"", b"not http\r\n\r\n", response(200, b"x" * 20), None])
def test_an_error_names_the_host_that_failed(behind: bytes | None) -> None:
    async def hangs(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def run() -> tuple[FetchError, str]:
        other = hangs if behind is None else answering(behind)
        async with serving(other) as there, client() as http:
            leads = answering(response(302, location=there.url("/")))
            async with serving(leads) as here:
                with pytest.raises(FetchError) as caught:
                    await http.get(here.url("/"), max_bytes=10, deadline_s=0.5)
                return caught.value, f"127.0.0.1:{there.port}"

    error, host = asyncio.run(run())

    assert error.host == host
    assert str(error).startswith(f"{host}: ")


@pytest.mark.parametrize("host", ["xn--ls8h.example", "xn--"])
def test_a_host_that_idna_2008_forbids_is_asked_as_browsers_do(host: str) -> None:
    async def loopback(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async def run() -> tuple[Request, HttpResponse]:
        async with serving(answering(response(200, b"x"))) as server, client(resolver=loopback) as http:
            answer = await http.get(f"http://{host}:{server.port}/", max_bytes=10)
            return server.requests[0], answer

    request, answer = asyncio.run(run())

    assert answer.body == b"x"
    assert request.headers["host"] == answer.url.split("/")[2]


def test_S5_a_refused_redirect_names_the_host_that_sent_it() -> None:
    error = refused(lambda: get(answering(response(302, location="file:///etc/passwd"))))

    assert str(error).startswith("127.0.0.1:")
    assert "redirects astray: only http and https are asked, not file" in str(error)


def test_S6_only_conditions_and_preferences_cross_a_redirect() -> None:
    sent = {"Authorization": "Bearer secret", "X-Token": "secret", "If-None-Match": '"1"', "Accept": "text/html"}

    async def run() -> dict[str, str]:
        routes = {"/": response(302, location="/b"), "/b": response()}
        async with serving(routing(routes)) as server, client() as http:
            await http.get(server.url(), max_bytes=10, headers=sent)
            return server.requests[1].headers

    headers = asyncio.run(run())

    assert sorted(headers) == ["accept", "accept-encoding", "host", "if-none-match", "user-agent"]


SUBSCRIPTION = parse_cookies(
    "www.gazette.example session=secret\n.courrier.example\tTRUE\t/\tTRUE\t0\tabo\tsecret", file="cookies.txt"
)


def anywhere(_url: str) -> bool:
    return True


def cookies_sent(
    routes: dict[str, bytes],
    first: str,
    *,
    as_subscriber: Callable[[str], bool] | None = anywhere,
    scheme: str = "https",
) -> list[tuple[str, str | None]]:
    """Return the host and the Cookie header of each request; every name is this one server."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = ("www.gazette.example", "autre.gazette.example", "www.courrier.example", "autre.example")
    authority.issue_cert(*names).configure_cert(server_side)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)

    async def loopback(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async def run() -> list[tuple[str, str | None]]:
        tls = server_side if scheme == "https" else None
        answers: dict[str, bytes] = {}
        async with (
            serving(routing(answers), tls=tls) as server,
            client(tls=ours, resolver=loopback, cookies=SUBSCRIPTION) as http,
        ):
            answers |= {path: answer.replace(b":PORT", b":%d" % server.port) for path, answer in routes.items()}
            await http.get(server.url("/", host=first), max_bytes=10, as_subscriber=as_subscriber)
            hosts = [request.headers["host"].partition(":")[0] for request in server.requests]
            return list(zip(hosts, [request.headers.get("cookie") for request in server.requests], strict=True))

    return asyncio.run(run())


def test_S6_a_subscribers_cookie_goes_to_its_host_over_tls_and_nowhere_else() -> None:
    page = {"/": response(200, b"une")}

    assert cookies_sent(page, "www.gazette.example") == [("www.gazette.example", "session=secret")]
    assert cookies_sent(page, "www.courrier.example") == [("www.courrier.example", "abo=secret")]
    assert cookies_sent(page, "autre.gazette.example") == [("autre.gazette.example", None)]
    assert cookies_sent(page, "www.gazette.example", as_subscriber=None) == [("www.gazette.example", None)]
    assert cookies_sent(page, "www.gazette.example", scheme="http") == [("www.gazette.example", None)]


@pytest.mark.parametrize(
    ("first", "target", "expected"),
    [
        ("www.gazette.example", "https://autre.example:PORT/b", ["session=secret", None]),
        ("www.gazette.example", "https://autre.gazette.example:PORT/b", ["session=secret", None]),
        ("www.gazette.example", "https://www.gazette.example:PORT/b", ["session=secret", "session=secret"]),
        ("www.gazette.example", "https://www.courrier.example:PORT/b", ["session=secret", "abo=secret"]),
        ("autre.example", "https://www.gazette.example:PORT/b", [None, "session=secret"]),
    ],
)
def test_S6_no_cookie_crosses_a_redirect_to_another_host(first: str, target: str, expected: list[str | None]) -> None:
    routes = {"/": response(302, location=target, set_cookie="tracker=1"), "/b": response(200, b"une")}

    assert expected == [cookie for _, cookie in cookies_sent(routes, first)]


def test_S6_each_hop_is_asked_as_a_subscriber_only_where_that_is_allowed() -> None:
    routes = {"/": response(302, location="https://www.gazette.example:PORT/b"), "/b": response(200, b"une")}

    sent = cookies_sent(routes, "www.courrier.example", as_subscriber=lambda url: ".courrier." in url)

    assert sent == [("www.courrier.example", "abo=secret"), ("www.gazette.example", None)]


def test_R2_the_body_of_a_redirect_is_not_read() -> None:
    endless = b"HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 99999999999\r\n\r\n" + b"x" * 70_000

    final = get(routing({"/": endless, "/b": response(200, b"une")}))

    assert final.body == b"une"


def test_a_redirect_can_be_refused_before_it_is_asked() -> None:
    seen = []

    async def refuse(url: str) -> None:
        seen.append(url)
        raise FetchError("disallowed", reason=Reason.ROBOTS)

    async def run() -> list[str]:
        async with serving(answering(response(302, location="/b"))) as server, client() as http:
            with pytest.raises(FetchError, match="disallowed"):
                await http.get(server.url("/a"), max_bytes=10, before_hop=refuse)
            return server.paths

    paths = asyncio.run(run())

    assert paths == ["/a"]
    assert seen[0].endswith("/b")


def test_a_body_can_be_refused_before_it_is_read() -> None:
    def refuse(answer: HttpResponse) -> None:
        raise FetchError(answer.headers["content-type"], reason=Reason.NOT_HTML)

    async def run() -> None:
        endless = dripping(b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\n\r\n", b"x")
        async with serving(endless) as server, client() as http:
            await http.get(server.url(), max_bytes=10_000_000, before_body=refuse)

    error = refused(lambda: asyncio.run(run()))

    assert str(error) == "video/mp4"


@pytest.mark.parametrize("answer", [response(302), response(304), response(404, b"perdu"), response(500)])
def test_any_final_status_is_an_answer_without_its_body(answer: bytes) -> None:
    final = get(answering(answer))

    assert (final.status, final.body) == (int(answer[9:12]), b"")


# --- bodies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (writing(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"), Reason.PROTOCOL),
        (writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n"), Reason.PROTOCOL),
        (writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nshort\r\n"), Reason.PROTOCOL),
        (writing(b"SSH-2.0-OpenSSH\r\n"), Reason.PROTOCOL),
        (writing(b""), Reason.PROTOCOL),
        (writing(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000_000), Reason.PROTOCOL),
        (writing(*[b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000] * 30), Reason.PROTOCOL),
        (answering(response(200, b"x" * 2_000_000)), Reason.TOO_LARGE),
        (writing(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 100_000] * 20), Reason.TOO_LARGE),
        (answering(response(200, gzip.compress(b"x" * 2_000_000), content_encoding="gzip")), Reason.TOO_LARGE),
        (answering(response(200, gzip.compress(b"x" * 99)[:-9], content_encoding="gzip")), Reason.ENCODING),
        (answering(response(200, gzip.compress(gzip.compress(b"x")), content_encoding="gzip, gzip")), Reason.ENCODING),
        (answering(response(200, b"x", content_encoding="br")), Reason.ENCODING),
        (answering(response(200, b"x", content_encoding="zstd")), Reason.ENCODING),
    ],
    ids=[
        "short",
        "cut chunks",
        "bad chunk",
        "not http",
        "nothing",
        "10 MB header",
        "30,000 early hints",
        "announced",
        "endless",
        "inflated",
        "cut gzip",
        "stacked",
        "br",
        "zstd",
    ],
)
def test_R1_a_body_that_is_not_what_it_says_is_refused_by_name(handler: Handler, reason: Reason) -> None:
    error = refused(lambda: get(handler))

    assert error.reason is reason
    assert str(error).startswith("127.0.0.1:")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.untraced
def test_R1_a_bomb_of_500_MB_costs_neither_memory_nor_time() -> None:
    async def bomb(request: Request, writer: asyncio.StreamWriter) -> None:
        packer = zlib.compressobj(9, wbits=31)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n")
        for _ in range(500):
            writer.write(packer.compress(bytes(1 << 20)))
            await writer.drain()

    def peak() -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024

    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak: proc_pid_clear_refs(5)
    before_mb, before_s = peak(), time.process_time()

    error = refused(lambda: get(bomb, max_bytes=10_000_000))

    assert error.reason is Reason.TOO_LARGE
    assert peak() - before_mb < 100
    assert time.process_time() - before_s < 5


def test_R3_decoding_fifteen_megabytes_does_not_stall_the_loop() -> None:
    body = gzip.compress(os.urandom(1 << 20) * 14, compresslevel=1)

    async def run() -> float:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.005)
                longest = max(longest, time.perf_counter() - before)

        async with serving(answering(response(200, body, content_encoding="gzip"))) as server, client() as http:
            watcher = asyncio.create_task(watch())
            await http.get(server.url(), max_bytes=15_000_000)
            watcher.cancel()
        return longest

    longest_s = asyncio.run(run())

    assert longest_s < 0.5


@pytest.mark.parametrize(
    "handler",
    [
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"),
        dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        dripping(b"", b""),
    ],
    ids=["body", "headers", "hints", "silence"],
)
def test_R2_the_deadline_is_for_the_whole_request(handler: Handler) -> None:
    error = refused(lambda: get(handler, deadline_s=0.2))

    assert (Reason.TIMEOUT, True) == (error.reason, error.retryable)
    assert "no complete answer within 0.2 s" in str(error)


def test_R2_a_client_is_still_good_after_a_deadline() -> None:
    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/lent":
            await asyncio.sleep(30)
        writer.write(response(200, b"une"))

    async def run() -> bytes:
        async with serving(handle) as server, client() as http:
            with pytest.raises(FetchError):
                await http.get(server.url("/lent"), max_bytes=10, deadline_s=0.1)
            return (await http.get(server.url("/"), max_bytes=10)).body

    body = asyncio.run(run())

    assert body == b"une"


# --- post -----------------------------------------------------------------------------------------------------------


def test_D5_the_bytes_given_are_the_bytes_sent() -> None:
    async def run() -> Request:
        async with serving(answering(response(204))) as server, client() as http:
            await http.post(server.url(), content=b'{"a": 1}', headers={"webhook-id": "msg_1"})
            return server.requests[0]

    request = asyncio.run(run())

    assert (request.method, request.body, request.headers["webhook-id"]) == ("POST", b'{"a": 1}', "msg_1")


def test_D6_a_post_never_follows_a_redirect() -> None:
    answer = post(answering(response(307, location="http://127.0.0.1:1/")))

    assert (answer.status, len(answer.hops)) == (307, 1)


@pytest.mark.parametrize(
    ("handler", "body"),
    [
        (answering(response(200, b"ok")), b"ok"),
        (answering(response(400, b"invalid_payload")), b"invalid_payload"),
        (answering(response(200, b"x" * 5000)), b"x" * 1000),
        (answering(response(200, b"x", content_encoding="br")), b""),
        (writing(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"), b""),
        (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), b""),
    ],
    ids=["ok", "refused", "long", "br", "short", "drip"],
)
def test_D4_a_status_is_an_answer_whatever_its_body(handler: Handler, body: bytes) -> None:
    answer = post(handler, deadline_s=0.3)

    assert (answer.status in {200, 400}, answer.body) == (True, body)


def test_S6_an_error_of_a_post_does_not_tell_the_address() -> None:
    errors = [
        refused(lambda: post(writing(b""))),
        refused(lambda: post(dripping(b"", b""), deadline_s=0.1)),
    ]

    assert [Reason.PROTOCOL, Reason.TIMEOUT] == [error.reason for error in errors]
    assert not any("secret" in str(error) or "services" in str(error) for error in errors)


def test_S8_a_destination_may_be_private_only_if_listed() -> None:
    async def run() -> None:
        async with client(private=True) as http:
            await http.post("http://127.0.0.1:9/", content=b"", headers={})

    error = refused(lambda: asyncio.run(run()))

    assert error.reason is Reason.ADDRESS_REFUSED


# --- TLS ------------------------------------------------------------------------------------------------------------


def tls_get(*, name: str, trusted: bool) -> bytes:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server_side)
    ours = ssl.create_default_context()
    if trusted:
        authority.configure_trust(ours)

    async def loopback(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async def run() -> bytes:
        async with (
            serving(answering(response(200, b"une")), tls=server_side) as server,
            client(tls=ours, resolver=loopback) as http,
        ):
            return (await http.get(f"https://journal.example:{server.port}/", max_bytes=10)).body

    return asyncio.run(run())


def test_S7_a_certificate_is_checked_against_the_name_asked() -> None:
    body = tls_get(name="journal.example", trusted=True)

    assert body == b"une"


@pytest.mark.parametrize(("name", "trusted"), [("journal.example", False), ("autre.example", True)])
def test_S7_a_bad_certificate_is_an_error_with_a_name(name: str, trusted: bool) -> None:  # noqa: FBT001  a table
    error = refused(lambda: tls_get(name=name, trusted=trusted))

    assert error.reason is Reason.TLS
    assert str(error).startswith("journal.example:")
    assert "the certificate is refused: " in str(error)


def test_S7_a_server_that_does_not_speak_tls_is_an_error_with_a_name() -> None:
    async def run() -> None:
        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"220 mail ready\r\n" * 100)
            await writer.drain()

        async with tcp(babble) as port, client() as http:
            await http.get(f"https://127.0.0.1:{port}/", max_bytes=10)

    error = refused(lambda: asyncio.run(run()))

    assert error.reason is Reason.TLS


# --- names for failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (httpcore.ConnectTimeout(), Reason.TIMEOUT),
        (httpcore.ReadTimeout(), Reason.TIMEOUT),
        (httpcore.WriteTimeout(), Reason.TIMEOUT),
        (httpcore.PoolTimeout(), Reason.TIMEOUT),
        (httpcore.ConnectError(), Reason.CONNECTION),
        (httpcore.ReadError(), Reason.CONNECTION),
        (httpcore.WriteError(), Reason.CONNECTION),
        (httpcore.RemoteProtocolError(), Reason.PROTOCOL),
        (httpcore.LocalProtocolError(), Reason.PROTOCOL),
        (httpcore.UnsupportedProtocol(), Reason.PROTOCOL),
    ],
)
def test_every_exception_of_the_library_has_a_reason(raised: Exception, reason: Reason) -> None:
    def fail() -> None:
        with _translated("journal.example"):
            raise raised

    error = refused(fail)

    assert error.reason is reason
    assert error.__cause__ is raised


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (204, Reason.PROTOCOL, True),
        (302, Reason.REDIRECT, False),
        (304, Reason.PROTOCOL, True),
        (400, Reason.HTTP_4XX, False),
        (401, Reason.AUTH, False),
        (403, Reason.AUTH, False),
        (404, Reason.HTTP_4XX, False),
        (408, Reason.TIMEOUT, True),
        (410, Reason.GONE, False),
        (429, Reason.RATE_LIMITED, True),
        (451, Reason.HTTP_4XX, False),
        (500, Reason.HTTP_5XX, True),
        (502, Reason.HTTP_5XX, True),
        (503, Reason.UNAVAILABLE, True),
        (599, Reason.HTTP_5XX, True),
    ],
)
def test_each_status_has_a_reason(status: int, reason: Reason, retryable: bool) -> None:  # noqa: FBT001  a table
    wait = timedelta(seconds=7)

    error = status_error(HttpResponse("https://journal.example/rss?clef=secret", status, {}, retry_after=wait))

    assert (reason, retryable, wait, status) == (error.reason, error.retryable, error.retry_after, error.status)
    assert str(error) == f"journal.example: answered {status}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", timedelta(0)),
        (" 120 ", timedelta(seconds=120)),
        ("86401", timedelta(days=1)),
        ("9" * 500, timedelta(days=1)),
        ("Tue, 03 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Tue, 03 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Tue, 03 Nov 2026 12:00:30", timedelta(seconds=30)),
        ("Thu, 03 Nov 2033 12:00:00 GMT", timedelta(days=1)),
        ("Tue, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_P2_retry_after_is_read_as_seconds_or_a_date_and_capped(value: str | None, expected: timedelta | None) -> None:
    wait = parse_retry_after(value, NOW)

    assert expected == wait


@given(st.text(max_size=40))
def test_P2_any_retry_after_is_none_or_at_most_a_day(value: str) -> None:
    wait = parse_retry_after(value, NOW)

    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


def test_P2_retry_after_is_part_of_the_answer() -> None:
    answers = [get(answering(response(status, retry_after="90"))) for status in (413, 429, 503)]

    assert [timedelta(seconds=90)] * 3 == [answer.retry_after for answer in answers]


@pytest.mark.parametrize("status", [200, 301, 304, 403, 404, 410, 451, 500, 502])
def test_P2_retry_after_is_no_wish_to_be_left_alone_where_the_status_is_none(status: int) -> None:
    assert get(answering(response(status, retry_after="90"))).retry_after is None
