from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import sqlite

from monitor.errors import Reason
from monitor.model import AlertType, Completeness, DeliveryId, Receipt
from monitor.store import LedgerLine, Store, ToldLine
from monitor.store.ledger import read_since, seen_since
from tests.monitor.store.samples import (
    NOW,
    add_feed,
    after,
    alert,
    article,
    claim,
    entry,
    match,
    message,
    one_entry,
    poll,
    record,
    record_alert,
    story,
)


def test_the_ledger_holds_the_instants_of_each_article(store: Store) -> None:
    record(store, one_entry(store), read_at=after(1), now=after(2))
    (line,) = store.ledger(since=NOW)

    instants: Any = {"seen_at": NOW, "published_at": article().published_at, "read_at": after(1)}
    expected = LedgerLine(store.feed("1").id, baseline=False, **instants, completeness="full", page_reason=None)
    assert expected == line


def test_the_ledger_of_a_period_holds_what_was_first_seen_in_it(store: Store) -> None:
    record(store, one_entry(store), now=after(5))

    assert (1, 0, 0) == tuple(len(store.ledger(since=since)) for since in (NOW, after(1), after(9)))


def test_what_a_first_poll_found_is_marked(store: Store) -> None:
    poll(store, add_feed(store), entry("un"))
    (claimed,) = claim(store)
    record(store, claimed)

    assert [True] == [line.baseline for line in store.ledger(since=NOW)]


def test_an_article_is_read_when_its_page_is(store: Store) -> None:
    claimed = one_entry(store)
    summary = article(completeness=Completeness.SUMMARY, page_reason=Reason.TIMEOUT)
    given = {"story": story(), "matches": [], "alerts": []}
    store.record_article(claimed.id, summary, now=after(1), done=False, **given)  # type: ignore[arg-type]  # keywords
    store.record_article(claimed.id, article(), now=after(7), done=False, **given)  # type: ignore[arg-type]  # keywords
    store.record_article(claimed.id, article(), now=after(9), **given)  # type: ignore[arg-type]  # keywords

    assert [after(7)] == [line.read_at for line in store.ledger(since=NOW)]


def test_what_was_told_comes_with_each_of_its_deliveries(store: Store) -> None:
    record_alert(store)
    store.claim_deliveries("webhook", now=after(1), owner="moi", lease_s=60, limit=1)
    store.settle_sent(DeliveryId(1), Receipt(), now=after(2))
    (line,) = store.told(since=NOW)

    feed_id = store.feed("1").id
    expected = ToldLine(line.alert_id, AlertType.STORY_NEW, feed_id, "axe", NOW, NOW, "webhook", after(2))
    assert expected == line
    assert () == store.told(since=after(1))


def test_an_alert_to_nobody_is_told_without_a_receiver(store: Store) -> None:
    record(store, one_entry(store), (replace(alert("LOG00000", match())), []))

    assert [(None, None)] == [(line.receiver, line.sent_at) for line in store.told(since=NOW)]


def test_an_alert_on_no_match_is_in_no_ledger(store: Store) -> None:
    store.record_alert(alert("REFUSED0", type_=AlertType.RULES_REJECTED), [message("REFUSED0")], now=NOW)

    assert () == store.told(since=NOW)


@pytest.mark.parametrize("query", [seen_since(NOW), read_since(NOW)], ids=["seen", "read"])
def test_the_ledger_touches_no_row_of_texts(store: Store, query: Select[tuple[object]]) -> None:
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    engine = create_engine(f"sqlite:///{store.path}")
    with engine.connect() as connection:
        ((*_, plan),) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").fetchall()
    engine.dispose()

    assert "USING COVERING INDEX" in plan
