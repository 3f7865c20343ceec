"""What the daemon serves over HTTP, on a loopback address: its health, what hubs ask and tell, and feeds of alerts."""

from monitor.web.feeds import FEEDS_PATH, feeds_app
from monitor.web.health import health_app
from monitor.web.server import WebService
from monitor.web.websub import beside, websub_app

__all__ = ["FEEDS_PATH", "WebService", "beside", "feeds_app", "health_app", "websub_app"]
