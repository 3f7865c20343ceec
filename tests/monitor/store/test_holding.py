"""Messages that are held, in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.errors import Reason
from monitor.model import (
    AlertId,
    AlertType,
    Change,
    Channel,
    DeliveryId,
    DeliveryState,
    EntryClaim,
    Held,
    History,
    NotificationReason,
    PollResult,
    Receiver,
    Standing,
    Update,
    Why,
)
from monitor.store import Revised, Store
from tests.monitor.store.samples import (
    NOW,
    PARSED,
    SILENCE,
    add_feed,
    after,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    message,
    poll,
    record,
    story,
)

MAIL = Receiver("mail", Channel.MAIL)


def put(
    store: Store,
    name: str,
    *,
    why: Why = Why.COOLDOWN,
    minutes: float = 0,
    until: float | None = 60,
    done: bool = True,
) -> EntryClaim:
    """Record an article whose alert is held for mail, and not for the webhook."""
    at = after(minutes)
    poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/a"), at=at)
    (claimed,) = claim(store, at=at)
    held = Held(why, None if until is None else after(until))
    outbox = [
        replace(message(name), route="route", group="g"),
        replace(message(name, MAIL), route="route.1", group="g", held=held),
    ]
    told = replace(alert(name, match(f"rule-{name}")), stories=(replace(story(name)),))
    record(store, claimed, (told, outbox), story=story(name), now=at, entities=["chine"], done=done)
    return claimed


def states(store: Store) -> dict[str, DeliveryState]:
    return {line.message_id: line.state for line in store.deliveries()}


def due(store: Store, minutes: float, **given: object) -> tuple[str, ...]:
    asked = {"receivers": ("mail",), "digesters": (), "limit": 10, **given}
    return tuple(one.alert_id for one in store.due_messages(now=after(minutes), **asked))  # type: ignore[arg-type]  # by name


def test_what_is_held_waits_and_the_others_do_not(store: Store) -> None:
    put(store, "A")

    assert {"msg_A_webhook": DeliveryState.PENDING, "msg_A_mail": DeliveryState.HELD} == states(store)
    assert () == store.claim_deliveries("mail", now=after(120), owner="o", lease_s=60, limit=5)
    assert () == due(store, 59)
    assert ("al_A",) == due(store, 60)


def test_what_is_due_says_all_that_it_tells(store: Store) -> None:
    put(store, "A", why=Why.QUIET_HOURS)
    [one] = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=10)

    assert ("mail", "route.1", "g", Why.QUIET_HOURS, NOW, False) == (
        *(one.receiver, one.route, one.group, one.why, one.created_at),
        one.is_update,
    )
    assert ("rule-A", story("A").id, ("chine",)) == (one.match.rule.id, one.story.id, one.story.entities)


def test_what_waits_for_a_receiver_that_is_gone_goes_on_waiting(store: Store) -> None:
    put(store, "A")

    assert () == due(store, 600, receivers=("slack",))


def test_what_is_held_for_longer_is_read_a_few_at_a_time_the_oldest_first(store: Store) -> None:
    for minutes, name in enumerate("ABC"):
        put(store, name, minutes=minutes)
    put(store, "D", why=Why.DIGEST, until=None)
    put(store, "E", until=5)
    [first] = store.waiting_messages(receivers=("mail",), after=DeliveryId(0), now=after(5), limit=1)
    rest = store.waiting_messages(receivers=("mail",), after=first.id, now=after(5), limit=5)

    assert ("al_A", after(60), NotificationReason.FIRST_ALERT) == (first.alert_id, first.held_until, first.reason)
    assert ["al_B", "al_C"] == [one.alert_id for one in rest]
    assert () == store.waiting_messages(receivers=("slack",), after=DeliveryId(0), now=after(5), limit=5)


def test_what_is_for_a_digest_is_due_where_there_is_none_any_more(store: Store) -> None:
    put(store, "A", why=Why.DIGEST, until=None)

    assert () == due(store, 600, digesters=("mail",))
    assert ("al_A",) == due(store, 600)
    assert ("al_A",) == tuple(one.alert_id for one in store.held_messages("mail", until=after(1), limit=5))
    assert () == store.held_messages("mail", until=after(-1), limit=5)


def test_what_is_for_a_digest_is_read_a_few_at_a_time_the_newest_first(store: Store) -> None:
    for minutes, name in enumerate("ABC"):
        put(store, name, why=Why.DIGEST, until=None, minutes=minutes)
    first = store.held_messages("mail", until=after(5), limit=2)
    rest = store.held_messages("mail", until=after(5), before=first[-1].id, limit=2)

    assert [["al_C", "al_B"], ["al_A"]] == [[one.alert_id for one in some] for some in (first, rest)]
    assert () == store.held_messages("mail", until=after(5), before=rest[-1].id, limit=2)


def test_what_is_let_go_is_sent_under_its_identity(store: Store) -> None:
    put(store, "A")
    put(store, "B", minutes=1)
    first, second = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=10)
    store.release([second.id], told=[first.id], told_by=second.alert_id, now=after(60))
    [sent] = store.claim_deliveries("mail", now=after(61), owner="o", lease_s=60, limit=5)

    assert "msg_B_mail" == sent.message_id
    assert DeliveryState.GROUPED is states(store)["msg_A_mail"]
    assert () == due(store, 600)


def test_d2_a_message_that_tells_others_is_written_with_their_end_once(store: Store) -> None:
    put(store, "A")
    put(store, "B", minutes=1)
    held = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=10)
    group = replace(
        alert("GRP", *(one.match for one in held), type_=AlertType.STORY_DIGEST), reason=NotificationReason.DIGEST
    )
    outbox = [replace(message("GRP", MAIL), route="route.1")]
    told, matches = [one.id for one in held], [one.match_id for one in held]

    assert store.record_group(group, outbox, told, matches, now=after(60))
    assert not store.record_group(group, outbox, told, matches, now=after(60))
    assert {"msg_A_mail", "msg_B_mail"} == {
        id_ for id_, state in states(store).items() if state is DeliveryState.GROUPED
    }
    assert DeliveryState.PENDING is states(store)["msg_GRP_mail"]
    assert History(after(60), None, (after(60),)) == store.route_history(
        "mail", route="route.1", group="", since=NOW - timedelta(hours=1)
    )


def test_a_route_remembers_what_it_told(store: Store) -> None:
    put(store, "A")

    assert History() == store.route_history("webhook", route="route.9", group="g", since=None)
    assert History(NOW) == store.route_history("webhook", route="route", group="g", since=None)
    assert History() == store.route_history("mail", route="route.1", group="g", since=NOW)  # it waits for no others
    assert (NOW,) == store.route_history("webhook", route="route", group="x", since=after(-1)).recent
    assert () == store.route_history("webhook", route="route", group="x", since=NOW).recent


def test_a_digest_notes_when_it_was_due(store: Store) -> None:
    put(store, "A", why=Why.DIGEST, until=None)

    assert NOW == store.last_digest("mail", now=NOW)
    assert NOW == store.last_digest("mail", now=after(5))

    [held] = store.held_messages("mail", until=after(5), limit=5)
    digest = alert("DIG", held.match, type_=AlertType.STORY_DIGEST)
    store.record_digest(
        *(digest, [message("DIG", MAIL)], [held.id], [held.match_id]),
        receiver="mail",
        slot_at=after(5),
        now=after(6),
    )

    assert after(5) == store.last_digest("mail", now=after(10))
    assert () == store.held_messages("mail", until=after(5), limit=5)


def test_what_was_missed_is_near_misses_and_silenced_alerts(store: Store) -> None:
    poll(store, live_feed(store, "https://n.example/rss"), entry("n", link="https://n.example/a"))
    (claimed,) = claim(store)
    silenced = replace(alert("S", match("axe")), silence="si_1", receivers=())
    near = [match("near", score=9.0, near_miss=True), match("far", score=2.0, near_miss=True), match("axe")]
    record(store, claimed, (silenced, []), matches=near)
    missed = store.missed("mail", since=after(-1), until=after(1))

    assert ["near", "far"] == [one.rule.id for _, one in missed.near]
    assert (2, 1, "si_1", ()) == (
        missed.near_count,
        missed.silenced,
        missed.silences[0].id,
        missed.silences[0].matchers,
    )
    assert (0, 0) == (
        store.missed("mail", since=NOW, until=after(1)).near_count,
        store.missed("mail", since=NOW, until=after(1)).silenced,
    )


def test_the_state_of_the_sources_names_those_that_fail(store: Store) -> None:
    feed_id = live_feed(store, "https://f.example/rss")
    poll(store, feed_id, entry("f", link="https://f.example/a"))
    (claimed,) = claim(store)
    record(store, claimed)
    for minutes in range(60, 60 * 9, 60):
        poll(store, feed_id, at=after(minutes), kind=PollResult.FAILED, reason=Reason.HTTP_5XX, error="502")
    state = store.sources_state(since=after(-1), until=after(60 * 10))

    assert (1, 1, ()) == (state.feeds, len(state.failing), state.gaps)
    assert (1, 0) == (state.articles, state.partial)

    # well again, and still an incident until that is noted
    store.note_incidents(failures=5, now=after(60 * 9))
    poll(store, feed_id, at=after(60 * 10))
    assert () == store.sources_state(since=after(-1), until=after(60 * 10)).failing


def test_a_source_that_was_never_read_or_fails_again_and_again_does_not_answer(store: Store) -> None:
    down: dict[str, Any] = {"kind": PollResult.FAILED, "reason": Reason.HTTP_5XX, "error": "502"}
    urls = {name: f"https://{name}.example/rss" for name in ("never", "hiccup", "again", "new", "late", "quiet")}
    poll(store, add_feed(store, urls["never"]), at=after(5), **down)
    for name, failures in (("hiccup", 1), ("again", 2)):
        feed_id = live_feed(store, urls[name])
        for minutes in range(failures):
            poll(store, feed_id, at=after(minutes), **down)
    add_feed(store, urls["new"], at=after(5))  # since the last digest: its first poll is to come
    add_feed(store, urls["late"], at=after(-5))
    quiet = live_feed(store, urls["quiet"])
    store.record_poll(quiet, PARSED, (), next_due_at=None, now=after(5), baseline_max_age_s=0, quiet_since=NOW)
    state = store.sources_state(since=NOW, until=after(10))

    assert (6, tuple(sorted(urls[name] for name in ("again", "late", "never", "quiet")))) == (
        state.feeds,
        state.failing,
    )


def test_what_waits_for_others_of_its_group_is_waited_with(store: Store) -> None:
    put(store, "A", why=Why.GROUP_WAIT)

    assert History(None, after(60)) == store.route_history("mail", route="route.1", group="g", since=None)


def test_what_is_held_on_is_due_later_and_for_another_reason(store: Store) -> None:
    put(store, "A")
    [one] = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=10)
    store.hold_on([one.id], Held(Why.QUIET_HOURS, after(90)))
    [webhook] = [line.id for line in store.deliveries() if line.receiver == "webhook"]
    store.hold_on([webhook], Held(Why.QUIET_HOURS, after(90)))

    assert () == due(store, 89)
    [again] = store.due_messages(receivers=("mail",), digesters=(), now=after(90), limit=10)
    assert Why.QUIET_HOURS is again.why
    assert DeliveryState.PENDING is states(store)["msg_A_webhook"]


def test_t7_what_was_held_in_the_future_is_due_once_the_clock_is_set_back(store: Store) -> None:
    put(store, "A", minutes=600, until=900)
    put(store, "B", minutes=601, why=Why.DIGEST, until=None)
    put(store, "C", minutes=1, until=5)
    store.pull_due(now=after(2))

    assert ("al_A",) == due(store, 2, digesters=("mail",))
    assert ("al_B",) == tuple(one.alert_id for one in store.held_messages("mail", until=after(2), limit=5))


def test_t7_a_digest_that_was_due_far_ahead_is_due_again_and_one_of_today_is_not(store: Store) -> None:
    for receiver, minutes in (("mail", 60 * 24 * 365), ("slack", 60 * 5)):
        store.last_digest(receiver, now=after(minutes))
    store.pull_due(now=NOW)

    assert NOW == store.last_digest("mail", now=after(1))
    assert after(60 * 5) == store.last_digest("slack", now=after(1))


def test_a_first_alert_that_is_held_is_told_by_an_update_that_leaves(store: Store) -> None:
    put(store, "A")
    put(store, "B", minutes=1)
    [first] = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=1)
    update = Update(AlertId("al_A"), Change.LEVEL_RAISED, Standing("t"), Standing("t"))
    raised = replace(alert("UPD", first.match, type_=AlertType.STORY_UPDATED), update=update)
    outbox = [message("UPD", MAIL)]

    assert store.record_group(raised, outbox, [], [first.match_id], now=after(2))
    assert DeliveryState.GROUPED is states(store)["msg_A_mail"]
    assert ("al_B",) == due(store, 600)


def update_of(
    store: Store,
    name: str,
    reason: NotificationReason,
    *,
    until: float | None,
    minutes: float,
    on: str = "A",
    first: str = "A",
) -> AlertId:
    """Write an update on a story for mail that is held, or leaves at once where `until` is None."""
    [told] = store.told_of_story(story(on).id)
    change = Change.GREW if reason is NotificationReason.STORY_GREW else Change.LEVEL_RAISED
    alert_ = replace(
        alert(name, told.match, type_=AlertType.STORY_UPDATED),
        stories=(story(on),),
        reason=reason,
        update=Update(AlertId(f"al_{first}"), change, Standing("t"), Standing("t")),
    )
    held = None if until is None else Held(Why.COOLDOWN, after(until))
    outbox = [replace(message(name, MAIL), route="route.1", group="g", held=held)]
    assert store.record_group(alert_, outbox, [], [told.match_id], now=after(minutes))
    return alert_.id


def test_an_update_that_is_held_is_told_by_a_newer_one_that_leaves(store: Store) -> None:
    put(store, "A", minutes=-1)
    store.release([line.id for line in store.deliveries(receiver="mail")], told=[], told_by=AlertId("al_A"), now=NOW)
    update_of(store, "GREW", NotificationReason.STORY_GREW, until=60, minutes=1)
    put(store, "B", minutes=2)
    update_of(store, "RAISED", NotificationReason.LEVEL_RAISED, until=None, minutes=3)

    assert (DeliveryState.PENDING, DeliveryState.GROUPED, DeliveryState.PENDING) == tuple(
        states(store)[f"msg_{name}_mail"] for name in ("A", "GREW", "RAISED")
    )
    assert ("al_B",) == due(store, 600)


def test_an_update_tells_nothing_of_another_story_that_the_same_recap_told(store: Store) -> None:
    put(store, "A")
    put(store, "B")
    update_of(store, "GREW", NotificationReason.STORY_GREW, until=90, minutes=1, first="RECAP")
    update_of(store, "MORE", NotificationReason.STORY_GREW, until=90, minutes=2, on="B", first="RECAP")
    update_of(store, "RAISED", NotificationReason.LEVEL_RAISED, until=None, minutes=3, on="B", first="RECAP")

    assert (DeliveryState.HELD, DeliveryState.GROUPED, DeliveryState.PENDING) == tuple(
        states(store)[f"msg_{name}_mail"] for name in ("GREW", "MORE", "RAISED")
    )


def test_of_several_first_alerts_on_a_story_the_one_that_a_receiver_has_is_told_by_an_update(store: Store) -> None:
    put(store, "A")
    put(store, "B")
    [told] = store.told_of_story(story("A").id)
    own = (("mail", AlertId("al_A")),)
    update = Update(AlertId("al_OTHER"), Change.GREW, Standing("t"), Standing("t"), firsts=own)
    grew = replace(alert("UPD", told.match, type_=AlertType.STORY_UPDATED), update=update)
    store.record_group(grew, [message("UPD", MAIL)], [], [told.match_id], now=after(1))

    assert ("al_B",) == due(store, 600)


def test_a_first_alert_of_its_own_that_a_receiver_still_waits_for_is_told_by_an_update_that_leaves(
    store: Store,
) -> None:
    put(store, "A", until=90)
    put(store, "B", until=90)
    [told] = store.told_of_story(story("A").id)
    own = (("mail", AlertId("al_A")),)
    update = Update(AlertId("al_OTHER"), Change.GREW, Standing("t"), Standing("t"), firsts=own)
    grew = replace(
        alert("UPD", told.match, type_=AlertType.STORY_UPDATED), reason=NotificationReason.STORY_GREW, update=update
    )
    waits = replace(message("UPD", MAIL), route="route.1", group="g", held=Held(Why.COOLDOWN, after(60)))
    store.record_group(grew, [waits], [], [told.match_id], now=after(1))

    assert ("al_A", "al_B", "al_UPD") == due(store, 600)

    store.release(
        [line.id for line in store.deliveries() if line.alert_id == grew.id], told=[], told_by=grew.id, now=after(60)
    )

    assert DeliveryState.GROUPED is states(store)["msg_A_mail"]
    assert ("al_B",) == due(store, 600)


def test_growth_that_is_held_is_told_by_newer_growth_that_is_held_and_begins_no_cooldown(store: Store) -> None:
    put(store, "A", until=90)
    update_of(store, "GREW", NotificationReason.STORY_GREW, until=60, minutes=1)
    update_of(store, "RAISED", NotificationReason.LEVEL_RAISED, until=30, minutes=2)
    update_of(store, "AGAIN", NotificationReason.STORY_GREW, until=60, minutes=3)

    # what rings waits for itself
    assert DeliveryState.GROUPED is states(store)["msg_GREW_mail"]
    assert ("al_A", "al_RAISED", "al_AGAIN") == due(store, 600)
    assert History() == store.route_history("mail", route="route.1", group="g", since=NOW)


def test_what_is_still_held_is_told_by_a_newer_message_that_need_be_held_no_longer(store: Store) -> None:
    put(store, "A", until=90)
    put(store, "B", until=90)
    update_of(store, "RAISED", NotificationReason.LEVEL_RAISED, until=80, minutes=2)
    update_of(store, "AGAIN", NotificationReason.STORY_GREW, until=60, minutes=3)
    [first] = store.due_messages(receivers=("mail",), digesters=(), now=after(70), limit=9)
    store.release([first.id], told=[], told_by=first.alert_id, now=after(70))

    assert (DeliveryState.GROUPED, DeliveryState.GROUPED, DeliveryState.PENDING) == tuple(
        states(store)[f"msg_{name}_mail"] for name in ("A", "RAISED", "AGAIN")
    )
    assert ("al_B",) == due(store, 600)


def test_what_is_silenced_when_it_is_to_leave_is_settled_and_counted_where_it_was_held(store: Store) -> None:
    put(store, "A", why=Why.DIGEST, until=None)
    put(store, "B", minutes=1)
    told, other = (line.id for line in reversed(store.deliveries(receiver="mail")))
    store.add_silence(SILENCE)
    store.settle_silenced([told], SILENCE.id, now=after(60))
    [line] = store.deliveries(state=DeliveryState.SILENCED)

    assert (told, SILENCE.id) == (line.id, line.silence)
    assert () == store.held_messages("mail", until=after(60), limit=5)
    assert (1, 0, 0) == (
        store.missed("mail", since=NOW, until=after(60)).silenced,
        store.missed("mail", since=after(60), until=after(90)).silenced,
        store.missed("webhook", since=NOW, until=after(60)).silenced,
    )
    assert (replace(SILENCE, alerts=1),) == store.missed("mail", since=NOW, until=after(60)).silences
    assert [1] == [one.alerts for one in store.silences()]
    assert History() == store.route_history("mail", route="route.1", group="g", since=NOW - timedelta(hours=1))

    # what is no longer held stays as it is
    store.release([other], told=[], told_by=AlertId("al_B"), now=after(60))
    store.settle_silenced([other], SILENCE.id, now=after(61))

    assert DeliveryState.PENDING is states(store)["msg_B_mail"]


def test_what_was_silenced_can_be_sent_all_the_same(store: Store) -> None:
    put(store, "A")
    [one] = store.due_messages(receivers=("mail",), digesters=(), now=after(60), limit=10)
    store.add_silence(SILENCE)
    store.settle_silenced([one.id], SILENCE.id, now=after(60))
    store.replay(ids=[one.id], now=after(61))
    [line] = store.deliveries(receiver="mail")

    assert (DeliveryState.PENDING, None) == (line.state, line.silence)
    assert [0] == [each.alerts for each in store.silences()]


@pytest.mark.parametrize(
    ("changed", "extractor", "lost"),
    [
        ({"page_reason": Reason.HTTP_4XX}, "trafilatura/2 body", Change.WITHDRAWN),
        ({"page_reason": Reason.HTTP_4XX}, "feed", Change.UNMATCHED),
        ({"title": "Autre chose"}, "trafilatura/2 body", Change.UNMATCHED),
    ],
)
def test_what_is_held_says_what_became_of_its_article(
    store: Store, changed: dict[str, Any], extractor: str, lost: Change
) -> None:
    claimed = put(store, "A", why=Why.DIGEST, until=None, done=False)
    store.record_article(
        *(claimed.id, article(**changed, extractor=extractor)),
        story=story("A"),
        matches=[],
        alerts=[],
        revised=Revised(("title",), lost=("rule-A",)),
        now=after(600),
    )
    [one] = store.held_messages("mail", until=after(700), limit=5)

    assert (lost, changed.get("title", "Une visite")) == (one.lost, one.story.title)
