"""A feed of alerts, read back by our own parser and by feedparser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from monitor.deliver import make_channels
from monitor.deliver.feed import FeedSender
from monitor.deliver.syndication import latest
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.feeds import parse_feed
from monitor.http import HttpClient
from monitor.model import Alert, Channel, ParsedFeed, Receiver
from monitor.receivers import OptionValue, Secret
from monitor.settings import Settings
from tests.monitor.deliver.benches import words
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import INCIDENTS, NOW, RETITLED, alert, delivery, hostile, recap, refused, updated

TOKEN = "s3cr3t-s3cr3t-s3cr3t"


def items(*told: Alert, feed: FeedSender | None = None) -> list[dict[str, Any]]:
    feed = feed or FeedSender(name="feed", words=words())
    return [json.loads(feed.render(one, f"msg_{number}").body) for number, one in enumerate(told)]


def documents(*told: Alert) -> dict[str, bytes]:
    return FeedSender(name="feed", words=words()).documents(items(*told))


def read(document: bytes, content_type: str) -> ParsedFeed:
    return parse_feed(document, url="https://veille.example/feeds/x", content_type=content_type, now=NOW)


def later(told: Alert, minutes: int) -> Alert:
    return replace(told, planned_at=NOW + timedelta(minutes=minutes))


def test_the_reader_receives_what_was_agreed(golden: Golden) -> None:
    told = documents(alert(), later(recap(3, 9), 1), later(refused(), 2), later(INCIDENTS["failing"], 3))

    golden("feed-fr.atom", told[".atom"].decode())
    golden("feed-fr.json", told[".json"].decode())


@pytest.mark.parametrize(("ending", "type_"), [(".atom", "application/atom+xml"), (".json", "application/feed+json")])
def test_both_forms_are_read_back_by_our_own_parser(ending: str, type_: str) -> None:
    told = read(documents(alert(), later(INCIDENTS["failing"], 3))[ending], type_)
    first, second = told.entries

    assert "Veille : feed" == told.title
    assert first.title.startswith("Source en panne : La Gazette de Lutèce")
    assert second.title.startswith("[Élevé] Axe Moscou–Pékin – Poutine attendu à Harbin")
    assert "https://gazette.example/monde/visite?a=1&b=2" == second.link
    assert "urn:veille:msg_0" == second.guid
    assert NOW.replace(microsecond=0) == second.published_at


def test_feedparser_finds_nothing_wrong() -> None:
    told = feedparser.parse(documents(alert(), recap(), *INCIDENTS.values())[".atom"])

    assert (False, "atom10", 2 + len(INCIDENTS)) == (told.bozo, told.version, len(told.entries))
    assert {"id", "title", "updated", "author_detail"} <= told.feed.keys()
    assert all({"id", "title", "updated", "published", "content"} <= entry.keys() for entry in told.entries)


def test_an_empty_feed_is_one() -> None:
    told = documents()

    assert (False, "atom10") == (feedparser.parse(told[".atom"]).bozo, feedparser.parse(told[".atom"]).version)
    assert [] == json.loads(told[".json"])["items"]


@pytest.mark.parametrize(
    "poison", ["<script>alert(1)</script> & ]]>", "a\x00b\x0b\ud800\uffff", "javascript:alert(1)", "", "\U0001fffe🟠"]
)
def test_o1_o6_what_comes_from_outside_is_text_and_no_link(poison: str) -> None:
    told = documents(hostile(poison))
    [entry] = feedparser.parse(told[".atom"], sanitize_html=False).entries
    [item] = json.loads(told[".json"])["items"]

    assert "<script" not in entry.content[0].value
    assert "<script" not in item["content_html"]
    assert "javascript" not in entry.get("link", "")
    assert "url" not in item


def test_an_update_changes_the_entry_of_its_first_alert() -> None:
    first, update = alert(), later(updated(RETITLED), 30)
    assert update.update is not None
    [(_, its_first)] = [(name, one) for name, one in update.update.threads if name == "feed"]
    feed = FeedSender(name="feed", words=words())
    told = [json.loads(feed.render(one, identity).body) for one, identity in ((first, its_first), (update, "msg_2"))]
    [entry] = read(feed.documents(told)[".atom"], "application/atom+xml").entries

    assert f"urn:veille:{its_first}" == entry.guid
    assert "Pékin" in entry.title
    assert (first.planned_at, update.planned_at) == (entry.published_at, entry.updated_at)


def test_updates_for_who_had_no_first_alert_on_the_story_alone_are_one_entry() -> None:
    told = [updated(RETITLED), later(updated("Un autre titre"), 5)]
    updates = [replace(one, update=replace(one.update, threads=())) for one in told if one.update is not None]
    [entry] = latest(items(*updates), 9)

    assert f"urn:veille:{alert().id}_{alert().stories[0].id}_{alert().matches[0].rule.id}" == entry["id"]


def test_what_a_rule_finds_only_since_the_text_changed_begins_an_entry() -> None:
    update = updated(RETITLED)
    assert update.update is not None

    assert "urn:veille:msg_0" == items(replace(update, update=replace(update.update, of=None, threads=())))[0]["id"]


def test_the_latest_are_kept_whatever_their_order() -> None:
    told = items(*(later(alert(), minute) for minute in (3, 1, 2)))

    assert ["urn:veille:msg_0", "urn:veille:msg_2"] == [item["id"] for item in latest(told, 2)]


# --- files ------------------------------------------------------------------------------------------------------------


def keep(path: Path, told: Sequence[Alert], *, entries: int = 50) -> None:
    async def run() -> None:
        feed = FeedSender(name="feed", words=words(), path=path, entries=entries)
        sent = [delivery(feed.render(one, f"msg_{number}"), Channel.FEED) for number, one in enumerate(told)]
        await asyncio.gather(*map(feed.send, sent))

    asyncio.run(run())


def kept(path: Path) -> list[str]:
    return [item["id"] for item in json.loads(path.with_name(path.name + ".json").read_bytes())["items"]]


def test_d1_files_hold_every_message_that_counts_as_sent(tmp_path: Path) -> None:
    path = tmp_path / "alertes"
    keep(path, [later(alert(), minute) for minute in range(5)])
    told = feedparser.parse((tmp_path / "alertes.atom").read_bytes())

    assert [f"urn:veille:msg_{number}" for number in (4, 3, 2, 1, 0)] == kept(path)
    assert kept(path) == [entry.id for entry in told.entries]
    assert {"alertes.atom": 0o644, "alertes.json": 0o644} == {
        file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()
    }


def test_files_outlive_a_restart_and_repeats_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alertes"
    keep(path, [alert(), later(alert(), 1)])
    before = (tmp_path / "alertes.atom").read_bytes()
    keep(path, [alert()])

    assert before == (tmp_path / "alertes.atom").read_bytes()


def test_files_keep_so_many_entries(tmp_path: Path) -> None:
    keep(tmp_path / "alertes", [later(alert(), minute) for minute in range(5)], entries=2)

    assert ["urn:veille:msg_4", "urn:veille:msg_3"] == kept(tmp_path / "alertes")


@pytest.mark.parametrize("text", ["no json", "[]", '{"items": 3}', '{"items": [{}]}'])
def test_a_file_of_somebody_else_is_left_alone_and_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "alertes.json").write_text(text, encoding="utf-8")
    with pytest.raises(DeliveryError, match=r"alertes\.json is no feed of ours; move it away") as caught:
        keep(tmp_path / "alertes", [alert()])

    assert (Reason.UNAVAILABLE, True) == (caught.value.reason, caught.value.retryable)
    assert text == (tmp_path / "alertes.json").read_text(encoding="utf-8")


# --- the routes file --------------------------------------------------------------------------------------------------


def made(options: dict[str, OptionValue], settings: Settings | None = None) -> FeedSender:
    async def make() -> FeedSender:
        receiver = Receiver("bulletin", Channel.FEED, tuple(options.items()))
        async with HttpClient(user_agent="veille/test") as client:
            channel = make_channels(settings or Settings(), [receiver], client)["bulletin"]
            assert isinstance(channel, FeedSender)
            return channel

    return asyncio.run(make())


def test_a_feed_that_is_only_served_counts_as_sent_once_it_is_stored() -> None:
    feed = made({"token": Secret(TOKEN), "title": "Bulletin", "entries": 5.0}, Settings(http_address="127.0.0.1:9464"))
    receipt = asyncio.run(feed.send(delivery(feed.render(alert(), "msg_1"), Channel.FEED)))

    assert ("the daemon serves what is stored", TOKEN, 5) == (receipt.detail, feed.token, feed.entries)
    assert "Bulletin" == json.loads(feed.documents([])[".json"])["title"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "needs a token, to be served, or a path"),
        ({"token": Secret("court")}, "token must be 16 to 200"),
        ({"token": Secret("s3cr3t/../../etc/passwd")}, "token must be 16 to 200"),
        ({"token": Secret(TOKEN)}, "VEILLE_HTTP_ADDRESS is not set"),
        ({"path": "alertes"}, "path: 'alertes' does not begin with /"),
        ({"path": "/alertes", "entries": 0.0}, "entries: 0 is not between 1 and 500"),
        ({"path": "/alertes", "entries": 501.0}, "entries: 501 is not between 1 and 500"),
    ],
)
def test_x4_what_nobody_could_read_stops_the_start(options: dict[str, OptionValue], told: str) -> None:
    with pytest.raises(SettingsError, match="VEILLE_ROUTES: receiver bulletin: ") as caught:
        made(options)

    assert told in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_instants_are_utc() -> None:
    assert (
        "2024-05-16T05:12:07Z"
        == items(replace(alert(), planned_at=datetime(2024, 5, 16, 5, 12, 7, tzinfo=UTC)))[0]["date_published"]
    )
