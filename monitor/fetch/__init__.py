"""Feeds and pages, fetched politely (promises P1-P6): a feed to its bytes, an entry's link to its page."""

from __future__ import annotations

from monitor.fetch.feed import fetch_feed
from monitor.fetch.gate import Hold, HostGate, Turn
from monitor.fetch.page import fetch_page
from monitor.fetch.permissions import Permissions
from monitor.http import host_of

__all__ = ["Hold", "HostGate", "Permissions", "Turn", "fetch_feed", "fetch_page", "host_of"]
