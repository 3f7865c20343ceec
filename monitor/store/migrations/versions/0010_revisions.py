"""Revisions of articles, what people were told of a match, and entries that are read again.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant, Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MATCHES_V = """
CREATE VIEW matches_v AS
SELECT m.id AS match_id,
       (SELECT min(am.alert_id)
        FROM alert_match am JOIN alert al ON al.id = am.alert_id
        WHERE am.match_id = m.id AND al.updates IS NULL) AS alert,
       a.outlet,
       a.title,
       a.url,
       m.rule_id AS rule,
       m.rule_title,
       m.score,
       m.threshold,
       m.level,
       m.near_miss,
       EXISTS (SELECT 1 FROM alert_match am WHERE am.match_id = m.id) AS alerted,
       m.relevant,
       a.published_at,
       e.first_seen_at AS seen_at,
       m.recorded_at AS matched_at,
       m.lost_at,
       (SELECT count(*) FROM revision r WHERE r.article_id = a.id) AS revisions,
       a.completeness,
       a.language,
       (SELECT group_concat(value, ', ') FROM json_each(a.entities)) AS entities,
       a.story_id AS story,
       f.url AS feed
FROM "match" m
JOIN article a ON a.id = m.article_id
JOIN entry e ON e.id = a.entry_id
JOIN feed f ON f.id = e.feed_id
"""


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("changed", Json(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_revision_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_revision_article_id_number")),
    )
    op.create_index("ix_revision_seen_at", "revision", ["seen_at"])
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("entry", sa.Column("reread", sa.String(), nullable=True))
    op.add_column("entry", sa.Column("rereads", sa.Integer(), server_default="0", nullable=False))
    op.add_column("entry", sa.Column("reread_at", Instant(), nullable=True))
    op.create_index(
        "ix_entry_reread_at", "entry", ["feed_id", "reread_at"], sqlite_where=sa.text("reread_at IS NOT NULL")
    )
    op.add_column("match", sa.Column("lost_at", Instant(), nullable=True))
    op.add_column("alert", sa.Column("updates", sa.String(), nullable=True))
    op.add_column("alert_match", sa.Column("title", sa.String(), nullable=True))
    op.add_column("alert_match", sa.Column("level", sa.String(), nullable=True))
    op.execute(
        """
        UPDATE alert_match
        SET title = (SELECT a.title FROM "match" m JOIN article a ON a.id = m.article_id WHERE m.id = match_id),
            level = (SELECT m.level FROM "match" m WHERE m.id = match_id)
        """
    )
    op.execute("DROP VIEW matches_v")
    op.execute(MATCHES_V)
