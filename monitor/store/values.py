"""What the store gives and takes beside the values of `monitor.model`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from monitor.errors import Reason
from monitor.model import (
    Alert,
    AlertId,
    AlertType,
    Article,
    ArticleId,
    Channel,
    Completeness,
    DeliveryId,
    DeliveryState,
    Entry,
    EntryId,
    Feed,
    FeedId,
    FeedState,
    Held,
    HostId,
    Incident,
    Lane,
    NotificationReason,
    Receiver,
    Rendered,
    Story,
    Told,
    Trouble,
    Undelivered,
    Why,
)
from monitor.store.gaps import Gap
from rules.types import Document, Level, Match, Status

__all__ = [
    "ArchiveSpan",
    "ArchivedArticle",
    "AttemptLine",
    "DeliveryLine",
    "Earlier",
    "EntryState",
    "Failures",
    "FeedSync",
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
    "MatchFilter",
    "MatchLine",
    "MatchRecord",
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
    "ToldEntry",
    "ToldLine",
    "Unsent",
    "Wording",
]


class EntryState(StrEnum):
    """Where an entry stands."""

    TO_READ = "to_read"
    DONE = "done"
    BASELINE = "baseline"  # of a feed's first poll, and old or undated: never read
    DUPLICATE = "duplicate"  # another feed's entry has the same link and words: never read


class Judgement(StrEnum):
    """What people said of a match, as a filter."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not_relevant"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FeedSync:
    """What changed when the declared feeds were compared with the stored ones."""

    added: tuple[Feed, ...] = ()
    paused: tuple[Feed, ...] = ()
    resumed: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try of a message, or a replay of it: `number` is 0, and `detail` says who."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None  # sent, retry, failed, interrupted, replayed; None: under way
    reason: Reason | None = None
    error: str | None = None
    status: int | None = None
    detail: str | None = None
    refused: tuple[str, ...] = ()  # recipients that did not accept it


@dataclass(frozen=True, slots=True)
class Failures:
    """Messages that were given up and of which nobody was told; by receiver, and when others last were."""

    receivers: tuple[Undelivered, ...] = ()
    ids: tuple[DeliveryId, ...] = ()
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is measured every few seconds."""

    entries_waiting: int
    outbox_pending: int
    outbox_oldest_s: float  # age of the oldest delivery that is not settled; 0: none
    feeds: dict[str, int]  # by status
    incidents: dict[str, int]  # that last, by kind
    troubles: dict[str, int]  # so too


@dataclass(frozen=True, slots=True)
class HeldHost:
    """A host that is left alone, and until when: its feeds, its pages; None: they are not."""

    name: str
    feeds_until: datetime | None
    pages_until: datetime | None


@dataclass(frozen=True, slots=True)
class HostRelease:
    """That a host is given back: to which lane (None: the same), and how long it is to be left alone."""

    id: HostId
    lane: Lane | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class PollRecord:
    """How the entries of one poll were taken.

    `new` are to be read; `baseline` are those of a first poll, read only if young; `known` were seen here or elsewhere,
    and `changed` of them were read before and are to be read again; `passed_over` changed with most of the document,
    which is no news of each. `moved`: the feed is polled at another address from now on. `gap`: articles may have been
    missed before this poll.
    """

    new: int = 0
    baseline: int = 0
    known: int = 0
    moved: bool = False
    gap: Gap | None = None
    changed: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to deliver, rendered. `message_id` is its identity for life (promise D3).

    `error` says why it could not be rendered; such a message is failed from the start, and shows (promise D1).
    `route` and `group` are those that let it go; `held` says why it may not leave yet.
    """

    receiver: Receiver
    message_id: str
    rendered: Rendered
    error: str | None = None
    route: str = ""
    group: str = ""
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an article added: the matches and alerts that were not there; `is_new`: nor was the article."""

    article_id: ArticleId
    is_new: bool = False
    matches: tuple[Match, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingIncidents:
    """What may still be told of sources: incidents, when each type was last told, and gaps of each feed."""

    incidents: tuple[Incident, ...]
    last_at: dict[AlertType, datetime]
    gaps_at: dict[int, datetime]


@dataclass(frozen=True, slots=True)
class Unsent:
    """A heartbeat that was not accepted, and why; None: nothing was answered yet."""

    error: str | None = None


@dataclass(frozen=True, slots=True)
class PendingTroubles:
    """What may still be told of veille itself: troubles, and when each type was last told."""

    troubles: tuple[Trouble, ...]
    last_at: dict[AlertType, datetime]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An article as it was recorded before, with what people know of it."""

    article: Article
    story: Story
    told: tuple[Told, ...]
    copy_of: str | None = None  # the outlet that had its text before


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """What identifies an entry whose article people were told of."""

    id: EntryId
    guid: str | None
    link: str


@dataclass(frozen=True, slots=True)
class Revised:
    """How an article changed: the parts that did (`title`, `lead`, `body`, `withdrawn`), and the rules that lost it.

    No part: more of the same text was read, or nothing is new.
    """

    changed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One change of an article: what it said before and after."""

    alert_id: AlertId | None  # the first that told the article
    number: int
    seen_at: datetime
    changed: tuple[str, ...]
    outlet: str
    url: str | None
    before: Wording
    after: Wording


@dataclass(frozen=True, slots=True)
class Wording:
    """What an article says."""

    title: str
    lead: str
    body: str
    text_sha256: str


@dataclass(frozen=True, slots=True)
class RecapItem:
    """A match of a first poll that nobody was told yet."""

    match_id: int
    story: Story
    match: Match


@dataclass(frozen=True, slots=True)
class RecapPending:
    """What a recap would tell: how many matches, and the best of them whole."""

    count: int
    oldest_at: datetime | None
    items: tuple[RecapItem, ...]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery in a list."""

    id: DeliveryId
    alert_id: AlertId
    type: AlertType
    title: str | None  # of the best story it tells
    receiver: str
    channel: Channel
    message_id: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    sent_at: datetime | None
    last_reason: Reason | None
    last_error: str | None
    why: Why | None = None  # it is, or was, held
    held_until: datetime | None = None  # None: until the next digest
    silence: str | None = None  # which one held for it when it was to leave
    told_by: DeliveryId | None = None  # of one that is grouped: what tells it, which may be grouped in its turn


@dataclass(frozen=True, slots=True)
class MatchLine:
    """A match in a list.

    `relevant` is the last judgement; `alert_id` is None until someone was told, and `joined_alert_id` an alert on its
    story that was there before it, and says nothing of its article.
    """

    id: int
    alert_id: AlertId | None
    rule: str
    rule_title: str
    level: Level | None  # None: a near miss
    score: float
    threshold: float | None
    near_miss: bool
    outlet: str
    title: str
    url: str | None
    published_at: datetime | None
    first_seen_at: datetime
    matched_at: datetime
    completeness: Completeness
    baseline: bool
    relevant: bool | None
    language: str | None = None
    lost_at: datetime | None = None  # the text changed or went, and the rule finds it no longer
    withdrawn_at: datetime | None = None  # the article's page is gone since
    joined_alert_id: AlertId | None = None

    @property
    def is_lost_with_page(self) -> bool:
        """Whether the rule finds it no longer because the page is gone."""
        return self.lost_at is not None and self.withdrawn_at is not None and self.lost_at >= self.withdrawn_at


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """Which matches are asked for.

    Attributes:
        rule: of this rule id.
        entity: in articles that mention this entity id.
        outlet: in articles of this outlet, whatever the case of its letters.
        story: in articles of the story with this id.
        since: recorded then or later.
        until: recorded before.
        level: of this level, that a burst may have raised it to.
        min_score: with at least this score.
        label: judged so; `Judgement.NONE`: not judged yet.
        language: in articles in this language, such as `fr`.
        near_misses: near misses too.
    """

    rule: str | None = None
    entity: str | None = None
    outlet: str | None = None
    story: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    level: Level | None = None
    min_score: float | None = None
    label: Judgement | None = None
    language: str | None = None
    near_misses: bool = False


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """A match as it is exported: what a list shows of it, and what a spreadsheet is asked for besides.

    Attributes:
        line: the match in a list.
        rule_version: the version that the rule had.
        rule_status: the status that the rule had.
        labels: of the rule, in its order.
        tags: of the rule.
        wire: the agency that the article credits; None: none was found.
        entities: ids of what the article names, in order of first sight.
        story_id: its story.
        story_title: the story's title.
        outlets: how many outlets the story has so far.
        texts: how many distinct texts.
        deliveries: the receivers of its alert, and where each message stands.
        sent_at: when the first of them was accepted.
        silence: the silence that held the alert back from everybody.
    """

    line: MatchLine
    rule_version: str
    rule_status: Status
    labels: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    wire: str | None
    entities: tuple[str, ...]
    story_id: str
    story_title: str
    outlets: int
    texts: int
    deliveries: tuple[tuple[str, DeliveryState], ...] = ()
    sent_at: datetime | None = None
    silence: str | None = None


@dataclass(frozen=True, slots=True)
class MatchDetail:
    """A match with all that explains it. `others` are the further matches of the same alert."""

    line: MatchLine
    match: Match
    article: Article
    story: Story
    feed_url: str
    entities: tuple[str, ...]
    deliveries: tuple[DeliveryLine, ...]
    labels: tuple[tuple[datetime, bool], ...]  # oldest first
    others: tuple[MatchLine, ...] = ()
    revisions: int = 0  # of the article


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A judgement, as recorded."""

    ref: str  # the alert's full reference, or the match's number
    relevant: bool
    match_ids: tuple[int, ...]
    labelled_at: datetime
    changed: int  # how many of them had been judged otherwise


@dataclass(frozen=True, slots=True)
class ArchiveSpan:
    """Where the articles of a period lie. `withheld` have no text that was kept, and are not counted in `count`."""

    first_id: int
    last_id: int
    count: int = 0
    withheld: int = 0
    oldest_at: datetime | None = None  # when the first of them was first seen


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """A stored article, as rules read it."""

    id: ArticleId
    url: str | None
    first_seen_at: datetime
    document: Document


@dataclass(frozen=True, slots=True)
class ShadowMatch:
    """A match or near miss of one rule in the log, with the version and status that the rule had then."""

    matched_at: datetime
    near_miss: bool
    version: str
    status: Status
    relevant: bool | None


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert that tells a match, and its deliveries, in order. No receiver: it is in the log only, or silenced."""

    id: AlertId
    reason: NotificationReason
    planned_at: datetime
    receivers: tuple[str, ...]
    deliveries: tuple[DeliveryLine, ...]
    updates: AlertId | None = None  # the alert that it is an update of
    silence: str | None = None  # which one held it back from everybody
    tellers: tuple[DeliveryLine, ...] = ()  # what tells those of its deliveries in the end that are grouped

    def teller(self, delivery: DeliveryLine) -> DeliveryLine | None:
        """Return the message that tells what a delivery would have; None: it does so itself, or nobody knows."""
        return next((one for one in self.tellers if one.receiver == delivery.receiver), None)


@dataclass(frozen=True, slots=True)
class ListedMatch:
    """A match or near miss of an article, and what became of it.

    Attributes:
        id: its number.
        match: what the rule saw.
        matched_at: when.
        waits_for_recap: whether a recap is still to tell it.
        alerts: those that tell it.
        lost_at: when the text had changed or gone, and the rule found it no longer.
        joined: those on its story that were there before it, and say nothing of this article.
        growth: the updates of these that say that the story grew by it.
    """

    id: int
    match: Match
    matched_at: datetime
    waits_for_recap: bool
    alerts: tuple[ListedAlert, ...]
    lost_at: datetime | None = None
    joined: tuple[ListedAlert, ...] = ()
    growth: tuple[ListedAlert, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedRevision:
    """When an article was seen to have changed, and which parts had (`title`, `lead`, `body`, `withdrawn`)."""

    seen_at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedArticle:
    """The article of an entry, with its matches and near misses, best first, and its changes, in order."""

    id: ArticleId
    article: Article
    recorded_at: datetime
    matches: tuple[ListedMatch, ...]
    revisions: tuple[ListedRevision, ...] = ()
    copy_of: str | None = None  # the outlet that had its text before

    @property
    def withdrawn_at(self) -> datetime | None:
        """Since when its page is gone; None: it is there, as far as is known."""
        gone = [revision.seen_at for revision in self.revisions if "withdrawn" in revision.changed]
        return gone[-1] if gone and self.article.page_reason is not None else None


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """All that is known of an entry and of what followed from it."""

    id: EntryId
    feed: FeedState
    entry: Entry
    state: EntryState
    first_seen_at: datetime
    baseline: bool
    same_as: EntryId | None  # the entry that is read in its place
    lane: Lane
    attempts: int
    next_attempt_at: datetime | None
    lease_until: datetime | None
    last_reason: Reason | None
    last_error: str | None
    withheld: bool  # its page is reserved: its texts were not kept (promise P5)
    article: ListedArticle | None
    is_reread: bool = False  # it changed, and waits to be read again
    interrupted: int = 0  # how often in a row a reading ended with the daemon


class LedgerLine(NamedTuple):
    """An article's way so far; a named tuple, since there are a hundred thousand of them."""

    feed_id: FeedId
    baseline: bool
    seen_at: datetime
    published_at: datetime | None
    read_at: datetime
    completeness: str
    page_reason: str | None


class ToldLine(NamedTuple):
    """A match that an alert tells, and one of its deliveries. No receiver: it is in the log only."""

    alert_id: AlertId
    type: AlertType
    feed_id: FeedId
    rule: str
    read_at: datetime | None
    planned_at: datetime
    receiver: str | None
    sent_at: datetime | None
