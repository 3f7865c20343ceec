"""When an article was read, and what the latency ledger reads without the texts.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and matches point to it.
    op.add_column("article", sa.Column("read_at", sa.String(length=27), nullable=True))
    op.execute("UPDATE article SET read_at = recorded_at")
    op.create_index("ix_entry_first_seen_at", "entry", ["first_seen_at", "feed_id", "baseline"])
    op.create_index(
        "ix_article_read_at", "article", ["read_at", "entry_id", "published_at", "completeness", "page_reason"]
    )
