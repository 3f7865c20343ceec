"""A press of fiction and the destinations of its alerts, all on loopback: for `veille demo` and for tests."""

from monitor.demo.newsroom import Asked, Newsroom
from monitor.demo.press import Appearance, Article, Behaviour, Expect, Format, Press, Title, load_press
from monitor.demo.receivers import MailReceiver, Received, Receivers, SlackReceiver, WebhookReceiver
from monitor.demo.server import Answer, Background, HttpServer, Request, background

__all__ = [
    "Answer",
    "Appearance",
    "Article",
    "Asked",
    "Background",
    "Behaviour",
    "Expect",
    "Format",
    "HttpServer",
    "MailReceiver",
    "Newsroom",
    "Press",
    "Received",
    "Receivers",
    "Request",
    "SlackReceiver",
    "Title",
    "WebhookReceiver",
    "background",
    "load_press",
]
