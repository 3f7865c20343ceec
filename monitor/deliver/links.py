"""Signed links: whoever has one may answer an alert, without a login, until it expires.

A link is made of the alert, what it does, whose it is and when it ends, so that rendering again gives the same.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.settings import Settings

__all__ = ["LINKS_PATH", "Action", "Link", "Signer", "signer_of"]

LINKS_PATH: Final = "/alerts/"

_LASTS = timedelta(days=30)
_PURPOSE = "veille-link/1"  # what the key signs elsewhere is no link


class Action(StrEnum):
    """What a link does, once the page that it leads to was confirmed; `review` only shows."""

    REVIEW = "review"
    RELEVANT = "relevant"
    NOT_RELEVANT = "not_relevant"
    SILENCE = "silence"  # the story
    SILENCE_RULE = "silence_rule"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says of itself."""

    alert_id: str
    action: str
    until_s: str  # seconds since 1970
    receiver: str


@dataclass(frozen=True)
class Signer:
    """Makes links, and knows its own again.

    Args:
        key: who has it can make links.
        address: the public one, without the path of links.
    """

    key: bytes
    address: str

    def links(self, alert_id: str, receiver: str, *, now: datetime) -> tuple[tuple[str, str], ...]:
        """Return the address of each action on an alert, for a receiver."""
        until_s = str(int((now + _LASTS).timestamp()))
        return tuple((action.value, self.url(Link(alert_id, action, until_s, receiver))) for action in Action)

    def url(self, link: Link) -> str:
        """Return the address of a link."""
        # the two in one part: a receiver may be called `..`, which a browser takes for a folder
        parts = (link.alert_id, link.action, f"{link.until_s}.{link.receiver}", self._signature(link))
        return self.address.rstrip("/") + LINKS_PATH + "/".join(quote(part, safe="") for part in parts)

    def is_ours(self, link: Link, signature: str) -> bool:
        """Return whether we made it, in a time that says nothing of the signature."""
        return hmac.compare_digest(self._signature(link).encode(), signature.encode("utf-8", "replace"))

    @staticmethod
    def is_over(link: Link, *, now: datetime) -> bool:
        """Return whether one of ours has expired."""
        return now.timestamp() >= int(link.until_s)

    def _signature(self, link: Link) -> str:
        signed = f"{_PURPOSE}\n{link.alert_id}\n{link.action}\n{link.until_s}\n{link.receiver}"
        digest = hmac.digest(self.key, signed.encode("utf-8", "surrogatepass"), "sha256")
        return urlsafe_b64encode(digest).decode().rstrip("=")


def signer_of(settings: Settings) -> Signer | None:
    """Return what makes links, or None: there is no public address, or no secret to sign with."""
    if settings.public_url is None or settings.link_secret is None:
        return None
    return Signer(settings.link_secret.get_secret_value().encode(), settings.public_url)
