"""An alert as programs receive it: `docs/alert.schema.json`, at most 20 kB (promise D12).

What is not known is absent, never invented. What does not fit is counted, never silently left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from monitor.deliver.incidents import error_of, source_name
from monitor.deliver.text import line, quotes, safe_url
from monitor.deliver.words import level_of
from monitor.model import AlertType, IncidentKind, Sight, TroubleKind

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import (
        Alert,
        Digest,
        Incident,
        Missed,
        Refusal,
        RuleRecord,
        Silence,
        SourcesState,
        Standing,
        Story,
        StorySource,
        Trouble,
        Undelivered,
        Update,
    )
    from rules.types import Contribution, Match, RuleDef, Snippet

__all__ = ["MAX_BYTES", "SCHEMA", "payload", "payload_bytes"]

MAX_BYTES = 20_000
SCHEMA = "veille.alert/1"
_MATCHERS = 5  # of a silence

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much of each list and text is told."""

    items: int
    sources: int
    snippets: int
    contributions: int
    words: int  # tags and labels
    chars: int
    url_chars: int


# Tried in order until the payload fits. The last one always does: about 30 texts of 40 characters.
_LIMITS = (
    _Limits(items=50, sources=20, snippets=10, contributions=40, words=40, chars=300, url_chars=2000),
    _Limits(items=50, sources=10, snippets=3, contributions=10, words=20, chars=300, url_chars=1000),
    _Limits(items=50, sources=1, snippets=1, contributions=5, words=10, chars=200, url_chars=500),
    _Limits(items=50, sources=1, snippets=0, contributions=3, words=5, chars=120, url_chars=300),
    _Limits(items=20, sources=1, snippets=0, contributions=0, words=0, chars=80, url_chars=300),
    _Limits(items=5, sources=1, snippets=0, contributions=0, words=0, chars=40, url_chars=200),
)


def payload_bytes(alert: Alert) -> bytes:
    """Return the webhook's body: the payload as compact UTF-8 JSON."""
    bodies = (
        json.dumps(_envelope(alert, limits), ensure_ascii=False, separators=(",", ":")).encode() for limits in _LIMITS
    )
    return next(body for body in bodies if len(body) <= MAX_BYTES)


def payload(alert: Alert) -> Json:
    """Return the payload of an alert."""
    decoded: Json = json.loads(payload_bytes(alert))
    return decoded


def _envelope(alert: Alert, limits: _Limits) -> Json:
    data: Json = {"alert_id": alert.id, "notification_reason": alert.reason.value}
    if alert.type is not AlertType.HEARTBEAT:  # which says nothing more
        data |= _told(alert, limits)
    if alert.update is not None:
        data["update"] = _update(alert.update, limits)
    if alert.links:
        data["links"] = dict(alert.links)
    if alert.budget_until is not None:
        data["budget_until"] = _instant(alert.budget_until)
    if alert.latency_s:
        data["latency"] = {name: round(seconds, 3) for name, seconds in alert.latency_s}
    return {"type": alert.type.value, "timestamp": _instant(alert.planned_at), "schema": SCHEMA, "data": data}


def _told(alert: Alert, limits: _Limits) -> Json:
    """Return what an alert is about: a refusal, incidents, troubles, receivers, several stories, or one."""
    if alert.refusal is not None:
        return _refusal(alert.refusal, limits) | {"truncated": alert.truncated}
    if alert.incidents:
        told = [_incident(incident, alert.planned_at, limits) for incident in alert.incidents[: limits.items]]
        return {"incidents": told, "truncated": alert.truncated + len(alert.incidents) - len(told)}
    if alert.troubles:
        told = [_trouble(trouble, alert.planned_at, limits) for trouble in alert.troubles[: limits.items]]
        return {"troubles": told, "truncated": alert.truncated + len(alert.troubles) - len(told)}
    if alert.undelivered:
        told = [_undelivered(each, limits) for each in alert.undelivered[: limits.items]]
        return {"receivers": told, "truncated": len(alert.undelivered) - len(told)}
    if alert.type in {AlertType.STORY_RECAP, AlertType.STORY_DIGEST}:
        return _listed(alert, limits)
    data = _item(alert.stories[0], alert.matches[0], limits)
    if alert.record is not None:
        data["rule"] |= _record(alert.record)
    return data


def _listed(alert: Alert, limits: _Limits) -> Json:
    """Return what a recap or a digest lists."""
    pairs = list(zip(alert.stories, alert.matches, strict=True))
    listed, digest = pairs[: limits.items], alert.digest
    lost = {} if digest is None else {(story, rule): change.value for story, rule, change in digest.lost}
    return _known(
        items=[
            _item(story, match, limits) | _known(lost=lost.get((story.id, match.rule.id))) for story, match in listed
        ],
        truncated=alert.truncated + len(pairs) - len(listed),
        digest=None if digest is None else _digest(digest, limits),
    )


def _refusal(refusal: Refusal, limits: _Limits) -> Json:
    return {
        "error": line(refusal.error, limits.chars),
        "errors": [line(error, limits.chars) for error in refusal.errors],
        "rules_live": refusal.rules_live,
    }


def _undelivered(each: Undelivered, limits: _Limits) -> Json:
    return _known(
        receiver=line(each.receiver, limits.chars),
        messages=each.messages,
        since=_instant(each.since),
        why=None if each.why is None else each.why.value,
        error=line(each.error, limits.chars) if each.error else None,
        delivery_id=each.delivery_id,
    )


def _update(update: Update, limits: _Limits) -> Json:
    before, after = (_standing(standing, limits) for standing in (update.before, update.after))
    burst = update.burst
    return _known(
        of=update.of,
        reason=update.change.value,
        before=before,
        after=after,
        burst=None if burst is None else {"outlets": burst.outlets, "within_s": burst.within.total_seconds()},
    )


def _digest(digest: Digest, limits: _Limits) -> Json:
    missed = digest.missed
    return _known(
        since=_instant(digest.since),
        until=_instant(digest.until),
        held=None if digest.why is None else digest.why.value,
        near_misses=None if missed is None else _near(missed, limits),
        silenced=None if missed is None else missed.silenced,
        silences=None if missed is None else [_silence(each, limits) for each in missed.silences[: limits.items]],
        sources=None if digest.sources is None else _sources(digest.sources, limits),
    )


def _near(missed: Missed, limits: _Limits) -> Json:
    items = [
        _known(
            rule=line(match.rule.id, limits.chars),
            title=line(story.title, limits.chars),
            outlet=line(story.sources[0].outlet, limits.chars),
            url=safe_url(story.sources[0].url, limits.url_chars),
            score=match.verdict.score,
            threshold=match.verdict.threshold,
        )
        for story, match in missed.near
    ]
    return {"count": missed.near_count, "items": items}


def _silence(silence: Silence, limits: _Limits) -> Json:
    return _known(
        id=silence.id,
        matchers=[line(matcher, limits.chars) for matcher in silence.matchers[:_MATCHERS]] or None,
        author=line(silence.author, limits.chars) or None,
        reason=line(silence.reason, limits.chars) or None,
        alerts=silence.alerts,
    )


def _sources(sources: SourcesState, limits: _Limits) -> Json:
    failing, gaps = tuple(dict.fromkeys(sources.failing))[: limits.items], sources.gaps[: limits.sources]
    return {
        "feeds": sources.feeds,
        "failing": [line(name, limits.chars) for name in failing],
        "failing_count": len(sources.failing),
        "gaps": [
            _known(source=line(name, limits.chars), since=_instant(since), until=_instant(until))
            for name, since, until in gaps
        ],
        "articles": sources.articles,
        "partial": sources.partial,
    }


def _standing(standing: Standing, limits: _Limits) -> Json:
    level = None if standing.level is None else standing.level.value
    return _known(title=line(standing.title, limits.chars), level=level, score=standing.score)


def _incident(incident: Incident, planned_at: datetime, limits: _Limits) -> Json:
    source, kind = incident.source, incident.kind
    goes_on = kind.lasts and incident.ended_at is None
    fails = goes_on and source.failures > 0
    error = error_of(incident)
    return _known(
        incident_id=incident.ref,
        kind=kind.value,
        source=line(source_name(source), limits.chars),
        feed_id=source.id,
        url=safe_url(source.address, limits.url_chars),
        since=_instant(incident.began_at),
        until=_instant(incident.until_at or incident.ended_at),
        days=max(0, ((incident.ended_at or planned_at) - incident.began_at).days) if kind.lasts else None,
        repeats=incident.told if goes_on else None,
        failures=source.failures if fails else None,
        reason=source.last_reason.value if fails and source.last_reason else None,
        error=line(error, limits.chars) if error else None,
        last_ok_at=_instant(source.last_ok_at),
        last_new_at=_instant(source.rhythm.last_new_at if source.rhythm is not None else None),
        gaps=incident.count if kind is IncidentKind.GAP else None,
        missed=incident.missed,
        old_url=safe_url(incident.old_url, limits.url_chars),
    )


def _trouble(trouble: Trouble, planned_at: datetime, limits: _Limits) -> Json:
    sight = trouble.sight or Sight(trouble.kind)
    return _known(
        incident_id=trouble.ref,
        kind=trouble.kind.value,
        receiver=line(trouble.subject, limits.chars) if trouble.kind is TroubleKind.OUTBOX else None,
        step=trouble.subject if trouble.kind is TroubleKind.CANARY else None,
        since=_instant(trouble.began_at),
        until=_instant(trouble.ended_at),
        days=max(0, ((trouble.ended_at or planned_at) - trouble.began_at).days),
        repeats=trouble.told if trouble.ended_at is None else None,
        waiting=sight.count if trouble.kind is TroubleKind.OUTBOX else None,
        given_up=sight.given_up or None,
        oldest_at=_instant(sight.since) if trouble.kind is TroubleKind.OUTBOX else None,
        feeds=sight.of,
        feeds_late=sight.count if trouble.kind is TroubleKind.POLLING else None,
        last_ok_at=_instant(sight.since) if trouble.kind is TroubleKind.POLLING else None,
        free_mb=sight.free_mb,
        total_mb=sight.total_mb,
        error=line(sight.error, limits.chars) if sight.error else None,
    )


def _item(story: Story, match: Match, limits: _Limits) -> Json:
    labels = dict(match.rule.labels[: limits.words])
    return {
        "rule": _rule(match.rule, limits),
        "labels": {line(k, limits.chars): line(v, limits.chars) for k, v in labels.items()}
        | {"level": level_of(match).value},
        "story": _story(story, limits),
        "match": _match(match, story, limits),
    }


def _rule(rule: RuleDef, limits: _Limits) -> Json:
    return _known(
        id=line(rule.id, limits.chars),
        version=rule.version or None,
        title=line(rule.title, limits.chars),
        level=rule.level.value,
        status=rule.status.value,
        tags=[line(tag, limits.chars) for tag in rule.tags[: limits.words]],
    )


def _record(record: RuleRecord) -> Json:
    """Return what a rule has given lately; of precision, counts: a share of two judgements says nothing."""
    precision = {"relevant": record.relevant, "judged": record.judged} if record.judged else None
    return _known(matches_today=record.matches_today, precision_90d=precision)


def _story(story: Story, limits: _Limits) -> Json:
    listed = story.sources[: limits.sources]
    return {
        "id": story.id,
        "title": line(story.title, limits.chars),
        "outlets": story.outlets,
        "texts": story.texts,
        "first_seen": _instant(story.first_seen_at),
        "sources": [_source(source, limits) for source in listed],
        "truncated": story.truncated + len(story.sources) - len(listed),
    }


def _source(source: StorySource, limits: _Limits) -> Json:
    return _known(
        outlet=line(source.outlet, limits.chars),
        wire=source.wire,
        agency=None if source.agency is None else line(source.agency, limits.chars),
        url=safe_url(source.url, limits.url_chars),
        published_at=_instant(source.published_at),
        completeness=source.completeness.value,
    )


def _match(match: Match, story: Story, limits: _Limits) -> Json:
    contributions = match.verdict.contributions[: limits.contributions]
    snippets = quotes(match.snippets)[: limits.snippets]
    left_out = len(match.verdict.contributions) + len(match.snippets) - len(contributions) - len(snippets)
    return _known(
        score=match.verdict.score,
        threshold=match.verdict.threshold,
        contributions=[_contribution(item, limits) for item in contributions],
        snippets=[_snippet(snippet, limits) for snippet in snippets],
        truncated=left_out,
        text_sha256=match.text_sha256,
        extractor=line(read_by, limits.chars) if (read_by := story.sources[0].extractor) else None,
    )


def _contribution(item: Contribution, limits: _Limits) -> Json:
    return {
        "term": line(item.term, limits.chars),
        "points": item.points,
        "best": line(item.best, limits.chars),
        "field": item.field.value,
        "count": item.count,
    }


def _snippet(snippet: Snippet, limits: _Limits) -> Json:
    """Return a quote and its first mark; the others are in `marks`."""
    told: Json = {"field": snippet.field.value, "text": snippet.text}
    marks = [
        {"start": start, "end": end, "term": line(term, limits.chars)}
        for start, end, term in snippet.marks[: limits.contributions]
    ]
    return told | (marks[0] if marks else {}) | ({"marks": marks} if len(marks) > 1 else {})


def _known(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _instant(instant: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, to the second, with `Z`."""
    return None if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
