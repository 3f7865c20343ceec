from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from monitor import extract
from monitor.errors import ExtractError, Reason, WorkerError
from monitor.extract.task import read_task
from monitor.extract.wire import from_wire
from monitor.model import Page
from tests.monitor.extract.pages import linked_data, page

NOW = datetime(2024, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/vignes"
ATTRIBUTES = " ".join(f'a{n}="v"' for n in range(40_000))

HARMLESS = {  # the article is read all the same
    "json-ld that does not end": page(
        head='<script type="application/ld+json">{"headline":"' + '\\"' * 50_000 + "</script>"
    ),
    "40,000 attributes": page(around=f"<p {ATTRIBUTES}></p>"),
    "40,000 bare attributes": page(around=f"<p {ATTRIBUTES.replace('=', '').replace(chr(34), '')}></p>"),
    "a table of 5,000 rows": page(around="<table>" + "<tr><td>case</td></tr>" * 5000 + "</table>"),
    "20,000 links": page(around="<a href='/x'>lien</a>" * 20_000),
    "text in 1,000 spans": page().replace("<p>", "<span>" * 1000 + "<p>", 1),
    "a NUL": page().replace("bougies", "bou\0gies"),
    "20,000 entities": page(around="<p>" + "&amp;" * 20_000 + "</p>"),
}
COSTLY = {  # an error with a name is enough
    "comments that do not end": page(around="<!--" * 100_000),
    "nested blocks": page(around="<div>" * 200_000),
    "nested tables": page(around="<table><tr><td>" * 10_000),
    "attributes that hold tags": page(around=f"<p {ATTRIBUTES[:100_000].replace('v', '<')}></p>"),
    "angle brackets": "<a" * 500_000,
}


async def outcomes(pages: dict[str, str]) -> dict[str, str]:
    pool = extract.worker_pool(1)
    told = {}
    try:
        for name, markup in pages.items():
            try:
                extracted = await extract.read(pool, Page(URL, URL, markup.encode(), "text/html"), now=NOW)
                told[name] = "read" if "Jeanne Morvan" in extracted.text else "lost"
            except (ExtractError, WorkerError) as error:
                told[name] = error.reason
    finally:
        await pool.aclose()
    return told


def test_a_child_reads_what_the_pure_function_reads() -> None:
    body = page(head=linked_data()).encode()

    async def scenario() -> extract.Extracted:
        pool = extract.worker_pool(1)
        try:
            return await extract.read(pool, Page(URL, "", body, None))
        finally:
            await pool.aclose()

    assert extract.read_page(body, url=URL, now=NOW) == asyncio.run(scenario())


def test_a_failure_comes_back_with_its_reason() -> None:
    assert asyncio.run(outcomes({"pdf": "%PDF-1.7"})) == {"pdf": Reason.NOT_HTML}


def test_r3_a_hostile_ornament_does_not_hide_the_article() -> None:
    assert asyncio.run(outcomes(HARMLESS)) == dict.fromkeys(HARMLESS, "read")


@pytest.mark.timeout(120)
@pytest.mark.untraced
def test_r3_a_hostile_page_ends_in_a_named_error_at_worst() -> None:
    told = asyncio.run(outcomes(COSTLY))

    assert set(told.values()) <= {"read", "lost", Reason.EMPTY, Reason.WORKER_CPU, Reason.WORKER_MEMORY}


def test_what_the_child_tells_is_read_back_whole() -> None:
    body = page(head=linked_data()).encode()
    told = json.loads(json.dumps(read_task(body, {"url": URL, "content_type": None, "now": NOW.isoformat()})))

    assert extract.read_page(body, url=URL, now=NOW) == from_wire(told)
