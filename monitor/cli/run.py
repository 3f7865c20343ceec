"""`veille run`: the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from monitor.cli.context import configure, settings_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from monitor.app import App
    from monitor.daemon import Service
    from monitor.deliver.feed import FeedSender

__all__ = ["run"]


def run(context: typer.Context) -> None:
    """Run the daemon, until told to stop.

    It polls, reads, matches, stores and alerts. SIGTERM or Ctrl-C: it finishes or gives back what is under way and
    exits. SIGHUP: it reads rules, routes and feeds again; rules or routes that fail leave the previous ones
    live, and every receiver in use is told.
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
    from monitor.deliver.links import LINKS_PATH, signer_of
    from monitor.web import (
        FEEDS_PATH,
        SLACK_PATH,
        WebService,
        answers_app,
        beside,
        feeds_app,
        health_app,
        slack_app,
        websub_app,
    )

    served = beside(
        health_app(metrics=app.tools.metrics, unready=app.unready), feeds_app(*_feeds(app)), path=FEEDS_PATH
    )
    if (signer := signer_of(settings)) is not None:
        served = beside(served, answers_app(app.tools, signer), path=LINKS_PATH)
    if settings.slack_signing_secret is not None:
        secret = settings.slack_signing_secret.get_secret_value()
        served = beside(served, slack_app(app.tools, secret), path=SLACK_PATH)
    if settings.websub_callback is None:
        return [WebService(served, settings.http_address)]
    from monitor.subscriptions import Subscriptions

    subscriptions = Subscriptions(app.tools, app.runner.nudge)
    return [WebService(beside(served, websub_app(subscriptions)), settings.http_address), subscriptions]


def _feeds(app: App) -> tuple[Callable[[], Sequence[FeedSender]], Callable[[str, int], Awaitable[Sequence[bytes]]]]:
    """Return what gives the feeds of alerts, and what reads them from the store."""
    from monitor.deliver.feed import FeedSender
    from monitor.receivers import Channel

    tools = app.tools

    def feeds() -> Sequence[FeedSender]:
        return [channel for channel in tools.channels.values() if isinstance(channel, FeedSender)]

    async def sent(receiver: str, limit: int) -> Sequence[bytes]:
        return await tools.thread.run(tools.store.sent_messages, receiver, channel=Channel.FEED, limit=limit)

    return feeds, sent
