"""What can go wrong, and what follows from it.

The tree::

    VeilleError                 root: message says what failed, on what, and what to do
    ├── SettingsError           a setting is unknown or impossible: start-up stops
    ├── SourceError             a feeds file, OPML or address cannot be used
    ├── InputError              what a one-shot tool was given to read cannot be read
    ├── RulesError              a rule set was refused; the previous one stays live
    ├── RoutesError             a routes file was refused
    ├── StoreError              the database cannot be used
    │   ├── StoreBusyError      another program kept it locked too long
    │   ├── StoreFullError      no room on the disk; nothing was lost
    │   └── StoreLockedError    another daemon holds it
    ├── NotFoundError           a reference (alert, feed, delivery) that does not exist
    └── ExternalError           the outside failed: reason, retryable, retry_after
        ├── FetchError          a feed or page was not fetched
        ├── FeedError           a fetched feed could not be read
        ├── ExtractError        a fetched page holds no article
        ├── WorkerError         a child process crashed or hit its limits
        └── DeliveryError       a channel did not accept a message
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

__all__ = [
    "DeliveryError",
    "ExternalError",
    "ExtractError",
    "FeedError",
    "FetchError",
    "InputError",
    "NotFoundError",
    "Reason",
    "RoutesError",
    "RulesError",
    "SettingsError",
    "SourceError",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreLockedError",
    "VeilleError",
    "WorkerError",
    "why_unreadable",
]


class Reason(StrEnum):
    """Why the outside failed; also the metric's label, so the list is closed."""

    ADDRESS_REFUSED = "address_refused"  # a non-public address that no setting allows
    AUTH = "auth"  # 401, 403, SMTP 535
    BAD_URL = "bad_url"
    BLOCKED = "blocked"  # a consent wall or a robot check instead of the article
    BUSY = "busy"  # its host's turn is too far off: nothing was asked
    CONNECTION = "connection"
    DNS = "dns"
    EMPTY = "empty"
    ENCODING = "encoding"  # a Content-Encoding that we refuse or that is broken
    GONE = "gone"  # 410
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    INTERRUPTED = "interrupted"  # the daemon was killed or failed, again and again, while it read a page or sent this
    MALFORMED = "malformed"
    NOT_HTML = "not_html"
    PROTOCOL = "protocol"
    RATE_LIMITED = "rate_limited"  # 429
    REDIRECT = "redirect"  # too many, or none allowed here
    REJECTED = "rejected"  # the receiver refuses this message
    RESERVED = "reserved"  # TDM reservation
    ROBOTS = "robots"
    TIMEOUT = "timeout"
    TLS = "tls"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"  # 503, SMTP 421
    WORKER_CPU = "worker_cpu"
    WORKER_CRASHED = "worker_crashed"
    WORKER_MEMORY = "worker_memory"


class VeilleError(Exception):
    """Root of everything veille raises on purpose."""


class SettingsError(VeilleError):
    """Settings are unknown or impossible. `problems` holds one line for each that is; together they are its text."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class SourceError(VeilleError):
    """A feeds file, an OPML document or an address cannot be used."""


class InputError(VeilleError):
    """A file or stream that a one-shot tool was given cannot be read."""


class RulesError(VeilleError):
    """A rule set was refused. `errors` holds one line for each problem, with file, line and column."""

    def __init__(self, message: str, *, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class RoutesError(VeilleError):
    """A routes file was refused. `errors` holds one line for each problem, with file, line and column."""

    def __init__(self, message: str, *, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class StoreError(VeilleError):
    """The database cannot be used."""


class StoreBusyError(StoreError):
    """Another program kept the database locked too long."""


class StoreFullError(StoreError):
    """There is no room on the disk; what was being written is undone, nothing before it is lost."""


class StoreLockedError(StoreError):
    """Another daemon holds the database."""


class NotFoundError(VeilleError):
    """A reference to something that does not exist."""


class ExternalError(VeilleError):
    """The outside failed.

    Args:
        message: what failed, on what; no secret, no full webhook address.
        reason: the closed list that metrics use.
        retryable: whether the same try may work later.
        retry_after: how long the other side asked us to wait, or None.
        status: the HTTP or SMTP status, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        retryable: bool = True,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = status


class FetchError(ExternalError):
    """A feed or page was not fetched.

    Args:
        message: what failed, on what.
        reason: why.
        retryable: whether the same try may work later.
        retry_after: how long `host` asked us to wait, or None.
        status: the HTTP status, or None.
        host: who failed, where a redirect may have led to another than was asked; None: who was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        retryable: bool = True,
        retry_after: timedelta | None = None,
        status: int | None = None,
        host: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, retryable=retryable, retry_after=retry_after, status=status)
        self.host = host


class FeedError(ExternalError):
    """A fetched feed could not be read."""


class ExtractError(ExternalError):
    """A fetched page holds no article."""


class WorkerError(ExternalError):
    """A child process crashed or hit its limits."""


class DeliveryError(ExternalError):
    """A channel did not accept a message."""


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file cannot be read, without its path: the message that says what to do names it already."""
    if isinstance(error, UnicodeDecodeError):
        number = error.object.count(b"\n", 0, error.start) + 1
        return f"line {number} is not UTF-8 text; save the file as UTF-8"
    return error.strerror or str(error)
