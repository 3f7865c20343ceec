"""The client: bounded GET and POST, redirects followed by hand, failures by name."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Self

import httpcore
import httpx

from monitor.clock import Clock, SystemClock
from monitor.cookies import NO_COOKIES
from monitor.errors import FetchError, Reason
from monitor.http.addresses import IPNetwork, Resolver, resolve
from monitor.http.bodies import ACCEPT_ENCODING, BodyError, read_body, too_large
from monitor.http.transport import CheckedBackend, LaneTransport
from monitor.http.urls import check_url, host_key, host_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from monitor.cookies import CookieJar

__all__ = ["HttpClient", "HttpResponse", "default_user_agent", "parse_retry_after", "status_error"]

MAX_REDIRECTS = 5
_NOT_MODIFIED = 304
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_RETRY_AFTER = timedelta(days=1)
# Only with these does Retry-After say when to ask again (RFC 9110 §10.2.3 and §15.5.14, RFC 6585 §4): with a 404 it
# says nothing of the other pages of a host.
_ASKS_TO_WAIT = frozenset({413, 429, 503})
# What may follow a redirect: anything else could be a secret meant for the first host only (promise S6).
_FORWARDED = frozenset({"accept", "accept-language", "if-none-match", "if-modified-since"})

_BY_STATUS: Mapping[int, tuple[Reason, bool]] = {
    401: (Reason.AUTH, False),
    403: (Reason.AUTH, False),
    407: (Reason.AUTH, False),
    408: (Reason.TIMEOUT, True),
    410: (Reason.GONE, False),
    425: (Reason.UNAVAILABLE, True),
    429: (Reason.RATE_LIMITED, True),
    503: (Reason.UNAVAILABLE, True),
}


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, its body decoded from its Content-Encoding and not further."""

    url: str  # that answered
    status: int
    headers: Mapping[str, str]  # names in lower case, values as latin-1, repeated ones joined by ", "
    body: bytes = b""  # of a 2xx, and of any answer to a POST
    permanent_to: str | None = None  # where a chain of only permanent redirects led
    retry_after: timedelta | None = None  # at most a day; to a GET only of an answer that asks to wait
    hops: tuple[str, ...] = ()  # every address asked, in order

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == 2  # noqa: PLR2004  the class of a status is its first digit


class HttpClient:
    """Ask the outside, within limits that no caller can forget.

    It talks to httpx's transport and not through `httpx.AsyncClient`: cookies, environment proxies, automatic redirects
    and unbounded decoding are what that would add (promises R1, R2, S6).

    Args:
        user_agent: product, version and contact (promise P6).
        allow_networks: networks beside the public internet that may be reached.
        connect_timeout_s: for the connection and for the TLS handshake, in seconds, inside the whole deadline.
        connections_per_host: most requests at a time to one origin; more wait inside their own deadline.
        max_idle_hosts: origins kept connected between requests.
        idle_s: how long they are kept connected, in seconds.
        ssl_context: what certificates are verified with; by default the public authorities.
        resolver: name and port to IP addresses; by default the system's.
        clock: for a Retry-After that is a date, and for cookies that expire.
        cookies: of the operator's subscriptions; those that sites set are never kept.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_networks: Sequence[IPNetwork] = (),
        connect_timeout_s: float = 10.0,
        connections_per_host: int = 1,
        max_idle_hosts: int = 128,
        idle_s: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
        clock: Clock | None = None,
        cookies: CookieJar = NO_COOKIES,
    ) -> None:
        self._user_agent = user_agent
        self._cookies = cookies
        self._timeouts = {"connect": connect_timeout_s}
        self._clock = clock or SystemClock()
        self._transport = LaneTransport(
            backend=CheckedBackend(allow=allow_networks, resolver=resolver),
            ssl_context=ssl_context or _public_authorities(),
            connections_per_host=connections_per_host,
            max_lanes=max_idle_hosts,
            idle_s=idle_s,
        )

    async def get(
        self,
        url: str,
        *,
        max_bytes: int,
        deadline_s: float = 30.0,
        headers: Mapping[str, str] | None = None,
        max_redirects: int = MAX_REDIRECTS,
        truncate: bool = False,
        as_subscriber: Callable[[str], bool] | None = None,
        before_hop: Callable[[str], Awaitable[object]] | None = None,
        before_body: Callable[[HttpResponse], object] | None = None,
    ) -> HttpResponse:
        """Fetch an address, following redirects.

        Args:
            url: http or https.
            max_bytes: bound on the body, as received and as decoded.
            deadline_s: for everything from the first connection to the last byte, in seconds.
            headers: sent beside ours; across a redirect only conditions and preferences are kept.
            max_redirects: redirects followed.
            truncate: cut a longer body instead of failing.
            as_subscriber: says of each hop whether the operator's cookies may go there, those of its own host only
                (promise S6); None: they go nowhere.
            before_hop: called with the target of each redirect before it is asked; may refuse by raising.
            before_body: called with the final answer before its body is read; may refuse by raising.

        Returns:
            The final answer, whatever its status; only the body of a 2xx is read.

        Raises:
            FetchError: everything else that can go wrong.
        """
        hops = [str(check_url(url))]
        try:
            async with _deadline(hops, deadline_s):
                return await self._follow(
                    hops,
                    headers=dict(headers or {}),
                    max_bytes=max_bytes,
                    max_redirects=max_redirects,
                    truncate=truncate,
                    as_subscriber=as_subscriber,
                    before_hop=before_hop,
                    before_body=before_body,
                )
        except FetchError as error:
            error.host = error.host or host_of(hops[-1])
            raise

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str],
        deadline_s: float = 20.0,
        max_response_bytes: int = 65_536,
    ) -> HttpResponse:
        """Send bytes, exactly these, once; a redirect is an answer like another (promise D6).

        Once there is a status the call succeeds: an answer's body that is too long, broken or late is cut, so that an
        accepted message is never sent twice for it (promise D4).

        Args:
            url: http or https; may be a secret, so errors name its host only.
            content: the body.
            headers: sent beside ours.
            deadline_s: for the whole exchange, in seconds.
            max_response_bytes: how much of the answer's body is kept.

        Raises:
            FetchError: there was no answer.
        """
        target = check_url(url)
        answered: HttpResponse | None = None
        try:
            async with (
                _deadline([str(target)], deadline_s),
                self._exchange("POST", target, headers, content) as response,
            ):
                answered = self._answer(response, (str(target),))
                body = await _body_of(response, max_bytes=max_response_bytes, truncate=True)
                return replace(answered, body=body)
        except FetchError:
            if answered is None:
                raise
            return answered

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def _follow(
        self,
        hops: list[str],
        *,
        headers: dict[str, str],
        max_bytes: int,
        max_redirects: int,
        truncate: bool,
        as_subscriber: Callable[[str], bool] | None,
        before_hop: Callable[[str], Awaitable[object]] | None,
        before_body: Callable[[HttpResponse], object] | None,
    ) -> HttpResponse:
        """Ask the last of `hops`, and add each place that it leads to."""
        url = httpx.URL(hops[-1])
        is_permanent = True
        while True:
            is_subscriber = as_subscriber is not None and as_subscriber(str(url))
            ours = self._cookies.header(str(url), now=self._clock.now()) if is_subscriber else None
            async with self._exchange("GET", url, headers | ({"Cookie": ours} if ours else {})) as response:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or location is None:
                    answer = self._answer(response, tuple(hops))
                    if answer.status not in _ASKS_TO_WAIT:
                        answer = replace(answer, retry_after=None)
                    if is_permanent and len(hops) > 1:
                        answer = replace(answer, permanent_to=str(url))
                    if before_body is not None:
                        before_body(answer)
                    if answer.is_success or answer.status == _NOT_MODIFIED:  # read to its end, a connection is kept
                        body = await _body_of(response, max_bytes=max_bytes, truncate=truncate)
                        answer = replace(answer, body=body)
                    return answer
                is_permanent = is_permanent and response.status_code in _PERMANENT
            if len(hops) > max_redirects:
                raise FetchError(
                    f"{host_key(url)}: more than {max_redirects} redirects", reason=Reason.REDIRECT, retryable=False
                )
            url = _target(location, url)
            headers = {name: value for name, value in headers.items() if name.lower() in _FORWARDED}
            hops.append(str(url))
            if before_hop is not None:
                await before_hop(str(url))

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        # httpx itself would decode the host for it, and fails on the emoji that real hosts have
        ours = {"Host": host_key(url), "User-Agent": self._user_agent, "Accept-Encoding": ACCEPT_ENCODING, **headers}
        request = httpx.Request(
            method,
            url,
            # latin-1 is what `_answer` decodes with, so that an ETag goes back byte for byte
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in ours.items()],
            content=content,
            extensions={"timeout": self._timeouts},
        )
        with _translated(host_key(url)):
            response = await self._transport.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()

    def _answer(self, response: httpx.Response, hops: tuple[str, ...]) -> HttpResponse:
        headers: dict[str, str] = {}
        for raw_name, raw_value in response.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return HttpResponse(
            url=hops[-1],
            status=response.status_code,
            headers=headers,
            retry_after=parse_retry_after(headers.get("retry-after"), self._clock.now()),
            hops=hops,
        )


def default_user_agent(version: str, contact: str | None = None) -> str:
    """Return who we say we are (promise P6).

    Examples:
        >>> default_user_agent("0.1.0", "https://veille.example")
        'veille/0.1.0 (+https://veille.example)'
        >>> default_user_agent("0.1.0")
        'veille/0.1.0'
    """
    return f"veille/{version} (+{contact})" if contact else f"veille/{version}"


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long a Retry-After header asks to wait, in seconds or until a date, at most a day (RFC 9110 §10.2.3).

    Examples:
        >>> from datetime import UTC
        >>> parse_retry_after("120", datetime(2026, 11, 3, tzinfo=UTC))
        datetime.timedelta(seconds=120)
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:12]), 86_400)), _MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), _MAX_RETRY_AFTER)


def status_error(response: HttpResponse) -> FetchError:
    """Return the error that an unwanted status stands for, its Retry-After with it."""
    status = response.status
    if status in _BY_STATUS:
        reason, retryable = _BY_STATUS[status]
    elif status >= 500:  # noqa: PLR2004  the classes of RFC 9110 §15
        reason, retryable = Reason.HTTP_5XX, True
    elif status >= 400:  # noqa: PLR2004
        reason, retryable = Reason.HTTP_4XX, False
    elif status in _REDIRECTS:
        reason, retryable = Reason.REDIRECT, False
    else:
        reason, retryable = Reason.PROTOCOL, True
    host = host_key(httpx.URL(response.url))
    return FetchError(
        f"{host}: answered {status}",
        reason=reason,
        retryable=retryable,
        retry_after=response.retry_after,
        status=status,
        host=host,
    )


@cache
def _public_authorities() -> ssl.SSLContext:
    """Return the one TLS context: building it takes 38 ms."""
    return httpx.create_ssl_context(trust_env=False)


def _target(location: str, base: httpx.URL) -> httpx.URL:
    try:
        return check_url(location, base=base)
    except FetchError as exc:
        raise FetchError(f"{host_key(base)}: redirects astray: {exc}", reason=exc.reason, retryable=False) from exc


async def _body_of(response: httpx.Response, *, max_bytes: int, truncate: bool) -> bytes:
    length = response.headers.get("content-length", "")
    if not truncate and length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise too_large(max_bytes)
    return await read_body(
        response.aiter_raw(),
        encodings=response.headers.get_list("content-encoding"),
        max_bytes=max_bytes,
        truncate=truncate,
    )


@asynccontextmanager
async def _deadline(hops: Sequence[str], deadline_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except TimeoutError as exc:
        told = f"{host_of(hops[-1])}: no complete answer within {deadline_s:g} s"
        raise FetchError(told, reason=Reason.TIMEOUT) from exc


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Turn what httpcore raises into a `FetchError` that names the host; see `tests` for each exception."""
    try:
        yield
    except BodyError as exc:
        raise FetchError(f"{host}: {exc}", reason=exc.reason, retryable=exc.retryable) from exc
    except httpcore.ConnectTimeout as exc:
        raise FetchError(f"{host}: no connection in time", reason=Reason.TIMEOUT) from exc
    except httpcore.TimeoutException as exc:
        raise FetchError(f"{host}: no answer in time", reason=Reason.TIMEOUT) from exc
    except httpcore.NetworkError as exc:
        tls = _tls_failure(exc)
        if tls is not None:
            raise FetchError(f"{host}: TLS: {tls}", reason=Reason.TLS) from exc
        raise FetchError(f"{host}: the connection failed: {exc}", reason=Reason.CONNECTION) from exc
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as exc:
        # Without the library's words: they quote what came, and that may echo a secret address (promise X4).
        raise FetchError(f"{host}: does not speak HTTP properly", reason=Reason.PROTOCOL) from exc


def _tls_failure(exc: BaseException | None) -> str | None:
    while exc is not None:
        if isinstance(exc, ssl.SSLCertVerificationError):
            return f"the certificate is refused: {exc.verify_message}"
        if isinstance(exc, ssl.SSLError):
            return exc.reason or "the handshake failed"
        exc = exc.__cause__ or exc.__context__
    return None
