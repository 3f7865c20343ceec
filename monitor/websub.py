"""What W3C's WebSub (2018-01-23) says between a publisher, its hub and us. Pure.

A feed names its hub and itself (`rel=hub`, `rel=self`). We ask the hub to tell us when it changes, at an address that
nobody can guess and with a secret of its own; the hub asks there whether we did; then it sends what is new, signed.
What it sends is taken for a nudge: the feed is asked for at once, so nothing but the publisher's word is ever read.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from monitor.links import web_link

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LEASE", "Push", "Signature", "hub_of", "lease_end", "renewal_at", "retry_at", "subscription_form"]

LEASE: Final = timedelta(days=10)  # that we ask for
_SHORTEST: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(days=30)
_FIRST_RETRY: Final = timedelta(hours=1)
_LAST_RETRY: Final = timedelta(days=1)
_MOMENT: Final = timedelta(minutes=10)
_MOST_DOUBLINGS: Final = 10
_ALGORITHMS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
_MOST_LINKS: Final = 8192  # characters of a Link header
_LINK: Final = re.compile(
    r"<([^<>]{1,2048})>((?:\s*;\s*[\w*-]{1,40}\s*=\s*(?:\"[^\"]{0,200}\"|[^\s\",;]{1,200})){0,10})"
)
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


def hub_of(link_header: str | None, *, base: str) -> tuple[str | None, str | None]:
    """Return the hub and the topic that a Link header names, each an address or None.

    Args:
        link_header: as received, repeated ones joined by commas.
        base: the address that answered.

    >>> hub_of('<https://hub.example/>; rel="hub", </rss>; rel=self', base="https://gazette.example/feed")
    ('https://hub.example/', 'https://gazette.example/rss')
    """
    found: dict[str, str] = {}
    for address, parameters in _LINK.findall((link_header or "")[:_MOST_LINKS]):
        relations = _REL.search(parameters)
        link = web_link(address, base=base)
        for relation in (relations[1] or relations[2]).lower().split() if relations and link else ():
            found.setdefault(relation, link or "")
    return found.get("hub"), found.get("self")


def subscription_form(*, callback: str, topic: str, secret: str) -> bytes:
    """Return the body of a request to a hub (§5.1)."""
    asked = {
        "hub.mode": "subscribe",
        "hub.topic": topic,
        "hub.callback": callback,
        "hub.secret": secret,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
    }
    return urlencode(asked).encode()


def lease_end(query: Mapping[str, str], *, now: datetime) -> datetime:
    """Return until when a hub says it will tell us; what it does not say is what we asked for."""
    told = query.get("hub.lease_seconds", "")
    lease = timedelta(seconds=int(told)) if re.fullmatch(r"[0-9]{1,9}", told) else LEASE
    return now + min(max(lease, _SHORTEST), _LONGEST)


def renewal_at(lease_until: datetime, *, now: datetime) -> datetime:
    """Return when to ask again: well before the end, a day where there is room."""
    return lease_until - min((lease_until - now) / 4, timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Push:
    """What a poll makes of the last push.

    `is_told`: a hub told of news a moment ago. `is_open`: the poll did not bring it, since a cache answered that did
    not know it yet, or since the feed was asked before; it is to be asked again soon.
    """

    is_told: bool
    is_open: bool

    @classmethod
    def of(cls, pushed_at: datetime | None, *, asked_at: datetime, brings: int, now: datetime) -> Push:
        """Return it.

        Args:
            pushed_at: the last push that no poll has settled, or None.
            asked_at: when the poll began.
            brings: entries that its document did not hold before, as far as is known.
            now: the present instant.
        """
        if pushed_at is None or now - pushed_at >= _MOMENT:
            return cls(is_told=False, is_open=False)
        return cls(is_told=True, is_open=not brings or pushed_at > asked_at)


def retry_at(failures: int, *, now: datetime) -> datetime:
    """Return when to ask a hub again that refused, or did not ask back, so many times in a row."""
    return now + min(_FIRST_RETRY * 2.0 ** min(failures, _MOST_DOUBLINGS), _LAST_RETRY)


class Signature:
    """Checks what a hub sends against its X-Hub-Signature (§7.1), piece by piece.

    Args:
        header: as received, or None.
        secret: of the subscription.
    """

    def __init__(self, header: str | None, secret: str) -> None:
        method, _, self._told = (header or "").strip().partition("=")
        known = method.lower() in _ALGORITHMS
        self._mac = hmac.new(secret.encode(), digestmod=getattr(hashlib, method.lower())) if known else None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        if self._mac is not None:
            self._mac.update(piece)

    @property
    def is_right(self) -> bool:
        """Whether what was taken is what the hub signed."""
        told = self._told.lower().encode("ascii", "replace")
        return self._mac is not None and hmac.compare_digest(self._mac.hexdigest().encode(), told)
