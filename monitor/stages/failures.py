"""What a failure says, of whom, and for how long its host is to be left alone."""

from __future__ import annotations

from typing import TypeVar

from monitor.errors import ExternalError, FetchError
from monitor.stages.tools import Tools

__all__ = ["bare", "is_of", "remember_hold"]

_E = TypeVar("_E", bound=ExternalError)


def bare(error: _E) -> _E:
    """Return what an error says without where it happened.

    Its trace leads to the frame that keeps the error, and to a page's bytes: they would stay until a collector of
    cycles comes round, a hundred pages later (promise R5).
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def is_of(error: ExternalError, host: str) -> bool:
    """Return whether an error is about the host that was asked, and not about one that it redirected to."""
    return not isinstance(error, FetchError) or error.host in {None, host}


async def remember_hold(tools: Tools, error: ExternalError) -> None:
    """Keep what a host asked for where the next daemon finds it: the gate of this one knows already (promise P2)."""
    if isinstance(error, FetchError) and error.status is not None and error.host and error.retry_after:
        now, hold = tools.clock.now(), tools.gate.held(error.host)
        until = {"feeds_until": now + hold.feeds, "pages_until": now + hold.pages}
        await tools.thread.run(tools.store.hold_host, error.host, **until, now=now)
