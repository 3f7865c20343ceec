"""How each receiver was lately: failures in a row, pauses, and whether it is disabled.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoint",
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lone_id", sa.Integer(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.Column("open_until", Instant(), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_why", sa.String(), nullable=True),
        sa.Column("last_ok_at", Instant(), nullable=True),
        sa.Column("last_reason", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("receiver", name="pk_endpoint"),
    )
