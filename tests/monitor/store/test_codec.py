"""What is stored comes back equal; through the database, because that is where types are lost."""

from __future__ import annotations

import pytest

from monitor.errors import Reason
from monitor.model import Completeness
from monitor.store import MatchFilter, Store
from tests.monitor.store.samples import (
    NOW,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    one_entry,
    poll,
    record,
    story,
    told,
)


@pytest.mark.parametrize("near_miss", [False, True])
def test_a_match_comes_back_as_it_was(store: Store, *, near_miss: bool) -> None:
    given = match(near_miss=near_miss)
    record(store, one_entry(store), matches=[given])
    (line,) = store.matches(MatchFilter(near_misses=True))

    assert given == store.match(str(line.id)).match


def test_a_story_comes_back_as_it_was(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match()), []))

    assert told() == store.match("7K2Q").story


def test_an_article_comes_back_as_it_was(store: Store) -> None:
    given = article(
        completeness=Completeness.TEASER, wire="AFP", reserved=True, page_reason=Reason.AUTH, page_error="403"
    )
    store.record_article(
        one_entry(store).id, given, story=story(), matches=[match()], alerts=(), now=NOW, entities=["chine"]
    )

    assert given == store.match("1").article


def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    given = entry("un", content="Tout le texte.", updated_at=NOW, authors=("A. Martin", "B. Durand"))
    poll(store, live_feed(store), given)

    assert [given] == [claimed.entry for claimed in claim(store)]


def test_an_entry_without_guid_and_link_comes_back_as_it_was(store: Store) -> None:
    given = entry("un", guid="", link=None)
    poll(store, live_feed(store), given)

    assert [given] == [claimed.entry for claimed in claim(store)]
