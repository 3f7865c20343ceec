from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from monitor import feeds
from monitor.errors import FeedError, Reason, WorkerError
from monitor.feeds.task import parse_task
from monitor.feeds.wire import from_wire
from monitor.model import ParsedFeed
from tests.monitor.feeds.test_read import ATOM, NOW, RSS, URL, item, rss

HOSTILE = {
    "comments": rss("<item><title>T</title><description><![CDATA[" + "<!--" * 100_000 + "]]></description></item>"),
    "escaped comments": rss("<item><title>T</title><description>" + "&lt;!--" * 100_000 + "</description></item>"),
    "a great many entries": rss("".join(map(item, range(30_000)))),
    "nested entries": rss("<item>" * 50_000),
    "a sitemap of nothing": "<urlset>" + "<url/>" * 200_000,
    "a sitemap of nested images": "<urlset><url>" + "<image:image>" * 100_000,
    "an index of numbers": "<sitemapindex>"
    + f"<sitemap><loc>https://a.example/{'1-' * 1000}</loc></sitemap>" * 400
    + "</sitemapindex>",
    "angle brackets": "<" * 1_000_000,
    "cdata sections": rss("<![CDATA[" * 100_000),
    "an endless document type": "<!DOCTYPE rss [" + '<!ENTITY a "b">' * 50_000,
    "a deep list": '{"items":' + "[" * 200_000,
    "a long number": '{"items":[{"id":' + "9" * 100_000 + "}]}",
}


async def parse(body: bytes) -> ParsedFeed:
    pool = feeds.worker_pool()
    try:
        return await feeds.parse(pool, body, url=URL, now=NOW)
    finally:
        await pool.aclose()


@pytest.mark.parametrize("document", [RSS, ATOM, rss("")])
def test_a_child_reads_what_the_pure_function_reads(document: str) -> None:
    told = asyncio.run(parse(document.encode()))

    assert feeds.parse_feed(document.encode(), url=URL, now=NOW) == told


def test_a_failure_comes_back_with_its_reason() -> None:
    with pytest.raises(FeedError) as caught:
        asyncio.run(parse(b""))

    assert caught.value.reason is Reason.EMPTY


@pytest.mark.untraced
def test_r3_a_hostile_document_stays_within_its_limits() -> None:
    async def told(document: str) -> str:
        try:
            await feeds.parse(pool, document.encode(), url=URL)
        except (FeedError, WorkerError) as error:
            return error.reason
        return "read"

    async def scenario() -> dict[str, str]:
        try:
            return {name: await told(document) for name, document in HOSTILE.items()}
        finally:
            await pool.aclose()

    pool = feeds.worker_pool()
    outcomes = asyncio.run(scenario())

    assert {name for name, outcome in outcomes.items() if outcome.startswith("worker")} == set()


def test_a_feed_is_printed_with_dates_in_utc_and_nulls() -> None:
    told = feeds.as_dict(feeds.parse_feed(ATOM.encode(), url=URL, now=NOW))

    assert told == {
        "format": "atom10",
        "title": "Le Courrier du Vexin",
        "entries": [
            {
                "id": "urn:1",
                "link": "https://courrier.example/monde/foire",
                "title": "Foire & marché",
                "summary": "Dix stands.",
                "published_at": "2024-05-15T08:00:00+00:00",
                "updated_at": "2024-05-16T06:30:00+00:00",
            },
            {
                "id": "urn:2",
                "link": "https://courrier.example/monde/brocante",
                "title": "Brocante",
                "summary": "Cent exposants.",
                "published_at": "2024-05-14T08:00:00+00:00",
                "updated_at": "2024-05-14T08:00:00+00:00",
            },
        ],
    }


def test_an_entry_without_guid_title_or_date_is_printed_all_the_same() -> None:
    parsed = feeds.parse_feed(
        rss("<item><description>Gel</description></item>").encode(), url=URL, now=datetime.now(UTC)
    )
    (entry,) = feeds.as_dict(parsed)["entries"]

    assert (entry["id"][:2], entry["title"], entry["published_at"]) == ("h:", None, None)


def test_what_the_child_tells_is_read_back_whole() -> None:
    args = {"url": URL, "content_type": None, "max_bytes": feeds.MAX_BYTES, "now": NOW.isoformat(), "traces": ""}
    told = json.loads(json.dumps(parse_task(RSS.encode(), args)))

    assert feeds.parse_feed(RSS.encode(), url=URL, now=NOW) == from_wire(told)


def test_r5_a_child_for_feeds_loads_neither_trafilatura_nor_asyncio() -> None:
    async def scenario() -> set[str]:
        async with feeds.worker_pool() as pool:
            await feeds.parse(pool, RSS.encode(), url=URL, now=NOW)
            return set(await pool.run("tests.monitor.workers.tasks:modules", b""))

    assert not {"asyncio", "trafilatura", "httpx", "sqlmodel", "pydantic"} & asyncio.run(scenario())
