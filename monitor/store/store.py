"""The one door to the database: each method is one transaction."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from monitor.errors import StoreError
from monitor.files import resolved
from monitor.model import (
    Alert,
    AlertId,
    Article,
    ArticleId,
    Candidate,
    Delivery,
    DeliveryId,
    DeliveryState,
    Endpoint,
    Entry,
    EntryClaim,
    EntryId,
    Feed,
    FeedId,
    FeedState,
    Grouped,
    Held,
    HeldMessage,
    History,
    HostClaim,
    HostId,
    Incident,
    IncidentId,
    Lane,
    Missed,
    PollOutcome,
    Receipt,
    RuleRecord,
    Sight,
    Silence,
    SourcesState,
    Story,
    Subscription,
    SystemFacts,
    Told,
    Trouble,
)
from monitor.store import (
    archive,
    articles,
    endpoints,
    feeds,
    grouping,
    heartbeats,
    holding,
    hosts,
    incidents,
    ledger,
    listing,
    log,
    missing,
    outbox,
    polls,
    reading,
    revisions,
    silences,
    subscriptions,
    troubles,
    undelivered,
)
from monitor.store.connection import connect, create_file, database_path, translated, writing
from monitor.store.connection import reading as reading_from
from monitor.store.lock import lock_of
from monitor.store.migrate import check_version, migrate
from monitor.store.tables import HEARTBEAT
from monitor.store.values import (
    ArchivedArticle,
    ArchiveSpan,
    AttemptLine,
    DeliveryLine,
    Earlier,
    Failures,
    FeedSync,
    Gauges,
    HeldHost,
    HostRelease,
    LabelLine,
    LedgerLine,
    ListedEntry,
    MatchDetail,
    MatchFilter,
    MatchLine,
    MatchRecord,
    OutboxItem,
    PendingIncidents,
    PendingTroubles,
    PollRecord,
    RecapPending,
    Recorded,
    Revised,
    RevisionLine,
    ShadowMatch,
    ToldEntry,
    ToldLine,
    Unsent,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from monitor.errors import Reason
    from monitor.model import Channel
    from rules.types import Match

__all__ = ["Store"]

_SQLITES = ("", "-wal", "-shm", "-journal")  # https://sqlite.org/tempfiles.html


class Store:
    """An open database.

    Any one thread may use it, not several at once. Every method is one transaction: it happened whole, or not at all.
    All raise `StoreError` where the database cannot be used (`StoreFullError`, `StoreBusyError`), and then nothing of
    the call is stored; a later call works again once the cause is gone.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._file = _identity(path)

    @staticmethod
    def open(database: str, *, create: bool = True, read_only: bool = False) -> Store:
        """Open a database, and bring its schema up to date.

        Args:
            database: a path, or `sqlite:///path`.
            create: make the file (mode 600) where there is none.
            read_only: never write, not even to bring the schema up to date.

        Raises:
            StoreError: it is missing, not writable, not SQLite, another program's or a newer veille's.
        """
        path = database_path(database)
        if path.is_dir():
            raise StoreError(f"{path}: a folder; give the path of a file in it")
        if path.exists() and not path.is_file():  # SQLite would wait for what a pipe never holds
            raise StoreError(f"{path}: a pipe or a device; give the path of a file")
        if create and not read_only:
            create_file(path)
        elif not path.exists():
            raise StoreError(f"{path}: no such database; `veille run` or `veille poll` makes it")
        store = Store(path, connect(path, read_only=read_only))
        try:
            with store._read() if read_only else store._write() as connection:
                check_version(connection, path) if read_only else migrate(connection, path)
        except BaseException:
            store.close()
            raise
        return store

    @staticmethod
    def check(database: str) -> str:
        """Say how a database is, without making or changing anything.

        Raises:
            StoreError: it cannot be used, or cannot be made where there is none.
        """
        path = database_path(database)
        lock_of(path)  # which says whether the path leads anywhere
        if path.exists():
            Store.open(database, create=False, read_only=True).close()
            if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
                raise StoreError(f"{path}: it or its folder may only be read; let veille write there")
            return f"{path}: there"
        folder = path.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise StoreError(f"{folder}: no folder that can be written to; make it, or set another path")
        return f"{path}: made at the first poll"

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _write(self) -> AbstractContextManager[Connection]:
        return writing(self._engine, self.path)

    def _read(self) -> AbstractContextManager[Connection]:
        return reading_from(self._engine, self.path)

    # --- feeds ------------------------------------------------------------------------------------------------------

    def sync_feeds(self, feeds_: Sequence[Feed], *, now: datetime) -> FeedSync:
        """Make the stored feeds those that are declared.

        A feed that is no longer declared is paused and keeps its state; declared again, it is resumed and due at once,
        and what it listed meanwhile comes as a recap. One that the operator paused stays paused. Of a feed declared
        twice, the first counts.
        """
        with self._write() as connection:
            return feeds.sync_feeds(connection, feeds_, now=now)

    def feeds(self) -> tuple[FeedState, ...]:
        """Return every feed, in order of arrival."""
        with self._read() as connection:
            return feeds.list_feeds(connection)

    def has_unpolled_feeds(self) -> bool:
        """Return whether an active feed was never polled."""
        with self._read() as connection:
            return feeds.has_unpolled(connection)

    def feed(self, ref: str) -> FeedState:
        """Return the feed with this number or address.

        Raises:
            NotFoundError: there is none; the message names the nearest.
        """
        with self._read() as connection:
            return feeds.get_feed(connection, ref)

    def pause_feed(self, feed_id: FeedId, *, paused: bool, now: datetime) -> None:
        """Pause a feed, or resume it (also one that was gone); resumed, it is due at once.

        Raises:
            NotFoundError: there is no such feed.
        """
        with self._write() as connection:
            feeds.pause_feed(connection, feed_id, paused=paused, now=now)

    def make_due(self, *, now: datetime) -> None:
        """Make every active feed due now, whatever its schedule and whatever its host asked."""
        with self._write() as connection:
            feeds.make_due(connection, now=now)

    def pull_due(self, *, now: datetime) -> None:
        """Repair what is due too late because the clock was set back (promise T7)."""
        with self._write() as connection:
            feeds.pull_due_feeds(connection, now=now)
            reading.pull_due_entries(connection, now=now)
            outbox.pull_due_deliveries(connection, now=now)
            incidents.pull_back_incidents(connection, now=now)
            holding.pull_back_held(connection, now=now)

    # --- subscriptions ----------------------------------------------------------------------------------------------

    def note_hub(self, feed_id: FeedId, *, hub: str | None, topic: str, token: str, secret: str, now: datetime) -> None:
        """Keep the subscription that a feed's document calls for in place of any other; it is due at once.

        Args:
            feed_id: the feed.
            hub: who tells of its changes; None: nobody does any more.
            topic: what it calls itself there.
            token: the end of our address.
            secret: what its hub signs with.
            now: the present instant.
        """
        with self._write() as connection:
            subscriptions.note_hub(connection, feed_id, hub=hub, topic=topic, token=token, secret=secret, now=now)

    def due_subscriptions(self, *, now: datetime, limit: int) -> tuple[Subscription, ...]:
        """Return the subscriptions of active feeds that their hubs are to be asked for, most overdue first."""
        with self._read() as connection:
            return subscriptions.due_subscriptions(connection, now=now, limit=limit)

    def subscription_of(self, feed_id: FeedId) -> Subscription | None:
        """Return a feed's subscription, or None."""
        with self._read() as connection:
            return subscriptions.subscription_of(connection, feed_id)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return every subscription, by feed."""
        with self._read() as connection:
            return subscriptions.list_subscriptions(connection)

    def subscription_tokens(self) -> frozenset[str]:
        """Return how the addresses of all subscriptions end."""
        with self._read() as connection:
            return subscriptions.subscription_tokens(connection)

    def find_subscription(self, token: str) -> Subscription | None:
        """Return the subscription whose address ends so, or None."""
        with self._read() as connection:
            return subscriptions.find_subscription(connection, token)

    def note_asked(self, token: str, *, due_at: datetime, now: datetime) -> None:
        """Keep that a hub is being asked, and when to ask again unless it asks back."""
        with self._write() as connection:
            subscriptions.note_asked(connection, token, due_at=due_at, now=now)

    def fail_subscription(self, token: str, *, error: str, due_at: datetime, over: bool = False) -> None:
        """Keep that a hub refused, and when to ask again; `over`: what it promised before has ended too."""
        with self._write() as connection:
            subscriptions.fail_subscription(connection, token, error=error, due_at=due_at, over=over)

    def confirm_subscription(
        self, token: str, *, topic: str, lease_until: datetime, due_at: datetime, now: datetime
    ) -> bool:
        """Keep that a hub confirmed a subscription, if we asked for it within a day and under this topic.

        Returns:
            Whether we did.
        """
        with self._write() as connection:
            return subscriptions.confirm_subscription(
                connection, token, topic=topic, lease_until=lease_until, due_at=due_at, now=now
            )

    def note_push(self, token: str, *, now: datetime) -> bool:
        """Make a feed due because its hub says that it changed; what its host asked for holds.

        Returns:
            Whether it is polled at all.
        """
        with self._write() as connection:
            return subscriptions.note_push(connection, token, now=now)

    def settle_push(self, token: str, *, pushed_at: datetime | None, trusted: bool) -> None:
        """Keep that news came, and whether its hub told us of it; unless it has told us of more meanwhile.

        Args:
            token: of the subscription.
            pushed_at: the last push, as the poll knew it.
            trusted: whether that told of it.
        """
        with self._write() as connection:
            subscriptions.settle_push(connection, token, pushed_at=pushed_at, trusted=trusted)

    # --- hosts ------------------------------------------------------------------------------------------------------

    def claim_hosts(
        self,
        *,
        now: datetime,
        owner: str,
        lease_s: float,
        limit: int,
        lane: Lane | None = None,
    ) -> tuple[HostClaim, ...]:
        """Lease up to `limit` hosts that are due and free, most overdue first, with their active feeds that are due.

        Args:
            now: the present instant.
            owner: whose lease it is, for the reader of the database.
            lease_s: how long the lease holds, in seconds.
            limit: how many at most.
            lane: only hosts of this lane; None: of both.
        """
        with self._write() as connection:
            return hosts.claim_hosts(connection, now=now, owner=owner, lease_s=lease_s, limit=limit, lane=lane)

    def release_host(
        self,
        host_id: HostId,
        *,
        now: datetime,
        not_before: datetime | None = None,
        lane: Lane | None = None,
    ) -> None:
        """Give a host back: it is due with its first feed, but not before `not_before`, nor while it is held.

        Raises:
            NotFoundError: there is no such host.
        """
        with self._write() as connection:
            hosts.release_host(connection, host_id, not_before=not_before, lane=lane, now=now)

    def hold_host(self, name: str, *, feeds_until: datetime, pages_until: datetime, now: datetime) -> None:
        """Keep it that a host, known or not, asked to be left alone: no feed of it is due before `feeds_until`."""
        with self._write() as connection:
            hosts.hold_host(connection, name, feeds_until=feeds_until, pages_until=pages_until, now=now)

    def held_hosts(self, *, now: datetime) -> tuple[HeldHost, ...]:
        """Return the hosts that asked to be left alone, and until when; at most a day."""
        with self._read() as connection:
            return hosts.held_hosts(connection, now=now)

    def release_leases(self, *, now: datetime, interrupted: bool) -> int:
        """Give back every lease on hosts, entries and deliveries; return how many there were.

        Only for who holds the daemon lock: at its start, and at its end.

        Args:
            now: the present instant.
            interrupted: whether who held them was killed, which is noted of the entries that were being read and of
                the messages that were being sent.
        """
        with self._write() as connection:
            return (
                hosts.release_host_leases(connection)
                + reading.release_entry_leases(connection, interrupted=interrupted)
                + outbox.release_delivery_leases(connection, now=now, interrupted=interrupted)
            )

    # --- transaction A ----------------------------------------------------------------------------------------------

    def record_poll(
        self,
        feed_id: FeedId,
        outcome: PollOutcome,
        entries: Sequence[Entry],
        *,
        next_due_at: datetime | None,
        now: datetime,
        baseline_max_age_s: float,
        address: str | None = None,
        gap_due_at: datetime | None = None,
        quiet_since: datetime | None = None,
        rereads_per_day: int = 50,
        release: HostRelease | None = None,
    ) -> PollRecord:
        """Record one poll of one feed: its validators, its health, and the entries that it never had.

        After the feed's first successful poll every unseen entry is to be read, whatever its date (promise I2). Of the
        first poll, dated entries younger than `baseline_max_age_s` seconds are to be read and told in the recap; the
        others are never read. An entry that another feed listed before, in the same words, is stored as its duplicate.
        A seen entry that changed (its title, its summary, or the date of its last change) keeps its place and gets the
        new text; if it was read, it is to be read again: see `rereads`.

        Args:
            feed_id: the feed.
            outcome: how the poll ended.
            entries: what the document holds, where it was parsed.
            next_due_at: when to poll it again; None: never, the feed is gone.
            now: the present instant.
            baseline_max_age_s: how young an entry of a first poll must be, in seconds.
            address: where to poll it from now on; it stays where it was if another feed is polled there. None: as
                before.
            gap_due_at: when to poll it again instead, where no entry of the document was known. None: as ever.
            quiet_since: its last new entry, where that is long ago for it and this poll brings no other.
            rereads_per_day: how many of the feed's changed entries may be read again with their page in a day.
            release: the feed's host, where this was its last feed: given back in the same transaction.

        Raises:
            NotFoundError: there is no such feed.
        """
        with self._write() as connection:
            record = polls.record_poll(
                connection,
                feed_id,
                outcome,
                entries,
                next_due_at=next_due_at,
                now=now,
                baseline_max_age_s=baseline_max_age_s,
                address=address,
                gap_due_at=gap_due_at,
                quiet_since=quiet_since,
                rereads_per_day=rereads_per_day,
            )
            if release is not None:
                hosts.release_host(connection, release.id, not_before=release.not_before, lane=release.lane, now=now)
            return record

    def forgive_polls(self, feed_ids: Sequence[FeedId], *, next_due_at: datetime, now: datetime) -> None:  # noqa: ARG002  every write is given the instant
        """Take back the last failure of some feeds, and the slow lane for their hosts: it was none of theirs.

        Args:
            feed_ids: the feeds.
            next_due_at: when they are polled again.
            now: the present instant.
        """
        with self._write() as connection:
            polls.forgive_polls(connection, feed_ids, next_due_at=next_due_at)

    def put_off_feed(self, feed_id: FeedId, *, next_due_at: datetime) -> None:
        """Poll a feed later, as if it had not been claimed; its host stays as it is, and is given back as ever."""
        with self._write() as connection:
            polls.put_off_feed(connection, feed_id, next_due_at=next_due_at)

    def told_entries(self, feed_id: FeedId, *, since: datetime) -> tuple[ToldEntry, ...]:
        """Return the entries that a feed lists, seen since then, that people were told of and that still match.

        Those that were asked after are left out.
        """
        with self._read() as connection:
            return missing.told_entries(connection, feed_id, since=since)

    def ask_after(self, feed_id: FeedId, ids: Sequence[EntryId], *, rereads_per_day: int, now: datetime) -> int:
        """Queue entries that left their feed early, so that their pages are asked for: once each.

        Args:
            feed_id: theirs.
            ids: of entries that `told_entries` gave.
            rereads_per_day: as for `record_poll`.
            now: the present instant.

        Returns:
            How many were queued.
        """
        with self._write() as connection:
            return missing.ask_after(connection, feed_id, ids, rereads_per_day=rereads_per_day, now=now)

    # --- reading ----------------------------------------------------------------------------------------------------

    def claim_entries(
        self, *, now: datetime, owner: str, lease_s: float, limit: int, lane: Lane
    ) -> tuple[EntryClaim, ...]:
        """Lease up to `limit` entries of a lane to read, and count the attempt; one whose lease ran out was none.

        Entries of first polls come after all others; feeds take turns, then the newest come first. A page host has at
        most two leased at once.
        """
        with self._write() as connection:
            return reading.claim_entries(connection, now=now, owner=owner, lease_s=lease_s, limit=limit, lane=lane)

    def leave_to_slow_lane(self, entry_id: EntryId, *, whole_host: bool, now: datetime) -> None:  # noqa: ARG002  every write is given the instant
        """Give an entry back, to be read in the slow lane, or all of its page host: those that wait or are to come.

        A page host is fast again when none of its entries wait for their first try in the slow lane.

        Args:
            entry_id: of a leased entry.
            whole_host: the page host was at fault, not the page.
            now: the present instant.
        """
        with self._write() as connection:
            reading.leave_to_slow_lane(connection, entry_id, whole_host=whole_host)

    def postpone_entry(
        self,
        entry_id: EntryId,
        *,
        next_attempt_at: datetime,
        reason: Reason,
        error: str,
        now: datetime,
        counted: bool = True,
    ) -> None:
        """Put an entry back, to be read at `next_attempt_at`.

        Args:
            entry_id: of a leased entry.
            next_attempt_at: not to be claimed before.
            reason: why it was not read.
            error: the same, in words.
            now: the present instant.
            counted: whether this was an attempt, which ends a row of interruptions; it was none if nothing was asked.

        Raises:
            NotFoundError: there is no such entry to read.
        """
        with self._write() as connection:
            reading.postpone_entry(
                connection,
                entry_id,
                next_attempt_at=next_attempt_at,
                reason=reason,
                error=error,
                counted=counted,
                now=now,
            )

    def give_back_entries(self, ids: Sequence[EntryId], *, now: datetime) -> None:  # noqa: ARG002  every write is given the instant
        """Put leased entries back as if they had not been claimed."""
        with self._write() as connection:
            reading.give_back_entries(connection, ids)

    def entries_waiting(self, *, now: datetime) -> int:
        """Return how many entries could be read now and are not leased."""
        with self._read() as connection:
            return reading.entries_waiting(connection, now=now)

    def baseline_waiting(self) -> int:
        """Return how many entries of first polls are still to be read, leased or not."""
        with self._read() as connection:
            return reading.baseline_waiting(connection)

    # --- transaction B ----------------------------------------------------------------------------------------------

    def earlier(self, entry_id: EntryId) -> Earlier | None:
        """Return the article that was recorded of an entry, with what people know of it; None where there is none."""
        with self._read() as connection:
            return revisions.earlier(connection, entry_id)

    def record_article(
        self,
        entry_id: EntryId,
        article: Article,
        *,
        story: Story,
        matches: Sequence[Match],
        alerts: Sequence[tuple[Alert, Sequence[OutboxItem]]],
        growth: Sequence[tuple[Alert, Sequence[OutboxItem], int]] = (),
        now: datetime,
        entities: Sequence[str] = (),
        keep_text: bool = True,
        done: bool = True,
        read_at: datetime | None = None,
        rereads: int = 0,
        grouped: Grouped | None = None,
        revised: Revised = Revised(),  # noqa: B008  frozen
    ) -> Recorded:
        """Record an article and all that follows from it, in one transaction (promise D2).

        Its matches (near misses too; those of a first poll wait for the recap), its story, its alerts, one delivery
        for each message, and that its entry is done. What was told stays as it was told, unless these alerts tell it
        anew: where the article was recorded before, its text is replaced, what nobody was told too, and what is new is
        added. Nothing is written for an entry that is done.

        Args:
            entry_id: the entry that was read.
            article: its text.
            story: the story that it belongs to.
            matches: one a rule.
            alerts: each with its rendered messages; their matches are among `matches`.
            growth: updates of what was told of other articles of the story, each with its messages and its match.
            now: the present instant.
            entities: ids of the entities that the article mentions.
            keep_text: False: of the entry's and the article's texts only the title is kept (promise P5).
            done: False: its page is still to be read, and the entry stays leased.
            read_at: when its text was there; `now` unless said.
            rereads: of the claim; an entry that its feed changed meanwhile is read again rather than done.
            grouped: by what the next article of its story finds it.
            revised: how the article changed since it was recorded: what it said is kept as a revision.

        Returns:
            The article's number, and those of the matches and alerts that are new.

        Raises:
            NotFoundError: there is no such entry.
        """
        with self._write() as connection:
            return articles.record_article(
                connection,
                entry_id,
                article,
                story=story,
                matches=matches,
                entities=entities,
                alerts=alerts,
                growth=growth,
                grouped=grouped,
                keep_text=keep_text,
                done=done,
                read_at=read_at or now,
                rereads=rereads,
                revised=revised,
                now=now,
            )

    def term_counts(self, terms: Sequence[str], *, now: datetime) -> dict[str, int]:
        """Return in how many articles of the last weeks each word was; under the empty word, how many there were."""
        with self._read() as connection:
            return grouping.term_counts(connection, terms, now=now)

    def find_stories(
        self, keys: Sequence[int], *, own_id: str, since: datetime, until: datetime
    ) -> tuple[Candidate, ...]:
        """Return the stories that an article may belong to: a few, in a bounded number of indexed reads.

        Args:
            keys: by which articles like it are found.
            own_id: of the story that it would begin; where that is there, it is among them.
            since: when an article of theirs is at least from.
            until: and at most.
        """
        with self._read() as connection:
            return grouping.find_stories(connection, keys, own_id=own_id, since=since, until=until)

    def recap_pending(self, *, limit: int) -> RecapPending:
        """Return the matches of first polls that nobody was told yet: how many, and the best `limit`."""
        with self._read() as connection:
            return articles.recap_pending(connection, limit=limit)

    def record_recap(
        self,
        recaps: Sequence[tuple[Alert, Sequence[OutboxItem], Sequence[int]]],
        match_ids: Sequence[int],
        *,
        now: datetime,
    ) -> None:
        """Record a recap in one transaction.

        Args:
            recaps: each alert with its rendered messages and the matches it tells.
            match_ids: every match that is now settled, those told to nobody too.
            now: the present instant, UTC.
        """
        with self._write() as connection:
            articles.record_recap(connection, recaps, match_ids, now=now)

    def told_of_story(self, story_id: str) -> tuple[Told, ...]:
        """Return the matches of a story's articles, in the order in which they came, with what people were told."""
        with self._read() as connection:
            return revisions.told_of_story(connection, story_id)

    def voices(self, story_id: str) -> tuple[tuple[str, datetime], ...]:
        """Return the houses that have a text of their own on a story, each with when its first one came out."""
        with self._read() as connection:
            return grouping.voices(connection, story_id)

    # --- what is held -----------------------------------------------------------------------------------------------

    def route_history(self, receiver: str, *, route: str, group: str, since: datetime | None) -> History:
        """Return what a route told a receiver lately.

        Args:
            receiver: who is told.
            route: its key.
            group: the group whose last message is asked for.
            since: from when on the messages of the route are listed; None: they are not.
        """
        with self._read() as connection:
            return holding.route_history(connection, receiver, route=route, group=group, since=since)

    def due_messages(
        self, *, receivers: Sequence[str], digesters: Sequence[str], now: datetime, limit: int
    ) -> tuple[HeldMessage, ...]:
        """Return what was held until now, the oldest first.

        Args:
            receivers: those there are; what waits for others goes on waiting.
            digesters: those who have a digest; what was held for the digest of another is due.
            now: the present instant.
            limit: how many at most.
        """
        with self._read() as connection:
            return holding.due_messages(connection, receivers=receivers, digesters=digesters, now=now, limit=limit)

    def waiting_messages(
        self, *, receivers: Sequence[str], after: DeliveryId, now: datetime, limit: int
    ) -> tuple[HeldMessage, ...]:
        """Return some of what is held for longer than now, and for no digest, the oldest first.

        Args:
            receivers: whose.
            after: the last message that was returned before; 0: begin with the oldest.
            now: the present instant.
            limit: how many at most.
        """
        with self._read() as connection:
            return holding.waiting_messages(connection, receivers=receivers, after=after, now=now, limit=limit)

    def held_messages(
        self, receiver: str, *, until: datetime, before: DeliveryId | None = None, limit: int
    ) -> tuple[HeldMessage, ...]:
        """Return some of what was held for the digest of a receiver, the newest first.

        Args:
            receiver: whose digest.
            until: when it is due.
            before: the last message that was returned before; None: begin with the newest.
            limit: how many at most.
        """
        with self._read() as connection:
            return holding.held_messages(connection, receiver, until=until, before=before, limit=limit)

    def last_digest(self, receiver: str, *, now: datetime) -> datetime:
        """Return when the last digest of a receiver was due. The first time it is asked that is now, from then on."""
        with self._write() as connection:
            return holding.last_digest(connection, receiver, now=now)

    def missed(self, receiver: str, *, since: datetime, until: datetime) -> Missed:
        """Return the near misses of a time, the nearest first, and what silenced how many alerts in it.

        Those are the alerts that a silence held back from everybody, and those that were held for this receiver and
        silenced when they were to leave.
        """
        with self._read() as connection:
            return holding.missed(connection, receiver, since=since, until=until)

    def sources_state(self, *, since: datetime, until: datetime) -> SourcesState:
        """Return how the sources are now, and what happened to them in a time."""
        with self._read() as connection:
            return holding.sources_state(connection, since=since, until=until)

    def record_digest(
        self,
        alert: Alert,
        outbox: Sequence[OutboxItem],
        told: Sequence[DeliveryId],
        match_ids: Sequence[int],
        *,
        receiver: str,
        slot_at: datetime,
        now: datetime,
    ) -> bool:
        """Write a digest, settle what it tells, and note when it was due, in one transaction.

        Returns:
            Whether it was not there.
        """
        with self._write() as connection:
            return holding.record_digest(
                connection, alert, outbox, told, match_ids, receiver=receiver, slot_at=slot_at, now=now
            )

    def hold_on(self, ids: Sequence[DeliveryId], held: Held) -> None:
        """Hold messages for longer or less long, or for another reason, that are held."""
        with self._write() as connection:
            holding.hold_on(connection, ids, held)

    def settle_silenced(self, ids: Sequence[DeliveryId], silence: str, *, now: datetime) -> None:
        """Settle messages that were held, and for which a silence holds now that they are to leave.

        `replay` sends them all the same.
        """
        with self._write() as connection:
            holding.settle_silenced(connection, ids, silence, now=now)

    def release(
        self, ids: Sequence[DeliveryId], *, told: Sequence[DeliveryId], told_by: AlertId, now: datetime
    ) -> None:
        """Let messages go that were held, and settle those whose news they tell too, in one transaction."""
        with self._write() as connection:
            holding.release(connection, ids, told=told, told_by=told_by, now=now)

    def record_group(
        self,
        alert: Alert,
        outbox: Sequence[OutboxItem],
        told: Sequence[DeliveryId],
        match_ids: Sequence[int],
        *,
        now: datetime,
    ) -> bool:
        """Write a message that tells what others would have, and settle those, in one transaction.

        Returns:
            Whether it was not there.
        """
        with self._write() as connection:
            return holding.record_group(connection, alert, outbox, told, match_ids, now=now)

    def record_alert(self, alert: Alert, outbox: Sequence[OutboxItem], *, now: datetime) -> bool:
        """Record an alert that tells no match, with one delivery for each message, in one transaction.

        Returns:
            Whether it was not there: an alert is recorded once, whatever is rendered later under its id.
        """
        with self._write() as connection:
            return articles.add_alert(connection, alert, outbox, (), now=now)

    def record_heartbeat(self, alert: Alert, outbox: Sequence[OutboxItem], *, now: datetime) -> Unsent | None:
        """Record that a canary arrived, with its message, in one transaction, and forget those before it.

        Of the messages of heartbeats only one waits: what was not sent until now never is, unless it is being sent.

        Returns:
            Why the message of the one before was not accepted; None: it was, or there was none.
        """
        with self._write() as connection:
            return heartbeats.record_heartbeat(connection, alert, outbox, now=now)

    # --- incidents --------------------------------------------------------------------------------------------------

    def note_incidents(self, *, failures: int, now: datetime) -> None:  # noqa: ARG002  every write is given the instant
        """Note what is wrong with feeds and is not noted yet: those that fail, are gone or are quiet.

        Args:
            failures: failed polls in a row that make an incident.
            now: the present instant.
        """
        with self._write() as connection:
            incidents.note_incidents(connection, failures=failures)

    def pending_incidents(self, *, now: datetime) -> PendingIncidents:
        """Return the incidents of which something may still be told, and what was told lately."""
        with self._read() as connection:
            return incidents.pending_incidents(connection, now=now)

    def open_incidents(self) -> tuple[Incident, ...]:
        """Return the incidents that last, told or not, oldest first."""
        with self._read() as connection:
            return incidents.open_incidents(connection)

    def incidents_around(self, feed_ids: Sequence[FeedId], *, at: datetime) -> tuple[Incident, ...]:
        """Return what was wrong with these feeds when they should have listed an article, oldest first.

        Args:
            feed_ids: the feeds.
            at: when the article was published.
        """
        with self._read() as connection:
            return incidents.incidents_around(connection, feed_ids, at=at)

    def record_incidents(
        self,
        alerts: Sequence[tuple[Alert, Sequence[OutboxItem], Sequence[IncidentId]]],
        *,
        ended: Sequence[Incident | Trouble],
        dropped: Sequence[IncidentId],
        now: datetime,
    ) -> None:
        """Record what became of incidents or of troubles, in one transaction (promise D2).

        Args:
            alerts: each with its rendered messages and the incidents it tells.
            ended: those that are over, and since when.
            dropped: those that concern nobody any more.
            now: the present instant, UTC.
        """
        with self._write() as connection:
            incidents.record_incidents(connection, alerts, ended=ended, dropped=dropped, now=now)

    def system_facts(self, *, failing: Collection[str] = (), now: datetime) -> SystemFacts:
        """Return what shows whether veille does its work: what waits to be sent, and how feeds are polled.

        Args:
            failing: receivers that were in trouble when last looked at: what was given up since they last took a
                message is counted too.
            now: the present instant.
        """
        with self._read() as connection:
            return troubles.system_facts(connection, failing=failing, now=now)

    def note_troubles(self, sights: Sequence[Sight], *, now: datetime) -> None:
        """Note what is wrong with veille itself and is not noted yet."""
        with self._write() as connection:
            troubles.note_troubles(connection, sights, now=now)

    def pending_troubles(self) -> PendingTroubles:
        """Return the troubles of which something may still be told, and when something was last told."""
        with self._read() as connection:
            return troubles.pending_troubles(connection)

    # --- outbox -----------------------------------------------------------------------------------------------------

    def claim_deliveries(
        self, receiver: str, *, now: datetime, owner: str, lease_s: float, limit: int, probe: bool = False
    ) -> tuple[Delivery, ...]:
        """Lease up to `limit` pending deliveries of a receiver that are due, oldest first, and open an attempt each.

        One whose attempts ended with the daemon again and again comes after all others, and alone. For a `probe`, those
        come first that were not tried yet, or not for longest: no message is tried alone while others wait.
        """
        with self._write() as connection:
            return outbox.claim_deliveries(
                connection, receiver, now=now, owner=owner, lease_s=lease_s, limit=limit, probe=probe
            )

    def settle_sent(
        self,
        delivery_id: DeliveryId,
        receipt: Receipt,
        *,
        now: datetime,
        endpoint: Endpoint | None = None,
        waited_for: Collection[Reason] = (),
    ) -> None:
        """Record that the receiver accepted a message: it is never claimed again (promise D4).

        Args:
            delivery_id: the message.
            receipt: what the receiver said.
            now: the present instant.
            endpoint: how the receiver is from now on; so for the two below. None: as before.
            waited_for: messages to it that failed for these reasons are due now.

        Raises:
            NotFoundError: there is no such pending delivery; so for the two below.
        """
        with self._write() as connection:
            outbox.settle_sent(connection, delivery_id, receipt, now=now)
            if endpoint is not None:
                endpoints.write_endpoint(connection, endpoint)
                if waited_for:
                    outbox.pull_waiting(connection, endpoint.receiver, waited_for)

    def settle_retry(
        self,
        delivery_id: DeliveryId,
        *,
        next_attempt_at: datetime,
        reason: Reason,
        error: str,
        now: datetime,
        counted: bool = True,
        endpoint: Endpoint | None = None,
    ) -> None:
        """Record a failed attempt, when to try again, and whether it was one of the message's tries."""
        with self._write() as connection:
            outbox.settle_retry(
                connection,
                delivery_id,
                next_attempt_at=next_attempt_at,
                reason=reason,
                error=error,
                counted=counted,
                now=now,
            )
            if endpoint is not None:
                endpoints.write_endpoint(connection, endpoint)

    def settle_failed(
        self, delivery_id: DeliveryId, *, reason: Reason, error: str, now: datetime, endpoint: Endpoint | None = None
    ) -> None:
        """Record that a message is given up; `replay` brings it back."""
        with self._write() as connection:
            outbox.settle_failed(connection, delivery_id, reason=reason, error=error, now=now)
            if endpoint is not None:
                endpoints.write_endpoint(connection, endpoint)

    def endpoint(self, receiver: str) -> Endpoint:
        """Return how a receiver was lately; one that was sent nothing yet is well."""
        with self._read() as connection:
            return endpoints.find_endpoint(connection, receiver)

    def enable_endpoint(self, endpoint: Endpoint, *, now: datetime) -> None:  # noqa: ARG002  every write is given the instant
        """Write how a receiver is from now on, and let all that waits for it be tried."""
        with self._write() as connection:
            endpoints.write_endpoint(connection, endpoint)
            outbox.pull_waiting(connection, endpoint.receiver)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return how all receivers were that were sent something, by name."""
        with self._read() as connection:
            return endpoints.list_endpoints(connection)

    def give_back_deliveries(
        self,
        ids: Sequence[DeliveryId],
        *,
        now: datetime,  # noqa: ARG002  every write is given the instant
        next_attempt_at: datetime | None = None,
    ) -> None:
        """Put leased deliveries back as if they had not been claimed: nothing was sent.

        Args:
            ids: these; what is not leased is left.
            now: the present instant.
            next_attempt_at: when they may be claimed again; None: as before.
        """
        with self._write() as connection:
            outbox.give_back_deliveries(connection, ids, next_attempt_at=next_attempt_at)

    def pending_deliveries(self) -> dict[str, int]:
        """Return how many deliveries are not settled, by receiver: also of those that are no longer configured."""
        with self._read() as connection:
            return outbox.pending_deliveries(connection)

    def unsent_deliveries(self) -> dict[str, int]:
        """Return how many deliveries wait or are held, by receiver: also of those no longer configured."""
        with self._read() as connection:
            return outbox.unsent_deliveries(connection)

    def failed_deliveries(self) -> dict[str, int]:
        """Return how many deliveries were given up, by receiver."""
        with self._read() as connection:
            return outbox.failed_deliveries(connection)

    def sent_messages(self, receiver: str, *, channel: Channel, limit: int) -> tuple[bytes, ...]:
        """Return the messages that a receiver was sent, the latest first.

        Args:
            receiver: its name.
            channel: what it was when they were written: a name may have been another's.
            limit: at most so many.
        """
        with self._read() as connection:
            return outbox.sent_messages(connection, receiver, channel=channel, limit=limit)

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        receiver: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> tuple[DeliveryLine, ...]:
        """Return deliveries, the latest first."""
        with self._read() as connection:
            return outbox.list_deliveries(connection, state=state, receiver=receiver, since=since, limit=limit)

    def replay(
        self,
        *,
        now: datetime,
        by: str = "",
        ids: Sequence[DeliveryId] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        receiver: str | None = None,
        state: DeliveryState | None = None,
    ) -> dict[str, int]:
        """Make deliveries pending again: same identity, same bytes, a fresh schedule. What is under way is left.

        Args:
            now: the present instant.
            by: who wants it; that is kept among the attempts.
            ids: these, whatever their state; None: those that the rest selects.
            since: created then or later.
            until: created before.
            receiver: of this receiver.
            state: in this state; None: failed.

        Returns:
            How many will be sent again, by receiver.

        Raises:
            NotFoundError: one of `ids` does not exist; then none is replayed.
        """
        with self._write() as connection:
            return outbox.replay(
                connection, ids=ids, since=since, until=until, receiver=receiver, state=state, by=by, now=now
            )

    def delivery(self, delivery_id: DeliveryId) -> DeliveryLine:
        """Return one delivery.

        Raises:
            NotFoundError: there is no such delivery.
        """
        with self._read() as connection:
            return outbox.find_delivery(connection, delivery_id)

    def teller(self, delivery_id: DeliveryId) -> DeliveryLine | None:
        """Return the message that tells in the end what a delivery would have; None: it is not grouped.

        Raises:
            NotFoundError: there is no such delivery.
        """
        with self._read() as connection:
            return outbox.find_teller(connection, outbox.find_delivery(connection, delivery_id))

    def attempts(self, delivery_id: DeliveryId) -> tuple[AttemptLine, ...]:
        """Return each try of a message, and each replay, oldest first.

        Raises:
            NotFoundError: there is no such delivery.
        """
        with self._read() as connection:
            return outbox.list_attempts(connection, delivery_id)

    def untold_failures(self) -> Failures:
        """Return the messages that were given up and of which nobody was told.

        Those on messages that were given up, and on receivers that are disabled, are none of them: nothing is told of
        those, or it would never end.
        """
        with self._read() as connection:
            return undelivered.untold_failures(connection)

    def record_undelivered(
        self,
        alerts: Sequence[tuple[Alert, Sequence[OutboxItem]]],
        *,
        failed: Sequence[DeliveryId],
        disabled: Sequence[str],
        now: datetime,
    ) -> None:
        """Record alerts on what receivers do not get, and that others were told, in one transaction.

        Args:
            alerts: each with its messages.
            failed: the messages that were given up.
            disabled: the receivers that are disabled.
            now: the present instant.
        """
        with self._write() as connection:
            undelivered.record_undelivered(connection, alerts, failed=failed, disabled=disabled, now=now)

    # --- the log ----------------------------------------------------------------------------------------------------

    def matches(self, wanted: MatchFilter | None = None, *, limit: int = 50) -> tuple[MatchLine, ...]:
        """Return matches, the latest first: all but near misses unless some are asked for.

        Args:
            wanted: which.
            limit: how many at most.
        """
        with self._read() as connection:
            return log.list_matches(connection, wanted or MatchFilter(), limit=limit)

    def has_matched(self, rule: str) -> bool:
        """Return whether a rule has ever matched, or nearly did."""
        with self._read() as connection:
            return log.has_matched(connection, rule)

    def match_records(
        self, wanted: MatchFilter | None = None, *, below: int | None = None, limit: int
    ) -> tuple[MatchRecord, ...]:
        """Return matches with all that an export has of them, the latest first.

        Args:
            wanted: which.
            below: with numbers below this one: the last of those that were returned before.
            limit: how many at most.
        """
        with self._read() as connection:
            return log.list_records(connection, wanted or MatchFilter(), below=below, limit=limit)

    def revisions(
        self, *, ref: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> tuple[RevisionLine, ...]:
        """Return how articles changed, the latest first.

        Args:
            ref: of the article with this address, or that this alert or this match's number tells.
            since: seen then or later.
            limit: how many at most.

        Raises:
            NotFoundError: the reference means nothing.
        """
        with self._read() as connection:
            return revisions.list_revisions(connection, ref=ref, since=since, limit=limit)

    def match(self, ref: str) -> MatchDetail:
        """Return one match and all that explains it.

        Args:
            ref: an alert's reference or enough of its beginning, in any case; or a match's number. Of an alert that
                tells several matches, the best is returned and the others are listed.

        Raises:
            NotFoundError: it means nothing, or several alerts.
        """
        with self._read() as connection:
            return log.get_match(connection, ref)

    def label(self, ref: str, relevant: bool, *, now: datetime) -> LabelLine:  # noqa: FBT001  `label(ref, True)` reads well
        """Record a judgement of a match, or of all that an alert tells; the last one counts, all are kept.

        Raises:
            NotFoundError: the reference means nothing, or several alerts, or a message that lists several stories; of
                these the references are named.
        """
        with self._write() as connection:
            return log.label_match(connection, ref, relevant=relevant, now=now)

    def listed(self, keys: Sequence[str]) -> tuple[ListedEntry, ...]:
        """Return the entries that one of these keys identifies, of any feed, as they came, with what became of each.

        Args:
            keys: `g:<guid>` and `l:<canonical link>`, as entries have them.
        """
        with self._read() as connection:
            return listing.find_listed(connection, keys)

    def feeds_listing(self, host: str) -> tuple[FeedId, ...]:
        """Return the feeds that listed pages of a host, wherever they are themselves.

        Args:
            host: as link keys begin: without `www.`, with the port unless it is the scheme's own.
        """
        with self._read() as connection:
            return listing.feeds_listing(connection, host)

    def last_listed(self, feed_ids: Sequence[FeedId]) -> dict[FeedId, datetime]:
        """Return when each of these feeds last listed anything that was new; those that never did are left out."""
        with self._read() as connection:
            return listing.last_listed(connection, feed_ids)

    def gauges(self, *, now: datetime) -> Gauges:
        """Return what is measured every few seconds."""
        with self._read() as connection:
            oldest_at = outbox.outbox_oldest_at(connection)
            return Gauges(
                entries_waiting=reading.entries_waiting(connection, now=now),
                outbox_pending=sum(outbox.pending_deliveries(connection).values()),
                outbox_oldest_s=0.0 if oldest_at is None else max(0.0, (now - oldest_at).total_seconds()),
                feeds=feeds.count_by_status(connection),
                incidents=incidents.count_open(connection),
                troubles=troubles.count_troubles(connection),
            )

    # --- silences ---------------------------------------------------------------------------------------------------

    def add_silence(self, silence: Silence) -> bool:
        """Keep a silence; return whether it was not there."""
        with self._write() as connection:
            return silences.add_silence(connection, silence)

    def active_silences(self, *, now: datetime) -> tuple[Silence, ...]:
        """Return the silences in force, the oldest first."""
        with self._read() as connection:
            return silences.active_silences(connection, now=now)

    def silences(self) -> tuple[Silence, ...]:
        """Return every silence, past ones too, the oldest first."""
        with self._read() as connection:
            return silences.list_silences(connection)

    def end_silence(self, ref: str, *, now: datetime) -> Silence:
        """End a silence early, and return it; one that was ended stays as it is.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self._write() as connection:
            return silences.end_silence(connection, ref, now=now)

    # --- the ledger -------------------------------------------------------------------------------------------------

    def ledger(self, *, since: datetime) -> tuple[LedgerLine, ...]:
        """Return a line for each article that was first seen since then, texts and all unread."""
        with self._read() as connection:
            return ledger.read_ledger(connection, since=since)

    def told(self, *, since: datetime) -> tuple[ToldLine, ...]:
        """Return a line for each match that an alert planned since then tells, and for each of its deliveries."""
        with self._read() as connection:
            return ledger.read_told(connection, since=since)

    # --- the archive ------------------------------------------------------------------------------------------------

    def archive_span(self, *, since: datetime) -> ArchiveSpan:
        """Return where the articles lie that were first seen since then, and how many there are."""
        with self._read() as connection:
            return archive.archive_span(connection, since=since)

    def read_archive(self, first_id: int, last_id: int, *, since: datetime) -> tuple[ArchivedArticle, ...]:
        """Return the articles of a range of numbers that were first seen since then, in order.

        Those whose text was not kept (promise P5) are left out: a rule cannot judge them again.

        Args:
            first_id: the first number of the range.
            last_id: the last one, included.
            since: first seen then or later.
        """
        with self._read() as connection:
            return archive.read_archive(connection, first_id, last_id, since=since)

    def archived(self, ids: Sequence[ArticleId]) -> dict[ArticleId, ArchivedArticle]:
        """Return these articles by number; those that are not there are left out."""
        with self._read() as connection:
            return archive.archived(connection, ids)

    def judgements(self) -> dict[tuple[ArticleId, str], bool]:
        """Return whether each judged match was relevant, by article and rule; the last judgement counts."""
        with self._read() as connection:
            return archive.judgements(connection)

    def match_counts(self, *, since: datetime) -> dict[str, int]:
        """Return how many matches of each rule were recorded since then, near misses left out."""
        with self._read() as connection:
            return archive.match_counts(connection, since=since)

    def rule_record(self, rule: str, *, today_at: datetime, judged_since: datetime) -> RuleRecord:
        """Return how many matches of a rule were recorded since `today_at`, and what people say of those since then.

        Args:
            rule: its id.
            today_at: midnight where the readers are.
            judged_since: judgements on matches that were recorded then or later are counted.
        """
        with self._read() as connection:
            return archive.rule_record(connection, rule, today_at=today_at, judged_since=judged_since)

    def shadow_matches(self, rules: Sequence[str], *, since: datetime) -> tuple[ShadowMatch, ...]:
        """Return the matches and near misses recorded since then for a rule, oldest first.

        Args:
            rules: the rule's id, and those it had before.
            since: recorded then or later.
        """
        with self._read() as connection:
            return archive.shadow_matches(connection, rules, since=since)

    def keeps(self, path: Path) -> bool:
        """Return whether a file is the database, or one that SQLite or a daemon keeps beside it, whatever leads to it.

        Raises:
            OSError: its links lead round in a circle, or cannot be followed; no file has such a name.
        """
        database = resolved(self.path)
        beside = {database.with_name(database.name + suffix) for suffix in _SQLITES}
        return resolved(path) in {*beside, lock_of(self.path)}

    # --- upkeep -----------------------------------------------------------------------------------------------------

    def backup(self, target: Path) -> None:
        """Write a consistent copy to a new file (mode 600), while others read and write (promise T5).

        Raises:
            StoreError: there is a file already, or it cannot be written.
        """
        if target.exists():
            raise StoreError(f"{target}: exists already; give the name of a new file")
        create_file(target)
        try:
            with translated(target), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM INTO ?", (os.fspath(target),))
        except StoreError:
            target.unlink()
            raise

    def heartbeat(self, *, now: datetime) -> None:
        """Prove that the database can be written, and that it is still the file at its path.

        Raises:
            StoreError: also where the file was deleted or replaced: what is written to it is lost with the process.
        """
        if _identity(self.path) != self._file:
            raise StoreError(
                f"{self.path}: the file was deleted or replaced; what is stored from now on is lost when veille stops. "
                "Restart it, and put back a backup if there is one"
            )
        with self._write() as connection:
            connection.execute(delete(HEARTBEAT))
            connection.execute(insert(HEARTBEAT), {"id": 1, "beat_at": now})

    def beat_at(self) -> datetime | None:
        """Return when a daemon last proved that it can write; None: none has run here."""
        with self._read() as connection:
            return connection.scalar(select(HEARTBEAT.c.beat_at))


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
