from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from monitor.errors import Reason
from monitor.model import (
    AlertId,
    AlertType,
    ArticleId,
    Channel,
    DeliveryId,
    DeliveryState,
    EntryId,
    Feed,
    FeedId,
    FeedState,
    FeedStatus,
    Lane,
    NotificationReason,
)
from monitor.review import FeedCondition, Stage, condition_of, nearest, newly_matching, whereabouts
from monitor.store import DeliveryLine, EntryState, ListedAlert, ListedArticle, ListedEntry, ListedMatch
from rules.types import Completeness, Match, RuleDef, Status, Verdict
from tests.monitor.store.samples import NOW, after, article, entry, match

FEED = FeedState(FeedId(1), Feed("https://gazette.example/rss"), "gazette.example", FeedStatus.ACTIVE)


def delivery(state: DeliveryState, *, at: datetime | None = None, receiver: str = "slack-desk") -> DeliveryLine:
    sent = state is DeliveryState.SENT
    return DeliveryLine(
        id=DeliveryId(1),
        alert_id=AlertId("al_1"),
        type=AlertType.STORY_NEW,
        title=None,
        receiver=receiver,
        channel=Channel.SLACK,
        message_id="msg_1",
        state=state,
        attempts=1,
        created_at=NOW,
        next_attempt_at=None if sent else at,
        held_until=at if state is DeliveryState.HELD else None,
        sent_at=at if sent else None,
        last_reason=None,
        last_error=None if sent else "answered 503",
    )


def alert(*deliveries: DeliveryLine) -> ListedAlert:
    receivers = tuple(line.receiver for line in deliveries)
    return ListedAlert(AlertId("al_1"), NotificationReason.FIRST_ALERT, after(2), receivers, deliveries)


def matched(*alerts: ListedAlert, status: Status = Status.STABLE, recap: bool = False) -> ListedMatch:
    made = match()
    return ListedMatch(1, replace(made, rule=replace(made.rule, status=status)), after(2), recap, alerts)


def near_miss() -> ListedMatch:
    return ListedMatch(2, match("front", score=7.2, near_miss=True), after(2), waits_for_recap=False, alerts=())


def listed(state: EntryState, read: ListedArticle | None = None, **changes: Any) -> ListedEntry:
    made = ListedEntry(
        id=EntryId(1),
        feed=FEED,
        entry=entry("un"),
        state=state,
        first_seen_at=NOW,
        baseline=False,
        same_as=None,
        lane=Lane.FAST,
        attempts=0,
        next_attempt_at=None,
        lease_until=None,
        last_reason=None,
        last_error=None,
        withheld=False,
        article=read,
    )
    return replace(made, **changes)


def done(*matches: ListedMatch, reason: Reason | None = None, **changes: Any) -> ListedEntry:
    completeness = Completeness.FULL if reason is None else Completeness.SUMMARY
    text = article(page_reason=reason, completeness=completeness, **changes)
    return listed(EntryState.DONE, ListedArticle(ArticleId(1), text, after(2), matches))


SENT = delivery(DeliveryState.SENT, at=after(5))
HELD = delivery(DeliveryState.HELD, at=after(60))
PENDING = delivery(DeliveryState.PENDING, at=after(9), receiver="webhook")
AT_ONCE = delivery(DeliveryState.PENDING)
FAILED = delivery(DeliveryState.FAILED, receiver="mail")
SILENCED = delivery(DeliveryState.SILENCED, receiver="mail")
LOST = replace(matched(), lost_at=after(8))


@pytest.mark.parametrize(
    ("entries", "stage", "at"),
    [
        ([], Stage.NEVER_LISTED, None),
        ([listed(EntryState.BASELINE)], Stage.BASELINE, NOW),
        ([listed(EntryState.DUPLICATE, same_as=EntryId(7))], Stage.DUPLICATE, NOW),
        ([listed(EntryState.TO_READ)], Stage.WAITING, NOW),
        ([listed(EntryState.TO_READ, lease_until=after(30))], Stage.BEING_READ, None),
        ([listed(EntryState.TO_READ, lease_until=after(-1))], Stage.WAITING, NOW),
        ([listed(EntryState.TO_READ, next_attempt_at=after(40))], Stage.POSTPONED, after(40)),
        ([done()], Stage.NO_MATCH, after(2)),
        ([done(near_miss())], Stage.NEAR_MISS, after(2)),
        ([done(reason=Reason.ROBOTS)], Stage.ROBOTS, after(2)),
        ([done(reason=Reason.RESERVED)], Stage.RESERVED, after(2)),
        ([done(reason=Reason.EMPTY)], Stage.EMPTY, after(2)),
        ([done(reason=Reason.BLOCKED)], Stage.BLOCKED, after(2)),
        ([done(reason=Reason.HTTP_5XX)], Stage.PAGE_FAILED, after(2)),
        ([done(near_miss(), reason=Reason.HTTP_4XX)], Stage.PAGE_FAILED, after(2)),
        ([done(matched(status=Status.EXPERIMENTAL))], Stage.SILENT_RULE, after(2)),
        ([done(matched(status=Status.DEPRECATED))], Stage.SILENT_RULE, after(2)),
        ([done(matched(recap=True))], Stage.RECAP, after(2)),
        ([done(matched())], Stage.TOLD_ALREADY, after(2)),
        ([done(LOST)], Stage.NO_MATCH, after(2)),
        ([done(LOST, near_miss())], Stage.NEAR_MISS, after(2)),
        ([replace(done(), state=EntryState.TO_READ, is_reread=True)], Stage.NO_MATCH, after(2)),
        ([done(matched(alert()))], Stage.LOG_ONLY, after(2)),
        ([done(matched(alert(FAILED)))], Stage.FAILED, after(2)),
        ([done(matched(alert(FAILED, HELD)))], Stage.HELD, after(60)),
        ([done(matched(alert(SILENCED)))], Stage.SILENCED, after(2)),
        ([done(matched(alert(SILENCED, FAILED)))], Stage.FAILED, after(2)),
        ([done(matched(replace(alert(), silence="si_1")))], Stage.SILENCED, after(2)),
        ([done(matched(alert(FAILED, PENDING)))], Stage.PENDING, after(9)),
        ([done(matched(alert(AT_ONCE)))], Stage.PENDING, None),
        ([done(matched(alert(PENDING, SENT)))], Stage.DELIVERED, after(5)),
        ([done(matched(alert(SENT)), reason=Reason.ROBOTS)], Stage.DELIVERED, after(5)),
        ([done(replace(matched(), joined=(alert(PENDING, SENT),)))], Stage.TOLD_ALREADY, after(2)),
        ([done(replace(matched(), joined=(alert(HELD),)))], Stage.HELD, after(60)),
        ([done(replace(matched(alert(PENDING)), joined=(alert(SENT),)))], Stage.PENDING, after(9)),
        ([done(matched(status=Status.EXPERIMENTAL), matched(alert(SENT)))], Stage.DELIVERED, after(5)),
        ([listed(EntryState.DUPLICATE), done(matched(alert(SENT)))], Stage.DELIVERED, after(5)),
        ([done(reason=Reason.ROBOTS), done(near_miss())], Stage.NEAR_MISS, after(2)),
    ],
)
def test_an_address_got_as_far_as_its_farthest_entry(
    entries: list[ListedEntry], stage: Stage, at: datetime | None
) -> None:
    found = whereabouts(entries, now=after(10))

    assert (stage, at) == (found.stage, found.at)


def test_every_stage_can_be_reached() -> None:
    table = test_an_address_got_as_far_as_its_farthest_entry.pytestmark[0].args[1]  # type: ignore[attr-defined]  # pytest's mark

    assert set(Stage) == {row[1] for row in table} | {Stage.RULES_CHANGED, Stage.LISTED_NOW}


def test_what_title_and_summary_owed_is_told_while_the_page_is_still_to_be_read() -> None:
    read = ListedArticle(ArticleId(1), article(completeness=Completeness.SUMMARY), NOW, (matched(alert(SENT)),))

    found = whereabouts([listed(EntryState.TO_READ, read, next_attempt_at=after(40))], now=NOW)

    assert Stage.DELIVERED is found.stage


def test_a_page_that_failed_under_a_feed_with_the_whole_text_cost_nothing() -> None:
    found = whereabouts([done(reason=Reason.ROBOTS, extractor="feed")], now=NOW)
    whole = done()
    assert whole.article is not None
    text = replace(whole.article.article, page_reason=Reason.ROBOTS)

    assert Stage.ROBOTS is found.stage
    assert Stage.NO_MATCH is whereabouts([replace(whole, article=replace(whole.article, article=text))], now=NOW).stage


def test_the_deliveries_of_a_stage_are_those_in_its_state() -> None:
    found = whereabouts([done(matched(alert(PENDING, SENT)))], now=NOW)

    assert (("slack-desk",), "al_1") == (
        tuple(line.receiver for line in found.deliveries),
        found.alert and found.alert.id,
    )


def test_rules_that_changed_since_are_the_reason_where_nothing_matched() -> None:
    found = whereabouts([done(near_miss())], now=NOW, matching_today=("front",))
    told = whereabouts([done(matched(alert(SENT)))], now=NOW, matching_today=("front",))

    assert (Stage.RULES_CHANGED, Stage.DELIVERED) == (found.stage, told.stage)


def judged(rule: str, *, score: float = 0.0, status: Status = Status.STABLE, **changes: Any) -> tuple[Verdict, RuleDef]:
    made: Match = match(rule, score=score, near_miss=True)
    return replace(made.verdict, **changes), replace(made.rule, status=status)


def test_rules_that_match_today_are_those_that_tell_somebody_and_did_not_match_before() -> None:
    verdicts = [
        judged("axe", match=True),
        judged("front", match=True),
        judged("essai", match=True, status=Status.EXPERIMENTAL),
        judged("autre"),
    ]

    assert ("front",) == newly_matching(done(matched(), near_miss()), verdicts)
    assert () == newly_matching(listed(EntryState.TO_READ), verdicts)


def test_the_nearest_rules_come_first_and_those_that_saw_nothing_are_left_out() -> None:
    nothing: dict[str, Any] = {"contributions": (), "evidence": ()}
    pairs = [
        judged("rien", condition=False, near_miss=False, **nothing),
        judged("loin", condition=False, near_miss=False, score=2.0),
        judged("points", condition=False, near_miss=False, score=9.0),
        judged("sans-seuil", condition=False, near_miss=False, score=0.1, threshold=None),
        judged("recale", score=7.2),
        judged("retenu", match=True, near_miss=False, score=12.0),
        judged("hors", condition=True, near_miss=False, score=1.0),
    ]

    assert ["retenu", "recale", "hors", "points"] == [rule.id for _, rule in nearest(pairs, most=4)]
    assert "rien" not in [rule.id for _, rule in nearest(pairs, most=9)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": FeedStatus.GONE}, FeedCondition.GONE),
        ({"status": FeedStatus.PAUSED}, FeedCondition.PAUSED),
        ({}, FeedCondition.NEVER_POLLED),
        ({"last_polled_at": NOW, "failures": 2}, FeedCondition.FAILING),
        ({"last_polled_at": NOW}, FeedCondition.POLLED),
    ],
)
def test_how_a_feed_fares_is_one_word(changes: dict[str, Any], expected: FeedCondition) -> None:
    assert expected is condition_of(replace(FEED, **changes))
