"""What the daemon serves over HTTP, on a loopback address: health, hubs, feeds of alerts, answers to them."""

from monitor.web.answers import answers_app
from monitor.web.feeds import FEEDS_PATH, feeds_app
from monitor.web.health import health_app
from monitor.web.server import WebService
from monitor.web.slack import SLACK_PATH, slack_app
from monitor.web.websub import beside, websub_app

__all__ = [
    "FEEDS_PATH",
    "SLACK_PATH",
    "WebService",
    "answers_app",
    "beside",
    "feeds_app",
    "health_app",
    "slack_app",
    "websub_app",
]
