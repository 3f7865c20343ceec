"""Silences, and which alerts they held back.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("matchers", Json(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_expires_at", "silence", ["expires_at"])
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("alert", sa.Column("silence", sa.String(), nullable=True))
    op.create_index("ix_alert_silence", "alert", ["silence"], sqlite_where=sa.text("silence IS NOT NULL"))
