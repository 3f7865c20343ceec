"""Silences: what nobody is told of for a while, and how many alerts each held back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from monitor.errors import NotFoundError
from monitor.model import Silence
from monitor.store.sql import chunks
from monitor.store.tables import ALERT, DELIVERY, SILENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["active_silences", "add_silence", "end_silence", "list_silences", "silences_of"]


def add_silence(connection: Connection, silence: Silence) -> bool:
    """Write a silence unless it is there; see `Store.add_silence`."""
    if connection.scalar(select(SILENCE.c.id).where(SILENCE.c.id == silence.id)) is not None:
        return False
    columns = ("id", "matchers", "author", "reason", "created_at", "expires_at")
    connection.execute(insert(SILENCE), {name: getattr(silence, name) for name in columns})
    return True


def active_silences(connection: Connection, *, now: datetime) -> tuple[Silence, ...]:
    """Return the silences in force, the oldest first."""
    return _silences(connection, SILENCE.c.expires_at > now, SILENCE.c.ended_at.is_(None))


def list_silences(connection: Connection) -> tuple[Silence, ...]:
    """Return every silence, the oldest first."""
    return _silences(connection)


def silences_of(connection: Connection, ids: Sequence[str]) -> tuple[Silence, ...]:
    """Return those silences that are there, the oldest first."""
    return tuple(silence for some in chunks(ids) for silence in _silences(connection, SILENCE.c.id.in_(some)))


def end_silence(connection: Connection, ref: str, *, now: datetime) -> Silence:
    """End a silence early; see `Store.end_silence`."""
    wanted = "si_" + ref.strip().lower().removeprefix("si_")
    of_it = func.lower(SILENCE.c.id) == wanted
    connection.execute(update(SILENCE).where(of_it, SILENCE.c.ended_at.is_(None)).values(ended_at=now))
    found = _silences(connection, of_it)
    if not found:
        raise NotFoundError(f"no silence {ref!r}; `veille silences` lists them")
    return found[0]


def _silences(connection: Connection, *which: ColumnElement[bool]) -> tuple[Silence, ...]:
    alerts = select(func.count()).where(ALERT.c.silence == SILENCE.c.id).correlate(SILENCE).scalar_subquery()
    of_it = DELIVERY.c.silence == SILENCE.c.id
    held = select(func.count(DELIVERY.c.alert_id.distinct())).where(of_it).correlate(SILENCE).scalar_subquery()
    query = select(SILENCE, (alerts + held).label("alerts")).where(*which).order_by(SILENCE.c.created_at, SILENCE.c.id)
    return tuple(_silence(row) for row in connection.execute(query).mappings())


def _silence(row: Mapping[Any, Any]) -> Silence:
    return Silence(**{**row, "matchers": tuple(row["matchers"])})
