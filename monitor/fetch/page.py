"""An article's page (promises I7, P5)."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from monitor.errors import FetchError, Reason
from monitor.fetch.tdm import reserves_by_header, reserves_by_meta
from monitor.http import host_of, status_error
from monitor.model import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.fetch.gate import Turn
    from monitor.fetch.permissions import Permissions
    from monitor.http import HttpClient, HttpResponse

__all__ = ["fetch_page"]

_OK = frozenset({200, 203})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_SNIFFED_BYTES = 2048
_LOOKS_LIKE_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|article|script|link)[\s>]", re.IGNORECASE
)
_HEADERS = {
    "Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
    "Accept-Language": "fr, *;q=0.5",
}


async def fetch_page(
    client: HttpClient,
    url: str,
    *,
    max_bytes: int,
    deadline_s: float,
    as_subscriber: Callable[[str], bool] | None = None,
    permissions: Permissions | None = None,
    turn: Turn | None = None,
) -> Page:
    """Fetch a page. The caller has asked `Permissions.check` and holds the host's turn.

    Args:
        client: the client that fetches.
        url: the address, http or https.
        max_bytes: of the body.
        deadline_s: seconds until all of it is there.
        as_subscriber: says of an address whether the operator's cookies may go there: whoever names one whose cookies
            we have would act in the operator's name (promise S6). None: they go nowhere.
        permissions: asked again for the target of each redirect, and whether the final address is reserved.
        turn: moves to the host that a redirect leads to.

    Raises:
        FetchError: `busy` where the turn of the host that a redirect leads to is far off; `not_html` for a PDF, an
            image and the like; and everything else that can go wrong.
    """
    response = await client.get(
        url,
        headers=_HEADERS,
        max_bytes=max_bytes,
        deadline_s=deadline_s,
        as_subscriber=as_subscriber,
        before_hop=partial(permissions.check_hop, turn=turn) if permissions else None,
        before_body=_refuse,
    )
    content_type = response.headers.get("content-type")
    if not content_type and not _LOOKS_LIKE_HTML.search(response.body[:_SNIFFED_BYTES].replace(b"\0", b"")):
        raise _not_html(response.url, "something untyped that does not look like it")
    reserved = (
        reserves_by_header(response.headers)
        or reserves_by_meta(response.body)
        or (permissions is not None and await permissions.reserves(response.url))
    )
    return Page(url=url, final_url=response.url, body=response.body, content_type=content_type, reserved=reserved)


def _refuse(response: HttpResponse) -> None:
    """Refuse what is not a page before its body is read."""
    if response.status not in _OK:
        raise status_error(response)
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type not in _HTML:
        raise _not_html(response.url, content_type)


def _not_html(url: str, what: str) -> FetchError:
    return FetchError(f"{host_of(url)}: not a web page but {what[:80]}", reason=Reason.NOT_HTML, retryable=False)
