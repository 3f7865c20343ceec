"""Subscriptions to hubs (WebSub).

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("hub", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("pushed_at", Instant(), nullable=True),
        sa.Column("is_trusted", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_subscription_feed_id_feed"),
        sa.PrimaryKeyConstraint("feed_id", name="pk_subscription"),
        sa.UniqueConstraint("token", name="uq_subscription_token"),
    )
    op.create_index("ix_subscription_due_at", "subscription", ["due_at"])
