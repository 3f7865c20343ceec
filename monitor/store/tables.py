"""The tables. One row class each; rows never leave this package.

Rows are declared with SQLModel and queried as plain tables (`FEED.c.url`): the object-relational layer costs five times
as much where it matters, and values leave the store as frozen dataclasses anyway.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from monitor.store.sql import Instant, Json

__all__ = [
    "ALERT",
    "ALERT_MATCH",
    "ARTICLE",
    "ATTEMPT",
    "DELIVERY",
    "DIGEST",
    "ENDPOINT",
    "ENTRY",
    "FEED",
    "GROUPED",
    "HEARTBEAT",
    "HOST",
    "INCIDENT",
    "LABEL",
    "MATCH",
    "METADATA",
    "REVISION",
    "SILENCE",
    "STORY",
    "STORY_KEY",
    "SUBSCRIPTION",
    "TERM_COUNT",
]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _Row(SQLModel):
    metadata: ClassVar[MetaData] = METADATA


class HostRow(_Row, table=True):
    """A host: the unit of scheduling and politeness."""

    __tablename__ = "host"
    __table_args__ = (
        Index("ix_host_lane_next_due_at", "lane", "next_due_at", "lease_until"),
        Index("ix_host_next_due_at", "next_due_at", "lease_until"),
        Index("ix_host_lease_until", "lease_until", sqlite_where=text("lease_until IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    lane: str
    next_due_at: datetime | None = Field(default=None, sa_type=Instant)  # None: no active feed
    not_before: datetime | None = Field(default=None, sa_type=Instant)  # no feed of it is asked for
    pages_not_before: datetime | None = Field(default=None, sa_type=Instant)  # nor a page: it asked us to wait
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)


class FeedRow(_Row, table=True):
    """A feed: its declaration, its validators and its health."""

    __tablename__ = "feed"
    __table_args__ = (
        Index("ix_feed_host_id_status_next_due_at", "host_id", "status", "next_due_at"),
        Index("ix_feed_status", "status", "failures"),
        Index("ix_feed_quiet_since", "quiet_since", sqlite_where=text("quiet_since IS NOT NULL")),
        Index("ix_feed_polled_url", "polled_url", sqlite_where=text("polled_url IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    host_id: int = Field(foreign_key="host.id")
    url: str = Field(unique=True)  # as declared
    title: str | None = None
    outlet: str | None = None
    country: str | None = None
    kind: str | None = None
    language: str | None = None
    section: str | None = None
    typed: bool
    own_title: str | None = None  # what the feed calls itself
    status: str
    paused_by: str | None = None  # file, operator
    added_at: datetime = Field(sa_type=Instant)
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    is_heavy: bool = False
    note: str | None = None  # why its last document was hard to read
    baseline_at: datetime | None = Field(default=None, sa_type=Instant)
    next_due_at: datetime | None = Field(default=None, sa_type=Instant)
    last_polled_at: datetime | None = Field(default=None, sa_type=Instant)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    interval_s: float | None = None
    failures: int = 0
    last_reason: str | None = None
    last_error: str | None = None
    moved_to: str | None = None
    moved_count: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=Instant)  # the first of `failures`
    traces: bytes | None = Field(default=None, sa_type=LargeBinary)  # see monitor.feeds.traces.packed
    listed: int | None = None  # entries of its last document
    quiet_since: datetime | None = Field(default=None, sa_type=Instant)  # its last new entry, if that is long ago
    rhythm: bytes | None = Field(default=None, sa_type=LargeBinary)  # see monitor.rhythm.pack
    hints: dict[str, Any] | None = Field(default=None, sa_type=Json)  # None: its document gives none
    polled_url: str | None = Field(default=None)  # where it moved to for good


class SubscriptionRow(_Row, table=True):
    """A feed whose changes a hub tells us (WebSub)."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_due_at", "due_at"),)

    feed_id: int = Field(foreign_key="feed.id", primary_key=True)
    hub: str
    topic: str  # what the feed calls itself
    token: str = Field(unique=True)  # the end of our address for it; nobody can guess it
    secret: str  # that the hub signs with
    due_at: datetime = Field(sa_type=Instant)  # when the hub is asked, or asked again
    asked_at: datetime | None = Field(default=None, sa_type=Instant)  # None: not, or it has confirmed since
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    pushed_at: datetime | None = Field(default=None, sa_type=Instant)  # until a poll brings what it told of
    is_trusted: bool = Field(default=False, sa_column_kwargs={"server_default": text("0")})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # in a row
    last_error: str | None = None


class EntryRow(_Row, table=True):
    """An item of a feed. `main_key` is its `g:` or `h:` key, `link_key` its `l:` or `d:` key (promise I1)."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_feed_id_main_key", "feed_id", "main_key", "state"),  # state: to count without the rows
        Index("ix_entry_link_key", "link_key", sqlite_where=text("link_key IS NOT NULL")),
        Index(
            "ix_entry_queue",
            *("lane", "baseline", "turn", text("sort_at DESC"), "next_attempt_at", "lease_until", "page_host"),
            sqlite_where=text("state = 'to_read'"),
        ),
        Index("ix_entry_page_host", "page_host", "host_is_slow", sqlite_where=text("state = 'to_read'")),
        Index("ix_entry_lease_until", "lease_until", sqlite_where=text("lease_until IS NOT NULL")),
        Index("ix_entry_first_seen_at", "first_seen_at", "feed_id", "baseline"),  # the ledger, without the texts
        Index("ix_entry_reread_at", "feed_id", "reread_at", sqlite_where=text("reread_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    feed_id: int = Field(foreign_key="feed.id")
    main_key: str | None = None
    link_key: str | None = None
    guid: str | None = None
    link: str | None = None
    title: str
    summary: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    updated_at: datetime | None = Field(default=None, sa_type=Instant)
    authors: list[str] = Field(sa_type=Json)
    first_seen_at: datetime = Field(sa_type=Instant)
    state: str
    baseline: bool
    same_as: int | None = Field(default=None, foreign_key="entry.id")
    page_host: str  # where its page is; the feed's host where it has no link
    sort_at: datetime = Field(sa_type=Instant)  # newest first; never in the future
    lane: str
    host_is_slow: bool = False  # its lane is the slow one for what its page_host did, not its page
    turn: int = 0  # its place among those that came with it: feeds take turns
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=Instant)
    postponed_at: datetime | None = Field(default=None, sa_type=Instant)  # when that was decided
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    last_reason: str | None = None
    last_error: str | None = None
    withheld: bool = False  # its page is reserved: of its texts only the title is kept (promise P5)
    reread: str | None = None  # page, title: how it is read again; None: as the first time
    rereads: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # how often it was queued again
    reread_at: datetime | None = Field(default=None, sa_type=Instant)  # when it was last to be read again
    missing_at: datetime | None = Field(default=None, sa_type=Instant)  # when it left its feed early, and was asked for
    # how often in a row a reading ended with the daemon; those are no attempts
    interrupted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class StoryRow(_Row, table=True):
    """Articles on one event."""

    __tablename__ = "story"

    id: str = Field(primary_key=True)
    title: str
    first_seen_at: datetime = Field(sa_type=Instant)
    sources: list[Any] = Field(sa_type=Json)
    truncated: int = 0
    outlets: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    texts: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class GroupedRow(_Row, table=True):
    """What grouping keeps of an article."""

    __tablename__ = "grouped"
    __table_args__ = (
        Index("ix_grouped_story_id", "story_id", "house"),
        Index("ix_grouped_at", "at", sqlite_where=text("features IS NOT NULL")),
    )

    article_id: int = Field(primary_key=True, foreign_key="article.id")
    story_id: str = Field(foreign_key="story.id")
    house: str
    url_key: str
    at: datetime = Field(sa_type=Instant)
    text_id: int  # the first article of its story with its text
    story_keys: list[int] = Field(sa_type=Json)
    features: dict[str, Any] | None = Field(default=None, sa_type=Json)  # None: too old to be compared with


class StoryKeyRow(_Row, table=True):
    """What articles are found by: the key of their text, of a band of its hash, of a rare word; newest last."""

    __tablename__ = "story_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(primary_key=True, sa_type=Instant)
    article_id: int = Field(primary_key=True)


class TermCountRow(_Row, table=True):
    """In how many articles of a week a word was; the empty word counts the articles."""

    __tablename__ = "term_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    week: int = Field(primary_key=True)
    term: str = Field(primary_key=True)
    articles: int


class ArticleRow(_Row, table=True):
    """The text of an article."""

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_story_id", "story_id"),
        Index("ix_article_text_sha256", "text_sha256"),
        # the ledger, without the texts
        Index("ix_article_read_at", "read_at", "entry_id", "published_at", "completeness", "page_reason"),
    )

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", unique=True)
    story_id: str = Field(foreign_key="story.id")
    url: str | None = None
    title: str
    lead: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    language: str | None = None
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    authors: list[str] = Field(sa_type=Json)
    completeness: str
    extractor: str
    text_sha256: str
    outlet: str
    wire: str | None = None
    reserved: bool
    page_reason: str | None = None
    page_error: str | None = None
    entities: list[str] = Field(sa_type=Json)  # ids, in order of first sight
    recorded_at: datetime = Field(sa_type=Instant)
    read_at: datetime | None = Field(default=None, sa_type=Instant)  # its page was; without one, what the feed says


class RevisionRow(_Row, table=True):
    """What an article said before it changed. What it says now is in the next revision, or in the article."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("article_id", "number"), Index("ix_revision_seen_at", "seen_at"))

    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(foreign_key="article.id")
    number: int  # from 1, of its article
    seen_at: datetime = Field(sa_type=Instant)  # when the change was seen
    changed: list[str] = Field(sa_type=Json)  # title, lead, body, withdrawn
    title: str
    lead: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    text_sha256: str


class MatchRow(_Row, table=True):
    """A rule that matched an article, or nearly did, with all that explains it."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("article_id", "rule_id"),
        Index("ix_match_near_miss", "recorded_at", sqlite_where=text("near_miss")),
        Index("ix_match_rule_id", "rule_id", "recorded_at", "near_miss"),
        Index("ix_match_judged", "rule_id", "recorded_at", "relevant", sqlite_where=text("relevant IS NOT NULL")),
        Index("ix_match_recap", "score", sqlite_where=text("recap = 'pending'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(foreign_key="article.id")
    rule_id: str
    rule_version: str
    rule_title: str
    rule_level: str
    rule_status: str
    labels: list[Any] = Field(sa_type=Json)
    tags: list[str] = Field(sa_type=Json)
    level: str | None = None  # None: a near miss
    raised_level: str | None = None  # by a burst, above the one that the rule gave
    score: float
    threshold: float | None = None
    condition: bool
    in_scope: bool
    near_miss: bool
    gate: dict[str, Any] | None = Field(default=None, sa_type=Json)
    contributions: list[Any] = Field(sa_type=Json)
    evidence: list[Any] = Field(sa_type=Json)
    snippets: list[Any] = Field(sa_type=Json)
    masks: list[Any] = Field(sa_type=Json)
    text_sha256: str
    extractor: str
    recap: str | None = None  # pending, told; None: not of a first poll
    relevant: bool | None = None  # the last judgement
    recorded_at: datetime = Field(sa_type=Instant)
    lost_at: datetime | None = Field(default=None, sa_type=Instant)  # the text changed, and the rule finds it no longer


class AlertRow(_Row, table=True):
    """What a person is told."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_type_planned_at", "type", "planned_at"),
        Index("ix_alert_updates", "updates", sqlite_where=text("updates IS NOT NULL")),
        Index("ix_alert_silence", "silence", sqlite_where=text("silence IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    type: str
    reason: str
    planned_at: datetime = Field(sa_type=Instant)
    receivers: list[str] = Field(sa_type=Json)
    latency_s: list[Any] = Field(sa_type=Json)
    truncated: int = 0
    updates: str | None = None  # the first alert on the same story and rule
    silence: str | None = None  # which one held it back from everybody


class AlertMatchRow(_Row, table=True):
    """Which matches an alert tells, and how: the article's title then, and the level; None: lost."""

    __tablename__ = "alert_match"
    __table_args__ = (Index("ix_alert_match_match_id", "match_id"),)

    alert_id: str = Field(foreign_key="alert.id", primary_key=True)
    match_id: int = Field(foreign_key="match.id", primary_key=True)
    title: str | None = None
    level: str | None = None
    # the alert was there: it says nothing of the match's article
    joined: bool = Field(default=False, sa_column_kwargs={"server_default": text("0")})


class DeliveryRow(_Row, table=True):
    """One alert for one receiver: the outbox. Its message never changes (promise D3)."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "receiver"),
        Index("ix_delivery_state", "state", "created_at"),
        Index(
            "ix_delivery_queue",
            *("receiver", "id", "next_attempt_at", "lease_until"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index("ix_delivery_held", "receiver", "held_until", sqlite_where=text("state = 'held'")),
        Index(
            "ix_delivery_untold", "failure_told_at", sqlite_where=text("state = 'failed' AND failure_told_at IS NULL")
        ),
        Index("ix_delivery_group", "receiver", "route", "group_key", "left_at"),
        Index("ix_delivery_left", "receiver", "route", "left_at"),
        Index(
            "ix_delivery_updates",
            *("updates", "receiver", "story_id", "rule_id"),
            sqlite_where=text("updates IS NOT NULL"),
        ),
        Index("ix_delivery_silenced", "receiver", "silenced_at", "silence", sqlite_where=text("silence IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    alert_id: str = Field(foreign_key="alert.id")
    receiver: str
    channel: str
    message_id: str = Field(unique=True)
    body: bytes = Field(sa_type=LargeBinary)
    content_type: str
    headers: list[Any] = Field(sa_type=Json)
    state: str
    attempts: int = 0
    created_at: datetime = Field(sa_type=Instant)
    next_attempt_at: datetime | None = Field(default=None, sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    last_reason: str | None = None
    last_error: str | None = None
    route: str = Field(default="", sa_column_kwargs={"server_default": ""})  # which let it go
    group_key: str = Field(default="", sa_column_kwargs={"server_default": ""})
    why: str | None = None  # it is, or was, held
    held_until: datetime | None = Field(default=None, sa_type=Instant)  # None: until the next digest
    left_at: datetime | None = Field(default=None, sa_type=Instant)  # when nothing held it any more
    told_by: str | None = None  # the alert that told what it would have
    silence: str | None = None  # which one held for it when it was to leave
    silenced_at: datetime | None = Field(default=None, sa_type=Instant)
    failure_told_at: datetime | None = Field(default=None, sa_type=Instant)  # others were told that it was given up
    external_id: str | None = None  # what the service calls the message, where that can be changed
    updates: str | None = None  # the first alert on the same story and rule that this receiver was told
    # of an update: which those are, for the first alert may tell others too, as a recap does
    story_id: str | None = None
    rule_id: str | None = None
    # how often in a row an attempt ended with the daemon; those use up none of its tries
    interrupted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class AttemptRow(_Row, table=True):
    """One try of a delivery. `outcome` is None while it lasts."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_delivery_id", "delivery_id"),)

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    number: int
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None  # sent, retry, failed, interrupted, replayed (that is no try: its `number` is 0)
    reason: str | None = None
    error: str | None = None
    status: int | None = None
    detail: str | None = None
    refused: list[str] | None = Field(default=None, sa_type=Json)


class EndpointRow(_Row, table=True):
    """How a receiver was lately; `monitor.model.Endpoint` says what each column is."""

    __tablename__ = "endpoint"

    receiver: str = Field(primary_key=True)
    failures: int = 0
    lone_id: int | None = None
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
    failed_at: datetime | None = Field(default=None, sa_type=Instant)
    open_until: datetime | None = Field(default=None, sa_type=Instant)
    asked: bool = False
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    disabled_why: str | None = None
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    last_reason: str | None = None
    last_error: str | None = None


class IncidentRow(_Row, table=True):
    """Something wrong with a source or with veille itself, or a change of a source, of which people are told.

    `settled`: nothing more is told.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_open", "feed_id", "kind", sqlite_where=text("NOT settled")),
        Index("ix_incident_kind_told_at", "kind", "told_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    feed_id: int | None = Field(default=None, foreign_key="feed.id")  # None: with veille itself
    kind: str
    subject: str | None = None  # what part of veille: the receiver; "" where there is one of its kind
    began_at: datetime = Field(sa_type=Instant)
    until_at: datetime | None = Field(default=None, sa_type=Instant)
    count: int = 1
    missed: int | None = None
    old_url: str | None = None
    told: int = 0
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    settled: bool = False


class DigestRow(_Row, table=True):
    """When the last digest of a receiver was due."""

    __tablename__ = "digest"

    receiver: str = Field(primary_key=True)
    slot_at: datetime = Field(sa_type=Instant)


class LabelRow(_Row, table=True):
    """A person's judgement of a match; all of them are kept."""

    __tablename__ = "label"
    __table_args__ = (Index("ix_label_match_id", "match_id"),)

    id: int | None = Field(default=None, primary_key=True)
    match_id: int = Field(foreign_key="match.id")
    relevant: bool
    labelled_at: datetime = Field(sa_type=Instant)


class SilenceRow(_Row, table=True):
    """What nobody is told of for a while."""

    __tablename__ = "silence"
    __table_args__ = (Index("ix_silence_expires_at", "expires_at"),)

    id: str = Field(primary_key=True)
    matchers: list[str] = Field(sa_type=Json)
    author: str
    reason: str
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)  # by somebody


class HeartbeatRow(_Row, table=True):
    """One row: when the database was last proved writable."""

    __tablename__ = "heartbeat"

    id: int = Field(primary_key=True)
    beat_at: datetime = Field(sa_type=Instant)


HOST: Table = METADATA.tables["host"]
SUBSCRIPTION: Table = METADATA.tables["subscription"]
FEED: Table = METADATA.tables["feed"]
ENTRY: Table = METADATA.tables["entry"]
STORY: Table = METADATA.tables["story"]
GROUPED: Table = METADATA.tables["grouped"]
STORY_KEY: Table = METADATA.tables["story_key"]
TERM_COUNT: Table = METADATA.tables["term_count"]
ARTICLE: Table = METADATA.tables["article"]
REVISION: Table = METADATA.tables["revision"]
MATCH: Table = METADATA.tables["match"]
ALERT: Table = METADATA.tables["alert"]
ALERT_MATCH: Table = METADATA.tables["alert_match"]
DELIVERY: Table = METADATA.tables["delivery"]
ATTEMPT: Table = METADATA.tables["attempt"]
ENDPOINT: Table = METADATA.tables["endpoint"]
INCIDENT: Table = METADATA.tables["incident"]
DIGEST: Table = METADATA.tables["digest"]
LABEL: Table = METADATA.tables["label"]
SILENCE: Table = METADATA.tables["silence"]
HEARTBEAT: Table = METADATA.tables["heartbeat"]
