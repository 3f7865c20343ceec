from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from monitor.errors import StoreError
from monitor.model import AlertId, AlertType, Change, Held, Standing, Update, Why
from monitor.store import Store
from monitor.store.migrate import HEAD, SCRIPTS
from monitor.store.tables import METADATA
from tests.monitor.store.samples import (
    NOW,
    SILENCE,
    WEBHOOK,
    add_feed,
    after,
    alert,
    claim,
    entry,
    live_feed,
    match,
    message,
    poll,
    record,
    story,
)


def _schema(path: Path) -> dict[str, list[str]]:
    """Each table's and index's definition, in parts whose order means nothing.

    SQLite adds a column on no new line, and puts the name of a table that was made anew in quotes.
    """
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master"
        " WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name <> 'alembic_version'"
    ).fetchall()
    connection.close()
    plain = {name: sql.replace(f'CREATE TABLE "{name}"', f"CREATE TABLE {name}") for name, sql in rows}
    return {
        name: sorted(part.strip() for part in re.split(r",\s|\n", sql) if part.strip()) for name, sql in plain.items()
    }


def test_the_migrated_schema_is_the_declared_one(store: Store, path: Path, tmp_path: Path) -> None:
    fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    METADATA.create_all(fresh)
    fresh.dispose()

    assert _schema(tmp_path / "fresh.db") == _schema(path)


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_database_of_an_older_veille_is_brought_up_to_date_with_all_it_holds(path: Path) -> None:
    old = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO host (name, lane) VALUES ('gazette.example', 'fast')")
        connection.exec_driver_sql(
            "INSERT INTO feed (host_id, url, typed, status, added_at, is_heavy, failures, moved_count)"
            " VALUES (1, 'https://gazette.example/rss', 1, 'active', '2026-05-16T05:00:00.000000Z', 0, 3, 0)"
        )
    old.dispose()
    opened = Store.open(str(path))
    [feed] = opened.feeds()
    opened.close()

    assert ("https://gazette.example/rss", 3, None) == (feed.feed.url, feed.failures, feed.rhythm)


def test_i1_links_of_an_older_veille_are_known_by_todays_keys(path: Path) -> None:
    long = "https://www.gazette.example/" + "a" * 600
    links = ["https://www.gazette.example/vexin/amp?utm_source=rss", "https://gazette.example/pont", long, None]
    old_keys = ["l:www.gazette.example/vexin/amp", "l:gazette.example/pont", "l:sha256:0", "d:0"]
    old = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql("INSERT INTO host (name, lane) VALUES ('gazette.example', 'fast')")
        connection.exec_driver_sql(
            "INSERT INTO feed (host_id, url, typed, status, added_at, is_heavy, failures, moved_count)"
            " VALUES (1, 'https://gazette.example/rss', 1, 'active', '2026-05-16T05:00:00.000000Z', 0, 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO entry (feed_id, link_key, link, title, summary, content, authors, first_seen_at, state,"
            " baseline, page_host, sort_at, lane, host_is_slow, turn, attempts, withheld)"
            " VALUES (1, ?, ?, 'Gel', '', '', '[]',"
            " '2026-05-16T05:00:00.000000Z', 'done', 0, '', '2026-05-16T05:00:00.000000Z', 'fast', 0, 0, 1, 0)",
            list(zip(old_keys, links, strict=True)),
        )
    old.dispose()
    Store.open(str(path)).close()
    with closing(sqlite3.connect(path)) as now:
        keys = [key for (key,) in now.execute("SELECT link_key FROM entry ORDER BY id")]
    digest = hashlib.sha256(long.removeprefix("https://www.").encode()).hexdigest()

    assert ["l:gazette.example/vexin", "l:gazette.example/pont", f"l:sha256:{digest}", "d:0"] == keys


def test_what_an_older_veille_told_is_an_update_of_the_same_and_joined_by_the_same(store: Store, path: Path) -> None:
    for name in ("un", "deux"):
        poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    first, standing = alert("7K2QXYZ0", match("axe")), Standing("t")
    update = Update(first.id, Change.GREW, standing, standing)
    grown = replace(alert("GR0WN000", match("axe"), type_=AlertType.STORY_UPDATED), update=update)
    for claimed, at in zip(claim(store), (NOW, after(5)), strict=True):
        record(store, claimed, (first, [message()]), story=story(), matches=[match("axe")], now=at)
    store.record_group(grown, [message("GR0WN000")], [], [1], now=after(5))
    known, found = _before_and_after_0028(path)

    assert [("msg_7K2QXYZ0_webhook", None), ("msg_GR0WN000_webhook", "al_7K2QXYZ0")] == [row[:2] for row in found[0]]
    assert [(1, 0), (1, 0), (2, 1)] == found[1]
    assert known == found


def test_what_an_older_veille_told_updates_the_alert_that_each_receiver_had(store: Store, path: Path) -> None:
    for name in ("un", "deux"):
        poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    desk, late = (replace(WEBHOOK, name=name) for name in ("desk", "late"))
    standing, everybody = Standing("t"), ("webhook", "desk", "late")
    first = alert("F1RST000", match("axe"))
    elsewhere = alert("F0RE1GN0", match("bourse"))  # another rule
    second = replace(alert("SEC0ND00", match("axe")), receivers=("desk",))
    firsts: list[tuple[str, AlertId]] = [("webhook", first.id), ("desk", second.id)]
    one, two = claim(store)
    record(
        store, one, (elsewhere, [message("F0RE1GN0", desk)]), (first, [message("F1RST000")]), story=story(), done=False
    )
    record(store, two, (second, [message("SEC0ND00", desk)]), story=story(), now=after(5), done=False)
    silenced = replace(alert("S1LENCED", match("axe")), receivers=("late",))
    held = replace(message("S1LENCED", late), held=Held(Why.QUIET_HOURS, NOW))
    record(store, two, (silenced, [held]), story=story(), now=after(5))
    [waits] = store.due_messages(receivers=("late",), digesters=(), now=after(5), limit=1)
    store.settle_silenced([waits.id], SILENCE.id, now=after(5))
    for name, minutes in (("RA1SED00", 6), ("GR0WN000", 7)):
        update = Update(first.id, Change.LEVEL_RAISED, standing, standing, firsts=tuple(firsts))
        raised = replace(alert(name, match("axe"), type_=AlertType.STORY_UPDATED), receivers=everybody, update=update)
        sent = [message(name), message(name, desk), message(name, late)]
        record(store, one, (raised, sent), story=story(), now=after(minutes), done=False)
        firsts.append(("late", raised.id))
    known, found = _before_and_after_0028(path)

    assert ("msg_F1RST000_webhook", None, None, None) in found[0]
    assert ("msg_GR0WN000_desk", "al_SEC0ND00", story().id, "axe") in found[0]
    assert ("msg_RA1SED00_late", "al_F1RST000", story().id, "axe") in found[0]
    assert ("msg_GR0WN000_late", "al_RA1SED00", story().id, "axe") in found[0]
    assert known[0] == found[0]


def _before_and_after_0028(path: Path) -> list[list[list[tuple[object, ...]]]]:
    """Return what is known of messages and matches, and the same as 0028 and 0029 make it of an older database."""
    told = [
        "SELECT message_id, updates, story_id, rule_id FROM delivery ORDER BY id",
        "SELECT match_id, joined FROM alert_match ORDER BY match_id",
    ]
    with closing(sqlite3.connect(path)) as before, before:
        known = [before.execute(each).fetchall() for each in told]
        before.execute("DROP INDEX ix_delivery_updates")
        for column in ("updates", "story_id", "rule_id"):
            before.execute(f"ALTER TABLE delivery DROP COLUMN {column}")
        before.execute("ALTER TABLE alert_match DROP COLUMN joined")
        before.execute("UPDATE alembic_version SET version_num = '0027'")
    Store.open(str(path)).close()
    with closing(sqlite3.connect(path)) as after_:
        return [known, [after_.execute(each).fetchall() for each in told]]


def test_a_database_that_is_up_to_date_is_opened_without_alembic(store: Store, path: Path) -> None:
    add_feed(store)
    again = Store.open(str(path))

    assert 1 == len(again.feeds())
    again.close()


def _set_version(path: Path, version: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.commit()
    connection.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_of_a_newer_veille_is_refused(store: Store, path: Path, *, read_only: bool) -> None:
    _set_version(path, "9999")

    with pytest.raises(
        StoreError, match=r"veille\.db: written by a newer veille \(schema 9999\); install that version"
    ):
        Store.open(str(path), read_only=read_only)


def test_a_database_without_its_schemas_number_is_damaged(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM alembic_version")

    with pytest.raises(StoreError, match="damaged: it does not say its schema; restore a backup"):
        Store.open(str(path), read_only=True)


def test_a_database_of_another_schema_is_refused_where_it_may_only_be_read(store: Store, path: Path) -> None:
    _set_version(path, "0000")

    with pytest.raises(StoreError, match=r"its schema is 0000, this program reads \d{4}"):
        Store.open(str(path), read_only=True)


def test_an_empty_database_is_told_where_it_may_only_be_read(path: Path) -> None:
    path.touch()

    with pytest.raises(StoreError, match="an empty database; `veille poll` or `veille run` fills it"):
        Store.open(str(path), read_only=True)


@pytest.mark.parametrize("table", ["recettes", "alembic_version"])
def test_another_programs_database_is_refused_and_left_alone(path: Path, table: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE {table} (version_num TEXT)")
    connection.commit()

    with pytest.raises(StoreError, match="an SQLite database of another program"):
        Store.open(str(path))
    assert [(table,)] == connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()


def test_views_read_as_plain_columns(store: Store, path: Path) -> None:
    from tests.monitor.store.samples import alert, match, message, one_entry, record

    record(store, one_entry(store), (alert("7K2QXYZ0", match()), [message("7K2QXYZ0")]), entities=["russie", "chine"])
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = dict(connection.execute("SELECT * FROM matches_v").fetchone())
    delivery = dict(connection.execute("SELECT * FROM deliveries_v").fetchone())
    connection.close()

    assert {
        "outlet": "La Gazette de Lutèce",
        "title": "Une visite",
        "rule": "axe",
        "score": 12.5,
        "threshold": 10.0,
        "level": "medium",
        "published_at": "2026-05-16T04:00:00.000000Z",
        "seen_at": "2026-05-16T05:00:00.000000Z",
        "alerted": 1,
        "alert": "al_7K2QXYZ0",
        "entities": "russie, chine",
    }.items() <= found.items()
    assert {
        "alert": "al_7K2QXYZ0",
        "title": "Une visite",
        "receiver": "webhook",
        "state": "pending",
        "attempts": 0,
        "matches": 1,
    }.items() <= delivery.items()


def test_a_pending_delivery_cannot_be_deleted(store: Store, path: Path) -> None:
    from tests.monitor.store.samples import record_alert

    record_alert(store)
    connection = sqlite3.connect(path)

    with pytest.raises(sqlite3.IntegrityError, match="a pending delivery is never deleted"):
        connection.execute("DELETE FROM delivery")
    connection.close()
    assert {"webhook": 1} == store.pending_deliveries()
    store.heartbeat(now=NOW)
