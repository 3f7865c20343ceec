"""Subscriptions to hubs, as a service of the daemon: ask for them, renew them, and hear what hubs have to say.

    round      what is due → POST to the hub
    verified   the hub asks whether we asked → kept until its lease ends
    pushed     the hub says that a feed changed → due at once, fetched from its publisher

Whatever a hub does, or fails to do, the feed is polled: at its own interval, or at the longest while a hub is trusted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from monitor import websub
from monitor.errors import ExternalError, FetchError, Reason, StoreError
from monitor.http import canonical_url, host_of, status_error
from monitor.text import fold

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.http import HttpResponse
    from monitor.model import Subscription
    from monitor.stages import Tools

__all__ = ["PATH", "Subscriptions"]

_log = logging.getLogger(__name__)

PATH: Final = "/websub/"
_ROUND_S: Final = 10.0
_AT_ONCE: Final = 20  # subscriptions asked for in a round
_MOST_BYTES: Final = 10_000_000  # of what a hub sends
_MOVED: Final = frozenset({307, 308})


class Subscriptions:
    """Asks hubs, and answers them.

    Args:
        tools: what the stages work with; the settings name the callback.
        nudge: lets the runner look for work.
        round_s: seconds between two looks at what is due.
    """

    def __init__(self, tools: Tools, nudge: Callable[[], None], *, round_s: float = _ROUND_S) -> None:
        self._tools = tools
        self._nudge = nudge
        self._round_s = round_s
        self._task: asyncio.Task[None] | None = None
        self._tokens: frozenset[str] = frozenset()  # that may be asked at or sent to; strangers never reach the store

    async def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run(), name="subscriptions")

    async def stop(self) -> None:
        """Ask no more; what was asked and not answered is asked again after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self.round()
            except StoreError as error:
                _log.warning("subscriptions_postponed", extra={"error": str(error)})
            except Exception as bug:  # noqa: BLE001  an edge that must survive: feeds are polled without hubs, too
                self._tools.metrics.errors.labels("subscriptions").inc()
                _log.error("subscriptions_crashed", exc_info=bug)
            await asyncio.sleep(self._round_s)

    async def round(self) -> int:
        """Ask for what is due, one after the other; return how many were asked for."""
        tools = self._tools
        self._tokens = await tools.thread.run(tools.store.subscription_tokens)
        due = await tools.thread.run(tools.store.due_subscriptions, now=tools.clock.now(), limit=_AT_ONCE)
        for subscription in due:
            await self._ask(subscription)
        return len(due)

    async def verified(self, token: str, query: Mapping[str, str]) -> str | None:
        """Answer a hub that asks whether we asked (§5.3), or that says no (§5.2).

        Args:
            token: the end of the address it asked at.
            query: its parameters.

        Returns:
            What to answer; None: that we did not ask.
        """
        if not self.knows(token):
            return None
        tools, now = self._tools, self._tools.clock.now()
        mode, topic = query.get("hub.mode", ""), query.get("hub.topic", "")
        if mode == "denied":
            return await self._denied(token, topic, query.get("hub.reason", ""), now)
        challenge = query.get("hub.challenge", "")
        if mode != "subscribe" or not challenge:
            return None
        lease_until = websub.lease_end(query, now=now)
        confirmed = await tools.thread.run(
            tools.store.confirm_subscription,
            token,
            topic=topic,
            lease_until=lease_until,
            due_at=websub.renewal_at(lease_until, now=now),
            now=now,
        )
        tools.metrics.hub_requests.labels("confirmed" if confirmed else "not_ours").inc()
        if confirmed:
            _log.info("hub_confirmed", extra={"topic": topic, "lease_until": lease_until.isoformat()})
        return challenge if confirmed else None

    def knows(self, token: str) -> bool:
        """Return whether an address ends so that we gave to a hub."""
        return token in self._tokens

    async def pushed(self, token: str, signature: str | None, body: AsyncIterable[bytes]) -> bool:
        """Hear what a hub sends; let the feed be asked for at once, if its signature is right.

        Args:
            token: the end of the address it was sent to.
            signature: its X-Hub-Signature.
            body: as it comes.

        Returns:
            False where it is larger than anything we read.
        """
        tools = self._tools
        known = await tools.thread.run(tools.store.find_subscription, token)
        check = websub.Signature(signature, known.secret if known else "")
        size = 0
        async for piece in body:
            check.feed(piece)
            size += len(piece)
            if size > _MOST_BYTES:
                return False
        if known is None or not check.is_right:  # §7.1: ignored, and the sender is not told
            tools.metrics.pushes.labels("unsigned").inc()
            return True
        polled = await tools.thread.run(tools.store.note_push, token, now=tools.clock.now())
        tools.metrics.pushes.labels("taken" if polled else "not_polled").inc()
        _log.info("hub_pushed", extra={"feed_id": known.feed_id, "hub": known.hub})
        self._nudge()
        return True

    async def _denied(self, token: str, topic: str, reason: str, now: datetime) -> str | None:
        tools = self._tools
        known = await tools.thread.run(tools.store.find_subscription, token)
        if known is None or known.topic != topic:
            return None
        error = f"the hub says no: {fold(reason)[:200]}" if reason else "the hub says no"
        await self._failed(known, error, over=True, now=now)
        return ""

    async def _ask(self, subscription: Subscription) -> None:
        tools, now = self._tools, self._tools.clock.now()
        due_at = websub.retry_at(subscription.failures, now=now)
        # before the request: the hub may ask back while it is under way
        await tools.thread.run(tools.store.note_asked, subscription.token, due_at=due_at, now=now)
        try:
            await self._post(subscription)
        except ExternalError as error:
            await self._failed(subscription, str(error), over=False, now=now)
            return
        tools.metrics.hub_requests.labels("asked").inc()
        _log.info("hub_asked", extra={"feed_id": subscription.feed_id, "hub": subscription.hub})

    async def _post(self, subscription: Subscription) -> None:
        """Ask the hub, also where it moved on its own host."""
        form = websub.subscription_form(
            callback=f"{self._tools.settings.websub_callback}{PATH}{subscription.token}",
            topic=subscription.topic,
            secret=subscription.secret,
        )
        answer = await self._send(subscription.hub, form)
        if answer.status in _MOVED and "location" in answer.headers:
            answer = await self._send(_moved_to(subscription.hub, answer.headers["location"]), form)
        if not answer.is_success:
            raise status_error(answer)

    async def _send(self, hub: str, form: bytes) -> HttpResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with self._tools.gate.feed(hub):
            return await self._tools.client.post(hub, content=form, headers=headers)

    async def _failed(self, subscription: Subscription, error: str, *, over: bool, now: datetime) -> None:
        tools = self._tools
        tools.metrics.hub_requests.labels("denied" if over else "failed").inc()
        facts = {"feed_id": subscription.feed_id, "hub": subscription.hub, "error": error}
        _log.warning("hub_failed", extra=facts)
        due_at = websub.retry_at(subscription.failures, now=now)
        await tools.thread.run(tools.store.fail_subscription, subscription.token, error=error, due_at=due_at, over=over)


def _moved_to(hub: str, location: str) -> str:
    """Return where a hub is asked instead: the secret in what is sent is for its own host alone (promise S6).

    Raises:
        FetchError: it is another host, the same one without TLS, or no address.
    """
    target = canonical_url(location, base=hub)
    is_less = hub.lower().startswith("https:") and not target.startswith("https:")
    if is_less or host_of(target) != host_of(hub):
        told = f"{host_of(hub)}: sends us to another host, which may not learn the secret of the subscription"
        raise FetchError(told, reason=Reason.REDIRECT, retryable=False)
    return target
