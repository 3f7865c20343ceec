"""What a feed's document says of when to ask for it, and where a feed is polled that moved for good.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed", sa.Column("hints", Json(), nullable=True))
    op.add_column("feed", sa.Column("polled_url", sa.String(), nullable=True))
    op.create_index("ix_feed_polled_url", "feed", ["polled_url"], sqlite_where=sa.text("polled_url IS NOT NULL"))
