"""A feed's bytes, asked for with the validators it gave us (promises P1, P7)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, overload

from monitor.errors import FetchError, Reason
from monitor.http import status_error
from monitor.model import FeedResponse, NotModified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.fetch.gate import Turn
    from monitor.http import HttpClient
    from monitor.model import FeedState

__all__ = ["fetch_feed", "max_age_of"]

_OK = frozenset({200, 203})
_NOT_MODIFIED = 304
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
_DAY_S = 86_400.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])", re.IGNORECASE)


@overload
async def fetch_feed(
    client: HttpClient,
    state: FeedState,
    *,
    max_bytes: int,
    deadline_s: float,
    unconditional: Literal[True],
    turn: Turn | None = None,
) -> FeedResponse: ...
@overload
async def fetch_feed(
    client: HttpClient,
    state: FeedState,
    *,
    max_bytes: int,
    deadline_s: float,
    unconditional: bool = False,
    turn: Turn | None = None,
) -> FeedResponse | NotModified: ...
async def fetch_feed(
    client: HttpClient,
    state: FeedState,
    *,
    max_bytes: int,
    deadline_s: float,
    unconditional: bool = False,
    turn: Turn | None = None,
) -> FeedResponse | NotModified:
    """Ask for a feed.

    Args:
        client: the client that fetches.
        state: the feed with its validators, which go back exactly as they came.
        max_bytes: bound on the document.
        deadline_s: for the whole answer, in seconds.
        unconditional: ask for the whole document even so.
        turn: moves to the host that a redirect leads to.

    Returns:
        The document, or that it has not changed.

    Raises:
        FetchError: `gone` for a 410, and everything else that can go wrong.
    """
    conditions = {} if unconditional else _conditions(state)
    response = await client.get(
        state.address,
        headers={"Accept": _ACCEPT, **conditions},
        max_bytes=max_bytes,
        deadline_s=deadline_s,
        before_hop=turn.move if turn else None,
    )
    etag, last_modified = response.headers.get("etag"), response.headers.get("last-modified")
    max_age_s = max_age_of(response.headers)
    if response.status == _NOT_MODIFIED and conditions:
        return NotModified(response.url, etag, last_modified, response.permanent_to, max_age_s)
    if response.status not in _OK:
        raise status_error(response)
    if not response.body:
        raise FetchError(f"{state.host}: the feed is empty", reason=Reason.EMPTY, status=response.status)
    return FeedResponse(
        url=response.url,
        status=response.status,
        body=response.body,
        content_type=response.headers.get("content-type"),
        etag=etag,
        last_modified=last_modified,
        link=response.headers.get("link"),
        moved_to=response.permanent_to,
        max_age_s=max_age_s,
    )


def max_age_of(headers: Mapping[str, str]) -> float | None:
    """Return how long an answer stays fresh, in seconds, at most a day (RFC 9111 §4.2); None where it does not say.

    Examples:
        >>> max_age_of({"cache-control": "public, max-age=600", "age": "60"})
        540.0
        >>> max_age_of({"expires": "0"})
        0.0
    """
    control = headers.get("cache-control", "")
    if _NO_CACHE.search(control):
        return 0.0
    found = _MAX_AGE.search(control)
    if found:
        age = headers.get("age", "")
        lifetime_s = float(found[1]) - (float(age) if re.fullmatch(r"\d{1,12}", age) else 0.0)
    elif "expires" in headers:
        expires, date = _date(headers["expires"]), _date(headers.get("date", ""))
        if expires is None:
            return 0.0  # RFC 9111 §5.3: an invalid date, "0" in particular, has expired
        if date is None:
            return None
        lifetime_s = (expires - date).total_seconds()
    else:
        return None
    return min(max(lifetime_s, 0.0), _DAY_S)


def _conditions(state: FeedState) -> dict[str, str]:
    given = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in given.items() if value is not None}


def _date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year of twenty digits
        return None
    return parsed if parsed.tzinfo else None
