"""The daemon's life: start, signals, notices to the service manager, stop.

SIGTERM and SIGINT stop it within 15 seconds (promise T8); SIGHUP reloads rules and feeds. `READY=1` is sent after the
first real round, `WATCHDOG=1` after each: the scheduler ticked, the database was written, the outbox was looked at
(promise X1).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from monitor.app import App
from monitor.errors import StoreError
from monitor.telemetry import notify_systemd

__all__ = ["Service", "serve"]

_log = logging.getLogger(__name__)

_GRACE_S = 7.0  # for what is under way; the rest of the 15 seconds is for a database that is locked, and for closing
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

    one_at_a_time = asyncio.Lock()

    def reload() -> None:
        if stop.is_set():
            return
        task = asyncio.create_task(_reload(app, one_at_a_time))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in _STOP:
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(_RELOAD, reload)
    try:
        for service in services:
            await service.start()
        app.runner.each_round(app.follow_feeds)
        app.runner.each_round(app.tell_refusal)
        app.runner.each_round(_alive(app))
        await app.start()
        await stop.wait()
        _log.info("stopping")
    finally:
        stop.set()
        notify_systemd("STOPPING=1")
        for task in reloads:  # what was live is enough for the little that is left to do
            task.cancel()
        await asyncio.gather(*reloads, return_exceptions=True)
        await app.stop(grace_s=_GRACE_S)
        for service in reversed(services):
            await service.stop()


def _alive(app: App) -> Callable[[], Awaitable[None]]:
    """Tell the service manager of each round; the first one says that all is there."""
    first = iter(["READY=1\n"])

    async def tell() -> None:
        notify_systemd(next(first, "") + "WATCHDOG=1\nSTATUS=" + await app.status())

    return tell


async def _reload(app: App, one_at_a_time: asyncio.Lock) -> None:
    async with one_at_a_time:
        notify_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            await app.reload()
        except Exception as error:  # noqa: BLE001  an edge that must survive: what was live goes on
            app.tools.metrics.errors.labels("reload").inc()
            _log.error(
                "reload_failed", exc_info=None if isinstance(error, StoreError) else error, extra={"error": str(error)}
            )
        finally:
            notify_systemd("READY=1")
