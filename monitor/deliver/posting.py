"""One HTTP attempt, for the channels that post."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from monitor.deliver.pace import Pace
from monitor.errors import DeliveryError, FetchError
from monitor.http import status_error
from monitor.model import Receipt, Rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from monitor.deliver.words import Words
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import Delivery

__all__ = [
    "JSON_TYPE",
    "Poster",
    "Refused",
    "exchange",
    "json_bytes",
    "judge_status",
    "numbered",
    "object_of",
    "post",
    "slug",
]

JSON_TYPE = "application/json; charset=utf-8"

_PASSING = frozenset({408, 425, 429})
_SLUG = re.compile(r"[a-z][a-z_]{1,39}")


class Refused(NamedTuple):
    """What an answer that is no acceptance means."""

    retryable: bool
    said: str = ""  # by the other side; of a form that holds no secret
    retry_after: timedelta | None = None  # where it says so elsewhere than in the header


class Poster:
    """Posts what was rendered to one address, at its pace: what most channels are.

    Args:
        name: the receiver's name.
        url: the destination; a secret.
        words: the readers' language and time zone.
        client: what posts.
        deadline_s: for one attempt, in seconds.
        pace: shared by all who post there; one of its own unless given.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        words: Words,
        client: HttpClient,
        deadline_s: float = 20.0,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._words = words
        self._client = client
        self._deadline_s = deadline_s
        self._pace = pace or Pace()

    async def send(self, delivery: Delivery) -> Receipt:
        """Post once. What the service refuses (4xx, save 408, 425 and 429) would be refused again.

        Raises:
            DeliveryError: not accepted.
        """
        await self._turn()
        return await post(
            self._client,
            self._url,
            who=self._name,
            content=self._content(delivery.rendered.body),
            headers={"content-type": delivery.rendered.content_type, **self._headers()},
            deadline_s=self._deadline_s,
            judge=self._judge,
        )

    async def _turn(self) -> None:
        await asyncio.sleep(self._pace.reserve(asyncio.get_running_loop().time()))

    def _content(self, body: bytes) -> bytes:
        """Return what is posted of a body as stored: that itself, or with what no store may hold."""
        return body

    def _headers(self) -> Mapping[str, str]:
        """Return what a service wants beside the content's type."""
        return {}

    def _judge(self, response: HttpResponse) -> Refused:
        return judge_status(response)


async def post(
    client: HttpClient,
    url: str,
    *,
    who: str,
    content: bytes,
    headers: Mapping[str, str],
    deadline_s: float,
    judge: Callable[[HttpResponse], Refused],
) -> Receipt:
    """Post a message's bytes once.

    Args:
        client: the one that may reach destinations.
        url: the destination, a secret.
        who: the receiver, for messages.
        content: the bytes.
        headers: beside the client's own.
        deadline_s: for the whole exchange, in seconds.
        judge: of an answer that is not 2xx.

    Raises:
        DeliveryError: there was no answer, or not a 2xx (promise D6).
    """
    response = await exchange(client, url, who=who, content=content, headers=headers, deadline_s=deadline_s)
    if response.is_success:
        return Receipt(status=response.status)
    refusal, refused = status_error(response), judge(response)
    raise DeliveryError(
        f"{who}: {refusal}{refused.said and f' ({refused.said})'}",
        reason=refusal.reason,
        retryable=refused.retryable,
        retry_after=refused.retry_after or refusal.retry_after,
        status=refusal.status,
    )


async def exchange(
    client: HttpClient, url: str, *, who: str, content: bytes, headers: Mapping[str, str], deadline_s: float
) -> HttpResponse:
    """Post bytes once and return the answer, whatever it is; for the arguments, see `post`.

    Raises:
        DeliveryError: there was no answer.
    """
    try:
        return await client.post(url, content=content, headers=headers, deadline_s=deadline_s)
    except FetchError as exc:
        # Tried again whatever it was: a refused address is a setting that somebody may be mending (promise D1).
        raise DeliveryError(f"{who}: {exc}", reason=exc.reason) from exc


def judge_status(response: HttpResponse, said: str = "") -> Refused:
    """Return whether a status is worth another attempt, with what the answer said."""
    refused = 400 <= response.status < 500 and response.status not in _PASSING  # noqa: PLR2004  the class 4xx
    return Refused(not refused, said)


def slug(text: object) -> str:
    """Return a service's word for what is wrong (`invalid_blocks`), or "": never a text that could be anything.

    >>> slug("channel_not_found"), slug("un jeton: xoxb-123")
    ('channel_not_found', '')
    """
    return text if isinstance(text, str) and _SLUG.fullmatch(text) else ""


def object_of(response: HttpResponse) -> Mapping[str, object]:
    """Return the JSON object that an answer holds, or an empty one."""
    try:
        found = json.loads(response.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def numbered(code: object) -> str:
    """Return a service's number for what is wrong, as it is shown; "" for what is no number."""
    return f"code {code}" if type(code) is int and code else ""


def json_bytes(message: object) -> Rendered:
    """Return a message as JSON, always the same for the same message (promise D3)."""
    return Rendered(json.dumps(message, ensure_ascii=False).encode(), content_type=JSON_TYPE)
