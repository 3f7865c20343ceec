"""Where an address got to on the way to an alert: how far, when, and what stopped it there. Pure.

The facts are the store's; what the rules of today say of the text is asked of them by who calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import DeliveryState, FeedStatus
from monitor.store import EntryState
from rules.types import Completeness, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from monitor.model import Article, FeedState
    from monitor.store import DeliveryLine, ListedAlert, ListedArticle, ListedEntry, ListedMatch
    from rules.types import RuleDef, Verdict

__all__ = [
    "FeedCondition",
    "Stage",
    "Whereabouts",
    "condition_of",
    "lacks_text",
    "nearest",
    "newly_matching",
    "whereabouts",
]


class Stage(StrEnum):
    """How far an address got, from the farthest to the least far."""

    DELIVERED = "delivered"
    PENDING = "pending"  # an alert waits to be delivered
    HELD = "held"  # an alert may not leave yet: quiet hours, a digest, group_wait, a cooldown, growth, a budget
    FAILED = "failed"  # every delivery was given up
    SILENCED = "silenced"  # a silence held for every alert, at first or when it was to leave
    LOG_ONLY = "log_only"  # alerted, and no route leads to a receiver
    RECAP = "recap"  # a match of a first poll that waits for the recap
    TOLD_ALREADY = "told_already"  # its story was told before, through another article
    SILENT_RULE = "silent_rule"  # only rules matched that tell nobody: experimental, deprecated
    RULES_CHANGED = "rules_changed"  # nothing matched when it was read, the rules of today would
    NEAR_MISS = "near_miss"
    NO_MATCH = "no_match"
    PAGE_FAILED = "page_failed"  # so for the next four: no match in what the feed says, and the page was not read
    BLOCKED = "blocked"  # a consent wall or a robot check
    EMPTY = "empty"  # the page holds no text that could be told from its surroundings
    ROBOTS = "robots"
    RESERVED = "reserved"
    POSTPONED = "postponed"  # its page failed and will be asked for again
    BEING_READ = "being_read"
    WAITING = "waiting"  # for its first reading
    BASELINE = "baseline"  # of a feed's first poll, old or undated: never read
    DUPLICATE = "duplicate"  # another feed's entry is read in its place
    LISTED_NOW = "listed_now"  # a feed lists it by now, and its next poll will find it
    NEVER_LISTED = "never_listed"


_FAR = {stage: place for place, stage in enumerate(Stage)}
_SILENT = frozenset({Status.EXPERIMENTAL, Status.DEPRECATED})
_OF_PAGE = {
    Reason.RESERVED: Stage.RESERVED,
    Reason.ROBOTS: Stage.ROBOTS,
    Reason.EMPTY: Stage.EMPTY,
    Reason.BLOCKED: Stage.BLOCKED,
}
_OF_DELIVERIES = {
    DeliveryState.SENT: Stage.DELIVERED,
    DeliveryState.GROUPED: Stage.DELIVERED,
    DeliveryState.PENDING: Stage.PENDING,
    DeliveryState.HELD: Stage.HELD,
    DeliveryState.FAILED: Stage.FAILED,
    DeliveryState.SILENCED: Stage.SILENCED,
}
# Of an alert that an article joined, as one more of a story: what was sent says nothing of the article.
_OF_JOINED = {**_OF_DELIVERIES, DeliveryState.SENT: Stage.TOLD_ALREADY, DeliveryState.GROUPED: Stage.TOLD_ALREADY}


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How far an address got.

    Attributes:
        stage: where it stands, or was stopped.
        at: since when, or when it will go on; None where nobody can say.
        entry: the entry that got farthest; None: no feed ever listed the address.
        match: the match or near miss that the stage is about, if any.
        alert: the alert, if any.
        deliveries: of that alert, those that the stage is about; in place of one that is grouped, what tells it.
    """

    stage: Stage
    at: datetime | None = None
    entry: ListedEntry | None = None
    match: ListedMatch | None = None
    alert: ListedAlert | None = None
    deliveries: tuple[DeliveryLine, ...] = ()


def whereabouts(listed: Sequence[ListedEntry], *, now: datetime, matching_today: Collection[str] = ()) -> Whereabouts:
    """Say how far an address got.

    Args:
        listed: every entry that bears it, as the feeds listed them.
        now: the present instant, UTC.
        matching_today: the rules, by id, that match its text as they are today and tell somebody.
    """
    places = [_place(entry, now, matching_today) for entry in listed]
    return min(places, key=lambda place: _FAR[place.stage], default=Whereabouts(Stage.NEVER_LISTED))


def _place(entry: ListedEntry, now: datetime, matching_today: Collection[str]) -> Whereabouts:
    if entry.article is not None and (told := _told(entry, entry.article)) is not None:
        return told
    if entry.state is EntryState.TO_READ and not entry.is_reread:
        return _in_queue(entry, now)
    if entry.article is None:
        stage = Stage.DUPLICATE if entry.state is EntryState.DUPLICATE else Stage.BASELINE
        return Whereabouts(stage, entry.first_seen_at, entry)
    return _unmatched(entry, entry.article, matching_today)


def _told(entry: ListedEntry, article: ListedArticle) -> Whereabouts | None:
    """Return how far the matches of an article got; None where there is no match."""
    matches = [match for match in article.matches if not match.match.verdict.near_miss]
    for alerts, stages in (
        ([(match, alert) for match in matches for alert in match.alerts], _OF_DELIVERIES),
        ([(match, alert) for match in matches for alert in match.joined], _OF_JOINED),
    ):
        if (told := _alerted(entry, alerts, stages)) is not None:
            return told
    kept = [match for match in matches if match.lost_at is None]
    for match in (match for match in kept if match.match.rule.status not in _SILENT):
        stage = Stage.RECAP if match.waits_for_recap else Stage.TOLD_ALREADY
        return Whereabouts(stage, match.matched_at, entry, match)
    for match in kept:
        return Whereabouts(Stage.SILENT_RULE, match.matched_at, entry, match)
    return None


def _alerted(
    entry: ListedEntry, alerts: Sequence[tuple[ListedMatch, ListedAlert]], stages: Mapping[DeliveryState, Stage]
) -> Whereabouts | None:
    """Return how far alerts got, the farthest of all; None where there is none."""
    for state, stage in stages.items():
        for match, alert in alerts:
            standing = (alert.teller(delivery) or delivery for delivery in alert.deliveries)
            found = tuple(delivery for delivery in standing if delivery.state is state)
            if found:
                at = match.matched_at if stage is Stage.TOLD_ALREADY else _instant(found[0], alert)
                return Whereabouts(stage, at, entry, match, alert, found)
    for match, alert in alerts:
        stage = Stage.LOG_ONLY if alert.silence is None else Stage.SILENCED
        return Whereabouts(stage, alert.planned_at, entry, match, alert)
    return None


def _instant(delivery: DeliveryLine, alert: ListedAlert) -> datetime | None:
    """Return when a delivery was sent, when it is tried next, or since when it is given up."""
    if delivery.state is DeliveryState.PENDING:
        return delivery.next_attempt_at
    if delivery.state is DeliveryState.HELD:
        return delivery.held_until
    return delivery.sent_at or alert.planned_at


def _in_queue(entry: ListedEntry, now: datetime) -> Whereabouts:
    if entry.lease_until is not None and entry.lease_until > now:
        return Whereabouts(Stage.BEING_READ, None, entry)
    if entry.next_attempt_at is not None:
        return Whereabouts(Stage.POSTPONED, entry.next_attempt_at, entry)
    return Whereabouts(Stage.WAITING, entry.first_seen_at, entry)


def _unmatched(entry: ListedEntry, article: ListedArticle, matching_today: Collection[str]) -> Whereabouts:
    at = article.recorded_at
    if matching_today:
        return Whereabouts(Stage.RULES_CHANGED, at, entry)
    near_miss = next((match for match in article.matches if match.lost_at is None), None)
    if lacks_text(article.article):
        stage = _OF_PAGE.get(article.article.page_reason or Reason.EMPTY, Stage.PAGE_FAILED)
        return Whereabouts(stage, at, entry, near_miss)
    return Whereabouts(Stage.NO_MATCH if near_miss is None else Stage.NEAR_MISS, at, entry, near_miss)


def newly_matching(entry: ListedEntry, judged: Sequence[tuple[Verdict, RuleDef]]) -> tuple[str, ...]:
    """Return the rules that match an article today and tell somebody, and that did not match it when it was read.

    Args:
        entry: the article's.
        judged: what each rule says of its text today.
    """
    if entry.article is None:
        return ()
    before = {match.match.rule.id for match in entry.article.matches if match.match.verdict.match}
    return tuple(
        rule.id for verdict, rule in judged if verdict.match and rule.status not in _SILENT and rule.id not in before
    )


def lacks_text(article: Article) -> bool:
    """Return whether rules had to do without the page: it could not be used, and the feed gave a summary only."""
    return article.page_reason is not None and article.completeness is Completeness.SUMMARY


def nearest(judged: Sequence[tuple[Verdict, RuleDef]], *, most: int) -> tuple[tuple[Verdict, RuleDef], ...]:
    """Return the rules that matched or came nearest, best first; those that saw none of their terms are left out.

    Args:
        judged: what each rule says of one text.
        most: how many at most.
    """
    seen = [one for one in judged if one[0].match or one[0].contributions or one[0].evidence]
    return tuple(sorted(seen, key=_far_from_match)[:most])


def _far_from_match(judged: tuple[Verdict, RuleDef]) -> tuple[bool, bool, bool, float, str]:
    verdict, rule = judged
    share = verdict.score / verdict.threshold if verdict.threshold else verdict.score
    return not verdict.match, not verdict.near_miss, not verdict.condition, -share, rule.id


class FeedCondition(StrEnum):
    """How a feed fares, as far as it explains why it did not list something."""

    GONE = "gone"
    PAUSED = "paused"
    NEVER_POLLED = "never_polled"
    FAILING = "failing"
    POLLED = "polled"


def condition_of(state: FeedState) -> FeedCondition:
    """Return how a feed fares."""
    if state.status is not FeedStatus.ACTIVE:
        return FeedCondition(state.status.value)
    if state.last_polled_at is None:
        return FeedCondition.NEVER_POLLED
    return FeedCondition.FAILING if state.failures else FeedCondition.POLLED
