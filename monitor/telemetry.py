"""What the daemon says of itself: log lines, metrics, and notices to systemd.

Modules log with `logging.getLogger(__name__)`: the event is a constant, the facts are in `extra`. structlog gives the
lines their form here and nowhere else.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from monitor.lean import without

with without("rich"):  # which it would draw tracebacks with: 4 MB
    import structlog

from monitor.settings import LogFormat, LogLevel

if TYPE_CHECKING:
    from structlog.typing import Processor

    from monitor.model import Step

__all__ = ["Metrics", "configure_logging", "notify_systemd"]

# These libraries log each request's address, and a Slack webhook's address is a secret (promise X4).
_QUIET = ("httpx", "httpcore", "apscheduler", "uvicorn", "alembic", "trafilatura", "htmldate", "mail.log")


def configure_logging(level: LogLevel, log_format: LogFormat, *, stream: TextIO | None = None) -> None:
    """Send every log line to one stream, in one form.

    Args:
        level: the least serious line that is written.
        log_format: `console` for people, `json` for programs (one object a line).
        stream: where to; standard error unless said.
    """
    stream = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor]
    if log_format is LogFormat.JSON:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        # Plain tracebacks: the pretty ones print local variables, and with them secrets.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


class Metrics:
    """Every metric of the daemon; names, labels and meanings are in docs/metrics.md.

    Each instance has a registry of its own, so that two daemons in one test never share a figure.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.last_round_at: datetime | None = None

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"veille_{name}", meaning, labels, registry=self.registry)

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"veille_{name}", meaning, labels, registry=self.registry)

        def histogram(name: str, meaning: str) -> Histogram:
            return Histogram(f"veille_{name}", meaning, buckets=_SECONDS, registry=self.registry)

        self.polls = counter("polls", "Polls of feeds, by how they ended.", "result")
        self.poll_failures = counter("poll_failures", "Failed polls, by reason.", "reason")
        self.gaps = counter("gaps", "Polls that shared no entry with the one before: articles may have been missed.")
        self.entries = counter("entries", "Entries that are new or changed, by what became of them.", "kind")
        self.articles = counter("articles", "Articles stored, by how much of their text was read.", "completeness")
        self.revisions = counter("revisions", "Changes of articles that were stored, by what changed.", "changed")
        self.page_failures = counter("page_failures", "Pages that could not be used, by reason.", "reason")
        self.garbled = counter(
            "garbled_pages", "Pages with characters that were read in a wrong charset and could not be put right."
        )
        self.hub_requests = counter("hub_requests", "Requests for subscriptions to hubs, by how they ended.", "result")
        self.pushes = counter("pushes", "What hubs sent, by what became of it.", "result")
        self.matches = counter("matches", "Matches and near misses, by rule.", "rule", "kind")
        self.alerts = counter("alerts", "Alerts planned, by type.", "type")
        self.deliveries = counter(
            "deliveries", "Attempts of deliveries, by receiver and outcome.", "receiver", "outcome"
        )
        self.delivery_failures = counter(
            "delivery_failures", "Failed attempts, by receiver and reason.", "receiver", "reason"
        )
        self.rules_rejected = counter("rules_rejected", "Rule sets that were refused; the previous one stayed live.")
        self.jobs_missed = counter("jobs_missed", "Ticks that the scheduler missed or skipped.", "event")
        self.errors = counter(
            "errors",
            "Unexpected errors, by stage: the database could not be used, or a bug to report; the log says which.",
            "stage",
        )
        self.rules = gauge("rules", "Rules that are live.")
        self.feeds = gauge("feeds", "Feeds, by status.", "status")
        self.incidents = gauge(
            "incidents", "Sources that fail, are gone or are silent, told or not yet, by kind.", "kind"
        )
        self.troubles = gauge("troubles", "What is wrong with veille itself, told or not yet, by kind.", "kind")
        self.receivers = gauge("receivers", "Receivers, by how they are: ok, failing, paused, disabled.", "health")
        self.entries_waiting = gauge("entries_waiting", "Entries whose article is not read yet.")
        self.outbox_pending = gauge("outbox_pending", "Deliveries not sent yet.")
        self.outbox_oldest = gauge("outbox_oldest_seconds", "Age of the oldest delivery not sent yet.")
        self.own_network_down = gauge(
            "own_network_down", "1 while most sites fail at once: it is our own network, and not counted against them."
        )
        self.canaries = counter(
            "canaries",
            "Articles of our own that went the whole way (`arrived`), or at which step they failed.",
            "result",
        )
        self.canary_seconds = gauge("canary_seconds", "How long the last one took.")
        self.canary_arrived = gauge("canary_arrived_timestamp_seconds", "When the last one went the whole way.")
        self.loop_stall = gauge("loop_stall_seconds", "Longest stall of the event loop since the start.")
        self.last_round = gauge("last_round_timestamp_seconds", "When the last full round of the daemon ended.")
        self.published_to_seen = histogram("published_to_seen_seconds", "From publication to first sight.")
        self.seen_to_read = histogram("seen_to_read_seconds", "From first sight to the article's text.")
        self.read_to_matched = histogram("read_to_matched_seconds", "From the text to the verdict of the rules.")
        self.planned_to_sent = histogram(
            "planned_to_sent_seconds", "From planning an alert to its acceptance by a receiver."
        )
        # by the names that alerts give them
        self.legs = {
            "published_to_seen_s": self.published_to_seen,
            "seen_to_read_s": self.seen_to_read,
            "read_to_matched_s": self.read_to_matched,
        }

    def round_ended(self, now: datetime) -> None:
        """Note that the scheduler ticked, the database was written and the outbox was looked at."""
        self.last_round_at = now
        self.last_round.set(now.timestamp())

    def canary_ended(self, failed_at: Step | None, *, took_s: float, now: datetime) -> None:
        """Note how a canary fared: at which step it failed, None for none, and how long it took, in seconds."""
        self.canaries.labels("arrived" if failed_at is None else failed_at.value).inc()
        self.canary_seconds.set(took_s)
        if failed_at is None:
            self.canary_arrived.set(now.timestamp())

    def exposition(self) -> bytes:
        """Return every metric in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)


def notify_systemd(message: str) -> bool:
    """Send one notice to the service manager, if there is one: sd_notify(3).

    Args:
        message: lines such as `READY=1` or `STATUS=…`.

    Returns:
        Whether somebody was there to be told.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        try:
            notices.connect("\0" + address[1:] if address.startswith("@") else address)
            notices.sendall(message.encode())
        except OSError:
            logging.getLogger(__name__).warning("notify_failed", extra={"address": address})
            return False
    return True
