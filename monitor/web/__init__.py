"""What the daemon serves over HTTP, on a loopback address: its health and its metrics, and what hubs ask and tell."""

from monitor.web.health import health_app
from monitor.web.server import WebService
from monitor.web.websub import beside, websub_app

__all__ = ["WebService", "beside", "health_app", "websub_app"]
