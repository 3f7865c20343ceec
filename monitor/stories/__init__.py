"""Which story an article belongs to. Pure.

Until grouping exists, a story is one article: a wrong merge hides news, and is the worse error.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from monitor.model import Story, StorySource

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import Article

__all__ = ["assign"]


def assign(article: Article, *, entry_key: str, house: str, first_seen_at: datetime) -> Story:
    """Return the story of an article.

    Args:
        article: what was read.
        entry_key: what identifies its entry inside its feed. The story's id derives from it, the house and the
            address, so that one article in two feeds of a house is one story, and a number reused as a guid is not.
        house: the outlet that the operator declared, or else the feed's site; not the title that a feed gives itself,
            which may be another's (promise I7).
        first_seen_at: when the entry was first seen, UTC.
    """
    source = StorySource(
        outlet=article.outlet,
        url=article.url,
        published_at=article.published_at,
        completeness=article.completeness,
        wire=True if article.wire else None,  # no credit read is not the same as no agency
        title=article.title,
        extractor=article.extractor,
    )
    return Story(
        id=_story_id(house, entry_key, article.url or ""),
        title=article.title,
        first_seen_at=first_seen_at,
        sources=(source,),
    )


def _story_id(*parts: str) -> str:
    return "st_" + sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
