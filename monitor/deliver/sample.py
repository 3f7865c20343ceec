"""A sample of each message, to see what a receiver makes of it: a fiction that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import (
    Alert,
    AlertType,
    Change,
    Completeness,
    Digest,
    Disabled,
    Feed,
    FeedId,
    FeedState,
    FeedStatus,
    Incident,
    IncidentId,
    IncidentKind,
    Missed,
    NotificationReason,
    Refusal,
    Sight,
    SourcesState,
    Standing,
    Story,
    StorySource,
    Trouble,
    TroubleKind,
    Undelivered,
    Update,
)
from rules.types import Contribution, Field, Level, Match, Ref, RuleDef, Score, Snippet, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from monitor.model import AlertId

__all__ = ["SAMPLED", "sample_alert"]

_TITLE = "ESSAI : le bac de Lutèce reprend la traversée"
_BEFORE = "ESSAI : le bac de Lutèce reste à quai"
_LEAD = "Ceci est un essai : le bac et son fleuve sont inventés, et l'on ne peut rien répondre à cette alerte."
_AT = _LEAD.index("bac")
_SOURCE = StorySource(
    outlet="La Gazette de Lutèce (essai)",
    url="https://gazette.example/essai",
    published_at=None,
    completeness=Completeness.FULL,
    title=_TITLE,
)
_RULE = RuleDef(
    id="essai",
    title="Essai des alertes",
    condition=Ref("bac"),
    terms=(),
    score=Score(threshold=2),
    version="sha256:" + "0" * 64,
)
_VERDICT = Verdict(
    rule=_RULE.id,
    version=_RULE.version,
    score=4.0,
    threshold=2.0,
    condition=True,
    in_scope=True,
    match=True,
    near_miss=False,
    level=Level.MEDIUM,
    contributions=(Contribution("bac", 4.0, "bac", Field.TITLE, 2),),
    evidence=(),
    gate=None,
)
_MATCH = Match(
    rule=_RULE,
    verdict=_VERDICT,
    snippets=(Snippet(Field.LEAD, _LEAD, ((_AT, _AT + len("bac"), "bac"),)),),
    masks=(),
    text_sha256="0" * 64,
)


def sample_alert(reason: NotificationReason, alert_id: AlertId, *, receiver: str, now: datetime) -> Alert:
    """Return a sample of what is sent for a reason.

    Args:
        reason: one of `SAMPLED`.
        alert_id: its identity: a new one each time, for who receives it drops what they have.
        receiver: who is told.
        now: when, UTC.
    """
    story = Story("st_" + "0" * 16, _TITLE, now, (replace(_SOURCE, published_at=now - timedelta(minutes=14)),))
    blank = Alert(
        id=alert_id,
        type=AlertType.STORY_NEW,
        reason=reason,
        planned_at=now,
        receivers=(receiver,),
        stories=(story,),
        matches=(_MATCH,),
        latency_s=(("published_to_seen_s", 813.0), ("seen_to_sent_s", 27.0)),
    )
    return _MAKERS[reason](blank)


def _recap(blank: Alert) -> Alert:
    return replace(
        blank, type=AlertType.STORY_RECAP, stories=blank.stories * 2, matches=blank.matches * 2, latency_s=()
    )


def _digest(blank: Alert) -> Alert:
    since = blank.planned_at - timedelta(hours=11)
    sources = SourcesState(feeds=120, failing=("L'Écho du Vexin (essai)",), articles=412, partial=31)
    digest = Digest(blank.planned_at, since, missed=Missed(), sources=sources)
    return replace(blank, type=AlertType.STORY_DIGEST, digest=digest, latency_s=())


def _updated(change: Change, before: Standing) -> Callable[[Alert], Alert]:
    def update(blank: Alert) -> Alert:
        after = Standing(_TITLE, Level.MEDIUM, _VERDICT.score)
        return replace(blank, type=AlertType.STORY_UPDATED, update=Update(None, change, before, after))

    return update


def _grew(blank: Alert) -> Alert:
    same = Standing(_TITLE, Level.MEDIUM, _VERDICT.score)
    carried = replace(blank.stories[0], outlets=7, texts=2, truncated=6)
    return replace(_updated(Change.GREW, same)(blank), stories=(carried,))


def _refused(blank: Alert) -> Alert:
    refusal = Refusal("essai : rules: refused", ("essai.yaml:1:1: ceci est un essai, rien n'est refusé",), 14)
    return replace(_bare(blank), type=AlertType.RULES_REJECTED, refusal=refusal)


def _incident(
    type_: AlertType, kind: IncidentKind = IncidentKind.FAILING, *, failures: int = 0
) -> Callable[[Alert], Alert]:
    def tell(blank: Alert) -> Alert:
        now = blank.planned_at
        source = FeedState(
            id=FeedId(0),
            feed=Feed("https://gazette.example/essai/rss", title="Essai", outlet="La Gazette de Lutèce (essai)"),
            host="gazette.example",
            status=FeedStatus.ACTIVE,
            last_ok_at=now - timedelta(hours=4),
            failures=failures,
            last_reason=Reason.HTTP_5XX if failures else None,
            last_error="ceci est un essai : 502" if failures else None,
        )
        incident = Incident(
            IncidentId(0),
            kind,
            source,
            began_at=now - timedelta(hours=3),
            until_at=now if kind is IncidentKind.GAP else None,
            missed=12 if kind is IncidentKind.GAP else None,
            old_url="https://gazette.example/essai/ancien" if kind is IncidentKind.MOVED else None,
            ended_at=now if type_ is AlertType.SOURCE_RECOVERED else None,
            ref="in_0000000ESSA1",
        )
        return replace(_bare(blank), type=type_, incidents=(incident,))

    return tell


def _trouble(type_: AlertType, told: int = 0) -> Callable[[Alert], Alert]:
    def tell(blank: Alert) -> Alert:
        now = blank.planned_at
        is_over = type_ is AlertType.SYSTEM_RECOVERED
        trouble = Trouble(
            IncidentId(0),
            TroubleKind.OUTBOX,
            "essai",
            began_at=now - timedelta(days=told, hours=1),
            told=told,
            ended_at=now if is_over else None,
            sight=None if is_over else Sight(TroubleKind.OUTBOX, "essai", since=now - timedelta(minutes=20), count=3),
            ref="in_0000000ESSA2",
        )
        return replace(_bare(blank), type=type_, troubles=(trouble,))

    return tell


def _undelivered(type_: AlertType, why: Disabled | None = None) -> Callable[[Alert], Alert]:
    def tell(blank: Alert) -> Alert:
        since = blank.planned_at - timedelta(days=5)
        each = Undelivered("bureau-essai", 3, since, why, "ceci est un essai : 503")
        return replace(_bare(blank), type=type_, undelivered=(each,))

    return tell


def _bare(blank: Alert) -> Alert:
    """Return what tells no story yet."""
    return replace(blank, stories=(), matches=(), latency_s=())


_MAKERS: dict[NotificationReason, Callable[[Alert], Alert]] = {
    NotificationReason.FIRST_ALERT: lambda blank: blank,
    NotificationReason.STORY_GREW: _grew,
    NotificationReason.LEVEL_RAISED: _updated(Change.LEVEL_RAISED, Standing(_TITLE, Level.LOW, 2.5)),
    NotificationReason.CORRECTED: _updated(Change.TITLE_CHANGED, Standing(_BEFORE, Level.MEDIUM, _VERDICT.score)),
    NotificationReason.DIGEST: _digest,
    NotificationReason.RECAP: _recap,
    NotificationReason.RULES_REJECTED: _refused,
    NotificationReason.SOURCE_FAILING: _incident(AlertType.SOURCE_FAILING, failures=7),
    NotificationReason.SOURCE_STILL_FAILING: _incident(AlertType.SOURCE_FAILING, failures=7),
    NotificationReason.SOURCE_GAP: _incident(AlertType.SOURCE_GAP, IncidentKind.GAP),
    NotificationReason.SOURCE_MOVED: _incident(AlertType.SOURCE_FAILING, IncidentKind.MOVED),
    NotificationReason.SOURCE_RECOVERED: _incident(AlertType.SOURCE_RECOVERED),
    NotificationReason.SYSTEM_FAILING: _trouble(AlertType.SYSTEM_FAILING),
    NotificationReason.SYSTEM_STILL_FAILING: _trouble(AlertType.SYSTEM_FAILING, told=1),
    NotificationReason.SYSTEM_RECOVERED: _trouble(AlertType.SYSTEM_RECOVERED),
    NotificationReason.DELIVERY_FAILED: _undelivered(AlertType.DELIVERY_FAILED),
    NotificationReason.ENDPOINT_DISABLED: _undelivered(AlertType.ENDPOINT_DISABLED, Disabled.FAILING),
}

SAMPLED = tuple(_MAKERS)
"""The reasons of which there is a sample."""
