"""Messages that were held and are silenced when they are to leave.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("delivery", sa.Column("silence", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("silenced_at", Instant(), nullable=True))
    op.create_index(
        "ix_delivery_silenced",
        "delivery",
        ["receiver", "silenced_at", "silence"],
        sqlite_where=sa.text("silence IS NOT NULL"),
    )
