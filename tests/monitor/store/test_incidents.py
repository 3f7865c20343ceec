from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.errors import Reason, StoreError
from monitor.model import (
    AlertType,
    DeliveryState,
    FeedId,
    FeedStatus,
    Incident,
    IncidentId,
    IncidentKind,
    PollOutcome,
    PollResult,
)
from monitor.store import PendingIncidents, Store
from tests.monitor.store.samples import DAY_S, NOW, add_feed, after, alert, counts, live_feed, message, poll

FAILED = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 502")
GONE = PollOutcome(PollResult.FAILED, reason=Reason.GONE, error="answered 410")


def fail(store: Store, feed_id: FeedId, *, times: int = 3, from_minute: int = 10) -> None:
    for minute in range(from_minute, from_minute + times):
        store.record_poll(
            feed_id, FAILED, (), next_due_at=after(minute + 1), now=after(minute), baseline_max_age_s=DAY_S
        )


def go(store: Store, feed_id: FeedId, *, at: datetime = NOW) -> None:
    store.record_poll(feed_id, GONE, (), next_due_at=None, now=at, baseline_max_age_s=DAY_S)


def noted(store: Store, *, failures: int = 3) -> tuple[Incident, ...]:
    store.note_incidents(failures=failures, now=NOW)
    return store.open_incidents()


def told(store: Store, *ids: IncidentId, at: datetime = NOW, name: str = "SOURCES0", type_: AlertType) -> None:
    one = alert(name, type_=type_)
    store.record_incidents([(one, [message(name)], ids)], ended=(), dropped=(), now=at)


def pending(store: Store, *, at: datetime = NOW) -> PendingIncidents:
    return store.pending_incidents(now=at)


def test_p7_a_feed_that_fails_so_often_in_a_row_is_noted_once_since_its_first_failure(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id, times=2)

    assert () == noted(store)

    fail(store, feed_id, times=1, from_minute=12)
    noted(store)
    (incident,) = noted(store)

    assert (IncidentKind.FAILING, after(10), 0, None) == (
        incident.kind,
        incident.began_at,
        incident.told,
        incident.ended_at,
    )
    assert store.feed(str(feed_id)) == incident.source
    assert (3, after(10)) == (incident.source.failures, incident.source.failing_since)


def test_a_success_forgets_since_when_a_feed_failed(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id)
    poll(store, feed_id, at=after(20))

    assert store.feed(str(feed_id)).failing_since is None
    assert () == noted(store)


@pytest.mark.parametrize(("times", "since"), [(1, None), (2, after(10))])
def test_p7_a_failure_that_was_ours_is_no_first_failure(store: Store, times: int, since: datetime | None) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id, times=times)
    store.forgive_polls([feed_id], next_due_at=after(20), now=after(19))

    assert since == store.feed(str(feed_id)).failing_since


def test_resuming_a_feed_forgets_its_failures(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id)
    for paused in (True, False):
        store.pause_feed(feed_id, paused=paused, now=after(20))
    state = store.feed(str(feed_id))

    assert (0, None) == (state.failures, state.failing_since)
    assert () == noted(store)


def test_p7_a_feed_that_is_gone_is_noted_also_where_it_failed_before(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id)
    noted(store)
    go(store, feed_id, at=after(20))
    first, second = noted(store)

    assert (IncidentKind.FAILING, IncidentKind.GONE, after(20)) == (first.kind, second.kind, second.began_at)
    assert FeedStatus.GONE is first.source.status


def test_a_paused_feed_is_not_noted(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id)
    store.pause_feed(feed_id, paused=True, now=after(20))

    assert () == noted(store)


def test_d2_telling_writes_the_alert_its_deliveries_and_that_it_was_told_together(store: Store) -> None:
    for name in ("a", "b"):
        fail(store, live_feed(store, f"https://{name}.example/rss"))
    first, second = noted(store)
    told(store, first.id, second.id, at=after(30), type_=AlertType.SOURCE_FAILING)

    assert [(1, after(30))] * 2 == [(each.told, each.told_at) for each in store.open_incidents()]
    assert {"alerts": 1, "deliveries_pending": 1}.items() <= counts(store).items()
    assert {AlertType.SOURCE_FAILING: NOW} == pending(store).last_at  # when it was planned

    with pytest.raises(StoreError):  # a message's identity is taken
        store.record_incidents(
            [(alert("SOURCES1"), [message("SOURCES0")], [first.id])], ended=(), dropped=(), now=after(40)
        )
    assert [1, 1] == [each.told for each in store.open_incidents()]


def test_d1_an_alert_that_is_there_is_not_sent_twice(store: Store) -> None:
    fail(store, live_feed(store))
    (incident,) = noted(store)
    for _ in range(2):
        told(store, incident.id, type_=AlertType.SOURCE_FAILING)

    assert 1 == len(store.deliveries(state=DeliveryState.PENDING))


def test_what_is_over_is_pending_until_that_is_told(store: Store) -> None:
    fail(store, live_feed(store))
    (incident,) = noted(store)
    told(store, incident.id, type_=AlertType.SOURCE_FAILING)
    over = Incident(incident.id, incident.kind, incident.source, incident.began_at, ended_at=after(60))
    store.record_incidents((), ended=[over], dropped=(), now=after(61))
    (waiting,) = pending(store).incidents

    assert after(60) == waiting.ended_at
    assert () == store.open_incidents()

    told(store, incident.id, name="SOURCES1", type_=AlertType.SOURCE_RECOVERED)

    assert () == pending(store).incidents


def test_a_feed_that_fails_again_before_its_end_was_told_is_another_incident(store: Store) -> None:
    fail(store, live_feed(store))
    (incident,) = noted(store)
    told(store, incident.id, type_=AlertType.SOURCE_FAILING)
    over = Incident(incident.id, incident.kind, incident.source, incident.began_at, ended_at=after(60))
    store.record_incidents((), ended=[over], dropped=(), now=after(61))
    noted(store)

    assert [after(60), None] == [each.ended_at for each in pending(store).incidents]


def test_what_concerns_nobody_is_forgotten_and_what_was_told_is_kept(store: Store) -> None:
    for name in ("a", "b"):
        fail(store, live_feed(store, f"https://{name}.example/rss"))
    first, second = noted(store)
    told(store, first.id, type_=AlertType.SOURCE_FAILING)
    store.record_incidents((), ended=(), dropped=[first.id, second.id], now=after(61))

    assert () == pending(store).incidents
    assert ((), {"failing": 0, "gone": 0, "quiet": 0}) == (store.open_incidents(), store.gauges(now=NOW).incidents)


def test_incidents_that_last_are_counted_by_kind(store: Store) -> None:
    for name in ("a", "b"):
        fail(store, live_feed(store, f"https://{name}.example/rss"))
    go(store, add_feed(store, "https://c.example/rss"))
    noted(store)

    assert {"failing": 2, "gone": 1, "quiet": 0} == store.gauges(now=NOW).incidents


def test_an_older_database_that_knows_no_first_failure_is_noted_since_its_last_poll(store: Store) -> None:
    from contextlib import closing
    from sqlite3 import connect

    fail(store, live_feed(store))
    with closing(connect(store.path)) as log, log:
        log.execute("UPDATE feed SET failing_since = NULL")
    (incident,) = noted(store)

    assert after(12) == incident.began_at


def test_nothing_is_pending_where_nothing_happened(store: Store) -> None:
    live_feed(store)
    store.note_incidents(failures=3, now=NOW)

    assert PendingIncidents((), {}, {}) == pending(store, at=NOW + timedelta(days=9))


def test_what_was_wrong_when_an_article_came_out_is_found_by_its_instants(store: Store) -> None:
    feed_id, other = live_feed(store), live_feed(store, "https://autre.example/rss")
    fail(store, feed_id)
    (incident,) = noted(store)
    store.record_incidents((), ended=[replace(incident, ended_at=after(60))], dropped=(), now=after(60))

    def around(minutes: float, *ids: FeedId) -> list[IncidentKind]:
        return [each.kind for each in store.incidents_around(ids, at=after(minutes))]

    assert [IncidentKind.FAILING] == around(0, feed_id, other) == around(60, feed_id)
    assert [] == around(-6 * 60, feed_id)  # the feed had the time to list it
    assert [] == around(61, feed_id)
    assert [] == around(0, other)


def test_t7_what_began_by_a_clock_that_was_set_back_began_now(store: Store) -> None:
    feed_id = live_feed(store)
    fail(store, feed_id, from_minute=600)
    noted(store)
    store.pull_due(now=after(30))
    (incident,) = store.open_incidents()

    assert (after(30), after(30)) == (incident.began_at, incident.source.failing_since)
