"""The keys of links, as `link_key` makes them now: without `www.`, mobile hosts and AMP.

An article that a feed without guids lists would else be taken for a new one.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from monitor.links import link_key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LONGEST = 500
_BATCH = 1000
_READ = sa.text(
    "SELECT id, link_key, link FROM entry"
    " WHERE id > :after AND link_key LIKE 'l:%' AND link IS NOT NULL ORDER BY id LIMIT :batch"
)
_WRITE = sa.text("UPDATE entry SET link_key = :key WHERE id = :id")


def upgrade() -> None:
    connection = op.get_bind()
    after = 0
    while rows := connection.execute(_READ, {"after": after, "batch": _BATCH}).all():
        after = rows[-1].id
        if changed := list(_changed(rows)):
            connection.execute(_WRITE, changed)


def _changed(rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, object]]:
    for number, old, link in rows:
        key = link_key(link)
        new = "l:" + (key if len(key) <= _LONGEST else "sha256:" + hashlib.sha256(key.encode()).hexdigest())
        if new != old:
            yield {"id": number, "key": new}
