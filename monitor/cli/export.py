"""The log of matches as spreadsheets and programs read it: a row for each match (promise O8)."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from monitor.errors import InputError
from monitor.files import replacing
from monitor.links import web_link
from monitor.text import fold

if TYPE_CHECKING:
    from monitor.store import MatchFilter, MatchRecord, Store

__all__ = [
    "COLUMNS",
    "FRENCH_EXCEL",
    "PLAIN",
    "STDOUT",
    "Sheet",
    "harmless_address",
    "harmless_cell",
    "opened",
    "records",
    "row_of",
    "write_csv",
]

COLUMNS = (
    *("id", "alert_id", "story_id", "matched_at"),
    *("rule", "rule_title", "rule_version", "rule_status", "level", "score", "threshold", "near_miss"),
    *("title", "outlet", "url", "published_at", "first_seen_at", "language", "completeness", "wire"),
    *("labels", "tags", "entities", "story_title", "outlets", "texts"),
    *("relevant", "deliveries", "sent_at", "silence", "baseline", "lost_at", "withdrawn_at"),
    "joined_alert_id",
)

STDOUT = frozenset({"", "-"})
"""What names standard output."""

_ADDRESS = "url"
_PAGE = 500  # rows read at once: a transaction each, so that none of them is open for long
_PRIVATE = 0o600

# What a spreadsheet takes for the beginning of a formula: a first character as OWASP lists them (ASVS 1.2.10), and one
# that would be first in a cell if the file were read with another separator, as a French Excel reads commas. Before it
# stand quotes, and what is not seen: spaces, a byte order mark, those of no width.
_UNSEEN = r"[\s\0\"\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]"
_BEGINS = f"(?={_UNSEEN}*[-=+@\uff0d\uff1d\uff0b\uff20])"
_FORMULA = re.compile(f"(?:^|(?<=[,;\t\r\n])){_BEGINS}|^(?=[\t\r\n\0])")
_IN_ADDRESS = re.compile(f"[,;]{_BEGINS}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a program that opens CSV files wants them."""

    begin: str = ""
    separator: str = ","
    decimal: str = "."
    instant: tuple[str, str] = ("T", "Z")


PLAIN = Sheet()
"""RFC 4180 in UTF-8, as programs read it."""

FRENCH_EXCEL = Sheet(begin="\ufeff", separator=";", decimal=",", instant=(" ", ""))
"""As a French Excel opens it by a double click.

It takes a file without byte order mark for Windows-1252, reads cells between semicolons and decimals after a comma, and
knows no instant with `T` and `Z`.
"""


def records(store: Store, wanted: MatchFilter, *, limit: int | None) -> Iterator[MatchRecord]:
    """Yield matches, the latest first, a page in memory at a time.

    Args:
        store: where from.
        wanted: which.
        limit: how many at most; None: all.
    """
    below = None
    left = sys.maxsize if limit is None else limit
    while left > 0:
        page = store.match_records(wanted, below=below, limit=min(left, _PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        below = page[-1].line.id
        left -= len(page)


def row_of(record: MatchRecord) -> dict[str, Any]:
    """Return what is exported of a match, by column: texts are harmless, links are http(s) or absent (O1, O6)."""
    line = record.line
    return {
        "id": line.id,
        "alert_id": line.alert_id,
        "story_id": record.story_id,
        "matched_at": line.matched_at,
        "rule": line.rule,
        "rule_title": fold(line.rule_title),
        "rule_version": record.rule_version,
        "rule_status": record.rule_status.value,
        "level": None if line.level is None else line.level.value,
        "score": line.score,
        "threshold": line.threshold,
        "near_miss": line.near_miss,
        "title": fold(line.title),
        "outlet": fold(line.outlet),
        "url": None if line.url is None else web_link(line.url, base=""),
        "published_at": line.published_at,
        "first_seen_at": line.first_seen_at,
        "language": line.language,
        "completeness": line.completeness.value,
        "wire": record.wire,
        "labels": {fold(name): fold(value) for name, value in record.labels},
        "tags": tuple(map(fold, record.tags)),
        "entities": record.entities,
        "story_title": fold(record.story_title),
        "outlets": record.outlets,
        "texts": record.texts,
        "relevant": line.relevant,
        "deliveries": {fold(receiver): state.value for receiver, state in record.deliveries},
        "sent_at": record.sent_at,
        "silence": record.silence,
        "baseline": line.baseline,
        "lost_at": line.lost_at,
        "withdrawn_at": line.withdrawn_at,
        "joined_alert_id": line.joined_alert_id,
    }


def write_csv(rows: Iterable[Mapping[str, Any]], file: TextIO, sheet: Sheet) -> int:
    """Write a header and the rows; return how many rows.

    Args:
        rows: by column.
        file: opened without newline translation.
        sheet: for which program.
    """
    file.write(sheet.begin)
    writer = csv.writer(file, delimiter=sheet.separator)
    writer.writerow(COLUMNS)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  the count is what is returned
        writer.writerow([_cell(column, row[column], sheet) for column in COLUMNS])
    return count


def harmless_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before what would begin one.

    >>> harmless_cell("=1+1"), harmless_cell("Paris;-2 °C"), harmless_cell("1+1 = 2")
    ("'=1+1", "Paris;'-2 °C", '1+1 = 2')
    """
    return _FORMULA.sub("'", text)


def harmless_address(url: str) -> str:
    """Return an address that no spreadsheet takes for a formula, and that still leads where it did.

    >>> harmless_address("https://gazette.example/0,1;2?q=a;=1+1")
    'https://gazette.example/0,1;2?q=a%3B=1+1'
    """
    return _IN_ADDRESS.sub(lambda separator: quote(separator[0]), url)


def _cell(column: str, value: object, sheet: Sheet) -> str:
    """Return a value as a cell: a number is one to a spreadsheet, even below zero; yes is `oui` as in `--label`."""
    if isinstance(value, str):
        return harmless_address(value) if column == _ADDRESS else harmless_cell(value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, int | float):
        return repr(value).replace(".", sheet.decimal)
    if isinstance(value, datetime):
        between, end = sheet.instant
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(between, "seconds") + end
    return "" if value is None else harmless_cell(_joined(value))


def _joined(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}={part}" for name, part in value.items())
    return "; ".join(value) if isinstance(value, tuple) else str(value)


@contextmanager
def opened(output: str) -> Iterator[TextIO]:
    """Give what to write to, in UTF-8: standard output for "" and "-", else a file that is there once it is whole.

    Raises:
        InputError: the file cannot be written, or is none, such as a device.
    """
    if output in STDOUT:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        raise InputError(f"{output}: not a file; leave --output out to write to standard output")
    try:
        with replacing(path, mode=_PRIVATE) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
            yield text
            text.detach()
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror or error}") from error
