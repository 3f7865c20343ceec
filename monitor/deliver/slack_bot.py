"""Slack by a bot: what was posted is updated in place when its story changes, and said again where that should ring.

`chat.postMessage` (https://docs.slack.dev/reference/methods/chat.postMessage: one a second for each channel) answers
with `ts`, the identity that `chat.update` (https://docs.slack.dev/reference/methods/chat.update: fifty a minute) takes.
Slack answers 200 with `{"ok": false, "error": "…"}` to what it refuses. It documents no key by which it would drop a
message that comes twice (`client_msg_id` is its own clients'), so a kill between its answer and our commit repeats one
(promise D4); each carries its identity in `metadata`, by which who reads the channel can tell.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from monitor.deliver.pace import Pace
from monitor.deliver.posting import JSON_TYPE, exchange, json_bytes, judge_status, object_of, slug
from monitor.deliver.slack_blocks import message_of, reply_of
from monitor.errors import DeliveryError, Reason
from monitor.http import status_error
from monitor.model import NotificationReason, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.deliver.slack_blocks import Block
    from monitor.deliver.words import Words
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import Alert, Delivery, Rendered

__all__ = ["API", "SlackBotSender"]

API = "https://slack.com/api/"

_RINGS = frozenset({NotificationReason.LEVEL_RAISED, NotificationReason.CORRECTED})

_TOKEN_HINT = "set the token of a bot that is installed (xoxb-…)"  # noqa: S105  an advice
_INVITE_HINT = "give the channel's id, and invite the bot to it"
_SCOPE_HINT = "give the app the scope chat:write, and install it again"
_POLICY_HINT = "the workspace's rules forbid it: ask its administrators"
_HINTS: Mapping[str, str] = {
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"), _TOKEN_HINT),
    **dict.fromkeys(("channel_not_found", "not_in_channel"), _INVITE_HINT),
    **dict.fromkeys(("missing_scope", "no_permission", "not_allowed_token_type"), _SCOPE_HINT),
    **dict.fromkeys(
        ("restricted_action", "ekm_access_denied", "team_access_not_granted", "access_denied"), _POLICY_HINT
    ),
    "is_archived": "choose another channel, or take it out of the archive",
}
_AUTH = frozenset(_HINTS)  # it is the bot or the channel, and no message, that is refused
_RATE = frozenset({"rate_limited", "ratelimited", "message_limit_exceeded"})
_BUSY = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_UNCHANGEABLE = frozenset(
    {
        *("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"),
        *("cannot_reply_to_message", "channel_not_found", "not_in_channel", "is_archived"),
    }
)


class SlackBotSender:
    """Posts and updates messages in one channel.

    Args:
        name: the receiver's name.
        token: the bot's; a secret.
        channel: where it posts.
        words: the readers' language and time zone.
        client: what posts.
        deadline_s: for one call, in seconds.
        pace: of messages, shared by all who post in this channel; one of its own unless given.
        update_pace: of updates, shared by all who have this token; one of its own unless given.
        api: Slack's Web API.
        buttons: whether Slack tells us of buttons that are pressed.
    """

    def __init__(
        self,
        *,
        name: str,
        token: str,
        channel: str,
        words: Words,
        client: HttpClient,
        deadline_s: float = 20.0,
        pace: Pace | None = None,
        update_pace: Pace | None = None,
        api: str = API,
        buttons: bool = False,
    ) -> None:
        self._name = name
        self._token = token
        self._channel = channel
        self._words = words
        self._client = client
        self._deadline_s = deadline_s
        self._pace = pace or Pace()
        self._update_pace = update_pace or Pace()
        self._api = api
        self._buttons = buttons

    def render(self, alert: Alert, message_id: str) -> Rendered:
        """Return the message as JSON, and, of an update, what is said of it below the message that it changes.

        `reply` is Slack's in no message: it is taken out before one is sent, and an incoming webhook ignores it.
        """
        payload = {"alert_id": alert.id, "message_id": message_id}
        message = {
            **message_of(alert, self._words, buttons=self._buttons),
            "metadata": {"event_type": "veille_alert", "event_payload": payload},
        }
        if alert.update is not None and alert.reason in _RINGS:
            message["reply"] = reply_of(alert, self._words)
        return json_bytes(message)

    async def send(self, delivery: Delivery) -> Receipt:
        """Post a message, or change the one that it updates, where that was sent and can be changed.

        Raises:
            DeliveryError: not accepted. Of two calls the next attempt makes both again: to update twice is to update.
        """
        message: Block = json.loads(delivery.rendered.body)
        reply: Block | None = message.pop("reply", None)
        if delivery.thread is not None:
            try:
                return await self._change(delivery, delivery.thread, message, reply)
            except _RefusedError as error:
                if error.word not in _UNCHANGEABLE:
                    raise
            # Somebody deleted it, it is too old, or the bot has another channel now: the update stands for itself.
        answer = await self._call("chat.postMessage", self._pace, {"channel": self._channel, **message})
        return Receipt(status=200, external_id=_identity(answer))

    async def _change(self, delivery: Delivery, thread: str, message: Block, reply: Block | None) -> Receipt:
        """Change a message, unless a later update has, and say below it what should ring."""
        channel, _, ts = thread.partition("/")
        if not delivery.is_overtaken:
            await self._call("chat.update", self._update_pace, {"channel": channel, "ts": ts, **message})
        if reply is not None:
            await self._call("chat.postMessage", self._pace, {"channel": channel, "thread_ts": ts, **reply})
        return Receipt(status=200, detail="updated in place", external_id=thread)

    async def _call(self, method: str, pace: Pace, arguments: Block) -> Mapping[str, object]:
        await asyncio.sleep(pace.reserve(asyncio.get_running_loop().time()))
        response = await exchange(
            self._client,
            self._api + method,
            who=self._name,
            content=json.dumps(arguments, ensure_ascii=False).encode(),
            headers={"content-type": JSON_TYPE, "authorization": f"Bearer {self._token}"},
            deadline_s=self._deadline_s,
        )
        answer = object_of(response)
        if response.is_success and answer.get("ok") is True:
            return answer
        word = slug(answer.get("error"))
        raise self._refusal(response, word) if response.is_success else self._failure(response, word)

    def _failure(self, response: HttpResponse, word: str) -> DeliveryError:
        """Return what an answer that is not 2xx means."""
        error = status_error(response)
        return DeliveryError(
            f"{self._name}: {error}{word and f' ({word})'}",
            reason=error.reason,
            retryable=judge_status(response).retryable,
            retry_after=error.retry_after,
            status=error.status,
        )

    def _refusal(self, response: HttpResponse, word: str) -> DeliveryError:
        """Return what an answer means that Slack gives with status 200."""
        hint = _HINTS.get(word)
        if not word:
            reason, what = Reason.PROTOCOL, "answered nothing that Slack says"
        elif word in _RATE:
            reason, what = Reason.RATE_LIMITED, f"Slack wants us to wait ({word})"
        elif word in _BUSY:
            reason, what = Reason.UNAVAILABLE, f"Slack failed ({word})"
        else:
            reason = Reason.AUTH if word in _AUTH else Reason.REJECTED
            what = f"Slack refused ({word}){(hint and f': {hint}') or ''}"
        error = _RefusedError(
            f"{self._name}: {what}",
            reason=reason,
            retryable=reason in {Reason.PROTOCOL, Reason.RATE_LIMITED, Reason.UNAVAILABLE},
            retry_after=response.retry_after,
            status=response.status,
        )
        error.word = word
        return error


class _RefusedError(DeliveryError):
    """Slack's own answer that it did not do what it was asked."""

    word = ""


def _identity(answer: Mapping[str, object]) -> str | None:
    """Return what Slack calls a message: its channel and its time; None where it does not say."""
    channel, ts = answer.get("channel"), answer.get("ts")
    return f"{channel}/{ts}" if isinstance(channel, str) and isinstance(ts, str) else None
