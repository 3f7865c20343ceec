from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import ArticleId, Completeness, EntryClaim, RuleRecord
from monitor.store import ArchiveSpan, ShadowMatch, Store
from rules.types import Document, Status
from tests.monitor.store.samples import (
    NOW,
    after,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    message,
    one_entry,
    poll,
    record,
    story,
)


@pytest.fixture
def archive(store: Store) -> Store:
    """Three articles, ten minutes apart: one with a match that was alerted, one with a near miss, one withheld."""
    record(store, _seen(store, "a", 0), (alert("7K2QXYZ0", match("axe")), [message()]))
    record(store, _seen(store, "b", 10), matches=[match("axe", near_miss=True), match("front")], now=after(10))
    record(store, _seen(store, "c", 20), keep_text=False, now=after(20))
    return store


def _seen(store: Store, name: str, minutes: float) -> EntryClaim:
    at = after(minutes)
    poll(
        store,
        live_feed(store, f"https://{name}.example/rss"),
        entry(name, link=f"https://{name}.example/{name}"),
        at=at,
    )
    (claimed,) = claim(store, at=at)
    return claimed


def test_a_period_is_counted_without_what_was_not_kept(archive: Store) -> None:
    assert ArchiveSpan(1, 3, count=2, withheld=1, oldest_at=NOW) == archive.archive_span(since=NOW)
    assert ArchiveSpan(2, 3, count=1, withheld=1, oldest_at=after(10)) == archive.archive_span(since=after(5))


def test_a_period_without_articles_is_empty(store: Store) -> None:
    assert ArchiveSpan(first_id=1, last_id=0) == store.archive_span(since=NOW)


def test_what_a_rule_gave_lately_is_counted(archive: Store) -> None:
    archive.label("al_7K2QXYZ0", relevant=True, now=NOW)

    assert RuleRecord(1, 1, 1) == archive.rule_record("axe", today_at=NOW, judged_since=NOW)
    assert RuleRecord(0, 1, 1) == archive.rule_record("axe", today_at=after(1), judged_since=NOW)
    assert RuleRecord(1, 0, 0) == archive.rule_record("front", today_at=NOW, judged_since=after(1))


def test_articles_are_read_as_rules_read_them(archive: Store) -> None:
    first, _ = archive.read_archive(1, 3, since=NOW)
    expected = article().document(feed="https://a.example/rss", first_seen_at=NOW)

    assert (1, article().url, NOW, expected) == (first.id, first.url, first.first_seen_at, first.document)
    assert (Document, Completeness.FULL) == (type(first.document), first.document.completeness)


def test_articles_are_read_by_range_and_period(archive: Store) -> None:
    assert [1, 2] == [one.id for one in archive.read_archive(1, 3, since=NOW)]
    assert [1] == [one.id for one in archive.read_archive(1, 1, since=NOW)]
    assert [2] == [one.id for one in archive.read_archive(1, 3, since=after(5))]


def test_a_title_that_had_no_text_in_its_feed_is_read(store: Store) -> None:
    claimed = one_entry(store)
    bare = replace(article(), lead="", body="")

    store.record_article(claimed.id, bare, story=story(), matches=(), alerts=(), now=NOW)

    assert ["Une visite"] == [one.document.title for one in store.read_archive(1, 1, since=NOW)]


def test_articles_are_read_by_number(archive: Store) -> None:
    found = archive.archived([ArticleId(2), ArticleId(99)])

    assert {2: after(10)} == {number: one.first_seen_at for number, one in found.items()}


def test_the_last_judgement_of_each_match_is_told(archive: Store) -> None:
    archive.label("7K2Q", relevant=True, now=NOW)
    archive.label("3", relevant=True, now=NOW)
    archive.label("3", relevant=False, now=after(1))

    assert {(1, "axe"): True, (2, "front"): False} == archive.judgements()


def test_matches_are_counted_by_rule_without_near_misses(archive: Store) -> None:
    assert {"axe": 1, "front": 1} == archive.match_counts(since=NOW)
    assert {"front": 1} == archive.match_counts(since=after(5))


def test_what_a_rule_did_is_told_with_the_status_it_had(archive: Store) -> None:
    archive.label("7K2Q", relevant=True, now=NOW)

    assert (
        ShadowMatch(NOW, near_miss=False, version="sha256:abc", status=Status.STABLE, relevant=True),
        ShadowMatch(after(10), near_miss=True, version="sha256:abc", status=Status.STABLE, relevant=None),
    ) == archive.shadow_matches(["axe", "ancien"], since=NOW)
    assert 1 == len(archive.shadow_matches(["axe"], since=after(5)))
