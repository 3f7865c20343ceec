"""An index of sitemaps and those of its sitemaps that are read, as one feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.errors import ExternalError, FeedError, Reason
from monitor.feeds.limits import LIMITS
from monitor.feeds.traces import listed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from monitor.model import ParsedFeed

__all__ = ["with_parts"]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def with_parts(
    index: ParsedFeed,
    read: Callable[[str], Awaitable[ParsedFeed]],
    *,
    ends_it: Callable[[ExternalError], bool] = lambda _: False,
) -> ParsedFeed:
    """Return an index with the entries of the sitemaps that it names; any other feed as it is.

    One that cannot be read leaves the others: the feed then counts as cut short, so that it is asked for again.

    Args:
        index: what was read.
        read: fetches and parses one sitemap.
        ends_it: whether an error is to be raised rather than noted.

    Raises:
        FeedError: none of them can be read.
    """
    read_, errors = [], []
    for url in index.parts:
        try:
            read_.append(await read(url))
        except ExternalError as error:
            if ends_it(error):
                raise
            errors.append(error)
    if errors and not read_:
        first = errors[0]
        raise FeedError(
            f"none of the sitemaps that it names can be read: {first}",
            reason=Reason.HTTP_4XX if first.reason is Reason.GONE else first.reason,  # it is not the index that is gone
            retryable=first.retryable,
            retry_after=first.retry_after,
        )
    return _joined(index, read_, errors)


def _joined(index: ParsedFeed, parts: Sequence[ParsedFeed], errors: Sequence[ExternalError]) -> ParsedFeed:
    if not parts:
        return index
    entries = {entry.keys: entry for part in parts for entry in part.entries}
    newest_first = sorted(entries.values(), key=lambda entry: entry.published_at or _LONG_AGO, reverse=True)
    notes = [*map(str, errors), *(part.note for part in parts if part.note), *([index.note] if index.note else [])]
    return replace(
        index,
        title=next((part.title for part in parts if part.title), index.title),
        language=next((part.language for part in parts if part.language), index.language),
        entries=tuple(newest_first[: LIMITS.entries]),
        traces=listed(newest_first[: LIMITS.entries]),
        truncated=index.truncated or bool(errors) or any(part.truncated for part in parts),
        dropped=sum(part.dropped for part in parts) + len(newest_first[LIMITS.entries :]),
        note=notes[0] if notes else None,
        cpu_s=index.cpu_s + sum(part.cpu_s for part in parts),
        size_bytes=max(index.size_bytes, *(part.size_bytes for part in parts)),
    )
