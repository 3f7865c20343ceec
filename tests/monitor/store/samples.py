"""What the tests of the store work with: one instant, and values that are easy to vary."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model import (
    Alert,
    AlertId,
    AlertType,
    Article,
    ArticleId,
    Channel,
    Completeness,
    Entry,
    EntryClaim,
    Feed,
    FeedId,
    Lane,
    NotificationReason,
    PollOutcome,
    PollResult,
    Receiver,
    Rendered,
    Silence,
    Story,
    StorySource,
)
from monitor.store import OutboxItem, PollRecord, Store
from rules.types import (
    All,
    Contribution,
    Evidence,
    Field,
    Gate,
    GateKind,
    Level,
    Mask,
    Match,
    RuleDef,
    Score,
    Snippet,
    Status,
    Verdict,
)

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
PARSED = PollOutcome(PollResult.PARSED, etag='"a"', last_modified="hier", body_sha256="sha", is_heavy=True)
WEBHOOK = Receiver("webhook", Channel.WEBHOOK)
DAY_S = 86_400.0


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


SILENCE = Silence("si_7K2Q4M9T", ('rule="axe"',), "Anne", "connu", NOW, after(60))


def entry(name: str, *, guid: str | None = None, link: str | None = "", **changes: Any) -> Entry:
    """An entry with a guid and a link of its own, unless told otherwise; `guid=""` is none."""
    guid = name if guid is None else guid or None
    link = f"https://gazette.example/{name}" if link == "" else link
    keys = tuple(key for key in (f"g:{guid}" if guid else None, f"l:{link}" if link else None) if key)
    made = Entry(keys or (f"h:{name}",), guid, link, f"Titre {name}", f"Résumé {name}", published_at=NOW)
    return replace(made, **changes)


def add_feed(store: Store, url: str = "https://gazette.example/rss", *, at: datetime = NOW) -> FeedId:
    """Declare a feed beside those there are."""
    declared = [state.feed for state in store.feeds()]
    store.sync_feeds([*declared, Feed(url)], now=at)
    return store.feed(url).id


def poll(store: Store, feed_id: FeedId, *entries: Entry, at: datetime = NOW, **changes: Any) -> PollRecord:
    """Record a successful poll."""
    outcome = replace(PARSED, **changes)
    due = at + timedelta(minutes=5)
    return store.record_poll(feed_id, outcome, entries, next_due_at=due, now=at, baseline_max_age_s=DAY_S)


def live_feed(store: Store, url: str = "https://gazette.example/rss") -> FeedId:
    """A feed whose first poll is past: its next entries are new."""
    feed_id = add_feed(store, url, at=NOW - timedelta(days=2))
    poll(store, feed_id)
    return feed_id


def claim(store: Store, *, at: datetime = NOW, limit: int = 100, lane: Lane = Lane.FAST) -> tuple[EntryClaim, ...]:
    return store.claim_entries(now=at, owner="moi", lease_s=60, limit=limit, lane=lane)


def one_entry(store: Store, name: str = "un") -> EntryClaim:
    """A live entry, claimed."""
    poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    (claimed,) = claim(store)
    return claimed


def article(title: str = "Une visite", **changes: Any) -> Article:
    made = Article(
        url="https://gazette.example/un",
        title=title,
        lead="Le chapô.",
        body="Le corps, où l’on parle de Kharkiv.",
        language="fr",
        published_at=NOW - timedelta(hours=1),
        authors=("A. Martin",),
        completeness=Completeness.FULL,
        extractor="trafilatura/2.3.1",
        text_sha256="f00d",
        outlet="La Gazette de Lutèce",
    )
    return replace(made, **changes)


def story(name: str = "un") -> Story:
    url = "https://gazette.example/un"
    source = StorySource("La Gazette de Lutèce", url, NOW, Completeness.FULL, title="Une visite")
    undated = StorySource("L’Écho du Vexin", None, None, Completeness.SUMMARY, wire=True, agency="AFP")
    return Story(f"st_{name}", f"Sujet {name}", NOW, (source, undated), truncated=1)


def told(name: str = "un", title: str = "Une visite") -> Story:
    """The story as its article `article(title)` tells it."""
    of_all = story(name)
    own = replace(of_all.sources[0], published_at=NOW - timedelta(hours=1), title=title, extractor="trafilatura/2.3.1")
    return replace(of_all, title=title, sources=(own, *of_all.sources[1:]))


def match(rule: str = "axe", *, score: float = 12.5, near_miss: bool = False) -> Match:
    """A match as it comes back from the store: its rule without condition and terms."""
    return Match(
        rule=RuleDef(
            id=rule,
            title="L’axe",
            condition=All(()),
            terms=(),
            status=Status.STABLE,
            level=Level.HIGH,
            tags=("geo.russie",),
            score=Score(threshold=10.0),
            labels=(("desk", "international"),),
            version="sha256:abc",
        ),
        verdict=Verdict(
            rule=rule,
            version="sha256:abc",
            score=score,
            threshold=10.0,
            condition=True,
            in_scope=True,
            match=not near_miss,
            near_miss=near_miss,
            level=None if near_miss else Level.MEDIUM,
            contributions=(Contribution("chine", 9.0, "Chine", Field.TITLE, 2),),
            evidence=(Evidence("chine", Field.TITLE, 0, 5, "Chine"),),
            gate=Gate(GateKind.THRESHOLD, "score 7.2 < 10") if near_miss else None,
        ),
        snippets=(Snippet(Field.LEAD, "La Chine reçoit.", ((3, 8, "chine"),)),),
        masks=(Mask("chine", Field.BODY, 3, 17, "encre de Chine"),),
        text_sha256="f00d",
    )


def alert(name: str = "7K2QXYZ0", *matches: Match, type_: AlertType = AlertType.STORY_NEW) -> Alert:
    return Alert(
        id=AlertId(f"al_{name}"),
        type=type_,
        reason=NotificationReason.FIRST_ALERT,
        planned_at=NOW,
        receivers=("webhook",),
        stories=tuple(story() for _ in matches),
        matches=matches,
        latency_s=(("seen_to_sent_s", 2.0),),
    )


def message(name: str = "7K2QXYZ0", receiver: Receiver = WEBHOOK) -> OutboxItem:
    rendered = Rendered(f"corps {name}".encode(), "application/json", (("X-Un", "1"),))
    return OutboxItem(receiver, f"msg_{name}_{receiver.name}", rendered)


def record(store: Store, claimed: EntryClaim, *alerts: tuple[Alert, Sequence[OutboxItem]], **changes: Any) -> ArticleId:
    """Record the article of a claimed entry, with the matches of its alerts unless told otherwise."""
    matches = [one for told, _ in alerts for one in told.matches]
    given = {"story": story(), "matches": matches, "alerts": alerts, "now": NOW, **changes}
    return store.record_article(claimed.id, article(), **given).article_id


def record_alert(store: Store, name: str = "7K2QXYZ0", receiver: Receiver = WEBHOOK) -> None:
    """Everything up to one pending delivery."""
    record(store, one_entry(store, name.lower()), (alert(name, match()), [message(name, receiver)]))


_COUNTS = """
SELECT 'entries_' || state, count(*) FROM entry GROUP BY state
UNION ALL SELECT 'deliveries_' || state, count(*) FROM delivery GROUP BY state
UNION ALL SELECT iif(near_miss, 'near_misses', 'matches'), count(*) FROM "match" GROUP BY near_miss
UNION ALL SELECT 'articles', count(*) FROM article
UNION ALL SELECT 'alerts', count(*) FROM alert
UNION ALL SELECT 'feeds', count(*) FROM feed
"""


def next_due_at(store: Store) -> datetime | None:
    """Return when the next host is due."""
    with closing(sqlite3.connect(store.path)) as log:
        ((due_at,),) = log.execute("SELECT min(next_due_at) FROM host")
    return None if due_at is None else datetime.fromisoformat(due_at)


def counts(store: Store) -> dict[str, int]:
    """Return how many rows there are of everything that is there."""
    with closing(sqlite3.connect(store.path)) as log:
        return dict(log.execute(_COUNTS).fetchall())
