"""`/healthz`, `/readyz` and `/metrics`: for service managers, containers and Prometheus.

No versions, no secrets, no feed addresses (promise W11); a `Host` that is not loopback is refused, so that a web page
cannot read them by rebinding its name (promise W1).
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.telemetry import Metrics

__all__ = ["health_app"]

_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def health_app(*, metrics: Metrics, unready: Callable[[], str | None]) -> Starlette:
    """Return the web application.

    Args:
        metrics: what `/metrics` shows.
        unready: returns why the daemon is not ready, or None when it is.
    """

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        why = unready()
        return PlainTextResponse("ready\n" if why is None else f"{why}\n", status_code=200 if why is None else 503)

    async def exposition(_: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", exposition)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)],
    )
