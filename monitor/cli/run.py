"""`veille run`: the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from monitor.cli.context import configure, settings_of

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.daemon import Service

__all__ = ["run"]


def run(context: typer.Context) -> None:
    """Run the daemon, until told to stop.

    It polls, reads, matches, stores and alerts. SIGTERM or Ctrl-C: it finishes or gives back what is under way and
    exits. SIGHUP: it reads rules and feeds again; rules that fail leave the previous ones live,
    and every receiver in use is told.
    """
    import asyncio
    import signal
    import sys
    from contextlib import aclosing

    # Until `serve` listens to them: there is nothing to give back yet, and nothing to read again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from monitor.app import opened
    from monitor.clock import SystemClock
    from monitor.daemon import serve
    from monitor.heap import keep_small, settle
    from monitor.judges import RemoteJudge

    settings = settings_of(context)
    configure(settings)
    keep_small()

    async def main() -> None:
        judge = await RemoteJudge.of(settings)
        async with aclosing(judge):
            with opened(settings, clock=SystemClock(), judge=judge) as app:
                services = _services(app)
                settle()
                await serve(app, services=services)

    asyncio.run(main())


def _services(app: App) -> list[Service]:
    """Return what runs beside the stages."""
    settings = app.tools.settings
    if not settings.http_address:
        return []
    from monitor.web import WebService, beside, health_app, websub_app

    health = health_app(metrics=app.tools.metrics, unready=app.unready)
    if settings.websub_callback is None:
        return [WebService(health, settings.http_address)]
    from monitor.subscriptions import Subscriptions

    subscriptions = Subscriptions(app.tools, app.runner.nudge)
    return [WebService(beside(health, websub_app(subscriptions)), settings.http_address), subscriptions]
