"""The daemon's life: start, signals, notices to the service manager, stop.

SIGTERM and SIGINT stop it within 15 seconds (promise T8); SIGHUP reloads rules and feeds. `WATCHDOG=1` is sent only
after a real round: the scheduler ticked, the database was written, the outbox was looked at (promise X1).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from monitor.app import App
from monitor.telemetry import notify_systemd

__all__ = ["Service", "serve"]

_log = logging.getLogger(__name__)

_GRACE_S = 8.0  # for what is under way; the rest of the 15 seconds is for closing
_RELOAD = signal.SIGHUP
_STOP = (signal.SIGTERM, signal.SIGINT)


class Service(Protocol):
    """Something that runs beside the stages, such as a web application."""

    async def start(self) -> None:
        """Begin; returns once it is there."""
        ...

    async def stop(self) -> None:
        """End; returns once it is gone."""
        ...


async def serve(app: App, *, services: Sequence[Service] = ()) -> None:
    """Run until a signal says stop.

    Args:
        app: what `monitor.app.opened` gave.
        services: what runs beside it; started first, stopped last.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        if stop.is_set():
            return
        task = asyncio.create_task(_reload(app))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in _STOP:
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(_RELOAD, reload)
    try:
        for service in services:
            await service.start()
        app.runner.each_round(app.follow_feeds)
        app.runner.each_round(_alive(app))
        await app.start()
        notify_systemd("READY=1\nSTATUS=" + await app.status())
        await stop.wait()
        _log.info("stopping")
    finally:
        stop.set()
        notify_systemd("STOPPING=1")
        await asyncio.gather(*reloads, return_exceptions=True)
        await app.stop(grace_s=_GRACE_S)
        for service in reversed(services):
            await service.stop()


def _alive(app: App) -> Callable[[], Awaitable[None]]:
    async def tell() -> None:
        notify_systemd("WATCHDOG=1\nSTATUS=" + await app.status())

    return tell


async def _reload(app: App) -> None:
    notify_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    await app.reload()
    notify_systemd("READY=1\nSTATUS=" + await app.status())
