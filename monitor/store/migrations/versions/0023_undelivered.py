"""Whether others were told of messages that were given up, and of receivers that are disabled.

Of what was given up before, nobody is told now.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("delivery", sa.Column("failure_told_at", Instant(), nullable=True))
    op.execute("UPDATE delivery SET failure_told_at = created_at WHERE state = 'failed'")
    op.create_index(
        "ix_delivery_untold", "delivery", ["id"], sqlite_where=sa.text("state = 'failed' AND failure_told_at IS NULL")
    )
    op.add_column("endpoint", sa.Column("told_at", Instant(), nullable=True))
