"""The frozen values that travel from step to step, in one direction.

Words are those of docs/glossary.md. Instants are UTC-aware and end in `_at`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from urllib.parse import urlsplit

from monitor.errors import Reason
from monitor.receivers import Channel, Receiver
from monitor.rhythm import Rhythm
from rules.types import Burst, Completeness, Document, Level, Match

__all__ = [
    "Alert",
    "AlertId",
    "AlertType",
    "Article",
    "ArticleId",
    "ArticleKind",
    "Candidate",
    "Change",
    "Channel",
    "Completeness",
    "Delivery",
    "DeliveryId",
    "DeliveryState",
    "Digest",
    "Disabled",
    "Endpoint",
    "Entry",
    "EntryClaim",
    "EntryId",
    "Features",
    "Feed",
    "FeedId",
    "FeedResponse",
    "FeedState",
    "FeedStatus",
    "Grouped",
    "Health",
    "Held",
    "HeldMessage",
    "Hints",
    "History",
    "HostClaim",
    "HostId",
    "Incident",
    "IncidentId",
    "IncidentKind",
    "Lane",
    "Member",
    "Missed",
    "NotModified",
    "NotificationReason",
    "Page",
    "ParsedFeed",
    "PollOutcome",
    "PollResult",
    "Receipt",
    "Receiver",
    "Refusal",
    "Rendered",
    "Reread",
    "RuleRecord",
    "Silence",
    "SourcesState",
    "Standing",
    "Standstill",
    "Story",
    "StorySource",
    "Subscription",
    "Told",
    "Undelivered",
    "Update",
    "Why",
]

FeedId = NewType("FeedId", int)
HostId = NewType("HostId", int)
EntryId = NewType("EntryId", int)
ArticleId = NewType("ArticleId", int)
DeliveryId = NewType("DeliveryId", int)
IncidentId = NewType("IncidentId", int)
AlertId = NewType("AlertId", str)


# --- feeds ----------------------------------------------------------------------------------------------------------


class FeedStatus(StrEnum):
    """A feed's standing. `gone` is a 410: polled no more until it is added again."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


class Lane(StrEnum):
    """Healthy hosts never queue behind slow or failing ones (promise R4)."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as declared: what to poll and what to call it."""

    url: str
    title: str | None = None
    outlet: str | None = None
    country: str | None = None
    kind: str | None = None
    language: str | None = None
    section: str | None = None
    typed: bool = True  # the operator typed it: exempt from robots.txt; a catalogue feed is not (promise P4)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed's document says of when to ask for it."""

    ttl_s: float | None = None  # RSS: how long it may be kept
    period_s: float | None = None  # the syndication module: how often it is written, says its software
    skip_hours: tuple[int, ...] = ()  # RSS: hours in UTC in which it is not written
    skip_days: tuple[int, ...] = ()  # and days; 0 is Monday


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed as the store knows it: the declaration, its validators and its health."""

    id: FeedId
    feed: Feed
    host: str  # "name" or "name:port"
    status: FeedStatus
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    is_heavy: bool = False  # its last document was too much for the fast lane
    note: str | None = None  # why that was hard to read
    baseline_at: datetime | None = None  # first successful poll
    next_due_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    interval_s: float | None = None
    failures: int = 0  # in a row
    failing_since: datetime | None = None  # the first of them
    quiet_since: datetime | None = None  # its last new entry, where that is long ago for it
    last_reason: Reason | None = None
    last_error: str | None = None
    moved_to: str | None = None  # permanent redirect seen
    moved_count: int = 0  # identical answers in a row
    traces: bytes = field(default=b"", repr=False)  # of the entries of its last document
    rhythm: Rhythm | None = None  # when it brings new entries; None: its first document was not read yet
    hints: Hints = Hints()
    polled_url: str | None = None  # where it moved to for good; None: it is polled where it was declared

    @property
    def address(self) -> str:
        """Where it is polled."""
        return self.polled_url or self.feed.url

    @property
    def outlet(self) -> str:
        """The name to show: the declared one, else the feed's title, else its host's."""
        host = urlsplit(self.feed.url).hostname or self.host
        return self.feed.outlet or self.feed.title or host.removeprefix("www.")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed whose changes its hub tells us, or is asked to (WebSub)."""

    feed_id: FeedId
    hub: str
    topic: str  # the feed, as the hub knows it
    token: str  # the end of our address for it
    secret: str
    due_at: datetime  # when the hub is asked, or asked again
    asked_at: datetime | None = None  # None: not, or it has confirmed since
    lease_until: datetime | None = None
    pushed_at: datetime | None = None  # the last push, until a poll brings what it told of
    is_trusted: bool = False  # it told us of what came: the feed is polled more seldom
    failures: int = 0  # in a row
    last_error: str | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether the hub has promised to tell us."""
        return self.lease_until is not None and now < self.lease_until


@dataclass(frozen=True, slots=True)
class FeedResponse:
    """A feed's bytes, decoded from their Content-Encoding and not further."""

    url: str  # final
    status: int
    body: bytes
    content_type: str | None
    etag: str | None
    last_modified: str | None
    moved_to: str | None = None  # where a chain of permanent redirects led, if any
    max_age_s: float | None = None  # Cache-Control or Expires
    link: str | None = None  # its Link header


@dataclass(frozen=True, slots=True)
class NotModified:
    """The feed says it has not changed since our validators."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a feed, cleaned: no control characters, absurd dates unknown, links http(s) or None.

    `keys` identify it inside its feed (promise I1), strongest first: `g:<guid>`, `l:<canonical link>`, or `h:<hash>`
    where it has neither.
    """

    keys: tuple[str, ...]
    guid: str | None
    link: str | None
    title: str
    summary: str  # plain text
    content: str = ""  # plain text of content:encoded / atom:content, or ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document as we understand it."""

    format: str  # rss20, atom10, rss10, json11, sitemap-news, sitemap, sitemap-index, … or ""
    title: str | None
    link: str | None
    language: str | None
    entries: tuple[Entry, ...]
    truncated: bool = False  # cut short: its last entry was left out (promise I3)
    dropped: int = 0  # entries over the cap
    hints: Hints = Hints()
    note: str | None = None  # why it was hard to read, for the user
    hub: str | None = None  # who tells of its changes, and what it calls itself there (WebSub)
    topic: str | None = None
    parts: tuple[str, ...] = ()  # of an index of sitemaps: those to read, most promising first
    cpu_s: float = field(default=0.0, compare=False)  # that reading it took
    size_bytes: int = field(default=0, compare=False)  # of the document, unpacked
    held: int = 0  # entries that the feed's last document held too, byte for byte
    traces: bytes = field(default=b"", compare=False, repr=False)  # of what this one holds


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What one poll of one feed gave; the store turns it into the feed's new state."""

    kind: PollResult
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    is_heavy: bool = False
    truncated: bool = False  # the document was cut short
    note: str | None = None  # why it was hard to read
    moved_to: str | None = None
    reason: Reason | None = None
    error: str | None = None
    fetched_in_s: float = 0.0
    title: str | None = None
    by_date: bool = False  # it lists what is of the last days, and not the latest: that shares nothing by right
    hub: str | None = None
    topic: str | None = None
    hints: Hints = Hints()
    held: int = 0  # entries of the document that the last one held too
    traces: bytes = field(default=b"", repr=False)  # by which the next one's are told


class PollResult(StrEnum):
    """How a poll ended."""

    PARSED = "parsed"
    NOT_MODIFIED = "not_modified"
    SAME_BODY = "same_body"
    FAILED = "failed"


# --- claims ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HostClaim:
    """A host we may now talk to, with its feeds that are due."""

    id: HostId
    host: str
    lane: Lane
    feeds: tuple[FeedState, ...]


class Reread(StrEnum):
    """How an entry that changed in its feed is read again."""

    PAGE = "page"
    TITLE = "title"  # without asking for its page


@dataclass(frozen=True, slots=True)
class EntryClaim:
    """An entry whose article we may now read.

    `reread` is None the first time. `rereads` counts how often it was queued again; where the feed changed it while it
    was read, the store's count is ahead of it.
    """

    id: EntryId
    feed: FeedState
    entry: Entry
    first_seen_at: datetime
    baseline: bool  # of the feed's first poll: told in the recap only
    attempts: int  # this one included
    lane: Lane = Lane.FAST
    queued_at: datetime | None = None  # for a further reading; None: when it was first seen
    reread: Reread | None = None
    rereads: int = 0
    is_recorded: bool = False  # its article is stored already: read before, or told from title and summary
    is_withheld: bool = False  # of its texts only the title was kept (promise P5)
    interrupted: int = 0  # how often in a row a reading ended with the daemon
    has_waited: bool = False  # since that


# --- articles -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched web page, decoded from its Content-Encoding and not further."""

    url: str
    final_url: str
    body: bytes
    content_type: str | None
    reserved: bool = False  # TDM reservation seen (header, meta or tdmrep.json)


@dataclass(frozen=True, slots=True)
class Article:
    """The text of an article, from its page or, failing that, from its feed entry."""

    url: str | None
    title: str
    lead: str
    body: str
    language: str | None
    published_at: datetime | None
    authors: tuple[str, ...]
    completeness: Completeness
    extractor: str  # "trafilatura/2.3.1 json-ld", "feed"
    text_sha256: str
    outlet: str
    wire: str | None = None
    reserved: bool = False
    page_reason: Reason | None = None  # why the page could not be used
    page_error: str | None = None

    def document(self, *, feed: str | None, first_seen_at: datetime, copy_of: str | None = None) -> Document:
        """Return what rules read; `copy_of` is the outlet that had this very text before."""
        return Document(
            title=self.title,
            lead=self.lead,
            body=self.body,
            language=self.language,
            published_at=self.published_at,
            first_seen_at=first_seen_at,
            feed=feed,
            outlet=self.outlet,
            completeness=self.completeness,
            wire=self.wire,
            copy_of=copy_of,
        )


@dataclass(frozen=True, slots=True)
class StorySource:
    """One article of a story."""

    outlet: str
    url: str | None
    published_at: datetime | None
    completeness: Completeness
    wire: bool | None = None
    title: str = ""
    extractor: str | None = None
    agency: str | None = None  # whose dispatch it is, where `wire`


@dataclass(frozen=True, slots=True)
class Story:
    """Articles on one event.

    `sources` begins with the article that is told; the others follow, those that came last first. They are capped:
    `truncated` counts those that are not listed, and of a story that follows a full one those of that. Articles that
    say the same but for a few words are one text.
    """

    id: str
    title: str  # of the article that is told
    first_seen_at: datetime
    sources: tuple[StorySource, ...]
    truncated: int = 0
    entities: tuple[str, ...] = ()  # ids of those that its latest article names
    outlets: int = 1
    texts: int = 1

    def told_by(self, source: StorySource, entities: tuple[str, ...]) -> Story:
        """Return it as one of its articles tells it: its title, and that article before the others."""
        others = tuple(one for one in self.sources if (one.outlet, one.url) != (source.outlet, source.url))
        return replace(
            self,
            title=source.title,
            sources=(source, *others),
            truncated=max(0, self.truncated - (len(others) == len(self.sources))),
            entities=entities,
        )


class ArticleKind(StrEnum):
    """What an article is, as far as grouping minds: all but news stay alone, for they tell of many events."""

    NEWS = "news"
    LIVE = "live"
    PRESS_REVIEW = "press_review"
    NEWSLETTER = "newsletter"
    AGENDA = "agenda"


@dataclass(frozen=True, slots=True)
class Features:
    """What is compared of an article."""

    kind: ArticleKind
    text: str  # hash of its folded words; "": too few to tell
    minhash: bytes  # of its word shingles; b"": too few
    terms: tuple[tuple[str, float], ...]  # with how rare each is in the press; what the article is most about first
    title: tuple[str, ...]  # the terms of its title
    head: tuple[str, ...]  # those of its title and lead
    names: tuple[str, ...]  # its terms that are names
    numbers: tuple[tuple[str, str], ...]  # what it counts: so many, of what ("": unknown)
    title_developments: tuple[str, ...] = ()  # what its title says has happened since the event: an arrest, an appeal
    head_developments: tuple[str, ...] = ()  # the same of its title and lead


@dataclass(frozen=True, slots=True)
class Member:
    """An article of a story, as grouping knows it."""

    article_id: int
    house: str
    url_key: str
    at: datetime
    text_id: int  # the first article of the story with this text
    features: Features


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that an article may belong to."""

    story: Story
    members: tuple[Member, ...]  # the first and those that share the most with the article
    articles: int
    houses: tuple[str, ...]
    is_own: bool = False  # it was made of the article's own entry, seen before in another feed


@dataclass(frozen=True, slots=True)
class Grouped:
    """What grouping keeps of an article."""

    house: str
    url_key: str
    at: datetime
    features: Features
    keys: tuple[int, ...]  # by which articles like it are found
    terms: tuple[str, ...] = ()  # that are counted
    same_text_as: int | None = None  # the first article of its story with its text; None: itself


# --- alerts ---------------------------------------------------------------------------------------------------------


class AlertType(StrEnum):
    """The `type` of a payload."""

    STORY_NEW = "story.alert.new"
    STORY_UPDATED = "story.alert.updated"
    STORY_DIGEST = "story.digest"
    STORY_RECAP = "story.recap"
    RULES_REJECTED = "rules.rejected"
    SOURCE_GAP = "source.gap"
    SOURCE_FAILING = "source.failing"
    SOURCE_RECOVERED = "source.recovered"
    SYSTEM_FAILING = "system.failing"
    SYSTEM_RECOVERED = "system.recovered"
    DELIVERY_FAILED = "delivery.failed"
    ENDPOINT_DISABLED = "endpoint.disabled"
    HEARTBEAT = "heartbeat"


class NotificationReason(StrEnum):
    """Why a message is sent; nothing else is a reason."""

    FIRST_ALERT = "first_alert"
    STORY_GREW = "story_grew"  # other outlets have it too
    LEVEL_RAISED = "level_raised"
    CORRECTED = "corrected"
    DIGEST = "digest"  # at its time, or what was held
    RECAP = "recap"
    RULES_REJECTED = "rules_rejected"
    SOURCE_GAP = "source_gap"
    SOURCE_FAILING = "source_failing"
    SOURCE_STILL_FAILING = "source_still_failing"  # told again each day
    SOURCE_MOVED = "source_moved"
    SOURCE_RECOVERED = "source_recovered"
    SYSTEM_FAILING = "system_failing"
    SYSTEM_STILL_FAILING = "system_still_failing"  # told again each day
    SYSTEM_RECOVERED = "system_recovered"
    DELIVERY_FAILED = "delivery_failed"
    ENDPOINT_DISABLED = "endpoint_disabled"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule set, or a routes file, that was refused while another was live.

    It holds no secret and no path of the machine.
    """

    error: str  # what was refused, in one sentence
    errors: tuple[str, ...]  # one line for each problem, with file, line and column; none where no file could be read
    rules_live: int  # of the set that goes on
    of_routes: bool = False


class Change(StrEnum):
    """What happened to an article that people know, or should now know (promise I9)."""

    GREW = "grew"  # other outlets have it too
    LEVEL_RAISED = "level_raised"
    TITLE_CHANGED = "title_changed"  # and says something else
    MATCHED = "matched"  # the text as changed is found by a rule that did not find it, or not any more
    UNMATCHED = "unmatched"  # the text as changed is no longer found: what was told has lost its ground
    WITHDRAWN = "withdrawn"  # its page is gone


@dataclass(frozen=True, slots=True)
class Standing:
    """How an article stood with a rule. No level: the rule does not find it."""

    title: str
    level: Level | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What an alert adds to an earlier one on the same story and rule.

    `of` is that earlier alert; None: nothing was told before. Of several first alerts each receiver has its own:
    `firsts` names them, by receiver, and `threads` the identities of their messages, but of those that told other
    stories too. `burst` is what raised the level, where several outlets did.
    """

    of: AlertId | None
    change: Change
    before: Standing
    after: Standing
    firsts: tuple[tuple[str, AlertId], ...] = ()
    threads: tuple[tuple[str, str], ...] = ()
    burst: Burst | None = None

    def first_for(self, receiver: str) -> AlertId | None:
        """Return the earlier alert that a receiver was told; of one that was told none, that which others were."""
        return dict(self.firsts).get(receiver, self.of)


@dataclass(frozen=True, slots=True)
class Told:
    """A match that is stored, and what people were told of it; no `first`: nobody was told."""

    match: Match
    source: StorySource  # its article
    title: str  # as last told; of the article where nobody was told
    level: Level  # as last told
    is_lost: bool = False  # the text changed, and the rule finds it no longer
    # the alerts that told it first, and to whom; updates too, for those who had been told nothing before
    first: tuple[tuple[AlertId, tuple[str, ...]], ...] = ()
    with_others: frozenset[AlertId] = frozenset()  # those of them that told other stories too: recaps and digests
    times: int = 0  # alerts that told it, updates included
    highest: tuple[tuple[str, Level], ...] = ()  # the highest level at which each receiver was told it
    is_raised: bool = False  # a burst raised its level
    match_id: int = 0  # in the log
    entities: tuple[str, ...] = ()  # ids of those that its article names


class IncidentKind(StrEnum):
    """What is wrong with a source. A gap and a move are told once; the others last until they end."""

    GAP = "gap"  # two polls in a row shared no entry: articles may have been missed between them
    FAILING = "failing"
    GONE = "gone"  # 410: polled no more
    QUIET = "quiet"  # no new entry for far longer than it is used to
    MOVED = "moved"  # polled at another address from now on

    @property
    def lasts(self) -> bool:
        """Whether it goes on until it ends."""
        return self not in {IncidentKind.GAP, IncidentKind.MOVED}


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that people must know of a source, beside the source as it is now."""

    id: IncidentId
    kind: IncidentKind
    source: FeedState
    began_at: datetime  # of a gap: the last poll before it
    until_at: datetime | None = None  # of a gap: the poll that found it
    count: int = 1  # of gaps: how many in that time
    missed: int | None = None  # of gaps: how many articles, by the pace at which the feed lists them
    old_url: str | None = None  # of a move: the address before
    told: int = 0  # how often
    told_at: datetime | None = None  # the last time
    ended_at: datetime | None = None  # of what lasts
    ref: str = ""  # "in_" and 12 digits: the same as often as it is told; given when that is planned


class TroubleKind(StrEnum):
    """What is wrong with veille itself."""

    OUTBOX = "outbox"  # messages to a receiver wait for too long
    POLLING = "polling"  # no feed was polled with success for an hour
    DISK = "disk"  # of the database, nearly full
    CANARY = "canary"  # the article that goes the whole way did not get there


class Step(StrEnum):
    """A part of the way that the canary goes."""

    READING = "reading"
    EXTRACTING = "extracting"
    JUDGING = "judging"
    STORING = "storing"
    DELIVERING = "delivering"


@dataclass(frozen=True, slots=True)
class CanaryHealth:
    """How the last canaries fared. No `step`: the last one went the whole way, or none was sent yet."""

    due_at: datetime | None = None  # the next one; None: not decided yet
    step: Step | None = None  # at which the last one failed
    since: datetime | None = None  # the first that failed since one went the whole way
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that is wrong with veille itself, as it is now. Nothing in it is a secret."""

    kind: TroubleKind
    subject: str = ""  # the receiver, or the step of the canary; "" where there is one of its kind
    since: datetime | None = None  # the oldest message waits, the last poll succeeded, the first canary failed
    count: int | None = None  # messages that wait, or feeds that fail or are overdue
    given_up: int = 0  # messages, since the last that was sent
    of: int | None = None  # feeds that are polled
    free_mb: int | None = None
    total_mb: int | None = None
    error: str | None = None  # why the last attempt failed


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages to a receiver that may leave and have not: the oldest since when, how many, and why."""

    receiver: str
    since: datetime | None  # None: none waits
    count: int
    error: str | None = None  # of the oldest that was tried
    given_up: int = 0  # since the last that was sent; counted where the receiver was known to fail


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What shows whether veille does its work."""

    waiting: tuple[Waiting, ...] = ()
    feeds: int = 0  # that are polled
    feeds_late: int = 0  # of them, that fail or are overdue
    polled_at: datetime | None = None  # the last poll of any of them that succeeded
    added_at: datetime | None = None  # the first of them


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident that is no source's: what is wrong with veille itself, and how often it was told."""

    id: IncidentId
    kind: TroubleKind
    subject: str
    began_at: datetime  # when it was first seen
    told: int = 0
    told_at: datetime | None = None
    ended_at: datetime | None = None
    sight: Sight | None = None  # as it is now; None: it is over
    ref: str = ""  # as of an `Incident`


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What a rule has given lately, this match not counted: how much its word is worth."""

    matches_today: int = 0  # since midnight where the readers are
    relevant: int = 0  # of the matches of the last 90 days that were judged
    judged: int = 0


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A delivery that is held, with what it tells as that is now.

    `lost` is what became of its article meanwhile, where the rule finds it no longer: changed, or withdrawn.
    """

    id: DeliveryId
    alert_id: AlertId
    receiver: str
    route: str
    group: str
    why: Why
    held_until: datetime | None  # None: until the next digest
    created_at: datetime
    reason: NotificationReason
    is_update: bool
    story: Story
    match: Match
    match_id: int
    lost: Change | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a digest says of that was not told.

    Attributes:
        near: near misses, the nearest first: "recalés de peu".
        near_count: how many there were in all.
        silences: what held alerts back, and how many each did; those that held back the most first.
    """

    near: tuple[tuple[Story, Match], ...] = ()
    near_count: int = 0
    silences: tuple[Silence, ...] = ()

    @property
    def silenced(self) -> int:
        """How many alerts silences held back."""
        return sum(silence.alerts for silence in self.silences)


@dataclass(frozen=True, slots=True)
class SourcesState:
    """How the sources are, and what happened to them in a time.

    Attributes:
        feeds: how many are polled.
        failing: the names of those that fail, were never read, are gone or silent: one for each feed.
        gaps: possible gaps: the source, from when, until when.
        articles: how many were read.
        partial: how many of them only in part.
    """

    feeds: int = 0
    failing: tuple[str, ...] = ()
    gaps: tuple[tuple[str, datetime, datetime | None], ...] = ()
    articles: int = 0
    partial: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest adds to the stories that it lists.

    Attributes:
        until: when it was due.
        since: when the one before it was, or the oldest of what it tells was held.
        why: what held the messages that it stands for; None: it comes at its time.
        missed, sources: of a digest at its time.
        lost: of what it lists, the story and the rule that finds its article no longer, and why.
        others: how many stories it counts but does not list.
        others_serious: how many of them are of the highest level that it tells.
    """

    until: datetime
    since: datetime
    why: Why | None = None
    missed: Missed | None = None
    sources: SourcesState | None = None
    lost: tuple[tuple[str, str, Change], ...] = ()
    others: int = 0
    others_serious: int = 0


class Disabled(StrEnum):
    """Why a receiver is sent nothing until somebody enables it again."""

    GONE = "gone"  # it answered 410
    FAILING = "failing"  # for days


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a receiver does not get.

    Attributes:
        receiver: its name.
        messages: how many were given up; of one that is disabled: how many wait for it.
        since: when the oldest of those was written; of one that is disabled: since when it fails.
        why: why it is disabled; None: it is not, messages were given up.
        error: what it said last.
        delivery_id: of the message, where there is one only.
    """

    receiver: str
    messages: int
    since: datetime
    why: Disabled | None = None
    error: str | None = None
    delivery_id: DeliveryId | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person should be told: matches, one to one with `stories`, a refusal, incidents, troubles or receivers."""

    id: AlertId  # "al_" and 12 Crockford base32 digits; derived from what it tells, so planning twice gives one alert
    type: AlertType
    reason: NotificationReason
    planned_at: datetime
    receivers: tuple[str, ...]
    stories: tuple[Story, ...]
    matches: tuple[Match, ...]
    latency_s: tuple[tuple[str, float], ...] = ()  # ("published_to_seen_s", 820.0), …
    truncated: int = 0  # matches, errors, incidents or troubles that it counts but does not list
    refusal: Refusal | None = None
    update: Update | None = None
    incidents: tuple[Incident, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    record: RuleRecord | None = None  # of the rule of an alert on a story
    digest: Digest | None = None
    budget_until: datetime | None = None  # it is the last that a budget lets go; what follows waits until then
    links: tuple[tuple[str, str], ...] = ()  # what a receiver may answer, and where: ("relevant", "https://…"), …
    silence: str | None = None  # the silence that holds it back from everybody


@dataclass(frozen=True, slots=True)
class Silence:
    """What nobody is told of for a while. `matchers` are written as in routes; `ended_at`: somebody ended it early."""

    id: str  # "si_" and 8 Crockford base32 digits
    matchers: tuple[str, ...]
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    alerts: int = 0  # that it held back, so far or in the time that is spoken of

    def is_active(self, now: datetime) -> bool:
        """Return whether it is in force."""
        return self.ended_at is None and self.created_at <= now < self.expires_at


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's bytes, made once and stored before the first attempt (promise D3)."""

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    HELD = "held"  # it may not leave yet; `Held` says why
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    GROUPED = "grouped"  # it was held, and another message has told what it would have
    SILENCED = "silenced"  # it was held, and a silence held for it when it was to leave


class Why(StrEnum):
    """Why a message is held."""

    DIGEST = "digest"
    QUIET_HOURS = "quiet_hours"
    GROUP_WAIT = "group_wait"
    COOLDOWN = "cooldown"
    GROWTH = "growth"  # an hour between two messages on a story that grows, where no cooldown is set
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class History:
    """What a route told lately.

    Attributes:
        told_at: when the group was last told; None: never.
        waits_until: until when a message of the group is held; None: none is, or only until a digest.
        recent: when messages left in the budget's span of time, oldest first.
    """

    told_at: datetime | None = None
    waits_until: datetime | None = None
    recent: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Why a message is held, and until when; None: until the next digest."""

    why: Why
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert for one receiver. `message_id` is its identity for life (`webhook-id`, Message-ID).

    `thread` is what the receiver's service calls the message that this one updates; None: it updates none, or none that
    was sent. `is_overtaken` where a later update of it was sent already.
    """

    id: DeliveryId
    alert_id: AlertId
    receiver: str
    channel: Channel
    message_id: str
    rendered: Rendered
    state: DeliveryState
    attempts: int  # this one included
    created_at: datetime
    next_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    last_reason: Reason | None = None
    last_error: str | None = None
    thread: str | None = None
    is_overtaken: bool = False
    interrupted: int = 0  # how often in a row an attempt ended with the daemon


class Standstill(StrEnum):
    """What keeps messages from a receiver."""

    DISABLED = "disabled"
    PAUSED = "paused"  # it failed often, or asked for it
    PROBING = "probing"  # the pause is over: one message tries


class Health(StrEnum):
    """How a receiver is, in one word."""

    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a receiver was lately."""

    receiver: str
    failures: int = 0  # in a row, for which no single message is known to be to blame
    lone_id: DeliveryId | None = None  # the only message that failed so; None: several did, or none
    failing_since: datetime | None = None  # the first of `failures`
    failed_at: datetime | None = None  # the last of them
    open_until: datetime | None = None  # it is left alone; then one message may try
    asked: bool = False  # it asked for that pause
    disabled_at: datetime | None = None
    disabled_why: Disabled | None = None
    told_at: datetime | None = None  # others were told that it is disabled
    last_ok_at: datetime | None = None
    last_reason: Reason | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A channel accepted a message. `refused` holds recipients that did not (SMTP 5xx, promise D11).

    `external_id` is what the service calls the message, where it says and where that can be changed.
    """

    status: int | None = None
    detail: str = ""
    refused: tuple[str, ...] = ()
    external_id: str | None = None
