"""A log of stored articles, as the daemon would have left it, for the tests of what judges them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.store import Store
from rules.engine import Engine
from rules.types import Pack
from tests.monitor.store.samples import article, claim, entry, live_feed, poll, story

__all__ = ["fill", "store_article"]


def store_article(
    store: Store, pack: Pack, name: str, title: str, *, at: datetime, body: str = "", keep_text: bool = True
) -> None:
    """Store one article with what the rules say of it."""
    known = [state.feed.url for state in store.feeds()]
    url = "https://gazette.example/rss"
    feed_id = store.feed(url).id if url in known else live_feed(store, url)
    poll(store, feed_id, entry(name, link=f"https://gazette.example/{name}"), at=at)
    (claimed,) = claim(store, at=at)
    made = replace(
        article(title), lead="", body=body, url=f"https://gazette.example/{name}", published_at=at - timedelta(hours=1)
    )
    engine = Engine(pack)
    matches = engine.match(engine.analyse(made.document(feed=url, first_seen_at=at)), now=at)
    store.record_article(
        claimed.id,
        made,
        story=replace(story(name), title=title, first_seen_at=at),
        matches=matches,
        alerts=(),
        now=at,
        keep_text=keep_text,
        entities=(),
    )


def fill(store: Store, pack: Pack, titles: Sequence[str], *, until: datetime, days: float) -> None:
    """Store articles with these titles, spread over some days."""
    step = timedelta(days=days) / max(1, len(titles))
    for number, title in enumerate(titles):
        store_article(store, pack, f"a{number}", title, at=until - timedelta(days=days) + step * number)
