"""`/slack/actions`: where Slack tells that somebody pressed a button of an alert.

Slack signs what it sends, and only that is believed. It is answered at once; who pressed is told in a line that
nobody else sees.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from monitor.deliver.links import Action
from monitor.deliver.text import line, safe_url
from monitor.errors import FetchError, NotFoundError, StoreError
from monitor.settings import Language
from monitor.stages import Tools, answer

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["SLACK_PATH", "slack_app"]

_log = logging.getLogger(__name__)

SLACK_PATH: Final = "/slack/actions"

_TOLERANCE = timedelta(minutes=5)  # what Slack asks for: an older request is a replay
_PATIENCE_S = 10.0
_MOST_BYTES = 200_000
_OK, _UNREADABLE, _FORBIDDEN, _TOO_SLOW, _TOO_LARGE, _BUSY = 200, 400, 403, 408, 413, 503
_NAME_CHARS = 80
_REPLIES = "https://hooks.slack.com/"
_ACTIONS = tuple(action.value for action in Action if action is not Action.REVIEW)
_SAID = {
    Language.FR: {
        Action.RELEVANT: "C'est noté : pertinent.",
        Action.NOT_RELEVANT: "C'est noté : hors sujet.",
        Action.SILENCE: "Ce sujet est coupé pendant 24 heures.",
        Action.SILENCE_RULE: "Cette règle est coupée pendant 24 heures.",
    },
    Language.EN: {
        Action.RELEVANT: "Noted: relevant.",
        Action.NOT_RELEVANT: "Noted: not relevant.",
        Action.SILENCE: "This story is silenced for 24 hours.",
        Action.SILENCE_RULE: "This rule is silenced for 24 hours.",
    },
}


class _UnreadableError(Exception):
    """Slack signed it, and it is nothing that Slack sends. It never leaves this module."""


def slack_app(tools: Tools, secret: str) -> Starlette:
    """Return the web application that Slack talks to.

    Args:
        tools: what the stages work with.
        secret: the signing secret of the Slack app.
    """

    async def pressed(request: Request) -> Response:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=_TOO_SLOW)
        if body is None:
            return Response(status_code=_TOO_LARGE)
        if not _is_slacks(request, body, secret, tools):
            return Response(status_code=_FORBIDDEN)
        try:
            told = await _act(tools, _payload(body))
        except _UnreadableError as error:
            _log.warning("answer_unreadable", extra={"error": str(error)})
            return Response(status_code=_UNREADABLE)
        except StoreError as error:
            _log.warning("answer_postponed", extra={"error": str(error)})
            return Response(status_code=_BUSY)
        return Response(status_code=_OK, background=None if told is None else BackgroundTask(_reply, tools, *told))

    return Starlette(routes=[Route(SLACK_PATH, pressed, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """Return what was sent, or None where it is too much."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    return body


def _is_slacks(request: Request, body: bytes, secret: str, tools: Tools) -> bool:
    """Return whether Slack signed it, and lately: docs.slack.dev/authentication/verifying-requests-from-slack."""
    at = request.headers.get("x-slack-request-timestamp", "")
    if not (at.isascii() and at.isdecimal() and len(at) <= 12):  # noqa: PLR2004  seconds until the year 33658
        return False
    if abs(tools.clock.now().timestamp() - int(at)) > _TOLERANCE.total_seconds():
        return False
    expected = "v0=" + hmac.digest(secret.encode(), f"v0:{at}:".encode() + body, "sha256").hex()
    given = request.headers.get("x-slack-signature", "")
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _payload(body: bytes) -> dict[str, Any]:
    """Return what a form holds as JSON.

    Raises:
        _UnreadableError: it is no such thing, or nested as deep as nobody nests it.
    """
    try:
        payload = json.loads(parse_qs(body.decode("utf-8", "replace"))["payload"][0])
    except (KeyError, ValueError, RecursionError) as error:
        raise _UnreadableError(f"no payload in JSON: {type(error).__name__}") from error
    if not isinstance(payload, dict):
        raise _UnreadableError("the payload is no JSON object")
    return payload


async def _act(tools: Tools, payload: dict[str, Any]) -> tuple[str, str] | None:
    """Do what a button says; return where to reply and what, or None: it was no button of ours, or there is nowhere.

    Raises:
        _UnreadableError: a button of ours that says not what we gave it.
    """
    if (pressed := _pressed(payload)) is None:
        return None
    action, alert_id, author = pressed
    try:
        await answer(tools, alert_id, action, author=author)
    except NotFoundError:
        _log.warning("answer_refused", extra={"alert_id": line(alert_id, _NAME_CHARS), "author": author})
        return None
    url = payload.get("response_url")
    if not isinstance(url, str) or safe_url(url) is None or not url.startswith(_REPLIES):
        return None
    return url, _SAID[tools.settings.language][action]


def _pressed(payload: dict[str, Any]) -> tuple[Action, str, str] | None:
    """Return what was pressed, on which alert, and by whom; None: no button of ours.

    Raises:
        _UnreadableError: it is ours, and there is no alert or nobody with it.
    """
    if payload.get("type") != "block_actions":
        return None
    try:
        button, user = payload["actions"][0], payload["user"]
        action, alert_id = button["action_id"], button.get("value")
        name = user.get("username") or user.get("name") or user["id"]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _UnreadableError(f"an action without its button or its user: {type(error).__name__}") from error
    if action not in _ACTIONS:
        return None
    if not (isinstance(alert_id, str) and alert_id.isascii() and alert_id.startswith("al_") and isinstance(name, str)):
        raise _UnreadableError("a button without the reference of an alert, or nobody who pressed it")
    return Action(action), alert_id, f"{line(name, _NAME_CHARS) or '?'} (Slack)"


async def _reply(tools: Tools, url: str, text: str) -> None:
    """Tell who pressed, and nobody else, that it was done. Lost is lost: it is done all the same."""
    content = json.dumps({"response_type": "ephemeral", "replace_original": False, "text": text}).encode()
    try:
        await tools.sender.post(url, content=content, headers={"Content-Type": "application/json"})
    except FetchError as error:
        _log.info("slack_reply_lost", extra={"error": str(error)})
