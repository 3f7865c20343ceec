"""Endpoints: how each receiver was lately."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select

from monitor.model import DeliveryId, Disabled, Endpoint
from monitor.store.codec import reason_of
from monitor.store.tables import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["find_endpoint", "list_endpoints", "write_endpoint"]


def find_endpoint(connection: Connection, receiver: str) -> Endpoint:
    """Return how a receiver was lately; one that was sent nothing yet is well."""
    row = connection.execute(select(ENDPOINT).where(ENDPOINT.c.receiver == receiver)).mappings().first()
    return Endpoint(receiver) if row is None else _endpoint(row)


def list_endpoints(connection: Connection) -> tuple[Endpoint, ...]:
    """Return how all receivers were that were sent something, by name."""
    rows = connection.execute(select(ENDPOINT).order_by(ENDPOINT.c.receiver)).mappings()
    return tuple(_endpoint(row) for row in rows)


def write_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Write how a receiver is."""
    connection.execute(delete(ENDPOINT).where(ENDPOINT.c.receiver == endpoint.receiver))
    connection.execute(insert(ENDPOINT), asdict(endpoint))


def _endpoint(row: Mapping[Any, Any]) -> Endpoint:
    why, lone_id = row["disabled_why"], row["lone_id"]
    facts = {
        "disabled_why": why and Disabled(why),
        "lone_id": lone_id and DeliveryId(lone_id),
        "last_reason": reason_of(row["last_reason"]),
    }
    return Endpoint(**{**row, **facts})
