"""A feed's bytes become a `ParsedFeed`. Pure, and to be run in a child process: feedparser reads foreign bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from monitor.charset import decode
from monitor.dates import parse_instant, zone_of
from monitor.errors import FeedError, Reason
from monitor.feeds.document import Sketch, at_most, entries_at, prepare, root_tag, sketch, skipped
from monitor.feeds.identity import identified
from monitor.feeds.jsonfeed import looks_like_json, read_json
from monitor.feeds.limits import LIMITS
from monitor.feeds.parser import parsed
from monitor.feeds.sitemap import ROOTS, read_sitemap
from monitor.feeds.traces import MOST_TRACES, Trace, listed, packed, source_of, trace_of, unpacked
from monitor.links import web_link
from monitor.model import Entry, Hints, ParsedFeed
from monitor.mojibake import garbled
from monitor.text import clip, fold, plain, plain_paragraphs
from monitor.wrappers import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

__all__ = ["parse_feed"]

_PERIODS_S: Final = {"hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2592000, "yearly": 31536000}
_MANY_GARBLED: Final = 3  # one or two may be quoted
_MOST_TTL_S: Final = 7 * 86400.0
_FEED_ROOT: Final = re.compile(r"<(?:rss|(?:\w{1,20}:)?(?:feed|rdf))(?=[\s>])", re.IGNORECASE)


def parse_feed(
    body: bytes, *, url: str, content_type: str | None = None, now: datetime, traces: bytes = b""
) -> ParsedFeed:
    """Read a feed.

    Args:
        body: the document, after its Content-Encoding.
        url: where it came from; relative links are resolved against it. "" where it is unknown.
        content_type: the HTTP header, for its charset.
        now: later dates are implausible.
        traces: what the feed's last document held; what is still there byte for byte is counted and left out.

    Returns:
        The feed with its entries in the document's order, each once, at most `LIMITS.entries`: the first and the last.
        The last entry of a document that was cut short is left out.

    Raises:
        FeedError: EMPTY, or MALFORMED where the document is no feed.
    """
    text = decode(body, content_type=content_type)
    if not text.strip("\x00\ufeff \t\r\n"):
        raise FeedError("the document is empty", reason=Reason.EMPTY)
    if looks_like_json(text):
        return _listed(_finished(*read_json(text, url=url, now=now)))
    return _read_xml(text, url=url, now=now, traces=traces)


def _read_xml(text: str, *, url: str, now: datetime, traces: bytes) -> ParsedFeed:
    whole = prepare(text)
    seen = sketch(whole)
    if not seen.root or (seen.is_page and not _FEED_ROOT.search(whole)):
        raise FeedError(_not_a_feed(seen, url), reason=Reason.MALFORMED)
    if seen.name in ROOTS:
        return _listed(_finished(*read_sitemap(whole, root=seen.name, cut=seen.cut, url=url, now=now)))
    document, dropped = at_most(LIMITS.entries, whole)
    remains = _without_known(document, traces if not seen.cut else b"")
    read, unreadable = parsed(remains.document)
    if read is None:
        raise FeedError(_not_a_feed(seen, url), reason=Reason.MALFORMED)
    found: list[dict[str, Any]] = read.get("entries", [])
    if not read.get("version") and not found:
        raise FeedError(_not_a_feed(seen, url), reason=Reason.MALFORMED)
    kept = (found[:-1] if seen.cut else found)[: LIMITS.entries]
    facts = read.get("feed", {})
    language = fold(_string(facts, "language"))[:35] or None
    zone = zone_of(url, language=language)
    feed = ParsedFeed(
        format=read.get("version", ""),
        title=plain(_string(facts, "title"), most=LIMITS.title) or None,
        link=web_link(_string(facts, "link"), base=url),
        language=language,
        entries=(),
        truncated=seen.cut,
        dropped=dropped + unreadable,
        hints=_hints(facts, remains.document),
        hub=_related(facts, "hub", url),
        topic=_related(facts, "self", url),
        note=_note(read, seen, dropped, unreadable),
    )
    entries = [_unwrapped(_entry(entry, url, now, zone)) for entry in kept]
    feed = replace(feed, held=len(remains.known))
    if not seen.cut and len(entries) == len(remains.fresh):  # or nobody knows which is which
        feed = replace(feed, traces=remains.traces(entries))
    return _finished(feed, entries, others=list(remains.known.values()))


@dataclass(frozen=True, slots=True)
class _Remains:
    """A document without the entries that the last one had: what each of them is, and where in it the others stood."""

    document: str
    known: dict[int, Trace]  # by place in the whole document
    fresh: dict[int, bytes]  # by place, the digest of how it is written
    sources: tuple[bytes, ...]  # of all

    def traces(self, entries: Sequence[Entry]) -> bytes:
        """Return what is to be remembered of the whole document."""
        traces = self.known | dict(zip(self.fresh, map(trace_of, entries), strict=True))
        return packed((source, traces[place]) for place, source in enumerate(self.sources[:MOST_TRACES]))


def _without_known(document: str, memory: bytes) -> _Remains:
    places = entries_at(document)
    root = source_of(root_tag(document)).hex()  # the same words under other namespaces or another base: another entry
    sources = tuple(source_of(root + document[start:end]) for start, end in places)
    remembered = unpacked(memory)
    known = {place: remembered[source] for place, source in enumerate(sources) if source in remembered}
    fresh = {place: source for place, source in enumerate(sources) if source not in remembered}
    kept, at = [], 0
    for place in known:
        start, end = places[place]
        kept.append(document[at:start])
        at = end
    return _Remains("".join((*kept, document[at:])), known, fresh, sources)


def _entry(found: dict[str, Any], url: str, now: datetime, zone: tzinfo) -> Entry:
    summary, content = _string(found, "summary"), _content(found)
    if summary == content:  # feedparser copies the content of an Atom entry that has no summary
        summary = ""
    published, updated = (_instant(found, names, now, zone) for names in (("published", "created"), ("updated",)))
    return Entry(
        keys=(),
        guid=fold(_string(found, "id"))[: LIMITS.guid] or None,
        link=web_link(_string(found, "feedburner_origlink") or _string(found, "link"), base=url),
        title=plain(_string(found, "title"), most=LIMITS.title),
        summary=plain_paragraphs(summary, most=LIMITS.summary),
        content=plain_paragraphs(content, most=LIMITS.content),
        published_at=published or updated,
        updated_at=updated,
        authors=tuple(dict.fromkeys(_authors(found)))[: LIMITS.authors],
    )


def _related(facts: dict[str, Any], relation: str, url: str) -> str | None:
    """Return the first address that the feed links to with this relation."""
    links = (link for link in dict.get(facts, "links") or () if relation in _string(link, "rel").lower().split())
    return next((address for link in links if (address := web_link(_string(link, "href"), base=url))), None)


def _content(found: dict[str, Any]) -> str:
    parts = dict.get(found, "content") or ()
    return max((_string(part, "value") for part in parts), key=len, default="")


def _authors(found: dict[str, Any]) -> Iterator[str]:
    for author in dict.get(found, "authors") or ():
        if name := plain(_string(author, "name"), most=LIMITS.title):
            yield name


def _instant(found: dict[str, Any], names: tuple[str, ...], now: datetime, zone: tzinfo) -> datetime | None:
    """Return the first date that can be read. feedparser's own reading is not used: it takes CEST for UTC."""
    read = (parse_instant(_string(found, name), now=now, zone=zone) for name in names)
    return next((instant for instant in read if instant), None)


def _string(found: dict[str, Any], name: str) -> str:
    """Return a member as text, without feedparser's aliases (it answers `updated` with `published`)."""
    value = dict.get(found, name)
    return value if isinstance(value, str) else ""


def _finished(feed: ParsedFeed, entries: Sequence[Entry], *, others: Sequence[Trace] = ()) -> ParsedFeed:
    """Unwrap links, bound the contents of all entries together, then tell them apart; say what cannot be read."""
    room = LIMITS.text
    bounded = []
    for entry in map(_unwrapped, entries):
        taken = len(entry.content) + len(entry.summary)
        bounded.append(entry if taken <= room else replace(entry, content="", summary=clip(entry.summary, 300)))
        room = max(0, room - taken)
    unread = garbled("\n".join(f"{entry.title}\n{entry.summary}" for entry in entries))
    note = feed.note or (f"unreadable characters in {unread} places" if unread >= _MANY_GARBLED else None)
    return replace(feed, entries=identified(bounded, home=feed.link, others=others), note=note)


def _listed(feed: ParsedFeed) -> ParsedFeed:
    return replace(feed, traces=listed(feed.entries))


def _unwrapped(entry: Entry) -> Entry:
    return replace(entry, link=unwrapped(entry.link)) if entry.link else entry


def _hints(facts: dict[str, Any], document: str) -> Hints:
    """Return what the document says of when to ask for it; a week at most."""
    ttl = _string(facts, "ttl").strip()
    ttl_s = min(int(ttl[:9]) * 60.0, _MOST_TTL_S) if ttl.isascii() and ttl.isdigit() else 0.0
    period_s = _PERIODS_S.get(_string(facts, "sy_updateperiod").strip().lower(), 0)
    frequency = _string(facts, "sy_updatefrequency").strip()
    times = int(frequency[:9]) if frequency.isascii() and frequency.isdigit() else 1
    skip_hours, skip_days = skipped(document)
    return Hints(
        ttl_s=ttl_s or None,
        period_s=min(period_s / max(times, 1), _MOST_TTL_S) or None,
        skip_hours=skip_hours,
        skip_days=skip_days,
    )


def _not_a_feed(seen: Sketch, url: str) -> str:
    what = "a web page" if seen.is_page else f"a document of <{seen.root}>" if seen.root else "no XML and no JSON"
    return f"{url or 'the document'} is no feed: it is {what}"


def _note(read: dict[str, Any], seen: Sketch, dropped: int, unreadable: int) -> str | None:
    if unreadable:
        return f"{unreadable} entries cannot be read and were left out"
    if dropped:
        return f"too long: {dropped} entries of its middle were left out"
    if seen.cut:
        return "cut short: its last entry was left out"
    if read.get("bozo"):
        return f"not well-formed: {fold(str(read.get('bozo_exception')))[:200]}"
    return None
