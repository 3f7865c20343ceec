"""Messages that may not leave yet, and what a route told lately.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("delivery", sa.Column("route", sa.String(), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("group_key", sa.String(), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("why", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("held_until", Instant(), nullable=True))
    op.add_column("delivery", sa.Column("left_at", Instant(), nullable=True))
    op.add_column("delivery", sa.Column("told_by", sa.String(), nullable=True))
    op.create_table(
        "digest",
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("slot_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_digest")),
    )
    op.create_index("ix_match_near_miss", "match", ["recorded_at"], sqlite_where=sa.text("near_miss"))
    op.create_index("ix_delivery_held", "delivery", ["receiver", "held_until"], sqlite_where=sa.text("state = 'held'"))
    op.create_index("ix_delivery_group", "delivery", ["receiver", "route", "group_key", "left_at"])
    op.create_index("ix_delivery_left", "delivery", ["receiver", "route", "left_at"])
