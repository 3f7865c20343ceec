from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Reason
from monitor.model import Entry, FeedId, Incident, IncidentKind, PollOutcome, PollResult
from monitor.store import PollRecord, Store
from monitor.store.gaps import Gap, find_gap, may_be_gap
from tests.monitor.store.samples import DAY_S, NOW, PARSED, after, alert, entry, live_feed, message

SINCE = NOW - timedelta(minutes=60)


def at(minute: float) -> Entry:
    """Return an entry that was published so many minutes after the last poll."""
    return entry(f"e{minute}", published_at=SINCE + timedelta(minutes=minute))


# --- pure -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "known", "listed_before", "since", "expected"),
    [
        (10, 0, 10, SINCE, True),
        (10, 1, 10, SINCE, False),  # one entry bridges it
        (2, 0, 10, SINCE, False),  # too few to tell
        (10, 0, 2, SINCE, False),
        (10, 0, 0, SINCE, False),  # the document before was empty
        (10, 0, None, SINCE, False),  # nobody counted it
        (4, 0, 10, SINCE, False),  # a list that begins anew
        (5, 0, 10, SINCE, True),
        (10, 0, 10, NOW - timedelta(days=1), True),
        (10, 0, 10, NOW - timedelta(days=1, seconds=1), False),  # away for long: that is told otherwise
        (10, 0, 10, NOW, False),
        (10, 0, 10, NOW + timedelta(hours=1), False),  # the clock was set back
    ],
)
def test_a_gap_is_a_document_of_the_same_kind_without_a_known_entry(
    new: int,
    known: int,
    listed_before: int | None,
    since: datetime,
    expected: bool,  # noqa: FBT001  a table's column
) -> None:
    assert expected is may_be_gap(new, known=known, listed_before=listed_before, since=since, now=NOW)


@pytest.mark.parametrize(
    ("minutes", "known_titles", "missed"),
    [
        ((40, 45, 50, 55, 60), 0, 8),  # one in five minutes, forty minutes long
        ((1, 20, 40, 60), 0, 1),
        ((0.1, 20, 40, 60), 0, 1),  # at least one, or it were none
        ((40, 50, 60, -90), 1, 4),  # an old one among them, a title known
        ((40, 40, 40), 0, None),  # all at once: no pace
        ((40, 60), 0, None),
        ((70, 80, 90, 100), 0, None),  # of the future
        ((59.9, 59.95, 60), 0, 1198),
    ],
)
def test_the_pace_of_the_entries_says_how_many_were_missed(
    minutes: tuple[float, ...], known_titles: int, missed: int | None
) -> None:
    found = find_gap([at(minute) for minute in minutes], known_titles=known_titles, since=SINCE, now=NOW)

    assert Gap(SINCE, NOW, missed) == found


def test_entries_without_dates_say_no_number() -> None:
    undated = [replace(at(minute), published_at=None) for minute in (1, 2, 3)]

    assert Gap(SINCE, NOW, None) == find_gap(undated, known_titles=0, since=SINCE, now=NOW)


@pytest.mark.parametrize(
    ("minutes", "known_titles"),
    [
        ((-90, -120, -150, 40), 0),  # another selection of what is old
        ((40, 45, 50, 55, 60), 2),  # the same articles under other addresses
    ],
)
def test_what_is_old_or_known_by_its_titles_is_no_gap(minutes: tuple[float, ...], known_titles: int) -> None:
    assert find_gap([at(minute) for minute in minutes], known_titles=known_titles, since=SINCE, now=NOW) is None


@given(st.lists(st.floats(-10_000, 10_000), max_size=30))
def test_whatever_the_dates_the_number_is_some_or_none(minutes: list[float]) -> None:
    found = find_gap([at(minute) for minute in minutes], known_titles=0, since=SINCE, now=NOW)

    assert found is None or found.missed is None or 1 <= found.missed <= 10_000


# --- stored -----------------------------------------------------------------------------------------------------------


def _names(first: int, count: int = 5) -> list[str]:
    return [f"n{number}" for number in range(first, first + count)]


def _poll(store: Store, feed_id: FeedId, names: list[str], *, minutes: float, **changes: Any) -> PollRecord:
    listed = [entry(name, published_at=after(minutes - len(names) + place)) for place, name in enumerate(names)]
    return store.record_poll(
        feed_id,
        replace(PARSED, **changes),
        listed,
        next_due_at=after(minutes + 60),
        gap_due_at=after(minutes + 5),
        now=after(minutes),
        baseline_max_age_s=DAY_S,
    )


def _gaps(store: Store) -> tuple[Incident, ...]:
    found = store.pending_incidents(now=NOW).incidents
    return tuple(incident for incident in found if incident.kind is IncidentKind.GAP)


@pytest.fixture
def feed_id(store: Store) -> FeedId:
    """A feed that lists five entries, polled twice."""
    made = live_feed(store)
    _poll(store, made, _names(-3), minutes=-60)
    _poll(store, made, _names(0), minutes=0)
    return made


def test_a_document_that_rolled_over_is_a_gap_and_brings_the_next_poll_forward(store: Store, feed_id: FeedId) -> None:
    record = _poll(store, feed_id, _names(100), minutes=88)
    (gap,) = _gaps(store)
    state = store.feed(str(feed_id))

    assert Gap(NOW, after(88), 83) == record.gap
    assert (NOW, after(88), 1, 83) == (gap.began_at, gap.until_at, gap.count, gap.missed)
    assert (after(93), 300.0) == (state.next_due_at, state.interval_s)


def test_a_document_that_shares_an_entry_is_none(store: Store, feed_id: FeedId) -> None:
    record = _poll(store, feed_id, [*_names(0)[-1:], *_names(100, 4)], minutes=88)

    assert (None, ()) == (record.gap, _gaps(store))
    assert after(148) == store.feed(str(feed_id)).next_due_at


def test_a_sitemap_that_lists_other_days_is_none(store: Store, feed_id: FeedId) -> None:
    assert _poll(store, feed_id, _names(100), minutes=88, by_date=True).gap is None


def test_without_another_instant_the_next_poll_stays_where_it_was(store: Store, feed_id: FeedId) -> None:
    listed = [entry(name) for name in _names(100)]
    store.record_poll(feed_id, PARSED, listed, next_due_at=after(148), now=after(88), baseline_max_age_s=DAY_S)

    assert after(148) == store.feed(str(feed_id)).next_due_at


def test_a_304_is_a_poll_that_shared_every_entry(store: Store, feed_id: FeedId) -> None:
    same = PollOutcome(PollResult.NOT_MODIFIED)
    store.record_poll(feed_id, same, (), next_due_at=after(50), now=after(40), baseline_max_age_s=DAY_S)
    record = _poll(store, feed_id, _names(100), minutes=88)

    assert record.gap is not None
    assert after(40) == record.gap.since


def test_polls_that_failed_in_between_belong_to_the_gap(store: Store, feed_id: FeedId) -> None:
    failed = PollOutcome(PollResult.FAILED, reason=Reason.TIMEOUT, error="no answer")
    store.record_poll(feed_id, failed, (), next_due_at=after(50), now=after(40), baseline_max_age_s=DAY_S)
    record = _poll(store, feed_id, _names(100), minutes=88)

    assert record.gap is not None
    assert NOW == record.gap.since


def test_a_document_cut_short_tells_no_gap(store: Store, feed_id: FeedId) -> None:
    assert _poll(store, feed_id, _names(100), minutes=88, truncated=True).gap is None


def test_an_empty_document_in_between_tells_no_gap(store: Store, feed_id: FeedId) -> None:
    _poll(store, feed_id, [], minutes=30)

    assert _poll(store, feed_id, _names(100), minutes=88).gap is None


def test_the_first_poll_of_a_feed_and_that_after_a_pause_tell_no_gap(store: Store, feed_id: FeedId) -> None:
    for paused in (True, False):
        store.pause_feed(feed_id, paused=paused, now=after(10))

    assert _poll(store, feed_id, _names(100), minutes=88).gap is None


def test_a_feed_that_never_succeeded_before_tells_no_gap(store: Store, feed_id: FeedId) -> None:
    from contextlib import closing
    from sqlite3 import connect

    with closing(connect(store.path)) as log, log:
        log.execute("UPDATE feed SET last_ok_at = NULL")

    assert _poll(store, feed_id, _names(100), minutes=88).gap is None


def test_new_guids_and_links_for_the_same_titles_are_no_gap(store: Store, feed_id: FeedId) -> None:
    again = [entry(name, guid=f"new-{name}", link=f"https://neuf.example/{name}") for name in _names(0)]
    record = store.record_poll(feed_id, PARSED, again, next_due_at=after(148), now=after(88), baseline_max_age_s=DAY_S)

    assert record.gap is None


def test_gaps_that_nobody_was_told_of_yet_are_one(store: Store, feed_id: FeedId) -> None:
    for round_ in (1, 2, 3):
        _poll(store, feed_id, _names(100 * round_), minutes=60 * round_)
    (gap,) = _gaps(store)

    assert (NOW, after(180), 3, 3 * 55) == (gap.began_at, gap.until_at, gap.count, gap.missed)

    store.record_incidents([(alert("GAPS0000"), [message("GAPS0000")], [gap.id])], ended=(), dropped=(), now=after(181))

    assert () == _gaps(store)
    assert {feed_id: after(181)} == store.pending_incidents(now=after(200)).gaps_at
    assert {} == store.pending_incidents(now=after(181 + 1440)).gaps_at


def test_a_move_is_noted_with_the_address_before(store: Store, feed_id: FeedId) -> None:
    old = store.feed(str(feed_id)).feed.url
    store.record_poll(
        feed_id,
        PollOutcome(PollResult.NOT_MODIFIED),
        (),
        next_due_at=after(10),
        now=after(5),
        baseline_max_age_s=DAY_S,
        address="https://neuf.example/rss",
    )
    (moved,) = store.pending_incidents(now=NOW).incidents

    assert (IncidentKind.MOVED, old, "https://neuf.example/rss", after(5)) == (
        moved.kind,
        moved.old_url,
        moved.source.address,
        moved.began_at,
    )
    assert () == store.open_incidents()


def test_x3_a_silence_is_noted_until_something_new_comes(store: Store, feed_id: FeedId) -> None:
    same = PollOutcome(PollResult.SAME_BODY)
    for minutes in (3000, 3060):
        store.record_poll(
            feed_id,
            same,
            (),
            next_due_at=after(minutes + 5),
            now=after(minutes),
            baseline_max_age_s=DAY_S,
            quiet_since=NOW,
        )
    store.note_incidents(failures=3, now=NOW)
    (quiet,) = store.open_incidents()

    assert (IncidentKind.QUIET, NOW, NOW) == (quiet.kind, quiet.began_at, quiet.source.quiet_since)
    assert {"failing": 0, "gone": 0, "quiet": 1} == store.gauges(now=NOW).incidents

    store.record_poll(
        feed_id,
        PARSED,
        [entry("neuf")],
        next_due_at=after(4000),
        now=after(3900),
        baseline_max_age_s=DAY_S,
        quiet_since=NOW,
    )

    assert store.feed(str(feed_id)).quiet_since is None
