from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import NotFoundError, StoreError
from monitor.model import AlertId, AlertType, Channel, DeliveryState, EntryId, Receipt, Receiver
from monitor.store import RecapItem, Recorded, Store
from rules.types import Completeness
from tests.monitor.store.samples import (
    NOW,
    add_feed,
    after,
    alert,
    article,
    claim,
    counts,
    entry,
    match,
    message,
    one_entry,
    poll,
    record,
    story,
    told,
)

SLACK = Receiver("slack", Channel.SLACK)


def test_d2_an_article_is_recorded_with_all_that_follows_from_it(store: Store) -> None:
    claimed = one_entry(store)
    told = alert("7K2QXYZ0", match())
    record(store, claimed, (told, [message(), message(receiver=SLACK)]), matches=[match(), match("b", near_miss=True)])
    expected = {
        "entries_done": 1,
        "articles": 1,
        "matches": 1,
        "near_misses": 1,
        "alerts": 1,
        "deliveries_pending": 2,
    }

    assert expected.items() <= counts(store).items()
    assert ["slack", "webhook"] == [line.receiver for line in store.deliveries()]


def test_d2_when_one_part_fails_nothing_is_recorded(store: Store) -> None:
    claimed = one_entry(store)
    before = counts(store)
    told = alert("7K2QXYZ0", match())

    with pytest.raises(StoreError, match="UNIQUE"):
        record(store, claimed, (told, [message(), message()]))
    assert before == counts(store)


def test_recording_an_entry_twice_writes_once(store: Store) -> None:
    claimed = one_entry(store)
    first = record(store, claimed, (alert("7K2QXYZ0", match()), [message()]))

    assert first == record(store, claimed, (alert("ABCDEFGH", match()), [message("ABCDEFGH")]))
    assert 1 == counts(store)["alerts"]


def test_i8_what_reading_the_page_adds_is_added_to_what_was_told_before(store: Store) -> None:
    claimed = one_entry(store)
    summary, near, far = article(), match("titre", near_miss=True), match("loin", score=7.2, near_miss=True)
    told = (alert("7K2QXYZ0", match("axe", score=12.5)), [message()])
    early: dict[str, Any] = {"story": story(), "entities": (), "now": NOW}
    first = store.record_article(
        claimed.id, summary, matches=[match("axe", score=12.5), near, far], alerts=[told], done=False, **early
    )
    page = replace(summary, body="Toute la page.", completeness=Completeness.FULL)
    matches = [match("axe", score=30.0), match("titre"), match("texte"), replace(far, text_sha256="page")]
    more = (alert("ABCDEFGH", match("texte")), [message("ABCDEFGH")])
    second = store.record_article(claimed.id, page, matches=matches, alerts=[told, more], **early)

    assert (True, False) == (first.is_new, second.is_new)
    assert ["titre", "texte"] == [one.rule.id for one in second.matches]
    assert ["al_ABCDEFGH"] == [one.id for one in second.alerts]
    assert {"axe": 12.5, "titre": 12.5, "texte": 12.5} == {line.rule: line.score for line in store.matches()}
    assert "Toute la page." == store.match(str(store.matches()[0].id)).article.body
    assert Recorded(first.article_id) == store.record_article(claimed.id, page, matches=matches, alerts=[told], **early)
    assert {"articles": 1, "matches": 3, "near_misses": 1, "alerts": 2}.items() <= counts(store).items()
    assert 0 == store.entries_waiting(now=after(60))


def test_d3_an_alert_that_is_there_is_not_written_twice(store: Store) -> None:
    record(store, one_entry(store, "un"), (alert("7K2QXYZ0", match()), [message()]))
    record(store, one_entry(store, "deux"), (alert("7K2QXYZ0", match()), [message("autre")]))

    assert ["msg_7K2QXYZ0_webhook"] == [line.message_id for line in store.deliveries()]


def test_an_article_that_matches_nothing_is_done_too(store: Store) -> None:
    claimed = one_entry(store)
    record(store, claimed)

    assert () == claim(store, at=after(60))
    assert 1 == counts(store)["articles"]


def test_a_match_may_be_told_to_nobody(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match()), []))

    assert (1, {}) == (counts(store)["alerts"], store.pending_deliveries())


def test_an_entry_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no entry 7"):
        store.record_article(EntryId(7), article(), story=story(), matches=(), alerts=(), now=NOW)


# --- recap ------------------------------------------------------------------------------------------------------------


def _baseline(store: Store) -> None:
    """Two entries of a first poll, with a match, a better match and a near miss."""
    poll(store, add_feed(store), entry("un"), entry("deux"))
    first, second = claim(store)
    record(store, first, matches=[match("a", score=11), match("b", score=3, near_miss=True)], now=after(1))
    record(store, second, matches=[match("c", score=30)], story=story("deux"), now=after(2))


def test_a_recap_tells_the_best_matches_of_first_polls_and_counts_all(store: Store) -> None:
    _baseline(store)
    pending = store.recap_pending(limit=1)

    assert (2, after(1)) == (pending.count, pending.oldest_at)
    assert (RecapItem(3, told("deux"), match("c", score=30)),) == pending.items


def test_matches_that_are_new_wait_for_no_recap(store: Store) -> None:
    record(store, one_entry(store), matches=[match()])
    pending = store.recap_pending(limit=5)

    assert (0, None, ()) == (pending.count, pending.oldest_at, pending.items)


def test_what_a_recap_told_is_told_once(store: Store) -> None:
    _baseline(store)
    recap = alert("RECAP000", type_=AlertType.STORY_RECAP)
    store.record_recap([(recap, [message("RECAP000")], [1, 3])], [1, 3], now=NOW)

    assert 0 == store.recap_pending(limit=1).count
    assert ["al_RECAP000"] * 2 == [line.alert_id for line in store.matches()]
    assert [(AlertType.STORY_RECAP, "Sujet deux")] == [(line.type, line.title) for line in store.deliveries()]


def test_a_recap_is_one_alert_for_each_list_and_settles_what_is_told_to_nobody(store: Store) -> None:
    _baseline(store)
    recaps = [
        (alert(reference, type_=AlertType.STORY_RECAP), [message(reference)], ids)
        for reference, ids in (("RECAP000", [3]), ("RECAP111", []))
    ]
    store.record_recap(recaps, [1, 3], now=NOW)

    assert 0 == store.recap_pending(limit=1).count
    assert ["al_RECAP000", None] == [line.alert_id for line in store.matches()]
    assert {"Sujet deux", None} == {line.title for line in store.deliveries()}


# --- alerts without a match -------------------------------------------------------------------------------------------


def _refuse(store: Store, name: str = "REFUSED0") -> bool:
    told = alert(name, type_=AlertType.RULES_REJECTED)
    return store.record_alert(told, [message(name), message(name, SLACK)], now=NOW)


def _there(store: Store) -> dict[str, int]:
    return {kind: count for kind, count in counts(store).items() if count}


def test_an_alert_without_a_match_waits_in_the_outbox_of_each_receiver(store: Store) -> None:
    assert _refuse(store)
    assert {"alerts": 1, "deliveries_pending": 2} == _there(store)
    assert {(AlertType.RULES_REJECTED, None)} == {(line.type, line.title) for line in store.deliveries()}
    assert () == store.matches()


def test_d3_an_alert_that_is_there_is_recorded_once_also_after_it_was_sent(store: Store) -> None:
    _refuse(store)
    [sent] = store.claim_deliveries("webhook", now=NOW, owner="moi", lease_s=60, limit=9)
    store.settle_sent(sent.id, Receipt(200), now=NOW)

    assert not _refuse(store)
    assert {"alerts": 1, "deliveries_pending": 1, "deliveries_sent": 1} == _there(store)
    assert message("REFUSED0").rendered == sent.rendered


def test_another_alert_without_a_match_is_another(store: Store) -> None:
    assert [True, True] == [_refuse(store, name) for name in ("REFUSED0", "REFUSED1")]


def test_an_alert_to_nobody_is_in_the_log_only(store: Store) -> None:
    assert store.record_alert(alert("REFUSED0", type_=AlertType.RULES_REJECTED), [], now=NOW)
    assert {"alerts": 1} == _there(store)


def test_d1_an_alert_whose_messages_cannot_be_written_is_not_there(store: Store) -> None:
    _refuse(store)
    with pytest.raises(StoreError):  # a message's identity is taken
        store.record_alert(alert("REFUSED1", type_=AlertType.RULES_REJECTED), [message("REFUSED0")], now=NOW)

    assert 1 == counts(store)["alerts"]


def test_an_alert_without_a_match_is_none_to_show_or_to_judge(store: Store) -> None:
    _refuse(store)
    for act in (lambda: store.match("REFUSED"), lambda: store.label("REFUSED", relevant=True, now=NOW)):
        with pytest.raises(NotFoundError, match="al_REFUSED0 tells no match"):
            act()


def test_d8_the_message_of_an_alert_without_a_match_is_replayed(store: Store) -> None:
    _refuse(store)
    [sent] = store.claim_deliveries("slack", now=NOW, owner="moi", lease_s=60, limit=9)
    store.settle_sent(sent.id, Receipt(200), now=NOW)

    assert {"slack": 1} == store.replay(ids=[sent.id], now=NOW)
    [again] = store.claim_deliveries("slack", now=NOW, owner="moi", lease_s=60, limit=9)
    assert (sent.message_id, AlertId("al_REFUSED0"), DeliveryState.PENDING) == (
        again.message_id,
        again.alert_id,
        again.state,
    )
