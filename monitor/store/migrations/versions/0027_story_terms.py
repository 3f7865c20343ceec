"""What is compared of articles changed: what was kept of those before is forgotten, and no article stands for a story.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget features of the former shape, and drop the column of medoids."""
    op.execute(sa.text("DELETE FROM story_key"))
    op.execute(sa.text("UPDATE grouped SET features = NULL"))
    op.drop_column("story", "medoid_id")
