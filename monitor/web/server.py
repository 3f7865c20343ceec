"""A web application as one service of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from monitor.errors import SettingsError

__all__ = ["WebService"]


_GRACE_S = 1  # for requests under way


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon."""
        yield


class WebService:
    """Serves an application on a loopback address until stopped.

    Args:
        app: what is served.
        address: `host:port`; port 0 takes a free one.
    """

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    async def start(self) -> None:
        """Listen from now on.

        Raises:
            SettingsError: the address is taken or is not this machine's.
        """
        host = self._host.strip("[]")
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, self._port))
            listener.listen()  # from here on a request waits rather than fails
        except OSError as error:
            listener.close()
            raise SettingsError(
                f"VEILLE_HTTP_ADDRESS: cannot listen on {self._host}:{self._port}: {error.strerror}; "
                "choose another port"
            ) from error
        self._port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="web")

    async def stop(self) -> None:
        """End the requests under way, or cut them off, and stop listening: nobody may hold up the end (promise T8)."""
        self._server.should_exit = True
        if self._task is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._task), 2 * _GRACE_S)
        except TimeoutError:
            self._server.force_exit = True
            for connection in tuple(self._server.server_state.connections):
                connection.transport.abort()
            await self._task
