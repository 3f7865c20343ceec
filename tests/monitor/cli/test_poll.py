from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import FEED, PAGE, RULE

Site = Callable[..., str]


@pytest.fixture
def feeds(folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feed with a young article that matches, and one that fails."""
    young = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    for page in ("/un.html", "/deux.html"):
        site(page, PAGE)
    good = site("/rss.xml", FEED.replace("Sat, 16 May 2026 05:30:00 GMT", young), "application/rss+xml")
    path = folder / "mes-titres.txt"
    path.write_text(f"{good}\n{site('/nulle-part', None)}\n", encoding="utf-8")
    (folder / "r.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "r.yaml")
    monkeypatch.setenv("VEILLE_LOG_LEVEL", "error")
    monkeypatch.setenv("VEILLE_PAGE_INTERVAL_S", "0")
    return path


def poll(veille: Veille, feeds: Path, *words: str, **how: Any) -> Any:
    return veille("poll", "--feeds", str(feeds), "--db", "ici.db", *words, **how)


def test_one_cycle_is_told_to_programs(veille: Veille, feeds: Path, folder: Path) -> None:
    (first,) = poll(veille, feeds, "--json").lines
    (second,) = poll(veille, feeds, "--json").lines
    (third,) = poll(veille, feeds, "--json", "--all").lines

    assert {"parsed": 1, "failed": 1} == first["feeds"]
    assert ({"full": 1}, {"bombes": 1}, 0) == (first["articles"], first["matches"], first["pending"])
    assert ["http_4xx"] == [failure["reason"] for failure in first["failures"]]
    assert {} == second["feeds"]
    assert 2 == sum(third["feeds"].values())
    assert (folder / "ici.db").exists()


def test_one_cycle_is_shown_to_people(veille: Veille, feeds: Path) -> None:
    got = poll(veille, feeds, terminal=True)

    assert 0 == got.code
    assert "One cycle" in got.out
    assert "bombes 1" in got.out
    assert "Feeds that failed" in got.out


def test_what_could_not_be_delivered_is_listed_and_who_it_waits_for(
    veille: Veille, feeds: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILLE_DELIVER_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", site("/nulle-part", None))
    (told,) = poll(veille, feeds, "--json").lines
    monkeypatch.setenv("VEILLE_DATABASE", "ici.db")
    monkeypatch.setenv("VEILLE_FEEDS", str(feeds))
    monkeypatch.delenv("VEILLE_WEBHOOK_URL")
    checked = veille("check").out

    assert [("webhook", "retry", "http_5xx")] == [
        (delivery["receiver"], delivery["outcome"], delivery["reason"]) for delivery in told["undelivered"]
    ]
    assert 1 == told["pending"]
    assert "webhook: messages wait for it, 1 in all, and it is no longer a receiver" in checked


def test_what_nobody_can_poll_starts_nothing(veille: Veille, folder: Path) -> None:
    got = veille("poll", "--feeds", "nulle-part.opml", "--db", "ici.db")

    assert 2 == got.code
    assert not (folder / "ici.db").exists()


@pytest.mark.untraced
def test_the_daemon_serves_until_it_is_told_to_stop(
    veille: Veille, feeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[int] = []

    async def serve(app: Any, *, services: list[Any]) -> None:
        await asyncio.sleep(0)
        served.append(len(services))
        await app.stop(grace_s=1)

    monkeypatch.setattr("monitor.daemon.serve", serve)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("VEILLE_FEEDS", str(feeds))
    first = veille("run")
    monkeypatch.setenv("VEILLE_HTTP_ADDRESS", "127.0.0.1:9464")
    second = veille("run")

    assert (0, 0, [0, 1]) == (first.code, second.code, served)
