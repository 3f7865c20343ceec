"""The log of matches as a file: what spreadsheets and programs read back of it."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.cli import export
from monitor.cli.export import (
    COLUMNS,
    FRENCH_EXCEL,
    PLAIN,
    Sheet,
    harmless_address,
    harmless_cell,
    records,
    row_of,
    write_csv,
)
from monitor.model import Channel, Completeness, DeliveryId, Receipt, Receiver
from monitor.store import MatchFilter, MatchLine, MatchRecord, Store
from rules.types import Level, Status
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import (
    NOW,
    after,
    alert,
    match,
    message,
    one_entry,
    record,
    record_alert,
    story,
)

ROOT = Path(__file__).parents[3]
HOSTILE = '=HYPERLINK("https://x.example";"cliquez")'
SHEETS = pytest.mark.parametrize("sheet", [PLAIN, FRENCH_EXCEL], ids=["plain", "excel"])
RECORD = MatchRecord(
    line=MatchLine(
        id=7,
        alert_id=None,
        rule="axe",
        rule_title="L’axe",
        level=Level.HIGH,
        score=-2.5,
        threshold=None,
        near_miss=False,
        outlet="La Gazette",
        title="Une visite",
        url="https://gazette.example/un",
        published_at=None,
        first_seen_at=NOW,
        matched_at=datetime(2026, 5, 16, 5, 0, 0, 123456, tzinfo=UTC),
        completeness=Completeness.FULL,
        baseline=False,
        relevant=None,
    ),
    rule_version="sha256:abc",
    rule_status=Status.STABLE,
    labels=(("desk", "international"), ("level", "high")),
    tags=("geo.russie",),
    wire=None,
    entities=("russie", "chine"),
    story_id="st_un",
    story_title="Sujet",
    outlets=2,
    texts=1,
)


def titled(title: str, **changes: Any) -> MatchRecord:
    return replace(RECORD, line=replace(RECORD.line, title=title, **changes))


def exported(rows: Iterable[MatchRecord], sheet: Sheet = PLAIN) -> str:
    file = io.StringIO(newline="")
    write_csv(map(row_of, rows), file, sheet)
    return file.getvalue()


def read(text: str, sheet: Sheet = PLAIN) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(sheet.begin), newline=""), delimiter=sheet.separator))


# --- cells ------------------------------------------------------------------------------------------------------------

UNSEEN = '\ufeff\u200b\u2060\u00ad \u00a0\u2028"'
texts = st.text(st.one_of(st.sampled_from(f"=+-@\t\r\n,;'{UNSEEN}＝＋－＠aé"), st.characters()), max_size=30)


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet might take a cell for a formula, whatever it leaves out before one."""
    return cell.lstrip(UNSEEN).startswith(tuple("=+-@＝＋－＠"))


@SHEETS
@given(title=texts, outlet=texts)
@example(title=HOSTILE, outlet="-2+3+cmd|' /C calc'!A0")
@example(title='a";"=1+1', outlet="@SUM(1)")
def test_o8_a_spreadsheet_reads_back_the_content_and_no_formula(sheet: Sheet, title: str, outlet: str) -> None:
    record_ = titled(title, outlet=outlet)
    [row] = read(exported([record_], sheet), sheet)
    values = row_of(record_)

    for column in ("title", "outlet"):
        assert row[column].replace("'", "") == values[column].replace("'", "")
        assert not is_formula(row[column])
        assert row[column] == values[column] or "'" in row[column]


@given(title=texts)
@example(title="Paris;=1+1")
@example(title='Paris;"=1+1"')
@example(title='Paris, =HYPERLINK("http://x")')
@example(title="Paris; \ufeff=1+1")
@example(title='a;" =1')
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_o8_a_file_opened_with_another_separator_holds_no_formula_either(separator: str, title: str) -> None:
    header, line = exported([titled(title, score=2.5)]).splitlines()
    cells = [cell for row in csv.reader([header, line], delimiter=separator) for cell in row]

    assert [] == [cell for cell in cells if is_formula(cell)]


@given(rest=st.text(st.sampled_from("=+-@,;%&?/a1"), max_size=30))
@example(rest="?q=1,-2;=3")
@example(rest="0,1;2,%20-3")
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_o8_an_address_leads_where_it_did_and_is_no_formula_with_any_separator(separator: str, rest: str) -> None:
    url = f"https://gazette.example/{rest}"
    header, line = exported([titled("Une visite", score=2.5, url=url)]).splitlines()
    cells = [cell for row in csv.reader([header, line], delimiter=separator) for cell in row]

    assert [] == [cell for cell in cells if is_formula(cell)]
    assert unquote(url) == unquote(read(f"{header}\r\n{line}\r\n")[0]["url"])


@pytest.mark.parametrize("path", ["0,1-2;3", "?q=1,2&r=-3", "a=b@c+d", "1,2,3.html"])
def test_an_address_that_begins_no_formula_stays_as_it_is(path: str) -> None:
    assert f"https://gazette.example/{path}" == harmless_address(f"https://gazette.example/{path}")


@pytest.mark.parametrize(
    "begins",
    [
        *["=", "+", "-", "@", "\t", "\r", "\n", "\0", " =", "\u00a0-", "＝", "＋", "－", "＠"],
        *["\ufeff=", "\u200b=", " \u2060+", "\u00ad@"],
    ],
)
def test_o8_what_begins_a_formula_is_escaped(begins: str) -> None:
    assert f"'{begins}1" == harmless_cell(f"{begins}1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris; =1+1", "Paris;' =1+1"),
        ('Paris, =HYPERLINK("http://x")', 'Paris,\' =HYPERLINK("http://x")'),
        ("Chine, -2 °C", "Chine,' -2 °C"),
        ("a;\u200b=1", "a;'\u200b=1"),
    ],
)
def test_o8_what_would_begin_one_after_a_separator_is_escaped_there(text: str, expected: str) -> None:
    assert expected == harmless_cell(text)


@pytest.mark.parametrize("text", ["Le 1+1", "l’Élysée : + 3 %", "Chine : -2 °C", "a=b", "", "'déjà", "a; 'b; c-d"])
def test_what_begins_none_stays_as_it_is(text: str) -> None:
    assert text == harmless_cell(text)


@given(title=st.text())
def test_o1_no_control_or_direction_character_is_exported(title: str) -> None:
    got = row_of(titled(title))["title"]

    assert not [char for char in got if char < " " or "\x7f" <= char <= "\x9f" or char in "\u200e\u200f\u061c"]
    assert not [char for char in got if "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"]


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "oups"])
def test_o6_a_link_that_is_not_http_is_absent(url: str | None) -> None:
    assert row_of(titled("Une visite", url=url))["url"] is None


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [(PLAIN, ("-2.5", "2026-05-16T05:00:00Z")), (FRENCH_EXCEL, ("-2,5", "2026-05-16 05:00:00"))],
)
def test_o8_numbers_stay_numbers_and_instants_are_utc(sheet: Sheet, expected: tuple[str, str]) -> None:
    [row] = read(exported([RECORD], sheet), sheet)

    assert expected == (row["score"], row["matched_at"])
    assert ("7", "2", "") == (row["id"], row["outlets"], row["threshold"])


def test_the_columns_are_those_of_a_row_in_that_order() -> None:
    assert COLUMNS == tuple(row_of(RECORD))


def test_lists_are_one_cell_and_yes_is_a_word() -> None:
    [row] = read(exported([replace(RECORD, line=replace(RECORD.line, relevant=True))]))

    assert ("desk=international; level=high", "russie; chine") == (row["labels"], row["entities"])
    assert ("oui", "non") == (row["relevant"], row["near_miss"])


def test_o8_a_file_is_of_rfc_4180_and_one_for_a_french_excel_begins_with_a_mark() -> None:
    title = 'Il dit « oui », puis "non"; fin'

    assert ',"Il dit « oui », puis ""non""; fin",' in exported([titled(title)])
    assert exported([RECORD]).endswith("\r\n")
    assert exported([RECORD], FRENCH_EXCEL).startswith("\ufeffid;alert_id;story_id;")


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(store: Store) -> None:
    """A match that was sent to one receiver and failed at another, one that nobody was told, a near miss."""
    both = [message(), message(receiver=Receiver("desk", Channel.SLACK))]
    record(store, one_entry(store, "a"), (alert("7K2QXYZ0", match()), both), entities=["russie", "kharkiv"])
    store.claim_deliveries("webhook", now=after(1), owner="moi", lease_s=60, limit=9)
    store.settle_sent(DeliveryId(1), Receipt(), now=after(2))
    changes = {"story": replace(story("b"), outlets=3), "now": after(60)}
    record(store, one_entry(store, "b"), matches=[match("front")], **changes)
    record(store, one_entry(store, "c"), matches=[match("axe", score=4, near_miss=True)])


@pytest.mark.usefixtures("told")
def test_o8_the_log_is_exported_with_what_became_of_each_match(veille: Veille) -> None:
    veille("label", "al_7K2Q", "oui")
    got = veille("matches", "--format", "csv")
    front, axe = read(got.out)

    assert (0, "") == (got.code, got.err)
    assert ("1", "al_7K2QXYZ0", "st_un", "axe", "sha256:abc", "stable") == tuple(
        axe[name] for name in ("id", "alert_id", "story_id", "rule", "rule_version", "rule_status")
    )
    assert ("medium", "12.5", "10.0", "oui", "full", "fr", "non") == tuple(
        axe[name] for name in ("level", "score", "threshold", "relevant", "completeness", "language", "baseline")
    )
    assert ("Une visite", "La Gazette de Lutèce", "https://gazette.example/un", "2026-05-16T04:00:00Z") == tuple(
        axe[name] for name in ("title", "outlet", "url", "published_at")
    )
    assert ("desk=international", "geo.russie", "russie; kharkiv") == (axe["labels"], axe["tags"], axe["entities"])
    assert ("webhook=sent; desk=pending", "2026-05-16T05:02:00Z", "") == (
        axe["deliveries"],
        axe["sent_at"],
        axe["silence"],
    )
    assert ("front", "st_b", "3", "", "", "") == tuple(
        front[name] for name in ("rule", "story_id", "outlets", "alert_id", "deliveries", "relevant")
    )


@pytest.mark.usefixtures("told")
def test_what_only_joined_a_story_that_had_been_told_was_told_to_nobody(veille: Veille, store: Store) -> None:
    record(store, one_entry(store, "d"), (alert("7K2QXYZ0", match()), [message()]), matches=[match()])
    joined, *_, first = read(veille("matches", "--format", "csv").out)
    columns = ("alert_id", "deliveries", "sent_at", "joined_alert_id")

    assert ("", "", "", "al_7K2QXYZ0") == tuple(joined[name] for name in columns)
    assert ("al_7K2QXYZ0", "webhook=sent; desk=pending", "2026-05-16T05:02:00Z", "") == tuple(
        first[name] for name in columns
    )


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["2", "1"]),
        (["--near-misses"], ["3", "2", "1"]),
        (["--rule", "axe"], ["1"]),
        (["--outlet", "la gazette de Lutèce"], ["2", "1"]),
        (["--outlet", "LA GAZETTE DE LUTÈCE"], ["2", "1"]),
        (["--outlet", "La Gazette"], []),
        (["--story", "st_b"], ["2"]),
        (["--level", "MEDIUM"], ["2", "1"]),
        (["--level", "high"], []),
        (["--label", "none"], ["2", "1"]),
        (["--entity", "kharkiv"], ["1"]),
        (["--until", "2026-05-16 07:30"], ["1"]),
        (["--limit", "1"], ["2"]),
    ],
)
def test_the_filters_of_the_list_are_those_of_the_export(veille: Veille, words: list[str], expected: list[str]) -> None:
    got = veille("matches", "--format", "csv", *words)

    assert expected == [row["id"] for row in read(got.out)]
    assert len(expected) == len(veille("matches", *words).out.splitlines())


@pytest.mark.usefixtures("told")
def test_programs_are_told_the_same_rows(veille: Veille) -> None:
    exported_, listed = veille("matches", "--format", "jsonl").lines, veille("matches", "--json").lines
    axe = exported_[1]

    assert exported_ == listed
    assert COLUMNS == tuple(axe)
    assert ({"desk": "international"}, ["russie", "kharkiv"]) == (axe["labels"], axe["entities"])
    assert {"webhook": "sent", "desk": "pending"} == axe["deliveries"]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("format_", ["csv", "csv-excel", "jsonl"])
def test_o8_a_file_is_whole_and_of_its_owner_alone(veille: Veille, folder: Path, format_: str) -> None:
    printed = veille("matches", "--format", format_).out
    (folder / "export").write_bytes(b"avant")
    (folder / "export").chmod(0o644)
    got = veille("matches", "--format", format_, "--output", "export")

    assert (0, "", "2 in export\n") == (got.code, got.out, got.err)
    assert printed.encode() == (folder / "export").read_bytes()
    assert 0o600 == (folder / "export").stat().st_mode & 0o777
    assert ["export"] == [path.name for path in folder.iterdir() if not path.name.startswith("veille.db")]


@pytest.mark.usefixtures("told")
def test_a_dash_is_standard_output(veille: Veille) -> None:
    printed = veille("matches", "--format", "csv").out
    got = veille("matches", "--format", "csv", "--output", "-")

    assert (0, printed, "") == (got.code, got.out, got.err)


@pytest.mark.usefixtures("told")
def test_a_file_that_cannot_be_written_is_told(veille: Veille, folder: Path) -> None:
    nowhere = veille("matches", "--format", "csv", "--output", "nulle/part.csv")
    (folder / "dossier").mkdir()
    device = veille("matches", "--format", "csv", "--output", "/dev/null")

    assert (1, "veille: nulle/part.csv: cannot be written: No such file or directory\n") == (nowhere.code, nowhere.err)
    assert (1, "veille: /dev/null: not a file; leave --output out to write to standard output\n") == (
        device.code,
        device.err,
    )
    assert "not a file" in veille("matches", "--format", "csv", "--output", "dossier").err

    (folder / "boucle").symlink_to("boucle")
    loop = veille("matches", "--format", "csv", "--output", "boucle")

    assert (1, "") == (loop.code, loop.out)
    assert loop.err.endswith("boucle: Too many levels of symbolic links\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--output", "a.csv"], "--output goes with --format csv|csv-excel|jsonl"),
        (["--format", "csv", "--json"], "--format exports the list"),
        (["al_7K2Q", "--format", "csv"], "--format exports the list"),
        (["--level", "urgent"], "--level takes low, medium, high, critical"),
        *[
            (["--format", "csv", "--output", f"./veille.db{end}"], "--output names the database itself, or a file of")
            for end in ("", "-wal", "-shm", "-journal", ".lock")
        ],
    ],
)
@pytest.mark.usefixtures("told")
def test_what_cannot_be_meant_is_refused(veille: Veille, words: list[str], said: str) -> None:
    got = veille("matches", *words)

    assert 2 == got.code
    assert said in got.err


@pytest.mark.usefixtures("told")
def test_nothing_found_is_a_header_alone(veille: Veille) -> None:
    got = veille("matches", "--format", "csv", "--rule", "frontiere")

    assert 5 == got.code  # no rule has that name
    assert [",".join(COLUMNS)] == veille("matches", "--format", "csv", "--min-score", "99").out.splitlines()
    assert "" == veille("matches", "--format", "jsonl", "--min-score", "99").out


@pytest.mark.usefixtures("told")
def test_o8_a_database_that_is_being_written_is_read_and_not_held(veille: Veille, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "veille.db", isolation_level=None)) as daemon:
        daemon.execute("BEGIN IMMEDIATE")
        daemon.execute("UPDATE article SET title = 'en cours'")
        got = veille("matches", "--format", "csv")
        daemon.execute("COMMIT")

    assert ["Une visite", "Une visite"] == [row["title"] for row in read(got.out)]


def test_o8_pages_are_read_one_at_a_time_and_none_of_them_is_held(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PAGE", 2)
    for number in range(5):
        record_alert(store, f"{number}AAA0000")
    given_ = records(store, MatchFilter(), limit=None)
    first = [next(given_).line.id, next(given_).line.id]
    with closing(sqlite3.connect(store.path)) as other:
        free, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    record_alert(store, "9AAA0000")  # what comes meanwhile is not in it

    assert (0, [5, 4]) == (free, first)
    assert [3, 2, 1] == [each.line.id for each in given_]
    assert [6, 5, 4] == [each.line.id for each in records(store, MatchFilter(), limit=3)]
    assert [6, 5, 4, 3] == [each.line.id for each in records(store, MatchFilter(), limit=4)]


@pytest.mark.untraced
def test_o8_a_reader_that_has_enough_ends_it_quietly(folder: Path, store: Store) -> None:
    for number in range(40):
        record(store, one_entry(store, f"n{number}"), matches=[match()])
    command = f"{sys.executable} -m monitor matches --format csv | head -1"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "fr_FR.ISO-8859-15"}
    done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, check=False)

    assert (0, ",".join(COLUMNS) + "\r\n", b"") == (done.returncode, done.stdout.decode(), done.stderr)


@pytest.mark.untraced
def test_an_export_is_utf_8_whatever_the_terminal_reads(folder: Path, store: Store) -> None:
    record(store, one_entry(store), matches=[match()])
    command = [sys.executable, "-m", "monitor", "matches", "--format", "jsonl"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)

    assert "La Gazette de Lutèce" == json.loads(done.stdout.decode())["outlet"]


def test_a_silenced_alert_says_which_silence_held_it_back(store: Store) -> None:
    quiet = replace(alert("7K2QXYZ0", match()), receivers=(), silence="si_7K2Q4M9T")
    record(store, one_entry(store), (quiet, []))
    [got] = store.match_records(limit=9)

    assert ("si_7K2Q4M9T", (), None) == (got.silence, got.deliveries, got.sent_at)


def test_a_level_that_a_burst_raised_is_the_one_that_is_told(store: Store) -> None:
    record(store, one_entry(store), matches=[match()])
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("UPDATE \"match\" SET raised_level = 'critical'")

    assert [Level.CRITICAL] == [line.level for line in store.matches(MatchFilter(level=Level.CRITICAL))]
