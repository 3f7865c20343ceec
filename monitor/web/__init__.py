"""What the daemon serves over HTTP, on a loopback address: its health and its metrics."""

from monitor.web.health import health_app
from monitor.web.server import WebService

__all__ = ["WebService", "health_app"]
