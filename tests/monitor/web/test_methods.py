"""Which methods change anything: a POST, on a page that is for it (promise W5)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.monitor.web.test_answers import Reader, at_reader

UNSAFE = ("PUT", "PATCH", "DELETE", "POST")


def _log(reader: Reader) -> list[str]:
    """Return all that the database holds."""
    with closing(sqlite3.connect(reader.store.path)) as log:
        return list(log.iterdump())


@pytest.mark.untraced
def test_w5_nothing_but_a_post_to_a_page_for_it_changes_anything(tmp_path: Path) -> None:
    async def act(reader: Reader) -> None:
        links = [url.removeprefix("https://veille.example") for url in reader.links.values()]
        before = _log(reader)
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
            answers = [(await reader.client.request(method, link)).status_code for link in links]
            assert (method, {200} if method in {"GET", "HEAD"} else {405}) == (method, set(answers))
        local = {"Host": "127.0.0.1"}
        for method in UNSAFE:
            for path in ("/healthz", "/readyz", "/metrics"):
                answer = await reader.client.request(method, path, headers=local)
                assert (method, path, 405) == (method, path, answer.status_code)

        assert before == _log(reader)

        await reader.press("relevant")

        assert before != _log(reader)

    at_reader(tmp_path, act)
