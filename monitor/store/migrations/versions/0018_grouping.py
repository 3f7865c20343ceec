"""What finds the story that an article belongs to.

Articles that were stored before have no features, and are not found.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant, Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("story", sa.Column("outlets", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("story", sa.Column("texts", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("story", sa.Column("medoid_id", sa.Integer(), nullable=True))
    op.create_table(
        "grouped",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("house", sa.String(), nullable=False),
        sa.Column("url_key", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("story_keys", Json(), nullable=False),
        sa.Column("features", Json(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_grouped_article_id_article"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_grouped_story_id_story"),
        sa.PrimaryKeyConstraint("article_id", name="pk_grouped"),
    )
    op.create_index("ix_grouped_story_id", "grouped", ["story_id", "house"])
    op.create_index("ix_grouped_at", "grouped", ["at"], sqlite_where=sa.text("features IS NOT NULL"))
    op.create_table(
        "story_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "at", "article_id", name="pk_story_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "term_count",
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("week", "term", name="pk_term_count"),
        sqlite_with_rowid=False,
    )
