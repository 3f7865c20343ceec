"""The store: schedule, work queue, outbox and log in one SQLite file.

A row is the truth, everything in memory is a nudge: a kill at any instant loses nothing. Each method of `Store` is one
transaction, and gives and takes frozen values, never rows.
"""

from __future__ import annotations

from monitor.store.gaps import Gap
from monitor.store.lock import DaemonLock
from monitor.store.store import Store
from monitor.store.values import (
    ArchivedArticle,
    ArchiveSpan,
    DeliveryLine,
    Earlier,
    EntryState,
    FeedSync,
    Gauges,
    HeldHost,
    HostRelease,
    Judgement,
    LabelLine,
    LedgerLine,
    ListedAlert,
    ListedArticle,
    ListedEntry,
    ListedMatch,
    ListedRevision,
    MatchDetail,
    MatchLine,
    OutboxItem,
    PendingIncidents,
    PendingTroubles,
    PollRecord,
    RecapItem,
    RecapPending,
    Recorded,
    Revised,
    RevisionLine,
    ShadowMatch,
    ToldEntry,
    ToldLine,
    Wording,
)

__all__ = [
    "ArchiveSpan",
    "ArchivedArticle",
    "DaemonLock",
    "DeliveryLine",
    "Earlier",
    "EntryState",
    "FeedSync",
    "Gap",
    "Gauges",
    "HeldHost",
    "HostRelease",
    "Judgement",
    "LabelLine",
    "LedgerLine",
    "ListedAlert",
    "ListedArticle",
    "ListedEntry",
    "ListedMatch",
    "ListedRevision",
    "MatchDetail",
    "MatchLine",
    "OutboxItem",
    "PendingIncidents",
    "PendingTroubles",
    "PollRecord",
    "RecapItem",
    "RecapPending",
    "Recorded",
    "Revised",
    "RevisionLine",
    "ShadowMatch",
    "Store",
    "ToldEntry",
    "ToldLine",
    "Wording",
]
