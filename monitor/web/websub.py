"""`/websub/…`: where hubs ask whether we subscribed, and tell us of news. The only pages meant for a reverse proxy.

Who does not know an address of ours learns nothing: 404 for a question, 410 for a push, whatever its path. The `Host`
is the proxy's and is not looked at; the path is the secret.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.subscriptions import PATH

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from monitor.subscriptions import Subscriptions

__all__ = ["beside", "websub_app"]

_PATIENCE_S = 30.0  # for what a hub sends
_TAKEN, _NOT_FOUND, _GONE, _TOO_SLOW, _TOO_LARGE = 202, 404, 410, 408, 413


def websub_app(subscriptions: Subscriptions) -> Starlette:
    """Return the web application that hubs talk to."""

    async def asked(request: Request) -> Response:
        answer = await subscriptions.verified(request.path_params["token"], request.query_params)
        if answer is None:
            return Response(status_code=_NOT_FOUND)
        return PlainTextResponse(answer, headers={"X-Content-Type-Options": "nosniff"})

    async def pushed(request: Request) -> Response:
        token = request.path_params["token"]
        if not subscriptions.knows(token):
            return Response(status_code=_GONE)
        signature = request.headers.get("x-hub-signature")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                whole = await subscriptions.pushed(token, signature, request.stream())
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=_TOO_SLOW)
        return Response(status_code=_TAKEN if whole else _TOO_LARGE)

    address = PATH + "{token}"
    return Starlette(routes=[Route(address, asked, methods=["GET"]), Route(address, pushed, methods=["POST"])])


def beside(app: ASGIApp, other: ASGIApp, *, path: str = PATH) -> ASGIApp:
    """Return an application that serves a path (`/websub/`) by the second, and all else by the first."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        is_for_other = scope["type"] == "http" and scope["path"].startswith(path)
        await (other if is_for_other else app)(scope, receive, send)

    return either
