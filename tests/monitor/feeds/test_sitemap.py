from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import feeds
from monitor.errors import FeedError, FetchError, Reason
from monitor.feeds.limits import LIMITS
from monitor.feeds.packed import unpacked
from monitor.model import Entry, ParsedFeed
from tests.monitor.feeds.test_read import NOW

URL = "https://gazette.example/sitemap-news.xml"
NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://gazette.example/monde/kharkiv.html?xtor=RSS-1</loc><lastmod>2024-06-01T10:00:00Z</lastmod>
<news:news><news:publication><news:name>La Gazette</news:name><news:language>fr</news:language></news:publication>
<news:publication_date>2024-06-01T09:15:00+02:00</news:publication_date>
<news:title>Kharkiv : &lt;b&gt;l&amp;#039;été&lt;/b&gt; &amp; la ville</news:title>
<news:keywords>Ukraine, guerre</news:keywords></news:news>
<image:image><image:loc>https://gazette.example/photo.jpg</image:loc><image:title>Une photo</image:title></image:image>
</url>
<url><loc><![CDATA[https://gazette.example/economie/ble?id=7&p=1]]></loc>
<news:news><news:publication><news:name>La Gazette</news:name><news:language>fr</news:language></news:publication>
<news:publication_date>2024-05-31</news:publication_date><news:title><![CDATA[Le blé s'envole]]></news:title>
</news:news></url></urlset>"""


def read(document: str, *, url: str = URL) -> ParsedFeed:
    return feeds.parse_feed(document.encode(), url=url, now=NOW)


def plain(*urls: tuple[str, str], end: str = "</urlset>") -> str:
    listed = "".join(f"<url><loc>{loc}</loc><lastmod>{lastmod}</lastmod></url>" for loc, lastmod in urls)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}{end}'


def news(count: int, *, step: timedelta = timedelta(seconds=1)) -> str:
    items = "".join(
        f"<url><loc>https://gazette.example/{n}</loc><n:news><n:publication_date>"
        f"{(NOW - count * step + n * step).isoformat()}</n:publication_date><n:title>Titre {n}</n:title></n:news></url>"
        for n in range(count)
    )
    return f'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{items}</urlset>'


def index(*parts: tuple[str, str]) -> str:
    listed = "".join(
        f"<sitemap><loc>{loc}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "") + "</sitemap>"
        for loc, lastmod in parts
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</sitemapindex>'


def test_a_news_sitemap_is_a_feed() -> None:
    feed = read(NEWS)

    assert feed == ParsedFeed(
        format="sitemap-news",
        title="La Gazette",
        link="https://gazette.example/",
        language="fr",
        entries=(
            Entry(
                keys=("l:gazette.example/monde/kharkiv.html",),
                guid=None,
                link="https://gazette.example/monde/kharkiv.html?xtor=RSS-1",
                title="Kharkiv : l'été & la ville",
                summary="",
                published_at=datetime(2024, 6, 1, 7, 15, tzinfo=UTC),
            ),
            Entry(
                keys=("l:gazette.example/economie/ble?id=7&p=1",),
                guid=None,
                link="https://gazette.example/economie/ble?id=7&p=1",
                title="Le blé s'envole",
                summary="",
                published_at=datetime(2024, 5, 31, tzinfo=UTC),
            ),
        ),
    )


def test_i10_an_hour_without_a_zone_in_a_french_sitemap_is_that_of_paris() -> None:
    told = read(NEWS.replace("09:15:00+02:00", "09:15:00"), url="https://gazette.com/sitemap-news.xml")

    assert told.entries[0].published_at == datetime(2024, 6, 1, 7, 15, tzinfo=UTC)


def test_a_sitemap_whose_namespaces_are_undeclared_or_prefixed_is_read_all_the_same() -> None:
    bare = NEWS.replace(' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"', "")
    prefixed = "<s:urlset><s:url><s:loc>https://gazette.example/a</s:loc><n:news><n:title>A</n:title></n:news></s:url>"

    assert read(NEWS).entries == read(bare).entries
    assert ["A"] == [entry.title for entry in read(prefixed + "</s:urlset>").entries]


def test_i3_the_last_address_of_a_sitemap_cut_short_is_left_out() -> None:
    cut = read(NEWS[: NEWS.rindex("s'envole")])
    unclosed = read(NEWS.removesuffix("</urlset>"))

    assert [cut.truncated, unclosed.truncated] == [True, True]
    assert [1, 1] == [len(cut.entries), len(unclosed.entries)]
    assert cut.note == "cut short: the last address was left out"


def test_a_plain_sitemap_gives_the_pages_that_changed_in_the_last_two_days() -> None:
    feed = read(
        plain(
            ("https://gazette.example/", "2024-06-01"),
            ("https://gazette.example/neuf", "2024-06-01T11:00:00+00:00"),
            ("https://gazette.example/hier", "2024-05-31"),
            ("https://gazette.example/vieux", "2024-05-30T11:00:00Z"),
            ("https://gazette.example/ancien", "2019-01-01"),
            ("https://gazette.example/jamais", "0000-00-00"),
            ("javascript:alert(1)", "2024-06-01"),
        )
    )

    assert ["sitemap", None] == [feed.format, feed.title]
    assert [("https://gazette.example/neuf", "", None), ("https://gazette.example/hier", "", None)] == [
        (entry.link, entry.title, entry.published_at) for entry in feed.entries
    ]
    assert feed.entries[0].updated_at == datetime(2024, 6, 1, 11, tzinfo=UTC)


def test_a_sitemap_without_dates_says_what_is_wrong() -> None:
    feed = read("<urlset><url><loc>https://gazette.example/a</loc></url></urlset>")

    assert (feed.entries, feed.note) == (
        (),
        "a sitemap without dates: what is new in it cannot be told; look for a news sitemap",
    )


def test_where_some_addresses_are_news_the_others_are_not_entries() -> None:
    mixed = NEWS.replace(
        "</urlset>", "<url><loc>https://gazette.example/a-propos</loc><lastmod>2024-06-01</lastmod></url></urlset>"
    )

    assert read(NEWS).entries == read(mixed).entries


def test_r6_the_newest_entries_of_a_long_sitemap_are_kept() -> None:
    feed = read(news(LIMITS.entries + 3))

    assert (len(feed.entries), feed.dropped) == (LIMITS.entries, 3)
    assert feed.entries[0].title == f"Titre {LIMITS.entries + 2}"
    assert feed.note == "too long: the 3 oldest addresses were left out"


def test_r6_no_text_of_a_sitemap_is_longer_than_its_bound() -> None:
    long = NEWS.replace("Le blé", "Le blé " + "x" * 1_000_000)

    assert [LIMITS.title] == [len(entry.title) for entry in read(long).entries[1:]]


def test_r6_no_entity_of_a_sitemap_expands() -> None:
    bomb = '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>' + NEWS[39:].replace(
        "Le blé", "&b;"
    )

    assert read(bomb).entries[1].title == "&b; s'envole"


@pytest.mark.untraced
def test_a_sitemap_of_fifty_thousand_addresses_takes_less_than_the_slow_lane_allows() -> None:
    document = plain(*((f"https://gazette.example/article-{n}.html", "2024-06-01T08:00:00Z") for n in range(50_000)))
    started_s = time.process_time()
    feed = read(document)

    assert len(feed.entries) == LIMITS.entries
    assert time.process_time() - started_s < 5


def test_an_index_names_the_sitemaps_of_its_host_that_are_worth_reading() -> None:
    feed = read(
        index(
            ("https://gazette.example/sitemap-2024-04.xml", "2024-04-30"),
            ("https://gazette.example/sitemap-2024-06.xml.gz", "2024-06-01"),
            ("https://autre.example/sitemap-news.xml", "2024-06-01"),
            ("https://gazette.example/sitemap-2024-05.xml", "2024-05-31"),
            ("https://gazette.example/sitemap-news.xml", ""),
        )
    )

    assert feed.format == "sitemap-index"
    assert feed.parts == (
        "https://gazette.example/sitemap-news.xml",
        "https://gazette.example/sitemap-2024-06.xml.gz",
        "https://gazette.example/sitemap-2024-05.xml",
    )


@pytest.mark.untraced
def test_an_index_of_fifty_thousand_sitemaps_is_ranked_in_little_time() -> None:
    document = index(*((f"https://gazette.example/s-{n}.xml", "") for n in range(50_000)))
    started_s = time.process_time()

    assert "https://gazette.example/s-49999.xml" == read(document).parts[0]
    assert time.process_time() - started_s < 5


def test_of_undated_sitemaps_the_highest_numbers_are_read() -> None:
    feed = read(index(*((f"https://gazette.example/post-sitemap{n}.xml", "") for n in (1, 2, 9, 10, 11))))

    assert [11, 10, 9] == [int(url.removeprefix("https://gazette.example/post-sitemap")[:-4]) for url in feed.parts]


def test_an_index_gives_the_entries_of_its_sitemaps_once() -> None:
    named = read(index((f"{URL}?a", ""), (f"{URL}?b", ""), (f"{URL}?c", "")))
    parts = {f"{URL}?a": replace(read(NEWS), note="odd"), f"{URL}?b": read(NEWS), f"{URL}?c": read(news(1))}

    async def ask(url: str) -> ParsedFeed:
        return parts[url]

    feed = asyncio.run(feeds.with_parts(named, ask))

    assert ("sitemap-index", "La Gazette", "fr", "odd") == (feed.format, feed.title, feed.language, feed.note)
    assert (3, False) == (len(feed.entries), feed.truncated)


def test_a_sitemap_of_an_index_that_fails_leaves_the_others() -> None:
    named = read(index((f"{URL}?a", ""), (f"{URL}?b", "")))
    failure = FetchError("gazette.example: answered 500", reason=Reason.HTTP_5XX)

    async def ask(url: str) -> ParsedFeed:
        if url.endswith("a"):
            raise failure
        return read(NEWS)

    feed = asyncio.run(feeds.with_parts(named, ask))

    assert (2, True, "gazette.example: answered 500") == (len(feed.entries), feed.truncated, feed.note)
    with pytest.raises(FeedError, match="none of the sitemaps that it names"):
        asyncio.run(feeds.with_parts(replace(named, parts=(f"{URL}?a",)), ask))
    with pytest.raises(FetchError):
        asyncio.run(feeds.with_parts(named, ask, ends_it=lambda error: error is failure))


def test_r1_a_packed_document_is_unpacked_in_the_child_within_its_bound() -> None:
    async def scenario() -> ParsedFeed:
        async with feeds.worker_pool() as pool:
            with pytest.raises(FeedError) as caught:
                await feeds.parse(pool, gzip.compress(bytes(50_000_000)), url=URL, now=NOW)
            assert caught.value.reason is Reason.TOO_LARGE
            return await feeds.parse(pool, gzip.compress(NEWS.encode()), url=URL, now=NOW)

    feed = asyncio.run(scenario())

    assert read(NEWS) == feed
    assert feed.size_bytes == len(NEWS.encode())


def test_r1_packed_bytes_of_every_kind() -> None:
    packed = gzip.compress(NEWS.encode())

    assert unpacked(b"plain", max_bytes=1) == b"plain"
    assert unpacked(packed + packed + b"padding", max_bytes=10_000) == NEWS.encode() * 2
    assert NEWS.encode().startswith(unpacked(packed[:300], max_bytes=10_000))
    assert unpacked(gzip.compress(b"") * 1000, max_bytes=10) == b""
    with pytest.raises(FeedError, match="damaged"):
        unpacked(b"\x1f\x8b\xff\xff", max_bytes=10)


@given(
    st.lists(
        st.sampled_from(
            "<url> </url> <loc> </loc> & <![CDATA[ ]]> <!-- --> <news:news> </news:news> <news:title> </news:title> "
            "<image:image> </urlset> &#xd800; <x:y='> https://a.b/c é".split()
        ),
        max_size=20,
    )
)
def test_any_broken_sitemap_is_read_or_refused_by_name(pieces: list[str]) -> None:
    try:
        feed = read("<urlset>" + "".join(pieces))
    except FeedError:
        return

    assert all(entry.link for entry in feed.entries)
