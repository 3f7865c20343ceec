"""What a rule has given lately, without reading all of its matches.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_match_rule_id", "match")
    op.create_index("ix_match_rule_id", "match", ["rule_id", "recorded_at", "near_miss"])
    judged = sa.text("relevant IS NOT NULL")
    op.create_index("ix_match_judged", "match", ["rule_id", "recorded_at", "relevant"], sqlite_where=judged)
