"""What publishers do to whoever asks for their feeds and pages: acts, and feeds that are not as they should be."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from tests.acceptance.publishers import FEED, KINDS, Act, Document, Exchange, Kind, Publisher, Writer, as_rss, well
from tests.monitor.bench import item, rss
from tests.monitor.http.server import response

RSS = "application/rss+xml"
_PACE_S = 0.2
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
_LONG_AGO = datetime.now(UTC) - timedelta(days=400)

# --- acts -----------------------------------------------------------------------------------------------------------


def refusing(status: int, *, wait_s: int | None = None, as_date: bool = False) -> Act:
    """Answer with a status, and a Retry-After where asked for."""

    async def act(exchange: Exchange) -> None:
        if wait_s is None:
            await exchange.send(status)
            return
        now = time.time()
        at = datetime.fromtimestamp(int(now) + wait_s, tz=UTC)
        exchange.asked.not_before = at.timestamp() if as_date else now + wait_s
        await exchange.send(status, retry_after=format_datetime(at, usegmt=True) if as_date else str(wait_s))

    return act


def sent_to(to: str, status: int = 302) -> Act:
    """Redirect to an address."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(status, location=to)

    return act


def moved_to(publisher: Publisher, status: int) -> Act:
    """Redirect to the feed of another."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(status, location=publisher.url())

    return act


def in_turn(*acts: Act) -> Act:
    """Do one act after the other, and the last one for ever."""
    left = list(acts)

    async def act(exchange: Exchange) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return act


def chained(hops: int) -> Act:
    """Redirect so often before the feed comes; see `links_of_chain`."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(302, location=f"/hop/{hops - 1}")

    return act


def links_of_chain(length: int) -> dict[str, Act]:
    """Return the paths that `chained` leads through."""

    async def last(exchange: Exchange) -> None:
        await exchange.well()

    return {f"/hop/{number}": chained(number) for number in range(1, length)} | {"/hop/0": last}


def saying(body: bytes, content_type: str = "text/html; charset=utf-8", **headers: str) -> Act:
    """Answer 200 with something that is no feed."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(200, body, content_type=content_type, **headers)

    return act


def raw(data: bytes) -> Act:
    """Send bytes and hang up."""

    async def act(exchange: Exchange) -> None:
        await exchange.write(data)
        exchange.writer.close()

    return act


async def drips(exchange: Exchange) -> None:
    """Send a byte of the body now and then, for ever."""
    await _for_ever(exchange, _HEAD + b"\r\n<rss>", b" ", _PACE_S)


async def drips_head(exchange: Exchange) -> None:
    """Send a byte of a header now and then, for ever."""
    await _for_ever(exchange, _HEAD + b"X-Slow: ", b"a", _PACE_S)


async def never_ends(exchange: Exchange) -> None:
    """Send items for ever, as fast as they are taken."""
    await _for_ever(exchange, _HEAD + b"\r\n<rss><channel>", b"<item><title>Encore</title></item>" * 500, 0.0)


async def never_ends_head(exchange: Exchange) -> None:
    """Send headers for ever."""
    await _for_ever(exchange, _HEAD, b"X-More: encore\r\n" * 100, 0.001)


async def hangs(exchange: Exchange) -> None:
    """Say nothing, for ever."""
    await _for_ever(exchange, b"", b"", 1.0)


async def _for_ever(exchange: Exchange, start: bytes, more: bytes, pace_s: float) -> None:
    await exchange.write(start)
    while not exchange.writer.is_closing():
        await exchange.write(more)
        await asyncio.sleep(pace_s)


async def hangs_up(exchange: Exchange) -> None:
    """Close without a word."""
    exchange.writer.close()


async def resets(exchange: Exchange) -> None:
    """Let the connection end with a RST."""
    opened = exchange.writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.writer.transport.abort()


async def truncates(exchange: Exchange) -> None:
    """Send half of the feed, without a Content-Length to tell it by."""
    body, _ = exchange.publisher.write(exchange.publisher)
    await exchange.write(_HEAD + b"Connection: close\r\n\r\n" + body[: len(body) * 2 // 3])
    exchange.writer.close()


async def promises_more(exchange: Exchange) -> None:
    """Announce more bytes than come."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    await exchange.write(response(200, body, content_type=content_type, content_length=str(len(body) + 50)))
    exchange.writer.close()


async def promises_less(exchange: Exchange) -> None:
    """Announce fewer bytes than come."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    await exchange.write(response(200, body, content_type=content_type, content_length=str(len(body) * 2 // 3)))
    exchange.writer.close()


async def cuts_gzip(exchange: Exchange) -> None:
    """Send half of a compressed feed, under the length of that half."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    squeezed = gzip.compress(body)
    await exchange.send(200, squeezed[: len(squeezed) // 2], content_type=content_type, content_encoding="gzip")


async def zips(exchange: Exchange) -> None:
    """Answer well, compressed and in chunks, after a 103."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    squeezed = gzip.compress(body)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Encoding: gzip\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (squeezed[:20], squeezed[20:]))
    await exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n" + head.encode())
    await exchange.write(b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")


async def speaks_http_1_0(exchange: Exchange) -> None:
    """Answer well in HTTP/1.0: the end of the connection is the end of the body."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    await exchange.write(f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode() + body)
    exchange.writer.close()


async def answers_and_closes(exchange: Exchange) -> None:
    """Answer well and close a connection that was to be kept, a moment later and without a word."""
    await exchange.well()
    asyncio.get_running_loop().call_later(0.05, exchange.writer.close)


async def keeps_etag(exchange: Exchange) -> None:
    """Give the whole feed, whatever was asked, always under one ETag."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    await exchange.send(200, body, content_type=content_type, etag='"1"')


async def skews_clock(exchange: Exchange) -> None:
    """Answer well, with a Date of last year and an Expires of the next."""
    body, content_type = exchange.publisher.write(exchange.publisher)
    now = datetime.now(UTC)
    dates = {"date": now - timedelta(days=365), "expires": now + timedelta(days=365), "last_modified": now}
    headers = {name: format_datetime(at, usegmt=True) for name, at in dates.items()}
    await exchange.send(200, body, content_type=content_type, set_cookie="id=1; Path=/", **headers)


async def lists_nothing(exchange: Exchange) -> None:
    """Give a feed without entries."""
    await exchange.send(200, rss(), content_type=RSS)


async def lists_the_past(exchange: Exchange) -> None:
    """Give the feed as it was before the last article: another node of a CDN."""
    publisher = exchange.publisher
    body = rss(*(item(piece.link, piece.title, piece.summary, at=piece.at) for piece in publisher.listed[1:]))
    await exchange.send(200, body, content_type=RSS, etag=f'"{len(publisher.pieces)}-b"')


# --- feeds ----------------------------------------------------------------------------------------------------------


def as_atom(publisher: Publisher) -> Document:
    entries = "".join(
        f"<entry><id>urn:{piece.number}</id><title>{escape(piece.title)}</title><link href='{piece.link}'/>"
        f"<updated>{piece.at.isoformat()}</updated><summary>{escape(piece.summary)}</summary></entry>"
        for piece in publisher.listed
    )
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Gazette</title><id>urn:g</id>{entries}</feed>'
    return feed.encode(), "application/atom+xml"


def as_json(publisher: Publisher) -> Document:
    items = [
        {
            "id": str(piece.number),
            "url": piece.link,
            "title": piece.title,
            "summary": piece.summary,
            "date_published": piece.at.isoformat(),
        }
        for piece in publisher.listed
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Gazette", "items": items}
    return json.dumps(feed).encode(), "application/feed+json"


def as_rdf(publisher: Publisher) -> Document:
    items = "".join(
        f'<item rdf:about="{piece.link}"><title>{escape(piece.title)}</title><link>{piece.link}</link>'
        f"<description>{escape(piece.summary)}</description><dc:date>{piece.at.isoformat()}</dc:date></item>"
        for piece in publisher.listed
    )
    names = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    feed = f'<rdf:RDF {names}><channel rdf:about="urn:g"><title>Gazette</title></channel>{items}</rdf:RDF>'
    return feed.encode(), "application/rdf+xml"


def encoded(codec: str, *, declared: str | None = None, header: str | None = None) -> Writer:
    """Write RSS in an encoding, and say what is declared of it."""

    def write(publisher: Publisher) -> Document:
        text = as_rss(publisher)[0].decode()
        if declared is not None:
            text = text.replace('<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{declared}"?>')
        return text.encode(codec), RSS if header is None else f"{RSS}; charset={header}"

    return write


def with_one_bad_byte(publisher: Publisher) -> Document:
    body, content_type = as_rss(publisher)
    return body.replace(b"Gazette d'essai", b"Gazette d\x92essai"), content_type


def dated(at: datetime) -> Writer:
    """Write RSS whose new items are all of one date."""

    def write(publisher: Publisher) -> Document:
        *new, first = publisher.listed
        items = [item(piece.link, piece.title, piece.summary, at=at) for piece in new]
        return rss(*items, item(first.link, first.title, first.summary, at=first.at)), RSS

    return write


def undated(publisher: Publisher) -> Document:
    items = (
        f"<item><title>{escape(piece.title)}</title><link>{piece.link}</link>"
        f"<description>{escape(piece.summary)}</description><pubDate>hier soir</pubDate></item>"
        for piece in publisher.listed
    )
    return rss(*items), RSS


def with_changing_guids(publisher: Publisher) -> Document:
    """Write RSS in which each fetch gives all items other guids, and other tracking in their links."""
    turn = len(publisher.log)
    items = (
        item(f"{one.link}?utm_source=rss{turn}", one.title, one.summary, at=one.at, guid=f"{turn}-{one.number}")
        for one in publisher.listed
    )
    return rss(*items), RSS


def with_one_guid(publisher: Publisher) -> Document:
    return rss(*(item(one.link, one.title, one.summary, at=one.at, guid="article") for one in publisher.listed)), RSS


def with_guids_used_again(publisher: Publisher) -> Document:
    """Write RSS in which a guid is a place in the list: the next article takes it over."""
    listed = enumerate(publisher.listed)
    return rss(*(item(one.link, one.title, one.summary, at=one.at, guid=str(n)) for n, one in listed)), RSS


def with_all_twice(publisher: Publisher) -> Document:
    items = [item(one.link, one.title, one.summary, at=one.at) for one in publisher.listed]
    return rss(*items, *items), RSS


def with_small_changes(publisher: Publisher) -> Document:
    """Write RSS in which what was told is spelt a little otherwise at each fetch."""
    marks = " !" * (len(publisher.log) % 3)
    items = (
        item(one.link, one.title + (marks if one.kind is Kind.NOTHING else ""), one.summary + marks, at=one.at)
        for one in publisher.listed
    )
    return rss(*items), RSS


def with_long_past(entries: int) -> Writer:
    """Write RSS with so many old articles behind the new ones."""
    old = [
        item(f"http://127.0.2.1/vieux/{number}", f"Le marché de Noël {number}", at=_LONG_AGO)
        for number in range(entries)
    ]

    def write(publisher: Publisher) -> Document:
        return rss(*(item(one.link, one.title, one.summary, at=one.at) for one in publisher.listed), *old), RSS

    return write


# --- the press ------------------------------------------------------------------------------------------------------

_CONSENT = b"<!DOCTYPE html><html><title>Vos choix</title><body><h1>Vos choix</h1><p>Nous et nos 842 partenaires"
_LOGIN = b"<!DOCTYPE html><html><title>Connexion</title><body><form><input name=login><input type=password>"
_TDMREP = json.dumps([{"location": "/a/", "tdm-reservation": 1}]).encode()
_EMPTY = saying(b"", RSS)


def healthy_press(count: int) -> list[Publisher]:
    """Return publishers that do nothing wrong, each format in turn; they publish when told, not when asked."""
    writers: Sequence[Writer] = (as_rss, as_atom, as_json, as_rdf)
    return [
        Publisher(f"healthy {number}", write=writers[number % len(writers)], after=(), recaps=True)
        for number in range(count)
    ]


def troubled_press(*, patient: bool) -> list[Publisher]:
    """Return publishers that misbehave, each in its way, one group after the other.

    Args:
        patient: there is time for what takes minutes.
    """
    groups = (
        [*_slow_or_endless(patient=patient), *_strange_pages()],  # they take the longest
        _overloaded(),
        _broken(patient=patient),
        _moving(),
        _strange_feeds(),
        _strict(),
    )
    for number, group in enumerate(groups):
        for publisher in group:
            publisher.calm = number
    return [publisher for group in groups for publisher in group]


def _overloaded() -> list[Publisher]:
    too_many, unavailable = refusing(429, wait_s=6), refusing(503, wait_s=6)
    return [
        Publisher("429 with seconds", acts=(too_many, well, too_many)),
        Publisher("429 with a date", acts=(refusing(429, wait_s=6, as_date=True),)),
        Publisher("503 with seconds", acts=(unavailable, unavailable)),
        Publisher("503 with a date", acts=(refusing(503, wait_s=6, as_date=True),)),
        Publisher("429 without a word", acts=(refusing(429), refusing(429))),
        Publisher("503 at first", first=(unavailable,)),
        Publisher("fails for ever", after=(), then=refusing(500)),
        Publisher("two feeds, one fails", feeds=(FEED, "/deux.xml"), acts=(refusing(500), refusing(502))),
    ]


def _slow_or_endless(*, patient: bool) -> list[Publisher]:
    return [
        Publisher("slow drip", acts=(drips,) * (2 if patient else 1)),
        Publisher("slow head", acts=(drips_head,) * (2 if patient else 1)),
        Publisher("hangs", acts=(hangs,)),
        Publisher("endless body", acts=(never_ends, never_ends)),
        Publisher("endless head", acts=(never_ends_head,)),
    ]


def _broken(*, patient: bool) -> list[Publisher]:
    return [
        Publisher("truncated", acts=(truncates, well, truncates)),
        Publisher("length too long", acts=(promises_more,)),
        Publisher("length too short", acts=(promises_less,)),
        Publisher("gzip cut", acts=(cuts_gzip, zips)),
        Publisher("hangs up", acts=(hangs_up, resets)),
        Publisher("no HTTP", acts=(raw(b"\x00\xff\x00 nothing of the kind\r\n\r\n"), speaks_http_1_0)),
        Publisher("chunks that are none", acts=(raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<rss>"),)),
        Publisher("br unasked", acts=(saying(b"\x0b\x02\x80", RSS, content_encoding="br"),)),
        Publisher("empty", acts=(_EMPTY, refusing(204))),
        Publisher("304 unasked", has_validators=False, acts=(refusing(304), speaks_http_1_0)),
        Publisher("a page instead", acts=(saying(_CONSENT), saying(_CONSENT))),
        Publisher("closes what it keeps", acts=(answers_and_closes,) * 4, then=answers_and_closes),
        Publisher(
            "no robots for now", robots=in_turn(refusing(503), refusing(404)), pages_are_read=patient, acts=(zips,)
        ),
    ]


def _moving() -> list[Publisher]:
    home, lodge = Publisher("new home", declared=False), Publisher("lodge", declared=False)
    return [
        home,
        lodge,
        Publisher("moved for good", paths={FEED: moved_to(home, 301)}),
        Publisher("moved for now", paths={FEED: moved_to(lodge, 307)}),
        Publisher("gone", then=refusing(410)),
        Publisher("in a circle", acts=(sent_to("/rond"),) * 2, paths={"/rond": sent_to("/rond", 301)}),
        Publisher("six redirects, then five", acts=(chained(6), chained(5)), paths=links_of_chain(6)),
        Publisher(
            "astray",
            acts=(sent_to("file:///etc/passwd"), sent_to("http://10.255.0.1/rss"), sent_to("http://u:p@127.0.2.1/")),
        ),
        Publisher("to a login", acts=(sent_to("/connexion"),), paths={"/connexion": saying(_LOGIN)}),
    ]


def _strange_feeds() -> list[Publisher]:
    return [
        Publisher("latin-1 said to be UTF-8", write=encoded("latin-1", declared="utf-8", header="utf-8")),
        Publisher("UTF-8 said to be latin-1", write=encoded("utf-8", declared="iso-8859-1", header="iso-8859-1")),
        Publisher("UTF-16", write=encoded("utf-16", declared="utf-16")),
        Publisher("one bad byte", write=with_one_bad_byte),
        Publisher("changing guids", write=with_changing_guids, acts=(well, well)),
        Publisher("one guid", write=with_one_guid, acts=(well, well)),
        Publisher("guids used again", write=with_guids_used_again, acts=(well, well)),
        Publisher("all twice", write=with_all_twice, acts=(well,)),
        Publisher("small changes", write=with_small_changes, acts=(well, well), reread=KINDS),
        Publisher("future", write=dated(datetime(2099, 1, 1, tzinfo=UTC)), acts=(well,)),
        Publisher("1970", write=dated(datetime(1970, 1, 1, tzinfo=UTC)), acts=(well,)),
        Publisher("undated", write=undated, acts=(well,)),
        Publisher("10,000 entries", write=with_long_past(10_000), after=KINDS * 2),
        Publisher("one ETag", acts=(keeps_etag,) * 3, then=keeps_etag),
        Publisher("another time", acts=(skews_clock,) * 2),
        Publisher("nothing, then the past", acts=(lists_nothing, well, lists_nothing, well)),
        Publisher("two nodes", acts=(lists_the_past, well) * 2),
        Publisher("one paper, two feeds", feeds=(FEED, "/monde.xml"), acts=(well, well)),
    ]


def _strange_pages() -> list[Publisher]:
    return [
        Publisher("pages later", page_acts=(refusing(404),)),
        Publisher("pages overloaded", page_acts=(refusing(429, wait_s=8),)),
        Publisher("pages hang", page_acts=(hangs,)),
        Publisher("pages for subscribers", page_acts=(refusing(403),) * 9, pages_are_read=False),
        Publisher(
            "pages behind a login",
            page_acts=(sent_to("/connexion"),) * 9,
            paths={"/connexion": saying(_LOGIN)},
            pages_are_read=False,
        ),
        Publisher("pages that are none", page_acts=(saying(b"%PDF-1.7", "application/pdf"),) * 9, pages_are_read=False),
        Publisher("pages cut", page_acts=(hangs_up,)),
    ]


def _strict() -> list[Publisher]:
    return [
        Publisher("no robots", robots="User-agent: *\nDisallow: /a/\n", pages_are_read=False, acts=(well,)),
        Publisher("slow robots", robots="User-agent: *\nCrawl-delay: 2\n", after=KINDS),
        Publisher(
            "reserved", paths={"/.well-known/tdmrep.json": saying(_TDMREP, "application/json")}, pages_are_read=False
        ),
    ]
