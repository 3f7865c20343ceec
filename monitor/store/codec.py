"""Values to rows and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.errors import Reason
from monitor.matches import match_from
from monitor.model import (
    AlertId,
    Article,
    Channel,
    Completeness,
    Delivery,
    DeliveryId,
    DeliveryState,
    Entry,
    Feed,
    FeedId,
    FeedState,
    FeedStatus,
    Hints,
    Rendered,
    Story,
    StorySource,
)
from monitor.rhythm import Rhythm, unpack
from monitor.store.sql import text_of_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

    from rules.types import Match

__all__ = [
    "article_from_row",
    "article_values",
    "delivery_from_row",
    "entry_from_row",
    "feed_from_row",
    "hints_values",
    "match_from_row",
    "reason_of",
    "rhythm_of",
    "story_from_row",
    "story_told",
    "story_values",
]


def reason_of(value: str | None) -> Reason | None:
    """Return the reason that was stored."""
    return None if value is None else Reason(value)


def rhythm_of(packed: bytes | None) -> Rhythm | None:
    """Return the rhythm that was stored."""
    return None if packed is None else unpack(packed)


def feed_from_row(row: Row[Any]) -> FeedState:
    """Return a feed from its row, which also carries its host's name as `host`."""
    return FeedState(
        id=FeedId(row.id),
        feed=Feed(
            url=row.url,
            title=row.title or row.own_title,
            outlet=row.outlet,
            country=row.country,
            kind=row.kind,
            language=row.language,
            section=row.section,
            typed=row.typed,
        ),
        host=row.host,
        status=FeedStatus(row.status),
        etag=row.etag,
        last_modified=row.last_modified,
        body_sha256=row.body_sha256,
        is_heavy=row.is_heavy,
        note=row.note,
        baseline_at=row.baseline_at,
        next_due_at=row.next_due_at,
        last_polled_at=row.last_polled_at,
        last_ok_at=row.last_ok_at,
        interval_s=row.interval_s,
        failures=row.failures,
        failing_since=row.failing_since,
        quiet_since=row.quiet_since,
        last_reason=reason_of(row.last_reason),
        last_error=row.last_error,
        moved_to=row.moved_to,
        moved_count=row.moved_count,
        traces=row.traces or b"",
        rhythm=rhythm_of(row.rhythm),
        hints=Hints() if row.hints is None else _hints_from(row.hints),
        polled_url=row.polled_url,
    )


def hints_values(hints: Hints) -> dict[str, object] | None:
    """Return the hints that a feed gives, to be stored; None where it gives none."""
    return {name: value for name, value in asdict(hints).items() if value} or None


def _hints_from(values: Mapping[str, Any]) -> Hints:
    skips = {name: tuple(values.get(name, ())) for name in ("skip_hours", "skip_days")}
    return Hints(ttl_s=values.get("ttl_s"), period_s=values.get("period_s"), **skips)


def entry_from_row(row: Row[Any]) -> Entry:
    """Return an entry from its row."""
    return Entry(
        keys=tuple(key for key in (row.main_key, row.link_key) if key is not None),
        guid=row.guid,
        link=row.link,
        title=row.title,
        summary=row.summary,
        content=row.content,
        published_at=row.published_at,
        updated_at=row.updated_at,
        authors=tuple(row.authors),
    )


def article_values(article: Article) -> dict[str, object]:
    """Return the columns of an article."""
    return {
        "url": article.url,
        "title": article.title,
        "lead": article.lead,
        "body": article.body,
        "language": article.language,
        "published_at": article.published_at,
        "authors": article.authors,
        "completeness": article.completeness,
        "extractor": article.extractor,
        "text_sha256": article.text_sha256,
        "outlet": article.outlet,
        "wire": article.wire,
        "reserved": article.reserved,
        "page_reason": article.page_reason,
        "page_error": article.page_error,
    }


def article_from_row(row: Row[Any]) -> Article:
    """Return an article from its row."""
    return Article(
        url=row.url,
        title=row.title,
        lead=row.lead,
        body=row.body,
        language=row.language,
        published_at=row.published_at,
        authors=tuple(row.authors),
        completeness=Completeness(row.completeness),
        extractor=row.extractor,
        text_sha256=row.text_sha256,
        outlet=row.outlet,
        wire=row.wire,
        reserved=row.reserved,
        page_reason=reason_of(row.page_reason),
        page_error=row.page_error,
    )


def story_values(story: Story) -> dict[str, object]:
    """Return the columns of a story."""
    return {
        "id": story.id,
        "title": story.title,
        "first_seen_at": story.first_seen_at,
        "sources": [_source_values(source) for source in story.sources],
        "truncated": story.truncated,
        "outlets": story.outlets,
        "texts": story.texts,
    }


def story_from_row(row: Row[Any]) -> Story:
    """Return a story from its row."""
    return Story(
        id=row.id,
        title=row.title,
        first_seen_at=row.first_seen_at,
        sources=tuple(_source_from(values) for values in row.sources),
        truncated=row.truncated,
        outlets=row.outlets,
        texts=row.texts,
    )


def story_told(story: Row[Any], article: Row[Any]) -> Story:
    """Return a story as one of its articles tells it: its title, and that article before the others."""
    return story_from_row(story).told_by(source_of_row(article), tuple(article.entities))


def source_of_row(article: Row[Any]) -> StorySource:
    """Return an article as its story lists it, from its row."""
    return StorySource(
        outlet=article.outlet,
        url=article.url,
        published_at=article.published_at,
        completeness=Completeness(article.completeness),
        wire=True if article.wire else None,
        title=article.title,
        extractor=article.extractor,
        agency=article.wire,
    )


def _source_values(source: StorySource) -> dict[str, object]:
    published_at = None if source.published_at is None else text_of_instant(source.published_at)
    return {**asdict(source), "published_at": published_at}


def _source_from(values: Mapping[str, Any]) -> StorySource:
    text = values["published_at"]
    return StorySource(
        **{
            **values,
            "published_at": None if text is None else datetime.fromisoformat(text),
            "completeness": Completeness(values["completeness"]),
        }
    )


def match_from_row(row: Row[Any]) -> Match:
    """Return a match from its row, as high as a burst raised it; of its rule there is what `monitor.matches` keeps."""
    values = dict(row._mapping)  # noqa: SLF001  public, in spite of its name
    return match_from(values | {"level": values["raised_level"] or values["level"]})


def delivery_from_row(row: Row[Any]) -> Delivery:
    """Return a delivery from its row."""
    return Delivery(
        id=DeliveryId(row.id),
        alert_id=AlertId(row.alert_id),
        receiver=row.receiver,
        channel=Channel(row.channel),
        message_id=row.message_id,
        rendered=Rendered(
            body=row.body,
            content_type=row.content_type,
            headers=tuple((name, value) for name, value in row.headers),
        ),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        last_reason=reason_of(row.last_reason),
        last_error=row.last_error,
        interrupted=row.interrupted,
    )
