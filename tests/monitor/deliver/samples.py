"""Alerts of our own fiction, for the tests of every channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.alerting import (
    Gathering,
    Reading,
    Routes,
    Telling,
    TroubleTelling,
    message_id,
    plan,
    plan_digest,
    plan_incidents,
    plan_recap,
    plan_refusal,
    plan_troubles,
    plan_undelivered,
    plan_updates,
)
from monitor.alerting.plan import first_alert_id
from monitor.errors import Reason
from monitor.model import (
    Alert,
    AlertType,
    Change,
    Channel,
    Completeness,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    Disabled,
    Feed,
    FeedId,
    FeedState,
    FeedStatus,
    HeldMessage,
    Incident,
    IncidentId,
    IncidentKind,
    Missed,
    NotificationReason,
    Receiver,
    Refusal,
    Rendered,
    RuleRecord,
    Sight,
    Silence,
    SourcesState,
    Step,
    Story,
    StorySource,
    Told,
    Trouble,
    TroubleKind,
    Undelivered,
    Why,
)
from rules.types import (
    Contribution,
    Field,
    Level,
    Mask,
    Match,
    Pattern,
    PatternKind,
    Ref,
    RuleDef,
    Score,
    Snippet,
    TermDef,
    Verdict,
)

PUBLISHED = datetime(2024, 5, 16, 4, 58, tzinfo=UTC)
SEEN = PUBLISHED + timedelta(seconds=820)
NOW = SEEN + timedelta(seconds=27)
ROUTES = Routes(tuple(Receiver(channel.value, channel) for channel in Channel))
EVERYBODY = tuple(receiver.name for receiver in ROUTES.receivers)
LATENCY_S = (
    ("published_to_seen_s", 820.0),
    ("seen_to_read_s", 25.5),
    ("read_to_matched_s", 1.5),
    ("seen_to_sent_s", 27.0),
)

TITLE = "Poutine attendu à Harbin, en Chine, pour un sommet sur le fret fluvial"
RETITLED = "Poutine attendu à Pékin pour un sommet sur le fret fluvial <et le gaz>"
LEAD = "Une visite de deux jours, alors que l'hiver s'installe en Ukraine."
BODY = "Au nord-est, les habitants de Kharkiv guettent les sirènes depuis lundi."


def snippet(field: Field, text: str, **terms: str) -> Snippet:
    """Return a snippet in which each term marks its word."""
    marks = ((text.index(word), text.index(word) + len(word), term) for term, word in terms.items())
    return Snippet(field, text, tuple(marks))


def entity(name: str) -> TermDef:
    return TermDef(name, (Pattern(PatternKind.ENTITY, name, f"@{name}"),))


RULE = RuleDef(
    id="axe-moscou-pekin",
    title="Axe Moscou–Pékin",
    condition=Ref("russie"),
    terms=(
        entity("russie"),
        entity("chine"),
        entity("ukraine"),
        TermDef(
            "front",
            (Pattern(PatternKind.ENTITY, "kharkiv", "@kharkiv"), Pattern(PatternKind.WORDS, "Donetsk", "Donetsk")),
        ),
        TermDef("contact", (Pattern(PatternKind.WORDS, "visite", "visite"),)),
    ),
    level=Level.HIGH,
    tags=("geo.russie", "geo.chine"),
    score=Score(threshold=10),
    labels=(("desk", "international"),),
    version="sha256:" + "ab" * 32,
)

VERDICT = Verdict(
    rule=RULE.id,
    version=RULE.version,
    score=24.1,
    threshold=10.0,
    condition=True,
    in_scope=True,
    match=True,
    near_miss=False,
    level=Level.HIGH,
    contributions=(
        Contribution("chine", 9.0, "Chine", Field.TITLE, 28),
        Contribution("russie", 7.2, "Poutine", Field.TITLE, 12),
        Contribution("ukraine", 4.5, "Ukraine", Field.LEAD, 3),
        Contribution("front", 2.4, "Kharkiv", Field.BODY, 1),
        Contribution("contact", 1.0, "visite", Field.LEAD, 1),
    ),
    evidence=(),
    gate=None,
)

MATCH = Match(
    rule=RULE,
    verdict=VERDICT,
    snippets=(
        snippet(Field.TITLE, TITLE, russie="Poutine", chine="Chine"),
        snippet(Field.LEAD, LEAD, contact="visite", ukraine="Ukraine"),
        snippet(Field.BODY, BODY, front="Kharkiv"),
    ),
    masks=(Mask("chine", Field.BODY, 0, 22, "mer de Chine orientale"),),
    text_sha256="cd" * 32,
)

STORY = Story(
    id="st_0123456789abcdef",
    title=TITLE,
    first_seen_at=SEEN,
    sources=(
        StorySource(
            outlet="La Gazette de Lutèce",
            url="https://gazette.example/monde/visite?a=1&b=2",
            published_at=PUBLISHED,
            completeness=Completeness.FULL,
            title=TITLE,
            extractor="trafilatura/9.9 json-ld",
        ),
    ),
)


def alert(match: Match = MATCH, story: Story = STORY) -> Alert:
    (planned,) = plan([match], story, ROUTES, now=NOW, latency_s=LATENCY_S)
    return replace(planned, record=RuleRecord(matches_today=3, relevant=18, judged=21))


SPENT = replace(alert(), budget_until=NOW + timedelta(minutes=50))
"""The last that a budget lets go."""


def updated(title: str = TITLE, was: str = TITLE, level: Level | None = Level.CRITICAL) -> Alert:
    """Return the update of an alert: another title, another level, or none: the rule finds the article no longer."""
    first = alert()
    told = Told(MATCH, STORY.sources[0], was, Level.HIGH, first=((first.id, first.receivers),), times=1)
    after = () if level is None else (replace(MATCH, verdict=replace(VERDICT, level=level, score=30.0)),)
    reading = Reading(was, (MATCH,), after, {was} - {title}, is_corrected=True)
    (planned,) = plan_updates([told], reading, replace(STORY, title=title), ROUTES, now=NOW).alerts
    return planned


def other(number: int, level: Level = Level.MEDIUM) -> tuple[Story, Match]:
    """Return a story and a match that differ from the others by a number."""
    source = replace(STORY.sources[0], outlet="Radio Lutèce", url=f"https://radio.example/{number}", published_at=None)
    story = replace(STORY, id=f"st_{number:016x}", title=f"Dépêche numéro {number}", sources=(source,))
    rule = replace(RULE, id=f"rule-{number}", title=f"Veille numéro {number}", level=level)
    verdict = replace(VERDICT, score=5.0 + number, threshold=None, level=level)
    return story, replace(MATCH, rule=rule, verdict=verdict)


def recap(count: int = 2, total: int | None = None) -> Alert:
    return recap_of([(STORY, MATCH), *(other(number) for number in range(count - 1))], total)


def recap_of(items: Sequence[tuple[Story, Match]], total: int | None = None) -> Alert:
    """Return the recap of these, as if there were more."""
    (planned,) = plan_recap(items, ROUTES, now=NOW)
    return replace(planned.alert, truncated=(total or len(items)) - len(planned.alert.matches))


def held(number: int, why: Why = Why.DIGEST, level: Level = Level.MEDIUM, **changes: object) -> HeldMessage:
    """Return a message that is held; 0 is the alert on the story of all samples."""
    told = (STORY, MATCH) if number == 0 else other(number, level)
    id_ = DeliveryId(number + 1)
    made = HeldMessage(
        *(id_, first_alert_id(told[1], told[0]), "mail", "route.1", f"group {number}", why, None, NOW),
        reason=NotificationReason.FIRST_ALERT,
        is_update=False,
        story=told[0],
        match=told[1],
        match_id=number,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def gathered(*messages: HeldMessage) -> Gathering:
    """Return what a digest tells of messages, the newest first."""
    made = Gathering()
    made.add(messages)
    return made


SILENCES = (
    Silence("si_7K2Q4M9T", ('rule="axe-moscou-pekin"',), "Anne", "sommet, suivi à part", NOW, NOW, alerts=3),
    Silence("si_0000000A", (), "", "", NOW, NOW, alerts=1),
)
MISSED = Missed(near=(other(7), other(8)), near_count=3, silences=SILENCES)
SOURCES = SourcesState(
    feeds=120,
    failing=("L'Écho du Vexin", "Radio Lutèce"),
    gaps=(("Le Quotidien de l'Ill", NOW - timedelta(hours=5), NOW - timedelta(hours=3)), ("Le Fleuve", NOW, None)),
    articles=412,
    partial=31,
)
_LAST_DIGEST = NOW - timedelta(hours=13)
_CARRIED = replace(
    STORY, outlets=3, texts=3, sources=(*STORY.sources, *(replace(STORY.sources[0], outlet=name) for name in "AB"))
)
DIGESTS: dict[str, Alert] = {
    "digest": plan_digest(
        "mail",
        gathered(held(0, story=_CARRIED), held(1, lost=Change.WITHDRAWN), held(2), held(3, story=_CARRIED)),
        MISSED,
        SOURCES,
        since=_LAST_DIGEST,
        until=NOW,
        now=NOW,
    ),
    "empty-digest": plan_digest(
        "mail", gathered(), Missed(), SourcesState(feeds=120), since=_LAST_DIGEST, until=NOW, now=NOW
    ),
    "quiet-hours": replace(
        plan_digest(
            "mail", gathered(held(0), held(1)), Missed(), SourcesState(), since=_LAST_DIGEST, until=NOW, now=NOW
        ),
        digest=Digest(NOW, _LAST_DIGEST, Why.QUIET_HOURS),
        budget_until=NOW + timedelta(minutes=50),
    ),
}

REFUSAL = Refusal(
    "rules: refused",
    (
        'rules/fret.yaml:3:9: status: "stabel" is not allowed (did you mean stable?)',
        "rules/fret.yaml:9:13: unknown term harbin & co (did you mean <harbin>?)",
        "rules/sirenes.yaml:2:1: the rule id front_* is taken (first in rules/front.yaml:1)",
    ),
    14,
)


def refused(refusal: Refusal = REFUSAL, errors: int = 3) -> Alert:
    """Return what is told of a refused rule set, as if it had so many errors."""
    told = replace(refusal, errors=(refusal.errors * errors)[:errors])
    return plan_refusal(told, ROUTES, since=NOW, now=NOW)


def refused_for(text: str) -> Alert:
    """Return a refusal in which all that is told is one text."""
    return refused(Refusal(text, (text,), 14), errors=50)


SOURCE = FeedState(
    id=FeedId(7),
    feed=Feed("https://gazette.example/monde/rss?a=1&b=2", title="Monde", outlet="La Gazette de Lutèce"),
    host="gazette.example",
    status=FeedStatus.ACTIVE,
    last_ok_at=NOW - timedelta(hours=4),
    failures=7,
    last_reason=Reason.HTTP_5XX,
    last_error="https://gazette.example/monde/rss: answered 502",
)


def incident(kind: IncidentKind = IncidentKind.FAILING, number: int = 7, **changes: object) -> Incident:
    """Return an incident that began three hours ago, of a source with a number."""
    source = replace(SOURCE, id=FeedId(number))
    if number != SOURCE.id:
        url = f"https://radio{number}.example/rss"
        source = replace(source, feed=Feed(url, title=f"Radio Lutèce {number}"), last_ok_at=None, last_reason=None)
    began_at = NOW - timedelta(hours=3)
    if kind not in {IncidentKind.FAILING, IncidentKind.GONE}:
        source = replace(source, failures=0, last_reason=None, last_error=None)
    made = Incident(IncidentId(number), kind, source, began_at)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def well(kind: IncidentKind = IncidentKind.FAILING, number: int = 7) -> Incident:
    """Return an incident that was told and is over."""
    over = incident(kind, number, told=2, told_at=NOW - timedelta(hours=1), ended_at=NOW - timedelta(minutes=1))
    return replace(over, source=replace(over.source, failures=0, last_reason=None, last_error=None))


GAP = incident(IncidentKind.GAP, began_at=NOW - timedelta(minutes=88), until_at=NOW, missed=12)
GAPS = incident(IncidentKind.GAP, 8, began_at=NOW - timedelta(hours=9), until_at=NOW, count=3)
MOVED = incident(IncidentKind.MOVED, old_url="http://gazette.example/rss")


def told_of(*incidents: Incident, reason: NotificationReason = NotificationReason.SOURCE_FAILING) -> Alert:
    return plan_incidents(Telling(reason, incidents), ROUTES, now=NOW)


INCIDENTS: dict[str, Alert] = {
    "failing": told_of(incident()),
    "troubled": told_of(
        incident(IncidentKind.GONE),
        *(incident(number=number) for number in range(10, 40)),
    ),
    "reminder": told_of(
        incident(began_at=NOW - timedelta(days=3), told=3), reason=NotificationReason.SOURCE_STILL_FAILING
    ),
    "silent": told_of(incident(IncidentKind.QUIET)),
    "moved": told_of(MOVED, reason=NotificationReason.SOURCE_MOVED),
    "gaps": told_of(GAP, GAPS, reason=NotificationReason.SOURCE_GAP),
    "recovered": told_of(well(), well(IncidentKind.GONE, 8), reason=NotificationReason.SOURCE_RECOVERED),
}


LATE = Sight(
    TroubleKind.OUTBOX,
    "slack",
    since=NOW - timedelta(minutes=95),
    count=14,
    error="slack: answered 503 Service Unavailable",
)
UNPOLLED = Sight(TroubleKind.POLLING, since=NOW - timedelta(minutes=70), count=118, of=120)
NEVER_POLLED = Sight(TroubleKind.POLLING, count=3, of=3)
LOST = Sight(TroubleKind.CANARY, Step.EXTRACTING, since=NOW - timedelta(minutes=7), error="a child process crashed")
FULL = Sight(TroubleKind.DISK, free_mb=312, total_mb=20_000)


def trouble(seen: Sight = LATE, **changes: object) -> Trouble:
    """Return a trouble that was first seen 80 minutes ago."""
    made = Trouble(IncidentId(1), seen.kind, seen.subject, NOW - timedelta(minutes=80), sight=seen)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def past(sight: Sight) -> Trouble:
    """Return a trouble that was told and is over."""
    return trouble(sight, told=1, told_at=NOW - timedelta(hours=1), ended_at=NOW - timedelta(minutes=1), sight=None)


def warned(*troubles: Trouble, reason: NotificationReason = NotificationReason.SYSTEM_FAILING) -> Alert:
    return plan_troubles(TroubleTelling(reason, troubles), ROUTES, broken=(), now=NOW)


TROUBLES: dict[str, Alert] = {
    "late": warned(trouble()),
    "full": warned(trouble(FULL)),
    "many-troubles": warned(
        trouble(UNPOLLED),
        trouble(NEVER_POLLED),
        *(trouble(replace(LATE, subject=f"desk-{number}")) for number in range(30)),
    ),
    "still-late": warned(
        trouble(began_at=NOW - timedelta(days=2), told=2), reason=NotificationReason.SYSTEM_STILL_FAILING
    ),
    "canary-lost": warned(trouble(LOST)),
    "given-up": warned(trouble(Sight(TroubleKind.OUTBOX, "slack", count=0, given_up=2), told=4)),
    "well": warned(past(LATE), past(FULL), reason=NotificationReason.SYSTEM_RECOVERED),
}


def trouble_for(text: str) -> Alert:
    """Return troubles in which all that may come from outside is one text."""
    return warned(*(trouble(replace(LATE, subject=f"{number}{text}", error=text)) for number in range(50)))


def undelivered(*told: Undelivered, type_: AlertType = AlertType.DELIVERY_FAILED) -> Alert:
    [alert] = plan_undelivered(type_, told, ROUTES, endpoints=(), now=NOW)
    return alert


_ERROR = "bureau: hooks.example.org: answered 503"
_WROTE = NOW - timedelta(days=4)
UNDELIVERED: dict[str, Alert] = {
    "undelivered": undelivered(Undelivered("bureau", 1, _WROTE, error=_ERROR, delivery_id=DeliveryId(42))),
    "several-undelivered": undelivered(
        Undelivered("bureau", 1, _WROTE, error=_ERROR, delivery_id=DeliveryId(42)),
        *(Undelivered(f"autre{number}", 30, _WROTE) for number in range(4)),
    ),
    "disabled": undelivered(
        Undelivered("bureau", 12, NOW - timedelta(days=5), Disabled.FAILING, _ERROR),
        type_=AlertType.ENDPOINT_DISABLED,
    ),
    "several-disabled": undelivered(
        Undelivered("bureau", 1, NOW, Disabled.GONE, "bureau: hooks.example.org: answered 410"),
        Undelivered("nuit", 0, NOW - timedelta(days=6), Disabled.FAILING),
        type_=AlertType.ENDPOINT_DISABLED,
    ),
}


def undelivered_for(text: str) -> Alert:
    """Return messages that were given up in which all that comes from outside is one text."""
    return undelivered(*(Undelivered(f"bureau{number}", 3, NOW, error=text) for number in range(60)))


def incident_for(text: str) -> Alert:
    """Return incidents in which all that comes from outside is one text."""
    source = replace(SOURCE, feed=Feed(text, title=text, outlet=text), last_error=text)
    sources = [replace(source, id=FeedId(number)) for number in range(50)]
    failing = [incident(source=each) for each in sources[::2]]
    return told_of(*failing, *(incident(IncidentKind.MOVED, source=each, old_url=text) for each in sources[1::2]))


def hostile(text: str) -> Alert:
    """Return an alert in which everything that comes from outside, and more, is one text."""
    source = replace(STORY.sources[0], outlet=text, url=text)
    snippets = tuple(replace(snippet, text=text, marks=()) for snippet in MATCH.snippets)
    contributions = tuple(replace(item, best=text) for item in VERDICT.contributions)
    match = replace(
        MATCH,
        rule=replace(RULE, title=text, tags=(text,), labels=((text, text),)),
        verdict=replace(VERDICT, contributions=contributions),
        snippets=snippets,
        masks=(replace(MATCH.masks[0], text=text),),
    )
    return alert(match, replace(STORY, title=text, sources=(source,)))


def delivery(rendered: Rendered, channel: Channel, planned: Alert | None = None) -> Delivery:
    known = planned or alert()
    return Delivery(
        id=DeliveryId(1),
        alert_id=known.id,
        receiver=channel.value,
        channel=channel,
        message_id=message_id(known.id, channel.value),
        rendered=rendered,
        state=DeliveryState.PENDING,
        attempts=1,
        created_at=NOW,
    )
