"""Column types, and the few expressions that several queries share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, String, Text, TypeDecorator, literal, or_

from monitor.errors import StoreError
from monitor.text import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Dialect, Table

__all__ = [
    "MOST_NUMBER",
    "Instant",
    "Json",
    "chunks",
    "free",
    "instant_of",
    "is_literally",
    "is_number",
    "number_of",
    "text_of_instant",
]

_T = TypeVar("_T")
_CHUNK = 500
_DIGITS = 100
_SHOWN = 40

MOST_NUMBER = 2**63 - 1
"""The largest integer that SQLite keeps."""


def text_of_instant(instant: datetime) -> str:
    """Return an instant as text of one width, so that texts sort as instants do.

    Examples:
        >>> text_of_instant(datetime(2024, 5, 16, 5, 12, 7, tzinfo=UTC))
        '2024-05-16T05:12:07.000000Z'
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """Return the instant that a text of `text_of_instant` is; without a zone it is UTC, as all are.

    Raises:
        ValueError, TypeError: it is none.
    """
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """A UTC instant, kept as ISO 8601 text that any SQLite tool shows as it is."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """Return the text to store."""
        return None if value is None else text_of_instant(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Return the instant that was stored.

        Raises:
            StoreError: what is there is none.
        """
        try:
            return None if value is None else instant_of(value)
        except (ValueError, TypeError) as exc:
            raise _damaged(value, "an instant") from exc


class Json(TypeDecorator[Any]):
    """A value kept as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """Return the text to store."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's signature
        """Return the value that was stored.

        Raises:
            StoreError: what is there is none.
        """
        try:
            return None if value is None else json.loads(value)
        except (ValueError, TypeError, RecursionError) as exc:
            raise _damaged("", "JSON") from exc


def _damaged(value: object, what: str) -> StoreError:
    found = f"{clip(repr(value), _SHOWN)} is" if value else "there is something else"
    return StoreError(f"the database is damaged: {found} where {what} should be; restore a backup")


def chunks(values: Sequence[_T], size: int = _CHUNK) -> Iterator[Sequence[_T]]:
    """Yield slices short enough for one IN list.

    Examples:
        >>> list(chunks([1, 2, 3], 2))
        [[1, 2], [3]]
    """
    for start in range(0, len(values), size):
        yield values[start : start + size]


def number_of(text: str) -> int | None:
    """Return the row number that a person typed, or None where it is none.

    Examples:
        >>> number_of("42"), number_of("al_7K2Q"), number_of("9" * 20)
        (42, None, 9223372036854775807)
    """
    return min(int(text), MOST_NUMBER) if text.isascii() and text.isdigit() and len(text) < _DIGITS else None


def is_number(number: int) -> bool:
    """Return whether a number may be a row's: SQLite can be asked for no other."""
    return 0 < number <= MOST_NUMBER


def free(table: Table, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that nobody holds a row's lease."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= now)


def is_literally(column: ColumnElement[str], value: str) -> ColumnElement[bool]:
    """Return an equality whose value is spelt out: a partial index serves no query that has a parameter there."""
    return column == literal(str(value), literal_execute=True)
