"""`/feeds/…`: the alerts of a receiver as a feed to subscribe to. Meant for a reverse proxy, or this machine.

The path holds the secret, so the `Host` is not looked at; who does not know it learns nothing (404).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from monitor.deliver.syndication import ATOM_TYPE, JSON_TYPE

if TYPE_CHECKING:
    from starlette.requests import Request

    from monitor.deliver.feed import FeedSender

__all__ = ["FEEDS_PATH", "feeds_app"]

FEEDS_PATH = "/feeds/"
_NOT_MODIFIED, _NOT_FOUND = 304, 404
_TYPES = {".atom": ATOM_TYPE, ".json": JSON_TYPE}
_STATES = 4  # of an entry, that are looked through for as many entries as a feed keeps

Sent: TypeAlias = Callable[[str, int], Awaitable[Sequence[bytes]]]
"""Takes a receiver and a number, and gives the latest messages that it was sent."""


def feeds_app(feeds: Callable[[], Sequence[FeedSender]], sent: Sent) -> Starlette:
    """Return the web application that serves feeds.

    Args:
        feeds: gives those that there are now; those without a token are not served.
        sent: reads the store.
    """

    def known(token: str) -> FeedSender | None:
        # By digest: how long a comparison takes says nothing of a token.
        asked = _digest(token)
        return next((feed for feed in feeds() if feed.token is not None and _digest(feed.token) == asked), None)

    async def served(request: Request) -> Response:
        ending = f".{request.path_params['ending']}"
        feed = known(request.path_params["token"])
        if feed is None or ending not in _TYPES:
            return Response(status_code=_NOT_FOUND)
        items = [json.loads(body) for body in await sent(feed.name, feed.entries * _STATES)]
        document = feed.documents(items)[ending]
        tag = f'"{sha256(document).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
        changed_at = max((datetime.fromisoformat(item["date_modified"]) for item in items), default=None)
        if changed_at is not None:
            headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
        if _has(request, tag, changed_at):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        return Response(document, media_type=_TYPES[ending], headers=headers)

    return Starlette(routes=[Route(FEEDS_PATH + "{token}.{ending}", served, methods=["GET"])])


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()


def _has(request: Request, tag: str, changed_at: datetime | None) -> bool:
    """Return whether who asks has it already (RFC 9110, 13.2.2: a tag wins over a date)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return "*" in _tags(known) or tag in _tags(known)
    since = request.headers.get("if-modified-since")
    if since is None or changed_at is None:
        return False
    try:
        return changed_at <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # TypeError: a date without a zone is not compared
        return False


def _tags(text: str) -> Sequence[str]:
    return [part.strip().removeprefix("W/") for part in text.split(",")]
