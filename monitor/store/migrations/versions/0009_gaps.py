"""What tells gaps and silence.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed", sa.Column("listed", sa.Integer(), nullable=True))
    op.add_column("feed", sa.Column("quiet_since", Instant(), nullable=True))
    op.create_index("ix_feed_quiet_since", "feed", ["quiet_since"], sqlite_where=sa.text("quiet_since IS NOT NULL"))
