"""One HTTP attempt, for the channels that post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import DeliveryError, FetchError
from monitor.http import status_error
from monitor.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.http import HttpClient, HttpResponse

__all__ = ["post"]


async def post(
    client: HttpClient,
    url: str,
    *,
    who: str,
    content: bytes,
    headers: Mapping[str, str],
    deadline_s: float,
    judge: Callable[[HttpResponse], tuple[bool, str]],
) -> Receipt:
    """Post a message's bytes once.

    Args:
        client: the one that may reach destinations.
        url: the destination, a secret.
        who: the receiver, for messages.
        content: the bytes.
        headers: beside the client's own.
        deadline_s: for the whole exchange, in seconds.
        judge: of an answer that is not 2xx, says whether to try again, and what the answer said that may be shown.

    Raises:
        DeliveryError: there was no answer, or not a 2xx (promise D6).
    """
    try:
        response = await client.post(url, content=content, headers=headers, deadline_s=deadline_s)
    except FetchError as exc:
        # Tried again whatever it was: a refused address is a setting that somebody may be mending (promise D1).
        raise DeliveryError(f"{who}: {exc}", reason=exc.reason) from exc
    if response.is_success:
        return Receipt(status=response.status)
    refusal = status_error(response)
    retryable, said = judge(response)
    raise DeliveryError(
        f"{who}: {refusal}{said and f' ({said})'}",
        reason=refusal.reason,
        retryable=retryable,
        retry_after=refusal.retry_after,
        status=refusal.status,
    )
