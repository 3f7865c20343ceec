"""A feed's entry and its page become one article. Pure: the page may be missing, the entry never is (promise I7)."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Final

from monitor.agencies import wire_of
from monitor.changes import differ
from monitor.extract.body import without_boilerplate
from monitor.extract.language import language_of, spoken_language
from monitor.extract.read import split_lead
from monitor.model import Article, Completeness
from monitor.wrappers import is_wrapper
from rules.text import text_sha256

if TYPE_CHECKING:
    from monitor.errors import Reason
    from monitor.extract.read import Extracted
    from monitor.model import Entry

__all__ = ["changes_of", "revised", "to_article"]

_LONG_LEAD: Final = 1200  # a longer summary is the article itself
_FULL: Final = 1500
_RANKS: Final = (Completeness.SUMMARY, Completeness.TEASER, Completeness.FULL)
_CUT: Final = re.compile(
    r"\s*(?:(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\(…\)|\(\.\.\.\))\s*(?:(?:lire|voir) la suite.{0,40}|read more.{0,40})?|"
    r"(?:lire|voir) la suite.{0,40}|read more.{0,40})\s*$",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(r"\W+")


def to_article(
    entry: Entry,
    extracted: Extracted | None,
    *,
    outlet: str,
    language: str | None = None,
    page_reason: Reason | None = None,
    page_error: str | None = None,
    reserved: bool = False,
) -> Article:
    """Return the article of an entry.

    The title is the feed's, else the page's; so is the date. The text is the page's, or the feed's own where that is
    longer or the page could not be read. The lead is the feed's summary unless the text repeats it, else the text's
    first paragraph; the body excludes it.

    Args:
        entry: the feed's item.
        extracted: what the page gave, or None.
        outlet: the publisher's name.
        language: of the feed, where neither page nor text says.
        page_reason: why the page could not be used.
        page_error: the same, in words.
        reserved: a reservation of text and data mining was seen.
    """
    own = without_boilerplate(entry.content if len(entry.content) > len(entry.summary) else "")
    from_page = extracted is not None and 2 * len(extracted.text) >= len(own)
    text = extracted.text if extracted is not None and from_page else own
    lead, body = _parted(entry.summary, text)
    title = entry.title or (extracted.title if extracted else "")
    stated = extracted.language if extracted else None
    return Article(
        url=_address(entry.link, extracted.url if extracted else None),
        title=title,
        lead=lead,
        body=body,
        language=stated or language_of(f"{title}\n{lead}\n{body}", stated=spoken_language(language or "")),
        published_at=entry.published_at or (extracted.published_at if extracted else None),
        authors=entry.authors or (extracted.authors if extracted else ()),
        completeness=extracted.completeness if extracted is not None and from_page else _completeness(own),
        extractor=f"{_trafilatura()} {extracted.way}" if extracted is not None and from_page else "feed",
        text_sha256=text_sha256(title, lead, body),
        outlet=outlet,
        wire=(extracted.wire if extracted else None) or wire_of(f"{lead}\n{body}", authors=entry.authors),
        reserved=reserved,
        page_reason=page_reason,
        page_error=page_error,
    )


def _address(link: str | None, page: str | None) -> str | None:
    """Return the address to tell: the feed's, unless that only leads there and the page says where."""
    return page if page and (link is None or is_wrapper(link)) else link


def revised(before: Article, after: Article, *, is_page_read: bool, is_withheld: bool) -> Article:
    """Return an article that is read again; the same one where it says the same.

    What was read less well than before (a page that failed, a paywall that went up) changes the title alone.

    Args:
        before: the article as it was recorded.
        after: as it is read now.
        is_page_read: whether its page was read now.
        is_withheld: of the article as it was, only the title is known (promise P5).
    """
    if is_withheld:
        return replace(after, reserved=True)
    ranks = [_RANKS.index(one.completeness) for one in (before, after)]
    if (not is_page_read and before.extractor != "feed") or ranks[1] < ranks[0]:
        title = after.title or before.title
        hashed = text_sha256(title, before.lead, before.body)
        after = replace(before, title=title, text_sha256=hashed, reserved=before.reserved or after.reserved)
    is_other = ranks[1] > ranks[0] or before.page_reason is not after.page_reason or before.reserved != after.reserved
    return after if is_other or changes_of(before, after) else before


def changes_of(before: Article, after: Article, *, is_withheld: bool = False) -> tuple[str, ...]:
    """Return which parts of an article say something in other words: `title`, `lead`, `body`; or of its title alone."""
    parts = (("title", before.title, after.title), ("lead", before.lead, after.lead), ("body", before.body, after.body))
    return tuple(name for name, old, new in parts[: 1 if is_withheld else None] if differ(old, new))


def _parted(summary: str, text: str) -> tuple[str, str]:
    """Return lead and body."""
    if not summary:
        return split_lead(text)
    if not text:
        return (summary, "") if len(summary) <= _LONG_LEAD else split_lead(summary)
    if _repeats(text, summary) or len(summary) > _LONG_LEAD:
        return split_lead(text)
    return summary, text


def _repeats(text: str, summary: str) -> bool:
    """Whether a text says the summary word for word; the summary may be cut short."""
    return _letters(_CUT.sub("", summary, count=1)) in _letters(text)


def _letters(text: str) -> str:
    return _OTHER.sub("", text).casefold()


def _completeness(own: str) -> Completeness:
    return Completeness.FULL if len(own) >= _FULL and not _CUT.search(own) else Completeness.SUMMARY


@cache
def _trafilatura() -> str:
    """Name the extractor without importing it: that costs 30 MB."""
    return f"trafilatura/{metadata.version('trafilatura')}"
